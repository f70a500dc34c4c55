/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders and quotes, on both engines: what is priced is what is paid, nothing is
 * debited before, what was dropped never.
 */
#include <pthread.h>
#include <stdlib.h>

#include "provider/order.h"
#include "tests/pg_help.h"
#include "tests/provider_help.h"
#include "tests/test.h"
#include "vault/crypto.h"

#define MINUTE 60

static bool on_postgresql;
static struct issue_order stamps;
static struct issue_result bought, again;
static struct order order;

static void
open_shop(struct shop *s, int psds, mils credit)
{
	struct shop_setup setup = {.postgresql = on_postgresql,
	    .psds = psds,
	    .systems = 2,
	    .credit = credit,
	    .load = 3000};

	shop_open(s, &setup);
}

static const uint8_t *
key_of(uint8_t n)
{
	static _Thread_local uint8_t key[PSD_KEY_BYTES];

	key[0] = n;
	return key;
}

static void
must_place(struct shop *s, uint8_t key, struct order *out)
{
	struct err e = ERR_INIT;

	is_ok(order_place(s->w, &stamps, key_of(key), out, &e), &e, "placed");
}

static void
must_not_place(
    struct shop *s, uint8_t key, enum err_kind kind, const char *word)
{
	struct err e = ERR_INIT;
	struct order o;

	ok(!order_place(s->w, &stamps, key_of(key), &o, &e), "refused");
	if (e.kind != kind || strstr(e.text, word) == NULL)
		fail_at("%s: %s, not %s with \"%s\"", err_kind_name(e.kind),
		    e.text, err_kind_name(kind), word);
}

static bool
buy(struct shop *s, const struct order *o, struct issue_result *out,
    struct err *e)
{
	struct issue_order buys;

	*e = (struct err)ERR_INIT;
	is_ok(order_stamps(o, &buys, e), e, "stamps");
	buys.who = &s->system[0];
	buys.fence = s->system[0].fence;
	return issue_stamps(s->w, &buys, out, e);
}

static bool
is_there(struct shop *s, int who, int64_t id, struct order *out)
{
	struct err e = ERR_INIT;
	bool found;

	is_ok(
	    order_find(s->w, &s->system[who], id, out, &found, &e), &e, "find");
	return found;
}

static mils
spent(struct shop *s)
{
	return shop_system(s, s->system[0].id).ascending;
}

/* Every field of a request has a value of its own. */
static void
fill_item(struct issue_item *item)
{
	item->request = (struct psd_request){.key = {7, 8},
	    .amount = 790,
	    .mail_date = 20261128,
	    .mailby = 20261201,
	    .origin_zip = 94103,
	    .destination = 90210123456,
	    .category = "FCM",
	    .price_list = 3,
	    .sheet_serial = 77,
	    .label = 5};
	snprintf(item->cost, sizeof(item->cost), "A1");
}

static void
is_same_item(const struct issue_item *got, const struct issue_item *want)
{
	uint8_t hash[2][PSD_HASH];
	struct psd_crypto crypto;

	crypto_init(&crypto, NULL);
	psd_request_hash(&crypto, &got->request, hash[0]);
	psd_request_hash(&crypto, &want->request, hash[1]);
	is_mem(hash[0], hash[1], PSD_HASH, "every field");
	is_mem(got->request.key, want->request.key, PSD_KEY_BYTES, "key");
	is_str(got->cost, want->cost, "cost code");
}

/* --- placing ------------------------------------------------------------------------ */

