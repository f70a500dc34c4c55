/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Issuing, on both engines: what is debited, when, how often; and that an audit
 * sees what was changed by another hand.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/date.h"
#include "provider/audit.h"
#include "provider/complete.h"
#include "provider/fund.h"
#include "stamp/sig.h"
#include "tests/pg_help.h"
#include "tests/provider_help.h"
#include "tests/test.h"

static bool on_postgresql;
static struct issue_order order;
static struct issue_result result, again;

static void
open_shop(struct shop *s, int psds, mils credit, mils load)
{
	struct shop_setup setup = {.postgresql = on_postgresql,
	    .psds = psds,
	    .systems = 2,
	    .credit = credit,
	    .load = load};

	shop_open(s, &setup);
}

static void
must_issue(struct shop *s, struct issue_result *out)
{
	struct err e = ERR_INIT;

	if (!issue_stamps(s->w, &order, out, &e))
		fail_at("issue: %s", e.text);
}

static void
must_refuse(struct shop *s, enum err_kind kind, const char *word)
{
	struct err e = ERR_INIT;

	ok(!issue_stamps(s->w, &order, &result, &e), "refused");
	if (e.kind != kind || strstr(e.text, word) == NULL)
		fail_at("%s: %s, not %s with \"%s\"", err_kind_name(e.kind),
		    e.text, err_kind_name(kind), word);
}

/* --- what is debited ----------------------------------------------------------------- */

static void
check_indicium(
    const struct shop *s, const struct stamp_row *row, mils ascending)
{
	struct err e = ERR_INIT;
	struct indicium in;

	ok(row->is_signed, "signed");
	ok(indicium_decode(row->indicium, row->len, &in, &e), e.text);
	is_int(in.ascending, ascending, "ascending");
	is_int(in.postage, row->amount, "postage");
	is_int(in.licence, s->provider.licence.number, "licence");
}

static void
an_order_is_debited_signed_and_in_the_ledger(void **state)
{
	struct shop s;
	struct user_system u;

	(void)state;
	open_shop(&s, 1, 100000, 0);
	shop_order(&order, &s.system[0], 1, 3, 780);
	must_issue(&s, &result);
	for (int i = 0; i < 3; i++) {
		check_indicium(&s, &result.stamp[i], 780 * (i + 1));
		ok(!result.replayed[i], "new");
	}
	u = shop_system(&s, s.system[0].id);
	is_int(u.ascending, 2340, "spent by the system");
	is_int(u.pieces, 3, "pieces of the system");
	is_int(u.credit, 100000 - 2340, "credit: only what was needed");
	is_int(shop_audit(&s, false), 0, "faults");
	shop_close(&s);
}

static void
a_key_is_one_stamp_for_ever(void **state)
{
	struct shop s;

	(void)state;
	open_shop(&s, 2, 100000, 20000);
	shop_order(&order, &s.system[0], 1, 2, 780);
	must_issue(&s, &result);
	must_issue(&s, &again);
	for (int i = 0; i < 2; i++) {
		ok(again.replayed[i], "replayed");
		is_mem(again.stamp[i].indicium, result.stamp[i].indicium,
		    result.stamp[i].len, "the same bytes");
	}
	/* some known, some new */
	shop_order(&order, &s.system[0], 2, 2, 780);
	must_issue(&s, &again);
	ok(again.replayed[0] && !again.replayed[1], "one is new");
	is_int(shop_system(&s, s.system[0].id).ascending, 3 * 780, "spent");
	/* the same key for another stamp */
	order.item[0].request.amount = order.total = 790;
	order.count = 1;
	must_refuse(&s, ERR_CORRUPT, "another stamp");
	/* another system has keys of its own */
	shop_order(&order, &s.system[1], 1, 1, 780);
	must_issue(&s, &again);
	ok(!again.replayed[0], "new for the other system");
	is_int(shop_audit(&s, false), 0, "faults");
	shop_close(&s);
}

static void
a_wrong_order_debits_nothing(void **state)
{
	struct shop s;

	(void)state;
	open_shop(&s, 1, 100000, 0);
	shop_order(&order, &s.system[0], 1, 2, 780);
	order.total++;
	must_refuse(&s, ERR_REQUEST, "come to 1.56");
	shop_order(&order, &s.system[0], 1, 2, 780);
	order.item[1].request.key[0] = order.item[0].request.key[0];
	must_refuse(&s, ERR_REQUEST, "same key");
	shop_order(&order, &s.system[0], 1, 2, 780);
	order.item[1].request.mail_date = 20261399;
	must_refuse(&s, ERR_REQUEST, "stamp 2");
	shop_order(&order, &s.system[0], 1, 1, 100001);
	must_refuse(&s, ERR_FUNDS, "0.00");
	is_int(shop_system(&s, s.system[0].id).ascending, 0, "spent");
	is_int(shop_audit(&s, false), 0, "faults");
	shop_close(&s);
}

