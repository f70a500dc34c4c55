/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payments on both engines: whatever is told, how often and in which order, is
 * credited once; the books agree after each.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/durable.h"
#include "provider/fund.h"
#include "provider/pay.h"
#include "provider/pay_settle.h"
#include "provider/store_admin.h"
#include "tests/pg_help.h"
#include "tests/provider_help.h"
#include "tests/test.h"

#define START 1795780000

static bool on_postgresql;
static struct issue_order order;
static struct issue_result result;

/* --- help --------------------------------------------------------------------------- */

/* Of a processor at home at `url`. */
static void
open_pay(struct shop *s, const char *url)
{
	static char key[128];
	struct err e = ERR_INIT;
	struct pay_setup setup = {.base_url = url,
	    .key_file = key,
	    .webhook_secret_file = "",
	    .paid_url = "http://127.0.0.1/paid",
	    .cancelled_url = "http://127.0.0.1/cancelled"};
	FILE *f;

	snprintf(key, sizeof(key), "%s/stripe.key", s->folder);
	f = fopen(key, "we");
	ok(f != NULL && fputs("sk_test_x\n", f) >= 0 && fclose(f) == 0 &&
		chmod(key, 0600) == 0,
	    "key");
	is_ok(pay_open(&setup, &s->w->pay, &e), &e, "pay");
}

static void
open_shop(struct shop *s, mils credit)
{
	struct shop_setup setup = {.postgresql = on_postgresql,
	    .psds = 1,
	    .systems = 1,
	    .credit = credit};

	shop_open(s, &setup);
	open_pay(s, "http://127.0.0.1:9"); /* nobody is */
}

static void
close_shop(struct shop *s)
{
	is_int(shop_audit(s, false), 0, "faults");
	shop_close(s);
}

/* Who reads the webhooks' secret makes money. */
static void
secrets_for_all_to_read_are_refused(void **state)
{
	char folder[] = "/tmp/t_pay.XXXXXX", file[2][64];
	struct pay_setup setup = {.base_url = "http://127.0.0.1:9",
	    .key_file = file[0],
	    .webhook_secret_file = file[1],
	    .paid_url = "http://127.0.0.1/paid",
	    .cancelled_url = "http://127.0.0.1/cancelled"};
	struct pay *pay = NULL;

	(void)state;
	ok(mkdtemp(folder) != NULL, "folder");
	for (int i = 0; i < 2; i++) {
		struct err e = ERR_INIT;

		snprintf(file[i], sizeof(file[i]), "%s/%d", folder, i);
		is_ok(durable_replace(file[i], "secret\n", 7, 0600, &e), &e,
		    "secret");
	}
	for (int i = 0; i < 3; i++) {
		struct err e = ERR_INIT;

		for (int k = 0; k < 2; k++)
			ok(chmod(file[k], i == k ? 0644 : 0640) == 0, "mode");
		if (i == 2) {
			is_ok(pay_open(&setup, &pay, &e), &e, "its own group");
			break;
		}
		ok(!pay_open(&setup, &pay, &e), "refused");
		is_err(&e, ERR_CONFIG, "everybody may read this secret");
		ok(strstr(e.text, file[i]) != NULL, e.text);
	}
	pay_close(pay);
	for (int k = 0; k < 2; k++)
		unlink(file[k]);
	rmdir(folder);
}

static struct account
account_of(struct shop *s)
{
	struct err e = ERR_INIT;
	struct account a;

	is_ok(store_begin(s->w->store, STORE_READ, &e), &e, "begin");
	is_ok(store_account_find(s->w->store, "account", &a, &e), &e, "find");
	store_rollback(s->w->store);
	return a;
}

static struct payment
payment_of(struct shop *s, int64_t id)
{
	const struct payment_named name = {.id = id};
	struct err e = ERR_INIT;
	struct payment p;
	bool found;

	is_ok(store_begin(s->w->store, STORE_READ, &e), &e, "begin");
	is_ok(store_payment_find(s->w->store, &name, &p, &found, &e), &e, "x");
	ok(found, "a payment");
	store_rollback(s->w->store);
	return p;
}

/* Written down, nobody asked yet. */
static struct payment
written(struct shop *s, enum pay_kind kind, mils amount)
{
	struct payment p = {.account = s->account,
	    .driver = "stripe",
	    .kind = kind,
	    .amount = amount};
	struct err e = ERR_INIT;

	is_ok(store_begin(s->w->store, STORE_WRITE, &e), &e, "begin");
	is_ok(pay_write_new(s->w, &p, &e), &e, "write");
	is_ok(store_commit(s->w->store, &e), &e, "commit");
	return p;
}

static void
hear(struct shop *s, int64_t id, const struct pay_said *said)
{
	struct err e = ERR_INIT;

	is_ok(pay_hear(s->w, &pay_stripe_driver, id, said, NULL, &e), &e,
	    "heard");
}

/* "It is paid", as of intent `intent`. */
static struct pay_said
paid(const struct payment *p, const char *intent)
{
	struct pay_said said = {
	    .word = PAY_SAYS_PAID, .amount = p->amount, .currency = 840};

	snprintf(said.key, sizeof(said.key), "%s", p->key);
	snprintf(said.processor_id, sizeof(said.processor_id), "%s", intent);
	return said;
}

static void
save_card_of(struct shop *s, const char *customer, const char *method)
{
	struct pay_method m = {.account = s->account,
	    .driver = "stripe",
	    .brand = "visa",
	    .last4 = "4242",
	    .expiry = "2031-08",
	    .made = (int64_t)START * 1000};
	struct err e = ERR_INIT;

	snprintf(m.customer, sizeof(m.customer), "%s", customer);
	snprintf(m.method, sizeof(m.method), "%s", method);
	is_ok(store_begin(s->w->store, STORE_WRITE, &e), &e, "begin");
	is_ok(store_method_write(s->w->store, &m, &e), &e, "card");
	is_ok(store_commit(s->w->store, &e), &e, "commit");
}

static void
save_card(struct shop *s)
{
	save_card_of(s, "cus_1", "pm_1");
}

