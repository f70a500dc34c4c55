/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/coded.h"

#include <string.h>

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

static inline uint64_t
word(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return w;
}

/* The first byte of a word in memory that is not zero; `w` has one. */
static inline unsigned
first_byte(uint64_t w)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (unsigned)__builtin_ctzll(w) / 8;
#else
	return (unsigned)__builtin_clzll(w) / 8;
#endif
}

/* Pixels from `p` that are like the first; `left` are there. */
static inline size_t
run_equal(const uint8_t *p, size_t left, unsigned pixel)
{
	size_t n = 0, max = (left - 1) * pixel;

	while (n + sizeof(uint64_t) <= max) {
		uint64_t differ = word(p + n) ^ word(p + n + pixel);

		if (differ != 0)
			return 1 + (n + first_byte(differ)) / pixel;
		n += sizeof(uint64_t);
	}
	while (n < max && p[n] == p[n + pixel])
		n++;
	return 1 + n / pixel;
}

/* Pixels from `p` up to the first that is like its next one. */
static inline size_t
run_other(const uint8_t *p, size_t left, unsigned pixel)
{
	size_t n = 1;

	while (n < RUN_MAX && n + 1 < left &&
	       memcmp(p + n * pixel, p + (n + 1) * pixel, pixel) != 0)
		n++;
	/* The last pixel has no next one. */
	return n + 1 == left && n < RUN_MAX ? n + 1 : n;
}

/* With a constant `pixel` the compiler makes each comparison one. */
static inline __attribute__((always_inline)) size_t
encode(const uint8_t *p, size_t left, unsigned pixel, uint8_t *out)
{
	uint8_t *to = out;

	while (left > 0) {
		size_t n = left > 1 ? run_equal(p, left, pixel) : 1;

		if (n == 1 && left > 1) {
			n = run_other(p, left, pixel);
			*to++ = (uint8_t)(257 - n);
			memcpy(to, p, n * pixel);
			to += n * pixel;
		} else {
			size_t rest = n;

			/* A rest of one pixel may begin others. */
			do {
				size_t part = rest < RUN_MAX ? rest : RUN_MAX;

				*to++ = (uint8_t)(part - 1);
				memcpy(to, p, pixel);
				to += pixel;
				rest -= part;
			} while (rest > 1);
			n -= rest;
		}
		p += n * pixel;
		left -= n;
	}
	return (size_t)(to - out);
}

size_t
coded_encode(const struct coded_form *f, const uint8_t *line, uint8_t *out)
{
	size_t pixels = f->bytes / f->pixel;

	switch (f->pixel) {
	case 1: return encode(line, pixels, 1, out);
	case 2: return encode(line, pixels, 2, out);
	case 3: return encode(line, pixels, 3, out);
	case 4: return encode(line, pixels, 4, out);
	default: return encode(line, pixels, f->pixel, out);
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
