/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/issue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/complete.h"
#include "provider/fund.h"
#include "provider/issue_own.h"
#include "provider/order.h"
#include "provider/pay.h"
#include "provider/store_ledger.h"
#include "vault/crypto.h"

/* --- before the database -------------------------------------------------------------- */

bool
issue_add_up(const struct issue_order *o, mils *sum, struct err *e)
{
	*sum = 0;
	for (size_t i = 0; i < o->count; i++) {
		if (o->item[i].request.amount < 0 ||
		    !mils_add(*sum, o->item[i].request.amount, sum))
			return err_set(e, ERR_REQUEST,
			    "stamp %zu: an amount out of range", i + 1);
		for (size_t j = 0; j < i; j++)
			if (memcmp(o->item[i].request.key,
				o->item[j].request.key, PSD_KEY_BYTES) == 0)
				return err_set(e, ERR_REQUEST,
				    "stamps %zu and %zu have the same key",
				    j + 1, i + 1);
	}
	return true;
}

static bool
check_order(const struct issue_order *o, struct err *e)
{
	char said[MILS_TEXT], is[MILS_TEXT];
	mils sum;

	if (!issue_add_up(o, &sum, e))
		return false;
	if (sum == o->total)
		return true;
	return err_set(e, ERR_REQUEST,
	    "the stamps come to %s, the request says %s: nothing was debited",
	    mils_format(sum, is), mils_format(o->total, said));
}

/* Too large to be cleared for nothing. */
struct room {
	struct attempt attempt; /* first */
	struct psd_here list[PSDS_MAX];
	struct taken psd[PSDS_MAX];
};

struct attempt *
issue_attempt(struct worker *w, const struct issue_order *order,
    struct issue_result *out, struct err *e)
{
	struct room *room = malloc(sizeof(*room));

	if (room == NULL) {
		err_system(e, "memory");
		return NULL;
	}
	room->attempt = (struct attempt){.w = w,
	    .order = order,
	    .out = out,
	    .list = room->list,
	    .psd = room->psd};
	return &room->attempt;
}

void
issue_attempt_free(struct attempt *a)
{
	free(a);
}

/* --- asking ---------------------------------------------------------------------------- */

bool
issue_choose(struct attempt *a, uint64_t turn, struct err *e)
{
	const struct psd_here *list;
	int64_t load[PSDS_MAX];
	struct choose_asked asked = {
	    .turn = turn, .who = (uint64_t)a->order->who->id, .load = load};

	if (!psds_of(a->w, a->order->who->account, &list, &a->listed, e))
		return false;
	memcpy(a->list, list, a->listed * sizeof(*list));
	asked.count = a->listed;
	for (size_t i = 0; i < a->listed; i++)
		load[i] = load_of(a->w->provider->load, list[i].serial);
	a->chosen = choose_one(a->w->provider->choose_psd, &asked);
	return true;
}

void
issue_take(struct attempt *a)
{
	a->psds = a->all ? a->listed : 1;
	for (size_t i = 0; i < a->psds; i++)
		a->psd[i] =
		    (struct taken){.here = &a->list[a->all ? i : a->chosen]};
}

static bool
read_system(struct attempt *a, struct err *e)
{
	bool found;

	if (!store_system_get(a->w->store, &a->system, &found, e))
		return false;
	if (!found)
		return err_set(e, ERR_DENIED, "there is no such user system");
	a->out->stranger = !store_system_agrees(a->order->who, &a->system);
	return !a->out->stranger ||
	       err_set(e, ERR_DENIED, "the user system's token has changed");
}

static bool
same_stamp(struct attempt *a, size_t i, struct err *e)
{
	struct psd_crypto crypto;
	uint8_t hash[PSD_HASH];

	crypto_init(&crypto, NULL);
	psd_request_hash(&crypto, &a->order->item[i].request, hash);
	if (memcmp(hash, a->out->stamp[i].request, PSD_HASH) == 0)
		return true;
	a->out->other_request = true;
	return err_set(e, ERR_CORRUPT,
	    "stamp %zu: its key was used for another stamp before: the "
	    "journal of the user system and the provider do not belong "
	    "together",
	    i + 1);
}

