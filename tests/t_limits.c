/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits, on both engines: those of a customer hold for all its accounts, however
 * many ask at once; what the provider has set no administrator of the customer
 * raises, or goes round with one more user system.
 */
#include "provider/limits.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "provider/admin.h"
#include "tests/api_help.h"
#include "tests/pg_help.h"
#include "tests/test.h"

#define THREADS	     6
#define MEANWHILE_US 300000 /* a request has come to where it waits */

static struct issue_result result;

/* Two accounts of customer "one", a user system of each; and one of "two". */
struct firm {
	struct user_system u[2], other;
	char token[96];		/* of u[0] */
	char boss[96], one[96]; /* administrators: of the provider, of "one" */
};

static void
setup(struct help *h, struct firm *f)
{
	int64_t first = help_account(h, "one", 50000);
	int64_t second = help_account(h, "branch", 50000);
	int64_t other = help_account(h, "two", 50000);

	shop_sql(&h->shop, "UPDATE account SET customer = (SELECT id FROM "
			   "customer WHERE name = 'one') "
			   "WHERE name = 'branch'");
	f->u[0] = help_system(h, first, "desk", f->token);
	f->u[1] = help_system(h, second, "attic", NULL);
	f->other = help_system(h, other, "cellar", NULL);
	help_person(h, "boss", PERSON_ADMINISTRATOR, NULL, f->boss);
	help_person(h, "one", PERSON_ADMINISTRATOR, "one", f->one);
}

/* It buys `count` stamps; or is told so. */
static void
buys(struct help *h, const struct user_system *u, size_t count)
{
	struct err e;

	help_issue(h, help_order(h, u, count), &result, ERR_NONE, &e);
}

static void
refused(
    struct help *h, const struct user_system *u, size_t count, const char *why)
{
	struct err e;

	help_issue(h, help_order(h, u, count), &result, ERR_DENIED, &e);
	if (strstr(e.text, why) == NULL)
		fail_at("got \"%s\", want \"%s\"", e.text, why);
}

/* --- pure ---------------------------------------------------------------------------- */

static void
the_lower_one_of_both_sides_holds(void **state)
{
	static const struct {
		mils provider, customer, least;
		enum side by;
	} cases[] = {{-1, -1, -1, SIDE_PROVIDER}, {5, -1, 5, SIDE_PROVIDER},
	    {-1, 5, 5, SIDE_CUSTOMER}, {5, 4, 4, SIDE_CUSTOMER},
	    {4, 5, 4, SIDE_PROVIDER}, {0, 5, 0, SIDE_PROVIDER},
	    {5, 0, 0, SIDE_CUSTOMER}, {5, 5, 5, SIDE_PROVIDER}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct limits l = LIMITS_NONE;
		enum side by;

		l.most[SIDE_PROVIDER][LIMIT_DAY] = cases[i].provider;
		l.most[SIDE_CUSTOMER][LIMIT_DAY] = cases[i].customer;
		is_int(
		    limits_least(&l, LIMIT_DAY, &by), cases[i].least, "least");
		is_int(by, cases[i].by, "whose");
		is_int(limits_least(&l, LIMIT_MONTH, &by), -1, "another");
	}
}

static void
sums_do_not_run_over(void **state)
{
	struct limits l = LIMITS_NONE;
	struct spending s = {LIMIT_DAY, INT64_MAX - 1, INT64_MAX, ""};
	struct err e = ERR_INIT;

	(void)state;
	is_ok(limits_allow(&l, &s, &e), &e, "no limit");
	l.most[SIDE_CUSTOMER][LIMIT_DAY] = INT64_MAX;
	ok(!limits_allow(&l, &s, &e), "more than there is");
	is_err(&e, ERR_DENIED, "more than there is");
	s = (struct spending){LIMIT_DAY, 0, 0, ""};
	l.most[SIDE_PROVIDER][LIMIT_DAY] = 0;
	is_ok(limits_allow(&l, &s, &e), &e, "nothing of nothing");
	s.more = 1;
	ok(!limits_allow(&l, &s, &e), "something of nothing");
}

/* --- stamps of no value -------------------------------------------------------------- */

