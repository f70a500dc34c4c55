/* SPDX-License-Identifier: Apache-2.0 */
/* What is printed where: order, labels, and whether each stamp has its room. */
#include <math.h>
#include <stdlib.h>

#include "filter/plan.h"
#include "tests/test.h"

#define LEN 124 /* bytes of the test's indicia */

static struct geometry
letter(int dpi)
{
	return (struct geometry){.page_w_pt = 612,
	    .page_h_pt = 792,
	    .width = 612 * dpi / 72,
	    .height = 792 * dpi / 72,
	    .dpi_x = dpi,
	    .dpi_y = dpi};
}

static struct placeholder
mark_at(double x, double y, int rotation)
{
	struct placeholder p = {.page = 1,
	    .place = 1,
	    .text = "[[postage 0.78]]",
	    .mark = {.has_amount = true, .amount = 780},
	    .box = {x, y, 90, 12},
	    .ink = {{x, y, 90, 12}},
	    .ink_count = 1,
	    .rotation = rotation};

	if (rotation == 90 || rotation == 270)
		p.box = p.ink[0] = (struct rect){x, y, 12, 90};
	return p;
}

static struct sheet
sheet_of(int count)
{
	static struct sheet s;

	memset(&s, 0, sizeof(s));
	strcpy(s.name, "Test 30");
	s.page_w_pt = 612;
	s.page_h_pt = 792;
	s.label_w_pt = 189;
	s.label_h_pt = 72;
	s.count = count;
	for (int i = 0; i < count; i++) {
		s.at[i].x = 13.5 + i % 3 * 200.25;
		s.at[i].y = 36 + i / 3 * 72;
	}
	return s;
}

/* Fits page 1 of a plan on an empty page; ink may be given. */
static bool
fit(struct plan *p, const struct geometry *g, struct rect printable,
    const struct ink_map *ink, struct err *e)
{
	struct stamp_quote quotes[64] = {{.indicium_len = LEN}};
	struct mark none = {.has_amount = false};
	struct plan_rules rules = {.defaults = &none};
	struct plan_sight sight = {.geometry = g,
	    .printable = printable,
	    .ink = ink,
	    .quotes = quotes};

	for (size_t i = 0; i < 64; i++)
		quotes[i].indicium_len = LEN;
	return plan_fit(p, 0, &rules, &sight, e);
}

static bool
fit_marks(struct placeholder *marks, size_t count, struct plan_stamp *out,
    const struct ink_map *ink, struct err *e)
{
	struct plan *p = plan_new(1, true, e);
	struct geometry g = letter(300);
	bool good;

	ok(p != NULL, "plan");
	good = plan_scan(p, marks, count, e) &&
	       fit(p, &g, geometry_printable(&g), ink, e);
	for (size_t i = 0; good && out != NULL && i < count; i++)
		out[i] = p->stamps[i];
	plan_free(p);
	return good;
}

static void
requests_are_in_the_order_of_output(void **state)
{
	struct placeholder two[2] = {mark_at(10, 10, 0), mark_at(300, 300, 0)};
	struct mark defaults = {.origin = 90210, .rate_class = "letter"};
	struct err e = ERR_INIT;

	(void)state;
	for (int collate = 0; collate < 2; collate++) {
		struct plan *p = plan_new(2, collate != 0, &e);
		struct stamp_request r[6];
		/* page and copy of each, as a printer gets them */
		static const uint32_t want[2][6][2] = {
		    {{1, 1}, {1, 1}, {1, 2}, {1, 2}, {2, 1}, {2, 2}},
		    {{1, 1}, {1, 1}, {2, 1}, {1, 2}, {1, 2}, {2, 2}}};

		is_ok(plan_scan(p, two, 2, &e), &e, "page 1");
		is_ok(plan_scan(p, two, 1, &e), &e, "page 2");
		is_int(plan_total(p), 6, "stamps of all copies");
		plan_requests(p, &defaults, r);
		for (int i = 0; i < 6; i++) {
			is_int(r[i].page, want[collate][i][0], "page");
			is_int(r[i].copy, want[collate][i][1], "copy");
			is_int(r[i].mark.origin, 90210, "default");
			is_str(r[i].mark.rate_class, "",
			    "no class where there is an amount");
		}
		is_int(r[1].place, 2, "place");
		is_int(r[1].x_um, 105833, "place in micrometres");
		plan_free(p);
	}
}