static void
a_label_is_used_once(void **state)
{
	struct shop s;

	(void)state;
	open_shop(&s, 1, 100000, 0);
	s.provider.any_sheet = true;
	shop_order(&order, &s.system[0], 1, 1, 780);
	order.item[0].request.sheet_serial = 77;
	order.item[0].request.label = 3;
	must_issue(&s, &result);
	must_issue(&s, &again);
	ok(again.replayed[0], "its own key may ask again");
	order.item[0].request.key[0]++;
	must_refuse(&s, ERR_DENIED, "label");
	order.item[0].request.label = 4;
	must_issue(&s, &result);
	is_int(shop_audit(&s, false), 0, "faults");
	shop_close(&s);
}

/* Value into the PSD of this place in the list. */
static void
fill(struct shop *s, size_t i, mils amount)
{
	struct user_system u = shop_system(s, s->system[0].id);
	struct err e = ERR_INIT;
	enum funded end;

	ok(fund_psd(s->w, &u, shop_psd(s, i), amount, &end, &e), e.text);
}

/* --- value ------------------------------------------------------------------------------ */

static void
a_short_psd_is_filled_and_several_share(void **state)
{
	struct shop s;

	(void)state;
	open_shop(&s, 2, 10000, 4000);
	shop_order(&order, &s.system[0], 1, 1, 1000);
	must_issue(&s, &result); /* loads 4.00 */
	is_int(shop_system(&s, s.system[0].id).credit, 6000, "credit");
	shop_order(&order, &s.system[1], 1, 1, 3000);
	must_issue(&s, &result); /* the other PSD: affinity */
	is_int(shop_system(&s, s.system[1].id).credit, 2000, "credit");
	/* 3.00 and 1.00 in the PSDs, credit 2.00: 6.00 in all */
	shop_order(&order, &s.system[0], 10, 6, 1000);
	must_issue(&s, &result);
	is_int(shop_system(&s, s.system[0].id).credit, 0, "credit");
	shop_order(&order, &s.system[0], 20, 1, 1);
	must_refuse(&s, ERR_FUNDS, "is missing");
	/* known keys need no value */
	shop_order(&order, &s.system[0], 10, 6, 1000);
	must_issue(&s, &again);
	ok(again.replayed[5], "replayed");
	is_int(shop_audit(&s, false), 0, "faults");
	shop_close(&s);
}

/* 1.00 and 4.00 in the PSDs, credit 3.00: 5.00 are to be had, in one of them; then
 * 3.00, in the other one. */
static void
what_lacks_goes_where_it_is_enough(void **state)
{
	struct shop s;

	(void)state;
	for (size_t poor = 0; poor < 2; poor++) {
		open_shop(&s, 2, 8000, 0);
		s.system[0] = shop_system(&s, s.system[0].id);
		fill(&s, poor, 1000);
		fill(&s, 1 - poor, 4000);
		is_int(shop_system(&s, s.system[0].id).credit, 3000, "credit");
		shop_order(&order, &s.system[0], 1, 1, 5000);
		must_issue(&s, &result);
		is_int(shop_system(&s, s.system[0].id).credit, 2000, "credit");
		shop_order(&order, &s.system[0], 2, 1, 3001);
		must_refuse(&s, ERR_FUNDS, "is missing");
		shop_order(&order, &s.system[0], 2, 1, 3000);
		must_issue(&s, &result);
		is_int(shop_audit(&s, false), 0, "faults");
		shop_close(&s);
	}
}

static void
a_psd_is_not_filled_beyond_its_register(void **state)
{
	struct shop s;
	struct shop_setup setup = {.postgresql = on_postgresql,
	    .psds = 1,
	    .systems = 1,
	    .credit = 100000,
	    .load = 50000,
	    .max_descending = 3000};

	(void)state;
	shop_open(&s, &setup);
	shop_order(&order, &s.system[0], 1, 3, 1000);
	must_issue(&s, &result);
	shop_order(&order, &s.system[0], 4, 3, 1000);
	must_issue(&s, &result);
	shop_order(&order, &s.system[0], 8, 4, 1000);
	must_refuse(&s, ERR_DENIED, "may hold");
	is_int(shop_audit(&s, false), 0, "faults");
	shop_close(&s);
}

/* --- which PSD -------------------------------------------------------------------------- */