static struct issue_order *
corrections(struct help *h, const struct user_system *u, size_t count)
{
	struct issue_order *o = help_order(h, u, count);

	for (size_t i = 0; i < count; i++) {
		o->item[i].request.amount = 0;
		o->item[i].request.kind = INDICIUM_CORRECTION;
	}
	o->total = 0;
	return o;
}

static void
corrected(struct help *h, const struct user_system *u, size_t count,
    enum err_kind want)
{
	struct err e;

	help_issue(h, corrections(h, u, count), &result, want, &e);
	if (want != ERR_NONE && strstr(e.text, "stamps of no value") == NULL)
		fail_at("got \"%s\"", e.text);
}

static void
corrections_are_counted_by_the_day(void **state)
{
	struct help *h = *state;
	struct issue_order *order;
	struct issue_price price;
	struct err e = ERR_INIT;
	struct firm f;

	setup(h, &f);
	h->shop.provider.redates = 3;
	order = corrections(h, &f.u[0], 2);
	for (int i = 0; i < 3; i++) /* the same keys: they are counted once */
		is_ok(issue_stamps(h->w, order, &result, &e), &e, "two");
	free(order);
	order = corrections(h, &f.u[0], 2);
	ok(!issue_quote(h->w, order, &price, &e), "a quote says so, too");
	is_err(&e, ERR_DENIED, "a quote");
	free(order);
	corrected(h, &f.u[0], 2, ERR_DENIED);
	corrected(h, &f.u[0], 1, ERR_NONE);
	corrected(h, &f.u[0], 1, ERR_DENIED);
	corrected(h, &f.u[1], 3, ERR_NONE); /* another user system's own */
	buys(h, &f.u[0], 5);
	help_set_today(20261129);
	corrected(h, &f.u[0], 4, ERR_DENIED);
	corrected(h, &f.u[0], 3, ERR_NONE);
	/* nor again by a clock that was wrong */
	help_set_today(20261206);
	corrected(h, &f.u[0], 1, ERR_NONE);
	help_set_today(20261129);
	corrected(h, &f.u[0], 1, ERR_DENIED);
	help_audit(h);
}

/* Whose PSDs issue postage of no value. */
static void
postage_of_no_value_is_counted_too(void **state)
{
	struct help *h = *state;
	int64_t account = help_cheap_account(h, "free");
	struct user_system u = help_system(h, account, "free", NULL);
	struct issue_order *order = corrections(h, &u, 1);
	struct err e;

	order->item[0].request.kind = INDICIUM_POSTAGE;
	help_issue(h, order, &result, ERR_NONE, &e);
	is_int(shop_system(&h->shop, u.id).day_free, 1, "counted");
}

/* --- a customer's -------------------------------------------------------------------- */

static void
a_customers_limit_is_of_all_its_accounts(void **state)
{
	struct help *h = *state;
	struct firm f;

	setup(h, &f);
	buys(h, &f.u[1], 2); /* before there is a limit: it counts */
	help_ask(h, "POST", "/v1/customers/one/limits", f.boss,
	    "{\"day_max\":500,\"month_max\":900}");
	help_said(
	    h, 200, "\"day_spent\":200,\"month_spent\":200,\"systems\":2");
	buys(h, &f.u[0], 2);
	refused(h, &f.u[0], 2, "0.50 a day of customer one is reached: 0.40");
	refused(h, &f.u[1], 2, "ask the provider");
	buys(h, &f.u[1], 1);
	refused(h, &f.u[0], 1, "a day");
	buys(h, &f.other, 8); /* another customer's */
	help_set_today(20261129);
	buys(h, &f.u[0], 3);
	refused(h, &f.u[1], 2, "0.90 a month of customer one");
	buys(h, &f.u[1], 1);
	help_set_today(20261201);
	refused(h, &f.u[1], 6, "a day");
	buys(h, &f.u[1], 5);
	help_audit(h);
}

/* One user system spends while the clock says `wrong`, the other one when it is
 * right again. */
static void
clock_was_wrong(struct help *h, uint32_t wrong)
{
	struct firm f;

	setup(h, &f);
	shop_sql(&h->shop, "UPDATE customer SET month_max = 900");
	buys(h, &f.u[0], 8);
	help_set_today(wrong);
	buys(h, &f.u[0], 4);
	refused(h, &f.u[1], 6, "0.90 a month of customer one");
	help_set_today(HELP_TODAY);
	refused(h, &f.u[1], 2, "0.90 a month of customer one");
	buys(h, &f.u[0], 1);
	/* that month is, and it has not ordered in it since */
	help_set_today(wrong);
	refused(h, &f.u[1], 6, "0.90 a month of customer one");
	buys(h, &f.u[1], 5);
	help_audit(h);
}

