/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imprint_text: words as black and white dots.  Part of imprint; nothing else
 * includes it.
 *
 * A pen is a sheet of dots with a hand to write on it.  Letters are hinted to
 * the dots and never smoothed; dots are square.
 */
#ifndef STAMP_IMPRINT_TEXT_H
#define STAMP_IMPRINT_TEXT_H

#include <stdint.h>

#include <cairo.h>
#include <pango/pango.h>

#include "base/err.h"

struct imprint_pen {
	int width, height;
	uint8_t *dots;		  /* a byte each, row by row; 1 = black */
	cairo_surface_t *surface; /* one line of text at a time, 8 bit */
	cairo_t *cairo;
	PangoLayout *layout;
};

enum imprint_align { ALIGN_LEFT, ALIGN_RIGHT, ALIGN_SPREAD };

/* Errors: ERR_SYSTEM. */
MUST_CHECK bool
imprint_pen_open(struct imprint_pen *pen, int width, int height, struct err *e);
void imprint_pen_close(struct imprint_pen *pen);

/* The greatest size in dots at which capitals are no higher than `cap` and
 * the text is no wider than `width`; at least 1. */
int imprint_pen_fit(
    struct imprint_pen *pen, const char *text, bool bold, int cap, int width);

/* Writes at that size with its baseline on the lower edge of the row `y`, the
 * ink of its first letter at `x` or that of its last at the end of `width`.
 * What is wider than `width` is shortened in the middle. */
void imprint_pen_write(struct imprint_pen *pen, const char *text, bool bold,
    int size, int x, int y, int width, enum imprint_align align);

/* One dot, which must be on the sheet: made black; true where black. */
void imprint_pen_set(struct imprint_pen *pen, int x, int y);
bool imprint_pen_get(const struct imprint_pen *pen, int x, int y);

/* A row of pen->width dots, a byte each, 1 where black. */
const uint8_t *imprint_pen_line(const struct imprint_pen *pen, int y);

#endif
