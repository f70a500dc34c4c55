/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card_help: a postage card whose memory is here, and can lose its power at
 * any word.
 */
#ifndef TESTS_CARD_HELP_H
#define TESTS_CARD_HELP_H

#include <setjmp.h>

#include "tests/psd_help.h"
#include "vault/card_app.h"

/* What a torn word holds. */
enum tear {
	TEAR_OLD, /* the old bits */
	TEAR_NEW, /* the new bits */
	TEAR_BIT  /* the old ones, but one of those that differ */
};

struct card_bench {
	struct sig_key *key, *provider;
	uint8_t secret[CARD_KEY_BYTES]; /* that `key` was made of */
	struct card_crypto crypto;
	struct nvm nvm;
	struct card_app app;
	uint8_t memory[CARD_NVM_BYTES];
	long writes;  /* words until now */
	long tear_at; /* power ends in this word's write; -1 = never */
	enum tear tear;
	unsigned tear_bit; /* of those that differ, from 0 */
	bool torn;	   /* the word was left as `tear` says */
	jmp_buf dark;
	uint8_t reply[CARD_REPLY_MAX + 2];
	size_t reply_len; /* without the status word */
};

/* A card as it comes from the factory: formatted, without a key. */
void card_bench_open(struct card_bench *c);
void card_bench_close(struct card_bench *c);

/* Key, certificate of `cert_len` bytes, the identity of psd_help.h. */
void card_bench_personalise(struct card_bench *c, size_t cert_len);

/* Powers up and selects; returns SELECT's status word. */
uint16_t card_bench_power(struct card_bench *c);

/* A command with data and an Le of 256; returns its status word, the answer in
 * c->reply. */
uint16_t card_bench_send(struct card_bench *c, unsigned cla_ins, unsigned p1p2,
    const void *data, size_t len);

/* Both, where power ends as c->tear_at says: false, and the card is dark until
 * card_bench_power(). */
bool card_bench_try_power(struct card_bench *c);

bool card_bench_try(struct card_bench *c, unsigned cla_ins, unsigned p1p2,
    const void *data, size_t len, uint16_t *word);

void card_bench_status(struct card_bench *c, struct psd_status *out);

/* The provider's answer to the card's next request. */
void card_bench_answer(struct card_bench *c, const struct download_terms *terms,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len);
void card_bench_refill(struct card_bench *c, mils amount);

#endif