static uint32_t
signer_of(struct shop *s, uint32_t key)
{
	shop_order(&order, &s->system[0], key, 1, 10);
	must_issue(s, &result);
	return result.stamp[0].psd;
}

/* As if another thread were at work on them. */
static void
the_psd_with_least_to_do_is_next(void **state)
{
	struct shop s;

	(void)state;
	open_shop(&s, 3, 100000, 1000);
	s.provider.choose_psd = CHOOSE_LEAST_LOADED;
	load_begin(&s.load, 1, 5);
	load_begin(&s.load, 2, 3);
	load_begin(&s.load, 3, 4);
	for (uint32_t i = 0; i < 4; i++)
		is_int(signer_of(&s, i), 2, "the least");
	load_end(&s.load, 3, 2);
	is_int(signer_of(&s, 10), 3, "the least now");
	for (uint32_t i = 1; i <= 3; i++)
		load_begin(&s.load, i, (size_t)(9 - load_of(&s.load, i)));
	/* all the same: in turn */
	is_int(signer_of(&s, 20) + signer_of(&s, 21) + signer_of(&s, 22), 6,
	    "each");
	/* what is done, or refused, is no load */
	shop_order(&order, &s.system[0], 30, 1, 100001);
	must_refuse(&s, ERR_FUNDS, "is missing");
	for (uint32_t i = 1; i <= 3; i++)
		is_int(load_of(&s.load, i), 9, "as before");
	is_int(shop_audit(&s, false), 0, "faults");
	shop_close(&s);
}

/* --- limits and states --------------------------------------------------------------------- */

static void
limits_hold_and_a_new_day_frees_them(void **state)
{
	struct shop s;

	(void)state;
	open_shop(&s, 1, 100000, 50000);
	shop_sql(&s, "UPDATE usersystem SET stamp_max = 2000, day_max = 3000, "
		     "month_max = 5000");
	shop_order(&order, &s.system[0], 1, 1, 2001);
	must_refuse(&s, ERR_DENIED, "a stamp");
	shop_order(&order, &s.system[0], 1, 2, 1500);
	must_issue(&s, &result);
	shop_order(&order, &s.system[0], 3, 1, 1);
	must_refuse(&s, ERR_DENIED, "a day");
	shop_set_time(shop_time() + 24 * 3600);
	must_issue(&s, &result);
	shop_order(&order, &s.system[0], 4, 1, 2000);
	must_refuse(&s, ERR_DENIED, "a month");
	shop_set_time(shop_time() + 10 * 24 * 3600);
	order.item[0].request.mail_date = 20261208;
	must_issue(&s, &result);
	is_int(shop_audit(&s, false), 0, "faults");
	shop_close(&s);
}

/* Two servers whose clocks differ, around midnight. */
static void
a_clock_that_goes_back_begins_no_new_day(void **state)
{
	time_t today, tomorrow;
	struct shop s;

	(void)state;
	open_shop(&s, 1, 100000, 50000);
	today = shop_time();
	tomorrow = today + 24 * 3600;
	shop_sql(&s, "UPDATE usersystem SET day_max = 3000");
	shop_set_time(tomorrow);
	shop_order(&order, &s.system[0], 1, 2, 1500);
	must_issue(&s, &result);
	shop_set_time(today);
	shop_order(&order, &s.system[0], 3, 1, 1500);
	must_refuse(&s, ERR_DENIED, "a day");
	shop_set_time(tomorrow);
	must_refuse(&s, ERR_DENIED, "a day");
	shop_close(&s);
}

#define DAYS (24 * 3600)

/* A letter by the clock's day. */
static void
letter(struct shop *s, uint32_t key, mils amount)
{
	shop_order(&order, &s->system[0], key, 1, amount);
	order.item[0].request.mail_date = date_local(shop_time());
}

/* 9.00 a month, of which 8.90 are spent; the clock goes wrong, and comes back. */
static void
a_clock_that_was_wrong_gives_no_month_again(void **state)
{
	static const int wrong[] = {-30 * DAYS, 30 * DAYS};

	(void)state;
	for (uint32_t i = 0; i < 2; i++) {
		struct shop s;
		time_t right;

		open_shop(&s, 1, 100000, 0);
		right = shop_time();
		shop_sql(&s, "UPDATE usersystem SET month_max = 9000");
		letter(&s, 1, 8900);
		must_issue(&s, &result);
		for (uint32_t k = 10; k < 40; k += 10) {
			shop_set_time(right + wrong[i]);
			letter(&s, k, k == 10 ? 8900 : 200);
			if (k == 10)
				must_issue(&s, &result);
			else
				must_refuse(&s, ERR_DENIED, "a month");
			shop_set_time(right);
			letter(&s, k + 1, 200);
			must_refuse(&s, ERR_DENIED, "a month");
			letter(&s, k + 2, 30);
			must_issue(&s, &result);
		}
		is_int(
		    shop_system(&s, s.system[0].id).month_spent, 8990, "spent");
		/* nor is it a limit for ever */
		shop_set_time(right + 70 * DAYS);
		letter(&s, 50, 8900);
		must_issue(&s, &result);
		is_int(shop_audit(&s, false), 0, "faults");
		shop_close(&s);
	}
}

