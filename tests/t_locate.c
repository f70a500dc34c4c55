/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <stdlib.h>

#include "stamp/locate.h"

#define GLYPHS 4000
#define MARKS  16

/* A page under construction: letters of 6 x 10 points. */
struct page {
	struct glyph glyphs[GLYPHS];
	size_t n;
};

static struct located found[MARKS];
static size_t count;

static void
put(struct page *p, uint32_t unicode, double x, double y, double w, double h)
{
	p->glyphs[p->n++] = (struct glyph){unicode, {x, y, w, h}};
}

/* One line of text, upper left of its first letter at (x, y), turned. */
static void
line(struct page *p, const char *text, double x, double y, int rotation)
{
	for (const char *c = text; *c; c++) {
		double step = 6.0 * (double)(c - text);
		unsigned char u = (unsigned char)*c;

		if (rotation == 90)
			put(p, u, x - 10, y + step, 10, 6);
		else if (rotation == 180)
			put(p, u, x - step - 6, y - 10, 6, 10);
		else if (rotation == 270)
			put(p, u, x, y - step - 6, 10, 6);
		else
			put(p, u, x + step, y, 6, 10);
		if (*c == ' ') /* boxes of blanks mean nothing */
			p->glyphs[p->n - 1].box = (struct rect){x, y, -40, 900};
	}
	put(p, '\n', 0, 0, 0, 0);
}

static void
locate(const struct page *p)
{
	struct err e = ERR_INIT;

	is_ok(locate_marks(p->glyphs, p->n, found, MARKS, &count, &e), &e,
	    "locate");
}

static void
refused(const struct page *p, const char *why)
{
	struct err e = ERR_INIT;

	ok(!locate_marks(p->glyphs, p->n, found, MARKS, &count, &e), why);
	is_err(&e, ERR_REQUEST, why);
	if (!strstr(e.text, why))
		fail_at("\"%s\" does not say \"%s\"", e.text, why);
}

static void
is_box(struct rect r, double x, double y, double w, double h)
{
	is_int(r.x * 10, x * 10, "x");
	is_int(r.y * 10, y * 10, "y");
	is_int(r.w * 10, w * 10, "w");
	is_int(r.h * 10, h * 10, "h");
}

static void
mark_in_running_text_has_its_own_box(void **state)
{
	struct page p = {.n = 0};

	(void)state;
	line(&p, "Dear [[postage 0.78]], yes", 100, 50, 0);
	locate(&p);
	is_int(count, 1, "marks");
	is_str(found[0].text, "[[postage 0.78]]", "text");
	is_int(found[0].mark.amount, 780, "amount");
	is_int(found[0].ink_count, 1, "lines");
	is_box(found[0].box, 130, 50, 96, 10);
	is_box(found[0].ink[0], 130, 50, 96, 10);
	is_int(found[0].rotation, 0, "rotation");
}

/* DejaVu Sans Mono by texttopdf: glyph 3 is the blank. */
static void
mark_in_glyph_numbers_is_read(void **state)
{
	struct page p = {.n = 0};
	char text[] = "[[Postage 0.78 to=90210]]";

	(void)state;
	line(&p, "7KLV LV >>SRVW text", 10, 80, 0);
	for (char *c = text; *c; c++)
		*c = (char)(*c - 29);
	line(&p, text, 10, 100, 0);
	line(&p, "7KLV", 10, 120, 0);
	locate_restore(p.glyphs, p.n);
	locate(&p);
	is_int(count, 1, "marks");
	is_str(found[0].text, "[[Postage 0.78 to=90210]]", "text");
	is_box(found[0].box, 10, 100, 150, 10);
	is_int(p.glyphs[0].unicode, '7', "other text before");
	is_int(p.glyphs[p.n - 2].unicode, 'V', "other text after");
}