static void
an_order_is_priced_and_then_bought(void **state)
{
	struct shop s;
	struct err e;
	int64_t id;

	(void)state;
	open_shop(&s, 2, 100000);
	shop_order(&stamps, &s.system[0], 1, 3, 780);
	must_place(&s, 1, &order);
	id = order.row.id;
	is_int(order.row.total, 2340, "total");
	is_int(order.row.due, 2340, "due");
	is_int(order.funds, 100000, "funds");
	is_int(order.row.expires - order.row.made, ORDER_LIFE_MS, "life");
	is_int(spent(&s), 0, "spent");
	ok(is_there(&s, 0, order.row.id, &order), "there");
	ok(!is_there(&s, 1, order.row.id, &order), "not for others");
	ok(is_there(&s, 0, id, &order), "there");
	is_ok(buy(&s, &order, &bought, &e), &e, "bought");
	is_int(bought.count, 3, "stamps");
	is_int(spent(&s), 2340, "spent");
	is_ok(buy(&s, &order, &again, &e), &e, "again");
	for (size_t i = 0; i < 3; i++) {
		ok(again.replayed[i], "replayed");
		is_mem(again.stamp[i].indicium, bought.stamp[i].indicium,
		    bought.stamp[i].len, "the same bytes");
	}
	is_int(spent(&s), 2340, "spent once");
	ok(is_there(&s, 0, order.row.id, &order), "there");
	ok(order.row.bought != 0, "bought");
	is_int(shop_audit(&s, false), 0, "faults");
	shop_close(&s);
}

static void
what_was_asked_for_is_what_is_issued(void **state)
{
	struct issue_order back;
	struct shop s;
	struct err e = ERR_INIT;

	(void)state;
	open_shop(&s, 1, 100000);
	s.provider.any_sheet = true;
	shop_sql(&s, "INSERT INTO cost_code (account, code) VALUES (1, 'A1')");
	shop_order(&stamps, &s.system[0], 1, 100, 1);
	fill_item(&stamps.item[99]);
	must_place(&s, 1, &order);
	ok(is_there(&s, 0, order.row.id, &order), "there");
	is_ok(order_stamps(&order, &back, &e), &e, "stamps");
	is_int(back.count, 100, "stamps");
	is_int(back.total, 99 + 790, "total");
	is_int(back.buys, order.row.id, "which order");
	for (size_t i = 0; i < back.count; i++)
		is_same_item(&back.item[i], &stamps.item[i]);
	is_ok(buy(&s, &order, &bought, &e), &e, "bought");
	is_str(bought.stamp[99].cost, "A1", "cost code");
	is_int(bought.stamp[99].label, 5, "label");
	/* damaged */
	order.row.len--;
	ok(!order_stamps(&order, &back, &e), "a byte is missing");
	is_err(&e, ERR_CORRUPT, "kind");
	shop_close(&s);
}

static void
a_key_is_one_order(void **state)
{
	struct shop s;
	struct order second;

	(void)state;
	open_shop(&s, 1, 100000);
	shop_order(&stamps, &s.system[0], 1, 3, 780);
	must_place(&s, 1, &order);
	shop_set_time(shop_time() + MINUTE);
	must_place(&s, 1, &second);
	is_int(second.row.id, order.row.id, "the same order");
	is_int(second.row.expires, order.row.expires, "no longer");
	stamps.item[1].request.amount++;
	must_not_place(&s, 1, ERR_CORRUPT, "another one");
	must_place(&s, 2, &second);
	ok(second.row.id != order.row.id, "another order");
	stamps.who = &s.system[1];
	must_place(&s, 1, &second);
	is_int(second.row.system, s.system[1].id, "keys are a system's own");
	shop_close(&s);
}

/* --- what is refused ---------------------------------------------------------------- */

