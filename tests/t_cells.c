/* SPDX-License-Identifier: Apache-2.0 */
/* How a sheet is drawn is read only where it is drawn as pdftopdf does. */
#include "tests/test.h"

#include <math.h>

#include "filter/cells.h"
#include "filter/cells_draw.h"

static struct drawn_form forms[CELLS_MAX];
static size_t count;

static bool
drawn(const char *content)
{
	return cells_draw(content, forms, CELLS_MAX, &count);
}

static void
is_matrix(const double *got, double a, double b, double c, double d, double e,
    double f)
{
	const double want[6] = {a, b, c, d, e, f};

	for (int i = 0; i < 6; i++)
		ok(fabs(got[i] - want[i]) < 1e-9, "matrix");
}

static void
forms_come_with_their_places(void **state)
{
	(void)state;
	ok(drawn("%pdftopdf cm\n-1 0 0 1 612 0 cm\n"
		 "q\n  0.5 0 0 0.5 0 396 cm\n  /X1 Do\nQ\n"
		 "q 2 0 0 2 10.5 -3 cm /X2 Do Q"),
	    "two forms");
	is_int(count, 2, "forms");
	is_str(forms[0].name, "/X1", "name");
	is_matrix(forms[0].m, -0.5, 0, 0, 0.5, 612, 396);
	is_str(forms[1].name, "/X2", "name");
	is_matrix(forms[1].m, -2, 0, 0, 2, 601.5, -3);
	ok(drawn("0 1 -1 0 5 6 cm 1 0 0 1 10 0 cm /X9 Do"), "matrices");
	is_matrix(forms[0].m, 0, 1, -1, 0, 5, 16);
	ok(drawn(""), "an empty page");
	is_int(count, 0, "no form");
}

static void
other_pages_are_told_from_sheets(void **state)
{
	static const char *const pages[] = {"q /X1 Do Q 0 0 5 5 re f",
	    "BT /F 12 Tf (x) Tj ET", "1 0 0 1 0 cm /X1 Do",
	    "1 0 0 1 0 0 0 cm /X1 Do", "Do", "Q /X1 Do", "1 /X1 Do",
	    "q q q q q q q q q /X1 Do", "nan 0 0 1 0 0 cm /X1 Do",
	    "1e999 0 0 1 0 0 cm /X1 Do", "1x 0 0 1 0 0 cm /X1 Do",
	    "/AnameThatIsLongerThanAnyThatIsInUse Do", "[ 1 ] 0 d /X1 Do"};

	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		ok(!drawn(pages[i]), pages[i]);
}

static void
more_forms_than_room_are_no_sheet(void **state)
{
	char content[CELLS_MAX * 8 + 9] = "";

	(void)state;
	for (int i = 0; i < CELLS_MAX; i++)
		strcat(content, "/X1 Do ");
	ok(drawn(content), "as many as there is room for");
	is_int(count, CELLS_MAX, "forms");
	strcat(content, "/X1 Do ");
	ok(!drawn(content), "one more");
}

static void
what_is_no_pdf_has_no_cells(void **state)
{
	(void)state;
	ok(cells_open("/dev/null", 1) == NULL, "nothing");
	ok(cells_open("/nowhere.pdf", 1) == NULL, "no file");
	cells_close(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(forms_come_with_their_places),
	    T(other_pages_are_told_from_sheets),
	    T(more_forms_than_room_are_no_sheet),
	    T(what_is_no_pdf_has_no_cells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
