/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/rates.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/test.h"

static struct rates *
parse(const char *text, struct err *e)
{
	struct rates *r = NULL;

	return rates_parse(text, strlen(text), "t.tsv", &r, e) ? r : NULL;
}

static void
refuses(const char *text, const char *want)
{
	struct err e = ERR_INIT;

	ok(parse(text, &e) == NULL, text);
	is_err(&e, ERR_CONFIG, text);
	is_str(e.text, want, "message");
}

/* The table that is shipped. */
static struct rates *
shipped(void)
{
	const char *dir = getenv("srcdir");
	struct err e = ERR_INIT;
	struct rates *r = NULL;
	char path[512];

	snprintf(path, sizeof(path), "%s/rates/usps.tsv", dir ? dir : SRCDIR);
	is_ok(rates_load(path, &r, &e), &e, "load");
	return r;
}

static mils
price_with(const struct rates *r, const char *class, const char *extra,
    uint32_t mg, uint32_t date)
{
	const struct rate_piece piece = {class, extra, mg, date};
	struct rate_price price;
	struct err e = ERR_INIT;

	return rates_find(r, &piece, &price, &e) ? price.total : -1;
}

static mils
price_of(const struct rates *r, const char *class, uint32_t mg, uint32_t date)
{
	return price_with(r, class, "", mg, date);
}

static void
shipped_prices_are_those_published(void **state)
{
	struct rates *r = shipped();

	(void)state;
	is_int(price_of(r, "letter", 0, 20250713), 740, "letter, metered");
	is_int(price_of(r, "letter-stamped", 0, 20261121), 780, "stamped");
	is_int(price_of(r, "letter", 28350, 20261121), 740, "one ounce");
	is_int(price_of(r, "letter", 28351, 20261121), 1030, "over an ounce");
	is_int(price_of(r, "letter", 99225, 20261121), 1610, "3.5 oz");
	is_int(price_of(r, "letter", 99226, 20261121), -1, "too heavy");
	is_int(price_of(r, "postcard", 5000, 20261121), 610, "postcard");
	is_int(price_of(r, "intl-letter", 0, 20261121), 1700, "abroad");
	rates_free(r);
}

static void
mailing_date_chooses_the_list(void **state)
{
	struct rates *r = shipped();
	const struct rate_piece letter = {"letter", "", 0, 20250713};
	struct rate_price price;
	struct err e = ERR_INIT;

	(void)state;
	is_int(price_of(r, "letter", 0, 20250712), 690, "the day before");
	is_int(price_of(r, "letter", 0, 20250713), 740, "the day itself");
	is_int(price_of(r, "letter-stamped", 0, 20230708), 630, "January 2023");
	is_int(price_of(r, "letter-stamped", 0, 20230709), 660, "July 2023");
	is_int(price_of(r, "letter", 0, 20170121), -1, "before all lists");
	is_int(price_of(r, "intl-letter", 0, 20240801), -1, "not in that list");
	is_ok(rates_find(r, &letter, &price, &e), &e, "find");
	is_int(price.rate.list, 7, "price list");
	is_str(price.rate.category, "FCLM", "category");
	is_str(price.rate.name, "First-Class Letter", "name");
	rates_free(r);
}

static void
surcharges_are_added(void **state)
{
	struct err e = ERR_INIT;
	struct rates *r =
	    parse("2025-01-01\t1\tletter\t20g\t1.00\tABCD\tLetter\n"
		  "2025-01-01\t1\t.square\t-\t0.40\tSURC\tSquare\r\n"
		  "2025-01-01\t1\t.sure\t-\t2.105\tSURC\tSure",
		&e);
	struct rate_piece both = {"letter", "sure,square", 0, 20250101};
	struct rate_price price;

	(void)state;
	is_ok(r != NULL, &e, "parse");
	is_int(rates_count(r), 3, "prices");
	is_ok(rates_find(r, &both, &price, &e), &e, "both");
	is_int(price.total, 3505, "total");
	is_int(price.surcharge, 2505, "surcharges of it");
	is_str(price.surcharges, "sure 2.105, square 0.40", "each");
	is_int(price.rate.price, 1000, "the class alone");
	is_int(price_with(r, "letter", "square", 0, 20250101), 1400, "one");
	is_int(price_with(r, "letter", "", 0, 20250101), 1000, "none");
	is_int(price_with(r, "letter", "letter", 0, 20250101), -1, "a class");
	is_int(price_of(r, "letter.square", 0, 20250101), -1, "no such class");
	both.extra = "square,round";
	ok(!rates_find(r, &both, &price, &e), "unknown surcharge");
	is_str(e.text,
	    "the price list has no surcharge \"round\"; it has: square sure",
	    "names what there is");
	both.class = "card";
	ok(!rates_find(r, &both, &price, &e), "unknown class");
	is_str(e.text, "the price list has no class \"card\"; it has: letter",
	    "names what there is");
	rates_free(r);
}

