/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/psd_end.h"

#include <stdio.h>
#include <string.h>

#include "provider/store_admin.h"
#include "provider/store_ledger.h"
#include "provider/store_psd.h"

static bool
is_end(const char *state)
{
	return strcmp(state, "withdrawn") == 0 || strcmp(state, "revoked") == 0;
}

static bool
give_back(
    struct worker *w, const struct psd_record *psd, mils amount, struct err *e)
{
	char from[32], to[32], ref[32];
	struct transfer t = {.kind = "unload",
	    .from = from,
	    .to = to,
	    .ref = ref,
	    .amount = amount,
	    .made = worker_ms(w)};
	unsigned long serial = psd->here.serial;

	snprintf(from, sizeof(from), "psd:%lu", serial);
	snprintf(to, sizeof(to), "credit:%lld", (long long)psd->here.account);
	snprintf(ref, sizeof(ref), "unload:%lu", serial);
	store_transfer_put(w->store, &t);
	store_credit_give(w->store, psd->here.account, amount);
	return store_flush(w->store, e);
}

static bool
end(struct worker *w, const struct psd_row *row, mils *back, struct err *e)
{
	struct psd_record psd;
	bool found;
	mils waits;

	if (!store_psd_find(w->store, row->psd.serial, &psd, &found, e) ||
	    !store_download_end(w->store, row->psd.serial, &waits, e) ||
	    !store_psd_end(w->store, row->psd.serial, e))
		return false;
	*back = psd_descending(&row->psd) + waits;
	return *back == 0 || give_back(w, &psd, *back, e);
}

/* Who debits or grants has its row locked, and sees there that it has ended. */
bool
psd_end_set(struct worker *w, uint32_t serial, const char *state, mils *back,
    struct err *e)
{
	struct psd_row row;
	bool here;

	*back = 0;
	store_psd_row_ask(w->store, serial, STORE_LOCK);
	if (!store_psd_row_get(w->store, &row, &here, e) ||
	    !store_psd_state_set(w->store, serial, state, e))
		return false;
	return !here || row.ended || !is_end(state) || end(w, &row, back, e);
}
