/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is found on pages drawn with cairo, proven on the ink of an independent
 * renderer: Ghostscript.  Marks are black, all else is red.  Every black pixel
 * must lie in a reported ink box, and every ink box must be full of ink.
 */
#include "tests/test.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include <cairo-pdf.h>

#include "filter/scan.h"

#define PDFTOPDF "/usr/lib/cups/filter/pdftopdf"
#define DPI	 150
#define MARKS	 32

/* Fontconfig keeps its caches to the end of the process. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libfontconfig\n";
}

static char folder[] = "/tmp/t_scan.XXXXXX";
static struct placeholder marks[MARKS];
static size_t count;

static const char *
path_of(const char *name)
{
	static char path[2][128];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
	return path[turn];
}

/* --- drawing --------------------------------------------------------------- */

static cairo_t *
begin(double w, double h)
{
	cairo_surface_t *s = cairo_pdf_surface_create(path_of("in.pdf"), w, h);
	cairo_t *cr = cairo_create(s);

	cairo_surface_destroy(s);
	return cr;
}

static void
end(cairo_t *cr)
{
	cairo_surface_finish(cairo_get_target(cr));
	is_int(cairo_status(cr), CAIRO_STATUS_SUCCESS, "drawing");
	cairo_destroy(cr);
}

/* Text on a baseline from (x, y) on, turned by `degrees`. */
static void
write_at(cairo_t *cr, double x, double y, double degrees, const char *text)
{
	cairo_save(cr);
	cairo_translate(cr, x, y);
	cairo_rotate(cr, degrees * M_PI / 180);
	cairo_move_to(cr, 0, 0);
	cairo_show_text(cr, text);
	cairo_restore(cr);
}

