/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan_fit(): the stamp's exact place, and whether it may be there.
 */
#include <math.h>
#include <stdio.h>

#include "filter/plan.h"

#define MM_PER_PT (25.4 / 72.0)

/* What is being placed. */
struct fit {
	struct plan *plan;
	struct plan_stamp *stamp;
	struct mark mark; /* with the defaults */
	const struct plan_rules *rules;
	const struct plan_sight *sight;
	struct err *e;
};

static bool
refuse(const struct fit *f, const char *what, const char *remedy)
{
	const struct plan_stamp *s = f->stamp;

	if (s->is_label)
		return err_set(f->e, ERR_REQUEST,
		    "page %u: label %u: the stamp (%.1f x %.1f mm) %s: %s",
		    s->page, s->label_number, s->area.w * MM_PER_PT,
		    s->area.h * MM_PER_PT, what, remedy);
	return err_set(f->e, ERR_REQUEST,
	    "page %u: %s: the stamp (%.1f x %.1f mm) %s: %s", s->page,
	    s->mark.text, s->area.w * MM_PER_PT, s->area.h * MM_PER_PT, what,
	    remedy);
}

/* The rotation of the stamp in the raster, whose page is turned and perhaps
 * mirrored (compose mirrors the stamp itself). */
static int
raster_rotation(const struct geometry *g, int rotation)
{
	int turned = (rotation + g->turn) % 360;

	return g->mirror ? (360 - turned) % 360 : turned;
}

/* The stamp's layout and its size in dots of the raster. */
static bool
choose(const struct fit *f, size_t indicium_len, int rotation, int *width,
    int *height)
{
	const struct geometry *g = f->sight->geometry;
	struct plan_stamp *s = f->stamp;
	bool across = rotation == 90 || rotation == 270;
	int w, h;

	s->rotation = rotation;
	s->spec = (struct imprint_spec){
	    .layout = imprint_choose(f->mark.size, s->is_label ? s->label.w : 0,
		s->is_label ? s->label.h : 0),
	    .indicium_len = indicium_len,
	    .dpi_x = across ? g->dpi_y : g->dpi_x,
	    .dpi_y = across ? g->dpi_x : g->dpi_y,
	    .bar_reduction = f->rules->bar_reduction};
	s->spec.symbol = imprint_default_symbol(s->spec.layout);
	if (f->rules->symbol_is_set)
		s->spec.symbol = f->rules->symbol;
	else if (indicium_len > symbol_capacity(s->spec.symbol))
		s->spec.symbol = SYMBOL_QR; /* DMRE holds no extensions */
	if (!imprint_size(&s->spec, &w, &h, f->e))
		return err_prefix(f->e, "page %u: %s", s->page,
		    s->is_label ? "label" : s->mark.text);
	*width = across ? h : w;
	*height = across ? w : h;
	return true;
}

/* Which part of the free room left and above the stamp lies in a corner of
 * what is read in rotation `rotation`: 0, a half or 1 of it. */
static void
corner(enum mark_corner at, int rotation, double *x, double *y)
{
	double right = at == AT_NE || at == AT_SE ? 1 : 0;
	double down = at == AT_SW || at == AT_SE ? 1 : 0;

	if (at == AT_CENTER)
		right = down = 0.5;
	switch (rotation) {
	case 90: *x = 1 - down, *y = right; break;
	case 180: *x = 1 - right, *y = 1 - down; break;
	case 270: *x = down, *y = 1 - right; break;
	default: *x = right, *y = down; break;
	}
}

/* The page less the margins that an envelope's stamp keeps to its right and
 * top, and what the printer cannot reach. */
