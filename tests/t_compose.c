/* SPDX-License-Identifier: Apache-2.0 */
/* Pages with stamps: what is cleared, what is drawn, what stays as it was. */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "filter/clear.h"
#include "filter/compose.h"
#include "filter/raster.h"
#include "tests/test.h"

/* Pango keeps its fonts, and with them fontconfig's patterns, to the end. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libfontconfig\n";
}

#define PDF "/tmp/t_compose.pdf"
#define RAS "/tmp/t_compose.ras"

/* A page of each kind that drivers ask for. */
static cups_page_header2_t
header(cups_cspace_t space, cups_order_t order, unsigned bits, unsigned colors)
{
	cups_page_header2_t h;
	unsigned pixel = order == CUPS_ORDER_CHUNKED ? bits * colors : bits;

	memset(&h, 0, sizeof(h));
	h.HWResolution[0] = h.HWResolution[1] = 200;
	h.PageSize[0] = 612;
	h.PageSize[1] = 792;
	h.cupsPageSize[0] = 612;
	h.cupsPageSize[1] = 792;
	h.cupsImagingBBox[0] = 18;
	h.cupsImagingBBox[1] = 36;
	h.cupsImagingBBox[2] = 594;
	h.cupsImagingBBox[3] = 756;
	h.cupsWidth = 1600;
	h.cupsHeight = 2000;
	h.cupsBitsPerColor = bits;
	h.cupsBitsPerPixel = pixel;
	h.cupsNumColors = colors;
	h.cupsBytesPerLine = (1600 * pixel + 7) / 8;
	if (order == CUPS_ORDER_BANDED)
		h.cupsBytesPerLine *= colors;
	h.cupsColorSpace = space;
	h.cupsColorOrder = order;
	h.cupsBorderlessScalingFactor = 1;
	h.NumCopies = 1;
	return h;
}

/* Every page: a mark's ink at (100, 100) and other ink around, also a line
 * right under where the stamp ends. */
static void
write_pdf(int pages)
{
	FILE *f = fopen(PDF, "w");

	ok(f != NULL, PDF);
	fprintf(f,
	    "%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
	    "2 0 obj<</Type/Pages/Count %d/Kids[",
	    pages);
	for (int i = 0; i < pages; i++)
		fprintf(f, "%d 0 R ", 2 * i + 3);
	fprintf(f, "]>>endobj\n");
	for (int i = 0; i < pages; i++) {
		char s[256];
		int n = snprintf(s, sizeof(s),
		    "0 g 102 682 60 8 re f 0.5 g 40 40 %d 30 re f "
		    "0.2 0.4 0.9 rg 90 500 300 40 re f 1 0 0 RG 4 w "
		    "30 300 m 500 390 l S",
		    50 + 10 * i);

		fprintf(f,
		    "%d 0 obj<</Type/Page/Parent 2 0 R/Contents %d 0 R/"
		    "MediaBox[0 0 612 792]>>endobj\n"
		    "%d 0 obj<</Length %d>>stream\n%s\nendstream endobj\n",
		    2 * i + 3, 2 * i + 4, 2 * i + 4, n, s);
	}
	fprintf(f, "trailer<</Root 1 0 R/Size %d>>\n%%%%EOF\n", 2 * pages + 3);
	ok(fclose(f) == 0, PDF);
}

static struct placeholder
mark_on(uint32_t page)
{
	return (struct placeholder){.page = page,
	    .place = 1,
	    .text = "[[postage 0.78]]",
	    .mark = {.has_amount = true, .amount = 780, .date = 20261121},
	    .box = {100, 100, 64, 12},
	    .ink = {{100, 100, 64, 12}},
	    .ink_count = 1};
}

struct run {
	struct plan *plan;
	struct issuer *issuer;
	struct stamp_request requests[32];
	struct geometry geometry[8];
	cups_page_header2_t header;
	enum pageout_kind kind;
	int same[8];   /* 0: all pages differ */
	size_t budget; /* 0: enough */
	struct backdrop_setup setup;
	struct backdrops *backdrops;
	size_t rendered;
	struct settings settings;
	struct compose c;
};

