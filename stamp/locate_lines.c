/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/locate_lines.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stamp/typed.h"

#define SEGMENT_JUMP 6.0 /* glyph sizes; a wider hole ends a line */
#define ASKEW	     0.2 /* tangent from which text is not upright */
#define CELL_GAP     0.8 /* glyph heights; no blank is as wide */
#define RIGHT_GAP    6.0 /* the same; no line is justified as badly */
#define ALIGNED_PT   1.0 /* starts of lines of one column */
#define LINE_GAP     1.5 /* line heights to the next line, at most */
#define LINE_SAME    0.5 /* line heights: tops of one line differ less */

static struct segment
to_frame(struct rect r, int rotation)
{
	struct segment s = {0};

	switch (rotation) {
	case 90:
		s.u0 = r.y, s.u1 = r.y + r.h;
		s.v0 = -r.x - r.w, s.v1 = -r.x;
		break;
	case 180:
		s.u0 = -r.x - r.w, s.u1 = -r.x;
		s.v0 = -r.y - r.h, s.v1 = -r.y;
		break;
	case 270:
		s.u0 = -r.y - r.h, s.u1 = -r.y;
		s.v0 = r.x, s.v1 = r.x + r.w;
		break;
	default: s.u0 = r.x, s.u1 = r.x + r.w; s.v0 = r.y, s.v1 = r.y + r.h;
	}
	return s;
}

/* Blanks and line ends come with boxes of no meaning. */
bool
glyph_is_ink(const struct glyph *g)
{
	char typed[TYPED_MAX];

	if (rect_empty(g->box) || !isfinite(g->box.x) || !isfinite(g->box.y) ||
	    !isfinite(g->box.w) || !isfinite(g->box.h))
		return false;
	return !typed_char(g->unicode, typed) ||
	       (typed[0] != '\0' && typed[0] != ' ');
}

static double
middle_x(const struct glyph *g)
{
	return g->box.x + g->box.w / 2;
}

static double
middle_y(const struct glyph *g)
{
	return g->box.y + g->box.h / 2;
}

/* The way from glyph a to glyph b as a rotation. */
int
glyph_direction(const struct glyph *a, const struct glyph *b, bool *askew)
{
	double dx = middle_x(b) - middle_x(a), dy = middle_y(b) - middle_y(a);

	*askew = fmin(fabs(dx), fabs(dy)) > ASKEW * fmax(fabs(dx), fabs(dy));
	if (fabs(dx) >= fabs(dy))
		return dx >= 0 ? 0 : 180;
	return dy >= 0 ? 90 : 270;
}

/* Fills in rotation and box of the glyphs [first, end). */
static void
measure(const struct glyph *g, struct segment *s)
{
	const struct glyph *from = NULL, *to = NULL;
	struct rect box = {0, 0, 0, 0};
	struct segment frame;

	for (size_t i = s->first; i < s->end; i++) {
		if (!glyph_is_ink(&g[i]))
			continue;
		box = rect_union(box, g[i].box);
		to = &g[i];
		if (!from)
			from = to;
	}
	s->ink = from ? (size_t)(from - g) : s->end;
	s->rotation = ANY;
	if (from && from != to)
		s->rotation = glyph_direction(from, to, &s->askew);
	frame = to_frame(box, s->rotation == ANY ? 0 : s->rotation);
	s->u0 = frame.u0, s->u1 = frame.u1;
	s->v0 = frame.v0, s->v1 = frame.v1;
}

/* True if b is too far from a to stand in one line with it. */
static bool
jumps(const struct glyph *a, const struct glyph *b)
{
	double size = fmax(fmax(a->box.w, a->box.h), fmax(b->box.w, b->box.h));

	return hypot(middle_x(b) - middle_x(a), middle_y(b) - middle_y(a)) >
	       SEGMENT_JUMP * size;
}

static size_t
segment_end(const struct glyph *g, size_t from, size_t n)
{
	const struct glyph *last = NULL;

	for (size_t i = from; i < n; i++) {
		if (g[i].unicode == '\n')
			return i + 1;
		if (!glyph_is_ink(&g[i]))
			continue;
		if (last && jumps(last, &g[i]))
			return i;
		last = &g[i];
	}
	return n;
}

/* As segment_end() within line `s`, at a hole wider than a blank. */
static size_t
cell_end(const struct glyph *g, const struct segment *s, size_t from)
{
	struct segment last = {0}, now;
	bool any = false;

	for (size_t i = from; i < s->end && s->rotation != ANY; i++) {
		if (!glyph_is_ink(&g[i]))
			continue;
		now = to_frame(g[i].box, s->rotation);
		if (any && now.u0 - last.u1 > CELL_GAP * (now.v1 - now.v0))
			return i;
		last = now;
		any = true;
	}
	return s->end;
}