static void
set_auto_add(struct shop *s, mils below, mils amount)
{
	const struct auto_add add = {below, amount};
	struct err e = ERR_INIT;

	is_ok(store_begin(s->w->store, STORE_WRITE, &e), &e, "begin");
	is_ok(store_auto_add(s->w->store, "account", &add, &e), &e, "auto-add");
	is_ok(store_commit(s->w->store, &e), &e, "commit");
}

/* --- once ----------------------------------------------------------------------------- */

static void
what_is_told_twice_is_credited_once(void **state)
{
	struct shop s;
	struct payment p;
	struct pay_said said;

	(void)state;
	open_shop(&s, 0);
	p = written(&s, PAY_CHECKOUT, 20000);
	said = paid(&p, "pi_1");
	snprintf(said.event, sizeof(said.event), "stripe:evt_1");
	hear(&s, 0, &said);
	hear(&s, 0, &said);
	snprintf(said.event, sizeof(said.event), "stripe:evt_2");
	hear(&s, 0, &said);
	said.event[0] = '\0';
	hear(&s, p.id, &said);
	is_int(account_of(&s).credit, 20000, "credit");
	is_int(payment_of(&s, p.id).state, PAY_PAID, "state");
	close_shop(&s);
}

static void
a_webhook_may_come_before_the_reply(void **state)
{
	struct pay_said reply = {
	    .word = PAY_SAYS_PENDING, .page = "cs_1", .url = "https://pay/x"};
	struct shop s;
	struct payment p;
	struct pay_said said;

	(void)state;
	open_shop(&s, 0);
	p = written(&s, PAY_CHECKOUT, 20000);
	said = paid(&p, "pi_1");
	snprintf(said.page, sizeof(said.page), "cs_1");
	hear(&s, 0, &said);
	hear(&s, p.id, &reply);
	p = payment_of(&s, p.id);
	is_int(p.state, PAY_PAID, "paid stays paid");
	is_str(p.processor_id, "pi_1", "intent");
	is_int(account_of(&s).credit, 20000, "credit");
	close_shop(&s);
}

static void
a_page_ends_a_payment_and_a_decline_at_it_does_not(void **state)
{
	struct pay_said decline = {.word = PAY_SAYS_FAILED,
	    .processor_id = "pi_1",
	    .reason = "declined"};
	struct pay_said page = {.word = PAY_SAYS_PENDING, .page = "cs_1"};
	struct pay_said expired = {
	    .word = PAY_SAYS_FAILED, .page = "cs_1", .reason = "nobody paid"};
	struct shop s;
	struct payment p;
	struct pay_said late;

	(void)state;
	open_shop(&s, 0);
	p = written(&s, PAY_CHECKOUT, 20000);
	hear(&s, p.id, &page);
	hear(&s, p.id, &decline);
	p = payment_of(&s, p.id);
	is_int(p.state, PAY_PENDING, "another card may do");
	is_str(p.reason, "declined", "reason");
	hear(&s, 0, &expired);
	is_int(payment_of(&s, p.id).state, PAY_FAILED, "expired");
	/* money that comes all the same is the account's */
	late = paid(&p, "pi_2");
	hear(&s, 0, &late);
	is_int(payment_of(&s, p.id).state, PAY_PAID, "late");
	is_int(account_of(&s).credit, 20000, "credit");
	close_shop(&s);
}

static void
another_sum_or_currency_is_for_a_person(void **state)
{
	struct shop s;
	struct payment p;
	struct pay_said said;

	(void)state;
	open_shop(&s, 0);
	p = written(&s, PAY_AUTO, 20000);
	said = paid(&p, "pi_1");
	said.amount = 19990;
	hear(&s, 0, &said);
	said.amount = 20000;
	said.currency = 978;
	hear(&s, 0, &said);
	p = payment_of(&s, p.id);
	is_int(p.state, PAY_CREATED, "open");
	ok(strstr(p.reason, "by hand") != NULL, p.reason);
	is_int(account_of(&s).credit, 0, "credit");
	close_shop(&s);
}

static void
what_is_nobodys_here_is_left_alone(void **state)
{
	struct payment other = {
	    .amount = 100, .key = "ffffffffffffffffffffffffffffffff"};
	struct shop s;
	struct pay_said said = paid(&other, "pi_x");

	(void)state;
	open_shop(&s, 0);
	hear(&s, 0, &said);
	said.key[0] = '\0';
	hear(&s, 0, &said);
	said.processor_id[0] = '\0';
	hear(&s, 0, &said);
	is_int(account_of(&s).credit, 0, "credit");
	close_shop(&s);
}

/* --- back ------------------------------------------------------------------------------ */

static struct pay_said
back(enum pay_word word, const char *ref, mils amount)
{
	struct pay_said said = {
	    .word = word, .processor_id = "pi_1", .amount = amount};

	snprintf(said.ref, sizeof(said.ref), "%s", ref);
	snprintf(said.reason, sizeof(said.reason), "back");
	return said;
}

static void
pay_in(struct shop *s, const char *ref, mils amount)
{
	const struct payment_in in = {.account = s->account,
	    .amount = amount,
	    .from = "invoice",
	    .ref = ref,
	    .made = 1};
	struct err e = ERR_INIT;
	bool fresh;

	is_ok(store_begin(s->w->store, STORE_WRITE, &e), &e, "begin");
	is_ok(fund_credit(s->w->store, &in, &fresh, &e), &e, "credit");
	is_ok(store_commit(s->w->store, &e), &e, "commit");
}

