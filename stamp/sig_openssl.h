/* SPDX-License-Identifier: Apache-2.0 */
/* sig_openssl: what stamp/sig.c and stamp/cert*.c share of OpenSSL. */
#ifndef STAMP_SIG_OPENSSL_H
#define STAMP_SIG_OPENSSL_H

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "stamp/cert.h"
#include "stamp/sig.h"

struct sig_table;

struct sig_key {
	EVP_PKEY *pkey;
	struct sig_table *table; /* NULL: few are expected */
	bool private;
	uint8_t guard[SIG_SHA256]; /* of the private number, as it was read */
};

struct cert {
	X509 *x509;
	struct sig_key *key;
	enum cert_rank rank;
	char name[CERT_NAME_MAX], id[CERT_ID_MAX];
	uint32_t serial, not_before, not_after;
};

/* Takes over `x509`, also on failure.  Errors: ERR_CONFIG. */
MUST_CHECK bool cert_adopt(X509 *x509, struct cert **out, struct err *e);

/* Sets an ASN.1 time to YYYYMMDD and "hhmmss". */
MUST_CHECK bool
cert_set_time(ASN1_TIME *t, uint32_t yyyymmdd, const char *hhmmss);

/* Takes over `pkey`, also on failure.  Errors: ERR_CONFIG (not P-256). */
MUST_CHECK bool
sig_adopt(EVP_PKEY *pkey, bool private, struct sig_key **out, struct err *e);

/* The private number, for BN_clear_free(), if it is what it was. */
MUST_CHECK bool sig_private(const struct sig_key *key, BIGNUM **out);

void sig_table_free(struct sig_table *t); /* NULL is allowed */
MUST_CHECK bool sig_table_verify(
    const struct sig_table *t, const struct sig_signed *list, size_t count);

/* Sets the error with OpenSSL's own reason behind; empties its queue. */
bool sig_failed(struct err *e, enum err_kind kind, const char *what);

#endif
