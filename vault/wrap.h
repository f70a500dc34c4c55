/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrap: a private key under a PIN: scrypt makes two keys of the PIN, one for the
 * box that the private key is in, one as the PSD's PIN verifier.  A copy of
 * the file can be tried at scrypt's price only; the PSD's counter stops tries
 * through this program.  Rules: RFC 7914 (scrypt).
 *
 * A new PIN: wrap_fresh(), wrap_derive(), wrap_close().  A PIN that is
 * presented: wrap_derive(), wrap_open().
 */
#ifndef VAULT_WRAP_H
#define VAULT_WRAP_H

#include "stamp/sig.h"
#include "vault/box.h"
#include "vault/psd.h"

#define WRAP_SALT 16
#define PIN_MIN	  4
#define PIN_MAX	  64

struct wrap_keys {
	uint8_t box[BOX_KEY];
	uint8_t verifier[PSD_VERIFIER];
};

struct wrapped {
	uint8_t salt[WRAP_SALT], nonce[BOX_NONCE];
	uint8_t box[BOX_BYTES];
};

/* Fills salt and nonce.  Errors: ERR_SYSTEM. */
MUST_CHECK bool wrap_fresh(struct wrapped *w, struct err *e);

/* About 80 ms.  The caller erases *out.
 * Errors: ERR_REQUEST (PIN too short or long), ERR_SYSTEM. */
MUST_CHECK bool wrap_derive(const char *pin, const struct wrapped *w,
    struct wrap_keys *out, struct err *e);

/* `bound` is authenticated with the key: what it belongs to.
 * Errors: ERR_SYSTEM. */
MUST_CHECK bool
wrap_close(const struct wrap_keys *keys, const void *bound, size_t bound_len,
    const uint8_t scalar[SIG_SCALAR], struct wrapped *w, struct err *e);

/* Errors: ERR_DENIED (wrong PIN, or damaged). */
MUST_CHECK bool
wrap_open(const struct wrap_keys *keys, const void *bound, size_t bound_len,
    const struct wrapped *w, uint8_t scalar[SIG_SCALAR], struct err *e);

#endif
