/* SPDX-License-Identifier: Apache-2.0 */
/* What was meant as a mark is told from text that mentions postage. */
#include "tests/test.h"

#include "stamp/near.h"

static char seen[MARK_TEXT_MAX], meant[MARK_TEXT_MAX];

static void
misses_are_told_with_what_was_meant(void **state)
{
	static const struct {
		const char *text, *meant;
	} misses[] = {{"[postage 0.78]", "[[postage 0.78]]"},
	    {"[Postage 0,78]", "[[postage 0.78]]"},
	    {"[postage 0.78]]", "[[postage 0.78]]"},
	    {"[postage class=letter to=90210]",
		"[[postage class=letter to=90210]]"},
	    {"[postage $1]", "[[postage 1]]"},
	    {"[[postge 0.78]]", "[[postage 0.78]]"},
	    {"[[potsage 0.78 at=ne]]", "[[postage 0.78 at=ne]]"},
	    {"[[posttage 0.78]]", "[[postage 0.78]]"},
	    {"[[POSTAEG cost=a,b ]]", "[[postage cost=a,b]]"},
	    {"[[poztage 0.78]", "[[postage 0.78]]"},
	    {"{{postage 0.78}}", "[[postage 0.78]]"},
	    {"<<postage 0.78>>", "[[postage 0.78]]"},
	    {"((postage 0.78))", "[[postage 0.78]]"}};

	(void)state;
	for (size_t i = 0; i < sizeof(misses) / sizeof(misses[0]); i++) {
		ok(near_mark(misses[i].text, seen, meant), misses[i].text);
		is_str(seen, misses[i].text, "the text itself");
		is_str(meant, misses[i].meant, misses[i].text);
	}
}

static void
the_rest_of_the_line_is_left_out(void **state)
{
	(void)state;
	ok(near_mark("[postage 0.78] and [more] text", seen, meant), "text");
	is_str(seen, "[postage 0.78]", "text");
	is_str(meant, "[[postage 0.78]]", "text");
}

static void
ordinary_text_is_left_alone(void **state)
{
	static const char *const texts[] = {"", "[", "[[", "postage 0.78",
	    "[postage]", "[postage paid]", "[postage 0.78 paid in full]",
	    "[postage and packing 0.78]", "(postage 0.78)", "{postage 0.78}",
	    "[[postage 0.78]]", /* that is a mark */
	    "[[postal 0.78]]", "[[page 0.78]]", "[[post 0.78]]", "[[postge]]",
	    "[[postge office]]", "[ postage 0.78]", "[postge 0.78]",
	    "[postage 0.78", "[postage0.78]", "[postage: 0.78]",
	    "[postage x=1]", "[[postages and more 0.78]]", "[postage .]",
	    "[postagepostagepostagepostage 0.78]"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ok(!near_mark(texts[i], seen, meant), texts[i]);
}

static void
no_text_is_too_long(void **state)
{
	char text[2 * MARK_TEXT_MAX];

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, "[postage 1", 10);
	text[sizeof(text) - 2] = ']';
	text[sizeof(text) - 1] = '\0';
	ok(!near_mark(text, seen, meant), "longer than a mark");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(misses_are_told_with_what_was_meant),
	    T(the_rest_of_the_line_is_left_out),
	    T(ordinary_text_is_left_alone),
	    T(no_text_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