static void
font(cairo_t *cr, const char *family, bool bold, double size)
{
	cairo_select_font_face(cr, family, CAIRO_FONT_SLANT_NORMAL,
	    bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
	cairo_set_font_size(cr, size);
}

static void
black(cairo_t *cr)
{
	cairo_set_source_rgb(cr, 0, 0, 0);
}

static void
red(cairo_t *cr)
{
	cairo_set_source_rgb(cr, 0.8, 0, 0);
}

/* Marks in all four directions, two lines, two fonts, among other ink. */
static void
draw_everything(void)
{
	cairo_t *cr = begin(612, 792);

	font(cr, "serif", false, 12);
	red(cr);
	write_at(cr, 72, 100, 0, "Dear Jenny gyp, pay");
	write_at(cr, 72, 128, 0, "Jumping |ygpq[] for all of us yg");
	cairo_rectangle(cr, 60, 80, 400, 60);
	cairo_stroke(cr);
	black(cr);
	write_at(cr, 72, 114, 0, "[[postage 0.78 to=90210-1234]]");
	write_at(cr, 350, 300, 0, "[[postage 1.01");
	write_at(cr, 350, 314, 0, "class=letter]]");
	font(cr, "monospace", true, 9);
	write_at(cr, 300, 400, 90, "[[postage 2.00 cost=gyp]]");
	write_at(cr, 500, 700, 180, "[[postage 3.00]]");
	font(cr, "sans", false, 20);
	write_at(cr, 80, 600, 270, "[[postage 4.00]]");
	end(cr);
}

/* --- scanning and rendering --------------------------------------------------- */

static void
scan(const char *name, int page)
{
	struct err e = ERR_INIT;
	struct scan *s;

	is_ok(scan_open(path_of(name), &s, &e), &e, "open");
	is_ok(scan_page(s, page, marks, MARKS, &count, &e), &e, "page");
	scan_close(s);
}

static void
refused(const char *name, int page, const char *why)
{
	struct err e = ERR_INIT;
	struct scan *s = NULL;
	bool good = scan_open(path_of(name), &s, &e) &&
		    scan_page(s, page, marks, MARKS, &count, &e);

	scan_close(s);
	ok(!good, why);
	is_err(&e, ERR_REQUEST, why);
	if (!strstr(e.text, why))
		fail_at("\"%s\" does not say \"%s\"", e.text, why);
}

static void
map_of(const char *name, struct ink_map *map)
{
	struct err e = ERR_INIT;
	struct scan *s;

	is_ok(scan_open(path_of(name), &s, &e), &e, "open");
	is_ok(scan_ink(s, 1, map, &e), &e, "ink");
	scan_close(s); /* the map lives on */
}

struct image {
	int w, h;
	unsigned char *rgb;
};

/* The first page as Ghostscript draws it; what it warns about is no matter. */
static void
ghostscript(const char *name, struct image *out)
{
	char command[512];
	FILE *f;
	size_t size;

	snprintf(command, sizeof(command),
	    "gs -q -dNOPAUSE -dBATCH -dSAFER -dUseCropBox -dNoUserUnit "
	    "-dLastPage=1 -sDEVICE=ppmraw -r%d -sOutputFile=%s/out.ppm "
	    "%s/%s >/dev/null 2>&1",
	    DPI, folder, folder, name);
	is_int(system(command), 0, command);
	f = fopen(path_of("out.ppm"), "rb");
	ok(f && fscanf(f, "P6 %*[^\n] %d %d 255%*c", &out->w, &out->h) == 2,
	    "ppm");
	size = (size_t)out->w * (size_t)out->h * 3;
	out->rgb = malloc(size);
	ok(out->rgb && fread(out->rgb, 1, size, f) == size, "ppm");
	fclose(f);
}

static bool
is_black(const struct image *i, int x, int y)
{
	const unsigned char *p =
	    i->rgb + ((size_t)y * (size_t)i->w + (size_t)x) * 3;

	return p[0] < 100 && p[1] < 100 && p[2] < 100;
}

static bool
holds(struct rect r, int x, int y)
{
	double px = (x + 0.5) * 72 / DPI, py = (y + 0.5) * 72 / DPI;

	return px >= r.x && px < r.x + r.w && py >= r.y && py < r.y + r.h;
}

/* Ink comes near all four sides of the box. */
static void
is_full(const struct image *image, struct rect r, const char *what)
{
	int x0 = image->w, y0 = image->h, x1 = -1, y1 = -1;
	double near = 3.5, dot = 72.0 / DPI;

	for (int y = 0; y < image->h; y++)
		for (int x = 0; x < image->w; x++) {
			if (!holds(r, x, y) || !is_black(image, x, y))
				continue;
			x0 = x < x0 ? x : x0;
			y0 = y < y0 ? y : y0;
			x1 = x > x1 ? x : x1;
			y1 = y > y1 ? y : y1;
		}
	ok(x1 >= 0, what);
	ok(x0 * dot - r.x < near && y0 * dot - r.y < near &&
		r.x + r.w - x1 * dot < near && r.y + r.h - y1 * dot < near,
	    what);
}

static void
proven(const char *name, size_t want, const char *what)
{
	struct image image;

	scan(name, 1);
	is_int(count, want, what);
	ghostscript(name, &image);
	for (int y = 0; y < image.h; y++)
		for (int x = 0; x < image.w; x++) {
			bool held = !is_black(&image, x, y);

			for (size_t i = 0; i < count && !held; i++)
				for (int k = 0; k < marks[i].ink_count; k++)
					held |= holds(marks[i].ink[k], x, y);
			if (!held)
				fail_at("%s: ink at %.1f %.1f pt is in no box",
				    what, x * 72.0 / DPI, y * 72.0 / DPI);
		}
	for (size_t i = 0; i < count; i++)
		for (int k = 0; k < marks[i].ink_count; k++)
			is_full(&image, marks[i].ink[k], what);
	free(image.rgb);
}

static void
need(const char *program)
{
	char command[128];

	snprintf(command, sizeof(command), "command -v %s >/dev/null", program);
	if (system(command) != 0)
		skip();
}

static const struct placeholder *
with_amount(mils amount)
{
	for (size_t i = 0; i < count; i++)
		if (marks[i].mark.amount == amount)
			return &marks[i];
	fail_at("no mark of %lld mils", (long long)amount);
	return NULL;
}

/* --- marks ----------------------------------------------------------------- */

static void
marks_are_found_in_reading_order(void **state)
{
	(void)state;
	draw_everything();
	scan("in.pdf", 1);
	is_int(count, 5, "marks");
	is_str(marks[0].text, "[[postage 0.78 to=90210-1234]]", "text");
	is_int(marks[0].mark.to, 902101234, "fields");
	is_str(marks[1].text, "[[postage 1.01 class=letter]]", "two lines");
	is_int(marks[1].ink_count, 2, "two lines");
	for (size_t i = 0; i < count; i++) {
		is_int(marks[i].page, 1, "page");
		is_int(marks[i].place, i + 1, "place");
	}
	is_int(with_amount(780)->rotation, 0, "rotation");
	is_int(with_amount(2000)->rotation, 90, "rotation");
	is_int(with_amount(3000)->rotation, 180, "rotation");
	is_int(with_amount(4000)->rotation, 270, "rotation");
	ok(fabs(with_amount(780)->box.x - 72) < 1, "left");
	ok(fabs(with_amount(780)->box.y + with_amount(780)->box.h - 117) < 3,
	    "bottom");
}

static void
boxes_hold_the_ink(void **state)
{
	(void)state;
	need("gs");
	draw_everything();
	proven("in.pdf", 5, "as drawn");
}

/* in.pdf by pdftopdf as up.pdf. */
static void
pdftopdf(const char *options)
{
	char command[512];

	snprintf(command, sizeof(command),
	    "CONTENT_TYPE=application/pdf " PDFTOPDF
	    " 1 user title 1 '%s' %s/in.pdf >%s/up.pdf 2>%s/log",
	    options, folder, folder, folder);
	is_int(system(command), 0, command);
}

static void
boxes_hold_the_ink_after_pdftopdf(void **state)
{
	static const char *const options[] = {"", "number-up=2", "number-up=4",
	    "number-up=6", "number-up=2 number-up-layout=btrl", "landscape",
	    "landscape number-up=2", "orientation-requested=5",
	    "orientation-requested=6", "orientation-requested=6 number-up=2",
	    "fit-to-page media=iso_a5_148x210mm", "page-set=odd"};

	(void)state;
	need("gs");
	need(PDFTOPDF);
	draw_everything();
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		pdftopdf(options[i]);
		proven("up.pdf", 5, options[i]);
	}
}