/* Two servers, two days apart. */
static void
clocks_that_differ_give_no_day_again(void **state)
{
	struct shop s;

	(void)state;
	open_shop(&s, 1, 100000, 0);
	shop_sql(&s, "UPDATE usersystem SET day_max = 1000");
	for (uint32_t i = 1; i < 9; i++) {
		shop_set_time(shop_time() + (i % 2 ? 2 : -2) * DAYS);
		letter(&s, i, 900);
		if (i < 3)
			must_issue(&s, &result);
		else
			must_refuse(&s, ERR_DENIED, "a day");
	}
	shop_close(&s);
}

static void
who_is_locked_out_gets_only_what_was_bought(void **state)
{
	static const char *const locks[] = {
	    "UPDATE account SET state = 'locked', reason = 'unpaid'",
	    "UPDATE customer SET state = 'suspended', reason = 'unpaid'",
	    "UPDATE usersystem SET state = 'suspended'"};
	static const char *const unlocks[] = {
	    "UPDATE account SET state = 'active'",
	    "UPDATE customer SET state = 'active'",
	    "UPDATE usersystem SET state = 'active'"};
	struct shop s;

	(void)state;
	open_shop(&s, 1, 100000, 0);
	shop_order(&order, &s.system[0], 1, 1, 780);
	must_issue(&s, &result);
	for (int i = 0; i < 3; i++) {
		shop_sql(&s, locks[i]);
		shop_order(&order, &s.system[0], 2, 1, 780);
		must_refuse(&s, ERR_DENIED, i < 2 ? "unpaid" : "suspended");
		shop_order(&order, &s.system[0], 1, 1, 780);
		must_issue(&s, &again);
		ok(again.replayed[0], "what was bought");
		shop_sql(&s, unlocks[i]);
	}
	shop_sql(&s, "UPDATE psd SET state = 'withheld'");
	shop_order(&order, &s.system[0], 2, 1, 780);
	must_refuse(&s, ERR_DENIED, "withheld");
	shop_close(&s);
}

/* --- the fence -------------------------------------------------------------------------------- */

static void
what_find_did_not_find_is_never_debited(void **state)
{
	static uint8_t keys[2][PSD_KEY_BYTES];
	struct err e = ERR_INIT;
	struct shop s;

	(void)state;
	open_shop(&s, 1, 100000, 0);
	shop_order(&order, &s.system[0], 1, 1, 780);
	must_issue(&s, &result);
	memcpy(keys[0], order.item[0].request.key, PSD_KEY_BYTES);
	memset(keys[1], 0xee, PSD_KEY_BYTES);
	ok(issue_find(s.w, s.system[0].id, keys, 2, &again, &e), e.text);
	ok(again.replayed[0] && !again.replayed[1], "one of two");
	is_mem(again.stamp[0].indicium, result.stamp[0].indicium,
	    result.stamp[0].len, "the same bytes");
	ok(again.system.fence > s.system[0].fence, "the fence has moved");
	/* the late request */
	shop_order(&order, &s.system[0], 9, 1, 780);
	must_refuse(&s, ERR_BUSY, "overtaken");
	/* what is known is told to the late one too */
	shop_order(&order, &s.system[0], 1, 1, 780);
	must_issue(&s, &again);
	ok(again.replayed[0], "replayed");
	s.system[0].fence = again.system.fence;
	shop_order(&order, &s.system[0], 9, 1, 780);
	must_issue(&s, &again);
	is_int(shop_audit(&s, false), 0, "faults");
	shop_close(&s);
}

/* Back at what it was, as a standby that had not got the last find, or a
 * backup. */