static void
what_goes_back_locks_the_account_until_it_is_paid(void **state)
{
	const struct pay_said first =
	    back(PAY_SAYS_REFUNDED, "stripe:ch_1:5000", 5000);
	const struct pay_said all =
	    back(PAY_SAYS_REFUNDED, "stripe:ch_1:20000", 20000);
	struct err e = ERR_INIT;
	struct shop s;
	struct payment p;
	struct pay_said said;
	struct account a;

	(void)state;
	open_shop(&s, 0);
	p = written(&s, PAY_AUTO, 20000);
	said = paid(&p, "pi_1");
	hear(&s, 0, &said);
	hear(&s, 0, &first);
	hear(&s, 0, &first);
	is_int(account_of(&s).owed, 5000, "owed");
	hear(&s, 0, &all);
	hear(&s, 0, &first);
	a = account_of(&s);
	is_int(a.owed, 20000, "owed in all");
	is_str(a.state, "locked", "state");
	is_str(a.reason, FUND_RETURNED, "reason");
	is_int(payment_of(&s, p.id).state, PAY_REFUNDED, "state");
	shop_order(&order, &s.system[0], 1, 1, 780);
	ok(!issue_stamps(s.w, &order, &result, &e), "refused");
	is_err(&e, ERR_DENIED, "locked");
	is_int(shop_audit(&s, false), 0, "faults");
	pay_in(&s, "invoice:7", 12000);
	pay_in(&s, "invoice:7", 12000);
	a = account_of(&s);
	is_int(a.owed, 8000, "still owed");
	is_str(a.state, "locked", "still locked");
	pay_in(&s, "invoice:8", 10000);
	a = account_of(&s);
	is_int(a.owed, 0, "paid");
	is_int(a.credit, 22000, "the rest is credit");
	is_str(a.state, "active", "unlocked");
	e = (struct err)ERR_INIT;
	is_ok(issue_stamps(s.w, &order, &result, &e), &e, "issued");
	close_shop(&s);
}

static bool
by_hand(struct shop *s, int64_t id, enum pay_hand what)
{
	struct err e = ERR_INIT;
	struct payment p;
	bool done = pay_by_hand(s->w, id, what, &p, &e);

	if (!done)
		is_err(&e, ERR_REQUEST, "by hand");
	return done;
}

static void
a_dispute_that_is_won_gives_it_again(void **state)
{
	const struct pay_said lost =
	    back(PAY_SAYS_DISPUTED, "stripe:du_1", 20000);
	const struct pay_said won = back(PAY_SAYS_WON, "stripe:du_1", 20000);
	struct shop s;
	struct payment p;
	struct pay_said said;

	(void)state;
	open_shop(&s, 0);
	p = written(&s, PAY_AUTO, 20000);
	said = paid(&p, "pi_1");
	hear(&s, 0, &said);
	hear(&s, 0, &lost);
	hear(&s, 0, &lost);
	is_int(account_of(&s).owed, 20000, "owed");
	is_int(payment_of(&s, p.id).state, PAY_RETURNED, "returned");
	hear(&s, 0, &won);
	hear(&s, 0, &won);
	is_int(account_of(&s).owed, 0, "not owed");
	is_int(account_of(&s).credit, 20000, "credit");
	is_str(account_of(&s).state, "active", "unlocked");
	is_int(payment_of(&s, p.id).state, PAY_PAID, "paid");
	close_shop(&s);
}

/* A person read of it, and said so, before its messages came. */
static void
a_dispute_that_a_person_told_of_may_be_won(void **state)
{
	const struct pay_said lost =
	    back(PAY_SAYS_DISPUTED, "stripe:du_1", 20000);
	const struct pay_said won = back(PAY_SAYS_WON, "stripe:du_1", 20000);
	struct shop s;
	struct payment p;
	struct pay_said said;

	(void)state;
	for (int first = 0; first < 2; first++) {
		open_shop(&s, 0);
		p = written(&s, PAY_AUTO, 20000);
		said = paid(&p, "pi_1");
		hear(&s, 0, &said);
		ok(by_hand(&s, p.id, PAY_GONE_BACK), "returned");
		is_int(account_of(&s).owed, 20000, "owed");
		if (first == 0)
			hear(&s, 0, &lost);
		hear(&s, 0, &won);
		hear(&s, 0, &lost);
		hear(&s, 0, &won);
		is_int(account_of(&s).owed, 0, "not owed");
		is_int(account_of(&s).credit, 20000, "credit");
		is_str(account_of(&s).state, "active", "unlocked");
		close_shop(&s);
	}
}

static void
the_end_of_a_dispute_may_be_heard_before_it(void **state)
{
	struct pay_said other = back(PAY_SAYS_DISPUTED, "stripe:du_2", 5000);
	struct pay_said lost = back(PAY_SAYS_DISPUTED, "stripe:du_1", 20000);
	struct pay_said won = back(PAY_SAYS_WON, "stripe:du_1", 20000);
	struct shop s;
	struct payment p;
	struct pay_said said;

	(void)state;
	open_shop(&s, 0);
	p = written(&s, PAY_AUTO, 20000);
	said = paid(&p, "pi_1");
	hear(&s, 0, &said);
	hear(&s, 0, &other);
	hear(&s, 0, &won);
	is_int(account_of(&s).owed, 5000, "it ends no other one");
	hear(&s, 0, &won);
	hear(&s, 0, &lost);
	is_int(account_of(&s).owed, 5000, "it was over");
	snprintf(won.ref, sizeof(won.ref), "stripe:du_2");
	hear(&s, 0, &won);
	hear(&s, 0, &lost);
	is_int(account_of(&s).owed, 0, "not owed");
	is_str(account_of(&s).state, "active", "unlocked");
	is_int(payment_of(&s, p.id).state, PAY_PAID, "paid");
	close_shop(&s);
}

static void
a_dispute_about_a_part_is_told_twice(void **state)
{
	const struct pay_said part =
	    back(PAY_SAYS_DISPUTED, "stripe:du_1", 5000);
	const struct pay_said won = back(PAY_SAYS_WON, "stripe:du_1", 5000);
	struct shop s;
	struct payment p;
	struct pay_said said;

	(void)state;
	open_shop(&s, 0);
	p = written(&s, PAY_AUTO, 20000);
	said = paid(&p, "pi_1");
	hear(&s, 0, &said);
	hear(&s, 0, &part);
	hear(&s, 0, &part);
	is_int(account_of(&s).owed, 5000, "owed");
	hear(&s, 0, &won);
	hear(&s, 0, &won);
	is_int(account_of(&s).owed, 0, "not owed");
	is_int(account_of(&s).credit, 20000, "credit");
	close_shop(&s);
}

