/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of an account's PSDs an order's value comes from, on both engines: those
 * that have expired, those of other servers, and orders larger than one PSD.
 */
#include <stdlib.h>

#include "provider/fund.h"
#include "provider/psds.h"
#include "provider/spread.h"
#include "provider/store_pay.h"
#include "tests/api_help.h"
#include "tests/pg_help.h"
#include "tests/test.h"

#define YEAR	 (365 * 24 * 3600)
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool on_postgresql;
static struct issue_order order;
static struct issue_result result;

static void
must_issue(struct worker *w, size_t count)
{
	struct err e = ERR_INIT;

	is_ok(issue_stamps(w, &order, &result, &e), &e, "issued");
	is_int(result.count, (long long)count, "all of it");
}

static void
refused(const struct err *e, enum err_kind kind, const char *word)
{
	if (e->kind != kind || strstr(e->text, word) == NULL)
		fail_at("%s: %s, not %s with \"%s\"", err_kind_name(e->kind),
		    e->text, err_kind_name(kind), word);
}

static void
must_refuse(struct worker *w, enum err_kind kind, const char *word)
{
	struct err e = ERR_INIT;

	ok(!issue_stamps(w, &order, &result, &e), "not issued");
	refused(&e, kind, word);
}

static void
must_not_quote(struct worker *w, enum err_kind kind, const char *word)
{
	struct issue_price price;
	struct err e = ERR_INIT;

	ok(!issue_quote(w, &order, &price, &e), "not quoted");
	refused(&e, kind, word);
}

static mils
quoted_funds(struct worker *w)
{
	struct issue_price price;
	struct err e = ERR_INIT;

	is_ok(issue_quote(w, &order, &price, &e), &e, "quoted");
	return price.funds;
}

static int64_t
number_in(struct shop *s, const char *sql)
{
	struct err e = ERR_INIT;
	int64_t n;

	is_ok(store_begin(s->w->store, STORE_READ, &e) &&
		  store_run(s->w->store, sql, &e),
	    &e, "asked");
	n = store_row(s->w->store) ? store_int(s->w->store, 0) : -1;
	store_rollback(s->w->store);
	return n;
}

static mils
left_in_first(struct shop *s)
{
	return number_in(
	    s, "SELECT control_total - ascending FROM psd_state WHERE psd = 1");
}

static mils
credit_of(struct shop *s)
{
	return shop_system(s, s->system[0].id).credit;
}

static void
close_audited(struct shop *s)
{
	is_int(shop_audit(s, false), 0, "faults");
	shop_close(s);
}

/* A card, of which more value is bought where an order is short of it. */
static void
set_auto_add(struct shop *s)
{
	const struct auto_add add = {0, 1000};
	struct pay_method m = {.account = s->account,
	    .driver = "stripe",
	    .customer = "cus_1",
	    .method = "pm_1"};
	struct err e = ERR_INIT;

	is_ok(store_begin(s->w->store, STORE_WRITE, &e) &&
		  store_method_write(s->w->store, &m, &e) &&
		  store_auto_add(s->w->store, "account", &add, &e) &&
		  store_commit(s->w->store, &e),
	    &e, "auto-add");
}

static int64_t
bought(struct shop *s)
{
	return number_in(s, "SELECT COUNT(*) FROM payment");
}

/* --- expired ------------------------------------------------------------------------ */

/* 3.00 are in PSD 1, which issues for a year, 7.00 on credit. */
static void
open_for_a_year(struct shop *s)
{
	struct shop_setup setup = {.postgresql = on_postgresql,
	    .psds = 1,
	    .systems = 2,
	    .credit = 10000,
	    .load = 4000,
	    .years = 1};

	shop_open(s, &setup);
	shop_order(&order, &s->system[0], 1, 1, 1000);
	must_issue(s->w, 1);
	is_int(left_in_first(s), 3000, "left");
}

static void
an_expired_psd_is_as_if_it_were_not_there(void **state)
{
	struct shop_setup setup = {.years = 3};
	struct shop s;

	(void)state;
	open_for_a_year(&s);
	shop_set_time(shop_time() + YEAR + 2 * 24 * 3600);
	shop_order(&order, &s.system[0], 2, 1, 1000);
	order.item[0].request.mail_date = 20271201;
	must_refuse(s.w, ERR_DENIED, "psd withdraw");
	must_not_quote(s.w, ERR_DENIED, "expired");
	shop_add_psd(&s, &setup);
	/* whichever the system's number would choose */
	for (int i = 0; i < 2; i++) {
		shop_order(&order, &s.system[i], 2 + (uint32_t)i, 1, 1000);
		order.item[0].request.mail_date = 20271201;
		must_issue(s.w, 1);
		is_int(result.stamp[0].psd, 2, "the new one");
	}
	is_int(left_in_first(&s), 3000, "is not spent");
	is_int(quoted_funds(s.w), 4000, "nor counted");
	/* nor is more put into it */
	shop_order(&order, &s.system[0], 9, 1, 4000);
	must_issue(s.w, 1);
	is_int(credit_of(&s), 0, "credit");
	is_int(left_in_first(&s), 3000, "as it was");
	/* what it issued is still told */
	shop_order(&order, &s.system[0], 1, 1, 1000);
	must_issue(s.w, 1);
	ok(result.replayed[0], "again");
	close_audited(&s);
}