static void
page_without_marks_has_none(void **state)
{
	struct page p = {.n = 0};

	(void)state;
	locate(&p);
	is_int(count, 0, "empty page");
	line(&p, "[[Stamp]] [postage] [ [postage 1]] a[[", 10, 10, 0);
	line(&p, "[[post office]] [[", 10, 30, 0);
	locate(&p);
	is_int(count, 0, "marks");
}

static void
mark_over_two_lines_has_two_ink_boxes(void **state)
{
	struct page p = {.n = 0};

	(void)state;
	line(&p, "some words before it [[postage", 100, 50, 0);
	line(&p, "0.78 to=90210]] and after", 100, 64, 0);
	locate(&p);
	is_int(count, 1, "marks");
	is_str(found[0].text, "[[postage 0.78 to=90210]]", "text");
	is_int(found[0].ink_count, 2, "lines");
	is_box(found[0].ink[0], 226, 50, 54, 10);
	is_box(found[0].ink[1], 100, 64, 90, 10);
	is_box(found[0].box, 100, 50, 180, 24);
}

static void
torn_words_are_joined(void **state)
{
	static const char *const torn[][2] = {{"[[postage 0.7", "8]]"},
	    {"[[post", "age 0.78]]"}, {"[[post-", "age 0.78]]"},
	    {"[[", "postage 0.78]]"}, {"[[postage 0.78]", "]"},
	    {"[[postage amou", "nt=0.78]]"}, {"[[postage amount=", "0.78]]"},
	    {"[[postage 0.78 to=90210-", "1234]]"},
	    {"[[postage 0.78 to=902", "10-1234]]"},
	    {"[[postage 0.78 class=first-", "letter]]"},
	    {"[[postage 0.78 weight=1", "oz]]"}};

	(void)state;
	for (size_t i = 0; i < sizeof(torn) / sizeof(torn[0]); i++) {
		struct page p = {.n = 0};

		line(&p, torn[i][0], 100, 50, 0);
		line(&p, torn[i][1], 100, 62, 0);
		locate(&p);
		is_int(count, 1, torn[i][0]);
		is_int(found[0].mark.amount, 780, torn[i][0]);
	}
	is_int(found[0].mark.weight_mg, 28350, "last one");
}

static void
hyphen_at_a_line_end_stays_where_it_belongs(void **state)
{
	struct page p = {.n = 0};

	(void)state;
	line(&p, "[[postage 0.78 class=first-", 100, 50, 0);
	line(&p, "letter cost=AB-", 100, 62, 0);
	line(&p, "CD]]", 100, 74, 0);
	locate(&p);
	is_str(found[0].mark.rate_class, "first-letter", "class");
	is_str(found[0].mark.cost, "AB-CD", "cost");
	p.n = 0;
	line(&p, "[[postage 0.78 to=90210-", 100, 50, 0);
	line(&p, "123456 date=2026-11-", 100, 62, 0);
	line(&p, "24]]", 100, 74, 0);
	locate(&p);
	is_int(found[0].mark.to, 90210123456, "to");
	is_int(found[0].mark.date, 20261124, "date");
}

/* As a table comes out of the text layout: line by line through the row. */
static void
cells_side_by_side_are_read_down_not_across(void **state)
{
	struct page p = {.n = 0};

	(void)state;
	line(&p, "[[postage 0.81", 50, 100, 0);
	line(&p, "Mary Smith", 200, 100, 0);
	line(&p, "[[postage 0.82", 350, 100, 0);
	line(&p, "to=10001]]", 50, 112, 0);
	line(&p, "12 Long Street", 200, 112, 0);
	line(&p, "to=20002]]", 350, 112, 0);
	locate(&p);
	is_int(count, 2, "marks");
	is_int(found[0].mark.amount, 810, "left");
	is_int(found[0].mark.to, 10001, "left");
	is_box(found[0].ink[1], 50, 112, 60, 10);
	is_int(found[1].mark.amount, 820, "right");
	is_int(found[1].mark.to, 20002, "right");
	is_box(found[1].ink[1], 350, 112, 60, 10);
}