static void
compose_all(struct run *r, int pages, uint32_t copies, bool collate)
{
	struct err e = ERR_INIT;
	struct mark none = {.has_amount = false};
	struct plan_rules rules = {.defaults = &none};
	struct plan_sight sight;

	write_pdf(pages);
	r->setup.pages = pages;
	r->setup.same = r->same[0] != 0 ? r->same : NULL;
	r->setup.budget = r->budget != 0 ? r->budget : 1 << 24;
	r->setup.render = (struct render_setup){
	    .header = &r->header, .file = PDF, .temp = "/tmp", .confine = true};
	is_ok(backdrops_open(&r->setup, &r->backdrops, &e), &e, "backdrops");
	r->plan = plan_new(copies, collate, &e);
	for (int i = 0; i < pages; i++) {
		struct placeholder m = mark_on((uint32_t)i + 1);

		is_ok(plan_scan(r->plan, &m, 1, &e), &e, "page");
		geometry_plain(&r->geometry[i], &r->header, 612, 792);
	}
	is_ok(issuer_open(&r->settings, NULL, &r->issuer, &e), &e, "issuer");
	plan_requests(r->plan, &none, r->requests);
	is_ok(issuer_quote(r->issuer, r->requests, plan_total(r->plan), &e), &e,
	    "quote");
	for (int i = 0; i < pages; i++) {
		sight = (struct plan_sight){.geometry = &r->geometry[i],
		    .printable = geometry_printable(&r->geometry[i]),
		    .quotes = issuer_quotes(r->issuer)};
		is_ok(plan_fit(r->plan, (size_t)i, &rules, &sight, &e), &e,
		    "fit");
	}
	r->c = (struct compose){.plan = r->plan,
	    .geometry = r->geometry,
	    .source_pages = pages,
	    .same = r->setup.same,
	    .backdrops = r->backdrops,
	    .issuer = r->issuer,
	    .fill_back = r->c.fill_back,
	    .out = {.kind = r->kind,
		.fd = open(RAS, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)}};
	is_ok(compose_write(&r->c, &e), &e, "compose");
	close(r->c.out.fd);
	r->rendered = backdrops_rendered(r->backdrops);
	backdrops_close(r->backdrops);
}

static void
run_free(struct run *r)
{
	plan_free(r->plan);
	issuer_close(r->issuer);
	unlink(PDF);
	unlink(RAS);
}

static bool
in_rect(const struct canvas_rect *r, int x, int y, int slack)
{
	return x >= r->x - slack && y >= r->y - slack &&
	       x < r->x + r->width + slack && y < r->y + r->height + slack;
}

/* Compares a stamped page with what Ghostscript alone gives. */
static void
compare_page(const struct run *r, const struct canvas *mine,
    const struct canvas *plain, size_t stamp)
{
	const struct canvas_rect *s = &r->plan->stamps[stamp].dots;
	struct rect ink = geometry_to_raster(
	    &r->geometry[0], r->plan->stamps[stamp].mark.ink[0]);
	struct canvas_rect cleared = {
	    (int)ink.x, (int)ink.y, (int)ink.w + 2, (int)ink.h + 2};
	struct canvas_color white = canvas_white(mine);
	struct canvas_color black = canvas_black(mine);
	int dark = 0, light = 0;

	for (int y = 0; y < mine->height; y++)
		for (int x = 0; x < mine->width; x++) {
			struct canvas_color a = canvas_sample(mine, x, y);
			struct canvas_color b = canvas_sample(plain, x, y);

			if (in_rect(s, x, y, 0)) {
				dark += memcmp(&a, &black, sizeof(a)) == 0;
				light += memcmp(&a, &white, sizeof(a)) == 0;
			} else if (in_rect(&cleared, x, y, 1)) {
				continue;
			} else if (memcmp(&a, &b, sizeof(a)) != 0) {
				fail_at("dot %d,%d changed", x, y);
			}
		}
	ok(dark > s->width * s->height / 10, "the stamp is there");
	is_int(dark + light, s->width * s->height, "black and white alone");
}