static void
a_customers_month_is_one_where_the_clock_was_ahead(void **state)
{
	clock_was_wrong(*state, 20261225);
}

static void
a_customers_month_is_one_where_the_clock_was_behind(void **state)
{
	clock_was_wrong(*state, 20261025);
}

/* What was bought is answered again, whatever the limit. */
static void
replays_are_of_no_day(void **state)
{
	struct help *h = *state;
	struct issue_order *order;
	struct issue_result *again = calloc(1, sizeof(*again));
	struct err e = ERR_INIT;
	struct firm f;

	setup(h, &f);
	order = help_order(h, &f.u[0], 2);
	is_ok(issue_stamps(h->w, order, &result, &e), &e, "bought");
	shop_sql(&h->shop, "UPDATE customer SET day_max = 0");
	is_ok(issue_stamps(h->w, order, again, &e), &e, "again");
	ok(again->replayed[1], "not bought again");
	free(order);
	free(again);
	refused(h, &f.u[0], 1, "0.00 a day");
	help_audit(h);
}

static void
a_quote_knows_the_limit(void **state)
{
	struct help *h = *state;
	struct issue_order *order;
	struct issue_price price;
	struct err e = ERR_INIT;
	struct firm f;

	setup(h, &f);
	shop_sql(
	    &h->shop, "UPDATE customer SET day_max = 300, stamp_max = 100");
	buys(h, &f.u[1], 2);
	order = help_order(h, &f.u[0], 2);
	ok(!issue_quote(h->w, order, &price, &e), "too much");
	is_err(&e, ERR_DENIED, "too much");
	order->count = 1;
	is_ok(issue_quote(h->w, order, &price, &e), &e, "enough");
	order->item[0].request.amount = 101;
	ok(!issue_quote(h->w, order, &price, &e), "one that is too dear");
	ok(strstr(e.text, "0.10 a stamp of customer one") != NULL, e.text);
	free(order);
}

struct buyer {
	struct worker *w;
	struct user_system u;
	struct issue_order *order;
	struct issue_result *out;
	pthread_barrier_t *start;
	pthread_t thread;
	bool bought;
};

static void *
buy_one(void *context)
{
	struct buyer *b = context;
	struct err e = ERR_INIT;

	pthread_barrier_wait(b->start);
	b->bought = issue_stamps(b->w, b->order, b->out, &e);
	if (!b->bought && e.kind != ERR_DENIED)
		fprintf(stderr, "%s\n", e.text);
	return NULL;
}

typedef struct issue_order *
order_fn(struct help *h, const struct user_system *who, size_t count);

/* How many of them got the one stamp that there is room for. */
static int
buy_at_once(struct help *h, struct buyer *b, order_fn *order)
{
	pthread_barrier_t start;
	int bought = 0;

	pthread_barrier_init(&start, NULL, THREADS);
	for (int i = 0; i < THREADS; i++) {
		b[i].start = &start;
		b[i].order = order(h, &b[i].u, 1);
		is_int(pthread_create(&b[i].thread, NULL, buy_one, &b[i]), 0,
		    "thread");
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(b[i].thread, NULL);
		bought += b[i].bought;
		free(b[i].order);
	}
	pthread_barrier_destroy(&start);
	return bought;
}

/* Each has a user system, half of them in either account. */
static void
nobody_gets_past_it_with_others(void **state)
{
	struct help *h = *state;
	struct buyer b[THREADS];
	struct firm f;

	setup(h, &f);
	shop_sql(&h->shop, "UPDATE customer SET day_max = 50");
	for (int i = 0; i < THREADS; i++) {
		char name[24];

		snprintf(name, sizeof(name), "buyer%d", i);
		b[i] = (struct buyer){.w = shop_worker(&h->shop, NULL),
		    .u = help_system(h, f.u[i % 2].account, name, NULL),
		    .out = calloc(1, sizeof(*b[i].out))};
	}
	for (int round = 0; round < 12; round++) {
		shop_sql(
		    &h->shop, "UPDATE customer SET day_max = day_max + 100");
		is_int(buy_at_once(h, b, help_order), 1, "all that fits");
	}
	for (int i = 0; i < THREADS; i++) {
		shop_worker_close(b[i].w);
		free(b[i].out);
	}
	help_audit(h);
}

