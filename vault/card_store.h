/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card_store: a PSD's state, its key and its certificate in the memory of a
 * card (vault/nvm.h), so that power may end at any word.
 *
 *	core, twice	sequence number and PSD_CORE_BYTES; the older one is
 *			written, and its checksum, last, makes it the state
 *	ring		one cell for each remembered piece, and one more: the
 *			cell of a new piece never holds one that still counts,
 *			so it is written before the core that counts it
 *	key, certificate	written once
 *
 * A cell is its bytes and a checksum; writing one begins by spoiling the
 * checksum.  So a debit is one cell and one core, about 180 words, and a torn
 * one leaves the state before it.
 *
 * Order: card_store_format() once, at manufacture; card_store_load() at each
 * power-up; then the others.  After any error: load again.  No allocation, no
 * operating system.
 */
#ifndef VAULT_CARD_STORE_H
#define VAULT_CARD_STORE_H

#include "vault/nvm.h"
#include "vault/psd.h"

#define CARD_KEY_BYTES 32   /* a private key, or the chip's handle of one */
#define CARD_CERT_MAX  1024 /* DER */
#define CARD_CELLS     (PSD_RING + 1)
#define CARD_CHECK     4

#define CARD_CORE_CELL (4 + PSD_CORE_BYTES + CARD_CHECK)
#define CARD_RING_CELL (4 + PSD_ENTRY_BYTES + CARD_CHECK)
#define CARD_KEY_CELL  (CARD_KEY_BYTES + 68 + CARD_CHECK)
#define CARD_CERT_CELL (4 + CARD_CERT_MAX + CARD_CHECK)
#define CARD_NVM_BYTES                                                      \
	(2 * CARD_CORE_CELL + CARD_CELLS * CARD_RING_CELL + CARD_KEY_CELL + \
	    CARD_CERT_CELL)

struct card_store {
	const struct nvm *nvm;
	uint32_t sequence; /* of the core that is the state */
	unsigned current;  /* 0 or 1: which it is */
	uint32_t pieces;   /* that the stored state has */
	bool own;	   /* written since power-up */
};

struct card_key {
	uint8_t secret[CARD_KEY_BYTES];
	uint8_t point[PSD_POINT];
};

/* An empty card; `out` is its state, PSD_CREATED.  Errors: ERR_SYSTEM (the
 * memory fails, or is smaller than CARD_NVM_BYTES). */
MUST_CHECK bool
card_store_format(const struct nvm *nvm, struct psd *out, struct err *e);

/* Finds the state; a core that was torn is written again.
 * Errors: ERR_CORRUPT (nothing valid: never from zero again), ERR_SYSTEM. */
MUST_CHECK bool card_store_load(struct card_store *s, const struct nvm *nvm,
    struct psd *out, struct err *e);

/* Makes `p` the state: new pieces, then the core.  Errors: ERR_SYSTEM. */
MUST_CHECK bool
card_store_save(struct card_store *s, const struct psd *p, struct err *e);

/* Before something that was found in the state is told: what power-up found is
 * written once more, so that a weakly written word cannot take it back.
 * Errors: ERR_SYSTEM. */
MUST_CHECK bool
card_store_settle(struct card_store *s, const struct psd *p, struct err *e);

/* The key.  *there = false: none was made.  Errors: ERR_SYSTEM. */
MUST_CHECK bool card_store_put_key(
    struct card_store *s, const struct card_key *key, struct err *e);
MUST_CHECK bool card_store_get_key(const struct card_store *s,
    struct card_key *out, bool *there, struct err *e);

/* The certificate, in pieces: those of one certificate from 0 on without gaps,
 * the last one says so.  `at` is a multiple of NVM_WORD, and so is `len` but in
 * the last.  Errors: ERR_REQUEST (does not fit), ERR_SYSTEM. */
MUST_CHECK bool card_store_put_cert(struct card_store *s, size_t at,
    const uint8_t *bytes, size_t len, bool last, struct err *e);

/* Up to `size` bytes from `at`; *total is its length, 0 where there is none.
 * Errors: ERR_SYSTEM. */
MUST_CHECK bool card_store_get_cert(const struct card_store *s, size_t at,
    uint8_t *out, size_t size, size_t *len, size_t *total, struct err *e);

#endif