/* 50.00 are disputed, 30.00 given back, then the dispute is won. */
static void
a_refund_beside_a_dispute_is_taken_back_too(void **state)
{
	const struct pay_said part =
	    back(PAY_SAYS_DISPUTED, "stripe:du_1", 5000);
	const struct pay_said refund =
	    back(PAY_SAYS_REFUNDED, "stripe:ch_1:3000", 3000);
	const struct pay_said more =
	    back(PAY_SAYS_REFUNDED, "stripe:ch_1:4000", 4000);
	const struct pay_said won = back(PAY_SAYS_WON, "stripe:du_1", 5000);
	struct shop s;
	struct payment p;
	struct pay_said said;

	(void)state;
	open_shop(&s, 0);
	p = written(&s, PAY_AUTO, 20000);
	said = paid(&p, "pi_1");
	hear(&s, 0, &said);
	hear(&s, 0, &part);
	hear(&s, 0, &refund);
	hear(&s, 0, &refund);
	is_int(account_of(&s).owed, 8000, "both");
	hear(&s, 0, &won);
	hear(&s, 0, &won);
	is_int(account_of(&s).owed, 3000, "the refund is owed");
	is_int(payment_of(&s, p.id).state, PAY_REFUNDED, "state");
	hear(&s, 0, &more);
	hear(&s, 0, &refund);
	is_int(account_of(&s).owed, 4000, "more of it");
	is_int(payment_of(&s, p.id).returned, 4000, "went back");
	close_shop(&s);
}

/* No more goes back than came. */
static void
a_refund_of_what_is_disputed_takes_the_rest(void **state)
{
	const struct pay_said part =
	    back(PAY_SAYS_DISPUTED, "stripe:du_1", 15000);
	const struct pay_said all =
	    back(PAY_SAYS_REFUNDED, "stripe:ch_1:20000", 20000);
	const struct pay_said won = back(PAY_SAYS_WON, "stripe:du_1", 15000);
	struct shop s;
	struct payment p;
	struct pay_said said;

	(void)state;
	open_shop(&s, 0);
	p = written(&s, PAY_AUTO, 20000);
	said = paid(&p, "pi_1");
	hear(&s, 0, &said);
	hear(&s, 0, &part);
	hear(&s, 0, &all);
	is_int(account_of(&s).owed, 20000, "all of it");
	hear(&s, 0, &won);
	is_int(account_of(&s).owed, 20000, "it was refunded");
	close_shop(&s);
}

static void
it_may_go_back_before_it_was_told_to_have_come(void **state)
{
	struct pay_said gone =
	    back(PAY_SAYS_REFUNDED, "stripe:ch_1:20000", 20000);
	struct shop s;
	struct payment p;
	struct pay_said said;

	(void)state;
	open_shop(&s, 0);
	p = written(&s, PAY_AUTO, 20000);
	snprintf(gone.key, sizeof(gone.key), "%s", p.key);
	said = paid(&p, "pi_1");
	hear(&s, 0, &gone);
	hear(&s, 0, &said);
	is_int(account_of(&s).credit, 20000, "came");
	is_int(account_of(&s).owed, 20000, "and went");
	is_int(payment_of(&s, p.id).state, PAY_REFUNDED, "state");
	close_shop(&s);
}

/* 50.00 came of 200.00, and a person sent them back: nobody ever had 200.00. */
static void
what_was_not_credited_gives_no_credit_when_it_goes_back(void **state)
{
	struct pay_said gone =
	    back(PAY_SAYS_REFUNDED, "stripe:ch_1:5000", 5000);
	struct shop s;
	struct payment p;
	struct pay_said said;

	(void)state;
	open_shop(&s, 0);
	p = written(&s, PAY_AUTO, 20000);
	snprintf(gone.key, sizeof(gone.key), "%s", p.key);
	said = paid(&p, "pi_1");
	said.amount = 5000;
	hear(&s, 0, &said);
	hear(&s, 0, &gone);
	is_int(account_of(&s).credit, 0, "credit");
	is_int(account_of(&s).owed, 0, "owed");
	is_int(payment_of(&s, p.id).state, PAY_CREATED, "for a person");
	close_shop(&s);
}

static void
an_account_locked_for_something_else_stays_so(void **state)
{
	const struct state_change lock = {.what = "account",
	    .name = "account",
	    .state = "locked",
	    .reason = "the police asked"};
	const struct pay_said gone =
	    back(PAY_SAYS_DISPUTED, "stripe:du_1", 20000);
	struct err e = ERR_INIT;
	struct shop s;
	struct payment p;
	struct pay_said said;

	(void)state;
	open_shop(&s, 0);
	p = written(&s, PAY_AUTO, 20000);
	said = paid(&p, "pi_1");
	hear(&s, 0, &said);
	is_ok(store_begin(s.w->store, STORE_WRITE, &e), &e, "begin");
	is_ok(store_state_set(s.w->store, &lock, &e), &e, "lock");
	is_ok(store_commit(s.w->store, &e), &e, "commit");
	hear(&s, 0, &gone);
	pay_in(&s, "invoice:7", 20000);
	is_int(account_of(&s).owed, 0, "paid again");
	is_str(account_of(&s).state, "locked", "state");
	is_str(account_of(&s).reason, "the police asked", "reason");
	close_shop(&s);
}

/* --- by itself --------------------------------------------------------------------------- */

static struct payment
auto_due(struct shop *s, mils need, bool due)
{
	struct err e = ERR_INIT;
	struct payment p;
	bool is_due;

	is_ok(pay_auto_write(s->w, s->account, need, &p, &is_due, &e), &e, "x");
	is_int(is_due, due, "due");
	return p;
}

static void
one_automatic_payment_is_under_way(void **state)
{
	struct shop s;
	struct payment p;
	struct pay_said said;

	(void)state;
	open_shop(&s, 0);
	is_int(auto_due(&s, 100, false).id, 0, "not set");
	set_auto_add(&s, 5000, 20000);
	is_int(auto_due(&s, 100, false).id, 0, "no card");
	save_card(&s);
	p = auto_due(&s, 100, true);
	is_int(p.amount, 20000, "what is set");
	is_int(auto_due(&s, 100, false).id, p.id, "the same one");
	said = paid(&p, "pi_1");
	hear(&s, p.id, &said);
	/* another keeper, or order, that had seen the account without it */
	is_int(auto_due(&s, 0, false).id, 0, "it is above its line");
	is_int(auto_due(&s, 20000, false).id, 0, "it has what is wanted");
	is_int(auto_due(&s, 53333, true).amount, 33340, "what is needed");
	close_shop(&s);
}

