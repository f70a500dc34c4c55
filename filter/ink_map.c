/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to the rendered page. */
#include "filter/scan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A colour channel that differs by more is ink: less than the palest text,
 * more than the noise of a scanned or compressed background. */
#define INK_TOLERANCE 12

#define BINS 4096 /* 4 bits of each channel */

#define ACROSS	  0.4 /* line heights that ink may leave its box by, up and */
#define ALONG	  0.1 /* down, and at the ends of the line */
#define RULE_GAPS 20  /* one dot in as many may be missing */
#define MARGIN_PT 0.4 /* another renderer's anti-aliasing */

/* Whole pixels, right and bottom excluded. */
struct window {
	int x0, y0, x1, y1;
};

static int
clamp(double value, int max)
{
	if (!(value > 0))
		return 0;
	return value < max ? (int)value : max;
}

/* The pixels that lie wholly in `r`, or, where `outer`, that touch it. */
static struct window
window(const struct ink_map *map, struct rect r, bool outer)
{
	double scale = map->dpi / 72;
	double left = r.x * scale, right = (r.x + r.w) * scale;
	double top = r.y * scale, bottom = (r.y + r.h) * scale;
	struct window w;

	w.x0 = clamp(outer ? floor(left) : ceil(left), map->width);
	w.y0 = clamp(outer ? floor(top) : ceil(top), map->height);
	w.x1 = clamp(outer ? ceil(right) : floor(right), map->width);
	w.y1 = clamp(outer ? ceil(bottom) : floor(bottom), map->height);
	return w;
}

/* What the rectangle covers, anti-aliasing included. */
static struct window
covered(const struct ink_map *map, struct rect r)
{
	return window(map, rect_grow(r, 72 / map->dpi), /*outer*/ true);
}

/* The first pixel from (x, y) on to the right that no rectangle of `except`
 * covers; w->x1 if there is none. */
static int
skip(const struct ink_map *map, const struct window *w, int x, int y,
    const struct rect *except, size_t n)
{
	bool moved = true;

	while (moved && x < w->x1) {
		moved = false;
		for (size_t i = 0; i < n; i++) {
			struct window out = covered(map, except[i]);

			if (y < out.y0 || y >= out.y1 || x < out.x0 ||
			    x >= out.x1)
				continue;
			x = out.x1;
			moved = true;
		}
	}
	return x < w->x1 ? x : w->x1;
}

static uint32_t
pixel_at(const struct ink_map *map, int x, int y)
{
	return map->xrgb[(size_t)y * (size_t)map->stride + (size_t)x] &
	       0xffffff;
}

static unsigned
bin(uint32_t rgb)
{
	return (rgb >> 12 & 0xf00) | (rgb >> 8 & 0xf0) | (rgb >> 4 & 0xf);
}

static bool
differs(uint32_t a, uint32_t b)
{
	for (int shift = 0; shift < 24; shift += 8) {
		int d = (int)(a >> shift & 0xff) - (int)(b >> shift & 0xff);

		if (d > INK_TOLERANCE || d < -INK_TOLERANCE)
			return true;
	}
	return false;
}

/* Pixels of a row that no rectangle of `except` covers: from *x, which moves on
 * to the first, to before the returned place; none: both are w->x1. */
static int
stretch(const struct ink_map *map, const struct window *w, int *x, int y,
    const struct rect *except, size_t n)
{
	int end = w->x1;

	*x = skip(map, w, *x, y, except, n);
	for (size_t i = 0; i < n; i++) {
		struct window out = covered(map, except[i]);

		if (y >= out.y0 && y < out.y1 && out.x0 > *x && out.x0 < end)
			end = out.x0;
	}
	return end;
}

/* The first pixel of the row from `x` on, before `end`, that is unlike it. */
static int
run_end(const struct ink_map *map, int x, int end, int y)
{
	uint32_t first = pixel_at(map, x, y);

	while (x < end && pixel_at(map, x, y) == first)
		x++;
	return x;
}