static void
labels_fill_from_the_first_and_repeat_the_page(void **state)
{
	struct sheet s = sheet_of(30);
	struct plan_sheet how = {.sheet = &s, .first = 29, .count = 33};
	struct mark none = {.has_amount = false};
	struct stamp_request requests[33];
	struct plan *p;
	struct err e = ERR_INIT;

	(void)state;
	p = plan_new(1, true, &e);
	is_ok(plan_scan(p, NULL, 0, &e), &e, "page");
	is_ok(plan_labels(p, &how, &e), &e, "labels");
	is_int(p->page_count, 3, "pages: 2 + 30 + 1");
	is_int(p->pages[2].source, 1, "the same background");
	is_int(p->stamps[0].label_number, 29, "first label");
	plan_requests(p, &none, requests);
	is_int(requests[0].label, 0, "no label without the sheet's number");
	is_int(p->stamps[2].label_number, 1, "from the top on page 2");
	is_int(p->stamps[2].page, 2, "page");
	is_int(p->stamp_count, 33, "count");
	plan_free(p);
}

static void
every_free_label_without_a_count(void **state)
{
	struct sheet s = sheet_of(30);
	bool used[30] = {false};
	struct plan_sheet how = {.sheet = &s, .serial = 7, .used = used};
	struct plan *p;
	struct err e = ERR_INIT;

	(void)state;
	used[0] = used[4] = true;
	p = plan_new(1, true, &e);
	is_ok(plan_scan(p, NULL, 0, &e), &e, "page");
	is_ok(plan_labels(p, &how, &e), &e, "labels");
	is_int(p->stamp_count, 28, "the free ones");
	is_int(p->stamps[0].label_number, 2, "the first free one");
	is_int(p->stamps[3].label_number, 6, "5 is used");
	plan_free(p);
	for (int i = 0; i < 30; i++)
		used[i] = true;
	p = plan_new(1, true, &e);
	is_ok(plan_scan(p, NULL, 0, &e), &e, "page");
	ok(!plan_labels(p, &how, &e), "a used sheet");
	is_err(&e, ERR_REQUEST, "a used sheet");
	plan_free(p);
}

static void
labels_refuse_what_cannot_be_meant(void **state)
{
	struct sheet s = sheet_of(30);
	struct plan_sheet how = {.sheet = &s, .serial = 7};
	struct placeholder mark = mark_at(10, 10, 0);
	struct err e = ERR_INIT;
	struct plan *p = plan_new(2, true, &e);

	(void)state;
	is_ok(plan_scan(p, NULL, 0, &e), &e, "page");
	ok(!plan_labels(p, &how, &e), "one numbered sheet, two copies");
	plan_free(p);
	e = (struct err)ERR_INIT;
	p = plan_new(1, true, &e);
	how = (struct plan_sheet){.sheet = &s, .first = 31};
	is_ok(plan_scan(p, NULL, 0, &e), &e, "page");
	ok(!plan_labels(p, &how, &e), "no such label");
	plan_free(p);
	e = (struct err)ERR_INIT;
	p = plan_new(1, true, &e);
	how.first = 0;
	is_ok(plan_scan(p, &mark, 1, &e), &e, "page");
	ok(!plan_labels(p, &how, &e), "marks and labels");
	plan_free(p);
	e = (struct err)ERR_INIT;
	p = plan_new(1, true, &e);
	how.count = 61;
	is_ok(plan_scan(p, NULL, 0, &e), &e, "page 1");
	is_ok(plan_scan(p, NULL, 0, &e), &e, "page 2");
	ok(!plan_labels(p, &how, &e), "more labels than two pages have");
	is_err(&e, ERR_REQUEST, "more labels than two pages have");
	plan_free(p);
}

static void
the_stamp_sits_on_the_corner_of_its_mark(void **state)
{
	static const enum mark_corner corners[] = {
	    AT_DEFAULT, AT_NE, AT_SW, AT_SE, AT_CENTER};
	struct err e = ERR_INIT;
	struct plan_stamp s;

	(void)state;
	for (int rotation = 0; rotation < 360; rotation += 90)
		for (size_t i = 0; i < 5; i++) {
			struct placeholder m = mark_at(300, 400, rotation);
			double right, down, part_x, part_y;

			m.mark.at = corners[i];
			is_ok(fit_marks(&m, 1, &s, NULL, &e), &e, "fits");
			is_int(s.rotation, rotation, "rotation");
			/* What share of the free room is left and above, as
			 * the reader of the mark sees it. */
			part_x = (s.area.x - m.box.x) / (m.box.w - s.area.w);
			part_y = (s.area.y - m.box.y) / (m.box.h - s.area.h);
			right = rotation == 90	  ? part_y
				: rotation == 180 ? 1 - part_x
				: rotation == 270 ? 1 - part_y
						  : part_x;
			down = rotation == 90	 ? 1 - part_x
			       : rotation == 180 ? 1 - part_y
			       : rotation == 270 ? part_x
						 : part_y;
			is_int(right * 100 + 0.5,
			    i == 4	       ? 50
			    : i == 1 || i == 3 ? 100
					       : 0,
			    "right");
			is_int(down * 100 + 0.5,
			    i == 4  ? 50
			    : i > 1 ? 100
				    : 0,
			    "down");
		}
}

