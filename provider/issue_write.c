/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes attempts that were debited, one or several that have no row in common.
 */
#include <stdio.h>

#include "provider/issue_own.h"
#include "provider/order.h"
#include "provider/store_ledger.h"

static void
put_stamps(struct store *s, const struct attempt *a)
{
	for (size_t i = 0; i < a->order->count; i++)
		if (!a->known[i])
			store_stamp_put(s, &a->out->stamp[i]);
}

static void
put_psds(struct store *s, const struct attempt *a)
{
	for (size_t i = 0; i < a->psds; i++)
		if (a->psd[i].first != 0)
			store_psd_row_put(s, &a->psd[i].row);
}

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

	snprintf(from, sizeof(from), "psd:%lu", (unsigned long)t->here->serial);
	snprintf(ref, sizeof(ref), "issue:%lu:%lu",
	    (unsigned long)t->here->serial, (unsigned long)t->first);
	store_transfer_row(a->w->store, &x);
}

static void
put_transfers(struct attempt *a)
{
	for (size_t i = 0; i < a->psds; i++)
		if (a->psd[i].first != 0 && a->psd[i].sum != 0)
			put_transfer(a, &a->psd[i]);
}

static void
put_bought(struct store *s, const struct attempt *a)
{
	if (a->order->buys != 0 && a->fresh > 0)
		store_order_bought(s, a->order->buys, worker_ms(a->w),
		    worker_ms(a->w) + ORDER_KEPT_MS);
}

bool
issue_write(
    struct store *s, struct attempt *const *list, size_t count, struct err *e)
{
	for (size_t i = 0; i < count; i++) {
		issue_count(list[i]);
		put_stamps(s, list[i]);
	}
	store_stamp_send(s);
	for (size_t i = 0; i < count; i++)
		put_transfers(list[i]);
	store_transfer_send(s);
	for (size_t i = 0; i < count; i++)
		put_psds(s, list[i]);
	store_psd_row_send(s);
	for (size_t i = 0; i < count; i++)
		store_system_put(s, &list[i]->system);
	store_system_send(s);
	for (size_t i = 0; i < count; i++)
		put_bought(s, list[i]);
	return store_commit(s, e);
}
