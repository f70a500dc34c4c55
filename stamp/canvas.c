/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/canvas.h"

#include <assert.h>
#include <string.h>

/* Which colours are full in white and in black, the first one as bit 0. */
struct space {
	int colors;
	unsigned white, black;
};

static const struct space spaces[] = {
    [CANVAS_W] = {1, 1, 0},
    [CANVAS_RGB] = {3, 7, 0},
    [CANVAS_K] = {1, 0, 1},
    [CANVAS_CMY] = {3, 0, 7},
    [CANVAS_YMC] = {3, 0, 7},
    [CANVAS_CMYK] = {4, 0, 8},
    [CANVAS_YMCK] = {4, 0, 8},
    [CANVAS_KCMY] = {4, 0, 1},
    [CANVAS_KCMYCM] = {6, 0, 1},
    [CANVAS_GMCK] = {4, 0, 8},
    [CANVAS_SW] = {1, 1, 0},
    [CANVAS_SRGB] = {3, 7, 0},
    [CANVAS_ADOBERGB] = {3, 7, 0},
};

#define SPACES (sizeof spaces / sizeof spaces[0])

int
canvas_colors(enum canvas_space space, int bits_per_color)
{
	if ((unsigned)space >= SPACES)
		return 0;
	if (space == CANVAS_KCMYCM && bits_per_color != 1)
		return 4;
	return spaces[space].colors;
}

size_t
canvas_size(const struct canvas *c)
{
	int colors = canvas_colors(c->space, c->bits_per_color);
	size_t lines = c->height > 0 ? (size_t)c->height : 0;

	if (colors == 0)
		return 0;
	if (c->order == CANVAS_PLANAR)
		lines *= (size_t)colors;
	if (lines != 0 && c->bytes_per_line > SIZE_MAX / lines)
		return 0;
	return lines * c->bytes_per_line;
}

/* Bits from one pixel to the next in a row of one colour or of all. */
static int
step(const struct canvas *c)
{
	return c->order == CANVAS_CHUNKED ? c->bits_per_pixel
					  : c->bits_per_color;
}

static bool
bits_fit(const struct canvas *c)
{
	int b = c->bits_per_color, p = c->bits_per_pixel;

	if (b != 1 && b != 2 && b != 4 && b != 8 && b != 16)
		return false;
	if (c->order != CANVAS_CHUNKED)
		return true;
	if (p < b * c->colors || p > 8 * CANVAS_DOT_MAX)
		return false;
	if (b >= 8)
		return p % b == 0;
	return p == 1 || p == 2 || p == 4 || p % 8 == 0;
}

bool
canvas_check(struct canvas *c, struct err *e)
{
	size_t row, need;

	c->colors = canvas_colors(c->space, c->bits_per_color);
	if (c->colors == 0)
		return err_set(e, ERR_CONFIG,
		    "colour space %d cannot hold a stamp; choose another "
		    "colour mode of the printer",
		    (int)c->space);
	if (c->width <= 0 || c->height <= 0 || c->width > 1 << 20 ||
	    c->height > 1 << 20)
		return err_set(
		    e, ERR_CONFIG, "page of %d x %d dots", c->width, c->height);
	if ((unsigned)c->order > CANVAS_PLANAR || !bits_fit(c))
		return err_set(e, ERR_CONFIG,
		    "raster of %d bits per colour, %d per pixel, colour order "
		    "%d cannot hold a stamp",
		    c->bits_per_color, c->bits_per_pixel, (int)c->order);
	row = ((size_t)c->width * (size_t)step(c) + 7) / 8;
	need = c->order == CANVAS_BANDED ? row * (size_t)c->colors : row;
	if (c->bytes_per_line < need ||
	    (c->order == CANVAS_BANDED &&
		c->bytes_per_line % (size_t)c->colors != 0))
		return err_set(e, ERR_CONFIG,
		    "raster lines of %zu bytes, %zu needed", c->bytes_per_line,
		    need);
	return true;
}

bool
canvas_init(struct canvas *c, struct err *e)
{
	if (!canvas_check(c, e))
		return false;
	if (c->pixels == NULL || canvas_size(c) == 0 ||
	    c->size < canvas_size(c))
		return err_set(e, ERR_CONFIG,
		    "raster page of %zu bytes, %zu needed", c->size,
		    canvas_size(c));
	return true;
}

static struct canvas_color
full(const struct canvas *c, unsigned mask)
{
	struct canvas_color color = {{0}};

	for (int i = 0; i < c->colors; i++)
		if (mask >> i & 1)
			color.value[i] =
			    (uint16_t)((1u << c->bits_per_color) - 1);
	return color;
}

struct canvas_color
canvas_white(const struct canvas *c)
{
	return full(c, spaces[c->space].white);
}

struct canvas_color
canvas_black(const struct canvas *c)
{
	return full(c, spaces[c->space].black);
}

/* A layer is what lies in rows of its own: all colours where they are chunked,
 * else one of them. */
