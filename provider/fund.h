/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fund: moves value from an account's credit into one of its PSDs here.
 *
 * It is a value download as that of a card (vault/psd.h): the PSD's signed
 * request with its sequence number, one answer for each number, which is written
 * in the transaction that takes the credit, then applied.  So it happens once,
 * whatever is killed, and an answer that was not applied is applied by the next
 * one who looks, or by fund_pending().
 */
#ifndef PROVIDER_FUND_H
#define PROVIDER_FUND_H

#include "provider/store_psd.h"
#include "provider/store_system.h"
#include "provider/worker.h"

/* Moves at least `need` if the credit has it, else nothing; more, up to the
 * account's `load`, if it is there.  FUND_CHANGED: something came in, by this or
 * by somebody else at the same time: look again.  FUND_SHORT: the credit, or the
 * room in the PSD's register, is less than `need`.  A PSD that is not in operation
 * gets nothing.
 * Outside of a transaction.
 * Errors: as signer_sign(), the store's. */
enum funded { FUND_CHANGED, FUND_SHORT };
MUST_CHECK bool fund_psd(struct worker *w, const struct user_system *u,
    const struct psd_here *psd, mils need, enum funded *end, struct err *e);

/* What a PSD whose module follows would ask for, by its row: nobody signs it. */
struct download_request;
MUST_CHECK bool fund_ask_row(const struct psd *row, mils amount,
    struct download_request *out, struct err *e);

/* What a crash left: applies what was granted more than `age_ms` ago; *count of
 * them.  It needs no module.
 * Errors: the store's. */
MUST_CHECK bool
fund_pending(struct worker *w, int64_t age_ms, size_t *count, struct err *e);

/* An account that a payment came back from is locked with this reason, until what
 * it owes is paid. */
#define FUND_RETURNED "a payment was returned"

/* Money from outside onto an account's credit, once for each `ref`, in the
 * caller's transaction: *fresh = false where it was there already.  What the
 * account owes is paid of it first.
 * `from`: the ledger's account, "invoice", "processor".
 * Errors: ERR_REQUEST (amount, account). */
struct payment_in {
	int64_t account;
	mils amount;
	const char *kind; /* of the transfer; NULL: "payment" */
	const char *from, *ref;
	int64_t made;
};
MUST_CHECK bool fund_credit(
    struct store *s, const struct payment_in *in, bool *fresh, struct err *e);

#endif
