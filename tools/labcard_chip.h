/* SPDX-License-Identifier: Apache-2.0 */
/*
 * labcard_chip: what the lab card has for silicon: memory in a file and crypto
 * of OpenSSL, for vault/card_app.h.
 *
 * The file holds the memory twice (vault/slots.h), so that this program may be
 * killed at any instruction; nothing of it is secret from who can read it, and
 * who can copy it can put an old copy back: a lab's card, not a safe.
 *
 * Order: chip_open(), chip_power() and card_app_exchange() on c->app, and
 * chip_keep() before each answer goes out; chip_close().
 */
#ifndef TOOLS_LABCARD_CHIP_H
#define TOOLS_LABCARD_CHIP_H

#include "vault/card_app.h"
#include "vault/slots.h"

struct chip {
	struct card_app app;
	struct nvm nvm;
	struct card_crypto crypto;
	struct sig_key *key;
	struct slots slots;
	uint8_t memory[CARD_NVM_BYTES];
	bool changed;	 /* since chip_keep() */
	long tear_after; /* power ends within this word's write; 0 = never */
	long words;	 /* written since chip_open() */
	bool dark;	 /* it did: nothing is written any more */
	int signature_ms;
};

/* Opens the card in `path`, and makes it, blank, where it is missing.
 * Errors: ERR_BUSY (another program has it), ERR_CORRUPT, ERR_CONFIG,
 * ERR_SYSTEM. */
MUST_CHECK bool chip_open(struct chip *c, const char *path, struct err *e);
void chip_close(struct chip *c);

void chip_power(struct chip *c);

/* What was written is on the medium.  Errors: ERR_SYSTEM. */
MUST_CHECK bool chip_keep(struct chip *c, struct err *e);

#endif
