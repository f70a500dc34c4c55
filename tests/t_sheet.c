/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "stamp/sheet.h"
#include "stamp/sheet_xml.h"

#define IN 72.0
#define MM (72.0 / 25.4)

static struct sheet
found(const char *name)
{
	struct err e = ERR_INIT;
	struct sheet s;

	is_ok(sheet_find(name, NULL, &s, &e), &e, name);
	return s;
}

static void
unknown(const char *name, const char *why)
{
	struct err e = ERR_INIT;
	struct sheet s;

	ok(!sheet_find(name, NULL, &s, &e), name);
	is_err(&e, ERR_REQUEST, name);
	if (!strstr(e.text, why))
		fail_at("\"%s\" does not say \"%s\"", e.text, why);
}

/* To a thousandth of a point. */
static void
is_pt(double got, double want, const char *what)
{
	if (!(fabs(got - want) < 0.001))
		fail_at("%s: got %g, want %g", what, got, want);
}

/* Columns, rows and, in inches, label, first corner and pitch. */
static void
is_grid(const char *name, int nx, int ny, const double in[6])
{
	struct sheet s = found(name);
	struct rect first = sheet_label(&s, 0);
	struct rect last = sheet_label(&s, nx * ny - 1);

	is_int(s.count, nx * ny, name);
	is_int(s.columns, nx, name);
	is_int(s.rows, ny, name);
	is_pt(first.w, in[0] * IN, name);
	is_pt(first.h, in[1] * IN, name);
	is_pt(first.x, in[2] * IN, name);
	is_pt(first.y, in[3] * IN, name);
	is_pt(last.x, (in[2] + (nx - 1) * in[4]) * IN, name);
	is_pt(last.y, (in[3] + (ny - 1) * in[5]) * IN, name);
	if (nx > 1)
		is_pt(sheet_label(&s, 1).x, (in[2] + in[4]) * IN, name);
	if (nx > 1)
		is_pt(sheet_label(&s, 1).y, first.y, "row by row");
}

static void
avery_letter_sheets_are_as_published(void **state)
{
	struct sheet s = found("Avery 5160");

	(void)state;
	is_str(s.name, "Avery 5160", "name");
	is_str(s.paper, "US-Letter", "paper");
	is_pt(s.page_w_pt, 612, "width");
	is_pt(s.page_h_pt, 792, "height");
	is_int(s.shape, SHAPE_RECTANGLE, "shape");
	is_grid(
	    "Avery 5160", 3, 10, (double[]){2.625, 1, .15625, .5, 2.78125, 1});
	is_grid("Avery 5161", 2, 10, (double[]){4, 1, .15625, .5, 4.1875, 1});
	is_grid(
	    "Avery 5167", 4, 20, (double[]){1.75, .5, .28125, .5, 2.0625, .5});
	s = found("Avery 5162");
	is_int(s.count, 14, "5162");
	is_pt(s.label_w_pt, 4 * IN, "5162");
	is_pt(s.label_h_pt, 96, "5162: 1.333 in");
	is_pt(s.at[0].y, 60, "5162: .8333 in");
	s = found("Avery 5163");
	is_int(s.count, 10, "5163");
	is_pt(s.label_h_pt, 2 * IN, "5163");
	is_pt(s.at[0].x, .1625 * IN, "5163");
	is_int(found("Avery 5164").count, 6, "5164");
	is_int(found("Avery 5168").count, 4, "5168");
	is_pt(found("Avery 5168").label_h_pt, 5 * IN, "5168");
	s = found("Avery 5159");
	is_int(s.count, 14, "5159");
	is_pt(s.at[0].y, .25 * IN, "5159");
}

static void
a4_sheets_are_as_published(void **state)
{
	struct sheet s = found("Avery 7160");

	(void)state;
	is_pt(s.page_w_pt, 210 * MM, "width");
	is_pt(s.page_h_pt, 297 * MM, "height");
	is_int(s.count, 21, "7160");
	is_pt(s.label_w_pt, 181.4, "7160");
	is_pt(s.label_h_pt, 108, "7160");
	is_pt(s.at[0].x, 21.2, "7160");
	is_pt(s.at[0].y, 43.9, "7160");
	is_pt(s.at[1].x - s.at[0].x, 187.2, "7160");
	is_int(found("Avery 7161").count, 18, "7161");
	is_int(found("Avery 7162").count, 16, "7162");
	is_int(found("Avery 7163").count, 14, "7163");
	is_pt(found("Avery 7163").label_w_pt, 280.9, "7163");
	is_int(found("Avery 7164").count, 12, "7164");
	s = found("Avery 8651");
	is_int(s.count, 65, "8651");
	is_pt(s.label_h_pt, 60.09, "8651");
	is_pt(s.at[0].x, 13.32, "8651");
	is_pt(s.at[0].y, 30.9, "8651");
	is_pt(s.at[1].x - s.at[0].x, 115.09, "8651");
}