/* The PSD and what is left, of the last one. */
static void
note_expiring(void *context, const struct psd_expiring *p)
{
	struct psd_expiring *out = context;

	*out = *p;
}

static struct psd_expiring
expiring(struct shop *s, uint32_t today, uint32_t before)
{
	struct psd_expiring p = {.serial = 0};
	struct err e = ERR_INIT;

	is_ok(store_begin(s->w->store, STORE_READ, &e) &&
		  store_psd_expiring(
		      s->w->store, today, before, note_expiring, &p, &e),
	    &e, "expiring");
	store_rollback(s->w->store);
	return p;
}

static void
what_expires_with_value_in_it_is_told(void **state)
{
	struct shop s;

	(void)state;
	open_for_a_year(&s);
	is_int(expiring(&s, 20271101, 20271127).serial, 0, "not yet");
	is_int(expiring(&s, 20271101, 20271201).left, 3000, "soon");
	is_int(expiring(&s, 20280101, 20280201).left, 3000, "it has");
	shop_order(&order, &s.system[0], 2, 1, 3000);
	must_issue(s.w, 1);
	is_int(expiring(&s, 20271101, 20271201).serial, 1, "soon, empty");
	is_int(expiring(&s, 20280101, 20280201).serial, 0, "nothing is lost");
	shop_order(&order, &s.system[0], 3, 1, 1000);
	must_issue(s.w, 1);
	shop_sql(&s, "UPDATE psd_state SET ended = 1");
	is_int(expiring(&s, 20280101, 20280201).serial, 0, "at its end");
	shop_close(&s);
}

static void
a_mail_date_behind_its_end_is_of_another_psd(void **state)
{
	struct shop_setup setup = {.years = 3};
	struct shop s;

	(void)state;
	open_for_a_year(&s);
	shop_order(&order, &s.system[0], 2, 2, 1000);
	order.item[1].request.mail_date = 20271201;
	must_refuse(s.w, ERR_REQUEST, "after the PSD's expiry");
	shop_add_psd(&s, &setup);
	/* the server remembers its PSDs for a moment */
	shop_worker_close(s.w);
	s.w = shop_worker(&s, NULL);
	is_int(quoted_funds(s.w), 6000, "of the other one and the credit");
	must_issue(s.w, 2);
	is_int(result.stamp[0].psd, 2, "one that issues both");
	shop_order(&order, &s.system[0], 4, 1, 3000);
	order.item[0].request.mail_date = 20261201;
	is_int(quoted_funds(s.w), 7000, "of both, for a date before");
	close_audited(&s);
}

/* The status of a user system says what can be issued, and until when. */
static void
the_status_is_of_those_that_issue(void **state)
{
	struct help *h = *state;
	struct shop *s = &h->shop;
	struct shop_setup years = {.years = 1};
	char token[96];

	s->system[0] = help_system(h, s->account, "desk", token);
	shop_add_psd(s, &years);
	shop_sql(s, "UPDATE account SET credit = 10000, load = 4000");
	shop_order(&order, &s->system[0], 1, 1, 1000);
	must_issue(s->w, 1);
	help_ask(h, "GET", "/v1/vault", token, "");
	help_said(h, 200, "\"expires\":20271128");
	help_said(h, 200, "\"descending\":9000");
	help_set_today(20271128);
	years.years = 3;
	shop_add_psd(s, &years);
	help_set_today(20271129);
	help_ask(h, "GET", "/v1/vault", token, "");
	help_said(h, 403, "expired");
	shop_worker_close(s->w);
	s->w = h->w = shop_worker(s, NULL);
	help_ask(h, "GET", "/v1/vault", token, "");
	help_said(h, 200, "\"expires\":20301127");
	help_said(h, 200, "\"descending\":6000");
}

/* --- of other servers ---------------------------------------------------------------- */

/* PSD 1 at this server, PSD 2 at the other one.  3.00 are in PSD 1, none on
 * credit. */