/* A page higher and wider than the paper: what its middle holds is printed. */
static void
draw_large(void)
{
	cairo_t *cr = begin(700, 1008);

	font(cr, "sans", false, 12);
	write_at(cr, 100, 80, 0, "[[postage 1.00]]"); /* above */
	write_at(cr, 100, 500, 0, "[[postage 2.00]]");
	write_at(cr, 100, 950, 0, "[[postage 3.00]]");	 /* below */
	write_at(cr, 570, 600, 0, "[[postage 4.00]]");	 /* right: ]] is off */
	write_at(cr, 653, 560, 270, "[[postage 5.00]]"); /* just there */
	write_at(
	    cr, 663, 300, 270, "[[postage 6.00]]"); /* half of its height */
	cairo_set_source_rgb(cr, 1, 1, 1);
	write_at(cr, 570, 640, 0, "[[postage 7.00]]"); /* nobody sees it */
	end(cr);
}

static void
marks_that_the_paper_cuts_off_are_told(void **state)
{
	static const char *const cutting[] = {"print-scaling=none",
	    "print-scaling=none number-up=2",
	    "print-scaling=none orientation-requested=4",
	    "print-scaling=none number-up=4 number-up-layout=btrl"};

	(void)state;
	need(PDFTOPDF);
	draw_large();
	for (size_t i = 0; i < sizeof(cutting) / sizeof(cutting[0]); i++) {
		pdftopdf(cutting[i]);
		scan("up.pdf", 1);
		is_int(count, 7, cutting[i]);
		for (int amount = 1; amount <= 7; amount++)
			is_int(with_amount(amount * 1000)->cut,
			    amount != 2 && amount != 5, cutting[i]);
		for (int amount = 1; amount <= 7; amount++)
			is_int(with_amount(amount * 1000)->gone,
			    amount == 1 || amount == 3 || amount == 7,
			    cutting[i]);
	}
	pdftopdf("print-scaling=fit");
	scan("up.pdf", 1);
	is_int(count, 6, "fit");
	for (size_t i = 0; i < count; i++)
		ok(!marks[i].cut, "fit");
}