static void
equivalents_have_the_same_labels(void **state)
{
	struct sheet a = found("Avery 5160"), b = found("Avery 8160");
	struct sheet c = found("Herma 10801"); /* by way of another one */

	(void)state;
	is_str(b.name, "Avery 8160", "own name");
	is_mem(a.at, b.at, sizeof(a.at), "labels");
	is_int(c.count, found("Herma 4608").count, "chain");
}

static void
labels_on_a_roll_are_found(void **state)
{
	struct sheet s = found("Dymo 30256");

	(void)state;
	is_int(s.count, 1, "labels");
	is_str(s.paper, "Other", "paper");
	ok(rect_inside(sheet_label(&s, 0),
	       (struct rect){0, 0, s.page_w_pt, s.page_h_pt}),
	    "inside");
}

static void
names_are_forgiving(void **state)
{
	(void)state;
	is_str(found("avery 5160").name, "Avery 5160", "case");
	is_str(found("  AVERY-5160 ").name, "Avery 5160", "punctuation");
	is_str(found("30256").name, "Dymo 30256", "part alone");
	is_str(found("5160").name, "Avery 5160", "part alone");
	unknown("Avery 516O", "Avery 5160");
	unknown("", "unknown");
	unknown("No Such Sheet", "near it are");
}

static int brands_of_part;

static bool
same_part(
    void *context, const struct sheet *s, const char *brand, const char *part)
{
	(void)s;
	(void)brand;
	brands_of_part += strcmp(part, context) == 0;
	return true;
}

static void
part_of_several_brands_asks_which(void **state)
{
	struct err e = ERR_INIT;
	char part[] = "CD Labels";

	(void)state;
	is_ok(sheet_list("cd labels", "", same_part, part, &e), &e, "list");
	is_int(brands_of_part, 2, "brands");
	unknown("CD Labels", "which brand");
	unknown("CD Labels", "Merax CD Labels");
	unknown("CD Labels", "Memorex CD Labels");
}

/* What sheet_list() found. */
struct seen {
	int sheets;
	int stop_after;
	char last[SHEET_NAME_MAX];
};

static bool
count_sheet(
    void *context, const struct sheet *s, const char *brand, const char *part)
{
	struct seen *seen = context;
	char name[SHEET_NAME_MAX];

	snprintf(name, sizeof(name), "%s %s", brand, part);
	is_str(s->name, name, "name");
	for (int i = 0; i < s->count; i++) {
		struct rect box = sheet_label(s, i);
		struct rect area = sheet_label_area(s, i);

		ok(box.w > 0 && box.h > 0, name);
		ok(area.w > 0 && area.h > 0, name);
		ok(rect_inside(area, box), name);
		if (i > 0)
			ok(lround(box.y) > lround(s->at[i - 1].y) ||
				box.x >= s->at[i - 1].x,
			    name);
	}
	strcpy(seen->last, s->name);
	return ++seen->sheets != seen->stop_after;
}

static void
every_template_is_usable(void **state)
{
	struct template_list list = {NULL, 0, 0};
	struct seen seen = {0};
	struct err e = ERR_INIT;

	(void)state;
	is_ok(template_load(GLABELS_DATADIR, &list, &e), &e, "load");
	template_resolve(&list);
	is_int(list.count, 1756, "templates of glabels-data 3.4.1");
	for (size_t i = 0; i < list.count; i++) {
		struct template *t = &list.items[i];

		is_str(t->problem, "", t->part);
		ok(!strstr(t->part, "...") && !strstr(t->brand, "..."),
		    t->part);
	}
	is_ok(sheet_list("", NULL, count_sheet, &seen, &e), &e, "list");
	template_free(&list);
	/* Hisago ELM024, OP3005, OP3010 and Rayfilm 7001 have labels far off
	 * their own page. */
	is_int(seen.sheets, 1756 - 4, "usable");
}

static void
search_takes_every_word(void **state)
{
	struct seen seen = {0}, one = {.stop_after = 1};
	struct err e = ERR_INIT;

	(void)state;
	is_ok(sheet_list("STAMPIT labels pearl", "", count_sheet, &seen, &e),
	    &e, "search");
	ok(seen.sheets >= 2, "found");
	is_str(seen.last, "PEARL VM-6733", "found");
	is_ok(sheet_list("", "", count_sheet, &one, &e), &e, "stop");
	is_int(one.sheets, 1, "stopped");
}

