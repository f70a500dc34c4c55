/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card_app: the application of a postage card: commands in, answers out, over
 * the PSD of vault/psd.h.  Portable C without allocation, operating system or
 * clock: it runs in a secure element as in `postage-labcard`.
 *
 * The host gives it memory (vault/nvm.h) and crypto; a port does nothing else.
 * Order: card_app_power() at each power-up or reset, then card_app_exchange()
 * for each command.  Every command changes the memory by whole steps: power may
 * end at any word, and the command given again ends it.  Signatures go out
 * after the memory has the debit.
 *
 * Without a clock (`clock`) the card takes for today the latest mail date that
 * it was asked for among its remembered pieces.  Commands: vault/card_apdu.h.
 */
#ifndef VAULT_CARD_APP_H
#define VAULT_CARD_APP_H

#include "vault/card_apdu.h"
#include "vault/card_store.h"

/* The crypto that the chip lends. */
struct card_crypto {
	struct psd_crypto psd; /* signs with the key of use_key() */
	/* Makes a key pair; key->secret is what use_key() needs. */
	bool (*generate)(void *context, struct card_key *key);
	bool (*use_key)(void *context, const struct card_key *key);
	bool (*random)(void *context, uint8_t *out, size_t len);
};

struct card_app {
	const struct nvm *nvm;
	const struct card_crypto *crypto;
	bool t0; /* T=0: answers to commands with data wait to be fetched */
	uint32_t clock; /* today, YYYYMMDD, where the chip knows it; or 0 */

	struct card_store store;
	struct psd psd;
	bool sound; /* the state was found */
	bool has_key;
	bool selected; /* since power-up */
	uint8_t held[CARD_REPLY_MAX];
	size_t held_len; /* waits for GET RESPONSE */
};

/* Power comes, or a reset: forgets what is not in the memory. */
void card_app_power(struct card_app *a);

/* One command; the answer, its status word with it, is *out_len bytes of
 * CARD_REPLY_MAX + 2 in `out`.  Any bytes may come in. */
void card_app_exchange(struct card_app *a, const uint8_t *in, size_t in_len,
    uint8_t *out, size_t *out_len);

#endif
