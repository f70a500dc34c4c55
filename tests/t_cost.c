/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/cost.h"

#include "tests/test.h"

static struct cost_codes *
parse(const char *text, struct err *e)
{
	struct cost_codes *c = NULL;

	return cost_parse(text, strlen(text), "codes", &c, e) ? c : NULL;
}

static void
refuses(const char *text, const char *want)
{
	struct err e = ERR_INIT;

	ok(parse(text, &e) == NULL, text);
	is_err(&e, ERR_CONFIG, text);
	is_str(e.text, want, "message");
}

static void
codes_have_a_text_and_users(void **state)
{
	struct err e = ERR_INIT;
	struct cost_codes *c = parse("# list\n\nsales\tSales, east\n"
				     "K-10/2\tBoard\tanna @board\r\nbare",
	    &e);

	(void)state;
	is_ok(c != NULL, &e, "parse");
	is_int(cost_count(c), 3, "codes");
	is_str(cost_find(c, "sales")->text, "Sales, east", "text");
	is_str(cost_find(c, "sales")->users, "", "everyone");
	is_str(cost_find(c, "K-10/2")->users, "anna @board", "users");
	is_str(cost_find(c, "bare")->text, "", "without a text");
	ok(cost_find(c, "Sales") == NULL, "capital letters count");
	ok(cost_find(c, "sale") == NULL, "half a code");
	cost_free(c);
}

static void
near_codes_are_named(void **state)
{
	struct err e = ERR_INIT;
	struct cost_codes *c =
	    parse("sales\nsales-east\nmarketing\nK100\nK101\nK102\nK103\n", &e);
	char near[COST_NEAR_MAX];

	(void)state;
	is_ok(c != NULL, &e, "parse");
	cost_near(c, "Sales", near);
	is_str(near, "sales, sales-east", "another case");
	cost_near(c, "slaes", near);
	is_str(near, "sales", "two letters turned");
	cost_near(c, "markting", near);
	is_str(near, "marketing", "a letter left out");
	cost_near(c, "mark", near);
	is_str(near, "marketing", "the beginning");
	cost_near(c, "K10", near);
	is_str(near, "K100, K101, K102", "no more than three");
	cost_near(c, "quite-another", near);
	is_str(near, "", "none");
	cost_free(c);
}

static void
faults_name_file_and_line(void **state)
{
	(void)state;
	refuses("a\nb\na\n", "codes:3: code a stands twice");
	refuses("a b\tx\n",
	    "codes:1: cost \"a b\": at most 31 letters, digits and -_./");
	refuses("\tx\n", "codes:1: cost has no value");
	refuses("a\tb\tc\td\n", "codes:1: more than 3 columns");
	refuses("a\tb\x1b[2J\n",
	    "codes:1: the text is longer than 63 bytes or not plain text");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(codes_have_a_text_and_users),
	    T(near_codes_are_named),
	    T(faults_name_file_and_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
