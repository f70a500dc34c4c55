/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include "stamp/mark.h"

static struct mark
parsed(const char *text)
{
	struct err e = ERR_INIT;
	struct mark m;

	is_ok(mark_parse(text, &m, &e), &e, text);
	return m;
}

/* Refused, and the text says `why`. */
static void
refused(const char *text, const char *why)
{
	struct err e = ERR_INIT;
	struct mark m;

	ok(!mark_parse(text, &m, &e), text);
	is_err(&e, ERR_REQUEST, text);
	if (!strstr(e.text, why))
		fail_at("%s: \"%s\" does not say \"%s\"", text, e.text, why);
}

static void
bare_mark_leaves_every_field_out(void **state)
{
	struct mark m = parsed("[[postage]]"), none = {0};
	char text[MARK_TEXT_MAX];

	(void)state;
	is_mem(&m, &none, sizeof(m), "fields");
	mark_format(&m, text);
	is_str(text, "[[postage]]", "text");
}

static void
every_key_sets_its_field(void **state)
{
	struct mark m = parsed(
	    "[[postage amount=0.78 class=Letter weight=2oz to=90210-1234 "
	    "from=10001 origin=00501 date=2026-11-24 mailby=20261201 "
	    "cost=A/12.3 size=small at=se kind=postage]]");
	char text[MARK_TEXT_MAX];

	(void)state;
	ok(m.has_amount, "has amount");
	is_int(m.amount, 780, "amount");
	is_str(m.rate_class, "letter", "class");
	is_int(m.weight_mg, 56699, "weight");
	is_int(m.to, 902101234, "to");
	is_int(m.from, 10001, "from");
	is_int(m.origin, 501, "origin");
	is_int(m.date, 20261124, "date");
	is_int(m.mailby, 20261201, "mailby");
	is_str(m.cost, "A/12.3", "cost");
	is_int(m.size, SIZE_SMALL, "size");
	is_int(m.at, AT_SE, "at");
	is_int(m.kind, KIND_POSTAGE, "kind");
	mark_format(&m, text);
	is_str(text,
	    "[[postage amount=0.78 class=letter weight=56.699g "
	    "to=90210-1234 from=10001 origin=00501 date=2026-11-24 "
	    "mailby=2026-12-01 cost=A/12.3 size=small at=se kind=postage]]",
	    "text");
}

static void
bare_number_is_the_amount(void **state)
{
	(void)state;
	is_int(parsed("[[postage 0.78]]").amount, 780, "0.78");
	is_int(parsed("[[postage .5 to=90210]]").amount, 500, ".5");
	is_int(parsed("[[postage 12.345]]").amount, 12345, "12.345");
	is_int(parsed("[[postage 16777.215]]").amount, 0xffffff, "u24");
	refused("[[postage 16777.216]]", "largest");
	refused("[[postage 0,78]]", "0.78");
	refused("[[postage $0.78]]", "currency");
	refused("[[postage -1]]", "amount");
	refused("[[postage 1e3]]", "amount");
	refused("[[postage 0.7812]]", "three decimals");
}

/* Half of a torn number must never become money. */
static void
number_further_on_is_no_amount(void **state)
{
	(void)state;
	refused("[[postage to=90210 1234]]", "1234");
	refused("[[postage 1 2.50]]", "right after");
	refused("[[postage amount=1 2.50]]", "right after");
	refused("[[postage to=90210-1234 5]]", "right after");
}

static void
what_office_programs_type_is_read(void **state)
{
	struct mark m;

	(void)state;
	m = parsed("[[Postage\xc2\xa0"
		   "0.78 To=90210\xe2\x80\x93"
		   "1234 date=2026\xe2\x80\x91"
		   "11\xe2\x80\x93"
		   "24 class=\xe2\x80\x9c"
		   "letter\xe2\x80\x9d cost=\xef\xac\x81rm]]");
	is_int(m.amount, 780, "amount");
	is_int(m.to, 902101234, "to");
	is_int(m.date, 20261124, "date");
	is_str(m.rate_class, "letter", "class");
	is_str(m.cost, "firm", "ligature");
	m = parsed("[[\tPOSTAGE\n 0.78\r\nto = 90210\xe2\x80\x8b ]]");
	is_int(m.to, 90210, "blanks");
	is_int(parsed("[[postage weight='1.5 oz']]").weight_mg, 42524, "quote");
	refused("[[postage class=caf\xc3\xa9]]", "\xc3\xa9");
	refused("[[postage class=\xff]]", "cannot stand");
	refused("[[postage class=\"letter]]", "not closed");
}