/* The lines of the cells need not stand at one height. */
static void
staggered_cells_stay_apart(void **state)
{
	struct page p = {.n = 0};

	(void)state;
	line(&p, "[[postage 0.81", 50, 100, 0);
	line(&p, "12 Long Street", 142, 106, 0);
	line(&p, "to=10001]]", 50, 112, 0);
	locate(&p);
	is_str(found[0].text, "[[postage 0.81 to=10001]]", "text");
}

/* Narrow cells come as one line, with one blank between them. */
static void
cells_in_one_line_of_text_are_taken_apart(void **state)
{
	struct page p = {.n = 0};

	(void)state;
	line(&p, "[[postage 0.81 ", 50, 100, 0);
	p.n--; /* no line end */
	line(&p, "12 Long Street", 145, 100, 0);
	line(&p, "to=10001 ", 50, 112, 0);
	p.n--;
	line(&p, "Springfield", 145, 112, 0);
	line(&p, "cost=A]] ", 50, 124, 0);
	p.n--;
	line(&p, "Far Away", 145, 124, 0);
	locate(&p);
	is_int(count, 1, "marks");
	is_str(found[0].text, "[[postage 0.81 to=10001 cost=A]]", "text");
	is_box(found[0].ink[1], 50, 112, 48, 10);
}

/* A justified line with wide holes is no row of a table. */
static void
words_beyond_a_hole_are_never_lost(void **state)
{
	struct page p = {.n = 0};

	(void)state;
	line(&p, "[[postage 0.81", 50, 100, 0);
	line(&p, "to=90210", 160, 100, 0);
	line(&p, "cost=A]]", 50, 112, 0);
	locate(&p);
	is_str(found[0].text, "[[postage 0.81 to=90210 cost=A]]", "text");
	is_int(found[0].ink_count, 3, "parts");
	p.n = 0;
	line(&p, "[[postage", 50, 100, 0);
	line(&p, "0.81", 160, 100, 0);
	line(&p, "to=90210]]", 50, 112, 0);
	locate(&p);
	is_str(found[0].text, "[[postage 0.81 to=90210]]", "text");
	p.n = 0;
	line(&p, "[[postage 0.81", 50, 100, 0);
	line(&p, "zip=1", 160, 100, 0);
	line(&p, "to=90210]]", 50, 112, 0);
	refused(&p, "unknown word \"zip\"");
}

/* Three lines in each cell: what is left aligned is a column. */
static void
narrow_cells_of_three_lines_stay_apart(void **state)
{
	struct page p = {.n = 0};

	(void)state;
	line(&p, "[[postage 0.81", 50, 100, 0);
	line(&p, "[[postage 0.82", 150, 100, 0);
	line(&p, "to=10001", 50, 112, 0);
	line(&p, "to=20002", 150, 112, 0);
	line(&p, "cost=A]]", 50, 124, 0);
	line(&p, "cost=B]]", 150, 124, 0);
	locate(&p);
	is_int(count, 2, "marks");
	is_str(found[0].text, "[[postage 0.81 to=10001 cost=A]]", "left");
	is_str(found[1].text, "[[postage 0.82 to=20002 cost=B]]", "right");
}

static void
mark_over_two_columns_follows_the_stream(void **state)
{
	struct page p = {.n = 0};

	(void)state;
	line(&p, "[[postage 0.81", 50, 700, 0);
	line(&p, "to=10001]]", 350, 100, 0);
	locate(&p);
	is_int(count, 1, "marks");
	is_int(found[0].mark.to, 10001, "to");
}

static void
quarter_turns_are_told(void **state)
{
	(void)state;
	for (int turn = 0; turn < 360; turn += 90) {
		static const int down_x[] = {0, -12, 0, 12};
		static const int down_y[] = {12, 0, -12, 0};
		struct page p = {.n = 0};

		line(&p, "[[postage 0.78", 300, 400, turn);
		line(&p, "to=90210]]", 300 + down_x[turn / 90],
		    400 + down_y[turn / 90], turn);
		locate(&p);
		is_int(count, 1, "marks");
		is_int(found[0].rotation, turn, "rotation");
		is_int(found[0].mark.to, 90210, "to");
	}
	/* the last one: upwards, the second line to the right */
	is_box(found[0].ink[0], 300, 316, 10, 84);
	is_box(found[0].ink[1], 312, 340, 10, 60);
}