static struct rect
envelope_box(const struct fit *f)
{
	const struct geometry *g = f->sight->geometry;
	struct rect p = f->sight->printable;
	double right = IMPRINT_ENVELOPE_RIGHT_PT, top = IMPRINT_ENVELOPE_TOP_PT;
	double w = g->page_w_pt, h = g->page_h_pt, x0, y0, x1, y1;
	struct rect box;

	switch (f->stamp->mark.rotation) {
	case 90: box = (struct rect){0, 0, w - top, h - right}; break;
	case 180: box = (struct rect){right, 0, w - right, h - top}; break;
	case 270: box = (struct rect){top, right, w - top, h - right}; break;
	default: box = (struct rect){0, top, w - right, h - top}; break;
	}
	box = geometry_for_paper(g, box);
	x0 = fmax(box.x, p.x), x1 = fmin(box.x + box.w, p.x + p.w);
	y0 = fmax(box.y, p.y), y1 = fmin(box.y + box.h, p.y + p.h);
	return (struct rect){x0, y0, x1 - x0, y1 - y0};
}

/* On a label, as near to `at` as what the printer reaches of it allows. */
static double
nudge(double at, double size, double label0, double label1, double reach0,
    double reach1)
{
	double low = fmax(label0, reach0);
	double high = fmin(label1, reach1) - size;

	return low > high ? at : fmin(fmax(at, low), high);
}

/* Puts a stamp of `width` x `height` raster dots into the wanted corner of its
 * box, on whole dots. */
static void
place(const struct fit *f, int width, int height)
{
	const struct geometry *g = f->sight->geometry;
	struct plan_stamp *s = f->stamp;
	struct rect size = {0, 0, width, height}, box = s->mark.box, dots;
	struct rect reach = f->sight->printable;
	enum mark_corner at = f->mark.at;
	double part_x, part_y;

	size = geometry_to_sheet(g, size);
	if (s->is_label) {
		box = geometry_for_paper(g, box);
		at = AT_CENTER;
	} else if (at == AT_DEFAULT && s->spec.layout == LAYOUT_ENVELOPE) {
		box = envelope_box(f);
		at = AT_NE;
	}
	corner(at, s->mark.rotation, &part_x, &part_y);
	size.x = box.x + part_x * (box.w - size.w);
	size.y = box.y + part_y * (box.h - size.h);
	if (s->is_label) {
		size.x = nudge(size.x, size.w, box.x, box.x + box.w, reach.x,
		    reach.x + reach.w);
		size.y = nudge(size.y, size.h, box.y, box.y + box.h, reach.y,
		    reach.y + reach.h);
	}
	dots = geometry_to_raster(g, size);
	s->dots = (struct canvas_rect){
	    (int)lround(dots.x), (int)lround(dots.y), width, height};
	/* A dot of rounding must not put a stamp off the raster's edge. */
	if (s->dots.x == -1)
		s->dots.x = 0;
	if (s->dots.y == -1)
		s->dots.y = 0;
	if (s->dots.x + width == g->width + 1)
		s->dots.x--;
	if (s->dots.y + height == g->height + 1)
		s->dots.y--;
	s->area = geometry_to_sheet(
	    g, (struct rect){s->dots.x, s->dots.y, width, height});
}

/* All ink of the marks of its page, which is going to be cleared. */
static size_t
cleared(const struct fit *f, struct rect *out, size_t room)
{
	const struct plan_page *page = &f->plan->pages[f->stamp->page - 1];
	size_t n = 0;

	for (size_t i = 0; i < page->count; i++) {
		const struct placeholder *m =
		    &f->plan->stamps[page->first + i].mark;

		for (int k = 0; k < m->ink_count && n < room; k++)
			if (rect_overlap(m->ink[k], f->stamp->area))
				out[n++] = m->ink[k];
	}
	return n;
}

#define CLEARED_MAX 256

static bool
check_ink(const struct fit *f)
{
	struct rect except[CLEARED_MAX], where;
	size_t n = cleared(f, except, CLEARED_MAX);
	char what[128];

	if (f->sight->ink == NULL ||
	    ink_map_is_free(f->sight->ink, f->stamp->area, except, n, &where))
		return true;
	snprintf(what, sizeof(what),
	    "would cover other ink %.0f mm from the left, %.0f mm from the "
	    "top",
	    where.x * MM_PER_PT, where.y * MM_PER_PT);
	if (f->stamp->is_label)
		return refuse(f, what,
		    "begin at a later label, or leave the label empty in the "
		    "document");
	return refuse(f, what,
	    "leave that much room around the mark, or say at= (nw, ne, sw, "
	    "se, center) or size=small");
}