static void
brackets_and_keyword_are_required(void **state)
{
	char longest[MARK_TEXT_MAX + 20];

	(void)state;
	refused("", "double brackets");
	refused("[postage 1]", "double brackets");
	refused("[[postage 1", "double brackets");
	refused("[[postage 1]] and more", "double brackets");
	refused("[[postag 1]]", "begins with the word");
	refused("[[postages 1]]", "begins with the word");
	refused("[[postage1]]", "begins with the word");
	refused("[[postage 1 [[postage 2]]", "bracket");
	refused("[[postage cost=a]b]]", "bracket");
	memset(longest, ' ', sizeof(longest));
	memcpy(longest, "[[postage", 9);
	strcpy(longest + sizeof(longest) - 3, "]]");
	refused(longest, "longer");
}

static void
unknown_and_double_words_are_refused(void **state)
{
	(void)state;
	refused("[[postage zip=90210]]", "unknown word \"zip\"");
	refused("[[postage zip=90210]]", MARK_KEYS);
	refused("[[postage hello]]", "KEY=VALUE");
	refused("[[postage to]]", "KEY=VALUE");
	refused("[[postage to=]]", "no value");
	refused("[[postage =5]]", "unknown word");
	refused("[[postage 1 amount=2]]", "twice");
	refused("[[postage to=90210 TO=90211]]", "twice");
	refused("[[postage size=huge]]", "envelope");
	refused("[[postage at=north]]", "center");
	refused("[[postage kind=free]]", "specimen");
	refused("[[postage class=a*b]]", "letters");
	refused("[[postage class=abcdefghijklmnopqrstuvwx]]", "23");
	refused("[[postage \"1\"to=90210]]", "blank");
}

static void
destination_takes_5_9_or_11_digits(void **state)
{
	char text[MARK_TEXT_MAX];
	struct mark m;

	(void)state;
	is_int(parsed("[[postage to=902101234]]").to, 902101234, "9 digits");
	m = parsed("[[postage to=90210-123456]]");
	is_int(m.to, 90210123456, "11 digits");
	mark_format(&m, text);
	is_str(text, "[[postage to=90210-123456]]", "11 digits");
	is_int(
	    parsed("[[postage to=90210-1234-56]]").to, 90210123456, "3 parts");
	m = parsed("[[postage to=00901-1234]]");
	mark_format(&m, text);
	is_str(text, "[[postage to=00901-1234]]", "leading zeros");
	/* 901123412 would be 90112-3412 */
	is_int(
	    parsed("[[postage to=00901-123412]]").to, 9011234, "Puerto Rico");
	refused("[[postage to=9021]]", "5 digits");
	refused("[[postage to=90210-12]]", "5 digits");
	refused("[[postage to=9021-01234]]", "5 digits");
	refused("[[postage to=90210--1234]]", "5 digits");
	refused("[[postage to=90210-]]", "5 digits");
	refused("[[postage to=902101234567]]", "5 digits");
	refused("[[postage to=K1A0B1]]", "5 digits");
	refused("[[postage to=00000]]", "no such");
	refused("[[postage to=00000-1234]]", "no such");
	refused("[[postage from=90210-1234]]", "5 digits");
	refused("[[postage origin=00000]]", "5 digits");
}

static void
weights_are_rounded_to_milligrams(void **state)
{
	uint32_t mg;

	(void)state;
	ok(mark_weight_parse("1oz", &mg), "1oz");
	is_int(mg, 28350, "1oz");
	ok(mark_weight_parse("1 LB", &mg), "1 LB");
	is_int(mg, 453592, "1 LB");
	ok(mark_weight_parse("0.25kg", &mg), "0.25kg");
	is_int(mg, 250000, "0.25kg");
	ok(mark_weight_parse("28.35g", &mg), "28.35g");
	is_int(mg, 28350, "28.35g");
	ok(mark_weight_parse("100kg", &mg), "100kg");
	refused("[[postage weight=100.001kg]]", "100 kg");
	refused("[[postage weight=1]]", "oz");
	refused("[[postage weight=0g]]", "over 0");
	refused("[[postage weight=oz]]", "oz");
	refused("[[postage weight=9999999999999999lb]]", "100 kg");
}

