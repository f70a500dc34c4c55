/* SPDX-License-Identifier: Apache-2.0 */
/*
 * button_store: a PSD in the memory of a touch-memory button (vault/nvm.h):
 *
 *	header		what this is, and of which button: the bytes copied to
 *			another are refused
 *	cores, ring	vault/cells.h
 *	key, twice	the one that bears the PIN verifier of the core counts,
 *			so the core's write changes PIN and wrapping as one
 *	certificate	written once
 *
 * Each begins at a page, so that a torn page harms nothing beside it.  The
 * header is written last: before it there is no PSD.  Of the batches that
 * vault_debit() may be given, the ring has room for one beside what it
 * remembers: a batch is one step.
 *
 * Order: button_store_init(); button_store_create() once; button_store_find()
 * or _load() at each visit; then the others.  After any error: load again.
 */
#ifndef VAULT_BUTTON_STORE_H
#define VAULT_BUTTON_STORE_H

#include "stamp/cert.h"
#include "vault/button_link.h"
#include "vault/cells.h"
#include "vault/wrap.h"

/* A family of buttons. */
struct button_kind {
	uint8_t family;
	const char *name;	/* "DS1996" */
	size_t memory, page;	/* bytes */
	uint32_t cells;		/* of the ring; 0: too small for a PSD */
	uint32_t remembers;	/* pieces */
	unsigned counted_pages; /* the last ones, whose writes it counts */
};

/* NULL: not a memory button. */
const struct button_kind *button_kind(const char *rom);

/* The private key as it lies there. */
struct button_key {
	bool wrapped;			/* else it stands bare in key.box */
	struct wrapped key;		/* under the PIN */
	uint8_t verifier[PSD_VERIFIER]; /* of the core that it goes with */
};

struct button_store {
	const struct button_kind *kind;
	char rom[BUTTON_ROM];
	struct cells cells;
	unsigned key_at; /* 0 or 1: the key that counts */
};

/* `kind` has room for a PSD. */
void button_store_init(struct button_store *s, const struct button_kind *kind,
    const char *rom, const struct nvm *nvm);

/* Bytes of the beginning that every change of the state changes. */
size_t button_store_head(const struct button_store *s);

/* The longest certificate, in bytes. */
size_t button_store_cert_max(const struct button_store *s);

enum button_content {
	BUTTON_BLANK,	/* or of an unfinished creation */
	BUTTON_OTHER,	/* somebody else's data */
	BUTTON_POSTAGE, /* a PSD */
	BUTTON_COPY	/* the bytes of another button's PSD */
};

/* By the header alone.  Errors: ERR_SYSTEM (the memory fails). */
MUST_CHECK bool button_store_content(
    const struct button_store *s, enum button_content *out, struct err *e);

/* A new PSD over whatever is there.
 * Errors: ERR_REQUEST (the certificate is too long), ERR_SYSTEM. */
MUST_CHECK bool button_store_create(struct button_store *s,
    const struct psd *psd, const struct button_key *key, const uint8_t *cert,
    size_t cert_len, struct err *e);

/* Finds the state, looks at key and certificate, and writes nothing.
 * Errors: ERR_ABSENT (no PSD), ERR_CORRUPT (a copy, or damaged), ERR_SYSTEM. */
MUST_CHECK bool
button_store_find(struct button_store *s, struct psd *out, struct err *e);

/* After button_store_find(): what a cut left is written again or wiped.
 * Errors: ERR_SYSTEM. */
MUST_CHECK bool
button_store_mend(struct button_store *s, const struct psd *p, struct err *e);

/* Makes `p` the state.  Errors: ERR_SYSTEM. */
MUST_CHECK bool
button_store_save(struct button_store *s, const struct psd *p, struct err *e);

/* Makes `p` and `key` the state, as one; the old key is wiped.
 * Errors: ERR_SYSTEM. */
MUST_CHECK bool button_store_save_key(struct button_store *s,
    const struct psd *p, const struct button_key *key, struct err *e);

/* Errors: ERR_SYSTEM. */
MUST_CHECK bool button_store_key(
    const struct button_store *s, struct button_key *out, struct err *e);

/* `out` holds CERT_MAX.  Errors: ERR_SYSTEM. */
MUST_CHECK bool button_store_cert(
    const struct button_store *s, uint8_t *out, size_t *len, struct err *e);

#endif
