/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/give_back.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "provider/again.h"
#include "provider/post.h"
#include "provider/store_end.h"
#include "provider/store_ledger.h"
#include "provider/store_stamp.h"

#define TRIES 8

/* A request on its way. */
struct claim {
	struct worker *w;
	const struct give_back *ask;
	struct refund_row *out;
	struct stamp_end end[GIVE_BACK_MAX];
	uint32_t last[GIVE_BACK_MAX]; /* each is asked for by this day */
};

/* --- asking -------------------------------------------------------------------------- */

static bool
is_accounts(
    struct claim *c, const struct stamp_row *row, bool *is, struct err *e)
{
	struct user_system u;
	bool found;

	*is = row->system == c->ask->who->id;
	if (*is)
		return true;
	store_system_ask(c->w->store, row->system, STORE_LOOK);
	if (!store_system_get(c->w->store, &u, &found, e))
		return false;
	*is = found && u.account == c->ask->who->account;
	return true;
}

static bool
find_stamp(struct claim *c, size_t i, struct stamp_row *row, struct err *e)
{
	const struct spoiled *s = &c->ask->stamp[i];
	bool found, is = false;

	if (s->piece != 0)
		store_stamp_piece_ask(c->w->store, s->psd, s->piece);
	else
		store_stamp_ask(c->w->store, c->ask->who->id, s->key);
	if (!store_stamp_get(c->w->store, row, &found, e) ||
	    (found && !is_accounts(c, row, &is, e)))
		return false;
	return (found && is) ||
	       err_set(e, ERR_REQUEST,
		   "stamp %zu: there is no such stamp of account %s", i + 1,
		   c->ask->who->account_name);
}

/* The window is of the date shown (DMM 604.9.3.2); who asked for the stamp chose
 * that, so it begins when the stamp was issued at the latest. */
static uint32_t
last_day(const struct claim *c, const struct stamp_row *row)
{
	uint32_t issued = date_local((time_t)(row->made / 1000));

	return date_add(row->mail_date < issued ? row->mail_date : issued,
	    c->w->provider->refund_days);
}

static bool
has_value(size_t i, const struct stamp_row *row, struct err *e)
{
	return row->amount > 0 ||
	       err_set(e, ERR_REQUEST, "stamp %zu has no value to give back",
		   i + 1);
}

/* Of a new request: one whose answer was lost is asked again later. */
static bool
check_days(const struct claim *c, struct err *e)
{
	char text[DATE_TEXT];

	for (size_t i = 0; i < c->ask->count; i++)
		if (worker_today(c->w) > c->last[i])
			return err_set(e, ERR_DENIED,
			    "stamp %zu is too old: a refund had to be asked "
			    "for by %s",
			    i + 1, date_format(c->last[i], text));
	return true;
}

static bool
read_stamps(struct claim *c, struct err *e)
{
	for (size_t i = 0; i < c->ask->count; i++) {
		struct stamp_row row;
		struct indicium in;

		if (!find_stamp(c, i, &row, e) || !has_value(i, &row, e) ||
		    !indicium_decode(row.indicium, row.len, &in, e))
			return false;
		c->end[i] = (struct stamp_end){.psd = row.psd,
		    .piece = row.piece,
		    .amount = row.amount,
		    .made = worker_ms(c->w)};
		c->last[i] = last_day(c, &row);
		if (!post_digest(&in, c->end[i].digest, e))
			return false;
	}
	return true;
}

static bool
by_hand(size_t i, const struct stamp_end *end, struct err *e)
{
	if (end->refund == 0)
		return err_set(e, ERR_DENIED,
		    "stamp %zu was mailed: the post saw it at %s", i + 1,
		    end->place);
	return err_set(e, ERR_DENIED, "stamp %zu is in refund %lld (%s)", i + 1,
	    (long long)end->refund, end->refund_state);
}

