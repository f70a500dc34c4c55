/* SPDX-License-Identifier: Apache-2.0 */
/*
 * psd_help: a PSD with keys and a provider for the tests of vault/.
 */
#ifndef TESTS_PSD_HELP_H
#define TESTS_PSD_HELP_H

#include "stamp/sig.h"
#include "vault/download.h"
#include "vault/psd.h"

#define TODAY 20261121

struct bench {
	struct sig_key *key, *provider;
	struct psd_crypto crypto;
	struct psd psd;
};

/* A personalised PSD "XXPS0000000007": stamps of 0.01 to 100.00, at most
 * 2000.00, expires 2029-12-31, audit due 2027-02-28; value 0. */
void bench_open(struct bench *b);
void bench_close(struct bench *b);

/* What bench_open() personalises with. */
void bench_setup(const struct bench *b, struct psd_setup *out);

/* A request of `amount` mils whose key begins with `n`. */
struct psd_request bench_request(uint32_t n, mils amount);

/* The provider's answer to the PSD's next request. */
void bench_answer(const struct bench *b, const struct download_terms *terms,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len);

/* Adds value by request, answer and apply. */
void bench_refill(struct bench *b, mils amount);

/* Debits one stamp; returns psd_debit()'s result. */
bool bench_debit(struct bench *b, const struct psd_request *r,
    struct psd_stamp *out, struct err *e);

#endif
