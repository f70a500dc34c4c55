/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders that come at one time, on both engines: they are debited by one
 * transaction and signed by another; one that cannot be does not keep the others
 * back, and says what it says alone.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "provider/combine.h"
#include "provider/complete.h"
#include "provider/psds.h"
#include "tests/pg_help.h"
#include "tests/provider_help.h"
#include "tests/test.h"

#define COMERS	 HELP_SYSTEMS /* the first opens the way, the others meet */
#define PATIENCE 10000	      /* ms: a lock is waited for longer than that */

static bool on_postgresql;

/* --- those who come ------------------------------------------------------------------ */

struct comer {
	struct worker *w;
	pthread_t thread;
	bool done;
	_Atomic bool back;
	struct err e;
	struct issue_order order;
	struct issue_result result;
};

static struct shop shop;
static struct comer comer[COMERS];

/* --- gates that they meet at ----------------------------------------------------------- */

struct gate {
	struct combine *c;
	pthread_mutex_t closed;
	_Atomic int came, runs;
	size_t sizes[COMERS * 2];
};
static struct gate debits = {.closed = PTHREAD_MUTEX_INITIALIZER},
		   signatures = {.closed = PTHREAD_MUTEX_INITIALIZER};

static void
pass(struct gate *g, size_t count)
{
	g->came++;
	pthread_mutex_lock(&g->closed);
	if (g->runs < 2 * COMERS)
		g->sizes[g->runs] = count;
	g->runs++;
	pthread_mutex_unlock(&g->closed);
}

static void
debit(void *context, void *const *list, size_t count)
{
	pass(&debits, count);
	issue_combined.run(context, list, count);
}

static void
sign(void *context, void *const *list, size_t count)
{
	pass(&signatures, count);
	complete_combined.run(context, list, count);
}

static void
put_gates(struct provider *p)
{
	static struct combine_kind debiting, signing;

	debiting = (struct combine_kind){issue_combined.fits, debit, 0};
	signing = (struct combine_kind){complete_combined.fits, sign, 0};
	combine_free(p->debits);
	combine_free(p->signatures);
	debits.c = p->debits = combine_new(&debiting);
	signatures.c = p->signatures = combine_new(&signing);
}

/* --- the shop -------------------------------------------------------------------------- */

/* A first stamp has value put into its PSD. */
static void
fill_psd(struct comer *c, const struct user_system *who)
{
	shop_order(&c->order, who, 1000, 1, 100);
	is_ok(issue_stamps(c->w, &c->order, &c->result, &c->e), &c->e,
	    "the first stamp");
}

static void
open_shop(void)
{
	const struct shop_setup setup = {.postgresql = on_postgresql,
	    .psds = COMERS,
	    .systems = COMERS,
	    .credit = 100000,
	    .load = 5000};

	shop_open(&shop, &setup);
	put_gates(&shop.provider);
	debits.came = debits.runs = 0;
	signatures.came = signatures.runs = 0;
	for (size_t i = 0; i < COMERS; i++) {
		comer[i].w = shop_worker(&shop, NULL);
		comer[i].e = (struct err)ERR_INIT;
		comer[i].done = comer[i].back = false;
		fill_psd(&comer[i], &shop.system[i]);
		shop_order(&comer[i].order, &shop.system[i], 1, 2, 100);
	}
}

static void
close_shop(void)
{
	is_int(shop_audit(&shop, false), 0, "faults");
	for (size_t i = 0; i < COMERS; i++)
		shop_worker_close(comer[i].w);
	shop_close(&shop);
}

static void *
come(void *context)
{
	struct comer *c = context;

	c->done = issue_stamps(c->w, &c->order, &c->result, &c->e);
	c->back = true;
	return NULL;
}

/* One is in the gate, so many wait behind it. */
static void
wait_for(struct gate *g, size_t behind)
{
	while (g->came == 0 || combine_waiting(g->c) < behind)
		nanosleep(&(struct timespec){0, 1000000}, NULL);
}

static void
start(size_t i)
{
	is_int(pthread_create(&comer[i].thread, NULL, come, &comer[i]), 0,
	    "thread");
}

static void
let_them_meet(struct gate *g)
{
	debits.came = debits.runs = 0;
	signatures.came = signatures.runs = 0;
	pthread_mutex_lock(&g->closed);
	start(0);
	wait_for(g, 0);
	for (size_t i = 1; i < COMERS; i++)
		start(i);
	wait_for(g, COMERS - 1);
}

static void
let_them_pass(struct gate *g)
{
	pthread_mutex_unlock(&g->closed);
}

