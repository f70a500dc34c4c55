/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draw: pages of text, lines and boxes, as PDF or PNG in memory.
 *
 * Order of calls: draw_pdf() or draw_png(), the others, draw_end().  Lengths
 * are points (PDF) or pixels (PNG) from the upper left corner.  A drawing that
 * failed takes every further call and says so at its end.
 */
#ifndef TOOLS_DRAW_H
#define TOOLS_DRAW_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "stamp/symbol.h"

struct draw;

struct draw_size {
	double width, height;
};

MUST_CHECK bool draw_pdf(const struct draw_size *page, const char *title,
    struct draw **out, struct err *e);
MUST_CHECK bool
draw_png(const struct draw_size *page, struct draw **out, struct err *e);

/* A new page of a PDF. */
void draw_next_page(struct draw *d);

enum draw_align { DRAW_LEFT, DRAW_MIDDLE, DRAW_RIGHT };

/* How a text is set: `width` > 0: too long a text is cut and ends in an
 * ellipsis; DRAW_MIDDLE and DRAW_RIGHT lie in that width, or left of x. */
struct draw_style {
	double size;
	bool bold;
	enum draw_align align;
	double width;
	uint32_t colour; /* 0xRRGGBB */
};

/* One line of text whose upper left corner is (x, y). */
void draw_text(struct draw *d, double x, double y,
    const struct draw_style *style, const char *text);
double draw_text_width(
    struct draw *d, const struct draw_style *style, const char *text);

struct draw_box {
	double x, y, width, height;
};
void draw_fill(struct draw *d, const struct draw_box *box, uint32_t colour);
void draw_line(struct draw *d, const struct draw_box *from_by, double thick,
    uint32_t colour);

/* The symbol with its quiet zone, `side` wide. */
void draw_symbol(
    struct draw *d, const struct symbol *s, double x, double y, double side);

/* Ends the drawing and frees it; *bytes is the caller's to free.
 * Errors: ERR_SYSTEM. */
MUST_CHECK bool
draw_end(struct draw *d, uint8_t **bytes, size_t *len, struct err *e);

#endif