static bool
claim_stamps(struct claim *c, struct err *e)
{
	for (size_t i = 0; i < c->ask->count; i++) {
		struct stamp_end before;
		bool fresh, found;

		c->end[i].refund = c->out->id;
		if (!store_end_add(c->w->store, &c->end[i], &fresh, e))
			return false;
		if (fresh)
			continue;
		if (!store_end_find(
			c->w->store, c->end[i].digest, &before, &found, e))
			return false;
		if (!found)
			return err_set(e, ERR_BUSY, "try it again");
		return before.refund == c->out->id
			   ? err_set(e, ERR_REQUEST, "stamp %zu is named twice",
				 i + 1)
			   : by_hand(i, &before, e);
	}
	return true;
}

/* Is it the request that was asked before, whose answer was lost?  Then all its
 * stamps are in one refund, and no others. */
static bool
find_same(struct claim *c, bool *same, struct err *e)
{
	struct stamp_end end = {.refund = 0};
	int64_t refund = 0;

	*same = false;
	for (size_t i = 0; i < c->ask->count; i++) {
		bool found;

		if (!store_end_find(
			c->w->store, c->end[i].digest, &end, &found, e))
			return false;
		if (!found || end.refund == 0 ||
		    (i > 0 && end.refund != refund))
			return true;
		refund = end.refund;
	}
	if (!store_refund_find(c->w->store, refund, false, c->out, same, e))
		return false;
	*same = *same && c->out->stamps == (int64_t)c->ask->count &&
		c->out->system == c->ask->who->id;
	return true;
}

static void
fill_row(struct claim *c)
{
	*c->out = (struct refund_row){.account = c->ask->who->account,
	    .system = c->ask->who->id,
	    .state = "asked",
	    .stamps = (int64_t)c->ask->count,
	    .made = worker_ms(c->w)};
	for (size_t i = 0; i < c->ask->count; i++)
		c->out->total += c->end[i].amount;
	snprintf(c->out->account_name, sizeof(c->out->account_name), "%s",
	    c->ask->who->account_name);
	memcpy(c->out->reason, c->ask->reason, sizeof(c->out->reason));
}

static bool
claim(struct claim *c, struct err *e)
{
	bool same, found;

	if (!store_begin(c->w->store, STORE_WRITE, e) || !read_stamps(c, e))
		return false;
	if (!find_same(c, &same, e))
		return false;
	if (same)
		return store_commit(c->w->store, e);
	if (!check_days(c, e))
		return false;
	fill_row(c);
	return store_refund_add(c->w->store, c->out, &c->out->id, e) &&
	       claim_stamps(c, e) &&
	       store_refund_find(
		   c->w->store, c->out->id, false, c->out, &found, e) &&
	       store_commit(c->w->store, e);
}

bool
give_back_ask(struct worker *w, const struct give_back *ask,
    struct refund_row *out, struct err *e)
{
	struct claim *c = calloc(1, sizeof(*c));
	struct again a;
	bool done;

	if (c == NULL)
		return err_system(e, "memory");
	c->w = w;
	c->ask = ask;
	c->out = out;
	/* two that share stamps may hold each other up */
	again_begin(&a, TRIES);
	do {
		done = claim(c, e);
		store_rollback(w->store);
	} while (!done && again(&a, w, e));
	free(c);
	return done;
}

/* --- looking ------------------------------------------------------------------------- */

static bool
look(struct worker *w, int64_t id, struct refund_row *out, bool *found,
    struct err *e)
{
	return store_begin(w->store, STORE_WRITE, e) &&
	       store_refund_find(w->store, id, false, out, found, e) &&
	       store_commit(w->store, e);
}

/* It writes nothing, and commits as if it did: so what it found is not on this
 * machine alone. */
bool
give_back_look(struct worker *w, int64_t id, struct refund_row *out,
    bool *found, struct err *e)
{
	struct again a;
	bool done;

	again_begin(&a, TRIES);
	do {
		done = look(w, id, out, found, e);
		store_rollback(w->store);
	} while (!done && again(&a, w, e));
	return done;
}