/* The colour of the fullest bin: the mean of what is in it. */
static uint32_t
common_color(const struct ink_map *map, const struct window *w,
    const struct rect *except, size_t n)
{
	uint32_t count[BINS] = {0}, rgb;
	uint64_t sum[3] = {0}, pixels = 0;
	unsigned best = BINS - 1;
	int end, next;

	for (int y = w->y0; y < w->y1; y++)
		for (int x = w->x0;
		     (end = stretch(map, w, &x, y, except, n)) > x;)
			for (; x < end; x = next) {
				next = run_end(map, x, end, y);
				count[bin(pixel_at(map, x, y))] +=
				    (uint32_t)(next - x);
			}
	for (unsigned b = 0; b < BINS; b++)
		if (count[b] > count[best])
			best = b;
	for (int y = w->y0; y < w->y1; y++)
		for (int x = w->x0;
		     (end = stretch(map, w, &x, y, except, n)) > x;)
			for (; x < end; x = next) {
				next = run_end(map, x, end, y);
				rgb = pixel_at(map, x, y);
				if (bin(rgb) != best)
					continue;
				for (int i = 0; i < 3; i++)
					sum[i] += (uint64_t)(next - x) *
						  (rgb >> (16 - 8 * i) & 0xff);
				pixels += (uint64_t)(next - x);
			}
	if (pixels == 0)
		return 0xffffff;
	for (int i = 0; i < 3; i++)
		sum[i] = (sum[i] + pixels / 2) / pixels;
	return (uint32_t)(sum[0] << 16 | sum[1] << 8 | sum[2]);
}

uint32_t
ink_map_color(const struct ink_map *map, struct rect area,
    const struct rect *except, size_t except_count)
{
	struct window w = window(map, area, /*outer*/ false);

	return common_color(map, &w, except, except_count);
}

bool
ink_map_is_free(const struct ink_map *map, struct rect area,
    const struct rect *except, size_t except_count, struct rect *where)
{
	struct window w = window(map, area, /*outer*/ false);
	uint32_t paper = common_color(map, &w, except, except_count);
	struct window ink = {map->width, map->height, 0, 0};
	double pixel = 72 / map->dpi;

	for (int y = w.y0; y < w.y1; y++)
		for (int x = w.x0, end, next;
		     (end = stretch(map, &w, &x, y, except, except_count)) > x;)
			for (; x < end; x = next) {
				next = run_end(map, x, end, y);
				if (!differs(pixel_at(map, x, y), paper))
					continue;
				ink.x0 = x < ink.x0 ? x : ink.x0;
				ink.y0 = y < ink.y0 ? y : ink.y0;
				ink.x1 = next > ink.x1 ? next : ink.x1;
				ink.y1 = y >= ink.y1 ? y + 1 : ink.y1;
			}
	if (ink.x1 == 0)
		return true;
	if (where)
		*where = (struct rect){ink.x0 * pixel, ink.y0 * pixel,
		    (ink.x1 - ink.x0) * pixel, (ink.y1 - ink.y0) * pixel};
	return false;
}

/* --- fitting --------------------------------------------------------------- */

/* A line of text on the map, without its direction: `a` counts pixels from
 * line to line, `b` along the text. */
struct strip {
	const struct ink_map *map;
	bool upright; /* a is y; else x */
	uint32_t paper;
	int a0, a1, b0, b1; /* box: right and bottom excluded */
};

/* True if there is ink in row `a` between b0 and b1; off the page is none. */
static bool
row_inked(const struct strip *s, int a, int b0, int b1)
{
	int rows = s->upright ? s->map->height : s->map->width;
	int columns = s->upright ? s->map->width : s->map->height;

	if (a < 0 || a >= rows)
		return false;
	for (int b = b0 < 0 ? 0 : b0; b < b1 && b < columns; b++)
		if (differs(s->upright ? pixel_at(s->map, b, a)
				       : pixel_at(s->map, a, b),
			s->paper))
			return true;
	return false;
}

/* How much ink there is in row `a`. */
static uint64_t
row_weight(const struct strip *s, int a)
{
	int rows = s->upright ? s->map->height : s->map->width;
	int columns = s->upright ? s->map->width : s->map->height;
	uint64_t sum = 0;

	for (int b = s->b0 < 0 ? 0 : s->b0;
	     a >= 0 && a < rows && b < s->b1 && b < columns; b++) {
		uint32_t rgb = s->upright ? pixel_at(s->map, b, a)
					  : pixel_at(s->map, a, b);

		for (int shift = 0; shift < 24; shift += 8)
			sum += (uint64_t)abs((int)(rgb >> shift & 0xff) -
					     (int)(s->paper >> shift & 0xff));
	}
	return sum;
}

