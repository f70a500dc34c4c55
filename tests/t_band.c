/* SPDX-License-Identifier: Apache-2.0 */
/* Bands with stamps on every kind of page, with margins and on any background:
 * what comes out, decoded, is what canvas makes of the same pixels. */
#include "config.h"

#include <stdlib.h>

#include "filter/band.h"
#include "filter/raster.h"
#include "tests/test.h"

/* Pango keeps its fonts, and with them fontconfig's patterns, to the end. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libfontconfig\n";
}

#define WIDTH	 1800
#define HEIGHT	 700 /* of the page */
#define TOP	 40  /* of the band */
#define LINES	 640
#define BEFORE	 24 /* pixels of margin */
#define BEHIND	 16
#define INDICIUM 120
#define STAMPS	 3

struct kind {
	cups_cspace_t space;
	cups_order_t order;
	unsigned bits, colors;
	bool coded; /* no pixels are needed */
};

static const struct kind kinds[] = {
    {CUPS_CSPACE_W, CUPS_ORDER_CHUNKED, 8, 1, true},
    {CUPS_CSPACE_K, CUPS_ORDER_CHUNKED, 8, 1, true},
    {CUPS_CSPACE_W, CUPS_ORDER_CHUNKED, 16, 1, true},
    {CUPS_CSPACE_RGB, CUPS_ORDER_CHUNKED, 8, 3, true},
    {CUPS_CSPACE_RGB, CUPS_ORDER_CHUNKED, 16, 3, true},
    {CUPS_CSPACE_CMYK, CUPS_ORDER_CHUNKED, 8, 4, true},
    {CUPS_CSPACE_CMYK, CUPS_ORDER_CHUNKED, 16, 4, true},
    {CUPS_CSPACE_K, CUPS_ORDER_CHUNKED, 1, 1, false},
    {CUPS_CSPACE_K, CUPS_ORDER_CHUNKED, 2, 1, false},
    {CUPS_CSPACE_CMYK, CUPS_ORDER_CHUNKED, 1, 4, false},
    {CUPS_CSPACE_CMYK, CUPS_ORDER_BANDED, 8, 4, false},
    {CUPS_CSPACE_CMYK, CUPS_ORDER_PLANAR, 8, 4, false},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct bench {
	cups_page_header2_t header;
	struct pageout_layout layout;
	size_t lines; /* of the band, all planes */
	uint8_t *want, *got, *code;
	struct plan_stamp plans[STAMPS];
	struct band_stamp stamps[STAMPS];
	size_t count;
	struct band band;
	struct band_desk desk;
};

static void
set_page(struct bench *b, const struct kind *k)
{
	unsigned pixel =
	    k->order == CUPS_ORDER_CHUNKED ? k->bits * k->colors : k->bits;
	bool margins = k->order == CUPS_ORDER_CHUNKED;
	cups_page_header2_t *h = &b->header;

	*h = (cups_page_header2_t){.cupsWidth = WIDTH,
	    .cupsHeight =
		k->order == CUPS_ORDER_PLANAR ? LINES : (unsigned)HEIGHT,
	    .cupsBitsPerColor = k->bits,
	    .cupsBitsPerPixel = pixel,
	    .cupsNumColors = k->colors,
	    .cupsBytesPerLine = (WIDTH * pixel + 7) / 8,
	    .cupsColorSpace = k->space,
	    .cupsColorOrder = k->order};
	if (k->order == CUPS_ORDER_BANDED)
		h->cupsBytesPerLine *= k->colors;
	ok(coded_form(h, &b->layout.page), "form");
	b->layout.sheet = b->layout.page;
	b->layout.white = k->space == CUPS_CSPACE_RGB ? 0xff : 0x5a;
	b->layout.offset = margins ? BEFORE * pixel / 8 : 0;
	if (margins)
		b->layout.sheet.bytes += (BEFORE + BEHIND) * pixel / 8;
	b->lines = k->order == CUPS_ORDER_PLANAR ? LINES * k->colors : LINES;
}

/* Runs, noise, repeated lines; both as coded lines and where they will be. */
static void
add_background(struct bench *b)
{
	size_t line = b->layout.sheet.bytes, pixel = b->layout.page.pixel;
	struct coded_lines lines = {.code = b->code};
	struct err e = ERR_INIT;

	memset(b->want, b->layout.white, b->lines * line);
	for (size_t y = 0; y < b->lines; y += lines.repeat) {
		uint8_t *to = b->want + y * line + b->layout.offset;

		for (size_t at = 0, run = 0; at < b->layout.page.bytes;
		     at += pixel, run--) {
			if (run > 0) {
				memcpy(to + at, to + at - pixel, pixel);
				continue;
			}
			run = 1 + (size_t)rand() % (y % 3 == 0 ? 2 : 300);
			for (size_t i = 0; i < pixel; i++)
				to[at + i] = (uint8_t)(rand() % 3 * 127);
		}
		lines.repeat = 1 + (unsigned)rand() % 40;
		if (lines.repeat > b->lines - y)
			lines.repeat = (unsigned)(b->lines - y);
		for (unsigned i = 1; i < lines.repeat; i++)
			memcpy(to + i * line, to, b->layout.page.bytes);
		lines.len = coded_encode(&b->layout.page, to, b->code);
		is_ok(band_add_lines(&b->band, &lines, &e), &e, "lines");
	}
}

static void
add_stamp(struct bench *b, int rotation, bool mirror, int x, int y)
{
	struct plan_stamp *p = &b->plans[b->count];
	struct band_stamp *s = &b->stamps[b->count++];
	struct err e = ERR_INIT;
	int w, h;

	p->spec = (struct imprint_spec){.layout = LAYOUT_LABEL,
	    .symbol = SYMBOL_QR,
	    .indicium_len = INDICIUM,
	    .dpi_x = 203,
	    .dpi_y = 203};
	p->rotation = rotation;
	is_ok(imprint_size(&p->spec, &w, &h, &e), &e, "size");
	p->dots = rotation % 180 == 0 ? (struct canvas_rect){x, y, w, h}
				      : (struct canvas_rect){x, y, h, w};
	*s = (struct band_stamp){.plan = p,
	    .mirror = mirror,
	    .issued = {.len = INDICIUM},
	    .words = {.amount = 780 + rotation, .specimen = rotation == 90}};
	for (int i = 0; i < INDICIUM; i++)
		s->issued.indicium[i] = (uint8_t)rand();
	is_ok(band_add_stamp(&b->band, s, &e), &e, "stamp");
}

static struct bench *
begin(const struct kind *k)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct err e = ERR_INIT;
	size_t size;

	ok(b != NULL, "memory");
	set_page(b, k);
	size = b->lines * b->layout.sheet.bytes + b->layout.offset;
	b->want = calloc(1, size);
	b->got = calloc(1, size);
	b->code = malloc(coded_room(&b->layout.sheet));
	ok(b->want != NULL && b->got != NULL && b->code != NULL, "memory");
	is_ok(band_begin(&b->band, &b->header, &b->layout,
		  k->order == CUPS_ORDER_PLANAR ? 0 : TOP,
		  k->order == CUPS_ORDER_PLANAR ? LINES : TOP + LINES, &e),
	    &e, "begin");
	return b;
}