static void
relative_dates_stay_relative(void **state)
{
	struct mark m = parsed("[[postage date=+1 mailby=+3]]");
	char text[MARK_TEXT_MAX];

	(void)state;
	is_int(mark_date(m.date, 20261231), 20270101, "tomorrow");
	is_int(mark_date(m.mailby, 20270101), 20270104, "mail by");
	mark_format(&m, text);
	is_str(text, "[[postage date=+1 mailby=+3]]", "text");
	m = parsed("[[postage date=today]]");
	is_int(mark_date(m.date, 20261121), 20261121, "today");
	is_int(mark_date(0, 20261121), 0, "none");
	is_int(mark_date(20261124, 20261121), 20261124, "absolute");
	m = parsed("[[postage date=+366]]");
	is_int(mark_date(m.date, 20261121), 20271122, "+366");
	refused("[[postage date=+367]]", "366");
	refused("[[postage date=2026-02-30]]", "2026-11-24");
	refused("[[postage date=24.11.2026]]", "2026-11-24");
	refused("[[postage date=+]]", "+N");
	refused("[[postage date=-1]]", "+N");
}

static void
correction_costs_nothing(void **state)
{
	(void)state;
	is_int(
	    parsed("[[postage kind=correction]]").kind, KIND_CORRECTION, "k");
	is_int(parsed("[[postage 0 kind=correction]]").amount, 0, "amount");
	refused("[[postage 0.78 kind=correction]]", "amount 0");
}

static void
defaults_fill_only_gaps(void **state)
{
	struct mark defaults = parsed("[[postage 1 to=10001 origin=20001 "
				      "date=+1 cost=X size=label at=ne "
				      "kind=specimen from=30001 mailby=+2]]");
	struct mark m = parsed("[[postage 2 to=90210]]");

	(void)state;
	mark_inherit(&m, &defaults);
	is_int(m.amount, 2000, "own amount");
	is_int(m.to, 90210, "own destination");
	is_int(m.origin, 20001, "origin");
	is_int(m.from, 30001, "from");
	is_int(mark_date(m.date, 20261121), 20261122, "date");
	is_int(mark_date(m.mailby, 20261121), 20261123, "mailby");
	is_str(m.cost, "X", "cost");
	is_int(m.size, SIZE_LABEL, "size");
	is_int(m.at, AT_NE, "at");
	is_int(m.kind, KIND_SPECIMEN, "kind");
}

static void
amount_and_class_do_not_mix_by_inheritance(void **state)
{
	struct mark amount = parsed("[[postage 1]]");
	struct mark priced = parsed("[[postage class=flat weight=3oz]]");
	struct mark m = parsed("[[postage weight=1oz]]");

	(void)state;
	mark_inherit(&m, &amount);
	ok(!m.has_amount, "weight keeps the default amount away");
	mark_inherit(&m, &priced);
	is_str(m.rate_class, "flat", "class");
	is_int(m.weight_mg, 28350, "own weight");
	m = amount;
	mark_inherit(&m, &priced);
	is_str(m.rate_class, "", "amount keeps the default class away");
	is_int(m.weight_mg, 0, "and the weight");
	m = parsed("[[postage]]");
	mark_inherit(&m, &amount);
	is_int(m.amount, 1000, "amount");
	mark_inherit(&m, &priced);
	is_int(m.amount, 1000, "the nearer default wins");
	is_str(m.rate_class, "", "and stays alone");
}

static void
one_field_is_set_by_key(void **state)
{
	struct err e = ERR_INIT;
	struct mark m = {0};

	(void)state;
	is_ok(mark_set(&m, "Amount", "0.78", &e), &e, "amount");
	is_int(m.amount, 780, "amount");
	ok(!mark_set(&m, "amount", "x\nSTATE: y", &e), "newline");
	is_err(&e, ERR_REQUEST, "newline");
	ok(!strchr(e.text, '\n'), "text is cleaned");
	is_int(m.amount, 780, "untouched");
	ok(!mark_set(&m, "colour", "red", &e), "unknown");
	is_err(&e, ERR_REQUEST, "unknown");
	is_int(mark_key("KIND"), 12, "key");
	is_int(mark_key("kin"), -1, "no key");
}

static void
extra_names_surcharges(void **state)
{
	struct mark queue = {.extra = "square"}, m = {0};
	struct err e = ERR_INIT;
	char text[MARK_TEXT_MAX];

	(void)state;
	is_ok(mark_parse(
		  "[[postage class=letter extra=Certified,Square]]", &m, &e),
	    &e, "parse");
	is_str(m.extra, "certified,square", "in small letters");
	mark_format(&m, text);
	is_str(text, "[[postage class=letter extra=certified,square]]", "text");
	mark_inherit(&m, &queue);
	is_str(m.extra, "certified,square", "the mark's own");
	m = (struct mark){.rate_class = "letter"};
	mark_inherit(&m, &queue);
	is_str(m.extra, "square", "the queue's");
	m = (struct mark){.has_amount = true, .amount = 780};
	mark_inherit(&m, &queue);
	is_str(m.extra, "", "an amount is all of it");
	refused("[[postage extra=a,a]]", "stands twice");
	refused("[[postage extra=square,round,square]]", "stands twice");
	refused("[[postage extra=a,,b]]", "empty");
	refused("[[postage extra=,]]", "empty");
	refused("[[postage extra=a,b,]]", "empty");
	refused("[[postage extra=a_b]]", "letters, digits");
}