static int
layers(const struct canvas *c)
{
	return c->order == CANVAS_CHUNKED ? 1 : c->colors;
}

static uint8_t *
layer_row(const struct canvas *c, int y, int layer)
{
	size_t line = (size_t)y;

	if (c->order == CANVAS_PLANAR)
		line += (size_t)layer * (size_t)c->height;
	else if (c->order == CANVAS_BANDED)
		return c->pixels + line * c->bytes_per_line +
		       (size_t)layer * (c->bytes_per_line / (size_t)c->colors);
	return c->pixels + line * c->bytes_per_line;
}

/* Where in a dot of its layer the value of colour `i` begins. */
static size_t
value_bit(const struct canvas *c, int i)
{
	if (c->order != CANVAS_CHUNKED)
		return 0;
	return (
	    size_t)(c->bits_per_pixel - (c->colors - i) * c->bits_per_color);
}

static uint16_t
value_get(const uint8_t *row, size_t bit, int bits)
{
	uint16_t wide;

	if (bits == 16) {
		memcpy(&wide, row + bit / 8, sizeof wide);
		return wide;
	}
	return (uint16_t)(row[bit / 8] >> (8 - bits - (int)(bit % 8)) &
			  ((1 << bits) - 1));
}

static void
value_set(uint8_t *row, size_t bit, int bits, uint16_t value)
{
	uint8_t *byte = row + bit / 8;
	int shift = 8 - bits - (int)(bit % 8);

	if (bits == 16)
		memcpy(byte, &value, sizeof value);
	else
		*byte = (uint8_t)((*byte & ~(((1 << bits) - 1) << shift)) |
				  value << shift);
}

/* One dot of a layer: its first `bits` bits. */
struct dot {
	int bits;
	uint8_t bytes[CANVAS_DOT_MAX];
};

static struct dot
dot_of(const struct canvas *c, const struct canvas_color *color, int layer)
{
	struct dot d = {.bits = step(c)};

	if (c->order != CANVAS_CHUNKED) {
		value_set(d.bytes, 0, d.bits, color->value[layer]);
		return d;
	}
	for (int i = 0; i < c->colors; i++)
		value_set(d.bytes, value_bit(c, i), c->bits_per_color,
		    color->value[i]);
	return d;
}

size_t
canvas_dot(const struct canvas *c, const struct canvas_color *color,
    uint8_t out[CANVAS_DOT_MAX])
{
	struct dot d;

	if (c->order != CANVAS_CHUNKED || c->bits_per_pixel % 8 != 0)
		return 0;
	d = dot_of(c, color, 0);
	memcpy(out, d.bytes, sizeof d.bytes);
	return (size_t)d.bits / 8;
}

static void
dot_set(const struct dot *d, uint8_t *row, int x)
{
	size_t bit = (size_t)x * (size_t)d->bits;

	if (d->bits < 8)
		value_set(row, bit, d->bits,
		    (uint16_t)(d->bytes[0] >> (8 - d->bits)));
	else
		memcpy(row + bit / 8, d->bytes, (size_t)d->bits / 8);
}

/* True where dot `x` begins a byte. */
static bool
dot_begins_byte(const struct dot *d, int x)
{
	return (size_t)x * (size_t)d->bits % 8 == 0;
}

static void
dots_fill(const struct dot *d, uint8_t *row, int x, int count)
{
	int end = x + count, per_byte = d->bits < 8 ? 8 / d->bits : 1;
	size_t unit = d->bits < 8 ? 1 : (size_t)d->bits / 8, size;
	uint8_t *to;

	for (; x < end && !dot_begins_byte(d, x); x++)
		dot_set(d, row, x);
	to = row + (size_t)x * (size_t)d->bits / 8;
	size = (size_t)((end - x) / per_byte) * unit;
	if (size > 0) {
		for (int i = 0; i < per_byte; i++)
			dot_set(d, row, x + i);
		for (size_t done = unit; done < size; done *= 2)
			memcpy(to + done, to,
			    size - done < done ? size - done : done);
	}
	for (x = end - (end - x) % per_byte; x < end; x++)
		dot_set(d, row, x);
}

bool
canvas_inside(const struct canvas *c, const struct canvas_rect *r)
{
	return r->x >= 0 && r->y >= 0 && r->width > 0 && r->height > 0 &&
	       r->width <= c->width - r->x && r->height <= c->height - r->y;
}

static bool
check_inside(const struct canvas *c, const struct canvas_rect *r, struct err *e)
{
	if (canvas_inside(c, r))
		return true;
	return err_set(e, ERR_REQUEST,
	    "%d x %d dots at %d, %d reach outside the printable page of "
	    "%d x %d dots",
	    r->width, r->height, r->x, r->y, c->width, c->height);
}