/* Text of one page of a sheet is no business of the next. */
static void
neighbours_on_a_sheet_do_not_join(void **state)
{
	cairo_t *cr = begin(612, 792);

	(void)state;
	need(PDFTOPDF);
	font(cr, "sans", false, 12);
	write_at(cr, 540, 400, 0, "[[postage");
	cairo_show_page(cr);
	write_at(cr, 2, 400, 0, "9.99]]");
	end(cr);
	pdftopdf("print-scaling=none number-up=2");
	refused("up.pdf", 1, "not closed");
}

static void
spans_of_one_mark_are_one_mark(void **state)
{
	cairo_t *cr = begin(300, 200);

	(void)state;
	need("gs");
	black(cr);
	font(cr, "serif", false, 12);
	write_at(cr, 20, 50, 0, "[[post");
	font(cr, "serif", true, 12);
	cairo_move_to(cr, 20, 50);
	font(cr, "serif", false, 12);
	end(cr);
	cr = begin(300, 200);
	black(cr);
	cairo_move_to(cr, 20, 50);
	font(cr, "serif", false, 12);
	cairo_show_text(cr, "[[post");
	font(cr, "sans", true, 12);
	cairo_show_text(cr, "age 0.");
	font(cr, "serif", false, 18);
	cairo_show_text(cr, "79 ");
	font(cr, "monospace", false, 8);
	cairo_show_text(cr, "to=90210]");
	font(cr, "serif", true, 12);
	cairo_show_text(cr, "]");
	end(cr);
	proven("in.pdf", 1, "spans");
	is_int(marks[0].mark.amount, 790, "amount");
	is_int(marks[0].mark.to, 90210, "to");
}

static void
hidden_marks_are_left_out(void **state)
{
	cairo_t *cr = begin(300, 200);

	(void)state;
	font(cr, "sans", false, 12);
	cairo_set_source_rgb(cr, 1, 1, 1);
	write_at(cr, 20, 50, 0, "[[postage 1]]");
	black(cr);
	cairo_rectangle(cr, 0, 100, 300, 50);
	cairo_fill(cr);
	write_at(cr, 20, 120, 0, "[[postage 2]]");
	cairo_set_source_rgb(cr, 1, 1, 1);
	write_at(cr, 150, 120, 0, "[[postage 3]]");
	end(cr);
	scan("in.pdf", 1);
	is_int(count, 1, "marks");
	is_int(marks[0].mark.amount, 3000, "white on black is seen");
	is_int(marks[0].place, 1, "place");
}

static void
bad_marks_name_their_page(void **state)
{
	cairo_t *cr = begin(300, 200);

	(void)state;
	font(cr, "sans", false, 12);
	write_at(cr, 20, 50, 0, "[[postage 1]]");
	cairo_show_page(cr);
	write_at(cr, 20, 50, 0, "[[postage 1");
	cairo_show_page(cr);
	write_at(cr, 20, 50, 0, "[[postage zip=90210]]");
	end(cr);
	scan("in.pdf", 1);
	is_int(count, 1, "first page");
	refused("in.pdf", 2, "page 2: mark \"[[postage 1\": it is not closed");
	refused("in.pdf", 3, "page 3: mark \"[[postage zip=90210]]\"");
	refused("in.pdf", 4, "page 4: cannot be read");
	refused("in.pdf", 0, "page 0: cannot be read");
}

