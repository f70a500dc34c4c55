/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/canvas.h"

#include <assert.h>
#include <string.h>

#define PIXEL_BYTES_MAX (2 * CANVAS_COLORS_MAX)

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
	if (p < b * c->colors || p > 8 * PIXEL_BYTES_MAX)
		return false;
	if (b >= 8)
		return p % b == 0;
	return p == 1 || p == 2 || p == 4 || p % 8 == 0;
}

bool
canvas_init(struct canvas *c, struct err *e)
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

/* The row that holds colour `i` of line `y`, and the bit of that row where
 * the colour of its first dot begins. */
static uint8_t *
row_of(const struct canvas *c, int y, int i, size_t *bit)
{
	size_t line = (size_t)y;

	*bit = 0;
	switch (c->order) {
	case CANVAS_CHUNKED:
		*bit = (size_t)(c->bits_per_pixel -
				(c->colors - i) * c->bits_per_color);
		break;
	case CANVAS_BANDED:
		return c->pixels + line * c->bytes_per_line +
		       (size_t)i * (c->bytes_per_line / (size_t)c->colors);
	case CANVAS_PLANAR: line += (size_t)i * (size_t)c->height; break;
	}
	return c->pixels + line * c->bytes_per_line;
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

/* `count` dots of one colour value, `stride` bits apart. */
static void
values_set(
    uint8_t *row, size_t bit, int stride, int bits, uint16_t value, int count)
{
	int max = (1 << bits) - 1;

	/* Most rasters are dense, and black and white are whole bytes. */
	if (stride == bits && bits <= 8 && (value == 0 || value == max)) {
		int per_byte = 8 / bits;

		for (; count > 0 && bit % 8 != 0; count--, bit += (size_t)bits)
			value_set(row, bit, bits, value);
		memset(row + bit / 8, value == 0 ? 0 : 0xff,
		    (size_t)(count / per_byte));
		bit += (size_t)(count / per_byte) * 8;
		count %= per_byte;
	}
	for (; count > 0; count--, bit += (size_t)stride)
		value_set(row, bit, bits, value);
}

/* Chunked pixels of whole bytes, `count` of them. */
static void
pixels_set(
    struct canvas *c, int x, int y, int count, const struct canvas_color *color)
{
	uint8_t pixel[PIXEL_BYTES_MAX] = {0};
	size_t bytes = (size_t)c->bits_per_pixel / 8, bit;
	uint8_t *to = row_of(c, y, 0, &bit) + (size_t)x * bytes;
	size_t size = (size_t)count * bytes;

	for (int i = 0; i < c->colors; i++)
		value_set(pixel, bit + (size_t)i * (size_t)c->bits_per_color,
		    c->bits_per_color, color->value[i]);
	memcpy(to, pixel, bytes);
	for (size_t done = bytes; done < size; done *= 2)
		memcpy(to + done, to, size - done < done ? size - done : done);
}

static void
run_set(
    struct canvas *c, int x, int y, int count, const struct canvas_color *color)
{
	if (c->order == CANVAS_CHUNKED && c->colors > 1 &&
	    c->bits_per_pixel % 8 == 0) {
		pixels_set(c, x, y, count, color);
		return;
	}
	for (int i = 0; i < c->colors; i++) {
		size_t bit;
		uint8_t *row = row_of(c, y, i, &bit);

		bit += (size_t)x * (size_t)step(c);
		values_set(row, bit, step(c), c->bits_per_color,
		    color->value[i], count);
	}
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
	for (int y = r->y; y < r->y + r->height; y++)
		run_set(c, r->x, y, r->width, color);
	return true;
}

struct canvas_color
canvas_sample(const struct canvas *c, int x, int y)
{
	struct canvas_color color = {{0}};

	assert(canvas_inside(c, &(struct canvas_rect){x, y, 1, 1}));
	for (int i = 0; i < c->colors; i++) {
		size_t bit;
		const uint8_t *row = row_of(c, y, i, &bit);

		color.value[i] = value_get(
		    row, bit + (size_t)x * (size_t)step(c), c->bits_per_color);
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

/* A walk over the dots of an imprint that come into one row of the page. */
struct walk {
	const struct imprint *im;
	int u, v;   /* the dot where it stands */
	int du, dv; /* to the next one */
};

static struct walk
walk_row(const struct imprint *im, int row, int rotation)
{
	switch (rotation) {
	case 90: return (struct walk){im, row, im->height - 1, 0, -1};
	case 180:
		return (struct walk){
		    im, im->width - 1, im->height - 1 - row, -1, 0};
	case 270: return (struct walk){im, im->width - 1 - row, 0, 0, 1};
	default: return (struct walk){im, 0, row, 1, 0};
	}
}

static bool
walk_black(const struct walk *w)
{
	return w->im->bits[(size_t)w->v * w->im->stride + (size_t)w->u / 8] &
	       (0x80 >> w->u % 8);
}

/* Goes over the dots of one colour, at most `left`; tells how many. */
static int
walk_run(struct walk *w, int left, bool black)
{
	const uint8_t *row = w->im->bits + (size_t)w->v * w->im->stride;
	uint8_t all = black ? 0xff : 0;
	int n = 0;

	while (n < left) {
		if (w->du == 1 && w->u % 8 == 0 && left - n >= 8 &&
		    row[w->u / 8] == all) {
			n += 8;
			w->u += 8;
			continue;
		}
		if (walk_black(w) != black)
			break;
		n++;
		w->u += w->du;
		w->v += w->dv;
	}
	return n;
}

bool
canvas_put(struct canvas *c, const struct imprint *im, int x, int y,
    int rotation, struct err *e)
{
	struct canvas_color colors[2] = {canvas_white(c), canvas_black(c)};
	bool upright = rotation % 180 == 0;
	struct canvas_rect r = {x, y, upright ? im->width : im->height,
	    upright ? im->height : im->width};

	if (rotation != 0 && rotation != 90 && rotation != 180 &&
	    rotation != 270)
		return err_set(
		    e, ERR_REQUEST, "stamp turned by %d degrees", rotation);
	if (!check_inside(c, &r, e))
		return err_prefix(e, "stamp");
	for (int row = 0; row < r.height; row++) {
		struct walk w = walk_row(im, row, rotation);

		for (int from = 0; from < r.width;) {
			bool black = walk_black(&w);
			int run = walk_run(&w, r.width - from, black);

			run_set(c, x + from, y + row, run, &colors[black]);
			from += run;
		}
	}
	return true;
}