bool
canvas_fill(struct canvas *c, const struct canvas_rect *r,
    const struct canvas_color *color, struct err *e)
{
	if (!check_inside(c, r, e))
		return false;
	for (int layer = 0; layer < layers(c); layer++) {
		struct dot d = dot_of(c, color, layer);

		for (int y = r->y; y < r->y + r->height; y++)
			dots_fill(&d, layer_row(c, y, layer), r->x, r->width);
	}
	return true;
}

struct canvas_color
canvas_sample(const struct canvas *c, int x, int y)
{
	struct canvas_color color = {{0}};

	assert(canvas_inside(c, &(struct canvas_rect){x, y, 1, 1}));
	for (int i = 0; i < c->colors; i++) {
		bool chunked = c->order == CANVAS_CHUNKED;
		const uint8_t *row = layer_row(c, y, chunked ? 0 : i);

		color.value[i] = value_get(row,
		    (size_t)x * (size_t)step(c) + value_bit(c, i),
		    c->bits_per_color);
	}
	return color;
}

bool
canvas_is_white(const struct canvas *c, const struct canvas_rect *r)
{
	struct canvas_color white = canvas_white(c), got;

	assert(canvas_inside(c, r));
	for (int y = r->y; y < r->y + r->height; y++) {
		for (int x = r->x; x < r->x + r->width; x++) {
			got = canvas_sample(c, x, y);
			if (memcmp(&got, &white, sizeof got) != 0)
				return false;
		}
	}
	return true;
}

/* What eight dots of an imprint become in a layer. */
struct brush {
	struct dot dots[2];			 /* white, black */
	uint8_t eight[256 * 8 * CANVAS_DOT_MAX]; /* by their byte */
	uint8_t white[8 * 8 * CANVAS_DOT_MAX];	 /* eight times eight */
};

static void
brush_make(struct brush *b, const struct canvas *c, int layer)
{
	struct canvas_color white = canvas_white(c), black = canvas_black(c);

	b->dots[0] = dot_of(c, &white, layer);
	b->dots[1] = dot_of(c, &black, layer);
	for (int i = 0; i < 256 * 8; i++)
		dot_set(&b->dots[i / 8 >> (7 - i % 8) & 1], b->eight, i);
	for (int i = 0; i < 8 * 8; i++)
		dot_set(&b->dots[0], b->white, i);
}

/* Eights of dots that begin at bit `shift` of `bits`.  The size of each is a
 * constant where this is called: it is the inner loop, and most is white. */
static inline void
brush_eights(const struct brush *b, uint8_t *to, const uint8_t *bits, int shift,
    int count, size_t size)
{
	static const uint8_t nothing[8];

	for (; shift == 0 && count >= 8; count -= 8, bits += 8)
		if (memcmp(bits, nothing, 8) == 0) {
			memcpy(to, b->white, 8 * size);
			to += 8 * size;
		} else {
			for (int i = 0; i < 8; i++, to += size)
				memcpy(to, b->eight + bits[i] * size, size);
		}
	for (; count > 0; count--, bits++, to += size) {
		unsigned two = (unsigned)bits[0] << 8;

		if (shift > 0)
			two |= bits[1];
		memcpy(to, b->eight + (two << shift >> 8 & 0xff) * size, size);
	}
}

/* The first `count` dots of `bits` to the row, from its dot `x` on. */
static void
brush_row(
    const struct brush *b, uint8_t *row, int x, const uint8_t *bits, int count)
{
	int i = 0, size = b->dots[0].bits, eights;
	const uint8_t *from;
	uint8_t *to;

#define DOT(i) (&b->dots[bits[(i) / 8] >> (7 - (i) % 8) & 1])
	for (; i < count && !dot_begins_byte(DOT(i), x + i); i++)
		dot_set(DOT(i), row, x + i);
	eights = (count - i) / 8;
	from = bits + i / 8;
	to = row + (size_t)(x + i) * (size_t)size / 8;
	switch (size) {
	case 1: brush_eights(b, to, from, i % 8, eights, 1); break;
	case 8: brush_eights(b, to, from, i % 8, eights, 8); break;
	case 24: brush_eights(b, to, from, i % 8, eights, 24); break;
	case 32: brush_eights(b, to, from, i % 8, eights, 32); break;
	default: brush_eights(b, to, from, i % 8, eights, (size_t)size); break;
	}
	for (i += 8 * eights; i < count; i++)
		dot_set(DOT(i), row, x + i);
#undef DOT
}

bool
canvas_put(
    struct canvas *c, const struct imprint *im, int x, int y, struct err *e)
{
	struct canvas_rect r = {x, y, im->width, im->height};
	struct brush b;

	if (!check_inside(c, &r, e))
		return err_prefix(e, "stamp");
	for (int layer = 0; layer < layers(c); layer++) {
		brush_make(&b, c, layer);
		for (int v = 0; v < im->height; v++)
			brush_row(&b, layer_row(c, y + v, layer), x,
			    im->bits + (size_t)v * im->stride, im->width);
	}
	return true;
}