/* --- saying yes or no ------------------------------------------------------------------ */

int64_t
give_back_needs(const struct worker *w, const struct refund_row *row)
{
	return row->of_days > w->provider->approve_above ? 2 : 1;
}

static bool
begin(struct worker *w, int64_t id, const struct person *by,
    struct refund_row *out, struct err *e)
{
	bool found;

	if (by->role != PERSON_ADMINISTRATOR || by->customer != 0)
		return err_set(e, ERR_DENIED,
		    "%s is no administrator of the provider", by->login);
	if (!by->active)
		return err_set(e, ERR_DENIED, "%s is suspended", by->login);
	if (!store_begin(w->store, STORE_WRITE, e) ||
	    !store_refund_find(w->store, id, true, out, &found, e))
		return false;
	return found || err_set(e, ERR_REQUEST, "there is no refund %lld",
			    (long long)id);
}

static bool
pay(struct worker *w, struct refund_row *row, struct err *e)
{
	char to[32], ref[48];
	struct transfer t = {.kind = "refund",
	    .from = "refund",
	    .to = to,
	    .ref = ref,
	    .amount = row->total,
	    .made = worker_ms(w)};

	snprintf(to, sizeof(to), "credit:%lld", (long long)row->account);
	snprintf(ref, sizeof(ref), "refund:%lld", (long long)row->id);
	store_transfer_put(w->store, &t);
	store_credit_give(w->store, row->account, row->total);
	snprintf(row->state, sizeof(row->state), "approved");
	row->settled = t.made;
	return store_flush(w->store, e) &&
	       store_refund_settle(
		   w->store, row->id, row->state, row->settled, e);
}

static bool
approve(struct worker *w, const struct person *by, const char *method,
    struct refund_row *row, struct err *e)
{
	bool found;

	if (strcmp(row->state, "approved") == 0)
		return store_commit(w->store, e);
	if (strcmp(row->state, "asked") != 0)
		return err_set(e, ERR_REQUEST, "refund %lld was %s",
		    (long long)row->id, row->state);
	if (*method == '\0')
		return err_set(e, ERR_REQUEST,
		    "how were the stamps destroyed?  \"shredded\", for "
		    "example");
	return store_refund_approve(
		   w->store, row->id, by->id, method, worker_ms(w), e) &&
	       store_refund_find(w->store, row->id, false, row, &found, e) &&
	       (row->approvals < give_back_needs(w, row) || pay(w, row, e)) &&
	       store_commit(w->store, e);
}

bool
give_back_approve(struct worker *w, int64_t id, const struct person *by,
    const char *method, struct refund_row *out, struct err *e)
{
	struct again a;
	bool done;

	/* twice is once */
	again_begin(&a, TRIES);
	do {
		done =
		    begin(w, id, by, out, e) && approve(w, by, method, out, e);
		store_rollback(w->store);
	} while (!done && again(&a, w, e));
	return done;
}

static bool
reject(struct worker *w, struct refund_row *row, struct err *e)
{
	if (strcmp(row->state, "rejected") == 0)
		return store_commit(w->store, e);
	if (strcmp(row->state, "asked") != 0)
		return err_set(e, ERR_REQUEST, "refund %lld was %s",
		    (long long)row->id, row->state);
	snprintf(row->state, sizeof(row->state), "rejected");
	row->settled = worker_ms(w);
	return store_refund_settle(
		   w->store, row->id, row->state, row->settled, e) &&
	       store_commit(w->store, e);
}

bool
give_back_reject(struct worker *w, int64_t id, const struct person *by,
    struct refund_row *out, struct err *e)
{
	struct again a;
	bool done;

	again_begin(&a, TRIES);
	do {
		done = begin(w, id, by, out, e) && reject(w, out, e);
		store_rollback(w->store);
	} while (!done && again(&a, w, e));
	return done;
}