static void
all_come_back(void)
{
	for (size_t i = 0; i < COMERS; i++)
		pthread_join(comer[i].thread, NULL);
}

static void
meet(struct gate *g)
{
	let_them_meet(g);
	let_them_pass(g);
	all_come_back();
}

static mils
spent_by(size_t i)
{
	return shop_system(&shop, shop.system[i].id).ascending;
}

static void
is_issued(size_t i, bool new)
{
	struct comer *c = &comer[i];

	is_ok(c->done, &c->e, "issued");
	is_int(c->result.count, 2, "stamps");
	for (size_t n = 0; n < 2; n++) {
		ok(c->result.stamp[n].is_signed, "signed");
		is_int(c->result.stamp[n].piece, 2 + n, "piece");
		is_int(c->result.stamp[n].system, shop.system[i].id, "whose");
		is_int(c->result.replayed[n], !new, "replayed");
	}
	is_int(spent_by(i), 300, "spent");
	is_int(c->result.system.ascending, 300, "said to be spent");
}

/* --- tests ----------------------------------------------------------------------------- */

static void
those_who_meet_are_debited_by_one_transaction(void **state)
{
	(void)state;
	open_shop();
	meet(&debits);
	for (size_t i = 0; i < COMERS; i++)
		is_issued(i, true);
	is_int(debits.runs, 2, "transactions");
	is_int(debits.sizes[1], COMERS - 1, "orders of the second");
	close_shop();
}

static void
signatures_that_meet_are_written_by_one_transaction(void **state)
{
	(void)state;
	open_shop();
	meet(&signatures);
	for (size_t i = 0; i < COMERS; i++)
		is_issued(i, true);
	is_int(signatures.runs, 2, "transactions");
	is_int(signatures.sizes[1], COMERS - 1, "orders of the second");
	close_shop();
}

/* What another server signed meanwhile stays; all get what counts. */
static void
one_that_was_signed_before_keeps_its_signature(void **state)
{
	struct provider alone;
	struct issue_result other;
	struct err e = ERR_INIT;
	size_t count;

	(void)state;
	open_shop();
	let_them_meet(&signatures);
	alone = shop.provider;
	alone.signatures = NULL;
	shop.w->provider = &alone;
	is_ok(complete_pending(shop.w, -1, false, &count, &e), &e, "another");
	is_int(count, 2 * COMERS, "signed by another");
	let_them_pass(&signatures);
	all_come_back();
	for (size_t i = 0; i < COMERS; i++) {
		is_issued(i, true);
		is_ok(issue_recent(shop.w, shop.system[i].id, 2, &other, &e),
		    &e, "what there is");
		for (size_t n = 0; n < 2; n++)
			is_mem(comer[i].result.stamp[n].indicium,
			    other.stamp[n].indicium, other.stamp[n].len,
			    "what counts");
	}
	shop.w->provider = &shop.provider;
	close_shop();
}

static void
who_is_refused_is_refused_alone(void **state)
{
	(void)state;
	open_shop();
	shop_sql(&shop,
	    "UPDATE usersystem SET day_max = 250 WHERE name = 'system3'");
	comer[5].order.fence++;
	meet(&debits);
	for (size_t i = 0; i < COMERS; i++)
		if (i != 3 && i != 5)
			is_issued(i, true);
	ok(!comer[3].done, "over its limit");
	is_err(&comer[3].e, ERR_DENIED, "over its limit");
	is_int(spent_by(3), 100, "spent by it");
	ok(!comer[5].done, "overtaken");
	is_err(&comer[5].e, ERR_BUSY, "overtaken");
	is_int(spent_by(5), 100, "spent by it");
	close_shop();
}

/* The writing fails for all of them, and each is done alone. */
static void
one_that_was_issued_before_costs_the_others_nothing(void **state)
{
	static struct issue_result before;
	struct err e = ERR_INIT;

	(void)state;
	open_shop();
	is_ok(issue_stamps(shop.w, &comer[4].order, &before, &e), &e, "before");
	meet(&debits);
	for (size_t i = 0; i < COMERS; i++)
		is_issued(i, i != 4);
	for (size_t n = 0; n < 2; n++)
		is_mem(comer[4].result.stamp[n].indicium,
		    before.stamp[n].indicium, before.stamp[n].len, "its bytes");
	close_shop();
}