/* An administrator unlocks it all the same: its card is left alone, as each charge
 * would be for what it owes. */
static void
an_account_that_owes_is_not_charged_by_itself(void **state)
{
	const struct state_change unlock = {.what = "account",
	    .name = "account",
	    .state = "active",
	    .reason = ""};
	const struct pay_said gone =
	    back(PAY_SAYS_DISPUTED, "stripe:du_1", 20000);
	struct payment list[4];
	struct payment_wanted all = {.account = 0};
	struct err e = ERR_INIT;
	struct shop s;
	struct payment p;
	struct pay_said said;
	size_t count;

	(void)state;
	open_shop(&s, 0);
	set_auto_add(&s, 1000, 2000);
	save_card(&s);
	p = written(&s, PAY_CHECKOUT, 20000);
	said = paid(&p, "pi_1");
	hear(&s, 0, &said);
	shop_order(&order, &s.system[0], 1, 1, 20000);
	is_ok(issue_stamps(s.w, &order, &result, &e), &e, "all is spent");
	hear(&s, 0, &gone);
	is_ok(store_begin(s.w->store, STORE_WRITE, &e), &e, "begin");
	is_ok(store_state_set(s.w->store, &unlock, &e), &e, "unlock");
	is_ok(store_commit(s.w->store, &e), &e, "commit");
	shop_order(&order, &s.system[0], 2, 1, 780);
	ok(!issue_stamps(s.w, &order, &result, &e), "too little");
	is_err(&e, ERR_FUNDS, "too little");
	e = (struct err)ERR_INIT;
	is_ok(pay_keep(s.w, &e), &e, "keeper");
	is_ok(store_begin(s.w->store, STORE_READ, &e), &e, "begin");
	is_ok(store_payment_list(s.w->store, &all, list, 4, &count, &e), &e,
	    "list");
	store_rollback(s.w->store);
	is_int(count, 1, "payments");
	pay_in(&s, "invoice:7", 20780);
	is_int(account_of(&s).owed, 0, "paid");
	is_int(account_of(&s).credit, 780, "the rest");
	is_ok(issue_stamps(s.w, &order, &result, &e), &e, "issued");
	is_int(auto_due(&s, 0, true).amount, 2000, "charged again");
	close_shop(&s);
}

static void
a_declined_card_is_not_asked_again_at_once(void **state)
{
	struct pay_said no = {.word = PAY_SAYS_FAILED, .reason = "no money"};
	struct err e = ERR_INIT;
	struct shop s;
	struct payment p;
	bool due;

	(void)state;
	open_shop(&s, 0);
	set_auto_add(&s, 5000, 20000);
	save_card(&s);
	for (int i = 0; i < 3; i++) {
		int pause = 60 << i;

		p = auto_due(&s, 100, true);
		hear(&s, p.id, &no);
		shop_set_time(shop_time() + pause - 1);
		e = (struct err)ERR_INIT;
		ok(!pay_auto_write(s.w, s.account, 100, &p, &due, &e), "early");
		is_err(&e, ERR_FUNDS, "declined");
		ok(strstr(e.text, "no money") != NULL, e.text);
		shop_set_time(shop_time() + 1);
	}
	close_shop(&s);
}

static void
an_order_hears_why_its_card_was_declined(void **state)
{
	struct pay_said no = {.word = PAY_SAYS_FAILED, .reason = "no money"};
	struct err e = ERR_INIT;
	struct shop s;
	struct payment p;

	(void)state;
	open_shop(&s, 0);
	set_auto_add(&s, 5000, 20000);
	save_card(&s);
	p = auto_due(&s, 0, true);
	hear(&s, p.id, &no);
	shop_order(&order, &s.system[0], 1, 1, 780);
	ok(!issue_stamps(s.w, &order, &result, &e), "refused");
	is_err(&e, ERR_FUNDS, "refused");
	ok(strstr(e.text, "no money") != NULL, e.text);
	close_shop(&s);
}

static void
what_never_left_has_failed_and_what_may_have_is_open(void **state)
{
	struct err e = ERR_INIT;
	struct shop s;
	struct payment p;
	mils added;

	(void)state;
	open_shop(&s, 0);
	set_auto_add(&s, 5000, 20000);
	save_card(&s);
	ok(!pay_auto(s.w, s.account, 780, &added, &e), "nobody is there");
	is_err(&e, ERR_ABSENT, "nobody is there");
	is_int(payment_of(&s, 1).state, PAY_FAILED, "never left");
	/* asked a second time it may have left the first time */
	shop_set_time(shop_time() + 60);
	p = auto_due(&s, 0, true);
	shop_set_time(shop_time() + 11);
	e = (struct err)ERR_INIT;
	ok(!pay_keep(s.w, &e), "nobody is there");
	p = payment_of(&s, p.id);
	is_int(p.state, PAY_CREATED, "open");
	is_int(p.looks, 1, "looked");
	/* a day later nobody asks with its key any more */
	shop_set_time(shop_time() + 24 * 3600);
	e = (struct err)ERR_INIT;
	is_ok(pay_keep(s.w, &e), &e, "left to a person");
	ok(strstr(payment_of(&s, p.id).reason, p.key) != NULL, "with its key");
	close_shop(&s);
}

/* --- places ------------------------------------------------------------------------------ */

struct waiter {
	struct shop *shop;
	pthread_t thread;
	int64_t took_ms;
	bool done;
	enum err_kind kind;
};

static void *
wait_for_card(void *context)
{
	struct waiter *t = context;
	struct worker *w = shop_worker(t->shop, NULL);
	int64_t begun = clock_ms();
	struct err e = ERR_INIT;
	mils added;

	t->done = pay_auto(w, t->shop->account, 100, &added, &e);
	t->kind = e.kind;
	t->took_ms = clock_ms() - begun;
	shop_worker_close(w);
	return NULL;
}