static void
what_could_not_be_issued_is_not_placed(void **state)
{
	struct shop s;

	(void)state;
	open_shop(&s, 2, 100000);
	s.provider.any_sheet = true;
	shop_sql(&s, "UPDATE usersystem SET stamp_max = 2000, day_max = 3000");
	shop_order(&stamps, &s.system[0], 1, 1, 2001);
	must_not_place(&s, 1, ERR_DENIED, "a stamp");
	shop_order(&stamps, &s.system[0], 1, 2, 1501);
	must_not_place(&s, 1, ERR_DENIED, "a day");
	shop_order(&stamps, &s.system[0], 1, 2, 780);
	stamps.item[1].request.mail_date = 20261399;
	must_not_place(&s, 1, ERR_REQUEST, "stamp 2");
	shop_order(&stamps, &s.system[0], 1, 2, 780);
	stamps.item[1].request.key[0] = stamps.item[0].request.key[0];
	must_not_place(&s, 1, ERR_REQUEST, "same key");
	shop_order(&stamps, &s.system[0], 1, 2, 780);
	for (int i = 0; i < 2; i++) {
		stamps.item[i].request.sheet_serial = 77;
		stamps.item[i].request.label = 3;
	}
	must_not_place(&s, 1, ERR_DENIED, "label");
	shop_sql(&s, "UPDATE psd SET state = 'withheld' WHERE serial = 1");
	shop_order(&stamps, &s.system[0], 1, 2, 780);
	must_place(&s, 1, &order);
	shop_sql(&s, "UPDATE psd SET state = 'withheld'");
	must_not_place(&s, 2, ERR_DENIED, "withheld");
	shop_sql(&s, "UPDATE usersystem SET state = 'suspended'");
	must_not_place(&s, 2, ERR_DENIED, "suspended");
	is_int(spent(&s), 0, "spent");
	shop_close(&s);
}

/* A quote binds no sheet, opens no day and debits nothing. */
static void
nothing_is_kept_of_a_quote(void **state)
{
	struct issue_price price;
	struct err e = ERR_INIT;
	struct shop s;

	(void)state;
	open_shop(&s, 1, 100000);
	s.provider.any_sheet = true;
	shop_order(&stamps, &s.system[0], 1, 2, 780);
	stamps.item[1].request.sheet_serial = 77;
	stamps.item[1].request.label = 3;
	stamps.fence += 100;
	stamps.total = 5;
	is_ok(issue_quote(s.w, &stamps, &price, &e), &e, "quote");
	is_int(price.total, 1560, "total");
	is_int(price.due, 1560, "due");
	is_int(price.funds, 100000, "funds");
	is_int(shop_system(&s, s.system[0].id).day, 0, "no day");
	/* which fails where there is one */
	shop_sql(&s, "INSERT INTO sheet (serial) VALUES (77)");
	shop_order(&stamps, &s.system[0], 1, 1, 780);
	ok(issue_stamps(s.w, &stamps, &bought, &e), e.text);
	/* what is paid already */
	shop_order(&stamps, &s.system[0], 1, 2, 780);
	is_ok(issue_quote(s.w, &stamps, &price, &e), &e, "quote");
	is_int(price.total, 1560, "total");
	is_int(price.due, 780, "due");
	is_int(price.funds, 99220, "funds");
	stamps.item[0].request.amount++;
	ok(!issue_quote(s.w, &stamps, &price, &e), "another stamp");
	is_err(&e, ERR_CORRUPT, "kind");
	ok(price.other_request, "whose fault it is");
	is_int(shop_audit(&s, false), 0, "faults");
	shop_close(&s);
}

static void
a_poor_account_is_told_what_is_missing(void **state)
{
	struct shop s;
	struct err e;

	(void)state;
	open_shop(&s, 2, 5000);
	shop_order(&stamps, &s.system[0], 1, 3, 2000);
	must_place(&s, 1, &order);
	is_int(order.row.due, 6000, "due");
	is_int(order.funds, 5000, "funds");
	ok(!buy(&s, &order, &bought, &e), "too little");
	is_err(&e, ERR_FUNDS, "kind");
	is_int(spent(&s), 0, "spent");
	/* what is wrong is told before what is missing */
	shop_order(&stamps, &s.system[0], 1, 3, 2000);
	stamps.item[2].request.mail_date = 20261399;
	must_not_place(&s, 2, ERR_REQUEST, "stamp 3");
	shop_close(&s);
}

/* --- the end of an order ------------------------------------------------------------- */