static struct worker *
open_two(struct shop *s)
{
	struct shop_setup setup = {.postgresql = on_postgresql,
	    .psds = 2,
	    .systems = 1,
	    .credit = 4000,
	    .load = 4000};

	shop_open(s, &setup);
	shop_sql(s, "UPDATE psd SET module = 'two' WHERE serial = 2");
	shop_order(&order, &s->system[0], 1, 1, 1000);
	must_issue(s->w, 1);
	is_int(left_in_first(s), 3000, "left");
	return shop_worker(s, "two");
}

static void
value_at_another_server_is_not_bought_again(void **state)
{
	struct worker *two;
	struct shop s;

	(void)state;
	two = open_two(&s);
	shop_order(&order, &s.system[0], 2, 1, 1000);
	must_refuse(two, ERR_ABSENT, "another server");
	set_auto_add(&s);
	must_refuse(two, ERR_ABSENT, "another server");
	is_int(bought(&s), 0, "payments");
	is_int(quoted_funds(two), 3000, "as each server says");
	must_issue(s.w, 1);
	/* more than all of it: what is missing is bought, whoever is asked */
	shop_order(&order, &s.system[0], 3, 1, 2001);
	must_refuse(two, ERR_ABSENT, "");
	is_int(bought(&s), 1, "payments");
	is_int(number_in(&s, "SELECT amount FROM payment"), 2010, "its sum");
	shop_worker_close(two);
	close_audited(&s);
}

static void
value_in_a_withdrawn_psd_is_nowhere(void **state)
{
	struct worker *two;
	struct shop s;

	(void)state;
	two = open_two(&s);
	shop_order(&order, &s.system[0], 2, 1, 1000);
	shop_sql(&s, "UPDATE psd SET state = 'withheld' WHERE serial = 1");
	must_refuse(two, ERR_FUNDS, "is missing");
	/* which the other server has not heard yet */
	must_refuse(s.w, ERR_ABSENT, "withheld");
	shop_sql(&s, "UPDATE psd SET state = 'withheld' WHERE serial = 2");
	shop_worker_close(two);
	shop_worker_close(s.w);
	s.w = shop_worker(&s, NULL);
	must_refuse(s.w, ERR_DENIED, "no PSD");
	close_audited(&s);
}

/* --- large orders ---------------------------------------------------------------------- */

static void
open_small(struct shop *s, mils credit)
{
	struct shop_setup setup = {.postgresql = on_postgresql,
	    .psds = 2,
	    .systems = 1,
	    .credit = credit,
	    .max_descending = 3000};

	shop_open(s, &setup);
}

static void
an_order_larger_than_a_psd_is_spread(void **state)
{
	struct shop s;

	(void)state;
	open_small(&s, 11200);
	shop_order(&order, &s.system[0], 1, 6, 1000);
	must_issue(s.w, 6);
	is_int(credit_of(&s), 5200, "credit");
	/* two of them fit into each, and no value is in vain */
	shop_order(&order, &s.system[0], 10, 4, 1300);
	is_int(quoted_funds(s.w), 5200, "funds");
	must_issue(s.w, 4);
	is_int(credit_of(&s), 0, "credit");
	close_audited(&s);
}

static void
put_value(struct shop *s, size_t which, mils amount)
{
	struct user_system u = shop_system(s, s->system[0].id);
	struct psds_found psds;
	struct err e = ERR_INIT;
	enum funded end;

	is_ok(psds_of(s->w, s->account, 0, &psds, &e) &&
		  fund_psd(s->w, &u, &psds.here[which], amount, &end, &e),
	    &e, "value");
	is_int(end, FUND_CHANGED, "value");
}

/* All that there is: whichever PSD is the first, and has more. */
static void
stamps_are_of_the_psds_that_got_value_for_them(void **state)
{
	static const mils amount[] = {400, 300, 500};
	struct shop s;

	(void)state;
	for (size_t more = 0; more < 2; more++) {
		open_small(&s, 1200);
		put_value(&s, more, 400);
		put_value(&s, 1 - more, 300);
		shop_order(&order, &s.system[0], 1, 3, 1);
		for (size_t i = 0; i < 3; i++)
			order.item[i].request.amount = amount[i];
		order.total = 1200;
		is_int(quoted_funds(s.w), 1200, "funds");
		must_issue(s.w, 3);
		is_int(credit_of(&s), 0, "credit");
		close_audited(&s);
	}
}