static void
orders_that_wait_for_a_card_leave_workers_for_others(void **state)
{
	struct places places = {.max = 2};
	struct waiter t[4];
	struct shop s;
	struct payment p;
	struct pay_said said;
	int waited = 0;

	(void)state;
	open_shop(&s, 0);
	set_auto_add(&s, 5000, 20000);
	save_card(&s);
	p = auto_due(&s, 100, true);
	s.provider.card_places = &places;
	for (size_t i = 0; i < 4; i++) {
		t[i] = (struct waiter){.shop = &s};
		is_int(pthread_create(&t[i].thread, NULL, wait_for_card, &t[i]),
		    0, "thread");
	}
	usleep(1500000);
	said = paid(&p, "pi_1");
	hear(&s, p.id, &said);
	for (size_t i = 0; i < 4; i++) {
		pthread_join(t[i].thread, NULL);
		if (t[i].done) {
			waited++;
			continue;
		}
		is_int(t[i].kind, ERR_ABSENT, "ask again");
		ok(t[i].took_ms < 1200, "at once");
	}
	is_int(waited, 2, "two had a place");
	is_int(places.taken, 0, "given back");
	close_shop(&s);
}

static void
who_has_no_place_finds_the_payment_later(void **state)
{
	struct places none = {.max = 0};
	struct err e = ERR_INIT;
	struct shop s;
	struct payment p;
	struct pay_said said;

	(void)state;
	open_shop(&s, 0);
	set_auto_add(&s, 5000, 20000);
	save_card(&s);
	s.provider.card_places = &none;
	shop_order(&order, &s.system[0], 1, 1, 780);
	ok(!issue_stamps(s.w, &order, &result, &e), "no place");
	is_err(&e, ERR_ABSENT, "ask again");
	p = payment_of(&s, 1);
	is_int(p.state, PAY_CREATED, "written");
	/* nobody is at home, but it was asked */
	shop_set_time(shop_time() + 3);
	e = (struct err)ERR_INIT;
	ok(!pay_keep(s.w, &e), "the keeper asks");
	is_int(payment_of(&s, 1).looks, 1, "asked");
	said = paid(&p, "pi_1");
	hear(&s, p.id, &said);
	e = (struct err)ERR_INIT;
	is_ok(issue_stamps(s.w, &order, &result, &e), &e, "issued");
	close_shop(&s);
}

/* --- at the same time ---------------------------------------------------------------------- */

#define THREADS	 4
#define PAYMENTS 10

struct teller {
	struct shop *shop;
	pthread_t thread;
	int number;
	const struct payment *payment; /* PAYMENTS of them */
	int due;
	bool failed;
};

/* Until it is heard: others may be at work on the same row. */
static bool
tell(struct worker *w, const struct pay_said *said)
{
	struct err e;

	do {
		e = (struct err)ERR_INIT;
		if (pay_hear(w, &pay_stripe_driver, 0, said, NULL, &e))
			return true;
	} while (e.kind == ERR_BUSY || e.kind == ERR_ABSENT);
	fprintf(stderr, "%s\n", e.text);
	return false;
}

static void *
tell_all(void *context)
{
	struct teller *t = context;
	struct worker *w = shop_worker(t->shop, NULL);

	for (int i = 0; i < PAYMENTS; i++) {
		char intent[16];
		struct pay_said said;

		snprintf(intent, sizeof(intent), "pi_%d", i);
		said = paid(&t->payment[i], intent);
		snprintf(said.event, sizeof(said.event), "stripe:evt_%d_%d", i,
		    t->number % 2);
		t->failed = t->failed || !tell(w, &said);
	}
	shop_worker_close(w);
	return NULL;
}

static void *
begin_auto(void *context)
{
	struct teller *t = context;
	struct worker *w = shop_worker(t->shop, NULL);
	struct payment p;
	struct err e;
	bool due = false;

	do
		e = (struct err)ERR_INIT;
	while (!pay_auto_write(w, t->shop->account, 100, &p, &due, &e) &&
	       e.kind == ERR_BUSY);
	t->due = due;
	t->failed = e.kind != ERR_NONE || p.id == 0;
	shop_worker_close(w);
	return NULL;
}

static int
all_at_once(struct shop *s, void *(*run)(void *), const struct payment *p)
{
	struct teller t[THREADS];
	int due = 0;

	for (int i = 0; i < THREADS; i++) {
		t[i] = (struct teller){.shop = s, .number = i, .payment = p};
		is_int(pthread_create(&t[i].thread, NULL, run, &t[i]), 0,
		    "thread");
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(t[i].thread, NULL);
		ok(!t[i].failed, "no failure");
		due += t[i].due;
	}
	return due;
}

static void
what_many_tell_at_once_is_credited_once(void **state)
{
	struct payment p[PAYMENTS];
	struct shop s;

	(void)state;
	open_shop(&s, 0);
	for (int i = 0; i < PAYMENTS; i++)
		p[i] = written(&s, PAY_CHECKOUT, 1000);
	all_at_once(&s, tell_all, p);
	is_int(account_of(&s).credit, PAYMENTS * 1000, "credit");
	close_shop(&s);
}

static void
many_who_need_it_begin_one_payment(void **state)
{
	struct shop s;

	(void)state;
	open_shop(&s, 0);
	set_auto_add(&s, 5000, 20000);
	save_card(&s);
	is_int(all_at_once(&s, begin_auto, NULL), 1, "begun");
	close_shop(&s);
}

/* --- invoices ----------------------------------------------------------------------------- */

static struct payment
invoice(struct shop *s, const char *key, mils amount)
{
	const struct pay_order in = {.account = s->account,
	    .driver = "invoice",
	    .key = key,
	    .amount = amount};
	struct err e = ERR_INIT;
	struct pay_begun begun;

	is_ok(pay_begin(s->w, &in, &begun, &e), &e, "invoice");
	return begun.payment;
}