/* True if row `a` is part of a rule that goes on beyond both ends of the text:
 * the edge of a table's cell, not an underline of the mark. */
static bool
is_rule(const struct strip *s, int a)
{
	int out = s->a1 - s->a0, gaps = 0;

	if (s->b0 - out < 0)
		return false;
	for (int b = s->b0 - out; b < s->b1 + out; b++)
		if (!row_inked(s, a, b, b + 1))
			gaps++;
	return gaps * RULE_GAPS < s->b1 - s->b0;
}

/* The row before the one with the least ink inside `end`: where lines of text
 * nearly touch. */
static int
valley(const struct strip *s, int end, int step)
{
	int best = end, inside = (s->a1 - s->a0) / 4;
	uint64_t least = UINT64_MAX;

	for (int i = -inside; i <= 0; i++) {
		uint64_t weight = row_weight(s, end + i * step);

		if (weight < least) {
			least = weight;
			best = end + (i - 1) * step;
		}
	}
	return best;
}

/* The outermost row with the text's own ink, from the middle of the box to
 * `end` and on in direction `step`.  Ink that crosses the end of the box is
 * the text's own if it stops soon; else it is the neighbouring line's, or,
 * where it hangs together with the text, cut where it is thinnest. */
static int
fit_rows(const struct strip *s, int end, int step)
{
	int middle = (s->a0 + s->a1) / 2, edge = middle, run = middle, a;
	int limit = (int)((s->a1 - s->a0) * ACROSS) + 1;
	bool own = true, inked = false;

	for (a = middle; a != end + step; a += step) {
		inked = row_inked(s, a, s->b0, s->b1);
		if (inked && abs(a - middle) > (s->a1 - s->a0) / 4 &&
		    is_rule(s, a))
			return a - step;
		if (inked)
			run = a;
		else
			own = false, edge = run;
	}
	if (!inked)
		return edge;
	for (int i = 0; i < limit; i++, a += step)
		if (!row_inked(s, a, s->b0, s->b1) || is_rule(s, a))
			return a - step;
	return own ? valley(s, end, step) : edge;
}

/* As fit_rows(), at the ends of the line: ink next to it is other text. */
static int
fit_end(struct strip *s, int end, int step)
{
	struct strip turned = {
	    s->map, !s->upright, s->paper, s->b0, s->b1, s->a0, s->a1};
	int limit = (int)((s->a1 - s->a0) * ALONG) + 1;

	for (int b = end + step; limit-- > 0; b += step)
		if (!row_inked(&turned, b, s->a0, s->a1))
			return b - step;
	return end;
}

struct rect
ink_map_fit(const struct ink_map *map, struct rect box, int rotation)
{
	struct window w = window(map, box, /*outer*/ true);
	bool upright = rotation == 0 || rotation == 180;
	struct strip s = {map, upright, ink_map_color(map, box, NULL, 0),
	    upright ? w.y0 : w.x0, upright ? w.y1 : w.x1, upright ? w.x0 : w.y0,
	    upright ? w.x1 : w.y1};
	double pixel = 72 / map->dpi;
	int a0, a1, b0, b1;

	if (s.a0 >= s.a1 || s.b0 >= s.b1)
		return box;
	a0 = fit_rows(&s, s.a0, -1);
	a1 = fit_rows(&s, s.a1 - 1, 1) + 1;
	s.a0 = a0;
	s.a1 = a1;
	b0 = fit_end(&s, s.b0, -1);
	b1 = fit_end(&s, s.b1 - 1, 1) + 1;
	if (upright)
		box = (struct rect){b0, a0, b1 - b0, a1 - a0};
	else
		box = (struct rect){a0, b0, a1 - a0, b1 - b0};
	return rect_grow((struct rect){box.x * pixel, box.y * pixel,
			     box.w * pixel, box.h * pixel},
	    MARGIN_PT);
}