static void
check_kind(
    cups_cspace_t space, cups_order_t order, unsigned bits, unsigned colors)
{
	struct run *r = calloc(1, sizeof(*r));
	struct renderer *plain;
	cups_raster_t *mine;
	cups_page_header2_t h, k;
	struct err e = ERR_INIT;
	uint8_t *a = NULL, *b = NULL;
	size_t bytes;
	bool end;
	int fd, pages = 0;

	ok(r != NULL, "memory");
	r->header = header(space, order, bits, colors);
	compose_all(r, 2, 1, true);
	fd = open(RAS, O_RDONLY | O_CLOEXEC);
	mine = cupsRasterOpen(fd, CUPS_RASTER_READ);
	ok(mine != NULL, "raster");
	is_ok(render_open(&r->setup.render, &plain, &e), &e, "plain");
	while (render_header(plain, &h, &bytes, &end, &e) && !end) {
		struct canvas ca, cb;

		ok(cupsRasterReadHeader2(mine, &k), "a page for each page");
		is_int(k.NumCopies, 1, "copies");
		h.NumCopies = 1;
		ok(memcmp(&h, &k, sizeof(h)) == 0, "header as Ghostscript's");
		free(a);
		free(b);
		a = malloc(bytes);
		b = malloc(bytes);
		ok(a != NULL && b != NULL, "memory");
		is_int(cupsRasterReadPixels(mine, a, (unsigned)bytes), bytes,
		    "pixels");
		is_ok(render_pixels(plain, b, bytes, &e), &e, "pixels");
		is_ok(raster_canvas(&k, a, bytes, &ca, &e), &e, "canvas");
		is_ok(raster_canvas(&h, b, bytes, &cb, &e), &e, "canvas");
		compare_page(r, &ca, &cb, (size_t)pages++);
	}
	is_int(pages, 2, "pages");
	is_int(r->c.pages, 2, "pages reported");
	is_int(r->c.bytes, lseek(fd, 0, SEEK_END), "bytes reported");
	cupsRasterClose(mine);
	close(fd);
	(void)render_close(plain, &e);
	free(a);
	free(b);
	run_free(r);
	free(r);
}

static void
nothing_else_changes_on_grey_pages(void **state)
{
	(void)state;
	check_kind(CUPS_CSPACE_W, CUPS_ORDER_CHUNKED, 8, 1);
}

static void
nothing_else_changes_on_black_and_white_pages(void **state)
{
	(void)state;
	check_kind(CUPS_CSPACE_K, CUPS_ORDER_CHUNKED, 1, 1);
}

static void
nothing_else_changes_on_colour_pages(void **state)
{
	(void)state;
	check_kind(CUPS_CSPACE_RGB, CUPS_ORDER_CHUNKED, 8, 3);
	check_kind(CUPS_CSPACE_CMYK, CUPS_ORDER_CHUNKED, 8, 4);
}

static void
nothing_else_changes_on_banded_and_planar_pages(void **state)
{
	(void)state;
	check_kind(CUPS_CSPACE_CMYK, CUPS_ORDER_BANDED, 8, 4);
	check_kind(CUPS_CSPACE_CMYK, CUPS_ORDER_PLANAR, 8, 4);
}

/* A page's identity: the grey box at its lower left grows with its number,
 * and its stamp's dots. */
static void
read_identity(
    const struct run *r, const uint8_t *pixels, int *source, uint64_t *stamp)
{
	const struct canvas_rect *s = &r->plan->stamps[0].dots;
	const uint8_t *row = pixels + (size_t)1947 * 1600;
	int width = 0;

	for (int x = 0; x < 1600; x++)
		width += row[x] > 100 && row[x] < 150;
	*source = (width - 139) / 27;
	*stamp = 5381;
	for (int y = s->y; y < s->y + s->height; y++)
		for (int x = s->x; x < s->x + s->width; x++)
			*stamp =
			    *stamp * 33 + pixels[(size_t)y * 1600 + (size_t)x];
}

/* The pages of RAS as "1 2 -" (a page of its own, '-' = blank); every stamp is
 * another. */
static void
read_order(const struct run *r, char *out)
{
	int fd = open(RAS, O_RDONLY | O_CLOEXEC), pages = 0;
	cups_raster_t *in = cupsRasterOpen(fd, CUPS_RASTER_READ);
	cups_page_header2_t h;
	uint8_t *pixels = malloc(1600 * 2000);
	uint64_t seen[32];

	ok(in != NULL && pixels != NULL, "raster");
	while (cupsRasterReadHeader2(in, &h)) {
		int source;

		is_int(h.NumCopies, 1, "copies");
		is_int(cupsRasterReadPixels(in, pixels, 1600 * 2000),
		    1600 * 2000, "pixels");
		read_identity(r, pixels, &source, &seen[pages]);
		out[pages] = (char)(source < 0 ? '-' : '1' + source);
		for (int i = 0; i < pages && source >= 0; i++)
			ok(seen[i] != seen[pages], "no stamp twice");
		pages++;
	}
	out[pages] = '\0';
	cupsRasterClose(in);
	close(fd);
	free(pixels);
}