static bool
read_known(struct attempt *a, struct err *e)
{
	const struct issue_order *o = a->order;

	a->fresh = 0;
	a->sum = 0;
	for (size_t i = 0; i < o->count; i++) {
		a->known[i] = false;
		if (a->look_up && !store_stamp_get(a->w->store,
				      &a->out->stamp[i], &a->known[i], e))
			return false;
		a->out->replayed[i] = a->known[i];
		if (a->known[i]) {
			if (!same_stamp(a, i, e))
				return false;
			continue;
		}
		a->fresh++;
		a->sum += o->item[i].request.amount;
	}
	return true;
}

static bool
read_psds(struct attempt *a, struct err *e)
{
	bool found;

	for (size_t i = 0; i < a->psds; i++) {
		if (!store_psd_row_get(a->w->store, &a->psd[i].row, &found, e))
			return false;
		if (!found)
			return err_set(e, ERR_CORRUPT, "PSD %lu has no state",
			    (unsigned long)a->psd[i].here->serial);
	}
	return true;
}

static bool
read_bought(struct attempt *a, struct err *e)
{
	return a->order->buys == 0 || store_order_get(a->w->store, &a->open, e);
}

/* All questions go out before the first answer is read. */
bool
issue_ask(struct attempt *a, struct err *e)
{
	struct store *s = a->w->store;

	store_system_ask(s, a->order->who->id, !a->trial);
	if (a->order->buys != 0)
		store_order_ask(
		    s, a->order->who->id, a->order->buys, worker_ms(a->w));
	for (size_t i = 0; a->look_up && i < a->order->count; i++)
		store_stamp_ask(
		    s, a->order->who->id, a->order->item[i].request.key);
	for (size_t i = 0; i < a->psds; i++)
		store_psd_row_ask(s, a->psd[i].here->serial, !a->trial);
	return read_system(a, e) && read_bought(a, e) && read_known(a, e) &&
	       read_psds(a, e);
}

/* --- writing ----------------------------------------------------------------------------- */

static void
put_transfer(struct attempt *a, const struct taken *t)
{
	char from[32], ref[48];
	struct transfer x = {.kind = "issue",
	    .from = from,
	    .to = "postage",
	    .ref = ref,
	    .amount = t->sum,
	    .made = worker_ms(a->w)};

	if (t->sum == 0)
		return;
	snprintf(from, sizeof(from), "psd:%lu", (unsigned long)t->here->serial);
	snprintf(ref, sizeof(ref), "issue:%lu:%lu",
	    (unsigned long)t->here->serial, (unsigned long)t->first);
	store_transfer_put(a->w->store, &x);
}

/* A replay writes too: its commit then waits for whatever the row that it found
 * still waits for (a synchronous standby). */
static bool
write(struct attempt *a, struct err *e)
{
	struct store *s = a->w->store;

	issue_count(a);
	for (size_t i = 0; i < a->psds; i++)
		if (a->psd[i].first != 0)
			store_psd_row_put(s, &a->psd[i].row);
	for (size_t i = 0; i < a->order->count; i++)
		if (!a->known[i])
			store_stamp_put(s, &a->out->stamp[i]);
	store_stamp_send(s);
	for (size_t i = 0; i < a->psds; i++)
		if (a->psd[i].first != 0)
			put_transfer(a, &a->psd[i]);
	if (a->order->buys != 0 && a->fresh > 0)
		store_order_bought(s, a->order->buys, worker_ms(a->w),
		    worker_ms(a->w) + ORDER_KEPT_MS);
	store_system_put(s, &a->system);
	return store_commit(s, e);
}

/* --- attempts ------------------------------------------------------------------------------ */

enum end { DONE, AGAIN, SHORT, FAILED };

/* What failed may be a replay, which is neither short of anything nor refused:
 * the keys are looked up before anybody says no. */
static enum end
after_failure(struct attempt *a, struct err *e)
{
	const char *conflict = store_conflict(a->w->store);
	bool doubt = again_doubt(&a->again, a->w);

	if (a->out->stranger)
		return FAILED;
	if (!a->look_up && e->kind != ERR_ABSENT) {
		a->look_up = true;
		return AGAIN;
	}
	if (doubt || (e->kind == ERR_BUSY && !a->overtaken))
		return again_left(&a->again, e) ? AGAIN : FAILED;
	if (strstr(conflict, "label") != NULL)
		err_set(e, ERR_DENIED,
		    "a label of the sheet was used before: each is used once");
	return FAILED;
}