/* All are of one user system at first, as if each asked another server; then each
 * of its own, whose orders are debited together. */
static void
nobody_gets_more_corrections_with_others(void **state)
{
	struct help *h = *state;
	struct combine *together = h->shop.provider.debits;
	struct buyer b[THREADS];
	struct firm f;

	setup(h, &f);
	h->shop.provider.debits = NULL;
	h->shop.provider.redates = 0;
	for (int i = 0; i < THREADS; i++)
		b[i] = (struct buyer){.w = shop_worker(&h->shop, NULL),
		    .u = f.u[0],
		    .out = calloc(1, sizeof(*b[i].out))};
	for (int round = 0; round < 6; round++) {
		h->shop.provider.redates++;
		is_int(buy_at_once(h, b, corrections), 1, "all that fits");
	}
	h->shop.provider.debits = together;
	h->shop.provider.redates = 2;
	for (int i = 0; i < THREADS; i++) {
		char name[24];

		snprintf(name, sizeof(name), "buyer%d", i);
		b[i].u = help_system(h, help_account(h, name, 0), name, NULL);
	}
	is_int(buy_at_once(h, b, corrections), THREADS, "the first");
	is_int(buy_at_once(h, b, corrections), THREADS, "the second");
	is_int(buy_at_once(h, b, corrections), 0, "no third");
	for (int i = 0; i < THREADS; i++) {
		shop_worker_close(b[i].w);
		free(b[i].out);
	}
	help_audit(h);
}

/* The row that all of a customer wait for is nothing to those without a limit. */
static void
who_has_no_limit_waits_for_nobody(void **state)
{
	struct help *h = *state;
	struct worker *other = shop_worker(&h->shop, NULL);
	struct err e = ERR_INIT;
	struct customer c;
	struct firm f;

	setup(h, &f);
	is_ok(store_begin(other->store, STORE_WRITE, &e) &&
		  store_customer_read(other->store, "one", true, &c, &e),
	    &e, "held");
	buys(h, &f.u[0], 1);
	store_rollback(other->store);
	shop_worker_close(other);
}

/* --- by whose word ------------------------------------------------------------------- */

static void
what_the_provider_set_is_lowered_and_never_raised(void **state)
{
	static const char path[] = "/v1/systems/XXUS0000000001/limits";
	struct help *h = *state;
	struct firm f;

	setup(h, &f);
	help_ask(h, "POST", path, f.boss, "{\"day_max\":500}");
	help_said(h, 200, "\"by_provider\":{\"stamp_max\":-1,\"day_max\":500");
	help_ask(h, "POST", path, f.one, "{\"day_max\":501}");
	help_said(
	    h, 403, "the provider's limit is 0.50 a day: it can be lower");
	help_ask(
	    h, "POST", path, f.one, "{\"day_max\":200,\"stamp_max\":1000}");
	help_said(h, 200, "\"by_provider\":{\"stamp_max\":-1,\"day_max\":500");
	help_said(
	    h, 200, "\"by_customer\":{\"stamp_max\":1000,\"day_max\":200");
	refused(h, &f.u[0], 3,
	    "0.20 a day is reached: 0.00 spent, 0.30 asked "
	    "for; an administrator of the account");
	/* taking one's own away leaves the other's */
	help_ask(h, "POST", path, f.one, "{\"day_max\":-1}");
	help_said(h, 200, "\"by_customer\":{\"stamp_max\":1000,\"day_max\":-1");
	refused(h, &f.u[0], 6,
	    "0.50 a day is reached: 0.00 spent, 0.60 asked "
	    "for; ask the provider");
	/* what one does not touch may be above it meanwhile */
	help_ask(h, "POST", path, f.boss, "{\"stamp_max\":900}");
	help_said(h, 200, "\"stamp_max\":900");
	help_ask(h, "POST", path, f.one, "{\"month_max\":5000}");
	help_said(h, 200, "\"by_customer\":{\"stamp_max\":1000");
	help_ask(h, "POST", path, f.one, "{\"stamp_max\":950}");
	help_said(h, 403, "0.90 a stamp");
}