static void
a_turned_page_turns_the_stamp(void **state)
{
	struct placeholder m = mark_at(300, 200, 0);
	struct geometry g = {.page_w_pt = 792,
	    .page_h_pt = 612,
	    .width = 2550,
	    .height = 3300,
	    .dpi_x = 300,
	    .dpi_y = 300,
	    .turn = 90};
	struct err e = ERR_INIT;
	struct plan *p = plan_new(1, true, &e);
	const struct plan_stamp *s;

	(void)state;
	is_ok(plan_scan(p, &m, 1, &e), &e, "page");
	is_ok(fit(p, &g, geometry_printable(&g), NULL, &e), &e, "fits");
	s = &p->stamps[0];
	is_int(s->rotation, 90, "turned with its page");
	ok(s->dots.height > s->dots.width, "higher than wide in the raster");
	ok(fabs(s->area.x - 300) < 0.25, "on its mark, to the dot");
	ok(fabs(s->area.y - 200) < 0.25, "on its mark, to the dot");
	is_int(s->dots.y, 300 * 300 / 72, "300 points down in the raster");
	plan_free(p);
}

static void
the_edge_of_the_paper_is_respected(void **state)
{
	struct placeholder right = mark_at(600, 100, 0);
	struct placeholder left = mark_at(20, 100, 0);
	struct geometry g = letter(300);
	struct err e = ERR_INIT;
	struct plan *p;

	(void)state;
	ok(!fit_marks(&right, 1, NULL, NULL, &e), "off the paper");
	is_err(&e, ERR_REQUEST, "off the paper");
	ok(strstr(e.text, "page 1") != NULL, "names the page");
	ok(strstr(e.text, "[[postage 0.78]]") != NULL, "names the mark");
	ok(strstr(e.text, "move the mark") != NULL, "says what to do");
	e = (struct err)ERR_INIT;
	p = plan_new(1, true, &e);
	is_ok(plan_scan(p, &left, 1, &e), &e, "page");
	is_ok(fit(p, &g, (struct rect){18, 18, 576, 756}, NULL, &e), &e,
	    "inside the margin");
	ok(!fit(p, &g, (struct rect){25, 18, 569, 756}, NULL, &e),
	    "in the margin");
	is_err(&e, ERR_REQUEST, "in the margin");
	plan_free(p);
}

static void
two_stamps_do_not_overlap(void **state)
{
	struct placeholder two[2] = {
	    mark_at(100, 100, 0), mark_at(100, 130, 0)};
	struct err e = ERR_INIT;

	(void)state;
	ok(!fit_marks(two, 2, NULL, NULL, &e), "too near");
	ok(strstr(e.text, "stamp 1") != NULL, "names the other");
	e = (struct err)ERR_INIT;
	two[1] = mark_at(100, 300, 0);
	is_ok(fit_marks(two, 2, NULL, NULL, &e), &e, "apart");
}

static void
other_ink_is_never_covered(void **state)
{
	static uint32_t dots[612 * 792];
	struct ink_map ink = {.width = 612,
	    .height = 792,
	    .dpi = 72,
	    .stride = 612,
	    .xrgb = dots};
	struct placeholder m = mark_at(100, 100, 0);
	struct err e = ERR_INIT;
	struct plan_stamp s;

	(void)state;
	for (size_t i = 0; i < 612 * 792; i++)
		dots[i] = 0xffffff;
	for (int y = 101; y < 111; y++) /* the mark's own ink */
		for (int x = 102; x < 188; x++)
			dots[y * 612 + x] = 0;
	is_ok(fit_marks(&m, 1, &s, &ink, &e), &e, "only the mark");
	for (int x = 110; x < 130; x++)
		dots[120 * 612 + x] = 0;
	ok(!fit_marks(&m, 1, NULL, &ink, &e), "ink below the mark");
	is_err(&e, ERR_REQUEST, "ink below the mark");
	ok(strstr(e.text, "other ink") != NULL, "says why");
}

static void
an_envelope_has_its_place_on_the_page(void **state)
{
	struct placeholder m = mark_at(300, 400, 0);
	struct err e = ERR_INIT;
	struct plan_stamp s;

	(void)state;
	m.mark.size = SIZE_ENVELOPE;
	is_ok(fit_marks(&m, 1, &s, NULL, &e), &e, "fits");
	is_int(s.area.x + s.area.w + 0.5, 612 - IMPRINT_ENVELOPE_RIGHT_PT,
	    "from the right edge");
	is_int(s.area.y + 0.5, IMPRINT_ENVELOPE_TOP_PT, "from the top");
}

