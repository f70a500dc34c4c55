/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/rect.h"

#define SLACK_PT 0.001

bool
rect_empty(struct rect r)
{
	return !(r.w > 0) || !(r.h > 0);
}

struct rect
rect_union(struct rect a, struct rect b)
{
	struct rect u;
	double right, bottom;

	if (rect_empty(a))
		return b;
	if (rect_empty(b))
		return a;
	u.x = a.x < b.x ? a.x : b.x;
	u.y = a.y < b.y ? a.y : b.y;
	right = a.x + a.w > b.x + b.w ? a.x + a.w : b.x + b.w;
	bottom = a.y + a.h > b.y + b.h ? a.y + a.h : b.y + b.h;
	u.w = right - u.x;
	u.h = bottom - u.y;
	return u;
}

struct rect
rect_cut(struct rect a, struct rect b)
{
	double x0 = a.x > b.x ? a.x : b.x, y0 = a.y > b.y ? a.y : b.y;
	double x1 = a.x + a.w < b.x + b.w ? a.x + a.w : b.x + b.w;
	double y1 = a.y + a.h < b.y + b.h ? a.y + a.h : b.y + b.h;

	return (struct rect){
	    x0, y0, x1 > x0 ? x1 - x0 : 0, y1 > y0 ? y1 - y0 : 0};
}

struct rect
rect_grow(struct rect r, double by)
{
	return (struct rect){r.x - by, r.y - by, r.w + 2 * by, r.h + 2 * by};
}

bool
rect_equal(struct rect a, struct rect b)
{
	return a.x == b.x && a.y == b.y && a.w == b.w && a.h == b.h;
}

bool
rect_overlap(struct rect a, struct rect b)
{
	return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h &&
	       b.y < a.y + a.h;
}

bool
rect_inside(struct rect inner, struct rect outer)
{
	return inner.x >= outer.x - SLACK_PT && inner.y >= outer.y - SLACK_PT &&
	       inner.x + inner.w <= outer.x + outer.w + SLACK_PT &&
	       inner.y + inner.h <= outer.y + outer.h + SLACK_PT;
}