static void
end(struct bench *b)
{
	band_free(&b->band);
	band_desk_free(&b->desk);
	free(b->want);
	free(b->got);
	free(b->code);
	free(b);
}

/* The stamps on the pixels, by canvas alone. */
static void
draw_wanted(struct bench *b, int top)
{
	struct imprint_pen *pen;
	struct err e = ERR_INIT;
	struct canvas c = raster_describe(&b->header);

	c.height = LINES;
	c.bytes_per_line = b->layout.sheet.bytes;
	c.pixels = b->want + b->layout.offset;
	c.size = b->lines * b->layout.sheet.bytes;
	is_ok(canvas_init(&c, &e), &e, "canvas");
	pen = imprint_pen_new(&e);
	for (size_t i = 0; i < b->count; i++) {
		const struct band_stamp *s = &b->stamps[i];
		struct imprint im;

		is_ok(imprint_draw(pen, &s->plan->spec, s->issued.indicium,
			  &s->words, &im, &e),
		    &e, "draw");
		is_ok(imprint_turn(&im, s->plan->rotation, s->mirror, &e), &e,
		    "turn");
		is_ok(canvas_put(
			  &c, &im, s->plan->dots.x, s->plan->dots.y - top, &e),
		    &e, "put");
		imprint_free(&im);
	}
	imprint_pen_free(pen);
}

