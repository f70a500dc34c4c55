/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/splice.h"

#include <endian.h>
#include <string.h>

#define RUN_MAX	  128	/* pixels of one code */
#define ONE	  0	/* the code of a single pixel, repeated or not */
#define FULL	  0x81u /* the code of RUN_MAX single pixels */
#define ALWAYS	  static inline __attribute__((always_inline))
#define WORD_BITS 64

/* Calls the function with a constant where that pays: comparing and copying a
 * pixel is then one instruction. */
#define FOR_PIXEL(s, function, ...)                                   \
	do {                                                          \
		switch ((s)->pixel) {                                 \
		case 1: function(s, __VA_ARGS__, 1); break;           \
		case 2: function(s, __VA_ARGS__, 2); break;           \
		case 3: function(s, __VA_ARGS__, 3); break;           \
		case 4: function(s, __VA_ARGS__, 4); break;           \
		default: function(s, __VA_ARGS__, (s)->pixel); break; \
		}                                                     \
	} while (0)

void
splice_begin(struct splice *s, unsigned pixel, uint8_t *out)
{
	*s = (struct splice){.pixel = pixel, .out = out, .to = out};
}

/* A pixel that is unlike its neighbours. */
ALWAYS void
put_single(struct splice *s, const uint8_t *color, unsigned pixel)
{
	if (s->head != NULL && *s->head != FULL) {
		--*s->head; /* 1, 2, 3 pixels: 0, 255, 254 */
	} else {
		s->head = s->to;
		*s->to++ = ONE;
	}
	memcpy(s->to, color, pixel);
	s->to += pixel;
}

/* Writes the run; what is left over of a long one stands alone. */
ALWAYS void
put_run(struct splice *s, unsigned pixel)
{
	size_t rest = s->count;

	s->count = 0;
	if (rest > 1)
		s->head = NULL;
	while (rest > 1) {
		size_t part = rest < RUN_MAX ? rest : RUN_MAX;

		*s->to++ = (uint8_t)(part - 1);
		memcpy(s->to, s->color, pixel);
		s->to += pixel;
		rest -= part;
	}
	if (rest == 1)
		put_single(s, s->color, pixel);
}

ALWAYS void
add(struct splice *s, const uint8_t *color, size_t count, unsigned pixel)
{
	if (s->count > 0 && memcmp(s->color, color, pixel) == 0) {
		s->count += count;
		return;
	}
	put_run(s, pixel);
	s->color = color;
	s->count = count;
}

void
splice_run(struct splice *s, const uint8_t *color, size_t count)
{
	if (count > 0)
		FOR_PIXEL(s, add, color, count);
}

size_t
splice_end(struct splice *s)
{
	put_run(s, s->pixel);
	return (size_t)(s->to - s->out);
}

/* --- other lines ------------------------------------------------------------- */

/* Up to `count` pixels of one code. */
static size_t
take(struct splice_from *from, size_t count, unsigned pixel,
    const uint8_t **pixels)
{
	if (from->left == 0) {
		unsigned n = *from->code++;

		from->run = n < RUN_MAX;
		from->left = from->run ? n + 1 : 257 - n;
		from->pixels = from->code;
		from->code += from->run ? pixel : from->left * pixel;
	}
	if (count > from->left)
		count = from->left;
	*pixels = from->pixels;
	if (!from->run)
		from->pixels += count * pixel;
	from->left -= count;
	return count;
}

/* Pixels each unlike the next, but the first and the last one perhaps like
 * what comes before and after. */
ALWAYS void
add_singles(
    struct splice *s, const uint8_t *pixels, size_t count, unsigned pixel)
{
	const uint8_t *last = pixels + (count - 1) * pixel;

	add(s, pixels, 1, pixel);
	if (count == 1)
		return;
	put_run(s, pixel);
	for (pixels += pixel; pixels < last;) {
		size_t left = (size_t)(last - pixels) / pixel, part;

		put_single(s, pixels, pixel);
		part = *s->head == ONE ? RUN_MAX - 1 : *s->head - FULL;
		part = part < left - 1 ? part : left - 1;
		*s->head = (uint8_t)(*s->head - part);
		memcpy(s->to, pixels + pixel, part * pixel);
		s->to += part * pixel;
		pixels += (part + 1) * pixel;
	}
	add(s, last, 1, pixel);
}

ALWAYS void
add_line(
    struct splice *s, struct splice_from *from, size_t count, unsigned pixel)
{
	const uint8_t *pixels;

	while (count > 0) {
		size_t n = take(from, count, pixel, &pixels);

		if (from->run)
			add(s, pixels, n, pixel);
		else
			add_singles(s, pixels, n, pixel);
		count -= n;
	}
}

