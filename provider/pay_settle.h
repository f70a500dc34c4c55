/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pay_settle: what becomes of a payment by what is heard of it.
 *
 * Whoever hears something (the answer of who asked, a webhook, a look) comes
 * here, in one transaction with the payment's row locked.  Its state decides what
 * is news, so it does not matter how often and in which order things are told:
 * the credit is given once.
 */
#ifndef PROVIDER_PAY_SETTLE_H
#define PROVIDER_PAY_SETTLE_H

#include "provider/pay_driver.h"

/* Applies `said` to the payment that it is of, by its number `id`, or (0) by what
 * is said of it, and keeps the method.  *out = the payment now; not *found: it is
 * none of ours.  Begins and ends its transaction.
 * Errors: the store's; ERR_BUSY, ERR_ABSENT and store_in_doubt(): to be heard
 * again. */
struct pay_heard {
	const struct pay_driver *driver;
	const struct pay_said *said;
	int64_t id, now;
};
MUST_CHECK bool pay_settle(struct store *s, const struct pay_heard *heard,
    struct payment *out, bool *found, struct err *e);

/* The name of what a person says of it. */
void pay_hand_ref(const struct payment *p, char out[PAY_REF]);

#endif