static void
every_copy_has_its_own_stamps(void **state)
{
	struct run *r = calloc(1, sizeof(*r));
	char order[32];

	(void)state;
	r->header = header(CUPS_CSPACE_W, CUPS_ORDER_CHUNKED, 8, 1);
	compose_all(r, 3, 2, false);
	read_order(r, order);
	is_str(order, "112233", "not collated");
	run_free(r);
	memset(r, 0, sizeof(*r));
	r->header = header(CUPS_CSPACE_W, CUPS_ORDER_CHUNKED, 8, 1);
	compose_all(r, 3, 2, true);
	read_order(r, order);
	is_str(order, "123123", "collated");
	run_free(r);
	memset(r, 0, sizeof(*r));
	r->header = header(CUPS_CSPACE_W, CUPS_ORDER_CHUNKED, 8, 1);
	r->c.fill_back = true;
	compose_all(r, 3, 2, true);
	read_order(r, order);
	is_str(order, "123-123", "two-sided");
	run_free(r);
	free(r);
}

/* Three pages, of which the third is said to be the first again. */
static void
equal_pages_are_rendered_once(void **state)
{
	struct run *r = calloc(1, sizeof(*r));
	char order[32];

	(void)state;
	for (int small = 0; small < 2; small++) {
		memset(r, 0, sizeof(*r));
		r->header = header(CUPS_CSPACE_W, CUPS_ORDER_CHUNKED, 8, 1);
		r->same[0] = r->same[2] = 1;
		r->same[1] = 2;
		r->budget = small ? 1000 : 0;
		compose_all(r, 3, 2, true);
		read_order(r, order);
		if (small) {
			/* Nothing is kept: the third is itself. */
			is_int(r->rendered > 4, true, "rendered again");
		} else {
			is_str(order, "121121", "the first again");
			is_int(r->rendered, 2, "rendered once");
		}
		run_free(r);
	}
	memset(r, 0, sizeof(*r));
	r->header = header(CUPS_CSPACE_W, CUPS_ORDER_CHUNKED, 8, 1);
	r->budget = 1000;
	compose_all(r, 3, 2, false);
	read_order(r, order);
	is_str(order, "112233", "copies that cannot be kept");
	run_free(r);
	free(r);
}

static void
the_mark_is_cleared_in_the_page_s_colour(void **state)
{
	cups_page_header2_t h =
	    header(CUPS_CSPACE_RGB, CUPS_ORDER_CHUNKED, 8, 3);
	struct geometry g;
	struct placeholder m = mark_on(1);
	struct canvas page;
	struct canvas_color blue = {{40, 60, 200}}, black, got;
	struct canvas_rect all = {0, 0, 1600, 2000}, ink = {235, 185, 120, 15};
	size_t bytes = 1600 * 2000 * 3;
	uint8_t *pixels = malloc(bytes);
	struct err e = ERR_INIT;

	(void)state;
	ok(pixels != NULL, "memory");
	geometry_plain(&g, &h, 612, 792);
	is_ok(raster_canvas(&h, pixels, bytes, &page, &e), &e, "canvas");
	black = canvas_black(&page);
	is_ok(canvas_fill(&page, &all, &blue, &e), &e, "paper");
	is_ok(canvas_fill(&page, &ink, &black, &e), &e, "ink");
	is_ok(clear_mark(&page, &g, &m, &e), &e, "clear");
	for (int y = 0; y < 2000; y += 5)
		for (int x = 0; x < 1600; x++) {
			got = canvas_sample(&page, x, y);
			ok(memcmp(&got, &blue, sizeof(got)) == 0, "blue");
		}
	/* Off the raster is no error: margins cut marks. */
	m.ink[0] = (struct rect){-50, -50, 80, 80};
	is_ok(clear_mark(&page, &g, &m, &e), &e, "over the edge");
	m.ink[0] = (struct rect){5000, 5000, 80, 80};
	is_ok(clear_mark(&page, &g, &m, &e), &e, "off the page");
	free(pixels);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(nothing_else_changes_on_grey_pages),
	    T(nothing_else_changes_on_black_and_white_pages),
	    T(nothing_else_changes_on_colour_pages),
	    T(nothing_else_changes_on_banded_and_planar_pages),
	    T(every_copy_has_its_own_stamps),
	    T(equal_pages_are_rendered_once),
	    T(the_mark_is_cleared_in_the_page_s_colour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
