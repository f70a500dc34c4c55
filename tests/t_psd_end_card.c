/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PSD on a card comes in and ends, on both engines: its value is in one place at
 * a time, wherever the card is and whatever is lost on the way.  The card's own
 * application is behind a reader that is none (fake_pcsc.h).
 */
#include <stdlib.h>
#include <unistd.h>

#include "provider/complete.h"
#include "provider/enrol.h"
#include "provider/fund.h"
#include "provider/psd_end.h"
#include "tests/fake_pcsc.h"
#include "tests/pg_help.h"
#include "tests/provider_help.h"
#include "tests/test.h"
#include "vault/card_apdu.h"
#include "vault/lab.h"

#define PSD    900
#define CREDIT 10000
#define LOAD   5000

static uint8_t blank[CARD_NVM_BYTES];
static bool on_postgresql;
static struct issue_order order;
static struct issue_result result;

/* --- the card --------------------------------------------------------------------- */

/* From that answer on it is away; its process knows when, from its birth on.
 * Nobody waits for it in real time. */
static long lost_at;

static bool
lose(uint8_t *out, size_t *len, size_t size)
{
	(void)out;
	(void)len;
	(void)size;
	if (fake_pcsc->answers < lost_at)
		return true;
	fake_pcsc->passed += 500;
	return false;
}

/* A module whose card goes away after `answers` more; -1: it stays. */
static void
open_module(struct shop *s, long answers)
{
	struct signer_setup setup = {.name = "card", .uri = "card:"};
	struct err e = ERR_INIT;

	if (s->w->signers == 2)
		signer_close(s->w->signer[1]);
	lost_at = fake_pcsc->answers + answers;
	fake_pcsc->lie = answers >= 0 ? lose : NULL;
	is_ok(signer_open(&setup, &s->w->signer[1], &e), &e, "module");
	s->w->signers = 2;
}

static struct vault *
open_card(void)
{
	struct vault *v = NULL;
	struct err e = ERR_INIT;

	fake_pcsc->lie = NULL;
	is_ok(vault_open("card:", 0, &v, &e), &e, "the card");
	return v;
}

static struct psd_status
card_says(void)
{
	struct vault *v = open_card();
	struct psd_status s;
	struct err e = ERR_INIT;

	is_ok(vault_status(v, &s, &e), &e, "status");
	vault_close(v);
	return s;
}

/* With the card itself, past the books; a module that is open has to be opened
 * again, as its process knows of no other. */
static bool
spend(struct err *e)
{
	struct psd_request r = {.key = {7},
	    .amount = 100,
	    .mail_date = 20261201,
	    .category = "FCM"};
	struct vault *v = open_card();
	struct psd_stamp out;
	bool done = vault_debit(v, &r, 1, &out, e);

	vault_close(v);
	return done;
}

static void
make_card(struct shop *s)
{
	struct lab *lab = NULL;
	struct lab_psd psd;
	struct err e = ERR_INIT;
	char path[96], id[PSD_ID];

	snprintf(path, sizeof(path), "%s/authority", s->folder);
	memcpy(fake_pcsc->memory, blank, sizeof(blank));
	lab_defaults(&psd);
	psd.serial = PSD;
	psd.licence = 4711;
	psd.currency = 840;
	is_ok(lab_open(path, &lab, &e) &&
		  lab_create_vault(lab, "card:", &psd, id, &e),
	    &e, "a card");
	lab_close(lab);
}

/* --- the books ---------------------------------------------------------------------- */

static void
open_books(struct shop *s)
{
	struct shop_setup setup = {.postgresql = on_postgresql,
	    .systems = 1,
	    .credit = CREDIT,
	    .load = LOAD};

	shop_open(s, &setup);
	shop_set_time(time(NULL)); /* the card's certificate begins today */
	fake_pcsc->lie = NULL;
	make_card(s);
}

static bool
enrol(struct shop *s, struct err *e)
{
	uint32_t serial;
	bool done = store_begin(s->w->store, STORE_WRITE, e) &&
		    enrol_card(s->w, s->account, s->w->signer[1], &serial, e) &&
		    store_commit(s->w->store, e);

	store_rollback(s->w->store);
	return done;
}

static void
open_shop(struct shop *s)
{
	struct err e = ERR_INIT;

	open_books(s);
	open_module(s, -1);
	is_ok(enrol(s, &e), &e, "enrolled");
}