static void
longest_mark_fits(void **state)
{
	struct err e = ERR_INIT;
	struct mark m = {0}, again;
	char text[MARK_TEXT_MAX];

	(void)state;
	is_ok(mark_set(&m, "amount", "16777.215", &e), &e, "amount");
	memset(m.rate_class, 'c', sizeof(m.rate_class) - 1);
	memset(m.extra, 'c', sizeof(m.extra) - 1);
	memset(m.cost, 'c', sizeof(m.cost) - 1);
	m.weight_mg = 99999999;
	m.to = 90210123456;
	m.from = m.origin = 99999;
	m.date = m.mailby = 20261124;
	m.size = SIZE_ENVELOPE;
	m.at = AT_CENTER;
	m.kind = KIND_CORRECTION;
	m.amount = 0;
	mark_format(&m, text);
	is_ok(mark_parse(text, &again, &e), &e, text);
	is_mem(&again, &m, sizeof(m), "same fields");
}

static void
a_uri_says_the_same_as_brackets(void **state)
{
	static const char *const both[][2] = {{"postage:", "[[postage]]"},
	    {"POSTAGE:?", "[[postage]]"},
	    {"postage:?amount=0.78", "[[postage 0.78]]"},
	    {"postage:?Amount=0.780&to=90210&date=+3&",
		"[[postage 0.78 to=90210 date=+3]]"},
	    {"postage:?c%6fst=A%2F1&date=%2B3",
		"[[postage cost=A/1 date=+3]]"}};
	char uri[MARK_TEXT_MAX] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++) {
		struct mark want = parsed(both[i][1]), got;
		struct err e = ERR_INIT;

		is_ok(mark_parse_uri(both[i][0], &got, &e), &e, both[i][0]);
		is_mem(&got, &want, sizeof(got), both[i][0]);
		mark_format_uri(&want, uri);
		is_ok(mark_parse_uri(uri, &got, &e), &e, uri);
		is_mem(&got, &want, sizeof(got), uri);
	}
	is_str(uri, "postage:?date=+3&cost=A/1", "written");
}

static void
a_bad_uri_is_refused(void **state)
{
	static const char *const bad[][2] = {{"postage:0.78", "question mark"},
	    {"postage:?0.78", "KEY=VALUE"}, {"postage:?amount=lots", "lots"},
	    {"postage:?colour=red", "colour"},
	    {"postage:?amount=1&amount=2", "twice"},
	    {"postage:?amount=", "no value"}, {"postage:?cost=%4", "digits"},
	    {"postage:?cost=%0a", "character"},
	    {"postage:?kind=correction&amount=1", "correction"},
	    {"https://example.com/", "postage:"}};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = ERR_INIT;
		struct mark m;

		ok(!mark_parse_uri(bad[i][0], &m, &e), bad[i][0]);
		is_err(&e, ERR_REQUEST, bad[i][0]);
		if (!strstr(e.text, bad[i][1]))
			fail_at("%s: \"%s\" does not say \"%s\"", bad[i][0],
			    e.text, bad[i][1]);
	}
	ok(!mark_is_uri("postage"), "no colon");
	ok(!mark_is_uri(""), "nothing");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(bare_mark_leaves_every_field_out),
	    T(every_key_sets_its_field),
	    T(bare_number_is_the_amount),
	    T(number_further_on_is_no_amount),
	    T(what_office_programs_type_is_read),
	    T(brackets_and_keyword_are_required),
	    T(unknown_and_double_words_are_refused),
	    T(destination_takes_5_9_or_11_digits),
	    T(weights_are_rounded_to_milligrams),
	    T(relative_dates_stay_relative),
	    T(correction_costs_nothing),
	    T(defaults_fill_only_gaps),
	    T(amount_and_class_do_not_mix_by_inheritance),
	    T(one_field_is_set_by_key),
	    T(extra_names_surcharges),
	    T(longest_mark_fits),
	    T(a_uri_says_the_same_as_brackets),
	    T(a_bad_uri_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
