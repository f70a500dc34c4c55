/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rect: rectangles on a sheet of paper.
 *
 * Sheet space: points (1/72 inch), origin at the upper left corner of the page
 * as it is rendered (after /Rotate, inside the crop box), x to the right, y
 * down.  (x, y) is the upper left corner.
 */
#ifndef STAMP_RECT_H
#define STAMP_RECT_H

#include <stdbool.h>

struct rect {
	double x, y, w, h;
};

/* The smallest rectangle that holds both; an empty one (w or h <= 0) holds
 * nothing. */
struct rect rect_union(struct rect a, struct rect b);

/* The part that both hold; w or h is 0 where there is none. */
struct rect rect_cut(struct rect a, struct rect b);

/* Moved out by `by` on all four sides; in, where `by` is negative. */
struct rect rect_grow(struct rect r, double by);

bool rect_empty(struct rect r);
bool rect_equal(struct rect a, struct rect b); /* to the last bit */
bool rect_overlap(struct rect a, struct rect b);

/* True if `inner` lies in `outer`, to a slack of a thousandth of a point. */
bool rect_inside(struct rect inner, struct rect outer);

#endif
