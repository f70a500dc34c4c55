/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <pthread.h>
#include <stdlib.h>

#include "stamp/imprint.h"
#include "stamp/imprint_dots.h"
#include "stamp/imprint_layout.h"
#include "stamp/imprint_text.h"

/* Pango keeps its fonts, and with them fontconfig's patterns, to the end. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libfontconfig\n";
}

static const struct imprint_text plain = {.amount = 780,
    .mail_date = 20261121,
    .mailby = 20261128,
    .psd_expires = 20281121,
    .origin_place = "Springfield IL",
    .origin_zip = 62701,
    .class_name = "First-Class Letter",
    .psd_id = "XXPS0001234567"};

/* The most that every field can hold, and what no field should. */
static const struct imprint_text crowded = {.amount = 16777215,
    .currency = "US $",
    .mail_date = 20281230,
    .mailby = 20281230,
    .psd_expires = 20281230,
    .origin_place =
	"Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
    .origin_zip = 99999,
    .class_name = "Priority Mail Express\nIntl \x1b[1m WWWWWWWW",
    .psd_id = "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWW",
    .specimen = true};

static const struct imprint_text empty = {.amount = 0};

static const struct {
	enum imprint_layout layout;
	enum symbol_kind symbol;
	size_t len;
} kinds[] = {
    {LAYOUT_LABEL, SYMBOL_QR, 114},
    {LAYOUT_LABEL, SYMBOL_QR, 142},
    {LAYOUT_LABEL, SYMBOL_DATAMATRIX, 142},
    {LAYOUT_LABEL, SYMBOL_DMRE, 116},
    {LAYOUT_LABEL, SYMBOL_PDF417, 142},
    {LAYOUT_SMALL, SYMBOL_DMRE, 116},
    {LAYOUT_SMALL, SYMBOL_DMRE, 20},
    {LAYOUT_SMALL, SYMBOL_QR, 20},
    {LAYOUT_SMALL, SYMBOL_DATAMATRIX, 142},
    {LAYOUT_ENVELOPE, SYMBOL_QR, 142},
    {LAYOUT_ENVELOPE, SYMBOL_QR, 20},
    {LAYOUT_ENVELOPE, SYMBOL_DATAMATRIX, 124},
};

static const struct {
	int x, y;
} resolutions[] = {
    {203, 203}, {300, 300}, {600, 600}, {600, 300}, {180, 360}, {203, 300}};

#define KINDS	    (sizeof kinds / sizeof kinds[0])
#define RESOLUTIONS (sizeof resolutions / sizeof resolutions[0])

static uint8_t data[256];

static struct imprint_spec
spec_of(size_t kind, size_t resolution)
{
	for (size_t i = 0; i < sizeof data; i++)
		data[i] = (uint8_t)(i * 167 + i / 3);
	return (struct imprint_spec){.layout = kinds[kind].layout,
	    .symbol = kinds[kind].symbol,
	    .indicium_len = kinds[kind].len,
	    .dpi_x = resolutions[resolution].x,
	    .dpi_y = resolutions[resolution].y};
}

static void
each(void (*check)(const struct imprint_spec *))
{
	for (size_t k = 0; k < KINDS; k++)
		for (size_t r = 0; r < RESOLUTIONS; r++) {
			struct imprint_spec spec = spec_of(k, r);

			check(&spec);
		}
}

/* One pen for all tests, as one draws all stamps of a job. */
static struct imprint_pen *pen;

static struct imprint
drawn_with(struct imprint_pen *p, const struct imprint_spec *spec,
    const struct imprint_text *text)
{
	struct err e = ERR_INIT;
	struct imprint im;

	is_ok(imprint_draw(p, spec, data, text, &im, &e), &e, "draw");
	return im;
}

static struct imprint
drawn(const struct imprint_spec *spec, const struct imprint_text *text)
{
	return drawn_with(pen, spec, text);
}