static void
several_layouts_are_in_reading_order(void **state)
{
	struct sheet s = found("Desmat A4ST-3CD");

	(void)state;
	is_int(s.count, 3, "labels");
	is_int(s.shape, SHAPE_CD, "shape");
	is_pt(s.at[0].y, 9 * MM, "first layout's first");
	is_pt(s.at[1].x, 9 * MM, "second layout between them");
	is_pt(s.at[2].y, 175 * MM, "first layout's second");
}

static void
round_labels_leave_their_corners(void **state)
{
	struct sheet s = found("Avery 3112");
	struct rect box = sheet_label(&s, 0), area = sheet_label_area(&s, 0);
	double x = area.w / 2, y = area.h / 2, r = box.w / 2;

	(void)state;
	is_int(s.shape, SHAPE_ROUND, "shape");
	is_pt(box.w, 1.5 * IN, "diameter");
	ok(sqrt(x * x + y * y) <= r - s.margin_pt + 0.01, "corner inside");
	s = found("Desmat A4ST-3CD");
	box = sheet_label(&s, 0);
	area = sheet_label_area(&s, 0);
	x = area.w / 2;
	y = box.y + box.h / 2 - area.y;
	ok(sqrt(x * x + y * y) <= box.w / 2 + 0.01, "CD: inside");
	ok(y - area.h >= s.hole_pt - 0.01, "CD: above the hole");
}

static void
parametric_sheet_equals_its_template(void **state)
{
	struct sheet a = found("Avery 5160");
	struct sheet b = found("page=Letter;cols=3;rows=10;w=2.625in;h=1in;"
			       "x0=0.15625in;y0=0.5in;dx=2.78125in;dy=1in");

	(void)state;
	is_int(b.count, 30, "labels");
	is_mem(a.at, b.at, sizeof(a.at), "places");
	is_pt(b.label_w_pt, a.label_w_pt, "width");
	b = found("page=4inx6in; w=2in; h=3in; cols=2; rows=2; margin=3mm");
	is_pt(b.at[3].x, 2 * IN, "pitch defaults to the size");
	is_pt(b.at[3].y, 3 * IN, "pitch defaults to the size");
	is_pt(b.page_h_pt, 6 * IN, "page");
	is_pt(sheet_label_area(&b, 0).x, 3 * MM, "margin");
}

static void
parametric_errors_name_the_word(void **state)
{
	(void)state;
	unknown("w=1in;h=1in", "page=");
	unknown("page=Letter;cols=3", "w= or h=");
	unknown("page=Lettre;w=1in;h=1in", "page=Lettre");
	unknown("page=Letter;w=1in;h=1in;colour=red", "colour=red");
	unknown("page=Letter;w=1furlong;h=1in", "w=1furlong");
	unknown("page=Letter;w=1in;h=1in;cols=0", "cols=0");
	unknown("page=Letter;w=1in;h=1in;cols=10", "off the page");
	unknown("page=Letter;w=5;h=5;cols=100;rows=100", "more than");
	unknown("page=Letter;w=1e6;h=5", "w=1e6");
	unknown("page=99999x10;w=5;h=5", "between");
}

static void
lengths_have_units(void **state)
{
	double pt;

	(void)state;
	ok(template_length("1in", &pt), "1in");
	is_pt(pt, 72, "1in");
	ok(template_length("25.4 mm", &pt), "mm");
	is_pt(pt, 72, "mm");
	ok(template_length("2.54cm", &pt), "cm");
	is_pt(pt, 72, "cm");
	ok(template_length("6pc", &pt), "pc");
	is_pt(pt, 72, "pc");
	ok(template_length(".5", &pt), "bare");
	is_pt(pt, .5, "bare");
	ok(!template_length("", &pt), "empty");
	ok(!template_length("mm", &pt), "unit alone");
	ok(!template_length("1,5mm", &pt), "comma");
	ok(!template_length("1m", &pt), "metre");
	ok(!template_length("nan", &pt), "nan");
	ok(template_length("3.5e-16pt", &pt), "as gLabels writes nothing");
	is_pt(pt, 0, "3.5e-16pt");
	ok(!template_length("1e9", &pt), "exponent");
	ok(!template_length("1e999999999999", &pt), "exponent");
	ok(!template_length("5000in", &pt), "too long");
}

static void
papers_have_all_their_names(void **state)
{
	double w, h;

	(void)state;
	ok(sheet_paper("letter", &w, &h), "PPD");
	is_pt(w, 612, "width");
	ok(sheet_paper("US-Letter", &w, &h), "gLabels");
	ok(sheet_paper("na_letter", &w, &h), "PWG");
	ok(sheet_paper("na_letter_8.5x11in", &w, &h), "PWG with size");
	ok(sheet_paper("iso_a4_210x297mm", &w, &h), "PWG with size");
	is_pt(h, 297 * MM, "height");
	ok(sheet_paper("Env10", &w, &h), "envelope");
	is_pt(h, 9.5 * IN, "height");
	ok(!sheet_paper("na_letter_extra", &w, &h), "other paper");
	ok(!sheet_paper("", &w, &h), "none");
}

