/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cells: a PSD's state in a memory that is written by words (vault/nvm.h), so
 * that power may end at any word.
 *
 *	core, twice	sequence number and PSD_CORE_BYTES; the older one is
 *			written, and its checksum, last, makes it the state
 *	ring		one cell for each piece that is remembered, and spare
 *			ones: the cell of a new piece never holds one that still
 *			counts, so it is written before the core that counts it
 *
 * A cell is its bytes and a checksum; writing one begins by spoiling the
 * checksum.  So a debit is one cell and one core, about 180 words, and a torn
 * one leaves the state before it.  With as many spare cells as a batch has
 * stamps a whole batch is one such step.
 *
 * Order: cells_format() once; cells_load() whenever power came; then the
 * others.  After any error: load again.  No allocation, no operating system.
 */
#ifndef VAULT_CELLS_H
#define VAULT_CELLS_H

#include "vault/nvm.h"
#include "vault/psd.h"

#define CELL_CHECK 4
#define CORE_CELL  (4 + PSD_CORE_BYTES + CELL_CHECK)
#define RING_CELL  (4 + PSD_ENTRY_BYTES + CELL_CHECK)

struct cells {
	/* The caller's: where it is. */
	const struct nvm *nvm;
	const char *home;   /* "card": for messages */
	size_t at;	    /* the cores, then the ring */
	size_t unit;	    /* cells begin at its multiples; NVM_WORD or more */
	uint32_t count;	    /* cells of the ring */
	uint32_t remembers; /* the others are spare: as many as one save adds */
	/* Found by cells_load(). */
	uint32_t sequence; /* of the core that is the state */
	unsigned current;  /* 0 or 1: which it is */
	uint32_t pieces;   /* that the stored state has */
	bool torn;	   /* the other core is not valid */
	bool own;	   /* written since it was loaded */
};

/* Bytes that cores and ring take. */
size_t cells_size(const struct cells *s);

/* No PSD: *out is PSD_CREATED, as if loaded.
 * Errors: ERR_SYSTEM (the memory fails). */
MUST_CHECK bool cells_format(struct cells *s, struct psd *out, struct err *e);

/* Finds the state and writes nothing.
 * Errors: ERR_CORRUPT (nothing valid: never from zero again), ERR_SYSTEM. */
MUST_CHECK bool cells_find(struct cells *s, struct psd *out, struct err *e);

/* The same; a core that was torn is written again. */
MUST_CHECK bool cells_load(struct cells *s, struct psd *out, struct err *e);

/* Makes `p` the state: new pieces, then the core.
 * Errors: ERR_SYSTEM (also more new pieces than there are spare cells). */
MUST_CHECK bool cells_save(struct cells *s, const struct psd *p, struct err *e);

/* Before something that was found in the state is told: what power-up found is
 * written once more, so that a weakly written word cannot take it back.
 * Errors: ERR_SYSTEM. */
MUST_CHECK bool
cells_settle(struct cells *s, const struct psd *p, struct err *e);

/* --- one cell, of `cell` bytes with its check word -------------------------- */

/* These are false where the memory fails. */

/* The checksum then fits nothing of it. */
MUST_CHECK bool cell_spoil(const struct nvm *nvm, size_t at, size_t cell);
/* Of the bytes that are there. */
MUST_CHECK bool cell_seal(const struct nvm *nvm, size_t at, size_t cell);
/* `bytes` are all but the check word. */
MUST_CHECK bool
cell_write(const struct nvm *nvm, size_t at, const uint8_t *bytes, size_t cell);
/* *valid: the checksum fits. */
MUST_CHECK bool cell_read(
    const struct nvm *nvm, size_t at, uint8_t *bytes, size_t cell, bool *valid);
/* The same, where the bytes are not wanted or are too many at once. */
MUST_CHECK bool
cell_check(const struct nvm *nvm, size_t at, size_t cell, bool *valid);

/* A word as the cells have it: least significant byte first. */
void cell_put_word(uint8_t out[NVM_WORD], uint32_t value);
uint32_t cell_get_word(const uint8_t in[NVM_WORD]);

#endif
