/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The debit of an attempt: which PSD gives which stamp, and what will be signed.
 */
#include "provider/issue_own.h"

#include <string.h>

#include "provider/chain.h"
#include "provider/complete.h"

static void
fill_row(struct attempt *a, const struct taken *t, size_t i,
    const struct psd_stamp *stamp)
{
	const struct issue_item *item = &a->order->item[i];
	struct stamp_row *row = &a->out->stamp[i];

	*row = (struct stamp_row){.psd = t->here->serial,
	    .piece = t->row.psd.piece_count,
	    .system = a->system.id,
	    .amount = item->request.amount,
	    .mail_date = item->request.mail_date,
	    .len = stamp->len,
	    .sheet = item->request.sheet_serial,
	    .label = item->request.label,
	    .made = worker_ms(a->w)};
	memcpy(row->key, item->request.key, PSD_KEY_BYTES);
	memcpy(row->request, t->row.psd.ring[0].hash, PSD_HASH);
	memcpy(row->indicium, stamp->indicium, stamp->len);
	memcpy(row->cost, item->cost, sizeof(row->cost));
}

static bool
debit_one(struct attempt *a, struct taken *t, size_t i, struct err *e)
{
	const struct issue_item *item = &a->order->item[i];
	struct psd_crypto crypto;
	struct psd_stamp stamp;
	bool changed;

	complete_later(&crypto);
	if (!psd_debit(&t->row.psd, &crypto, worker_today(a->w), &item->request,
		1, &stamp, &changed, e))
		return err_prefix(e, "stamp %zu", i + 1);
	if (!changed)
		return err_set(e, ERR_CORRUPT,
		    "PSD %lu knows a stamp that the database does not: "
		    "postaged audit",
		    (unsigned long)t->here->serial);
	fill_row(a, t, i, &stamp);
	chain_link(t->row.chain, &a->out->stamp[i]);
	memcpy(a->out->stamp[i].chain, t->row.chain, CHAIN_BYTES);
	if (t->first == 0)
		t->first = t->row.psd.piece_count;
	t->sum += item->request.amount;
	return true;
}

static mils
left_in(const struct taken *t)
{
	return t->row.operational && !t->away ? psd_descending(&t->row.psd)
					      : -1;
}

/* The one that got value for this stamp; else the first from the chosen one on
 * that has enough. */
static struct taken *
find_taken(struct attempt *a, size_t i)
{
	mils amount = a->order->item[i].request.amount;
	struct taken *first = NULL;

	for (size_t n = 0; n < a->psds; n++) {
		struct taken *t = &a->psd[(a->chosen + n) % a->psds];

		if (left_in(t) < amount)
			continue;
		if (a->planned[i] == 0 || a->planned[i] == t->here->serial)
			return t;
		if (first == NULL)
			first = t;
	}
	return first;
}

/* One that was taken may issue, or one that was not.  What withheld ones hold is
 * of no use now; other servers know of theirs. */
static bool
any_issues(const struct attempt *a, struct err *e)
{
	for (size_t i = 0; i < a->psds; i++)
		if (a->psd[i].row.operational)
			return true;
	return a->psds < a->listed ||
	       err_set(e, a->elsewhere > 0 ? ERR_ABSENT : ERR_DENIED,
		   "the PSDs of account %s are withheld: ask the provider",
		   a->system.account_name);
}

bool
issue_debit(struct attempt *a, struct err *e)
{
	mils missing = a->sum;

	if (a->fresh == 0)
		return true;
	if (!any_issues(a, e))
		return false;
	for (size_t i = 0; i < a->psds; i++)
		if (left_in(&a->psd[i]) > 0)
			missing -= left_in(&a->psd[i]);
	if (missing > 0)
		return false;
	for (size_t i = 0; i < a->order->count; i++) {
		struct taken *t;

		if (a->known[i])
			continue;
		t = find_taken(a, i);
		if (t == NULL || !debit_one(a, t, i, e))
			return false;
	}
	return true;
}

/* Any that issues: those of an account have the same limits. */
bool
issue_try_debit(struct attempt *a, struct err *e)
{
	const struct taken *t = a->psd;
	uint32_t today = worker_today(a->w);

	if (!any_issues(a, e))
		return false;
	while (!t->row.operational)
		t++;
	for (size_t i = 0; i < a->order->count; i++)
		if (!a->known[i] && !psd_would_issue(&t->row.psd, today,
					&a->order->item[i].request, e))
			return err_prefix(e, "stamp %zu", i + 1);
	return issue_is_held(a, e);
}
