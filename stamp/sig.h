/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sig: ECDSA over P-256 with SHA-256, and the hashes.
 *
 * A signature is 64 raw bytes, r then s, 32 bytes each, big endian.  A key is
 * private (signs and verifies) or public (verifies).  Keys live on OpenSSL's
 * heap; sig_free() erases them.
 */
#ifndef STAMP_SIG_H
#define STAMP_SIG_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define SIG_BYTES     64
#define SIG_SHA256    32
#define SIG_SCALAR    32  /* a private key's number alone */
#define SIG_KEY_MAX   256 /* bytes enough for either DER form */
#define SIG_LITE_HASH 6

struct sig_key;

MUST_CHECK bool sig_generate(struct sig_key **out, struct err *e);

/* Does now what OpenSSL does at its first use in a process, a millisecond or
 * two, for one who is not in a hurry yet. */
void sig_prepare(void);

/* Reads a private key: PKCS#8 or SEC 1, DER or PEM, without a passphrase; or
 * a public key: SubjectPublicKeyInfo, DER or PEM.
 * Errors: ERR_CONFIG (not a key, or not on P-256). */
MUST_CHECK bool sig_load_private(
    const void *bytes, size_t len, struct sig_key **out, struct err *e);
MUST_CHECK bool sig_load_public(
    const void *bytes, size_t len, struct sig_key **out, struct err *e);

/* The same from a file.  Errors: also ERR_SYSTEM. */
MUST_CHECK bool
sig_read_private(const char *path, struct sig_key **out, struct err *e);

/* PKCS#8 and SubjectPublicKeyInfo, DER.  The caller erases what it got. */
MUST_CHECK bool sig_store_private(const struct sig_key *key, uint8_t *out,
    size_t size, size_t *len, struct err *e);
MUST_CHECK bool sig_store_public(const struct sig_key *key, uint8_t *out,
    size_t size, size_t *len, struct err *e);

/* The bare number of a private key, big endian, for places where every byte
 * counts, and back.  Errors: ERR_CONFIG (0 or not below the order). */
MUST_CHECK bool sig_store_scalar(
    const struct sig_key *key, uint8_t out[SIG_SCALAR], struct err *e);
MUST_CHECK bool sig_load_scalar(
    const uint8_t in[SIG_SCALAR], struct sig_key **out, struct err *e);

/* NULL is allowed. */
void sig_free(struct sig_key *key);

/* Errors: ERR_SYSTEM (no random numbers, no memory), ERR_CONFIG (public key). */
MUST_CHECK bool sig_sign(const struct sig_key *key, const void *msg, size_t len,
    uint8_t out[SIG_BYTES], struct err *e);

/* True only if `sig` is this key's signature over `msg`. */
MUST_CHECK bool sig_verify(const struct sig_key *key, const void *msg,
    size_t len, const uint8_t sig[SIG_BYTES]);

#define SIG_LIST_MAX 128
struct sig_signed {
	const void *msg;
	size_t len;
	const uint8_t *sig;
};

/* True only if each is; also of none.  A table makes it faster, and several in one
 * list faster again. */
MUST_CHECK bool sig_verify_all(
    const struct sig_key *key, const struct sig_signed *list, size_t count);

/* Many signatures of this key will be verified: from now on each takes less than
 * half the time, in lists a third.  It takes 22 ms and 150 KB, and this key is
 * nobody else's meanwhile. */
void sig_expect_many(struct sig_key *key);

/* As sig_verify_all(), of 1 to SIG_LIST_MAX signatures that this private key has just
 * made, in a third of the time; false too if the key has changed in memory. */
MUST_CHECK bool sig_verify_own(
    const struct sig_key *key, const struct sig_signed *list, size_t count);

/* True if both are the same key (their public halves). */
bool sig_same(const struct sig_key *a, const struct sig_key *b);

void sig_sha256(const void *msg, size_t len, uint8_t out[SIG_SHA256]);

/* HMAC-SHA-256. */
MUST_CHECK bool sig_hmac(const void *key, size_t key_len, const void *msg,
    size_t len, uint8_t out[SIG_SHA256], struct err *e);

/* ibi-lite's keyed hash: HMAC-SHA-256, its first 6 bytes. */
MUST_CHECK bool sig_lite_hash(const void *key, size_t key_len, const void *msg,
    size_t len, uint8_t out[SIG_LITE_HASH], struct err *e);

#endif