/* Is a file of this folder in our memory? */
static bool
is_mapped(const char *folder)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];
	bool found = false;

	ok(maps != NULL, "/proc/self/maps");
	while (!found && fgets(line, sizeof(line), maps) != NULL)
		found = strstr(line, folder) != NULL;
	fclose(maps);
	return found;
}

static struct imprint_pen *
new_pen(void)
{
	struct err e = ERR_INIT;
	struct imprint_pen *p = imprint_pen_new(&e);

	is_ok(p != NULL, &e, "pen");
	return p;
}

static bool
any_ink(const struct imprint *im, int x0, int y0, int x1, int y1)
{
	for (int y = y0; y < y1; y++)
		for (int x = x0; x < x1; x++)
			if (imprint_get(im, x, y))
				return true;
	return false;
}

static void
check_size(const struct imprint_spec *spec)
{
	const struct imprint_text *texts[] = {&plain, &crowded, &empty};
	struct err e = ERR_INIT;
	int w, h;

	is_ok(imprint_size(spec, &w, &h, &e), &e, "size");
	for (int i = 0; i < 3; i++) {
		struct imprint im = drawn(spec, texts[i]);

		is_int(im.width, w, "width");
		is_int(im.height, h, "height");
		imprint_free(&im);
		ok(im.bits == NULL, "freed");
	}
}

static void
size_is_known_before_words_and_bytes(void **state)
{
	(void)state;
	each(check_size);
}

/* Every module is whole dots of one colour, and the quiet zone is empty,
 * however much there is to say. */
static void
check_symbol(const struct imprint_spec *spec)
{
	static struct symbol s;
	struct err e = ERR_INIT;
	struct imprint_plan p;
	struct imprint im = drawn(spec, &crowded);
	int qx, qy;

	is_ok(imprint_plan(spec, &p, &e), &e, "plan");
	is_ok(symbol_encode(spec->symbol, data, spec->indicium_len, &s, &e), &e,
	    "encode");
	qx = s.shape.quiet * p.module_x;
	qy = s.shape.quiet * p.module_y;
	ok(p.symbol.x >= qx && p.symbol.y >= qy, "quiet zone inside");
	ok(p.symbol.x + p.symbol.w + qx <= im.width, "quiet zone inside");
	ok(p.symbol.y + p.symbol.h + qy <= im.height, "quiet zone inside");
	for (int y = -qy; y < p.symbol.h + qy; y++) {
		for (int x = -qx; x < p.symbol.w + qx; x++) {
			bool want =
			    x >= 0 && y >= 0 &&
			    symbol_get(&s, x / p.module_x, y / p.module_y);

			is_int(imprint_get(&im, p.symbol.x + x, p.symbol.y + y),
			    want, "module or quiet zone");
		}
	}
	imprint_free(&im);
}

static void
modules_are_whole_dots_and_quiet_zones_empty(void **state)
{
	(void)state;
	each(check_symbol);
}

static void
check_words(const struct imprint_spec *spec)
{
	struct err e = ERR_INIT;
	struct imprint_plan p;
	struct imprint im = drawn(spec, &plain);

	is_ok(imprint_plan(spec, &p, &e), &e, "plan");
	ok(any_ink(&im, p.amount.x, p.amount.y, p.amount.x + p.amount.w,
	       p.amount.y + p.amount.h),
	    "amount");
	ok(any_ink(&im, p.words.x, p.words.y + p.words.h * 4 / 5,
	       p.words.x + p.words.w, p.words.y + p.words.h),
	    "last line");
	imprint_free(&im);
	im = drawn(spec, &crowded);
	ok(!any_ink(&im, p.words.x + p.words.w + 1, p.words.y, im.width,
	       p.symbol.y < p.words.y ? p.words.y : p.words.y + p.words.h) ||
		spec->layout == LAYOUT_ENVELOPE,
	    "words end where they should");
	imprint_free(&im);
}

static void
words_are_printed_in_their_place(void **state)
{
	(void)state;
	each(check_words);
}