static void
close_shop(struct shop *s)
{
	is_int(shop_audit(s, false), 0, "faults");
	shop_close(s);
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

/* The card is asked whether it is there, and away when it is to sign. */
static void
pull_behind_question(struct shop *s, const struct psd_here *psd)
{
	struct err e = ERR_INIT;
	long before;

	open_module(s, -1);
	before = fake_pcsc->answers;
	is_ok(signer_reach(s->w->signer[1], "XXPS0000000900", &psd->key, &e),
	    &e, "there");
	open_module(s, fake_pcsc->answers - before);
}

/* A stamp that the card has not signed, and a grant that a crash kept from the
 * row. */
static void
leave_work(struct shop *s)
{
	const struct psd_here *psd;
	struct err e = ERR_INIT;
	enum funded end;

	psd = shop_psd(s, 0);
	pull_behind_question(s, psd);
	shop_order(&order, &s->system[0], 50, 1, 780);
	ok(!issue_stamps(s->w, &order, &result, &e), "the card is away");
	is_err(&e, ERR_ABSENT, "the card is away");
	e = (struct err)ERR_INIT;
	psd = shop_psd(s, 0);
	s->system[0] = shop_system(s, s->system[0].id);
	shop_sql(s, "CREATE TABLE kept AS SELECT * FROM psd_state");
	is_ok(fund_psd(s->w, &s->system[0], psd, 3000, &end, &e), &e, "fund");
	shop_sql(s, "UPDATE download SET applied = 0 WHERE sequence = "
		    "(SELECT MAX(sequence) FROM download)");
	shop_sql(s,
	    "UPDATE psd_state SET state = (SELECT k.state FROM kept k "
	    "WHERE k.psd = psd_state.psd), control_total = "
	    "(SELECT k.control_total FROM kept k WHERE k.psd = psd_state.psd)");
}

static struct psd_end
set_state(struct shop *s, const char *state)
{
	struct err e = ERR_INIT;
	struct psd_end end = {.back = 0};

	is_ok(store_begin(s->w->store, STORE_WRITE, &e) &&
		  psd_end_set(s->w, PSD, state, &end, &e) &&
		  store_commit(s->w->store, &e),
	    &e, state);
	return end;
}

static mils
lose_card(struct shop *s)
{
	struct err e = ERR_INIT;
	struct psd_end end = {.back = 0};

	is_ok(store_begin(s->w->store, STORE_WRITE, &e) &&
		  psd_end_lost(s->w, PSD, &end, &e) &&
		  store_commit(s->w->store, &e),
	    &e, "lost");
	return end.back;
}

/* --- others ---------------------------------------------------------------------------- */

/* Half of the workers may wait for cards; who finds no place is told before a debit. */
static void
no_more_wait_for_a_card_than_may(void **state)
{
	struct places turns = {.max = 1, .taken = 1};
	const struct psd_here *psd;
	struct err e = ERR_INIT;
	struct shop s;
	size_t count;

	(void)state;
	open_shop(&s);
	issue(&s, 1, 780);
	s.provider.turns = &turns;
	shop_order(&order, &s.system[0], 2, 1, 780);
	ok(!issue_stamps(s.w, &order, &result, &e), "no place");
	is_err(&e, ERR_ABSENT, "no place");
	ok(strstr(e.text, "nothing was debited") != NULL, e.text);
	is_int(shop_system(&s, s.system[0].id).pieces, 1, "nothing");
	is_int(turns.taken, 1, "the other's");
	/* what was signed before needs none */
	issue(&s, 1, 780);
	ok(result.replayed[0], "again");
	turns.taken = 0;
	issue(&s, 2, 780);
	is_int(turns.taken, 0, "given back");
	/* nor does one that was debited go past the others */
	e = (struct err)ERR_INIT;
	psd = shop_psd(&s, 0);
	pull_behind_question(&s, psd);
	shop_order(&order, &s.system[0], 3, 1, 780);
	ok(!issue_stamps(s.w, &order, &result, &e), "the card is away");
	is_int(turns.taken, 0, "given back");
	is_int(shop_system(&s, s.system[0].id).pieces, 3, "debited");
	open_module(&s, -1);
	turns.taken = 1;
	e = (struct err)ERR_INIT;
	ok(!issue_stamps(s.w, &order, &result, &e), "no place");
	is_err(&e, ERR_ABSENT, "no place");
	s.w->may_wait = true; /* a keeper */
	e = (struct err)ERR_INIT;
	is_ok(complete_pending(s.w, -1, true, &count, &e), &e, "signed");
	is_int(count, 1, "signed");
	s.w->may_wait = false;
	issue(&s, 3, 780);
	ok(result.replayed[0], "it has its signature");
	is_int(turns.taken, 1, "the other's");
	close_shop(&s);
}

/* --- coming in ------------------------------------------------------------------------- */

/* On the way from the card: it has issued nothing. */
static bool
hide_pieces(uint8_t *out, size_t *len, size_t size)
{
	struct psd_status s;
	struct err e = ERR_INIT;

	(void)size;
	if (*len == CARD_STATUS_BYTES + 2 &&
	    card_get_status(out, CARD_STATUS_BYTES, &s, &e)) {
		s.piece_count = 0;
		card_put_status(&s, out);
	}
	return true;
}

/* A stamp of no value leaves no other trace in its registers. */
static void
a_card_that_shows_what_it_does_not_sign_is_not_taken_in(void **state)
{
	struct psd_request r = {.key = {7},
	    .kind = INDICIUM_CORRECTION,
	    .mail_date = 20261201,
	    .category = "FCM"};
	struct err e = ERR_INIT;
	struct psd_stamp out;
	struct vault *v;
	struct shop s;

	(void)state;
	open_books(&s);
	v = open_card();
	is_ok(vault_debit(v, &r, 1, &out, &e), &e, "a correction");
	vault_close(v);
	open_module(&s, -1);
	ok(!enrol(&s, &e), "it issued a stamp before");
	is_err(&e, ERR_REQUEST, "it issued a stamp before");
	e = (struct err)ERR_INIT;
	fake_pcsc->lie = hide_pieces;
	ok(!enrol(&s, &e), "somebody hides it");
	is_err(&e, ERR_CORRUPT, "somebody hides it");
	close_shop(&s);
}

/* --- tests ---------------------------------------------------------------------------- */

static void
value_goes_back_when_the_card_has_told(void **state)
{
	struct err e = ERR_INIT;
	struct psd_end end = {.back = 0};
	struct shop s;
	mils back;

	(void)state;
	open_shop(&s);
	issue(&s, 1, 780);
	is_int(credit_of(&s), 5000, "5000 were loaded");
	open_module(&s, 0);
	end = set_state(&s, "withdrawn");
	is_int(end.back, 0, "the card could issue on");
	is_int(end.waits, 4220, "what is left");
	ok(!psd_end_card(s.w, PSD, &back, &e), "it is away");
	is_err(&e, ERR_ABSENT, "it is away");
	e = (struct err)ERR_INIT;
	is_int(credit_of(&s), 5000, "nothing went back");
	is_int(shop_audit(&s, false), 0, "faults");
	is_int(set_state(&s, "revoked").waits, 4220, "revoked, it waits too");
	open_module(&s, -1);
	is_ok(psd_end_card(s.w, PSD, &back, &e), &e, "it is there");
	is_int(back, 4220, "what was left");
	is_int(card_says().life, PSD_WITHDRAWN, "the card is at its end");
	ok(!spend(&e), "it issues nothing");
	is_err(&e, ERR_DENIED, "it issues nothing");
	e = (struct err)ERR_INIT;
	is_ok(psd_end_card(s.w, PSD, &back, &e), &e, "again");
	is_int(back, 0, "once");
	is_int(lose_card(&s), 0, "once");
	is_int(credit_of(&s), 9220, "credit");
	close_shop(&s);
}

/* What was debited is signed, what was granted is withdrawn with the rest. */
static void
pulled_at_any_answer_it_goes_back_once(void **state)
{
	long step = getenv("POSTAGE_LONG") ? 1 : on_postgresql ? 7 : 3;
	bool whole = false;
	long lost = 0;

	(void)state;
	for (long n = 1; n < 200 && !whole; n += step) {
		struct err e = ERR_INIT;
		struct shop s;
		mils back;

		open_shop(&s);
		issue(&s, 1, 780);
		leave_work(&s);
		is_int(credit_of(&s), 0, "all is in the PSD");
		is_int(set_state(&s, "withdrawn").waits, CREDIT - 1560, "left");
		open_module(&s, n);
		whole = psd_end_card(s.w, PSD, &back, &e);
		lost += !whole;
		if (!whole)
			is_int(credit_of(&s), 0, "nothing went back");
		open_module(&s, -1);
		e = (struct err)ERR_INIT;
		is_ok(psd_end_card(s.w, PSD, &back, &e), &e, "it is back");
		is_int(card_says().life, PSD_WITHDRAWN, "at its end");
		is_int(card_says().descending, CREDIT - 1560, "untouched");
		is_int(credit_of(&s), CREDIT - 1560, "all that is not spent");
		shop_order(&order, &s.system[0], 50, 1, 780);
		is_ok(issue_stamps(s.w, &order, &result, &e), &e, "its stamp");
		ok(result.replayed[0] && result.stamp[0].is_signed, "signed");
		close_shop(&s);
	}
	ok(whole && lost > 1, "it was lost on the way");
}

static void
a_card_that_did_something_else_proves_nothing(void **state)
{
	struct err e = ERR_INIT;
	struct shop s;
	size_t count;
	mils back;

	(void)state;
	open_shop(&s);
	issue(&s, 1, 780);
	is_ok(spend(&e), &e, "spent past the books");
	open_module(&s, -1);
	set_state(&s, "withdrawn");
	ok(!psd_end_card(s.w, PSD, &back, &e), "it is no proof");
	is_err(&e, ERR_CORRUPT, "it is no proof");
	is_int(credit_of(&s), 5000, "nothing went back");
	e = (struct err)ERR_INIT;
	ok(!psd_end_pending(s.w, &count, &e), "again and again");
	is_int(credit_of(&s), 5000, "nothing went back");
	is_int(lose_card(&s), 4220, "a person answers for it");
	is_int(lose_card(&s), 0, "once");
	is_int(credit_of(&s), 9220, "credit");
	e = (struct err)ERR_INIT;
	is_ok(psd_end_pending(s.w, &count, &e), &e, "nothing waits");
	close_shop(&s);
}

/* Its stamps stay what they are: debited, and to be refunded. */
static void
a_lost_card_is_looked_for_no_more(void **state)
{
	struct err e = ERR_INIT;
	struct shop s;
	size_t count;

	(void)state;
	open_shop(&s);
	issue(&s, 1, 780);
	leave_work(&s);
	is_int(lose_card(&s), CREDIT - 1560, "what is left");
	shop_set_time(shop_time() + 60);
	open_module(&s, -1);
	is_ok(complete_pending(s.w, 5000, true, &count, &e), &e, "pending");
	is_int(count, 0, "nothing is done");
	shop_order(&order, &s.system[0], 50, 1, 780);
	ok(!issue_stamps(s.w, &order, &result, &e), "its stamp");
	is_err(&e, ERR_ABSENT, "its stamp");
	ok(strstr(e.text, "can be refunded") != NULL, "says what to do");
	ok(!signer_is_away(s.w->signer[1]), "the module is asked nothing");
	e = (struct err)ERR_INIT;
	is_int(credit_of(&s), CREDIT - 1560, "credit");
	close_shop(&s);
}

static void
what_is_no_word_of_the_card_is_a_fault(void **state)
{
	static const char *const changes[] = {
	    "UPDATE psd_state SET receipt = (SELECT answer FROM download "
	    "WHERE orders = 2)",
	    "UPDATE psd_state SET receipt = (SELECT bytes FROM signature "
	    "LIMIT 1)",
	    "UPDATE psd_state SET ended = 2",
	    "UPDATE psd SET card = 0, state = 'operational'"};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct err e = ERR_INIT;
		struct shop s;
		mils back;

		open_shop(&s);
		issue(&s, 1, 780);
		set_state(&s, "withdrawn");
		is_ok(psd_end_card(s.w, PSD, &back, &e), &e, "end");
		is_int(shop_audit(&s, false), 0, "faults before");
		shop_sql(&s, changes[i]);
		if (shop_audit(&s, true) == 0)
			fail_at("not seen: %s", changes[i]);
		shop_close(&s);
	}
}

static const struct CMUnitTest tests[] = {
    T(no_more_wait_for_a_card_than_may),
    T(a_card_that_shows_what_it_does_not_sign_is_not_taken_in),
    T(value_goes_back_when_the_card_has_told),
    T(pulled_at_any_answer_it_goes_back_once),
    T(a_card_that_did_something_else_proves_nothing),
    T(a_lost_card_is_looked_for_no_more),
    T(what_is_no_word_of_the_card_is_a_fault),
};

int
main(void)
{
	int failed;

	fake_pcsc_open();
	memcpy(blank, fake_pcsc->memory, sizeof(blank));
	failed = cmocka_run_group_tests_name("sqlite", tests, NULL, NULL);
	on_postgresql = true;
	if (!pg_start())
		return failed != 0 ? failed : 77;
	failed += cmocka_run_group_tests_name("postgresql", tests, NULL, NULL);
	pg_stop();
	return failed;
}
