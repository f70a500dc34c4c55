/* SPDX-License-Identifier: Apache-2.0 */
/*
 * button_memory: a button's memory as an nvm, of which as little as possible is
 * read and written: a second of the bus is a kilobyte read, or 16 pages
 * written.
 *
 * It keeps what it read.  The head of the memory, which every change of the
 * state changes, is read at each visit; where it is as before, so is the rest.
 * Pages of the head that have their bytes already are not written.  What was
 * written is read back: a button that lost a page says so at once.
 */
#ifndef VAULT_BUTTON_MEMORY_H
#define VAULT_BUTTON_MEMORY_H

#include "vault/button_store.h"

#define BUTTON_MEMORY_MAX 32704

struct button_memory {
	struct nvm nvm; /* over this */
	struct button_link *link;
	const struct button_kind *kind;
	char rom[BUTTON_ROM];
	size_t head;
	bool known; /* `bytes` is the button's memory */
	/* Pages of the head are written even where they have their bytes: a cut
	 * one may read so for now. */
	bool thorough;
	struct err why; /* the last error of a read or write through `nvm` */
	uint8_t bytes[BUTTON_MEMORY_MAX];
};

/* `link` may be NULL until button_memory_look(). */
void button_memory_init(
    struct button_memory *m, const struct button_kind *kind, const char *rom);

/* The button is there, and this is its memory; `again`: all of it, whatever is
 * known.  Errors: as button_link_read(). */
MUST_CHECK bool
button_memory_look(struct button_memory *m, bool again, struct err *e);

#endif