static void
more_marks_than_room_are_refused(void **state)
{
	cairo_t *cr = begin(300, 800);

	(void)state;
	font(cr, "sans", false, 12);
	for (int i = 0; i <= MARKS; i++)
		write_at(cr, 20, 50 + 20 * i, 0, "[[postage 1]]");
	end(cr);
	refused("in.pdf", 1, "more than 32");
}

/* --- page boxes ------------------------------------------------------------ */

/* A page of a PDF written by hand. */
static void
write_pdf(const char *boxes, const char *content)
{
	FILE *f = fopen(path_of("in.pdf"), "wb");
	long offset[6];

	ok(f != NULL, "in.pdf");
	fprintf(f, "%%PDF-1.7\n");
	for (int i = 1; i <= 5; i++) {
		offset[i] = ftell(f);
		fprintf(f, "%d 0 obj\n", i);
		if (i == 1)
			fprintf(f, "<</Type/Catalog/Pages 2 0 R>>");
		else if (i == 2)
			fprintf(f, "<</Type/Pages/Kids[3 0 R]/Count 1>>");
		else if (i == 3)
			fprintf(f,
			    "<</Type/Page/Parent 2 0 R%s/Resources<<"
			    "/Font<</F 4 0 R>>>>/Contents 5 0 R>>",
			    boxes);
		else if (i == 4)
			fprintf(f, "<</Type/Font/Subtype/Type1"
				   "/BaseFont/Helvetica>>");
		else
			fprintf(f, "<</Length %zu>>stream\n%s\nendstream",
			    strlen(content), content);
		fprintf(f, "\nendobj\n");
	}
	offset[0] = ftell(f);
	fprintf(f, "xref\n0 6\n0000000000 65535 f \n");
	for (int i = 1; i <= 5; i++)
		fprintf(f, "%010ld 00000 n \n", offset[i]);
	fprintf(f, "trailer<</Size 6/Root 1 0 R>>\nstartxref\n%ld\n%%%%EOF\n",
	    offset[0]);
	fclose(f);
}

static void
page_boxes_and_rotation_are_obeyed(void **state)
{
	static const struct {
		const char *boxes;
		int rotation;
		double w, h;
	} pages[] = {{"/MediaBox[0 0 612 792]", 0, 612, 792},
	    {"/MediaBox[0 0 612 792]/Rotate 90", 90, 792, 612},
	    {"/MediaBox[0 0 612 792]/Rotate 180", 180, 612, 792},
	    {"/MediaBox[0 0 612 792]/Rotate 270", 270, 792, 612},
	    {"/MediaBox[0 0 612 792]/Rotate -90", 270, 792, 612},
	    {"/MediaBox[50 -100 662 692]", 0, 612, 792},
	    {"/MediaBox[50 -100 662 692]/Rotate 90", 90, 792, 612},
	    {"/MediaBox[0 0 612 792]/CropBox[60 200 560 700]", 0, 500, 500},
	    {"/MediaBox[0 0 612 792]/CropBox[60 200 560 740]/Rotate 270", 270,
		540, 500},
	    {"/MediaBox[0 0 612 792]/UserUnit 2", 0, 612, 792}};

	(void)state;
	need("gs");
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		struct err e = ERR_INIT;
		struct scan *s;
		double w, h;

		write_pdf(pages[i].boxes,
		    "BT /F 12 Tf 100 600 Td ([[postage 0.78]]) Tj ET");
		proven("in.pdf", 1, pages[i].boxes);
		is_int(marks[0].rotation, pages[i].rotation, pages[i].boxes);
		is_ok(scan_open(path_of("in.pdf"), &s, &e), &e, "open");
		is_int(scan_page_count(s), 1, "pages");
		is_ok(scan_page_size(s, 1, &w, &h, &e), &e, "size");
		is_int(w, pages[i].w, "width");
		is_int(h, pages[i].h, "height");
		scan_close(s);
	}
}