/* paper-sizes.xml of gLabels, read by hand: the oracle of our table. */
static void
papers_are_those_of_glabels(void **state)
{
	FILE *f = fopen(GLABELS_DATADIR "/paper-sizes.xml", "r");
	char text[512], id[64], width[32], height[32];
	const char *p;
	int n = 0;
	double w, h, want;

	(void)state;
	ok(f != NULL, "paper-sizes.xml");
	while (fgets(text, sizeof(text), f)) {
		if (!strstr(text, "<Paper-size "))
			continue;
		p = strstr(text, "id=\"");
		ok(p && sscanf(p, "id=\"%63[^\"]", id) == 1, text);
		p = strstr(text, " width=\"");
		if (!p)
			p = strstr(text, "\twidth=\"");
		ok(p && sscanf(p + 1, "width=\"%31[^\"]", width) == 1, text);
		p = strstr(text, "height=\"");
		ok(p && sscanf(p, "height=\"%31[^\"]", height) == 1, text);
		ok(sheet_paper(id, &w, &h), id);
		ok(template_length(width, &want), width);
		is_pt(w, want, id);
		ok(template_length(height, &want), height);
		is_pt(h, want, id);
		n++;
	}
	fclose(f);
	is_int(n, 40, "papers");
}

/* --- the administrator's folder --------------------------------------------- */

static char folder[] = "/tmp/t_sheet.XXXXXX";

static void
write_template(const char *xml)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "%s/own.xml", folder);
	f = fopen(path, "w");
	ok(f && fputs(xml, f) >= 0 && fclose(f) == 0, path);
}

static void
own_folder_comes_first(void **state)
{
	struct err e = ERR_INIT;
	struct sheet s;

	(void)state;
	write_template("<Glabels-templates>"
		       "<Template brand='Avery' part='5160' size='A4'>"
		       "<Label-rectangle id='0' width='50mm' height='20mm'>"
		       "<Layout nx='4' ny='2' dx='50mm' dy='25mm'/>"
		       "</Label-rectangle></Template>"
		       "<Template brand='Own' part='X' equiv='Y'/>"
		       "<Template brand='Own' part='Z' size='Foolscap'>"
		       "<Label-round id='0' radius='1in'><Layout nx='1' "
		       "ny='1'/></Label-round></Template>"
		       "</Glabels-templates>");
	is_ok(sheet_find("Avery 5160", folder, &s, &e), &e, "own");
	is_int(s.count, 8, "own");
	is_ok(sheet_find("Avery 5161", folder, &s, &e), &e, "others");
	ok(!sheet_find("Own X", folder, &s, &e), "equivalent of nothing");
	is_err(&e, ERR_CONFIG, "equivalent of nothing");
	ok(strstr(e.text, "Y is not there"), e.text);
	ok(!sheet_find("Own Z", folder, &s, &e), "unknown paper");
	ok(strstr(e.text, "Foolscap"), e.text);
}

static void
dtd_and_broken_xml_are_refused(void **state)
{
	struct err e = ERR_INIT;
	struct sheet s;

	(void)state;
	write_template("<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>"
		       "]><Glabels-templates>&a;</Glabels-templates>");
	ok(!sheet_find("Avery 5160", folder, &s, &e), "DTD");
	is_err(&e, ERR_CONFIG, "DTD");
	ok(strstr(e.text, "own.xml: no DTD"), e.text);
	write_template("<Glabels-templates><Template brand='A' part='1'");
	ok(!sheet_find("Avery 5160", folder, &s, &e), "broken");
	is_err(&e, ERR_CONFIG, "broken");
	ok(!sheet_find("Avery 5160", "/nowhere", &s, &e), "no folder");
	is_err(&e, ERR_CONFIG, "no folder");
}

static int
make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int
remove_folder(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/own.xml", folder);
	unlink(path);
	return rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(avery_letter_sheets_are_as_published),
	    T(a4_sheets_are_as_published),
	    T(equivalents_have_the_same_labels),
	    T(labels_on_a_roll_are_found),
	    T(names_are_forgiving),
	    T(part_of_several_brands_asks_which),
	    T(every_template_is_usable),
	    T(search_takes_every_word),
	    T(several_layouts_are_in_reading_order),
	    T(round_labels_leave_their_corners),
	    T(parametric_sheet_equals_its_template),
	    T(parametric_errors_name_the_word),
	    T(lengths_have_units),
	    T(papers_have_all_their_names),
	    T(papers_are_those_of_glabels),
	    T(own_folder_comes_first),
	    T(dtd_and_broken_xml_are_refused),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