static void
compare(struct bench *b, int top)
{
	struct coded_lines lines;
	struct err e = ERR_INIT;
	size_t line = b->layout.sheet.bytes, y = 0;

	draw_wanted(b, top);
	is_ok(band_draw(&b->band, &b->desk, &e), &e, "draw");
	for (size_t at = 0; coded_store_next(&b->band.drawn, &at, &lines);) {
		const uint8_t *want = b->want + y * line;

		ok(lines.repeat >= 1 && lines.repeat <= CODED_REPEAT_MAX &&
			y + lines.repeat <= b->lines,
		    "lines");
		is_int(lines.len, coded_encode(&b->layout.sheet, want, b->code),
		    "as the coder would");
		is_mem(lines.code, b->code, lines.len, "as the coder would");
		for (unsigned i = 0; i < lines.repeat; i++, y++)
			is_mem(b->want + y * line, want, line, "repeated");
	}
	is_int(y, b->lines, "all lines");
}

static void
stamps_lie_on_every_kind_of_page(void **state)
{
	(void)state;
	srand(3);
	for (size_t i = 0; i < KINDS; i++) {
		struct bench *b = begin(&kinds[i]);
		int top = kinds[i].order == CUPS_ORDER_PLANAR ? 0 : TOP;

		add_background(b);
		add_stamp(b, 180, false, 1100, top + 100);
		add_stamp(b, 0, false, 5, top);
		add_stamp(b, 90, true, 700, top + 3);
		is_int(band_pixels(&b->band) == 0, kinds[i].coded, "coded");
		compare(b, top);
		/* The band and the desk again, with what they kept. */
		b->count = 0;
		is_ok(band_begin(&b->band, &b->header, &b->layout, top,
			  top + LINES, &(struct err)ERR_INIT),
		    &(struct err)ERR_INIT, "again");
		add_background(b);
		add_stamp(b, 270, false, 0, top + LINES - 508);
		add_stamp(b, 0, true, 700, top + 77);
		compare(b, top);
		end(b);
	}
}

/* The later one is seen; no code can be spliced. */
static void
stamps_may_overlap(void **state)
{
	struct bench *b = begin(&kinds[0]);

	(void)state;
	add_background(b);
	add_stamp(b, 0, false, 50, TOP + 20);
	add_stamp(b, 0, false, 300, TOP + 90);
	ok(band_pixels(&b->band) > 0, "pixels");
	compare(b, TOP);
	end(b);
}

static void
a_stamp_that_leaves_the_page_is_an_error(void **state)
{
	static const struct {
		int x, y;
	} places[] = {
	    {-1, TOP}, {WIDTH - 20, TOP}, {10, TOP - 1}, {10, TOP + LINES - 5}};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct bench *b = begin(&kinds[3]);
		struct err e = ERR_INIT;

		add_background(b);
		add_stamp(b, 0, false, places[i].x, places[i].y);
		ok(!band_draw(&b->band, &b->desk, &e), "refused");
		is_err(&e, ERR_REQUEST, "stamp");
		end(b);
	}
}

static void
pages_that_hold_no_stamp_are_refused(void **state)
{
	struct bench *b = begin(&kinds[0]);
	struct err e = ERR_INIT;

	(void)state;
	b->header.cupsColorSpace = CUPS_CSPACE_CIELab;
	ok(!band_begin(&b->band, &b->header, &b->layout, TOP, TOP + 1, &e),
	    "refused");
	is_err(&e, ERR_CONFIG, "space");
	end(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(stamps_lie_on_every_kind_of_page),
	    T(stamps_may_overlap),
	    T(a_stamp_that_leaves_the_page_is_an_error),
	    T(pages_that_hold_no_stamp_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
