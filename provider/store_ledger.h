/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_ledger: double entry.  Each transfer takes from one account of the ledger
 * what it gives to another (the schema names them); a transfer happens once for
 * each `ref`.  Beside it stands the credit of an account, which is what the
 * ledger's transfers to and from "credit:N" come to.
 */
#ifndef PROVIDER_STORE_LEDGER_H
#define PROVIDER_STORE_LEDGER_H

#include "base/mils.h"
#include "provider/store.h"

/* Sends a transfer; a second one with its `ref` is a conflict. */
struct transfer {
	const char *kind, *from, *to, *ref;
	mils amount;
	int64_t made;
};
void store_transfer_put(struct store *s, const struct transfer *t);
/* Several: each row, nothing else between, then they are sent. */
void store_transfer_row(struct store *s, const struct transfer *t);
void store_transfer_send(struct store *s);

/* Is there one with this `ref`? */
MUST_CHECK bool store_transfer_known(
    struct store *s, const char *ref, bool *known, struct err *e);

/* Takes `amount` from an account's credit; the result's store_changed() is 0
 * where it has less. */
void store_credit_take(struct store *s, int64_t account, mils amount);
void store_credit_give(struct store *s, int64_t account, mils amount);

#endif