static void
documents_that_are_none_are_refused(void **state)
{
	struct err e = ERR_INIT;
	struct scan *s;
	FILE *f = fopen(path_of("none.pdf"), "w");

	(void)state;
	ok(f && fputs("no PDF", f) >= 0 && fclose(f) == 0, "file");
	refused("none.pdf", 1, "cannot be read as PDF");
	ok(!scan_open(path_of("missing.pdf"), &s, &e), "missing");
	is_err(&e, ERR_SYSTEM, "missing");
	write_pdf("/MediaBox[0 0 14401 792]", "");
	refused("in.pdf", 1, "14401");
	write_pdf("/MediaBox[0 0 14400 14400]",
	    "BT /F 12 Tf 100 600 Td ([[postage 0.78]]) Tj ET");
	refused("in.pdf", 1, "too large");
}

/* Each byte of a good file in turn made bad: any answer, but an answer. */
static void
broken_documents_do_no_harm(void **state)
{
	unsigned char bytes[4096];
	struct err e = ERR_INIT;
	struct scan *s;
	size_t len;
	FILE *f;

	(void)state;
	write_pdf("/MediaBox[0 0 200 100]",
	    "BT /F 12 Tf 10 50 Td ([[postage 0.78]]) Tj ET");
	f = fopen(path_of("in.pdf"), "rb");
	len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	for (size_t i = 0; i < len; i += 3) {
		unsigned char good = bytes[i];

		bytes[i] = (unsigned char)(good ^ (i % 2 ? 0x11 : 0x80));
		f = fopen(path_of("bad.pdf"), "wb");
		is_int(fwrite(bytes, 1, i % 5 ? len : i, f), i % 5 ? len : i,
		    "write");
		fclose(f);
		bytes[i] = good;
		if (!scan_open(path_of("bad.pdf"), &s, &e))
			continue;
		ok(scan_page(s, 1, marks, MARKS, &count, &e) ? count <= MARKS
							     : e.kind != 0,
		    "answer");
		scan_close(s);
	}
}

/* --- ink ------------------------------------------------------------------- */

static void
ink_is_told_from_background(void **state)
{
	cairo_t *cr = begin(400, 400);
	struct ink_map map;
	struct rect where, all = {0, 0, 400, 400};
	struct rect text = {195, 85, 150, 20}, tint = {210, 210, 80, 80};

	(void)state;
	cairo_set_source_rgb(cr, 0.8, 0.6, 0.4); /* a cell's background */
	cairo_rectangle(cr, 200, 200, 100, 100);
	cairo_fill(cr);
	cairo_set_source_rgb(cr, 0.9, 0.9, 0.9); /* pale text */
	font(cr, "sans", false, 8);
	write_at(cr, 200, 100, 0, "pale words");
	cairo_set_source_rgb(cr, 0, 0, 0); /* a hairline */
	cairo_set_line_width(cr, 0.1);
	cairo_move_to(cr, 50, 250);
	cairo_line_to(cr, 150, 250);
	cairo_stroke(cr);
	end(cr);
	map_of("in.pdf", &map);
	ok(ink_map_is_free(
	       &map, (struct rect){10, 10, 100, 100}, NULL, 0, &where),
	    "paper");
	is_int(ink_map_color(&map, (struct rect){10, 10, 100, 100}, NULL, 0),
	    0xffffff, "paper");
	ok(!ink_map_is_free(&map, text, NULL, 0, &where), "pale text");
	ok(rect_inside(where, text), "where");
	ok(where.w > 20 && where.h > 4, "where");
	ok(ink_map_is_free(&map, text, &text, 1, NULL), "excepted");
	ok(ink_map_is_free(&map, tint, NULL, 0, NULL), "even background");
	is_int(ink_map_color(&map, tint, NULL, 0), 0xcc9966, "its colour");
	ok(!ink_map_is_free(
	       &map, (struct rect){190, 210, 40, 40}, NULL, 0, NULL),
	    "edge of the background");
	ok(!ink_map_is_free(
	       &map, (struct rect){60, 240, 40, 20}, NULL, 0, &where),
	    "hairline");
	ok(fabs(where.y - 250) < 1, "hairline is where it is");
	ok(ink_map_is_free(
	       &map, (struct rect){-500, 380, 3000, 3000}, NULL, 0, NULL),
	    "off the page");
	ok(ink_map_is_free(
	       &map, (struct rect){0.0 / 0.0, 0, 1e300, -5}, NULL, 0, NULL),
	    "no rectangle");
	is_int(ink_map_color(&map, all, &all, 1), 0xffffff, "nothing left");
	ink_map_free(&map);
	ink_map_free(&map);
}