static void
faults_name_file_and_line(void **state)
{
	(void)state;
	refuses("", "t.tsv: holds no price");
	refuses("# only words\n\n", "t.tsv: holds no price");
	refuses("#\n2025-01-01\t1\tletter\n",
	    "t.tsv:2: 3 columns where 7 are needed, a tab between two");
	refuses("2025-02-30\t1\tletter\t-\t1\tABCD\tx\n",
	    "t.tsv:1: \"2025-02-30\" is not a date such as 2025-07-13");
	refuses("2025-01-01\t0\tletter\t-\t1\tABCD\tx\n",
	    "t.tsv:1: \"0\" is not a price list number, 1 to 65535");
	refuses("2025-01-01\t1\tLetter\t-\t1\tABCD\tx\n",
	    "t.tsv:1: \"Letter\" is not a class: a-z, 0-9 and -, at most 23");
	refuses("2025-01-01\t1\tletter\t1lb\t1\tABCD\tx\n",
	    "t.tsv:1: \"1lb\" is not a weight such as 1oz, 20g or -");
	refuses("2025-01-01\t1\tletter\t-\t-1\tABCD\tx\n",
	    "t.tsv:1: \"-1\" is not a price such as 0.74");
	refuses("2025-01-01\t1\tletter\t-\t16777.216\tABCD\tx\n",
	    "t.tsv:1: \"16777.216\" is not a price such as 0.74");
	refuses("2025-01-01\t1\tletter\t-\t1\tABC\tx\n",
	    "t.tsv:1: category \"ABC\" is not 4 characters");
	refuses("2025-01-01\t1\tletter\t-\t1\tABCD\tx\t\n",
	    "t.tsv:1: more than 7 columns");
	refuses("2025-01-01\t1\ta\t-\t1\tABCD\tx\n"
		"2025-01-01\t1\ta\t-\t2\tABCD\tx\n",
	    "t.tsv: two prices of a for one weight from 2025-01-01");
	refuses("2025-01-01\t1\ta\t-\t1\tABCD\tx\n"
		"2025-01-02\t1\ta\t-\t2\tABCD\tx\n",
	    "t.tsv: list 1 and list 1: one number belongs to one date "
	    "(2025-01-02)");
}

static void
count_changes(void *context, const struct rate_change *c)
{
	char line[160], before[MILS_TEXT], after[MILS_TEXT];
	char weight[MILS_TEXT];

	mils_format(c->before < 0 ? 0 : c->before, before);
	mils_format(c->after < 0 ? 0 : c->after, after);
	snprintf(line, sizeof(line), "%u %s %s %s>%s\n", c->effective,
	    c->rate->class, rates_weight(c->rate->upto_mg, weight),
	    c->before < 0 ? "new" : before, c->after < 0 ? "gone" : after);
	strcat(context, line);
}

#define OLD                                                \
	"2025-01-01\t1\tletter\t1oz\t0.70\tABCD\tLetter\n" \
	"2025-01-01\t1\tletter\t3.5oz\t1\tABCD\tLetter\n"  \
	"2025-01-01\t1\tcard\t-\t0.5\tABCD\tCard\n"        \
	"2026-07-01\t2\tletter\t33.3g\t0.72\tABCD\tLetter\n"

