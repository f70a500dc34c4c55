/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto: lends stamp/sig to a PSD that lives in this computer.
 */
#ifndef VAULT_CRYPTO_H
#define VAULT_CRYPTO_H

#include "stamp/sig.h"
#include "vault/psd.h"

/* `key` is the PSD's private key and must live as long as *out is used; NULL
 * where nothing is signed.  Only signing looks at the context: one who signs
 * elsewhere sets both after this. */
void crypto_init(struct psd_crypto *out, const struct sig_key *key);

/* A public key as the PSD stores it.
 * Errors: ERR_CONFIG (no point of the curve). */
MUST_CHECK bool
crypto_point(const struct sig_key *key, uint8_t out[PSD_POINT], struct err *e);

/* The key that `point` is the public half of.
 * Errors: ERR_CONFIG (no point of the curve). */
MUST_CHECK bool crypto_from_point(
    const uint8_t point[PSD_POINT], struct sig_key **out, struct err *e);

#endif