/* Tight lines: descenders of one reach into the box of the next. */
static void
neighbouring_lines_keep_their_ink(void **state)
{
	cairo_t *cr = begin(300, 200);
	struct image image;
	int lost = 0;

	(void)state;
	need("gs");
	font(cr, "serif", false, 12);
	red(cr);
	for (int i = 0; i < 9; i++)
		if (i != 4)
			write_at(cr, 20, 40 + 13 * i, 0,
			    "gypsy Typography jumps |[Qq]| on");
	black(cr);
	write_at(cr, 20, 40 + 13 * 4, 0, "[[postage 0.78 to=90210]]");
	end(cr);
	scan("in.pdf", 1);
	is_int(count, 1, "marks");
	ghostscript("in.pdf", &image);
	for (int y = 0; y < image.h; y++)
		for (int x = 0; x < image.w; x++) {
			const unsigned char *p =
			    image.rgb +
			    ((size_t)y * (size_t)image.w + (size_t)x) * 3;

			lost += holds(marks[0].ink[0], x, y) && p[0] > 150 &&
				p[1] < 100;
		}
	free(image.rgb);
	/* The margin for anti-aliasing may take the edge of a dot. */
	if (lost > 20)
		fail_at("%d red dots in the mark's box", lost);
}

static void
edges_of_cells_keep_their_ink(void **state)
{
	cairo_t *cr = begin(300, 200);
	struct rect ink;

	(void)state;
	black(cr);
	font(cr, "serif", false, 12);
	write_at(cr, 40, 100, 0, "[[postage 0.78 cost=gyp]]");
	cairo_set_line_width(cr, 1);
	cairo_rectangle(cr, 15, 88.5, 230, 15);
	cairo_stroke(cr);
	write_at(cr, 40, 150, 0, "[[postage 0.79 cost=gyp]]");
	cairo_move_to(cr, 40, 152); /* its underline */
	cairo_line_to(cr, 200, 152);
	cairo_stroke(cr);
	end(cr);
	scan("in.pdf", 1);
	is_int(count, 2, "marks");
	ink = marks[0].ink[0];
	ok(ink.y >= 88.5, "upper edge");
	ok(ink.y + ink.h <= 103.6, "lower edge");
	ok(ink.y < 91.5 && ink.y + ink.h > 102, "all of the text");
	ink = marks[1].ink[0];
	ok(ink.y + ink.h > 152.5, "underline");
}

/* --- set-up ---------------------------------------------------------------- */

static int
make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int
remove_folder(void **state)
{
	static const char *const names[] = {
	    "in.pdf", "up.pdf", "none.pdf", "bad.pdf", "out.ppm", "log"};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(path_of(names[i]));
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(marks_are_found_in_reading_order),
	    T(boxes_hold_the_ink),
	    T(boxes_hold_the_ink_after_pdftopdf),
	    T(marks_that_the_paper_cuts_off_are_told),
	    T(neighbours_on_a_sheet_do_not_join),
	    T(spans_of_one_mark_are_one_mark),
	    T(hidden_marks_are_left_out),
	    T(bad_marks_name_their_page),
	    T(more_marks_than_room_are_refused),
	    T(page_boxes_and_rotation_are_obeyed),
	    T(documents_that_are_none_are_refused),
	    T(broken_documents_do_no_harm),
	    T(ink_is_told_from_background),
	    T(neighbouring_lines_keep_their_ink),
	    T(edges_of_cells_keep_their_ink),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
