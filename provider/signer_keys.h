/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signer_keys: the keys that a thread used last, ready to be used again; reading
 * one costs more than a signature.  The one that was not used for longest makes
 * room.
 */
#ifndef PROVIDER_SIGNER_KEYS_H
#define PROVIDER_SIGNER_KEYS_H

#include "provider/signer.h"

#define SIGNER_KEYS_MAX 256

struct signer_keys;

/* `verify`: by them signatures are verified, and no others made.  Errors: ERR_SYSTEM. */
MUST_CHECK bool
signer_keys_new(bool verify, struct signer_keys **out, struct err *e);
void signer_keys_free(struct signer_keys *k); /* erases them; NULL is allowed */

/* The one that was kept for this PSD with these very bytes; NULL: none. */
const struct sig_key *signer_keys_find(
    struct signer_keys *k, const char *id, const struct signer_key *key);

/* Takes over `ready`, in the place of what was kept for this PSD. */
void signer_keys_keep(struct signer_keys *k, const char *id,
    const struct signer_key *key, struct sig_key *ready);

#endif
