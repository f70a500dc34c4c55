/* SPDX-License-Identifier: Apache-2.0 */
/*
 * order: stamps that are priced first, and bought afterwards for that total.
 *
 * A user system places an order under a key of its choice.  All that issuing
 * would refuse is refused now, nothing is debited or reserved, and the order
 * stands for ORDER_LIFE_MS.  It is bought by issue_stamps() with what
 * order_stamps() gives: each stamp has its own key there, so that twice is once.
 * What was dropped is never bought: both lock the user system's row.
 *
 * Functions begin and end their transactions.
 */
#ifndef PROVIDER_ORDER_H
#define PROVIDER_ORDER_H

#include "provider/issue.h"
#include "provider/store_order.h"

#define ORDER_LIFE_MS (15 * 60 * 1000)
#define ORDER_KEPT_MS (24 * 3600 * 1000) /* when it is bought */
#define ORDERS_MAX    32		 /* of a user system, not bought yet */

/* What was placed, and what its account has now. */
struct order {
	struct order_row row;
	mils funds;
	bool other_request; /* failed: a key was used for something else */
};

/* Places the order's stamps; its total and fence are of no meaning.  With a key
 * that the system used for the same stamps before it is that order again.
 * Errors: as issue_quote(); ERR_CORRUPT (the key of another order), ERR_DENIED
 * (too many wait), ERR_ABSENT (not known: ask again with the key). */
MUST_CHECK bool order_place(struct worker *w, const struct issue_order *stamps,
    const uint8_t key[PSD_KEY_BYTES], struct order *out, struct err *e);

/* An order of this system that has not expired.
 * Errors: the store's. */
MUST_CHECK bool order_find(struct worker *w, const struct user_system *who,
    int64_t id, struct order *out, bool *found, struct err *e);

/* The stamps to be issued for it, but who and fence.
 * Errors: ERR_CORRUPT. */
MUST_CHECK bool
order_stamps(const struct order *o, struct issue_order *out, struct err *e);

/* Drops it; *out is what it was.
 * Errors: ERR_REQUEST (it was bought). */
MUST_CHECK bool order_drop(struct worker *w, const struct user_system *who,
    int64_t id, struct order *out, bool *found, struct err *e);

#endif