static void
askew_mark_is_refused(void **state)
{
	struct page p = {.n = 0};

	(void)state;
	for (const char *c = "[[postage 1]]"; *c; c++)
		put(&p, (unsigned char)*c, 100 + 5.0 * (double)p.n,
		    100 + 3.0 * (double)p.n, 6, 10);
	refused(&p, "askew");
}

static void
sizes_and_fonts_may_change_within_a_mark(void **state)
{
	struct page p = {.n = 0};

	(void)state;
	line(&p, "[[postage ", 100, 50, 0);
	p.n--; /* no line end */
	put(&p, '0', 160, 40, 12, 20);
	put(&p, '.', 172, 40, 6, 20);
	put(&p, '5', 178, 52, 5, 8);
	put(&p, 0x00ad, 183, 52, 5, 8); /* soft hyphen */
	put(&p, ']', 183, 50, 6, 10);
	put(&p, ']', 189, 50, 6, 10);
	locate(&p);
	is_int(count, 1, "marks");
	is_int(found[0].mark.amount, 500, "amount");
	is_box(found[0].box, 100, 40, 95, 20);
}

static void
unclosed_mark_is_refused(void **state)
{
	struct page p = {.n = 0};

	(void)state;
	line(&p, "[[postage 0.78", 100, 50, 0);
	refused(&p, "not closed");
	line(&p, "and no end to it", 100, 62, 0);
	refused(&p, "\"[[postage 0.78");
	for (int i = 2; i < 12; i++)
		line(&p, "more", 100, 50 + 12 * i, 0);
	line(&p, "]]", 100, 50 + 12 * 12, 0);
	refused(&p, "not closed");
}

static void
unreadable_mark_is_refused_with_its_words(void **state)
{
	struct page p = {.n = 0};

	(void)state;
	line(&p, "[[postage 0.78 zip=90210]]", 100, 50, 0);
	refused(&p, "mark \"[[postage 0.78 zip=90210]]\": unknown word");
	p.n = 0;
	line(&p, "[[postage 0.78", 100, 50, 0);
	line(&p, "[[postage 0.78]]", 100, 62, 0);
	refused(&p, "bracket");
	p.n = 0;
	line(&p, "[[postage0.78]]", 100, 50, 0);
	refused(&p, "begins with");
}

static void
what_was_meant_as_a_mark_is_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} pages[] = {{"Pay [postage 0.78] now", "mean [[postage 0.78]]?"},
	    {"[[postge 0,78]]", "mean [[postage 0.78]]?"},
	    {"{{postage 0.78}}", "mean [[postage 0.78]]?"},
	    {"[[1]] [postage 1] [[postage 0.78]]", "mean [[postage 1]]?"},
	    {"text [[posta", "ends within its first word"}};

	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		struct page p = {.n = 0};

		line(&p, pages[i].text, 100, 50, 0);
		line(&p, "The next line", 100, 150, 0);
		refused(&p, pages[i].why);
	}
}

/* How a document speaks of marks. */
static void
parted_brackets_are_text(void **state)
{
	struct page p = {.n = 0};

	(void)state;
	line(&p, "Write [ [postage 0.78] ] or [ postage 0.78]", 10, 50, 0);
	line(&p, "the [postage] of (postage 0.78) [[post", 10, 70, 0);
	locate(&p);
	is_int(count, 0, "marks");
}

static void
near_miss_in_glyph_numbers_is_read(void **state)
{
	struct page p = {.n = 0};
	char text[] = "[postage 0.78]";

	(void)state;
	for (char *c = text; *c; c++)
		*c = (char)(*c - 29);
	line(&p, text, 10, 100, 0);
	locate_restore(p.glyphs, p.n);
	refused(&p, "mean [[postage 0.78]]?");
}

