/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taken from the account's card by itself.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "provider/pay.h"

#define WAIT_MS	      6000 /* a front waits longer (forward_one.c) */
#define STEP_MS	      200
#define MILS_PER_CENT 10

/* After one decline a minute, then twice as long each time. */
#define DECLINED_MS	60000
#define DECLINED_DOUBLE 10

/* --- may it be charged? ------------------------------------------------------------- */

static int64_t
pause_ms(int64_t declines)
{
	int64_t doublings = declines - 1;

	if (doublings > DECLINED_DOUBLE)
		doublings = DECLINED_DOUBLE;
	return (int64_t)DECLINED_MS << doublings;
}

static bool
declined(const char *name, const char *reason, struct err *e)
{
	return err_set(e, ERR_FUNDS,
	    "account %.40s has too little, and its card was declined: %s", name,
	    reason);
}

/* A card that was declined is not asked again at once. */
static bool
check_declines(
    struct worker *w, int64_t account, const char *name, struct err *e)
{
	struct declines d;

	if (!store_declines(w->store, account, &d, e))
		return false;
	if (d.count == 0 || worker_ms(w) >= d.last + pause_ms(d.count))
		return true;
	return declined(name, d.reason, e);
}

static mils
whole_cents(mils amount)
{
	return (amount + MILS_PER_CENT - 1) / MILS_PER_CENT * MILS_PER_CENT;
}

/* Who has seen that the credit is too low saw it a moment ago: another server may
 * have filled it since. */
static bool
is_enough(const struct pay_account *a, mils want, struct payment *out)
{
	if (a->credit < (want > 0 ? want : a->add_below))
		return false;
	out->amount = a->credit;
	return true;
}

static bool
write_if_due(struct worker *w, int64_t account, mils want, struct payment *out,
    bool *due, struct err *e)
{
	struct pay_account a;
	struct pay_method m;
	bool found;
	mils need;

	if (!store_pay_account(w->store, account, &a, e))
		return false;
	/* what it owes would be paid of it first: no charge would be enough */
	if (a.add_below < 0 || a.add_amount <= 0 || a.owed > 0 ||
	    strcmp(a.state, "active") != 0 || is_enough(&a, want, out))
		return true;
	need = want - a.credit;
	if (!store_payment_under_way(w->store, account, out, &found, e))
		return false;
	if (found)
		return true;
	if (!store_method_find(w->store, account, &m, &found, e))
		return false;
	if (!found)
		return true;
	if (!check_declines(w, account, a.name, e))
		return false;
	*out = (struct payment){.account = account,
	    .kind = PAY_AUTO,
	    .amount = whole_cents(need > a.add_amount ? need : a.add_amount)};
	snprintf(out->driver, sizeof(out->driver), "%s", m.driver);
	snprintf(out->account_name, sizeof(out->account_name), "%s", a.name);
	*due = true;
	return pay_write_new(w, out, e);
}

bool
pay_auto_write(struct worker *w, int64_t account, mils want,
    struct payment *out, bool *due, struct err *e)
{
	bool done;

	*out = (struct payment){.id = 0};
	*due = false;
	done = store_begin(w->store, STORE_WRITE, e) &&
	       write_if_due(w, account, want, out, due, e) &&
	       (!*due || store_commit(w->store, e));
	store_rollback(w->store);
	return done;
}

/* --- waiting ------------------------------------------------------------------------- */

static bool
read_again(struct worker *w, struct payment *p, struct err *e)
{
	const struct payment_named name = {.id = p->id};
	bool found;
	bool done = store_begin(w->store, STORE_READ, e) &&
		    store_payment_find(w->store, &name, p, &found, e);

	store_rollback(w->store);
	return done;
}

/* A webhook tells its end, or the keeper, who looks. */
static bool
wait_for(struct worker *w, struct payment *p, int64_t until, struct err *e)
{
	while (pay_is_open(p->state) && clock_ms() < until) {
		poll(NULL, 0, STEP_MS);
		if (!read_again(w, p, e))
			return false;
	}
	return true;
}

static bool
end_of(const struct payment *p, mils *added, struct err *e)
{
	char sum[MILS_TEXT];

	if (pay_is_open(p->state))
		return err_set(e, ERR_ABSENT,
		    "a payment of %s for account %s is under way: ask again "
		    "in a moment",
		    mils_format(p->amount, sum), p->account_name);
	if (p->state == PAY_FAILED)
		return declined(p->account_name, p->reason, e);
	*added = p->amount;
	return true;
}

static bool
ask_and_wait(
    struct worker *w, struct payment *p, bool ask, int64_t until, struct err *e)
{
	struct err lost = ERR_INIT;
	char url[PAY_URL];

	if (ask && !pay_ask(w, p, true, url, &lost) && p->state == PAY_FAILED) {
		*e = lost;
		return false;
	}
	/* a webhook may tell what the answer would have told */
	return wait_for(w, p, until, e);
}

bool
pay_auto(
    struct worker *w, int64_t account, mils want, mils *added, struct err *e)
{
	struct places *places = w->provider->card_places;
	int64_t until = clock_ms() + WAIT_MS;
	struct payment p;
	bool due, done = true;

	*added = 0;
	if (!pay_auto_write(w, account, want, &p, &due, e))
		return false;
	if (p.id == 0) {
		*added = p.amount;
		return true;
	}
	/* without a place the keeper asks for it */
	if (places_take(places)) {
		done = ask_and_wait(w, &p, due, until, e);
		places_give(places);
	}
	return done && end_of(&p, added, e);
}