struct asker {
	struct help *h;
	const char *who, *body;
	pthread_t thread;
};

static void *
ask_limits(void *context)
{
	struct asker *a = context;

	help_ask(
	    a->h, "POST", "/v1/systems/XXUS0000000001/limits", a->who, a->body);
	return NULL;
}

/* The customer's administrator asks while the provider's word is on its way. */
static void
two_who_set_at_once_both_have_their_word(void **state)
{
	struct help *h = *state;
	struct worker *other = shop_worker(&h->shop, NULL);
	struct asker a = {.h = h, .body = "{\"stamp_max\":100}"};
	struct user_system was, to;
	struct err e = ERR_INIT;
	struct firm f;

	setup(h, &f);
	a.who = f.one;
	is_ok(store_begin(other->store, STORE_WRITE, &e) &&
		  store_system_rules(other->store, f.u[0].id, &was, &e),
	    &e, "read");
	to = was;
	to.limits.most[SIDE_PROVIDER][LIMIT_DAY] = 200;
	is_ok(admin_system_limits(other, &was, &to, SIDE_PROVIDER, &e), &e,
	    "the provider's");
	is_int(pthread_create(&a.thread, NULL, ask_limits, &a), 0, "thread");
	usleep(MEANWHILE_US);
	is_ok(store_commit(other->store, &e), &e, "the provider's");
	pthread_join(a.thread, NULL);
	help_said(h, 200, "\"by_customer\":{\"stamp_max\":100");
	refused(h, &f.u[0], 3, "0.20 a day");
	buys(h, &f.u[0], 2);
	shop_worker_close(other);
}

/* Either side wants cost codes; neither lifts what the other wants. */
static void
cost_codes_are_wanted_by_either_side(void **state)
{
	static const char path[] = "/v1/systems/XXUS0000000001/limits";
	struct help *h = *state;
	struct err e;
	struct firm f;

	setup(h, &f);
	for (int i = 0; i < 2; i++) {
		help_ask(h, "POST", path, i ? f.one : f.boss,
		    "{\"cost_required\":true}");
		help_ask(h, "POST", path, i ? f.boss : f.one,
		    "{\"cost_required\":false}");
		help_issue(
		    h, help_order(h, &f.u[0], 1), &result, ERR_REQUEST, &e);
		ok(strstr(e.text, "cost code") != NULL, e.text);
	}
	help_ask(h, "POST", path, f.one, "{\"cost_required\":false}");
	buys(h, &f.u[0], 1);
}

static void
a_customers_own_limit_is_below_the_providers(void **state)
{
	static const char path[] = "/v1/customers/one/limits";
	struct help *h = *state;
	struct firm f;

	setup(h, &f);
	help_ask(h, "POST", path, f.boss, "{\"day_max\":500}");
	help_said(h, 200, "\"systems_max\":-1");
	help_ask(h, "POST", path, f.one, "{\"day_max\":600}");
	help_said(h, 403, "0.50 a day: it can be lowered");
	help_ask(h, "POST", path, f.one, "{\"day_max\":300}");
	help_said(h, 200, "\"by_customer\":{\"stamp_max\":-1,\"day_max\":300");
	refused(h, &f.u[1], 4, "0.30 a day of customer one is reached");
	help_ask(h, "POST", path, f.one, "{\"systems_max\":9}");
	help_said(h, 403, "ask the provider");
	/* customers see themselves alone */
	help_ask(h, "GET", "/v1/customers/one", f.one, NULL);
	help_said(h, 200, "\"by_provider\":{\"stamp_max\":-1,\"day_max\":500");
	help_ask(h, "GET", "/v1/customers/two", f.one, NULL);
	help_said(h, 404, "no such customer");
	help_ask(h, "POST", "/v1/customers/two/limits", f.one, "{}");
	help_said(h, 404, "no such customer");
	help_ask(h, "GET", "/v1/customers/nobody", f.boss, NULL);
	help_said(h, 404, "no such customer");
	help_ask(h, "POST", path, f.boss, "{\"cost_required\":true}");
	help_said(h, 400, "cost_required");
}

/* --- one more user system -------------------------------------------------------------- */