static void
what_was_dropped_is_not_bought(void **state)
{
	struct err e = ERR_INIT;
	struct order dropped;
	struct shop s;
	bool found;

	(void)state;
	open_shop(&s, 1, 100000);
	shop_order(&stamps, &s.system[0], 1, 2, 780);
	must_place(&s, 1, &order);
	is_ok(order_drop(s.w, &s.system[1], order.row.id, &dropped, &found, &e),
	    &e, "by another system");
	ok(!found, "not theirs");
	is_ok(order_drop(s.w, &s.system[0], order.row.id, &dropped, &found, &e),
	    &e, "dropped");
	ok(found && dropped.row.total == 1560, "what it was");
	is_ok(order_drop(s.w, &s.system[0], order.row.id, &dropped, &found, &e),
	    &e, "again");
	ok(!found, "gone");
	ok(!buy(&s, &order, &bought, &e), "not bought");
	is_err(&e, ERR_REQUEST, "kind");
	is_int(spent(&s), 0, "spent");
	must_place(&s, 1, &dropped);
	ok(dropped.row.id != order.row.id, "its key is free");
	is_ok(buy(&s, &dropped, &bought, &e), &e, "bought");
	ok(!order_drop(s.w, &s.system[0], dropped.row.id, &order, &found, &e),
	    "not dropped");
	is_err(&e, ERR_REQUEST, "bought");
	is_int(shop_audit(&s, false), 0, "faults");
	shop_close(&s);
}

static void
an_order_expires(void **state)
{
	struct order second;
	struct shop s;
	struct err e;

	(void)state;
	open_shop(&s, 1, 100000);
	shop_order(&stamps, &s.system[0], 1, 2, 780);
	must_place(&s, 1, &order);
	shop_set_time(shop_time() + 15 * MINUTE);
	ok(!is_there(&s, 0, order.row.id, &second), "expired");
	ok(!buy(&s, &order, &bought, &e), "not bought");
	is_err(&e, ERR_REQUEST, "kind");
	must_place(&s, 1, &second);
	ok(second.row.id != order.row.id, "its key is free");
	is_ok(buy(&s, &second, &bought, &e), &e, "bought");
	shop_set_time(shop_time() + 23 * 60 * MINUTE);
	ok(is_there(&s, 0, second.row.id, &order), "kept for a day");
	is_ok(buy(&s, &second, &again, &e), &e, "again");
	ok(again.replayed[0] && again.replayed[1], "replayed");
	shop_set_time(shop_time() + 2 * 60 * MINUTE);
	ok(!is_there(&s, 0, second.row.id, &order), "no longer");
	is_ok(buy(&s, &second, &again, &e), &e, "its stamps are for ever");
	ok(again.replayed[0] && again.replayed[1], "replayed");
	is_int(spent(&s), 1560, "spent");
	is_int(shop_audit(&s, false), 0, "faults");
	shop_close(&s);
}

static void
only_so_many_wait(void **state)
{
	struct shop s;
	struct err e;

	(void)state;
	open_shop(&s, 1, 100000);
	for (uint32_t i = 0; i < ORDERS_MAX; i++) {
		shop_order(&stamps, &s.system[0], 1 + i, 1, 10);
		must_place(&s, (uint8_t)i, &order);
	}
	must_place(&s, ORDERS_MAX - 1, &order); /* the same again */
	must_not_place(&s, ORDERS_MAX, ERR_DENIED, "wait to be bought");
	is_ok(buy(&s, &order, &bought, &e), &e, "bought");
	must_place(&s, ORDERS_MAX, &order);
	must_not_place(&s, ORDERS_MAX + 1, ERR_DENIED, "wait to be bought");
	shop_set_time(shop_time() + 15 * MINUTE);
	must_place(&s, ORDERS_MAX + 1, &order);
	shop_close(&s);
}

/* --- several at once ------------------------------------------------------------------ */

#define THREADS 6

struct runner {
	struct shop *shop;
	pthread_t thread;
	bool drops, placed, done;
	int64_t id;
	enum err_kind kind;
	struct issue_result result;
};

static void *
place(void *context)
{
	struct runner *r = context;
	struct worker *w = shop_worker(r->shop, NULL);
	struct err e = ERR_INIT;
	struct order o;

	r->placed = order_place(w, &stamps, key_of(9), &o, &e);
	r->id = o.row.id;
	shop_worker_close(w);
	return NULL;
}