static void
a_fence_never_comes_again(void **state)
{
	static uint8_t keys[1][PSD_KEY_BYTES];
	struct err e = ERR_INIT;
	int64_t first;
	struct shop s;

	(void)state;
	open_shop(&s, 1, 100000, 0);
	memset(keys[0], 0xee, PSD_KEY_BYTES);
	ok(issue_find(s.w, s.system[0].id, keys, 1, &again, &e), e.text);
	first = again.system.fence;
	shop_sql(&s, "UPDATE usersystem_count SET fence = 1");
	ok(issue_find(s.w, s.system[0].id, keys, 1, &again, &e), e.text);
	ok(again.system.fence != first, "another fence");
	s.system[0].fence = first;
	shop_order(&order, &s.system[0], 1, 1, 780);
	must_refuse(&s, ERR_BUSY, "overtaken");
	shop_close(&s);
}

/* --- crashes ------------------------------------------------------------------------------------ */

/* A worker that stops behind the debit: its module cannot be asked. */
static void
what_was_debited_is_signed_by_whoever_comes(void **state)
{
	static uint8_t keys[1][PSD_KEY_BYTES];
	struct err e = ERR_INIT;
	struct shop s;
	size_t count;

	(void)state;
	open_shop(&s, 1, 100000, 0);
	shop_order(&order, &s.system[0], 1, 2, 780);
	must_issue(&s, &result);
	shop_sql(&s, "DELETE FROM signature");
	memcpy(keys[0], order.item[0].request.key, PSD_KEY_BYTES);
	ok(issue_find(s.w, s.system[0].id, keys, 1, &again, &e), e.text);
	ok(again.stamp[0].is_signed, "signed when it is found");
	ok(complete_pending(s.w, 5000, false, &count, &e), e.text);
	is_int(count, 0, "too young");
	shop_set_time(shop_time() + 60);
	ok(complete_pending(s.w, 5000, false, &count, &e), e.text);
	is_int(count, 1, "the other one");
	ok(complete_pending(s.w, 5000, false, &count, &e), e.text);
	is_int(count, 0, "none is left");
	must_issue(&s, &again);
	check_indicium(&s, &again.stamp[0], 780);
	check_indicium(&s, &again.stamp[1], 1560);
	is_int(shop_audit(&s, false), 0, "faults");
	shop_close(&s);
}

/* More PSDs than one round sees, all of modules that are elsewhere. */
static void
psds_of_others_do_not_keep_ones_own_waiting(void **state)
{
	struct err e = ERR_INIT;
	struct shop s;
	size_t count;

	(void)state;
	open_shop(&s, 70, 100000, 0);
	shop_sql(&s, "UPDATE psd SET state = 'withheld' WHERE serial < 70");
	shop_order(&order, &s.system[0], 1, 1, 780);
	must_issue(&s, &result);
	shop_sql(&s, "DELETE FROM signature");
	shop_sql(&s, "UPDATE psd SET module = 'elsewhere' WHERE serial < 70");
	shop_sql(&s, "UPDATE psd_state SET pieces = 1 WHERE psd < 70");
	shop_set_time(shop_time() + 60);
	ok(complete_pending(s.w, 5000, false, &count, &e), e.text);
	is_int(count, 1, "one's own");
	shop_close(&s);
}

/* Nor do 65 of its own, which are damaged. */
static void
psds_take_turns(void **state)
{
	struct err e = ERR_INIT;
	struct shop s;
	size_t count, all = 0;

	(void)state;
	open_shop(&s, 70, 100000, 0);
	shop_sql(&s, "UPDATE psd SET state = 'withheld' WHERE serial < 70");
	shop_order(&order, &s.system[0], 1, 1, 780);
	must_issue(&s, &result);
	shop_sql(&s, "DELETE FROM signature");
	shop_sql(&s, "UPDATE psd_state SET pieces = 1 WHERE psd < 70");
	shop_sql(&s,
	    "INSERT INTO stamp (psd, piece, usersystem, key, request, amount, "
	    "mail_date, indicium, chain, made) SELECT p.serial, 1, "
	    "t.usersystem, p.point, t.request, 0, t.mail_date, t.chain, "
	    "t.chain, t.made FROM stamp t, psd p WHERE p.serial < 70");
	shop_set_time(shop_time() + 60);
	for (int i = 0; i < 2; i++) {
		e = (struct err)ERR_INIT;
		ok(!complete_pending(s.w, 5000, false, &count, &e), "damaged");
		all += count;
	}
	is_int(all, 1, "the one that is not");
	shop_close(&s);
}

