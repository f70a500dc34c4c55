/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an attempt has to know: the rows of who asks, and of the PSDs it goes to.
 */
#include <string.h>

#include "provider/issue_own.h"
#include "provider/order.h"
#include "vault/crypto.h"

bool
issue_read_system(struct attempt *a, struct err *e)
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

/* --- reading --------------------------------------------------------------------- */

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

bool
issue_read_known(struct attempt *a, struct err *e)
{
	const struct issue_order *o = a->order;

	a->fresh = 0;
	a->sum = a->free = 0;
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
		a->free += o->item[i].request.amount == 0;
	}
	return true;
}

bool
issue_read_psds(struct attempt *a, struct err *e)
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
	enum store_lock lock = a->trial ? STORE_LOOK : STORE_LOCK;

	store_system_ask(s, a->order->who->id, lock);
	if (a->order->buys != 0)
		store_order_ask(
		    s, a->order->who->id, a->order->buys, worker_ms(a->w));
	for (size_t i = 0; a->look_up && i < a->order->count; i++)
		store_stamp_ask(
		    s, a->order->who->id, a->order->item[i].request.key);
	for (size_t i = 0; i < a->psds; i++)
		store_psd_row_ask(s, a->psd[i].here->serial, lock);
	if (!issue_read_system(a, e) || !read_bought(a, e) ||
	    !issue_read_known(a, e))
		return false;
	a->asked = a->look_up;
	return issue_read_psds(a, e);
}
