/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/pay_settle.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "provider/fund.h"
#include "provider/store_ledger.h"

#define WON_REF (PAY_REF + 8)

/* One piece of news, and what it is about. */
struct news {
	struct store *s;
	const struct pay_heard *heard;
	const struct pay_said *said;
	struct payment *p;
};

static void
end(struct news *n, enum pay_state state)
{
	n->p->state = state;
	n->p->settled = n->heard->now;
	n->p->looks = -1;
}

static void
keep(char *out, size_t size, const char *said)
{
	if (*out == '\0')
		snprintf(out, size, "%s", said);
}

static bool
is_settled(const struct payment *p)
{
	return p->state == PAY_PAID || p->state == PAY_REFUNDED ||
	       p->state == PAY_RETURNED;
}

/* --- paid ------------------------------------------------------------------------- */

static bool
is_what_was_asked(const struct news *n)
{
	return n->said->amount == n->p->amount &&
	       (n->said->currency == n->p->currency || n->said->currency == 0);
}

static bool
give_credit(struct news *n, struct err *e)
{
	char ref[sizeof(n->p->driver) + PAY_KEY];
	struct payment_in in = {.account = n->p->account,
	    .amount = n->p->amount,
	    .from = n->heard->driver->ledger,
	    .ref = ref,
	    .made = n->heard->now};
	bool fresh;

	snprintf(ref, sizeof(ref), "%s:%s", n->p->driver, n->p->key);
	if (!fund_credit(n->s, &in, &fresh, e))
		return false;
	if (!fresh)
		log_warning("%s was credited before", ref);
	return true;
}

static bool
paid(struct news *n, struct err *e)
{
	struct payment *p = n->p;
	char said[MILS_TEXT], asked[MILS_TEXT];

	if (is_settled(p)) {
		if (p->processor_id[0] != '\0' &&
		    strcmp(p->processor_id, n->said->processor_id) != 0)
			log_warning("payment %lld was paid twice: %s and %s; "
				    "give the second back",
			    (long long)p->id, p->processor_id,
			    n->said->processor_id);
		return true;
	}
	if (!is_what_was_asked(n)) {
		snprintf(p->reason, sizeof(p->reason),
		    "paid were %s (currency %u), asked for %s (%u): settle it "
		    "by hand",
		    mils_format(n->said->amount, said), n->said->currency,
		    mils_format(p->amount, asked), p->currency);
		p->looks = -1;
		log_warning("payment %lld: %s", (long long)p->id, p->reason);
		return true;
	}
	snprintf(p->processor_id, sizeof(p->processor_id), "%s",
	    n->said->processor_id);
	end(n, PAY_PAID);
	p->reason[0] = '\0';
	if (p->kind == PAY_CHECKOUT && (p->processor_id[0] || p->page[0])) {
		p->looks = 0; /* how was it paid? */
		p->look_at = n->heard->now;
	}
	return give_credit(n, e);
}

/* --- failed ------------------------------------------------------------------------ */

/* At a page a person may try another card: the page's end is the payment's. */
static void
failed(struct news *n)
{
	bool of_page = n->said->page[0] != '\0' || n->p->page[0] == '\0';

	if (!pay_is_open(n->p->state))
		return;
	snprintf(n->p->reason, sizeof(n->p->reason), "%s", n->said->reason);
	if (n->p->kind == PAY_CHECKOUT && !of_page)
		return;
	keep(n->p->processor_id, sizeof(n->p->processor_id),
	    n->said->processor_id);
	end(n, PAY_FAILED);
}

static void
pending(struct news *n)
{
	if (!pay_is_open(n->p->state))
		return;
	n->p->state = PAY_PENDING;
	keep(n->p->page, sizeof(n->p->page), n->said->page);
	keep(n->p->processor_id, sizeof(n->p->processor_id),
	    n->said->processor_id);
}

/* --- back --------------------------------------------------------------------------- */

static bool
owe(struct news *n, mils amount, struct err *e)
{
	struct pay_account a;

	if (!store_pay_account(n->s, n->p->account, &a, e))
		return false;
	if (!mils_add(a.owed, amount, &a.owed))
		return err_set(
		    e, ERR_CORRUPT, "account %s owes too much", a.name);
	if (strcmp(a.state, "active") == 0) {
		snprintf(a.state, sizeof(a.state), "locked");
		snprintf(a.reason, sizeof(a.reason), "%s", FUND_RETURNED);
	}
	return store_pay_account_write(n->s, n->p->account, &a, e);
}

void
pay_hand_ref(const struct payment *p, char out[PAY_REF])
{
	snprintf(out, PAY_REF, "%s:%s:hand", p->driver, p->key);
}

/* The name under which the end of a dispute is known. */
static const char *
won_ref(const struct news *n, char out[WON_REF])
{
	snprintf(out, WON_REF, "%s:won", n->said->ref);
	return out;
}

/* A dispute may be told when its end was heard: there is nothing to take. */
static bool
is_known(struct news *n, bool *known, struct err *e)
{
	char end[WON_REF];

	return store_transfer_known(n->s, n->said->ref, known, e) &&
	       (*known || n->said->word != PAY_SAYS_DISPUTED ||
		   store_webhook_known(n->s, won_ref(n, end), known, e));
}

static bool
take_back(struct news *n, mils amount, enum pay_state state, struct err *e)
{
	struct transfer t = {.kind = "returned",
	    .from = "returned",
	    .to = n->heard->driver->ledger,
	    .ref = n->said->ref,
	    .made = n->heard->now};
	bool known;

	if (amount > n->p->amount - n->p->returned)
		amount = n->p->amount - n->p->returned;
	if (!is_known(n, &known, e))
		return false;
	if (known || amount <= 0)
		return true;
	t.amount = amount;
	n->p->returned += amount;
	end(n, state);
	snprintf(n->p->reason, sizeof(n->p->reason), "%s", n->said->reason);
	store_transfer_put(n->s, &t);
	return store_receive(n->s, e) && owe(n, amount, e);
}