static enum end
attempt(struct attempt *a, struct err *e)
{
	bool done;

	issue_take(a);
	done = store_begin(a->w->store, STORE_WRITE, e) && issue_ask(a, e) &&
	       (a->fresh == 0 || (issue_check(a, e) && issue_sheets(a, e))) &&
	       issue_debit(a, e) && write(a, e);
	if (done)
		return DONE;
	store_rollback(a->w->store);
	if (e->kind == ERR_NONE && a->look_up)
		return SHORT;
	return after_failure(a, e);
}

static bool
no_funds(const struct attempt *a, struct err *e)
{
	char want[MILS_TEXT], lack[MILS_TEXT], credit[MILS_TEXT];

	return err_set(e, ERR_FUNDS,
	    "account %s has too little: %s is needed, %s is missing (credit "
	    "outside of its PSDs: %s); pay in to the provider",
	    a->system.account_name, mils_format(a->sum, want),
	    mils_format(a->short_by, lack),
	    mils_format(a->system.credit, credit));
}

/* What this PSD needs: the stamp that no PSD has enough for is of one alone. */
static mils
need_of(const struct attempt *a, const struct taken *t)
{
	return a->lump == 0 ? a->short_by
			    : a->lump - psd_descending(&t->row.psd);
}

static size_t
fullest(const struct attempt *a)
{
	size_t best = 0;

	for (size_t i = 1; i < a->psds; i++)
		if (psd_descending(&a->psd[i].row.psd) >
		    psd_descending(&a->psd[best].row.psd))
			best = i;
	return best;
}

/* More value into one of those that this attempt saw, the fullest one first: it
 * needs least. */
static bool
fund_any(struct attempt *a, bool *changed, struct err *e)
{
	enum funded end = FUND_SHORT;
	size_t first = fullest(a);

	for (size_t n = 0; n < a->psds && end == FUND_SHORT; n++) {
		struct taken *t = &a->psd[(first + n) % a->psds];

		if (t->row.operational && !fund_psd(a->w, &a->system, t->here,
					      need_of(a, t), &end, e))
			return false;
	}
	*changed = end == FUND_CHANGED;
	return true;
}

/* From the account's card, where it is set so. */
static bool
buy_value(struct attempt *a, struct err *e)
{
	mils lack = a->short_by - a->system.credit, added = 0;

	if (lack > 0 &&
	    !pay_auto(a->w, a->system.account, a->short_by, &added, e))
		return false;
	return added > 0 || no_funds(a, e);
}

/* More value: into a PSD, else what all of them have, else from outside. */
static bool
find_value(struct attempt *a, struct err *e)
{
	bool changed;

	if (!fund_any(a, &changed, e))
		return false;
	if (changed)
		return true;
	if (a->all || a->listed < 2)
		return buy_value(a, e);
	a->all = true;
	return true;
}

static bool
run(struct attempt *a, struct err *e)
{
	for (again_begin(&a->again, ISSUE_TRIES);;) {
		*e = (struct err)ERR_INIT;
		switch (attempt(a, e)) {
		case DONE:
			a->out->system = a->system;
			a->out->count = a->order->count;
			return true;
		case FAILED: return false;
		case SHORT:
			if (!find_value(a, e))
				return false;
			err_set(
			    e, ERR_BUSY, "others are at work on this account");
			if (!again_left(&a->again, e))
				return false;
			break;
		case AGAIN: break;
		}
	}
}

/* They are debited now: what a module says may not be taken for a refusal. */
static bool
complete(struct worker *w, struct issue_result *out, struct err *e)
{
	if (complete_stamps(w, out->stamp, out->count, e))
		return true;
	if (e->kind != ERR_CORRUPT)
		e->kind = ERR_ABSENT;
	return false;
}

static bool
run_chosen(struct attempt *a, struct err *e)
{
	struct load *load = a->w->provider->load;
	uint32_t psd = a->list[a->chosen].serial;
	bool done;

	load_begin(load, psd, a->order->count);
	done = run(a, e) && complete(a->w, a->out, e);
	load_end(load, psd, a->order->count);
	return done;
}

bool
issue_stamps(struct worker *w, const struct issue_order *order,
    struct issue_result *out, struct err *e)
{
	struct attempt *a;
	bool done;

	if (!check_order(order, e))
		return false;
	a = issue_attempt(w, order, out, e);
	if (a == NULL)
		return false;
	done = issue_choose(a, w->turn++, e) && run_chosen(a, e);
	issue_attempt_free(a);
	return done;
}
