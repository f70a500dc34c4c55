/* SPDX-License-Identifier: Apache-2.0 */
/*
 * follow: has a device with a PSD of its own debit what its provider's books
 * have debited before.
 *
 * Both are the same state machine (vault/psd.h), so the books know every byte
 * that the device will sign.  It debits the same pieces in the same order, value
 * comes in where the bytes say that the books had it, and its bytes have to be
 * those of the books: then its signature is the stamp's.  The books are right:
 * a device that says otherwise signs nothing more.
 *
 * A piece that is asked for again is answered from the device's ring.  So the
 * caller begins with the first piece of which he has no signature, and keeps the
 * signatures of one call before he comes with the next ones: half of the ring is
 * then enough, however many callers there are and whatever is cut off.
 */
#ifndef VAULT_FOLLOW_H
#define VAULT_FOLLOW_H

#include "vault/vault.h"

#define FOLLOW_MAX PSD_BATCH_MAX

struct follow_piece {
	uint32_t piece;
	const uint8_t *message; /* the indicium without its signature */
	size_t len;
	uint8_t sig[INDICIUM_SIGNATURE]; /* out */
};

/* Gives the answer of this number (vault/message.h); the device is not held
 * meanwhile. */
struct follow_books {
	bool (*answer)(void *context, uint32_t sequence,
	    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e);
	void *context;
};

/* Signs `count` (1 to FOLLOW_MAX) pieces, one behind the other.  Those before the
 * one that fails may be signed: ask again.
 * Errors: ERR_CORRUPT (the device has done something else than the books, or is
 * beyond what it remembers: look into the books again before believing it),
 * ERR_DENIED (PIN, life cycle, expiry), as vault_debit_next(), answer(). */
MUST_CHECK bool follow_sign(struct vault *v, const struct follow_books *books,
    struct follow_piece *pieces, size_t count, struct err *e);

/* Gives a device that has issued all pieces of the books the value, and the orders,
 * that they had behind those, up to answer `sequence`; *receipt is its word on that
 * one, and asked for again the same.
 * Errors: ERR_CORRUPT (it refuses, or was given more), ERR_BUSY (others are at
 * work on it: ask again), as vault_download_apply(), answer(). */
MUST_CHECK bool follow_value(struct vault *v, const struct follow_books *books,
    uint32_t sequence, uint8_t receipt[PSD_MESSAGE_MAX], size_t *len,
    struct err *e);

/* What the books were asked for, and what the PSD held in all then, from the
 * bytes; asked for again it gives the same bytes.  Its key is the device's own
 * for this piece.  Pure.  Errors: ERR_CORRUPT (no indicium of ours). */
struct follow_request {
	struct psd_request request;
	mils ascending, control_total; /* after it */
};
MUST_CHECK bool follow_read(const struct follow_piece *piece,
    struct follow_request *out, struct err *e);

#endif