static void
more_than_all_may_hold_is_not_paid_for(void **state)
{
	struct shop s;

	(void)state;
	open_small(&s, 500);
	set_auto_add(&s);
	shop_order(&order, &s.system[0], 1, 5, 1300);
	must_refuse(s.w, ERR_DENIED, "may hold");
	must_not_quote(s.w, ERR_DENIED, "may hold");
	is_int(bought(&s), 0, "payments");
	is_int(credit_of(&s), 500, "credit");
	/* what they hold is short of money alone */
	shop_order(&order, &s.system[0], 1, 4, 1300);
	is_int(quoted_funds(s.w), 500, "funds");
	must_refuse(s.w, ERR_ABSENT, "");
	is_int(bought(&s), 1, "payments");
	is_int(number_in(&s, "SELECT amount FROM payment"), 4700, "its sum");
	close_audited(&s);
}

/* Two servers: one alone can hold it. */
static void
what_another_server_may_hold_is_its_order(void **state)
{
	struct worker *two;
	struct shop s;

	(void)state;
	open_small(&s, 0);
	shop_sql(&s, "UPDATE psd SET module = 'two' WHERE serial = 2");
	for (int i = 0; i < 2; i++) {
		struct shop_setup small = {.max_descending = 3000};

		shop_add_psd(&s, &small);
	}
	two = shop_worker(&s, "two");
	set_auto_add(&s);
	shop_order(&order, &s.system[0], 1, 5, 1300);
	must_refuse(two, ERR_ABSENT, "another server");
	is_int(quoted_funds(two), 0, "not too much");
	is_int(bought(&s), 0, "payments");
	shop_worker_close(two);
	close_audited(&s);
}

/* --- spreading --------------------------------------------------------------------------- */

struct spread_case {
	mils amount[4], left[3], room[3];
	size_t psds, first;
	bool fits;
	mils lack[3];
};

static void
each_stamp_is_of_one_psd(void **state)
{
	static const struct spread_case cases[] = {
	    /* enough, from the second on */
	    {{1, 1, 1, 1}, {2, 2}, {9, 9}, 2, 1, true, {0, 0}},
	    /* the fullest lacks least */
	    {{5, 0, 0, 0}, {1, 4}, {9, 9}, 2, 0, true, {0, 1}},
	    /* but has no room */
	    {{5, 0, 0, 0}, {1, 4}, {9, 0}, 2, 0, true, {4, 0}},
	    /* the first, then the next */
	    {{3, 3, 3, 3}, {0, 0}, {6, 7}, 2, 0, true, {6, 6}},
	    {{3, 3, 3, 3}, {0, 0}, {6, 5}, 2, 0, false, {6, 3}},
	    /* one that gives nothing, not even for a stamp of nothing */
	    {{0, 2, 0, 0}, {-1, 0}, {0, 2}, 2, 0, true, {0, 2}},
	    {{0, 0, 0, 0}, {-1}, {0}, 1, 0, false, {0}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct spread_case *c = &cases[i];
		struct spread psd[3];
		mils lack, sum = 0;
		size_t of[4];

		for (size_t n = 0; n < c->psds; n++)
			psd[n] = (struct spread){
			    .left = c->left[n], .room = c->room[n]};
		is_int(spread_stamps(
			   c->amount, 4, psd, c->psds, c->first, of, &lack),
		    c->fits, "fits");
		for (size_t n = 0; n < c->psds; n++) {
			is_int(psd[n].lack, c->lack[n], "lacks");
			sum += psd[n].lack;
		}
		is_int(lack, sum, "in all");
	}
}

#define TESTS_ON(with)                                         \
	T(an_expired_psd_is_as_if_it_were_not_there),          \
	    T(a_mail_date_behind_its_end_is_of_another_psd),   \
	    T(what_expires_with_value_in_it_is_told),          \
	    with(the_status_is_of_those_that_issue),           \
	    T(value_at_another_server_is_not_bought_again),    \
	    T(value_in_a_withdrawn_psd_is_nowhere),            \
	    T(an_order_larger_than_a_psd_is_spread),           \
	    T(more_than_all_may_hold_is_not_paid_for),         \
	    T(stamps_are_of_the_psds_that_got_value_for_them), \
	    T(what_another_server_may_hold_is_its_order)

static const struct CMUnitTest tests[] = {
    TESTS_ON(HELP_SQLITE),
    T(each_stamp_is_of_one_psd),
};
static const struct CMUnitTest tests_postgresql[] = {TESTS_ON(HELP_PG)};

int
main(void)
{
	int failed = cmocka_run_group_tests_name("sqlite", tests, NULL, NULL);

	on_postgresql = true;
	if (!pg_start())
		return failed != 0 ? failed : 77;
	failed += cmocka_run_group_tests_name(
	    "postgresql", tests_postgresql, NULL, NULL);
	pg_stop();
	return failed;
}