static void
marks_come_in_reading_order(void **state)
{
	struct page p = {.n = 0};

	(void)state;
	line(&p, "[[postage 3]]", 50, 300, 0);
	line(&p, "[[postage 2]]", 300, 100.4, 0);
	line(&p, "[[postage 1]] [[[postage 1.5]]", 50, 100, 0);
	locate(&p);
	is_int(count, 4, "marks");
	is_int(found[0].mark.amount, 1000, "first");
	is_int(found[1].mark.amount, 1500, "second");
	is_int(found[2].mark.amount, 2000, "third");
	is_int(found[3].mark.amount, 3000, "fourth");
}

static void
too_many_marks_are_refused(void **state)
{
	struct page p = {.n = 0};

	(void)state;
	for (int i = 0; i < MARKS; i++)
		line(&p, "[[postage 1]]", 50, 20.0 * i, 0);
	locate(&p);
	is_int(count, MARKS, "marks");
	line(&p, "[[postage 1]]", 50, 20.0 * MARKS, 0);
	refused(&p, "more than 16");
}

static void
hostile_boxes_do_no_harm(void **state)
{
	static struct page p;
	static const double odd[] = {
	    0, -1, 1e308, -1e308, 0.0 / 0.0, 1.0 / 0.0};
	static const char letters[] = "[[postage 1]] \n-]";
	struct err e = ERR_INIT;
	uint32_t seed = 1;

	(void)state;
	for (int run = 0; run < 200; run++) {
		p.n = 0;
		for (int i = 0; i < 600; i++) {
			seed = seed * 1664525 + 1013904223;
			put(&p,
			    (unsigned char)
				letters[seed >> 8 && seed & 3
					    ? (size_t)i % (sizeof(letters) - 1)
					    : (seed >> 16) %
						  (sizeof(letters) - 1)],
			    odd[(seed >> 20) % 6], odd[(seed >> 23) % 6],
			    odd[(seed >> 26) % 6], odd[(seed >> 29) % 6]);
		}
		if (locate_marks(p.glyphs, p.n, found, MARKS, &count, &e))
			ok(count <= MARKS, "count");
	}
}

static void
page_full_of_brackets_ends(void **state)
{
	size_t n = 120000;
	struct glyph *g = calloc(n, sizeof(*g));
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < n; i++)
		g[i] = (struct glyph){i % 3 == 2 ? '\n' : '[',
		    {(double)(i % 3) * 6, (double)(i / 3), 6, 10}};
	ok(!locate_marks(g, n, found, MARKS, &count, &e), "refused");
	is_err(&e, ERR_REQUEST, "brackets");
	free(g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(mark_in_running_text_has_its_own_box),
	    T(mark_in_glyph_numbers_is_read),
	    T(page_without_marks_has_none),
	    T(mark_over_two_lines_has_two_ink_boxes),
	    T(torn_words_are_joined),
	    T(hyphen_at_a_line_end_stays_where_it_belongs),
	    T(cells_side_by_side_are_read_down_not_across),
	    T(staggered_cells_stay_apart),
	    T(cells_in_one_line_of_text_are_taken_apart),
	    T(words_beyond_a_hole_are_never_lost),
	    T(narrow_cells_of_three_lines_stay_apart),
	    T(mark_over_two_columns_follows_the_stream),
	    T(quarter_turns_are_told),
	    T(askew_mark_is_refused),
	    T(sizes_and_fonts_may_change_within_a_mark),
	    T(unclosed_mark_is_refused),
	    T(unreadable_mark_is_refused_with_its_words),
	    T(what_was_meant_as_a_mark_is_refused),
	    T(parted_brackets_are_text),
	    T(near_miss_in_glyph_numbers_is_read),
	    T(marks_come_in_reading_order),
	    T(too_many_marks_are_refused),
	    T(hostile_boxes_do_no_harm),
	    T(page_full_of_brackets_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
