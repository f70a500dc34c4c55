/* SPDX-License-Identifier: Apache-2.0 */
/* where the labels of a sheet are, and what of each a stamp may use */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "stamp/sheet_xml.h"

#define PAGE_MAX_PT 14400.0
#define LABEL_MIN   4.0	 /* points; smaller ones are mistakes */
#define OFF_PAGE    36.0 /* points that a label may reach over the edge */
#define CD_STEPS    64

static int
by_row(const void *left, const void *right)
{
	const double *a = left, *b = right; /* x, y */
	long row_a = lround(a[1]), row_b = lround(b[1]);

	if (row_a != row_b)
		return row_a < row_b ? -1 : 1;
	return a[0] < b[0] ? -1 : a[0] > b[0];
}

/* All labels of the layouts, in reading order. */
static bool
place_labels(const struct template *t, struct sheet *s, struct err *e)
{
	struct rect page = {0, 0, t->page_w, t->page_h};

	for (int i = 0; i < t->layout_count; i++) {
		const struct layout *l = &t->layouts[i];

		if (l->nx * l->ny > SHEET_LABELS_MAX - s->count)
			return err_set(e, ERR_REQUEST,
			    "more than %d labels on a page", SHEET_LABELS_MAX);
		for (int k = 0; k < l->nx * l->ny; k++) {
			int column = k % l->nx, line = k / l->nx;

			s->at[s->count].x = l->x0 + column * l->dx;
			s->at[s->count++].y = l->y0 + line * l->dy;
		}
	}
	for (int i = 0; i < s->count; i++)
		if (!rect_inside(sheet_label(s, i), rect_grow(page, OFF_PAGE)))
			return err_set(e, ERR_REQUEST,
			    "a label lies off the page of %g x %g pt",
			    t->page_w, t->page_h);
	qsort(s->at, (size_t)s->count, sizeof(s->at[0]), by_row);
	return true;
}

bool
template_build(const struct template *t, struct sheet *s, struct err *e)
{
	memset(s, 0, sizeof(*s));
	if (t->problem[0])
		return err_set(e, ERR_REQUEST, "%s", t->problem);
	if (!(t->page_w > 0 && t->page_w <= PAGE_MAX_PT && t->page_h > 0 &&
		t->page_h <= PAGE_MAX_PT))
		return err_set(e, ERR_REQUEST,
		    "the page must be between 0 and %g pt", PAGE_MAX_PT);
	if (t->label_w < LABEL_MIN || t->label_h < LABEL_MIN ||
	    t->layout_count == 0)
		return err_set(e, ERR_REQUEST, "it has no labels");
	text_copy(s->description, sizeof(s->description), t->description);
	text_copy(s->paper, sizeof(s->paper), t->paper);
	s->page_w_pt = t->page_w;
	s->page_h_pt = t->page_h;
	s->shape = t->shape;
	s->label_w_pt = t->label_w;
	s->label_h_pt = t->label_h;
	s->corner_pt = t->corner;
	s->hole_pt = t->hole;
	s->margin_pt = t->margin;
	s->waste_x_pt = t->waste_x;
	s->waste_y_pt = t->waste_y;
	s->columns = t->layouts[0].nx;
	s->rows = t->layouts[0].ny;
	return place_labels(t, s, e);
}

struct rect
sheet_label(const struct sheet *s, int index)
{
	return (struct rect){
	    s->at[index].x, s->at[index].y, s->label_w_pt, s->label_h_pt};
}

/* The largest upright rectangle above the hole, inside the outer edge. */
static struct rect
above_hole(struct rect box, double hole, double margin)
{
	double radius = fmax(box.w, box.h) / 2 - margin;
	double x = box.x + box.w / 2, y = box.y + box.h / 2;
	struct rect best = {x, y, 0, 0}, now;

	for (int i = 1; i < CD_STEPS; i++) {
		double inner = hole + margin;
		double outer = inner + (radius - inner) * i / CD_STEPS;
		double half = sqrt(fmax(0, radius * radius - outer * outer));

		now.h = fmin(outer, box.h / 2 - margin) - inner;
		now.w = 2 * fmin(half, box.w / 2 - margin);
		now.x = x - now.w / 2;
		now.y = y - inner - now.h;
		if (now.h > 0 && now.w > 0 && now.w * now.h > best.w * best.h)
			best = now;
	}
	return best;
}

struct rect
sheet_label_area(const struct sheet *s, int index)
{
	struct rect box = sheet_label(s, index);
	double limit = fmin(box.w, box.h) / 4;
	double margin = fmin(fmax(s->margin_pt, 0), limit);
	struct rect area = rect_grow(box, -margin);

	switch (s->shape) {
	case SHAPE_RECTANGLE: break;
	case SHAPE_ROUND:
	case SHAPE_ELLIPSE:
		area.x += area.w * (1 - M_SQRT1_2) / 2;
		area.y += area.h * (1 - M_SQRT1_2) / 2;
		area.w *= M_SQRT1_2;
		area.h *= M_SQRT1_2;
		break;
	case SHAPE_CD:
		return above_hole(box, fmax(s->hole_pt, 0),
		    fmin(margin, (fmax(box.w, box.h) / 2 - s->hole_pt) / 4));
	}
	return area;
}