static bool
split_lines(struct lines_page *p, size_t n, struct err *e)
{
	struct lines *l = &p->whole;
	size_t count = 0;

	for (size_t i = 0; i < n; i = segment_end(p->glyphs, i, n))
		count++;
	l->segments = calloc(count ? count : 1, sizeof(*l->segments));
	if (!l->segments)
		return err_system(e, "lines of a page");
	for (size_t i = 0; i < n; i = l->segments[l->count++].end) {
		l->segments[l->count].first = i;
		l->segments[l->count].end = segment_end(p->glyphs, i, n);
		measure(p->glyphs, &l->segments[l->count]);
	}
	return true;
}

static bool
split_cells(struct lines_page *p, struct err *e)
{
	struct lines *l = &p->cells;
	const struct segment *s = p->whole.segments;
	const struct segment *end = s + p->whole.count;
	size_t count = 0;

	for (; s < end; s++)
		for (size_t i = s->first; i < s->end;
		     i = cell_end(p->glyphs, s, i))
			count++;
	l->segments = calloc(count ? count : 1, sizeof(*l->segments));
	if (!l->segments)
		return err_system(e, "cells of a page");
	for (s = p->whole.segments; s < end; s++)
		for (size_t i = s->first; i < s->end;
		     i = l->segments[l->count++].end) {
			struct segment *cell = &l->segments[l->count];

			cell->first = i;
			cell->end = cell_end(p->glyphs, s, i);
			measure(p->glyphs, cell);
		}
	return true;
}

const struct segment *
line_after(
    const struct lines_page *p, const struct lines *l, const struct segment *s)
{
	(void)p;
	return s + 1 < l->segments + l->count ? s + 1 : NULL;
}

/* `other` in the frame of a line turned by `rotation`; false if they stand in
 * different directions. */
static bool
aligned(const struct lines_page *p, const struct segment *other, int rotation,
    struct segment *frame)
{
	if (other->rotation == rotation) {
		*frame = *other;
		return true;
	}
	if (other->rotation != ANY || other->ink == other->end)
		return false;
	*frame = to_frame(p->glyphs[other->ink].box, rotation);
	return true;
}

/* The line below on the page: cells of a table come row by row in the stream,
 * a line of each in turn. */
const struct segment *
line_below(
    const struct lines_page *p, const struct lines *l, const struct segment *s)
{
	const struct segment *best = NULL;
	struct segment own, frame, found = {0};
	int rotation = s->rotation == ANY ? 0 : s->rotation;
	double height;

	if (!aligned(p, s, rotation, &own))
		return NULL;
	height = own.v1 - own.v0;
	for (size_t i = 0; i < l->count; i++) {
		if (&l->segments[i] == s ||
		    !aligned(p, &l->segments[i], rotation, &frame))
			continue;
		if ((frame.v0 + frame.v1) / 2 <= own.v1 - height / 4 ||
		    frame.v0 > own.v1 + LINE_GAP * height ||
		    frame.u0 >= own.u1 || frame.u1 <= own.u0)
			continue;
		if (best && (frame.v0 > found.v0 + LINE_SAME * height ||
				(frame.v0 > found.v0 - LINE_SAME * height &&
				    frame.u0 >= found.u0)))
			continue;
		best = &l->segments[i];
		found = frame;
	}
	return best;
}

/* The nearest text to the right of a line, in its frame. */
const struct segment *
line_right_of(const struct lines_page *p, const struct lines *l,
    const struct segment *s, struct segment *frame)
{
	const struct segment *best = NULL;
	struct segment own, now;
	int rotation = s->rotation == ANY ? 0 : s->rotation;
	double height;

	if (!aligned(p, s, rotation, &own))
		return NULL;
	height = own.v1 - own.v0;
	for (size_t i = 0; i < l->count; i++) {
		if (&l->segments[i] == s ||
		    !aligned(p, &l->segments[i], rotation, &now) ||
		    fabs(now.v0 + now.v1 - own.v0 - own.v1) > height ||
		    now.u0 < own.u1 || now.u0 > own.u1 + RIGHT_GAP * height ||
		    (best && now.u0 >= frame->u0))
			continue;
		best = &l->segments[i];
		*frame = now;
	}
	return best;
}

/* True if another line near it begins below or above this one. */
bool
line_in_column(const struct lines_page *p, const struct lines *l,
    const struct segment *s, const struct segment *frame, int rotation)
{
	double reach = (1 + LINE_GAP) * (frame->v1 - frame->v0);
	struct segment now;

	for (size_t i = 0; i < l->count; i++)
		if (&l->segments[i] != s &&
		    aligned(p, &l->segments[i], rotation, &now) &&
		    fabs(now.u0 - frame->u0) < ALIGNED_PT &&
		    fabs(now.v0 - frame->v0) < reach)
			return true;
	return false;
}

bool
lines_split(
    struct lines_page *p, const struct glyph *glyphs, size_t n, struct err *e)
{
	memset(p, 0, sizeof(*p));
	p->glyphs = glyphs;
	if (split_lines(p, n, e) && split_cells(p, e))
		return true;
	lines_free(p);
	return false;
}

void
lines_free(struct lines_page *p)
{
	free(p->whole.segments);
	free(p->cells.segments);
	memset(p, 0, sizeof(*p));
}