static int
adds(struct help *h, const char *who, const char *name)
{
	char body[128];

	snprintf(body, sizeof(body), "{\"account\":\"branch\",\"name\":\"%s\"}",
	    name);
	help_ask(h, "POST", "/v1/systems", who, body);
	return h->status;
}

static void
a_customer_has_as_many_systems_as_it_may(void **state)
{
	struct help *h = *state;
	struct firm f;

	setup(h, &f);
	help_ask(h, "POST", "/v1/customers/one/limits", f.boss,
	    "{\"systems_max\":3,\"stamp_max\":99}");
	is_int(adds(h, f.one, "third"), 200, "the last one");
	is_int(adds(h, f.one, "fourth"), 403, "one too many");
	help_said(h, 403, "may have 3 user systems, and has 3");
	is_int(adds(h, f.boss, "fourth"), 200, "the provider may");
	/* one that the provider has suspended is not changed for another */
	help_ask(h, "POST", "/v1/systems/XXUS0000000001/suspend", f.boss, "");
	help_ask(h, "POST", "/v1/systems/XXUS0000000001/withdraw", f.one, "");
	help_said(h, 200, "desk");
	is_int(adds(h, f.one, "fifth"), 403, "it counts still");
	for (const char *at = "24"; *at; at++) {
		char path[64];

		snprintf(path, sizeof(path),
		    "/v1/systems/XXUS000000000%c/withdraw", *at);
		help_ask(h, "POST", path, f.one, "");
		help_said(h, 200, "system");
	}
	is_int(adds(h, f.one, "fifth"), 200, "there is room");
	is_int(adds(h, f.one, "sixth"), 403, "and now no more");
	/* a new one is under the customer's limits like all others */
	f.u[0] = shop_system(&h->shop, 6);
	is_str(f.u[0].name, "fifth", "the new one");
	refused(h, &f.u[0], 1, "0.099 a stamp of customer one");
}

/* The provider's limit of one is not got rid of with the system that has it. */
static void
one_with_a_limit_is_not_changed_for_one_without(void **state)
{
	struct help *h = *state;
	struct firm f;

	setup(h, &f);
	help_ask(h, "POST", "/v1/customers/one/limits", f.boss,
	    "{\"systems_max\":2}");
	help_ask(h, "POST", "/v1/systems/XXUS0000000001/limits", f.boss,
	    "{\"day_max\":100}");
	help_ask(h, "POST", "/v1/systems/XXUS0000000001/withdraw", f.one, "");
	help_said(h, 200, "desk");
	is_int(adds(h, f.one, "desk again"), 403, "it counts still");
	help_ask(h, "POST", "/v1/systems/XXUS0000000002/limits", f.one,
	    "{\"day_max\":100}");
	help_ask(h, "POST", "/v1/systems/XXUS0000000002/withdraw", f.one, "");
	is_int(adds(h, f.one, "attic again"), 200, "a limit of its own");
	is_int(adds(h, f.one, "third"), 403, "no more");
	/* the provider's word ends with the provider's word */
	help_ask(h, "POST", "/v1/systems/XXUS0000000001/limits", f.boss,
	    "{\"day_max\":-1}");
	is_int(adds(h, f.one, "third"), 200, "it counts no more");
}

struct adder {
	struct worker *w;
	int64_t account;
	pthread_t thread;
	char name[24];
	bool added;
};

static void *
add_one(void *context)
{
	struct adder *a = context;
	struct user_system u = {.account = a->account, .limits = LIMITS_NONE};
	char token[AUTH_TOKEN];
	struct err e = ERR_INIT;

	memcpy(u.name, a->name, sizeof(a->name));
	a->added = store_begin(a->w->store, STORE_WRITE, &e) &&
		   admin_add_system(a->w, &u, SIDE_CUSTOMER, token, &e) &&
		   store_commit(a->w->store, &e);
	store_rollback(a->w->store);
	return NULL;
}

static void
many_who_add_at_once_are_counted(void **state)
{
	struct help *h = *state;
	struct adder a[THREADS];
	int added = 0;
	struct firm f;

	setup(h, &f);
	shop_sql(&h->shop, "UPDATE customer SET systems_max = 4");
	for (int i = 0; i < THREADS; i++) {
		a[i] = (struct adder){.w = shop_worker(&h->shop, NULL),
		    .account = f.u[i % 2].account};
		snprintf(a[i].name, sizeof(a[i].name), "new%d", i);
		is_int(pthread_create(&a[i].thread, NULL, add_one, &a[i]), 0,
		    "thread");
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(a[i].thread, NULL);
		added += a[i].added;
		shop_worker_close(a[i].w);
	}
	is_int(added, 2, "two were there before");
}

