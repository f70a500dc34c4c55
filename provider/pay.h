/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pay: money from outside, by one of several drivers (pay_driver.h): "stripe",
 * cards by a processor; "invoice", which an administrator approves.
 *
 * A payment is written down with its key before anybody is asked for it
 * (created), then the driver is asked; its answer, its webhooks and looks at it
 * all end in pay_settle.h, which credits once.  Where the answer was lost the
 * payment stays as it is, and pay_keep() asks again with the same key.
 *
 * A struct pay is one worker's; functions begin and end their transactions.
 */
#ifndef PROVIDER_PAY_H
#define PROVIDER_PAY_H

#include "provider/pay_driver.h"
#include "provider/worker.h"

/* Every driver that is configured.
 * Errors: ERR_CONFIG (a file, a URL). */
MUST_CHECK bool
pay_open(const struct pay_setup *setup, struct pay **out, struct err *e);
void pay_close(struct pay *p); /* NULL is allowed */

/* The driver of this name and its home, where it is configured; NULL: not. */
const struct pay_driver *
pay_driver(const struct worker *w, const char *name, void **home);

/* Begins a payment that a person asked for: at a page (out->url), or by invoice.
 * With a `key` (32 hexadecimal digits) that was used for the same before it is
 * that payment again, and its page.
 * Errors: ERR_REQUEST (driver, no whole cents, a key of another payment),
 * ERR_ABSENT (not known whether the processor has it: ask again with the key). */
struct pay_order {
	int64_t account;
	const char *driver, *key; /* key "": a new one */
	mils amount;
};
struct pay_begun {
	struct payment payment;
	char url[PAY_URL];
};
MUST_CHECK bool pay_begin(struct worker *w, const struct pay_order *order,
    struct pay_begun *out, struct err *e);

/* Applies what was heard to payment `id`, or, with 0, to the one it is of; *out =
 * that payment, NULL: not wanted.  What is of nobody here is left alone. */
MUST_CHECK bool
pay_hear(struct worker *w, const struct pay_driver *driver, int64_t id,
    const struct pay_said *said, struct payment *out, struct err *e);

/* Automatic: charges the account's saved card for what it has ordered, so that its
 * credit comes to at least `want`, where it is set so (add_below, add_amount), and
 * waits for it a few seconds; one at a time for an account, which all who need it
 * wait for, if there is a place (worker.h).  *added = 0: not set, no card, or it owes.
 * Errors: ERR_FUNDS (declined, and why), ERR_ABSENT (it takes longer, or there is
 * no place to wait: the payment is written, and the keeper goes on with it). */
MUST_CHECK bool pay_auto(
    struct worker *w, int64_t account, mils want, mils *added, struct err *e);

/* A round of the keeper: asks again for what is open, charges accounts whose
 * credit fell below their line. */
MUST_CHECK bool pay_keep(struct worker *w, struct err *e);

/* By hand: an administrator says what became of a payment. */
enum pay_hand { PAY_APPROVE, PAY_REJECT, PAY_GONE_BACK };
MUST_CHECK bool pay_by_hand(struct worker *w, int64_t id, enum pay_hand what,
    struct payment *out, struct err *e);

/* --- between provider/pay*.c ------------------------------------------------------- */

/* A new one of `p` with its key, in the caller's transaction.
 * Errors: as store_payment_add(). */
MUST_CHECK bool
pay_write_new(struct worker *w, struct payment *p, struct err *e);
/* Asks the driver for a payment that is written, and applies what it says.
 * `first`: it was never asked before, so what was not sent has failed.
 * Errors: ERR_ABSENT. */
MUST_CHECK bool pay_ask(struct worker *w, struct payment *p, bool first,
    char url[PAY_URL], struct err *e);
/* A payment for `account` is written if one is due now, as its credit is below
 * `want`, or, with 0, below its line; *due: none is, or one is under way (out->id),
 * or there is enough (out->amount) by now.
 * Errors: ERR_FUNDS (declined, too short a time ago). */
MUST_CHECK bool pay_auto_write(struct worker *w, int64_t account, mils want,
    struct payment *out, bool *due, struct err *e);

#endif