/* What the mark's ink is replaced by where it is not sampled in the raster. */
static void
find_paper(const struct fit *f)
{
	struct plan_stamp *s = f->stamp;
	struct rect near = {0, 0, 0, 0};

	s->paper = 0xffffff;
	if (f->sight->ink == NULL || s->mark.ink_count == 0)
		return;
	for (int i = 0; i < s->mark.ink_count; i++)
		near =
		    i == 0 ? s->mark.ink[i] : rect_union(near, s->mark.ink[i]);
	s->paper = ink_map_color(f->sight->ink, rect_grow(near, 2), s->mark.ink,
	    (size_t)s->mark.ink_count);
}

static bool
check_edges(const struct fit *f)
{
	const struct geometry *g = f->sight->geometry;
	struct rect reach = f->sight->printable;
	const struct canvas_rect *d = &f->stamp->dots;
	double slack = 72.0 / fmin(g->dpi_x, g->dpi_y); /* one dot */

	if (f->stamp->is_label &&
	    !rect_inside(geometry_on_paper(g, f->stamp->area),
		rect_grow(f->stamp->label, slack)))
		return refuse(f, "is larger than the label",
		    "choose size=small, another symbol, or a sheet with "
		    "larger labels");
	if (!rect_inside(f->stamp->area, rect_grow(reach, slack)) || d->x < 0 ||
	    d->y < 0 || d->x + d->width > g->width ||
	    d->y + d->height > g->height)
		return refuse(f, "would leave the printable area",
		    f->stamp->is_label
			? "choose a first label that the printer reaches"
			: "move the mark away from the paper's edge, or say "
			  "at= (nw, ne, sw, se, center)");
	return true;
}

static bool
check_others(const struct fit *f)
{
	const struct plan_page *page = &f->plan->pages[f->stamp->page - 1];
	char what[64];

	for (size_t i = 0; i + 1 < f->stamp->place && i < page->count; i++) {
		const struct plan_stamp *other =
		    &f->plan->stamps[page->first + i];

		if (!rect_overlap(
			rect_grow(other->area, -0.01), f->stamp->area))
			continue;
		snprintf(what, sizeof(what),
		    "would cover stamp %u of this page", other->place);
		return refuse(f, what, "move the marks apart");
	}
	return true;
}

static bool
fit_stamp(const struct fit *f, size_t indicium_len)
{
	const struct geometry *g = f->sight->geometry;
	struct plan_stamp *s = f->stamp;
	int width, height;

	if (!choose(f, indicium_len, raster_rotation(g, s->mark.rotation),
		&width, &height))
		return false;
	place(f, width, height);
	/* A label higher than wide takes the stamp sideways. */
	if (s->is_label && s->label.h > s->label.w &&
	    !rect_inside(
		geometry_on_paper(g, s->area), rect_grow(s->label, 0.5))) {
		s->mark.rotation = 90;
		if (!choose(f, indicium_len, raster_rotation(g, 90), &width,
			&height))
			return false;
		place(f, width, height);
	}
	find_paper(f);
	return check_edges(f) && check_ink(f) && check_others(f);
}

bool
plan_fit(struct plan *p, size_t page, const struct plan_rules *rules,
    const struct plan_sight *sight, struct err *e)
{
	const struct plan_page *out = &p->pages[page];

	for (size_t i = out->first; i < out->first + out->count; i++) {
		struct fit f = {.plan = p,
		    .stamp = &p->stamps[i],
		    .mark = p->stamps[i].mark.mark,
		    .rules = rules,
		    .sight = sight,
		    .e = e};

		mark_inherit(&f.mark, rules->defaults);
		if (!fit_stamp(&f, sight->quotes[i].indicium_len))
			return false;
	}
	return true;
}