static void
a_label_too_small_is_refused(void **state)
{
	struct sheet s = sheet_of(30);
	struct plan_sheet how = {.sheet = &s, .count = 1};
	struct geometry g = letter(300);
	struct err e = ERR_INIT;
	struct plan *p = plan_new(1, true, &e);

	(void)state;
	is_ok(plan_scan(p, NULL, 0, &e), &e, "page");
	is_ok(plan_labels(p, &how, &e), &e, "labels");
	is_ok(fit(p, &g, geometry_printable(&g), NULL, &e), &e, "one inch");
	ok(rect_inside(p->stamps[0].area, sheet_label(&s, 0)), "in the label");
	plan_free(p);
	/* A margin over the label's edge moves the stamp, not the job. */
	p = plan_new(1, true, &e);
	is_ok(plan_scan(p, NULL, 0, &e), &e, "page");
	is_ok(plan_labels(p, &how, &e), &e, "labels");
	is_ok(fit(p, &g, (struct rect){22, 38, 568, 716}, NULL, &e), &e,
	    "margins of 22 points");
	ok(p->stamps[0].area.x > 21.7 && p->stamps[0].area.y > 37.7,
	    "moved to where the printer reaches");
	ok(rect_inside(p->stamps[0].area, rect_grow(sheet_label(&s, 0), 0.25)),
	    "still in the label");
	plan_free(p);
	s.label_h_pt = 20;
	p = plan_new(1, true, &e);
	is_ok(plan_scan(p, NULL, 0, &e), &e, "page");
	is_ok(plan_labels(p, &how, &e), &e, "labels");
	ok(!fit(p, &g, geometry_printable(&g), NULL, &e), "20 points");
	is_err(&e, ERR_REQUEST, "20 points");
	ok(strstr(e.text, "label 1") != NULL, "names the label");
	plan_free(p);
}

/* A printer that is off by some millimetres and per cent puts the stamp where
 * a true one would have, within a dot, whatever way the page is fed. */
static void
a_calibrated_printer_hits_the_label(void **state)
{
	static const double off[][4] = {{0, 0, 0, 0}, {3.4, -2.2, 0, 0},
	    {0, 0, 0.004, -0.006}, {-2, 5, -0.01, 0.01}};
	struct sheet s = sheet_of(30);
	struct err e = ERR_INIT;

	(void)state;
	for (size_t k = 0; k < 4 * 4; k++) {
		struct plan *p = plan_new(1, true, &e);
		struct plan_sheet how = {.sheet = &s, .first = 1, .count = 30};
		struct geometry g = letter(600);
		const double *o = off[k / 4], dot = 72.0 / 600;

		g.turn = (int)(k % 4) * 90;
		if (g.turn % 180 == 90) {
			g.width = 792 * 600 / 72;
			g.height = 612 * 600 / 72;
		}
		g.shift_x_pt = o[0], g.shift_y_pt = o[1];
		g.stretch_x = o[2], g.stretch_y = o[3];
		is_ok(plan_scan(p, NULL, 0, &e), &e, "page");
		is_ok(plan_labels(p, &how, &e), &e, "labels");
		is_ok(fit(p, &g, (struct rect){0, 0, 612, 792}, NULL, &e), &e,
		    "fit");
		for (size_t i = 0; i < p->stamp_count; i++) {
			const struct canvas_rect *d = &p->stamps[i].dots;
			/* what this printer does to its own axes */
			double fed_x = d->x * dot * (1 + o[2]) + o[0];
			double fed_y = d->y * dot * (1 + o[3]) + o[1];
			struct geometry true_one = g;
			struct rect r;

			true_one.shift_x_pt = true_one.shift_y_pt = 0;
			true_one.stretch_x = true_one.stretch_y = 0;
			r = geometry_to_sheet(&true_one,
			    (struct rect){fed_x / dot, fed_y / dot,
				d->width * (1 + o[2]), d->height * (1 + o[3])});
			ok(fabs(r.x + r.w / 2 - s.at[i].x - 189 / 2.0) < dot,
			    "across");
			ok(fabs(r.y + r.h / 2 - s.at[i].y - 72 / 2.0) < dot,
			    "down");
		}
		plan_free(p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(requests_are_in_the_order_of_output),
	    T(labels_fill_from_the_first_and_repeat_the_page),
	    T(every_free_label_without_a_count),
	    T(labels_refuse_what_cannot_be_meant),
	    T(the_stamp_sits_on_the_corner_of_its_mark),
	    T(a_turned_page_turns_the_stamp),
	    T(the_edge_of_the_paper_is_respected), T(two_stamps_do_not_overlap),
	    T(other_ink_is_never_covered),
	    T(an_envelope_has_its_place_on_the_page),
	    T(a_label_too_small_is_refused),
	    T(a_calibrated_printer_hits_the_label)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