static void
stamps_fit_their_labels(void **state)
{
	struct err e = ERR_INIT;
	int w, h;

	(void)state;
	for (size_t k = 0; k < KINDS; k++)
		for (size_t r = 0; r < RESOLUTIONS; r++) {
			struct imprint_spec s = spec_of(k, r);
			bool wide = s.symbol == SYMBOL_PDF417;
			bool low = s.symbol == SYMBOL_DMRE;

			is_ok(imprint_size(&s, &w, &h, &e), &e, "size");
			if (s.layout == LAYOUT_LABEL && !wide) {
				ok(w * 8 <= 21 * s.dpi_x, "2 5/8 in");
				ok(h <= s.dpi_y, "1 in");
			} else if (s.layout == LAYOUT_SMALL && low) {
				ok(w * 4 <= 7 * s.dpi_x, "1 3/4 in");
				ok(h * 2 <= s.dpi_y, "1/2 in");
			} else if (s.layout == LAYOUT_ENVELOPE) {
				ok(w * 254 <= 740 * s.dpi_x, "74 mm");
				ok(h * 254 <= 400 * s.dpi_y, "40 mm");
			}
		}
}

/* Publication 25: the right edge of the last bar is 2 in from the envelope's
 * right edge, give or take 1/8; bars 5/8 in high, 1/32 in wide +- 0.008. */
static void
facing_mark_is_where_machines_look(void **state)
{
	(void)state;
	for (size_t r = 0; r < RESOLUTIONS; r++) {
		struct imprint_spec s = spec_of(9, r);
		struct imprint im = drawn(&s, &crowded);
		double right = 0, tall = 0;
		int clear = im.width - s.dpi_x, bars = 0, width = 0, row;

		/* the mark's clear zone ends 1 1/4 in from the edge */
		row = s.dpi_y / 100;
		for (int x = 0; x < clear; x++) {
			if (!imprint_get(&im, x, row))
				continue;
			if (!imprint_get(&im, x - 1, row)) {
				bars++;
				width = 0;
			}
			width++;
			right = x + 1;
			if (imprint_get(&im, x + 1, row))
				continue;
			ok(width >= 0.0232 * s.dpi_x &&
				width <= 0.0393 * s.dpi_x,
			    "bar width");
		}
		is_int(bars, 7, "bars of FIM D");
		right = (im.width - right) / s.dpi_x +
			IMPRINT_ENVELOPE_RIGHT_PT / 72;
		ok(right > 1.99 && right < 2.01, "2 in");
		while (imprint_get(&im, s.dpi_x / 10 + 1, (int)tall))
			tall++;
		ok(tall / s.dpi_y > 0.62 && tall / s.dpi_y < 0.63, "5/8 in");
		ok(!any_ink(&im, (int)(0.75 * s.dpi_x), 0, clear,
		       (int)(0.625 * s.dpi_y)),
		    "clear zone");
		imprint_free(&im);
	}
}

static void
bar_reduction_takes_dots_off_dark_runs(void **state)
{
	struct imprint_spec s = spec_of(1, 2);
	struct imprint_plan p;
	struct err e = ERR_INIT;
	static struct symbol sym;

	(void)state;
	is_ok(imprint_plan(&s, &p, &e), &e, "plan");
	is_ok(symbol_encode(s.symbol, data, s.indicium_len, &sym, &e), &e, "");
	for (s.bar_reduction = 0; s.bar_reduction <= 3; s.bar_reduction++) {
		struct imprint im = drawn(&s, &plain);

		/* the finder's first row is 7 dark modules, then a light one */
		for (int turned = 0; turned < 2; turned++) {
			int from = -1, run = 0;

			for (int i = 0; i < 8 * p.module_x; i++) {
				int a = p.symbol.x + (turned ? 5 : i);
				int b = p.symbol.y + (turned ? i : 5);

				if (imprint_get(&im, a, b) && run++ == 0)
					from = i;
			}
			is_int(run, 7 * p.module_x - s.bar_reduction, "run");
			is_int(from, s.bar_reduction / 2, "from the middle");
		}
		imprint_free(&im);
	}
	s.bar_reduction = 4;
	ok(!imprint_size(&s, &p.width, &p.height, &e), "too much");
	is_err(&e, ERR_CONFIG, "too much");
}

