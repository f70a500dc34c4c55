/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/psd_end.h"

#include <stdio.h>
#include <string.h>

#include "provider/complete.h"
#include "provider/fund.h"
#include "provider/store_admin.h"
#include "provider/store_ledger.h"
#include "vault/download.h"

static bool
is_end(const char *state)
{
	return strcmp(state, "withdrawn") == 0 || strcmp(state, "revoked") == 0;
}

bool
psd_end_give_back(struct worker *w, uint32_t serial, int64_t account,
    mils amount, struct err *e)
{
	char from[32], to[32], ref[32];
	struct transfer t = {.kind = "unload",
	    .from = from,
	    .to = to,
	    .ref = ref,
	    .amount = amount,
	    .made = worker_ms(w)};

	if (amount == 0)
		return true;
	snprintf(from, sizeof(from), "psd:%lu", (unsigned long)serial);
	snprintf(to, sizeof(to), "credit:%lld", (long long)account);
	snprintf(ref, sizeof(ref), "unload:%lu", (unsigned long)serial);
	store_transfer_put(w->store, &t);
	store_credit_give(w->store, account, amount);
	return store_flush(w->store, e);
}

/* --- keys here ------------------------------------------------------------------ */

static bool
end(struct worker *w, const struct psd_row *row, const struct psd_here *here,
    mils *back, struct err *e)
{
	mils waits;

	if (!store_download_end(w->store, here->serial, &waits, e) ||
	    !store_psd_end(w->store, here->serial, NULL, 0, e))
		return false;
	*back = psd_descending(&row->psd) + waits;
	return psd_end_give_back(w, here->serial, here->account, *back, e);
}

/* --- on a card ------------------------------------------------------------------- */

static bool
apply(struct worker *w, struct psd *p, const struct download *d, struct err *e)
{
	uint8_t receipt[PSD_MESSAGE_MAX];
	struct psd_crypto crypto;
	bool changed;
	size_t len;

	complete_later(&crypto);
	if (!psd_download_apply(p, &crypto, d->answer, d->answer_len, receipt,
		&len, &changed, e))
		return false;
	store_download_applied(w->store, d->psd, d->sequence);
	return store_flush(w->store, e);
}

/* What was granted and has not come: its answer is signed, and its number used. */
static bool
apply_granted(struct worker *w, struct psd *p, struct err *e)
{
	struct download d;
	bool found;

	do {
		if (!store_download_find(w->store, p->serial,
			p->download_sequence + 1, &d, &found, e) ||
		    (found && !apply(w, p, &d, e)))
			return false;
	} while (found);
	return true;
}

static bool
order_end(struct worker *w, struct psd *p, int64_t account, struct err *e)
{
	struct download_terms terms = {
	    .orders = ORDER_WITHDRAW, .audit_due = p->audit_due};
	struct download d = {.psd = p->serial,
	    .sequence = p->download_sequence + 1,
	    .account = account,
	    .orders = ORDER_WITHDRAW,
	    .made = worker_ms(w)};
	struct download_request request;

	if (w->provider->answer_key == NULL)
		return err_set(e, ERR_CONFIG,
		    "a card is told by the provider's signature: say --config "
		    "FILE of a processing server before the verb");
	if (!fund_ask_row(p, 0, &request, e) ||
	    !download_make_answer(&request, &terms, w->provider->answer_key,
		d.answer, &d.answer_len, e))
		return false;
	store_download_put(w->store, &d);
	return apply(w, p, &d, e);
}

static bool
begin_end(struct worker *w, struct psd_row *row, const struct psd_here *here,
    mils *waits, struct err *e)
{
	if (!apply_granted(w, &row->psd, e) ||
	    !order_end(w, &row->psd, here->account, e))
		return false;
	store_psd_row_put(w->store, row);
	store_psd_row_send(w->store);
	*waits = psd_descending(&row->psd);
	return store_psd_end_waits(w->store, here->serial, e);
}

/* --- states ---------------------------------------------------------------------- */

static bool
read_psd(struct worker *w, uint32_t serial, struct psd_row *row, bool *here,
    struct psd_record *psd, struct err *e)
{
	bool found;

	store_psd_row_ask(w->store, serial, STORE_LOCK);
	return store_psd_row_get(w->store, row, here, e) &&
	       store_psd_find(w->store, serial, psd, &found, e);
}

/* Who debits or grants has its row locked, and sees there that it has ended. */
bool
psd_end_set(struct worker *w, uint32_t serial, const char *state,
    struct psd_end *out, struct err *e)
{
	struct psd_record psd;
	struct psd_row row;
	bool here;

	*out = (struct psd_end){.back = 0};
	if (!read_psd(w, serial, &row, &here, &psd, e) ||
	    !store_psd_state_set(w->store, serial, state, e))
		return false;
	if (!here || row.ended || !is_end(state))
		return true;
	out->card = psd.here.card;
	if (row.ending)
		out->waits = psd_descending(&row.psd);
	else if (psd.here.card)
		return begin_end(w, &row, &psd.here, &out->waits, e);
	return row.ending || end(w, &row, &psd.here, &out->back, e);
}

bool
psd_end_lost(
    struct worker *w, uint32_t serial, struct psd_end *out, struct err *e)
{
	struct psd_record psd;
	struct psd_row row;
	bool here;

	if (!psd_end_set(w, serial, "revoked", out, e) ||
	    !read_psd(w, serial, &row, &here, &psd, e))
		return false;
	if (!here || !psd.here.card)
		return err_set(e, ERR_REQUEST,
		    "PSD %lu is on no card of this provider's servers",
		    (unsigned long)serial);
	if (row.ended)
		return true;
	*out = (struct psd_end){.back = out->waits};
	return store_psd_end(w->store, serial, NULL, 0, e) &&
	       psd_end_give_back(w, serial, psd.here.account, out->back, e);
}
