/* SPDX-License-Identifier: Apache-2.0 */
/*
 * box: a private key's number under AES-256-GCM (NIST SP 800-38D), bound to
 * what it belongs to.  Who has the box's key is the caller's question: a PIN
 * makes it (vault/wrap.h), or a file holds it (provider/signer.h).
 *
 * A nonce is random and new for each box of one key: fewer than 2^32 of them.
 */
#ifndef VAULT_BOX_H
#define VAULT_BOX_H

#include "stamp/sig.h"

#define BOX_KEY	  32
#define BOX_NONCE 12
#define BOX_TAG	  16
#define BOX_BYTES (SIG_SCALAR + BOX_TAG)

struct box_lock {
	const uint8_t *key;   /* BOX_KEY bytes */
	const uint8_t *nonce; /* BOX_NONCE bytes */
	const void *bound;    /* authenticated with the number */
	size_t bound_len;
};

/* Errors: ERR_SYSTEM. */
MUST_CHECK bool box_close(const struct box_lock *lock,
    const uint8_t scalar[SIG_SCALAR], uint8_t box[BOX_BYTES], struct err *e);

/* False where it does not open: another key, bound to something else, or
 * damaged; *scalar is zero then.  The caller erases it else. */
MUST_CHECK bool box_open(const struct box_lock *lock,
    const uint8_t box[BOX_BYTES], uint8_t scalar[SIG_SCALAR]);

#endif
