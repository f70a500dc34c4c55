/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_crl: lists of revoked certificates that were given out.  Nobody takes a
 * revocation back, so that how many there are says which.
 */
#ifndef PROVIDER_STORE_CRL_H
#define PROVIDER_STORE_CRL_H

#include "provider/store.h"

struct crl_row {
	uint32_t number;
	size_t serials; /* on it */
	uint8_t *body;	/* heap */
	size_t len;
	int64_t made;
};

/* The newest; the caller frees out->body. */
MUST_CHECK bool store_crl_newest(
    struct store *s, struct crl_row *out, bool *found, struct err *e);

/* A new one, whose number is the newest's and one; a conflict where somebody
 * else made that. */
MUST_CHECK bool
store_crl_add(struct store *s, const struct crl_row *row, struct err *e);

/* How many certificates are revoked, and their numbers, at most `max`. */
MUST_CHECK bool store_crl_count(struct store *s, size_t *count, struct err *e);
MUST_CHECK bool store_crl_serials(struct store *s, uint32_t *serials,
    size_t max, size_t *count, struct err *e);

#endif