/* A slow processor would have all workers wait for those who begin to pay. */
static void
who_begins_to_pay_takes_a_place(void **state)
{
	const struct pay_order page = {
	    .driver = "stripe", .key = "0123456789abcdef", .amount = 20000};
	struct places places = {.max = 0};
	struct pay_order in = page;
	struct pay_begun begun;
	struct err e = ERR_INIT;
	struct shop s;

	(void)state;
	open_shop(&s, 0);
	in.account = s.account;
	s.provider.card_places = &places;
	ok(!pay_begin(s.w, &in, &begun, &e), "no place");
	is_err(&e, ERR_ABSENT, "no place");
	ok(strstr(e.text, "the same key") != NULL, e.text);
	is_int(payment_of(&s, 1).state, PAY_CREATED, "written");
	places.max = 1;
	e = (struct err)ERR_INIT;
	ok(!pay_begin(s.w, &in, &begun, &e), "nobody is at home");
	ok(strstr(e.text, "the same key") == NULL, e.text);
	is_int(begun.payment.id, 1, "the same payment");
	is_int(places.taken, 0, "given back");
	places.max = 0;
	(void)invoice(&s, "fedcba9876543210", 50000); /* asks nobody */
	close_shop(&s);
}

/* --- a processor --------------------------------------------------------------------------- */

/* Gives each who asks `answer`, or, where it is NULL, nothing. */
struct processor {
	pthread_t thread;
	int fd;
	char url[64];
	const char *answer;
	char asked[4096]; /* the last time */
};

/* A request, its body behind it. */
static bool
is_whole(const char *text)
{
	const char *end = strstr(text, "\r\n\r\n");
	const char *length = strcasestr(text, "content-length:");

	return end != NULL &&
	       (length == NULL ||
		   strlen(end + 4) >= strtoul(length + 15, NULL, 10));
}

static void
answer_one(struct processor *p, int fd)
{
	size_t len = 0;
	ssize_t n = 1;

	p->asked[0] = '\0';
	while (n > 0 && !is_whole(p->asked)) {
		n = read(fd, p->asked + len, sizeof(p->asked) - 1 - len);
		len += n > 0 ? (size_t)n : 0;
		p->asked[len] = '\0';
	}
	if (p->answer != NULL)
		dprintf(fd,
		    "HTTP/1.1 200 OK\r\nConnection: close\r\n"
		    "Content-Length: %zu\r\n\r\n%s",
		    strlen(p->answer), p->answer);
}

static void *
answer_all(void *context)
{
	struct processor *p = context;
	int fd;

	while ((fd = accept(p->fd, NULL, NULL)) >= 0) {
		answer_one(p, fd);
		close(fd);
	}
	return NULL;
}

static void
processor_start(struct processor *p, struct shop *s)
{
	struct sockaddr_in at = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);

	*p = (struct processor){
	    .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	ok(bind(p->fd, (struct sockaddr *)&at, len) == 0 &&
		listen(p->fd, 4) == 0 &&
		getsockname(p->fd, (struct sockaddr *)&at, &len) == 0,
	    "listen");
	snprintf(
	    p->url, sizeof(p->url), "http://127.0.0.1:%d", ntohs(at.sin_port));
	is_int(pthread_create(&p->thread, NULL, answer_all, p), 0, "thread");
	pay_close(s->w->pay);
	open_pay(s, p->url);
}

static void
processor_stop(struct processor *p)
{
	shutdown(p->fd, SHUT_RDWR);
	pthread_join(p->thread, NULL);
	close(p->fd);
}

/* The answer to the first time was lost; it knows the key as it was asked then. */
static void
what_is_asked_again_is_asked_the_same(void **state)
{
	static char first[4096];
	struct processor stripe;
	struct err e = ERR_INIT;
	struct shop s;

	(void)state;
	open_shop(&s, 0);
	processor_start(&stripe, &s);
	set_auto_add(&s, 5000, 20000);
	save_card(&s);
	(void)auto_due(&s, 100, true);
	shop_set_time(shop_time() + 3);
	ok(!pay_keep(s.w, &e), "no answer");
	snprintf(first, sizeof(first), "%s", stripe.asked);
	ok(strstr(first, "&payment_method=pm_1&") != NULL, first);
	save_card_of(&s, "cus_1", "pm_2");
	shop_set_time(shop_time() + 11);
	ok(!pay_keep(s.w, &e), "no answer");
	is_str(stripe.asked, first, "the same");
	is_int(payment_of(&s, 1).looks, 2, "asked twice");
	processor_stop(&stripe);
	close_shop(&s);
}

static void
an_invoice_is_approved_once(void **state)
{
	static const char key[] = "0123456789abcdef0123456789abcdef";
	const struct pay_order odd = {
	    .driver = "invoice", .key = "", .amount = 12345};
	const struct pay_order other = {
	    .driver = "invoice", .key = key, .amount = 60000};
	struct err e = ERR_INIT;
	struct pay_begun begun;
	struct shop s;
	struct payment p;

	(void)state;
	open_shop(&s, 0);
	ok(!pay_begin(s.w, &odd, &begun, &e), "no whole cents");
	is_err(&e, ERR_REQUEST, "no whole cents");
	p = invoice(&s, key, 50000);
	is_int(p.state, PAY_PENDING, "waits");
	is_int(invoice(&s, key, 50000).id, p.id, "the same");
	e = (struct err)ERR_INIT;
	ok(!pay_begin(s.w, &other, &begun, &e), "another with its key");
	is_err(&e, ERR_REQUEST, "another with its key");
	ok(!by_hand(&s, p.id, PAY_GONE_BACK), "not paid yet");
	ok(by_hand(&s, p.id, PAY_APPROVE), "approved");
	ok(!by_hand(&s, p.id, PAY_APPROVE), "approved before");
	ok(!by_hand(&s, p.id, PAY_REJECT), "too late");
	is_int(account_of(&s).credit, 50000, "credit");
	ok(by_hand(&s, p.id, PAY_GONE_BACK), "returned");
	ok(!by_hand(&s, p.id, PAY_GONE_BACK), "returned before");
	is_int(account_of(&s).owed, 50000, "owed");
	p = invoice(&s, "", 1000);
	ok(by_hand(&s, p.id, PAY_REJECT), "rejected");
	ok(!by_hand(&s, p.id, PAY_APPROVE), "too late");
	ok(!by_hand(&s, 99, PAY_APPROVE), "no such payment");
	is_int(account_of(&s).credit, 50000, "credit");
	close_shop(&s);
}

