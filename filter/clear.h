/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clear: a mark's ink taken off a page, under the colour of the page around
 * it.
 */
#ifndef FILTER_CLEAR_H
#define FILTER_CLEAR_H

#include "base/err.h"
#include "filter/geometry.h"
#include "filter/scan.h"
#include "stamp/canvas.h"

#define CLEAR_AROUND 1 /* dots around the ink that are looked at */

/* Whole dots that hold the ink, cut to a page of this size; empty (width or
 * height not above 0) where nothing of it is on the page. */
struct canvas_rect
clear_dots(int width, int height, const struct geometry *g, struct rect ink);

/* Fills the rectangle with the commonest colour on the line just outside of
 * it.  An empty one is left.  Errors: as canvas_fill(). */
MUST_CHECK bool
clear_rect(struct canvas *page, const struct canvas_rect *r, struct err *e);

/* Clears all ink of the mark, wherever it lies on the canvas. */
MUST_CHECK bool clear_mark(struct canvas *page, const struct geometry *g,
    const struct placeholder *mark, struct err *e);

#endif
