/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a PSD on both engines: what is left goes back once, whatever is under
 * way, and nothing comes in or goes out behind it.
 */
#include "provider/psd_end.h"

#include <pthread.h>

#include "provider/complete.h"
#include "provider/fund.h"
#include "provider/issue.h"
#include "tests/pg_help.h"
#include "tests/provider_help.h"
#include "tests/test.h"

static bool on_postgresql;
static struct issue_order order;
static struct issue_result result;

/* --- help --------------------------------------------------------------------------- */

static void
open_shop(struct shop *s, int psds, mils credit)
{
	struct shop_setup setup = {.postgresql = on_postgresql,
	    .psds = psds,
	    .systems = 1,
	    .credit = credit};

	shop_open(s, &setup);
}

static void
close_shop(struct shop *s)
{
	is_int(shop_audit(s, false), 0, "faults");
	shop_close(s);
}

static mils
set_state(struct shop *s, uint32_t serial, const char *state)
{
	struct err e = ERR_INIT;
	struct psd_end end = {.back = 0};

	is_ok(store_begin(s->w->store, STORE_WRITE, &e) &&
		  psd_end_set(s->w, serial, state, &end, &e) &&
		  store_commit(s->w->store, &e),
	    &e, state);
	return end.back;
}

static mils
credit_of(struct shop *s)
{
	return shop_system(s, s->system[0].id).credit;
}

static void
issue(struct shop *s, uint32_t first, mils amount)
{
	struct err e = ERR_INIT;

	shop_order(&order, &s->system[0], first, 1, amount);
	is_ok(issue_stamps(s->w, &order, &result, &e), &e, "issued");
}

/* A grant of `amount` that a crash kept from PSD 1. */
static void
leave_grant(struct shop *s, mils amount)
{
	const struct psd_here *psd;
	struct err e = ERR_INIT;
	enum funded end;

	psd = shop_psd(s, 0);
	s->system[0] = shop_system(s, s->system[0].id);
	shop_sql(s, "CREATE TABLE kept AS SELECT * FROM psd_state");
	is_ok(fund_psd(s->w, &s->system[0], psd, amount, &end, &e), &e, "fund");
	shop_sql(s, "UPDATE download SET applied = 0");
	shop_sql(s,
	    "UPDATE psd_state SET state = (SELECT k.state FROM kept k "
	    "WHERE k.psd = psd_state.psd), control_total = "
	    "(SELECT k.control_total FROM kept k WHERE k.psd = psd_state.psd)");
}

/* --- tests ------------------------------------------------------------------------------ */

static void
what_is_left_goes_back_once(void **state)
{
	struct err e = ERR_INIT;
	struct shop s;
	size_t count;

	(void)state;
	open_shop(&s, 1, 10000);
	issue(&s, 1, 780);
	shop_sql(&s, "UPDATE account SET load = 5000");
	issue(&s, 2, 1000);
	is_int(credit_of(&s), 4220, "5000 were loaded");
	shop_sql(&s, "DELETE FROM signature WHERE piece = 2");
	is_int(set_state(&s, 1, "withheld"), 0, "withheld is not the end");
	is_int(set_state(&s, 1, "withdrawn"), 4000, "what was left");
	is_int(set_state(&s, 1, "withdrawn"), 0, "once");
	is_int(set_state(&s, 1, "revoked"), 0, "once");
	is_int(credit_of(&s), 8220, "credit");
	is_int(shop_audit(&s, false), 0, "faults");
	shop_set_time(shop_time() + 60);
	is_ok(complete_pending(s.w, 5000, false, &count, &e), &e, "complete");
	is_int(count, 1, "what was debited is signed all the same");
	shop_order(&order, &s.system[0], 3, 1, 780);
	ok(!issue_stamps(s.w, &order, &result, &e), "no PSD is left");
	is_int(credit_of(&s), 8220, "credit");
	close_shop(&s);
}

static void
what_was_granted_and_has_not_come_goes_back_too(void **state)
{
	struct err e = ERR_INIT;
	struct shop s;
	size_t count;

	(void)state;
	open_shop(&s, 1, 10000);
	leave_grant(&s, 6000);
	is_int(credit_of(&s), 4000, "granted");
	is_int(set_state(&s, 1, "revoked"), 6000, "the grant");
	is_int(credit_of(&s), 10000, "credit");
	shop_set_time(shop_time() + 60);
	is_ok(fund_pending(s.w, 1000, &count, &e), &e, "pending");
	is_int(count, 0, "it does not come in any more");
	close_shop(&s);
}