/* Of a "no" the client takes its intent back: there is none behind the debit. */
static void
what_is_debited_is_not_refused_by_a_module(void **state)
{
	static uint8_t keys[1][PSD_KEY_BYTES];
	struct worker *other;
	struct err e = ERR_INIT;
	char path[128];
	struct shop s;
	FILE *f;

	(void)state;
	open_shop(&s, 1, 10000, 5000);
	shop_order(&order, &s.system[0], 1, 1, 1000);
	must_issue(&s, &result);
	snprintf(path, sizeof(path), "%s/wrap.key", s.folder);
	f = fopen(path, "we");
	ok(f != NULL && fwrite(path, 1, 32, f) == 32 && fclose(f) == 0, "key");
	other = shop_worker(&s, NULL);
	shop_order(&order, &s.system[0], 2, 1, 1000);
	ok(!issue_stamps(other, &order, &result, &e), "not signed");
	is_err(&e, ERR_ABSENT, "not known");
	shop_worker_close(other);
	memcpy(keys[0], order.item[0].request.key, PSD_KEY_BYTES);
	e = (struct err)ERR_INIT;
	ok(issue_find(s.w, s.system[0].id, keys, 1, &again, &e), e.text);
	ok(again.replayed[0] && again.stamp[0].is_signed, "found and signed");
	is_int(shop_audit(&s, false), 0, "faults");
	shop_close(&s);
}

/* As a crash between grant and application leaves it. */
static void
value_that_was_granted_comes_in_later(void **state)
{
	const struct psd_here *psd;
	struct err e = ERR_INIT;
	enum funded end;
	size_t count;
	struct shop s;

	(void)state;
	open_shop(&s, 1, 10000, 0);
	psd = shop_psd(&s, 0);
	s.system[0] = shop_system(&s, s.system[0].id);
	shop_sql(&s, "CREATE TABLE kept AS SELECT * FROM psd_state");
	ok(fund_psd(s.w, &s.system[0], psd, 6000, &end, &e), e.text);
	shop_sql(&s, "UPDATE download SET applied = 0");
	shop_sql(&s, "UPDATE psd_state SET state = (SELECT state FROM kept), "
		     "control_total = (SELECT control_total FROM kept)");
	is_int(shop_system(&s, s.system[0].id).credit, 4000, "credit");
	ok(fund_pending(s.w, 1000, &count, &e), e.text);
	is_int(count, 0, "that were left long ago");
	shop_set_time(1795780000 + 10);
	ok(fund_pending(s.w, 1000, &count, &e), e.text);
	is_int(count, 1, "that were left");
	ok(fund_pending(s.w, 1000, &count, &e), e.text);
	is_int(count, 0, "that are left now");
	shop_order(&order, &s.system[0], 2, 1, 6000);
	must_issue(&s, &result);
	is_int(shop_system(&s, s.system[0].id).credit, 4000, "credit");
	is_int(shop_audit(&s, false), 0, "faults");
	shop_close(&s);
}

static void
a_server_without_the_key_says_so(void **state)
{
	struct worker *other;
	struct err e = ERR_INIT;
	struct shop s;

	(void)state;
	open_shop(&s, 1, 10000, 0);
	other = shop_worker(&s, "elsewhere");
	shop_order(&order, &s.system[0], 1, 1, 1000);
	ok(!issue_stamps(other, &order, &result, &e), "refused");
	is_int(e.kind, ERR_ABSENT, "kind");
	shop_worker_close(other);
	is_int(shop_system(&s, s.system[0].id).ascending, 0, "spent");
	shop_close(&s);
}

/* --- several at once -------------------------------------------------------------------------------- */

#define THREADS 6
#define ROUNDS	12

struct runner {
	struct shop *shop;
	pthread_t thread;
	int number;
	bool same_keys, failed;
	struct issue_order order;
	struct issue_result result;
	uint8_t first[ROUNDS][INDICIUM_MAX];
};

static void *
run(void *context)
{
	struct runner *r = context;
	struct worker *w = shop_worker(r->shop, NULL);

	for (int i = 0; i < ROUNDS; i++) {
		uint32_t from = (uint32_t)(r->same_keys ? 0 : r->number) * 1000;
		struct err e = ERR_INIT;

		shop_order(&r->order,
		    &r->shop->system[r->same_keys ? 0 : r->number % 2],
		    from + (uint32_t)i * 3, 3, 100);
		while (!issue_stamps(w, &r->order, &r->result, &e) &&
		       e.kind == ERR_BUSY)
			e = (struct err)ERR_INIT;
		if (e.kind != ERR_NONE) {
			fprintf(stderr, "%s\n", e.text);
			r->failed = true;
		}
		memcpy(r->first[i], r->result.stamp[0].indicium, INDICIUM_MAX);
	}
	shop_worker_close(w);
	return NULL;
}

static void
run_all(struct shop *s, struct runner *r, bool same_keys)
{
	for (int i = 0; i < THREADS; i++) {
		r[i] = (struct runner){
		    .shop = s, .number = i, .same_keys = same_keys};
		is_int(pthread_create(&r[i].thread, NULL, run, &r[i]), 0,
		    "thread");
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(r[i].thread, NULL);
		ok(!r[i].failed, "issued");
	}
}