static void *
buy_or_drop(void *context)
{
	struct runner *r = context;
	struct worker *w = shop_worker(r->shop, NULL);
	struct err e = ERR_INIT;
	struct issue_order buys;
	struct order o = order;
	bool found;

	if (r->drops)
		r->done = order_drop(w, &r->shop->system[0], order.row.id, &o,
			      &found, &e) &&
			  found;
	else if (order_stamps(&order, &buys, &e)) {
		buys.who = &r->shop->system[0];
		buys.fence = buys.who->fence;
		r->done = issue_stamps(w, &buys, &r->result, &e);
	}
	r->kind = e.kind;
	shop_worker_close(w);
	return NULL;
}

static void
run_all(struct shop *s, struct runner *r, void *(*body)(void *))
{
	for (int i = 0; i < THREADS; i++) {
		r[i] = (struct runner){.shop = s, .drops = i % 3 == 0};
		is_int(pthread_create(&r[i].thread, NULL, body, &r[i]), 0,
		    "thread");
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(r[i].thread, NULL);
}

/* Either it is dropped and nothing is debited, or bought once. */
static void
buying_and_dropping_do_not_pass_each_other(void **state)
{
	struct runner *r = calloc(THREADS, sizeof(*r));
	struct shop s;

	(void)state;
	open_shop(&s, 2, 100000);
	for (uint32_t round = 0; round < 6; round++) {
		int drops = 0, buys = 0;
		mils before = spent(&s);

		shop_order(&stamps, &s.system[0], 10 * round, 2, 100);
		run_all(&s, r, place);
		for (int i = 0; i < THREADS; i++)
			ok(r[i].placed && r[i].id == r[0].id, "one order");
		must_place(&s, 9, &order);
		run_all(&s, r, buy_or_drop);
		for (int i = 0; i < THREADS; i++) {
			drops += r[i].done && r[i].drops;
			buys += r[i].done && !r[i].drops;
			ok(r[i].done || r[i].kind == ERR_REQUEST ||
				r[i].kind == ERR_NONE,
			    "a clear no");
		}
		ok((drops == 0) != (buys == 0), "one of the two");
		ok(drops <= 1, "dropped once");
		is_int(spent(&s) - before, buys > 0 ? 200 : 0, "spent");
		shop_set_time(shop_time() + 24 * 3600 + 20 * MINUTE);
		stamps.item[0].request.mail_date = 20261128;
	}
	is_int(shop_audit(&s, false), 0, "faults");
	free(r);
	shop_close(&s);
}

/* That there is an order, or none, is told by a database that can commit. */
static void
orders_are_told_when_the_standby_has_them(void **state)
{
	struct err e = ERR_INIT;
	struct shop s;
	bool found;

	(void)state;
	if (!on_postgresql)
		return;
	open_shop(&s, 1, 10000);
	shop_order(&stamps, &s.system[0], 1, 2, 100);
	pg_standby_away(true);
	for (int i = 0; i < 2; i++)
		must_not_place(&s, 1, ERR_ABSENT, "standby");
	ok(!order_find(s.w, &s.system[0], 99, &order, &found, &e), "none");
	is_err(&e, ERR_ABSENT, "or not known here");
	pg_standby_away(false);
	must_place(&s, 1, &order);
	is_int(order.row.id, 1, "the same");
	ok(order_find(s.w, &s.system[0], 99, &order, &found, &e) && !found,
	    "there is none");
	shop_close(&s);
}

static const struct CMUnitTest tests[] = {
    T(an_order_is_priced_and_then_bought),
    T(what_was_asked_for_is_what_is_issued),
    T(a_key_is_one_order),
    T(what_could_not_be_issued_is_not_placed),
    T(nothing_is_kept_of_a_quote),
    T(a_poor_account_is_told_what_is_missing),
    T(what_was_dropped_is_not_bought),
    T(an_order_expires),
    T(only_so_many_wait),
    T(buying_and_dropping_do_not_pass_each_other),
    T(orders_are_told_when_the_standby_has_them),
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