static void
one_without_value_is_loaded_alone(void **state)
{
	(void)state;
	open_shop();
	shop_order(&comer[2].order, &shop.system[2], 1, 2, 4950);
	comer[2].order.total = 9900;
	meet(&debits);
	is_ok(comer[2].done, &comer[2].e, "loaded");
	is_int(spent_by(2), 100 + 9900, "spent");
	for (size_t i = 0; i < COMERS; i++)
		if (i != 2)
			is_issued(i, true);
	close_shop();
}

/* Its day was counted by a clock that was ahead: the books are asked. */
static void
one_that_counts_another_day_is_looked_at_alone(void **state)
{
	(void)state;
	open_shop();
	shop_sql(&shop, "UPDATE usersystem_count SET day = 20991231, "
			"newest = 20991231, day_spent = 900 WHERE usersystem = "
			"(SELECT id FROM usersystem WHERE name = 'system2')");
	shop_sql(&shop, "UPDATE usersystem SET day_max = 300");
	meet(&debits);
	for (size_t i = 0; i < COMERS; i++)
		is_issued(i, true);
	is_int(shop_system(&shop, shop.system[2].id).day_spent, 300, "spent");
	close_shop();
}

/* SQLite has one writer, who waits for the others in any case. */
static void
nobody_waits_for_the_rows_of_one(void **state)
{
	static const char lock[] =
	    "SELECT 1 FROM usersystem_count WHERE usersystem = "
	    "(SELECT id FROM usersystem WHERE name = 'system6') FOR UPDATE";
	struct worker *other;
	struct err e = ERR_INIT;
	int64_t began = clock_ms();

	(void)state;
	if (!on_postgresql)
		return;
	open_shop();
	other = shop_worker(&shop, NULL);
	is_ok(store_begin(other->store, STORE_WRITE, &e) &&
		  store_run(other->store, lock, &e),
	    &e, "a lock");
	let_them_meet(&debits);
	let_them_pass(&debits);
	for (size_t i = 0; i < COMERS; i++)
		if (i != 6)
			pthread_join(comer[i].thread, NULL);
	ok(clock_ms() - began < PATIENCE, "nobody else waits");
	ok(!comer[6].back, "the one waits");
	store_rollback(other->store);
	pthread_join(comer[6].thread, NULL);
	for (size_t i = 0; i < COMERS; i++)
		is_issued(i, true);
	shop_worker_close(other);
	close_shop();
}

static void
two_of_one_system_or_psd_are_not_together(void **state)
{
	(void)state;
	open_shop();
	for (size_t i = 4; i < COMERS; i++) /* four in pairs */
		shop_order(&comer[i].order, &shop.system[i - 4],
		    100 + (uint32_t)i, 2, 100);
	meet(&debits);
	for (size_t i = 0; i < COMERS; i++)
		is_ok(comer[i].done, &comer[i].e, "issued");
	for (size_t i = 0; i < COMERS; i++)
		is_int(spent_by(i), i < 4 ? 500 : 100, "spent");
	is_int(debits.runs, 3, "transactions");
	is_int(debits.sizes[0] + debits.sizes[1] + debits.sizes[2], COMERS,
	    "orders");
	close_shop();
}

/* 100 each were spent before, 200 are asked for by each. */
static void
a_customers_limit_holds_for_those_who_meet(void **state)
{
	size_t issued = 0;

	(void)state;
	open_shop();
	shop_sql(&shop, "UPDATE customer SET day_max = 1300");
	meet(&debits);
	for (size_t i = 0; i < COMERS; i++) {
		issued += comer[i].done;
		if (!comer[i].done)
			is_err(&comer[i].e, ERR_DENIED, "over the limit");
	}
	is_int(issued, 2, "800 and two times 200");
	close_shop();
}

static const struct CMUnitTest tests[] = {
    T(those_who_meet_are_debited_by_one_transaction),
    T(signatures_that_meet_are_written_by_one_transaction),
    T(one_that_was_signed_before_keeps_its_signature),
    T(who_is_refused_is_refused_alone),
    T(one_that_was_issued_before_costs_the_others_nothing),
    T(one_without_value_is_loaded_alone),
    T(one_that_counts_another_day_is_looked_at_alone),
    T(nobody_waits_for_the_rows_of_one),
    T(two_of_one_system_or_psd_are_not_together),
    T(a_customers_limit_holds_for_those_who_meet),
};

int
main(void)
{
	int failed = cmocka_run_group_tests_name("sqlite", tests, NULL, NULL);

	on_postgresql = true;
	if (!pg_start())
		return failed != 0 ? failed : 77;
	failed += cmocka_run_group_tests_name("postgresql", tests, NULL, NULL);
	pg_stop();
	return failed;
}
