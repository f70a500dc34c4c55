/* SPDX-License-Identifier: Apache-2.0 */
/*
 * psd_end: the states of a PSD, and what becomes of its value at its end.
 *
 * A PSD here that is withdrawn or revoked issues nothing any more, so what is
 * left in it, and what it was granted and has not got, goes back to its account's
 * credit, once, in the transaction that ends it.  Its registers stay as they are,
 * for its audit; psd_state.ended says that they count no more.  Stamps that are
 * debited and not signed are signed all the same (complete.h).  Of a PSD in the
 * field nobody knows what is left, until it says so.
 */
#ifndef PROVIDER_PSD_END_H
#define PROVIDER_PSD_END_H

#include "provider/worker.h"

/* "operational", "withheld", "withdrawn", "revoked", in the caller's transaction;
 * *back = what went back to the credit.
 * Errors: as store_psd_state_set(); ERR_CORRUPT (its state). */
MUST_CHECK bool psd_end_set(struct worker *w, uint32_t serial,
    const char *state, mils *back, struct err *e);

#endif