static void
threads_with_the_same_keys_get_the_same_stamps(void **state)
{
	struct runner *r = calloc(THREADS, sizeof(*r));
	struct shop s;

	(void)state;
	open_shop(&s, 2, 1000000, 1000);
	run_all(&s, r, true);
	for (int i = 1; i < THREADS; i++)
		is_mem(r[i].first, r[0].first, sizeof(r[0].first), "bytes");
	is_int(shop_system(&s, s.system[0].id).ascending, ROUNDS * 300,
	    "spent once");
	is_int(shop_audit(&s, false), 0, "faults");
	free(r);
	shop_close(&s);
}

static void
threads_with_keys_of_their_own_lose_nothing(void **state)
{
	struct runner *r = calloc(THREADS, sizeof(*r));
	struct shop s;

	(void)state;
	open_shop(&s, 2, 1000000, 1000);
	s.provider.choose_psd = CHOOSE_ROUND_ROBIN;
	run_all(&s, r, false);
	is_int(load_of(&s.load, 1) + load_of(&s.load, 2), 0, "under way");
	is_int(shop_system(&s, s.system[0].id).ascending +
		   shop_system(&s, s.system[1].id).ascending,
	    THREADS * ROUNDS * 300, "spent");
	is_int(shop_audit(&s, false), 0, "faults");
	free(r);
	shop_close(&s);
}

/* --- audit ---------------------------------------------------------------------------------------------- */

