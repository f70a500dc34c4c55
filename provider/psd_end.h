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
 *
 * A PSD on a card could issue on, whatever the books say: the card has key and
 * value.  So the transaction that ends it only gives it, in the books, the order
 * to withdraw, behind all that they debited and granted; its card signs and gets
 * all of that in its turn.  What is left goes back when the card has signed that it
 * is at its end, with the registers of the books: a card that was withdrawn issues
 * nothing, for ever.  Without its card the value stays where it is, until a person
 * says that the card is lost.
 */
#ifndef PROVIDER_PSD_END_H
#define PROVIDER_PSD_END_H

#include "provider/store_psd.h"
#include "provider/worker.h"

/* back: what went back to the credit now; waits: what waits for its card. */
struct psd_end {
	mils back, waits;
	bool card; /* there is a card to be told */
};

/* "operational", "withheld", "withdrawn", "revoked", in the caller's transaction.
 * Errors: as store_psd_state_set(); ERR_CORRUPT (its state), ERR_CONFIG (a PSD on a
 * card, and no key of the provider to order it with). */
MUST_CHECK bool psd_end_set(struct worker *w, uint32_t serial,
    const char *state, struct psd_end *out, struct err *e);

/* Revokes a PSD whose card will not come back: what is left goes back without its
 * word.  Likewise.  Errors: likewise; ERR_REQUEST (it is on no card). */
MUST_CHECK bool psd_end_lost(
    struct worker *w, uint32_t serial, struct psd_end *out, struct err *e);

/* Has the card of one that ends do the rest, and gives back what is left; *back = 0:
 * that was done before.  Outside of a transaction.
 * Errors: as signer_follow(), signer_value(); ERR_CORRUPT (its word is not what the
 * books say: nothing goes back). */
MUST_CHECK bool
psd_end_card(struct worker *w, uint32_t serial, mils *back, struct err *e);

/* The same for all whose module this worker has; *count of them.  One whose card is
 * away is left for later. */
MUST_CHECK bool psd_end_pending(struct worker *w, size_t *count, struct err *e);

/* Is this the word of a card with this key that it is at its end, with the registers
 * of its row?  Pure.  Errors: ERR_CORRUPT. */
MUST_CHECK bool
psd_end_proves(const struct psd *row, const uint8_t point[PSD_POINT],
    const uint8_t *receipt, size_t len, struct err *e);

/* For provider/psd_end*.c: the ledger's entry, in the caller's transaction. */
MUST_CHECK bool psd_end_give_back(struct worker *w, uint32_t serial,
    int64_t account, mils amount, struct err *e);

#endif