static void
changes_are_shown_before_they_are_made(void **state)
{
	struct err e = ERR_INIT;
	struct rates *old = parse(OLD, &e), *all = NULL, *again = NULL;
	struct rates *news =
	    parse("2026-01-01\t3\tletter\t1oz\t0.75\tABCD\tLetter\n"
		  "2026-01-01\t3\tletter\t3.5oz\t1\tABCD\tLetter\n"
		  "2026-01-01\t3\tparcel\t-\t9\tABCD\tParcel\n"
		  "2026-07-01\t4\tletter\t33.3g\t0.73\tABCD\tLetter\n",
		&e);
	char said[512] = "", *text = NULL;
	size_t len;

	(void)state;
	rates_diff(old, news, count_changes, said);
	is_str(said,
	    "20260101 letter 1oz 0.70>0.75\n20260101 parcel - new>9.00\n"
	    "20260101 card - 0.50>gone\n20260701 letter 33.30g 0.72>0.73\n",
	    "changes");
	is_ok(rates_merge(old, news, 20251201, false, &all, &e), &e, "merge");
	is_int(rates_count(all), 7, "old lists stay, one is replaced");
	is_int(price_of(all, "letter", 0, 20260101), 750, "new list");
	is_int(price_of(all, "letter", 0, 20251231), 700, "old list");
	is_int(rates_next_change(all, 20260101), 20260701, "next change");
	is_ok(rates_format(all, "# head\n", &text, &len, &e), &e, "format");
	is_ok(rates_parse(text, len, "t.tsv", &again, &e), &e, text);
	said[0] = '\0';
	rates_diff(all, again, count_changes, said);
	is_str(said, "", "reads back as it was");
	is_int(rates_count(again), 7, "all of it");
	free(text);
	rates_free(old);
	rates_free(news);
	rates_free(all);
	rates_free(again);
}

static void
lists_in_force_stay(void **state)
{
	struct err e = ERR_INIT;
	struct rates *old = parse(OLD, &e), *all = NULL;
	struct rates *other =
	    parse("2025-01-01\t1\tletter\t1oz\t0.71\tABCD\tLetter\n", &e);
	struct rates *between =
	    parse("2025-06-01\t9\tletter\t1oz\t0.71\tABCD\tLetter\n", &e);
	struct rates *same = parse(OLD, &e);
	struct rates *number =
	    parse("2026-08-01\t2\tletter\t1oz\t0.71\tABCD\tLetter\n", &e);

	(void)state;
	ok(!rates_merge(old, other, 20250101, true, &all, &e), "in force");
	is_err(&e, ERR_REQUEST, "in force");
	ok(strstr(e.text, "2025-01-01 is in force") != NULL, e.text);
	e = (struct err)ERR_INIT;
	ok(!rates_merge(old, between, 20250601, false, &all, &e), "late");
	ok(strstr(e.text, "--late") != NULL, e.text);
	e = (struct err)ERR_INIT;
	is_ok(rates_merge(old, between, 20250601, true, &all, &e), &e, "late");
	rates_free(all);
	is_ok(rates_merge(old, same, 20270101, false, &all, &e), &e,
	    "the same again");
	is_int(rates_count(all), 4, "is the same");
	rates_free(all);
	ok(!rates_merge(old, number, 20251201, false, &all, &e),
	    "a number twice");
	is_err(&e, ERR_REQUEST, "a number twice");
	rates_free(old);
	rates_free(other);
	rates_free(between);
	rates_free(same);
	rates_free(number);
}

static void
missing_table_is_a_fault_of_the_configuration(void **state)
{
	struct err e = ERR_INIT;
	struct rates *r;

	(void)state;
	ok(!rates_load("/nonexistent/rates.tsv", &r, &e), "load");
	is_err(&e, ERR_CONFIG, "kind");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(shipped_prices_are_those_published),
	    T(mailing_date_chooses_the_list),
	    T(surcharges_are_added),
	    T(faults_name_file_and_line),
	    T(changes_are_shown_before_they_are_made),
	    T(lists_in_force_stay),
	    T(missing_table_is_a_fault_of_the_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
