/* SPDX-License-Identifier: Apache-2.0 */
/*
 * canvas: one page of a printer's raster in memory, to put imprints on.
 *
 * The caller owns the bytes and describes them as the raster's header does;
 * canvas_init() checks the description once, and after that no call writes
 * outside.  Nothing is ever clipped: what does not fit is an error.  Values of
 * the enums are CUPS's own numbers (cupsColorSpace, cupsColorOrder), so a
 * header's fields are simply copied.
 *
 *	struct canvas c = {.width = h.cupsWidth, .height = h.cupsHeight,
 *	    .bytes_per_line = h.cupsBytesPerLine,
 *	    .bits_per_color = h.cupsBitsPerColor,
 *	    .bits_per_pixel = h.cupsBitsPerPixel,
 *	    .order = h.cupsColorOrder, .space = h.cupsColorSpace};
 *	size = canvas_size(&c); c.pixels = ...; c.size = size;
 *	canvas_init(&c, &e)
 *
 * Orders: chunked has whole pixels side by side (where a pixel has more bits
 * than its colours, the spare ones are its most significant); banded has, in
 * every line, one row of each colour after the other, bytes_per_line covering
 * them all; planar has all lines of the first colour, then all of the next,
 * bytes_per_line covering one colour.  16-bit colours are in host byte order.
 */
#ifndef STAMP_CANVAS_H
#define STAMP_CANVAS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "stamp/imprint.h"

#define CANVAS_COLORS_MAX 6

/* Spaces that hold a true black as Ghostscript's cups device writes it; the
 * others (RGBA, RGBW, foils, XYZ, Lab, ICC, DeviceN) are refused. */
enum canvas_space {
	CANVAS_W = 0, /* 0 is black */
	CANVAS_RGB = 1,
	CANVAS_K = 3, /* 0 is white */
	CANVAS_CMY = 4,
	CANVAS_YMC = 5,
	CANVAS_CMYK = 6, /* here and below black is black ink alone */
	CANVAS_YMCK = 7,
	CANVAS_KCMY = 8,
	CANVAS_KCMYCM = 9, /* six colours at 1 bit, else as KCMY */
	CANVAS_GMCK = 10,
	CANVAS_SW = 18,
	CANVAS_SRGB = 19,
	CANVAS_ADOBERGB = 20
};

enum canvas_order { CANVAS_CHUNKED = 0, CANVAS_BANDED = 1, CANVAS_PLANAR = 2 };

struct canvas {
	int width, height;
	size_t bytes_per_line;
	int bits_per_color, bits_per_pixel;
	enum canvas_order order;
	enum canvas_space space;
	uint8_t *pixels;
	size_t size;
	int colors; /* set by canvas_init() */
};

struct canvas_rect {
	int x, y, width, height; /* dots; x right, y down */
};

/* One value per colour, in the canvas's order and bits. */
struct canvas_color {
	uint16_t value[CANVAS_COLORS_MAX];
};

/* Colours of a space at these bits per colour; 0 = not supported. */
int canvas_colors(enum canvas_space space, int bits_per_color);

/* Bytes of the whole page as described; 0 if the space is not supported. */
size_t canvas_size(const struct canvas *c);

/* Checks the description and sets c->colors; canvas_check() leaves the pixels
 * out, for colours alone.
 * Errors: ERR_CONFIG "colour space 13 cannot hold a stamp" and the like. */
MUST_CHECK bool canvas_init(struct canvas *c, struct err *e);
MUST_CHECK bool canvas_check(struct canvas *c, struct err *e);

struct canvas_color canvas_white(const struct canvas *c);
struct canvas_color canvas_black(const struct canvas *c);

#define CANVAS_DOT_MAX (2 * CANVAS_COLORS_MAX) /* bytes */

/* The bytes of a dot of this colour; returns how many, 0 where a dot is not
 * some whole bytes side by side. */
size_t canvas_dot(const struct canvas *c, const struct canvas_color *color,
    uint8_t out[CANVAS_DOT_MAX]);

/* True if the rectangle lies on the canvas and is not empty. */
bool canvas_inside(const struct canvas *c, const struct canvas_rect *r);

/* Errors: ERR_REQUEST if the rectangle is not inside. */
MUST_CHECK bool canvas_fill(struct canvas *c, const struct canvas_rect *r,
    const struct canvas_color *color, struct err *e);

/* The dot's colour; it must be inside. */
struct canvas_color canvas_sample(const struct canvas *c, int x, int y);

/* True if every dot of the rectangle, which must be inside, is white. */
bool canvas_is_white(const struct canvas *c, const struct canvas_rect *r);

/* Puts the whole imprint, black and white, with its upper left dot at (x, y).
 * Errors: ERR_REQUEST if it is not wholly inside. */
MUST_CHECK bool canvas_put(
    struct canvas *c, const struct imprint *im, int x, int y, struct err *e);

#endif
