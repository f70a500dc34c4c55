/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card_store: the memory of a card (vault/nvm.h): the PSD's state in cells
 * (vault/cells.h), then its key and its certificate, which are written once.
 *
 * Order: card_store_format() once, at manufacture; card_store_load() at each
 * power-up; then the others.  After any error: load again.  No allocation, no
 * operating system.
 */
#ifndef VAULT_CARD_STORE_H
#define VAULT_CARD_STORE_H

#include "vault/cells.h"

#define CARD_KEY_BYTES 32   /* a private key, or the chip's handle of one */
#define CARD_CERT_MAX  1024 /* DER */
#define CARD_CELLS     (PSD_RING + 1)

#define CARD_KEY_CELL  (CARD_KEY_BYTES + 68 + CELL_CHECK)
#define CARD_CERT_CELL (4 + CARD_CERT_MAX + CELL_CHECK)
#define CARD_NVM_BYTES                                            \
	(2 * CORE_CELL + CARD_CELLS * RING_CELL + CARD_KEY_CELL + \
	    CARD_CERT_CELL)

struct card_store {
	struct cells cells;
};

struct card_key {
	uint8_t secret[CARD_KEY_BYTES];
	uint8_t point[PSD_POINT];
};

/* An empty card; `out` is its state, PSD_CREATED.  Errors: ERR_SYSTEM (the
 * memory fails, or is smaller than CARD_NVM_BYTES). */
MUST_CHECK bool
card_store_format(const struct nvm *nvm, struct psd *out, struct err *e);

/* See cells_load(), cells_save(), cells_settle(). */
MUST_CHECK bool card_store_load(struct card_store *s, const struct nvm *nvm,
    struct psd *out, struct err *e);
MUST_CHECK bool
card_store_save(struct card_store *s, const struct psd *p, struct err *e);
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