/* Its answer was lost; an administrator saw there that it was paid. */
static struct payment
approved(struct shop *s)
{
	struct payment p = written(s, PAY_CHECKOUT, 20000);

	ok(by_hand(s, p.id, PAY_APPROVE), "approved");
	is_int(account_of(s).credit, 20000, "credit");
	return p;
}

static void
what_was_approved_learns_its_number(void **state)
{
	const struct pay_said gone =
	    back(PAY_SAYS_DISPUTED, "stripe:du_1", 20000);
	struct shop s;
	struct payment p;
	struct pay_said said;

	(void)state;
	open_shop(&s, 0);
	p = approved(&s);
	said = paid(&p, "pi_1");
	hear(&s, 0, &said);
	is_int(account_of(&s).credit, 20000, "once");
	is_str(payment_of(&s, p.id).processor_id, "pi_1", "number");
	said = paid(&p, "pi_2");
	hear(&s, 0, &said);
	is_str(payment_of(&s, p.id).processor_id, "pi_1", "not another's");
	is_int(shop_audit(&s, false), 0, "faults");
	hear(&s, 0, &gone);
	is_int(account_of(&s).owed, 20000, "owed");
	close_shop(&s);
}

static size_t
strays(struct shop *s)
{
	struct stray list[4];
	struct err e = ERR_INIT;
	size_t count;

	is_ok(store_begin(s->w->store, STORE_READ, &e) &&
		  store_stray_list(s->w->store, list, 4, &count, &e),
	    &e, "strays");
	store_rollback(s->w->store);
	ok(count == 0 || strcmp(list[0].text, "back, 20.00 of pi_1") == 0,
	    "what it says");
	return count;
}

/* A dispute names the number alone, which was never told here. */
static void
a_dispute_of_what_was_approved_finds_it(void **state)
{
	const struct pay_said gone =
	    back(PAY_SAYS_DISPUTED, "stripe:du_1", 20000);
	struct pay_said other = back(PAY_SAYS_DISPUTED, "stripe:du_2", 20000);
	struct processor stripe;
	struct err e = ERR_INIT;
	char intent[256];
	struct shop s;
	struct payment p;

	(void)state;
	open_shop(&s, 0);
	p = approved(&s);
	processor_start(&stripe, &s);
	ok(!pay_hear(s.w, &pay_stripe_driver, 0, &gone, NULL, &e), "no answer");
	is_err(&e, ERR_ABSENT, "to be heard again");
	stripe.answer = "{\"id\":\"pi_1\",\"status\":\"succeeded\"}";
	snprintf(other.event, sizeof(other.event), "stripe:evt_1");
	hear(&s, 0, &other);
	hear(&s, 0, &other);
	is_int(account_of(&s).owed, 0, "another's");
	is_int(strays(&s), 1, "kept");
	snprintf(intent, sizeof(intent),
	    "{\"id\":\"pi_1\",\"status\":\"succeeded\",\"amount\":2000,"
	    "\"currency\":\"usd\",\"metadata\":{\"payment\":\"%s\"}}",
	    p.key);
	stripe.answer = intent;
	hear(&s, 0, &gone);
	is_int(account_of(&s).owed, 20000, "owed");
	is_int(account_of(&s).credit, 20000, "credited once");
	is_int(payment_of(&s, p.id).state, PAY_RETURNED, "returned");
	hear(&s, 0, &other);
	is_int(strays(&s), 0, "told again it is known whose it is");
	processor_stop(&stripe);
	close_shop(&s);
}

static void
an_audit_sees_a_payment_without_its_money(void **state)
{
	static const char *const changes[] = {
	    "UPDATE payment SET state = 'failed' WHERE state = 'paid'",
	    "UPDATE payment SET amount = amount + 10 WHERE state = 'paid'",
	    "UPDATE transfer SET ref = 'stripe:x' WHERE ref LIKE 'stripe:%'",
	    "UPDATE account SET owed = owed + 1"};

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct shop s;
		struct payment p;
		struct pay_said said;

		open_shop(&s, 0);
		p = written(&s, PAY_AUTO, 20000);
		said = paid(&p, "pi_1");
		hear(&s, 0, &said);
		is_int(shop_audit(&s, false), 0, "faults before");
		shop_sql(&s, changes[i]);
		if (shop_audit(&s, true) == 0)
			fail_at("not seen: %s", changes[i]);
		shop_close(&s);
	}
}

static const struct CMUnitTest tests[] = {
    T(what_is_told_twice_is_credited_once),
    T(secrets_for_all_to_read_are_refused),
    T(a_webhook_may_come_before_the_reply),
    T(a_page_ends_a_payment_and_a_decline_at_it_does_not),
    T(another_sum_or_currency_is_for_a_person),
    T(what_is_nobodys_here_is_left_alone),
    T(what_goes_back_locks_the_account_until_it_is_paid),
    T(a_dispute_that_is_won_gives_it_again),
    T(a_dispute_that_a_person_told_of_may_be_won),
    T(the_end_of_a_dispute_may_be_heard_before_it),
    T(a_dispute_about_a_part_is_told_twice),
    T(a_refund_beside_a_dispute_is_taken_back_too),
    T(a_refund_of_what_is_disputed_takes_the_rest),
    T(it_may_go_back_before_it_was_told_to_have_come),
    T(what_was_not_credited_gives_no_credit_when_it_goes_back),
    T(an_account_locked_for_something_else_stays_so),
    T(an_account_that_owes_is_not_charged_by_itself),
    T(one_automatic_payment_is_under_way),
    T(a_declined_card_is_not_asked_again_at_once),
    T(an_order_hears_why_its_card_was_declined),
    T(what_never_left_has_failed_and_what_may_have_is_open),
    T(orders_that_wait_for_a_card_leave_workers_for_others),
    T(who_has_no_place_finds_the_payment_later),
    T(who_begins_to_pay_takes_a_place),
    T(what_is_asked_again_is_asked_the_same),
    T(what_was_approved_learns_its_number),
    T(a_dispute_of_what_was_approved_finds_it),
    T(what_many_tell_at_once_is_credited_once),
    T(many_who_need_it_begin_one_payment),
    T(an_invoice_is_approved_once),
    T(an_audit_sees_a_payment_without_its_money),
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
