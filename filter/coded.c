/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/coded.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define RUN_MAX 128 /* pixels of one code */

bool
coded_form(const cups_page_header2_t *h, struct coded_form *out)
{
	unsigned bits = h->cupsColorOrder == CUPS_ORDER_CHUNKED
			    ? h->cupsBitsPerPixel
			    : h->cupsBitsPerColor;

	*out = (struct coded_form){.bytes = h->cupsBytesPerLine,
	    .pixel = (bits + 7) / 8,
	    .lines = h->cupsHeight};
	if (h->cupsColorOrder == CUPS_ORDER_PLANAR)
		out->lines *= h->cupsNumColors;
	return out->pixel > 0 && out->bytes > 0 && out->bytes % out->pixel == 0;
}

size_t
coded_room(const struct coded_form *f)
{
	/* No two pixels cost more than two bytes beside themselves. */
	return 2 * f->bytes;
}

/*
 * A line of text changes at each edge of a letter, and asking pixel by pixel
 * whether the next is like it is a guess that fails there.  So the answers are
 * worked out for a block of 64 bytes at once, as bits, and what is left to walk
 * is the edges.
 */

#ifdef __SSE2__
/* Bit i of the answer: byte i is like the one `pixel` bytes on; of 16. */
static inline uint64_t
like16(const uint8_t *p, unsigned pixel)
{
	__m128i a = _mm_loadu_si128((const void *)p);
	__m128i b = _mm_loadu_si128((const void *)(p + pixel));

	return (uint16_t)_mm_movemask_epi8(_mm_cmpeq_epi8(a, b));
}
#endif

/* Bit i of the answer: byte i is not like the one `pixel` bytes on. */
static inline uint64_t
unlike(const uint8_t *p, unsigned pixel)
{
#ifdef __SSE2__
	return ~(like16(p, pixel) | like16(p + 16, pixel) << 16 |
		 like16(p + 32, pixel) << 32 | like16(p + 48, pixel) << 48);
#else
	uint64_t bits = 0;

	for (unsigned i = 0; i < 64; i++)
		bits |= (uint64_t)(p[i] != p[i + pixel]) << i;
	return bits;
#endif
}

/* The same at the line's end.  The last pixel has no next one. */
static inline uint64_t
unlike_end(const uint8_t *p, size_t left, unsigned pixel)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < 64 && i < left; i++)
		bits |= (uint64_t)(i + pixel >= left || p[i] != p[i + pixel])
			<< i;
	return bits;
}

struct coder {
	uint8_t *to;
	uint8_t *others; /* the code that a pixel of its own may be added to */
};

/* `bytes` of equal pixels. */
static inline void
put_run(struct coder *c, const uint8_t *p, size_t bytes, unsigned pixel)
{
	while (bytes >= RUN_MAX * (size_t)pixel) {
		*c->to++ = RUN_MAX - 1;
		memcpy(c->to, p, pixel);
		c->to += pixel;
		c->others = NULL;
		bytes -= RUN_MAX * (size_t)pixel;
	}
	if (bytes == 0)
		return;
	if (bytes > pixel) {
		*c->to++ = (uint8_t)(bytes / pixel - 1);
		c->others = NULL;
	} else if (c->others == NULL || *c->others == 257 - RUN_MAX) {
		c->others = c->to;
		*c->to++ = 0; /* of one: like a run of one */
	} else {
		--*c->others;
	}
	memcpy(c->to, p, pixel);
	c->to += pixel;
}

/* With a constant `pixel` the compiler makes its loops single steps. */
static inline __attribute__((always_inline)) size_t
encode(const uint8_t *line, size_t len, unsigned pixel, uint8_t *out)
{
	struct coder c = {.to = out};
	size_t block = 64 / pixel * pixel, begin = 0;
	uint64_t firsts = 0; /* the bytes with which pixels begin */

	for (size_t i = 0; i < block; i += pixel)
		firsts |= (uint64_t)1 << i;
	for (size_t at = 0; at < len; at += block) {
		uint64_t bytes = len - at >= 64 + pixel
				     ? unlike(line + at, pixel)
				     : unlike_end(line + at, len - at, pixel);
		uint64_t edges = bytes;

		for (unsigned i = 1; i < pixel; i++)
			edges |= bytes >> i;
		for (edges &= firsts; edges != 0; edges &= edges - 1) {
			size_t end =
			    at + (unsigned)__builtin_ctzll(edges) + pixel;

			put_run(&c, line + begin, end - begin, pixel);
			begin = end;
		}
	}
	return (size_t)(c.to - out);
}

size_t
coded_encode(const struct coded_form *f, const uint8_t *line, uint8_t *out)
{
	switch (f->pixel) {
	case 1: return encode(line, f->bytes, 1, out);
	case 2: return encode(line, f->bytes, 2, out);
	case 3: return encode(line, f->bytes, 3, out);
	case 4: return encode(line, f->bytes, 4, out);
	default: return encode(line, f->bytes, f->pixel, out);
	}
}

size_t
coded_measure(
    const struct coded_form *f, const uint8_t *code, size_t len, bool *bad)
{
	size_t at = 0, done = 0;

	*bad = false;
	while (done < f->bytes) {
		unsigned n;

		if (at >= len)
			return 0;
		n = code[at];
		if (n < RUN_MAX) {
			done += (n + 1) * (size_t)f->pixel;
			at += 1 + f->pixel;
		} else {
			done += (257 - n) * (size_t)f->pixel;
			at += 1 + (257 - n) * (size_t)f->pixel;
		}
		if (n == RUN_MAX || done > f->bytes) {
			*bad = true;
			return 0;
		}
	}
	return at <= len ? at : 0;
}

static inline __attribute__((always_inline)) void
decode(const uint8_t *code, const uint8_t *end, unsigned pixel, uint8_t *to)
{
	while (code < end) {
		unsigned n = *code++;
		size_t size = (n < RUN_MAX ? n + 1 : 257 - n) * (size_t)pixel;

		if (n > RUN_MAX) {
			memcpy(to, code, size);
			code += size;
		} else {
			if (pixel == 1)
				memset(to, *code, size);
			else
				for (size_t i = 0; i < size; i += pixel)
					memcpy(to + i, code, pixel);
			code += pixel;
		}
		to += size;
	}
}

void
coded_decode(
    const struct coded_form *f, const uint8_t *code, size_t len, uint8_t *line)
{
	switch (f->pixel) {
	case 1: decode(code, code + len, 1, line); break;
	case 2: decode(code, code + len, 2, line); break;
	case 3: decode(code, code + len, 3, line); break;
	case 4: decode(code, code + len, 4, line); break;
	default: decode(code, code + len, f->pixel, line);
	}
}

void
coded_swap(const struct coded_form *f, uint8_t *code, size_t len)
{
	uint8_t *end = code + len;

	while (code < end) {
		unsigned n = *code++;
		size_t size = (n < RUN_MAX ? 1 : 257 - n) * (size_t)f->pixel;

		for (; size > 1; size -= 2, code += 2) {
			uint8_t first = code[0];

			code[0] = code[1];
			code[1] = first;
		}
	}
}