/* One stamp, by an order that waits while this is changed and committed; `locks`:
 * for its user system's own row. */
static bool
bought_meanwhile(struct help *h, struct firm *f, const char *change, bool locks)
{
	struct worker *other = shop_worker(&h->shop, NULL);
	pthread_barrier_t start;
	struct user_system u;
	struct buyer b = {.w = shop_worker(&h->shop, NULL),
	    .u = f->u[0],
	    .out = calloc(1, sizeof(*b.out)),
	    .start = &start};
	struct err e = ERR_INIT;
	bool found;

	pthread_barrier_init(&start, NULL, 1);
	is_ok(store_begin(other->store, STORE_WRITE, &e), &e, "begin");
	store_system_ask(other->store, b.u.id, locks ? STORE_LOCK : STORE_LOOK);
	is_ok(store_system_get(other->store, &u, &found, &e) &&
		  store_run(other->store, change, &e),
	    &e, change);
	b.order = help_order(h, &b.u, 1);
	is_int(pthread_create(&b.thread, NULL, buy_one, &b), 0, "thread");
	usleep(MEANWHILE_US);
	is_ok(store_commit(other->store, &e), &e, "commit");
	pthread_join(b.thread, NULL);
	free(b.order);
	free(b.out);
	pthread_barrier_destroy(&start);
	shop_worker_close(b.w);
	shop_worker_close(other);
	return b.bought;
}

static void
what_changes_while_one_waits_holds(void **state)
{
	struct help *h = *state;
	struct firm f;

	setup(h, &f);
	/* who is short of value asks twice, and sees it the second time */
	shop_sql(&h->shop, "UPDATE account SET load = 5000");
	ok(bought_meanwhile(
	       h, &f, "UPDATE usersystem SET day_max = 5000", true),
	    "enough");
	ok(!bought_meanwhile(h, &f, "UPDATE usersystem SET day_max = 0", true),
	    "its limit");
	shop_sql(&h->shop, "UPDATE usersystem SET day_max = -1");
	ok(!bought_meanwhile(
	       h, &f, "UPDATE account SET state = 'locked'", true),
	    "its account");
	shop_sql(&h->shop, "UPDATE account SET state = 'active'");
	shop_sql(&h->shop, "UPDATE customer SET day_max = 5000");
	ok(!bought_meanwhile(h, &f, "UPDATE customer SET day_max = 0", false),
	    "its customer's limit");
	help_audit(h);
}

#define COMMON(on)                                                   \
	on(corrections_are_counted_by_the_day),                      \
	    on(postage_of_no_value_is_counted_too),                  \
	    on(nobody_gets_more_corrections_with_others),            \
	    on(a_customers_limit_is_of_all_its_accounts),            \
	    on(replays_are_of_no_day), on(a_quote_knows_the_limit),  \
	    on(nobody_gets_past_it_with_others),                     \
	    on(what_the_provider_set_is_lowered_and_never_raised),   \
	    on(two_who_set_at_once_both_have_their_word),            \
	    on(cost_codes_are_wanted_by_either_side),                \
	    on(a_customers_own_limit_is_below_the_providers),        \
	    on(a_customer_has_as_many_systems_as_it_may),            \
	    on(one_with_a_limit_is_not_changed_for_one_without),     \
	    on(a_customers_month_is_one_where_the_clock_was_ahead),  \
	    on(a_customers_month_is_one_where_the_clock_was_behind), \
	    on(many_who_add_at_once_are_counted)

static const struct CMUnitTest sqlite[] = {COMMON(HELP_SQLITE),
    cmocka_unit_test(the_lower_one_of_both_sides_holds),
    cmocka_unit_test(sums_do_not_run_over)};
/* SQLite has one writer: all wait for all */
static const struct CMUnitTest postgresql[] = {COMMON(HELP_PG),
    HELP_PG(who_has_no_limit_waits_for_nobody),
    HELP_PG(what_changes_while_one_waits_holds)};

HELP_MAIN(sqlite, postgresql)