void
splice_line(struct splice *s, struct splice_from *from, size_t count)
{
	FOR_PIXEL(s, add_line, from, count);
}

void
splice_skip(const struct splice *s, struct splice_from *from, size_t count)
{
	const uint8_t *pixels;

	while (count > 0)
		count -= take(from, count, s->pixel, &pixels);
}

/* --- dots -------------------------------------------------------------------- */

/* The next bits, up to WORD_BITS, from the highest on; what is behind the last
 * one may be anything. */
ALWAYS uint64_t
load(const uint8_t *bits, size_t count)
{
	uint64_t word = 0;

	if (count >= WORD_BITS)
		memcpy(&word, bits, sizeof(word));
	else
		memcpy(&word, bits, (count + 7) / 8);
	return be64toh(word);
}

/* Splits the dots into runs.  The first and the last one may go on outside of
 * the strip: they are only counted.  A bit that differs from the run it would
 * go on begins the next one. */
ALWAYS void
code_strip(struct splice_strip *strip, const struct splice_colors *colors,
    const uint8_t *bits, uint8_t *code, unsigned pixel)
{
	struct splice s = {.pixel = pixel, .out = code, .to = code};
	size_t begun = 0, count = strip->count;
	unsigned color = bits[0] >> 7;

	strip->first_color = (uint8_t)color;
	strip->first = strip->count;
	for (size_t at = 0; at < count; at += WORD_BITS) {
		size_t left = count - at;
		uint64_t there =
		    left >= WORD_BITS ? ~0ULL : ~0ULL << (WORD_BITS - left);
		uint64_t differ = load(bits + at / 8, left);

		if (color != 0)
			differ = ~differ;
		differ &= there;
		while (differ != 0) {
			unsigned n = (unsigned)__builtin_clzll(differ);

			if (begun > 0)
				add(&s, colors->of[color], at + n - begun,
				    pixel);
			else
				strip->first = (uint16_t)(at + n);
			begun = at + n;
			color ^= 1;
			differ = ~differ & ~0ULL >> n & there;
		}
	}
	/* The run before the last one is written, too. */
	put_run(&s, pixel);
	strip->last_color = (uint8_t)color;
	strip->last = (uint16_t)(begun > 0 ? count - begun : 0);
	strip->len = (uint16_t)(s.to - code);
	strip->singles = (uint16_t)(s.head != NULL ? s.to - s.head : 0);
}

ALWAYS void
add_strip(struct splice *s, const struct splice_colors *colors,
    const struct splice_strip *strip, const uint8_t *code, unsigned pixel)
{
	struct splice_from from = {.code = code};
	size_t inner = (size_t)strip->count - strip->first - strip->last;

	add(s, colors->of[strip->first_color], strip->first, pixel);
	if (strip->last == 0)
		return;
	put_run(s, pixel);
	if (strip->len > 0 && s->head != NULL &&
	    (code[0] == ONE || code[0] > RUN_MAX)) {
		add_line(s, &from, inner, pixel); /* singles go on */
		put_run(s, pixel);
	} else if (strip->len > 0) {
		memcpy(s->to, code, strip->len);
		s->to += strip->len;
		s->head = strip->singles > 0 ? s->to - strip->singles : NULL;
	}
	s->color = colors->of[strip->last_color];
	s->count = strip->last;
}

bool
splice_known(struct splice *s, const struct splice_colors *colors,
    const struct splice_strip *strip, const uint8_t *bits, size_t count)
{
	if (strip->count != count ||
	    memcmp(strip->bits, bits, (count + 7) / 8) != 0)
		return false;
	FOR_PIXEL(s, add_strip, colors, strip, strip->code);
	return true;
}

ALWAYS void
add_dots(struct splice *s, const struct splice_colors *colors,
    struct splice_strip *strip, const uint8_t *bits, unsigned pixel)
{
	uint8_t code[SPLICE_STRIP * (SPLICE_DOT_BYTES_MAX + 1)];

	code_strip(strip, colors, bits, code, pixel);
	add_strip(s, colors, strip, code, pixel);
	if (strip->len > SPLICE_STRIP_CODE) {
		strip->count = 0;
		return;
	}
	memcpy(strip->code, code, strip->len);
	memcpy(strip->bits, bits, ((size_t)strip->count + 7) / 8);
}

void
splice_dots(struct splice *s, const struct splice_colors *colors,
    struct splice_strip *strip, const uint8_t *bits, size_t count)
{
	strip->count = (uint16_t)count;
	FOR_PIXEL(s, add_dots, colors, strip, bits);
}