static void
an_audit_sees_every_change(void **state)
{
	static const char *const changes[][2] = {
	    {"UPDATE stamp SET amount = amount + 1 WHERE piece = 2",
		"UPDATE stamp SET amount = amount - 1 WHERE piece = 2"},
	    {"UPDATE stamp SET key = request WHERE piece = 1", NULL},
	    {"UPDATE stamp SET usersystem = usersystem + 10",
		"UPDATE stamp SET usersystem = usersystem - 10"},
	    {"UPDATE account SET credit = credit + 1",
		"UPDATE account SET credit = credit - 1"},
	    {"UPDATE psd_state SET ascending = ascending - 1",
		"UPDATE psd_state SET ascending = ascending + 1"},
	    {"UPDATE usersystem_count SET pieces = pieces + 1",
		"UPDATE usersystem_count SET pieces = pieces - 1"},
	    {"UPDATE transfer SET amount = amount + 1 WHERE kind = 'issue'",
		"UPDATE transfer SET amount = amount - 1 WHERE kind = "
		"'issue'"},
	    {"UPDATE download SET amount = amount + 1",
		"UPDATE download SET amount = amount - 1"},
	    {"UPDATE signature SET bytes = (SELECT bytes FROM signature "
	     "WHERE piece = 1) WHERE piece = 2",
		NULL},
	    {"DELETE FROM stamp WHERE piece = 3", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct err e = ERR_INIT;
		struct shop s;

		open_shop(&s, 1, 100000, 0);
		shop_order(&order, &s.system[0], 1, 3, 780);
		must_issue(&s, &result);
		ok(audit_checkpoint(s.w, &e), e.text);
		is_int(shop_audit(&s, false), 0, "faults before");
		shop_sql(&s, changes[i][0]);
		if (shop_audit(&s, true) == 0)
			fail_at("not seen: %s", changes[i][0]);
		if (changes[i][1] != NULL) {
			shop_sql(&s, changes[i][1]);
			is_int(shop_audit(&s, false), 0, "faults after");
		}
		shop_close(&s);
	}
}

/* --- the newest -------------------------------------------------------------------------- */

static void
must_be_last(struct shop *s, size_t max, size_t want)
{
	struct err e = ERR_INIT;

	ok(issue_recent(s->w, s->system[0].id, max, &again, &e), e.text);
	is_int(again.count, want, "so many");
	for (size_t i = 0; i < want; i++) {
		const struct stamp_row *row = &again.stamp[i];

		ok(row->is_signed, "signed");
		is_mem(row->key, order.item[order.count - want + i].request.key,
		    PSD_KEY_BYTES, "in their order");
	}
}

static void
the_newest_are_told_in_their_order(void **state)
{
	struct shop s;
	struct shop_setup setup = {.postgresql = on_postgresql,
	    .psds = 1,
	    .systems = 2,
	    .credit = 100000};
	struct worker *other;
	struct user_system u;
	struct err e = ERR_INIT;
	bool found;

	(void)state;
	shop_open(&s, &setup);
	must_be_last(&s, 10, 0);
	for (uint32_t i = 0; i < 3; i++) {
		shop_order(&order, &s.system[1], 100 + i, 1, 10);
		must_issue(&s, &result);
		shop_order(&order, &s.system[0], 10 * i, 5, 10);
		must_issue(&s, &result);
	}
	must_be_last(&s, 4, 4);
	must_be_last(&s, 5, 5);
	if (on_postgresql) {
		/* as a debit under way holds it */
		other = shop_worker(&s, NULL);
		ok(store_begin(other->store, STORE_WRITE, &e), e.text);
		store_system_ask(other->store, s.system[0].id, STORE_LOCK);
		ok(store_system_get(other->store, &u, &found, &e), e.text);
		must_be_last(&s, 5, 5);
		store_rollback(other->store);
		shop_worker_close(other);
		pg_standby_away(true);
		ok(!issue_recent(s.w, s.system[0].id, 5, &again, &e),
		    "not known while no standby has them");
		pg_standby_away(false);
	}
	shop_close(&s);
}

#define MANY                                                                \
	"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "  \
	"WHERE i < 20000) INSERT INTO stamp (psd, piece, usersystem, key, " \
	"request, amount, mail_date, indicium, chain, made) "               \
	"SELECT 1, i, 1 + i % 2, b, b, 10, 20261128, b, b, i FROM "         \
	"(SELECT i, CAST(CAST(i AS TEXT) AS BYTEA) AS b FROM n) AS x"

static void
read_plan(struct shop *s, char *out, size_t size)
{
	static char sql[2048];
	struct err e = ERR_INIT;
	size_t len = 0;

	snprintf(sql, sizeof(sql), "EXPLAIN%s %s",
	    on_postgresql ? "" : " QUERY PLAN", store_stamp_recent_sql);
	ok(store_begin(s->w->store, STORE_READ, &e), e.text);
	store_put_int(s->w->store, 1);
	store_put_int(s->w->store, PSD_RING);
	ok(store_run(s->w->store, sql, &e), e.text);
	out[0] = '\0';
	while (store_row(s->w->store) && len < size)
		len += (size_t)snprintf(out + len, size - len, "%s\n",
		    store_text(s->w->store, on_postgresql ? 0 : 3));
	store_rollback(s->w->store);
}

/* Whoever asks for the last of 10,000 has none of the others read, nor sorted:
 * those of one moment alone. */
static void
the_newest_are_not_looked_for_among_all(void **state)
{
	struct shop s;
	char plan[4096];

	(void)state;
	open_shop(&s, 1, 100000, 0);
	shop_sql(&s, MANY);
	if (on_postgresql)
		shop_sql(&s, "ANALYZE stamp");
	read_plan(&s, plan, sizeof(plan));
	if (strstr(plan, "stamp_recent") == NULL ||
	    strstr(plan, "FOR ORDER BY") != NULL ||
	    strstr(plan, "Seq Scan on stamp") != NULL ||
	    strstr(plan, "> Sort") != NULL || strncmp(plan, "Sort", 4) == 0)
		fail_at("the plan is\n%s", plan);
	shop_close(&s);
}

static const struct CMUnitTest tests[] = {
    T(an_order_is_debited_signed_and_in_the_ledger),
    T(a_key_is_one_stamp_for_ever),
    T(a_wrong_order_debits_nothing),
    T(a_label_is_used_once),
    T(a_short_psd_is_filled_and_several_share),
    T(what_lacks_goes_where_it_is_enough),
    T(a_psd_is_not_filled_beyond_its_register),
    T(the_psd_with_least_to_do_is_next),
    T(limits_hold_and_a_new_day_frees_them),
    T(a_clock_that_goes_back_begins_no_new_day),
    T(a_clock_that_was_wrong_gives_no_month_again),
    T(clocks_that_differ_give_no_day_again),
    T(who_is_locked_out_gets_only_what_was_bought),
    T(what_find_did_not_find_is_never_debited),
    T(a_fence_never_comes_again),
    T(what_was_debited_is_signed_by_whoever_comes),
    T(psds_of_others_do_not_keep_ones_own_waiting),
    T(psds_take_turns),
    T(what_is_debited_is_not_refused_by_a_module),
    T(value_that_was_granted_comes_in_later),
    T(a_server_without_the_key_says_so),
    T(the_newest_are_told_in_their_order),
    T(the_newest_are_not_looked_for_among_all),
    T(threads_with_the_same_keys_get_the_same_stamps),
    T(threads_with_keys_of_their_own_lose_nothing),
    T(an_audit_sees_every_change),
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