static void
a_withheld_psd_gets_its_value_when_it_is_released(void **state)
{
	struct err e = ERR_INIT;
	struct shop s;
	size_t count;

	(void)state;
	open_shop(&s, 1, 10000);
	leave_grant(&s, 6000);
	set_state(&s, 1, "withheld");
	shop_set_time(shop_time() + 60);
	is_ok(fund_pending(s.w, 1000, &count, &e), &e, "pending");
	is_int(count, 0, "not now");
	is_int(shop_audit(&s, false), 0, "faults");
	set_state(&s, 1, "operational");
	is_ok(fund_pending(s.w, 1000, &count, &e), &e, "pending");
	is_int(count, 1, "now");
	issue(&s, 1, 6000);
	close_shop(&s);
}

/* Who has read the PSD before its end grants it nothing behind it. */
static void
a_psd_that_has_ended_is_granted_nothing(void **state)
{
	const struct psd_here *psd;
	struct err e = ERR_INIT;
	enum funded end;
	struct shop s;

	(void)state;
	open_shop(&s, 1, 10000);
	psd = shop_psd(&s, 0);
	s.system[0] = shop_system(&s, s.system[0].id);
	set_state(&s, 1, "withdrawn");
	is_ok(fund_psd(s.w, &s.system[0], psd, 6000, &end, &e), &e, "fund");
	is_int(credit_of(&s), 10000, "credit");
	close_shop(&s);
}

/* --- at the same time ---------------------------------------------------------------------- */

#define THREADS 3
#define ORDERS	20

struct buyer {
	struct shop *shop;
	pthread_t thread;
	uint32_t first;
	int issued;
	struct issue_order order;
	struct issue_result result;
};

static void *
buy(void *context)
{
	struct buyer *b = context;
	struct worker *w = shop_worker(b->shop, NULL);

	for (uint32_t i = 0; i < ORDERS; i++) {
		struct err e = ERR_INIT;

		shop_order(&b->order, &b->shop->system[0], b->first + i, 1, 10);
		b->issued += issue_stamps(w, &b->order, &b->result, &e);
	}
	shop_worker_close(w);
	return NULL;
}

static void
an_end_among_orders_loses_nothing(void **state)
{
	static struct buyer b[THREADS];
	struct shop s;
	int issued = 0;

	(void)state;
	open_shop(&s, 2, 100000);
	shop_sql(&s, "UPDATE account SET load = 200");
	for (uint32_t i = 0; i < THREADS; i++) {
		b[i] = (struct buyer){.shop = &s, .first = 1 + i * ORDERS};
		is_int(pthread_create(&b[i].thread, NULL, buy, &b[i]), 0, "x");
	}
	set_state(&s, 2, "withdrawn");
	set_state(&s, 1, "revoked");
	for (int i = 0; i < THREADS; i++) {
		pthread_join(b[i].thread, NULL);
		issued += b[i].issued;
	}
	is_int(credit_of(&s), 100000 - 10 * issued, "all that is not spent");
	close_shop(&s);
}

static void
an_audit_sees_value_that_did_not_go_back(void **state)
{
	static const char *const changes[] = {
	    "UPDATE psd SET state = 'operational'",
	    "UPDATE psd_state SET ended = 0",
	    "UPDATE transfer SET amount = amount - 1 WHERE kind = 'unload'"};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct shop s;

		open_shop(&s, 1, 10000);
		shop_sql(&s, "UPDATE account SET load = 5000");
		issue(&s, 1, 780);
		set_state(&s, 1, "withdrawn");
		is_int(shop_audit(&s, false), 0, "faults before");
		shop_sql(&s, changes[i]);
		if (shop_audit(&s, true) == 0)
			fail_at("not seen: %s", changes[i]);
		shop_close(&s);
	}
}

static const struct CMUnitTest tests[] = {
    T(what_is_left_goes_back_once),
    T(what_was_granted_and_has_not_come_goes_back_too),
    T(a_withheld_psd_gets_its_value_when_it_is_released),
    T(a_psd_that_has_ended_is_granted_nothing),
    T(an_end_among_orders_loses_nothing),
    T(an_audit_sees_value_that_did_not_go_back),
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