/* A refund says how much was refunded so far, whatever disputes took. */
static bool
refunded(struct news *n, struct err *e)
{
	mils all = n->said->amount, fresh;

	if (all > n->p->amount)
		all = n->p->amount;
	fresh = all - n->p->refunded;
	if (fresh <= 0)
		return true;
	n->p->refunded = all;
	return take_back(n, fresh, PAY_REFUNDED, e);
}

/* It came otherwise than it was asked for, and was credited to nobody. */
static bool
is_for_a_person(const struct payment *p)
{
	return pay_is_open(p->state) && p->looks < 0 && p->kind != PAY_INVOICE;
}

/* What went back had come, whoever tells it first. */
static bool
went_back(struct news *n, struct err *e)
{
	struct pay_said was = *n->said;
	struct news before = *n;
	bool refund = n->said->word == PAY_SAYS_REFUNDED;
	char sum[MILS_TEXT];

	if (is_for_a_person(n->p)) {
		log_warning("payment %lld: %s went back; settle it by hand",
		    (long long)n->p->id, mils_format(n->said->amount, sum));
		return true;
	}
	was.amount = n->p->amount;
	before.said = &was;
	if (!is_settled(n->p) && !paid(&before, e))
		return false;
	return refund ? refunded(n, e)
		      : take_back(n, n->said->amount, PAY_RETURNED, e);
}

/* By its own word, or by a person who was told before we were. */
static bool
has_begun(struct news *n, bool *began, struct err *e)
{
	char hand[PAY_REF];

	pay_hand_ref(n->p, hand);
	return store_transfer_known(n->s, n->said->ref, began, e) &&
	       (*began || store_transfer_known(n->s, hand, began, e));
}

/* What it took is given again; where it took nothing yet, it never will. */
static bool
won(struct news *n, struct err *e)
{
	char ref[WON_REF];
	struct payment_in in = {.account = n->p->account,
	    .amount = n->said->amount,
	    .kind = "won",
	    .from = n->heard->driver->ledger,
	    .ref = won_ref(n, ref),
	    .made = n->heard->now};
	mils disputed = n->p->returned - n->p->refunded;
	bool began, fresh;

	if (!has_begun(n, &began, e) ||
	    !store_webhook_add(n->s, ref, in.made, &fresh, e))
		return false;
	if (!began)
		return true;
	if (in.amount > disputed)
		in.amount = disputed;
	if (in.amount <= 0)
		return true;
	if (!fund_credit(n->s, &in, &fresh, e))
		return false;
	if (!fresh)
		return true;
	n->p->returned -= in.amount;
	if (n->p->returned == n->p->refunded)
		end(n, n->p->refunded > 0 ? PAY_REFUNDED : PAY_PAID);
	return true;
}

/* --- the whole ------------------------------------------------------------------------ */

static bool
apply(struct news *n, struct err *e)
{
	switch (n->said->word) {
	case PAY_SAYS_NOTHING: return true;
	case PAY_SAYS_PENDING: pending(n); return true;
	case PAY_SAYS_FAILED: failed(n); return true;
	case PAY_SAYS_PAID: return paid(n, e);
	case PAY_SAYS_REFUNDED:
	case PAY_SAYS_DISPUTED: return went_back(n, e);
	case PAY_SAYS_WON: return won(n, e);
	}
	return true;
}

/* The last page's card is the one to take from by itself.  Where only its name
 * was said, it is looked for what a person knows it by. */
static bool
save_method(struct news *n, struct err *e)
{
	struct pay_method m = n->said->method, before;
	bool found;

	if (m.method[0] == '\0' || m.customer[0] == '\0' || !is_settled(n->p) ||
	    n->p->looks < 0)
		return true;
	m.account = n->p->account;
	m.made = n->p->settled;
	snprintf(m.driver, sizeof(m.driver), "%s", n->p->driver);
	if (m.brand[0] != '\0')
		n->p->looks = -1;
	if (!store_method_find(n->s, m.account, &before, &found, e))
		return false;
	return (found && before.made > m.made) ||
	       store_method_write(n->s, &m, e);
}

static bool
is_news(struct news *n, bool *news, struct err *e)
{
	*news = true;
	return n->said->event[0] == '\0' ||
	       store_webhook_add(n->s, n->said->event, n->heard->now, news, e);
}

static bool
settle(struct news *n, bool *found, struct err *e)
{
	const struct payment_named name = {.id = n->heard->id,
	    .key = n->said->key,
	    .processor_id = n->said->processor_id,
	    .page = n->said->page,
	    .lock = true};
	bool news;

	if (!store_payment_find(n->s, &name, n->p, found, e))
		return false;
	if (!*found)
		return true;
	if (!is_news(n, &news, e))
		return false;
	if (!news)
		return true;
	if (!apply(n, e) || !save_method(n, e))
		return false;
	/* who settled it by hand did not know its number */
	if (is_settled(n->p))
		keep(n->p->processor_id, sizeof(n->p->processor_id),
		    n->said->processor_id);
	return store_payment_write(n->s, n->p, e);
}

bool
pay_settle(struct store *s, const struct pay_heard *heard, struct payment *out,
    bool *found, struct err *e)
{
	struct news n = {.s = s, .heard = heard, .said = heard->said, .p = out};
	bool done = store_begin(s, STORE_WRITE, e) && settle(&n, found, e) &&
		    store_commit(s, e);

	store_rollback(s);
	return done;
}