static void
specimens_say_so(void **state)
{
	struct imprint_spec s = spec_of(0, 1);
	struct imprint_text text = plain;
	struct imprint im[3];

	(void)state;
	im[0] = drawn(&s, &text);
	text.specimen = true;
	im[1] = drawn(&s, &text);
	text.specimen = false;
	text.kind = KIND_SPECIMEN;
	im[2] = drawn(&s, &text);
	ok(memcmp(im[0].bits, im[1].bits, im[0].stride * 100) != 0, "SPECIMEN");
	is_mem(im[1].bits, im[2].bits, im[1].stride * (size_t)im[1].height,
	    "said alike");
	for (int i = 0; i < 3; i++)
		imprint_free(&im[i]);
}

static void
what_cannot_be_printed_is_refused(void **state)
{
	struct imprint_spec good = spec_of(0, 1), s;
	struct err e = ERR_INIT;
	struct imprint im;
	int w, h;

	(void)state;
#define REFUSED(change, kind)                               \
	do {                                                \
		s = good;                                   \
		change;                                     \
		ok(!imprint_size(&s, &w, &h, &e), #change); \
		is_err(&e, kind, #change);                  \
	} while (0)
	REFUSED(s.indicium_len = 0, ERR_REQUEST);
	REFUSED(s.indicium_len = 5000, ERR_REQUEST);
	REFUSED(s.symbol = SYMBOL_FIM_D, ERR_REQUEST);
	REFUSED(s.layout = LAYOUTS, ERR_REQUEST);
	REFUSED(s.dpi_x = 72, ERR_CONFIG);
	REFUSED(s.dpi_y = 0, ERR_CONFIG);
	REFUSED(s.bar_reduction = -1, ERR_CONFIG);
	REFUSED(s.layout = LAYOUT_ENVELOPE;
		s.symbol = SYMBOL_PDF417, ERR_REQUEST);
	REFUSED(s.layout = LAYOUT_ENVELOPE;
		s.symbol = SYMBOL_DMRE, ERR_REQUEST);
	REFUSED(s.layout = LAYOUT_SMALL; s.symbol = SYMBOL_PDF417, ERR_REQUEST);
	REFUSED(s.symbol = SYMBOL_DMRE; s.indicium_len = 117, ERR_REQUEST);
#undef REFUSED
	ok(!imprint_draw(pen, &s, data, &plain, &im, &e), "draw");
	ok(im.bits == NULL, "nothing to free");
}

static void
layouts_follow_mark_and_label(void **state)
{
	(void)state;
	is_int(imprint_choose(SIZE_AUTO, 0, 0), LAYOUT_LABEL, "free space");
	is_int(imprint_choose(SIZE_AUTO, 189, 72), LAYOUT_LABEL, "5160");
	is_int(imprint_choose(SIZE_AUTO, 126, 36), LAYOUT_SMALL, "5167");
	is_int(imprint_choose(SIZE_SMALL, 189, 72), LAYOUT_SMALL, "asked for");
	is_int(imprint_choose(SIZE_ENVELOPE, 0, 0), LAYOUT_ENVELOPE, "asked");
	is_int(imprint_default_symbol(LAYOUT_SMALL), SYMBOL_DMRE, "small");
	is_int(imprint_default_symbol(LAYOUT_LABEL), SYMBOL_QR, "label");
}

static void
is_same(const struct imprint *got, const struct imprint *want, const char *what)
{
	is_int(got->width, want->width, what);
	is_int(got->height, want->height, what);
	is_mem(
	    got->bits, want->bits, want->stride * (size_t)want->height, what);
}

static void
check_against_fresh(
    const struct imprint_spec *spec, const struct imprint_text *text)
{
	struct imprint_pen *fresh = new_pen();
	struct imprint want = drawn_with(fresh, spec, text);
	struct imprint got = drawn(spec, text);

	is_same(&got, &want, "as with a fresh pen");
	imprint_free(&want);
	imprint_free(&got);
	imprint_pen_free(fresh);
}

/* In no order, so that words of many sizes come and go. */
static void
what_is_drawn_does_not_depend_on_what_was(void **state)
{
	const struct imprint_text *texts[] = {&plain, &crowded, &empty};

	(void)state;
	srand(11);
	for (int i = 0; i < 150; i++) {
		struct imprint_spec spec = spec_of(
		    (size_t)rand() % KINDS, (size_t)rand() % RESOLUTIONS);
		struct imprint_text text = *texts[rand() % 3];

		spec.bar_reduction = rand() % 2;
		text.specimen = rand() % 2;
		text.amount += rand() % 3;
		check_against_fresh(&spec, &text);
	}
}

static void
more_words_than_a_pen_keeps_are_drawn_alike(void **state)
{
	struct imprint_spec spec = spec_of(1, 2);
	struct imprint_text text = plain;

	(void)state;
	for (int i = 0; i < 2 * IMPRINT_WORDS; i++) {
		struct imprint im;

		text.amount = 10 * i;
		im = drawn(&spec, &text);
		imprint_free(&im);
	}
	for (int i = 0; i < 2 * IMPRINT_WORDS; i += IMPRINT_WORDS / 4) {
		text.amount = 10 * i;
		check_against_fresh(&spec, &text);
	}
	/* words so large that their bytes are the limit */
	spec.dpi_x = spec.dpi_y = 4800;
	check_against_fresh(&spec, &plain);
	check_against_fresh(&spec, &text);
	check_against_fresh(&spec, &plain);
}

/* A document without stamps must not pay for fonts. */
static void
fonts_are_loaded_by_the_first_stamp_alone(void **state)
{
	struct imprint_spec spec = spec_of(0, 1);
	struct imprint im;
	int w, h;
	struct err e = ERR_INIT;

	(void)state;
	is_ok(imprint_size(&spec, &w, &h, &e), &e, "size");
	ok(!is_mapped("/fonts/"), "no font by then");
	im = drawn(&spec, &plain);
	ok(is_mapped("/fonts/"), "now there is one");
	imprint_free(&im);
}

struct thread {
	pthread_t id;
	struct imprint_pen *pen;
	struct imprint im[40];
	bool failed;
};

static void *
draw_many(void *context)
{
	struct thread *t = context;
	struct err e = ERR_INIT;

	for (int i = 0; i < 40; i++) {
		struct imprint_spec spec = {.layout = LAYOUT_LABEL,
		    .symbol = i % 2 != 0 ? SYMBOL_QR : SYMBOL_DATAMATRIX,
		    .indicium_len = 142,
		    .dpi_x = 300,
		    .dpi_y = 300};
		struct imprint_text text = plain;

		text.amount = 10 * i;
		if (!imprint_draw(t->pen, &spec, data, &text, &t->im[i], &e))
			t->failed = true;
	}
	return NULL;
}

static void
two_threads_draw_at_once(void **state)
{
	static struct thread thread[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		thread[i].pen = new_pen();
		is_int(
		    pthread_create(&thread[i].id, NULL, draw_many, &thread[i]),
		    0, "thread");
	}
	for (int i = 0; i < 2; i++) {
		is_int(pthread_join(thread[i].id, NULL), 0, "join");
		ok(!thread[i].failed, "drawn");
		imprint_pen_free(thread[i].pen);
	}
	for (int i = 0; i < 40; i++) {
		is_same(&thread[0].im[i], &thread[1].im[i], "both alike");
		imprint_free(&thread[0].im[i]);
		imprint_free(&thread[1].im[i]);
	}
}

/* Where a dot was before it was mirrored, then turned clockwise. */
static bool
before(const struct imprint *im, int x, int y, int rotation, bool mirror)
{
	int u = x, v = y;

	if (rotation == 90) {
		u = y;
		v = im->height - 1 - x;
	} else if (rotation == 180) {
		u = im->width - 1 - x;
		v = im->height - 1 - y;
	} else if (rotation == 270) {
		u = im->width - 1 - y;
		v = x;
	}
	return imprint_get(im, mirror ? im->width - 1 - u : u, v);
}

static void
check_turn(int w, int h, int rotation, bool mirror)
{
	struct err e = ERR_INIT;
	struct imprint from, im;
	bool across = rotation % 180 != 0;

	is_ok(imprint_make(&from, w, h, &e) && imprint_make(&im, w, h, &e), &e,
	    "make");
	for (int y = 0; y < h; y++)
		for (int x = 0; x < w; x++)
			if (rand() % 2 != 0) {
				imprint_run(&from, x, x + 1, y);
				imprint_run(&im, x, x + 1, y);
			}
	is_ok(imprint_turn(&im, rotation, mirror, &e), &e, "turn");
	is_int(im.width, across ? h : w, "width");
	is_int(im.height, across ? w : h, "height");
	for (int y = 0; y < im.height; y++) {
		for (int x = 0; x < im.width; x++)
			is_int(imprint_get(&im, x, y),
			    before(&from, x, y, rotation, mirror), "dot");
		/* what lies beyond the last dot stays white */
		is_int(imprint_seek(imprint_row(&im, y), im.width,
			   (int)im.stride * 8, true),
		    im.stride * 8, "spare bits");
	}
	imprint_free(&from);
	imprint_free(&im);
}

static void
an_imprint_is_turned_and_mirrored(void **state)
{
	struct err e = ERR_INIT;
	struct imprint im = {.bits = NULL};

	(void)state;
	srand(5);
	for (int w = 1; w < 20; w++)
		for (int h = 1; h < 20; h++)
			for (int i = 0; i < 8; i++)
				check_turn(w, h, i / 2 * 90, i % 2 != 0);
	ok(!imprint_turn(&im, 45, false, &e), "45 degrees");
	is_err(&e, ERR_REQUEST, "45 degrees");
}

/* Dots of one imprint added to another at any place, even over its edges. */
static void
only_the_black_dots_are_added(void **state)
{
	struct err e = ERR_INIT;
	struct imprint a, b;

	(void)state;
	is_ok(imprint_make(&b, 21, 3, &e), &e, "make");
	for (int y = 0; y < 3; y++)
		for (int x = 0; x < 21; x++)
			if (x * (y + 3) % 4 < 2)
				imprint_run(&b, x, x + 1, y);
	for (int x0 = -22; x0 < 34; x0++) {
		is_ok(imprint_make(&a, 33, 4, &e), &e, "make");
		imprint_run(&a, 5, 25, 1);
		imprint_add(&a, &b, x0, x0 % 3);
		for (int y = 0; y < 4; y++)
			for (int x = 0; x < 33; x++)
				is_int(imprint_get(&a, x, y),
				    (y == 1 && x >= 5 && x < 25) ||
					imprint_get(&b, x - x0, y - x0 % 3),
				    "dot");
		imprint_free(&a);
	}
	imprint_free(&b);
}

int
main(void)
{
	int failed;
	const struct CMUnitTest tests[] = {
	    T(fonts_are_loaded_by_the_first_stamp_alone),
	    T(size_is_known_before_words_and_bytes),
	    T(modules_are_whole_dots_and_quiet_zones_empty),
	    T(words_are_printed_in_their_place),
	    T(stamps_fit_their_labels),
	    T(facing_mark_is_where_machines_look),
	    T(bar_reduction_takes_dots_off_dark_runs),
	    T(specimens_say_so),
	    T(what_cannot_be_printed_is_refused),
	    T(layouts_follow_mark_and_label),
	    T(what_is_drawn_does_not_depend_on_what_was),
	    T(more_words_than_a_pen_keeps_are_drawn_alike),
	    T(two_threads_draw_at_once),
	    T(an_imprint_is_turned_and_mirrored),
	    T(only_the_black_dots_are_added),
	};

	pen = new_pen();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	imprint_pen_free(pen);
	return failed;
}
