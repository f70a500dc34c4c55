/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/sig.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/durable.h"
#include "stamp/sig_openssl.h"

#define SIG_DER_MAX  80 /* 2 integers of 33 bytes in a sequence */
#define SIG_FILE_MAX 8192

bool
sig_failed(struct err *e, enum err_kind kind, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	err_set(e, kind, "%s: %s", what, reason ? reason : "OpenSSL failed");
	ERR_clear_error();
	return false;
}

static bool
is_p256(const EVP_PKEY *pkey)
{
	char group[64] = "";

	return EVP_PKEY_is_a(pkey, "EC") &&
	       EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) == 1 &&
	       (strcmp(group, "prime256v1") == 0 ||
		   strcmp(group, "P-256") == 0);
}

/* Of infinity's bytes (one of them) the decoder makes a public key, too; it verifies
 * what anybody can sign. */
static bool
has_point(const EVP_PKEY *pkey)
{
	uint8_t bytes[65];
	size_t len = 0;

	return EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY,
		   bytes, sizeof(bytes), &len) == 1 &&
	       len > 1;
}

/* The hash of the private number; NULL: not wanted. */
static bool
read_private(const EVP_PKEY *pkey, BIGNUM **number, uint8_t hash[SIG_SHA256])
{
	uint8_t bytes[SIG_SCALAR];
	BIGNUM *read = NULL;
	bool done =
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &read) == 1 &&
	    BN_bn2binpad(read, bytes, SIG_SCALAR) == SIG_SCALAR;

	if (done)
		sig_sha256(bytes, SIG_SCALAR, hash);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	if (done && number != NULL)
		*number = read;
	else
		BN_clear_free(read);
	return done;
}

static bool
set_guard(struct sig_key *key)
{
	return read_private(key->pkey, NULL, key->guard);
}

bool
sig_private(const struct sig_key *key, BIGNUM **out)
{
	uint8_t hash[SIG_SHA256];

	*out = NULL;
	return read_private(key->pkey, out, hash) &&
	       CRYPTO_memcmp(hash, key->guard, SIG_SHA256) == 0;
}

bool
sig_adopt(EVP_PKEY *pkey, bool private, struct sig_key **out, struct err *e)
{
	struct sig_key *key;

	if (!is_p256(pkey) || !has_point(pkey)) {
		EVP_PKEY_free(pkey);
		ERR_clear_error();
		return err_set(e, ERR_CONFIG, "the key is not on P-256");
	}
	key = calloc(1, sizeof(*key));
	if (key == NULL) {
		EVP_PKEY_free(pkey);
		return err_system(e, "memory for a key");
	}
	key->pkey = pkey;
	key->private = private;
	if (private && !set_guard(key)) {
		sig_free(key);
		return sig_failed(e, ERR_SYSTEM, "a private key");
	}
	*out = key;
	return true;
}

bool
sig_generate(struct sig_key **out, struct err *e)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");

	if (pkey == NULL)
		return sig_failed(e, ERR_SYSTEM, "key generation");
	return sig_adopt(pkey, true, out, e);
}

/* The decoder takes 0 and numbers over the curve's order as well, and a public
 * half of another key: nobody could verify what that one signs. */
static bool
is_sound(EVP_PKEY *pkey)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
	bool good = ctx && EVP_PKEY_private_check(ctx) == 1 &&
		    EVP_PKEY_pairwise_check(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	return good;
}

static bool
load(const void *bytes, size_t len, int selection, struct sig_key **out,
    struct err *e)
{
	const unsigned char *at = bytes;
	EVP_PKEY *pkey = NULL;
	OSSL_DECODER_CTX *ctx = OSSL_DECODER_CTX_new_for_pkey(
	    &pkey, NULL, NULL, NULL, selection, NULL, NULL);
	bool read = ctx && OSSL_DECODER_from_data(ctx, &at, &len) == 1;

	OSSL_DECODER_CTX_free(ctx);
	if (!read) {
		EVP_PKEY_free(pkey);
		return sig_failed(e, ERR_CONFIG, "not a key");
	}
	if (selection == EVP_PKEY_KEYPAIR && !is_sound(pkey)) {
		EVP_PKEY_free(pkey);
		return sig_failed(e, ERR_CONFIG, "not a private key");
	}
	return sig_adopt(pkey, selection == EVP_PKEY_KEYPAIR, out, e);
}

bool
sig_load_private(
    const void *bytes, size_t len, struct sig_key **out, struct err *e)
{
	return load(bytes, len, EVP_PKEY_KEYPAIR, out, e);
}

bool
sig_load_public(
    const void *bytes, size_t len, struct sig_key **out, struct err *e)
{
	return load(bytes, len, EVP_PKEY_PUBLIC_KEY, out, e);
}

bool
sig_read_private(const char *path, struct sig_key **out, struct err *e)
{
	uint8_t bytes[SIG_FILE_MAX];
	size_t len = 0;
	bool done = durable_read(path, bytes, sizeof(bytes), &len, e);

	if (done && !sig_load_private(bytes, len, out, e))
		done = err_prefix(e, "%s", path);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return done;
}

static bool
store(unsigned char *der, int der_len, uint8_t *out, size_t size, size_t *len,
    struct err *e)
{
	bool fits = der_len > 0 && (size_t)der_len <= size;

	if (fits) {
		memcpy(out, der, (size_t)der_len);
		*len = (size_t)der_len;
	}
	if (der_len > 0)
		OPENSSL_clear_free(der, (size_t)der_len);
	if (der_len <= 0)
		return sig_failed(e, ERR_SYSTEM, "key encoding");
	return fits || err_set(e, ERR_REQUEST,
			   "a key of %d bytes does not fit %zu", der_len, size);
}

bool
sig_store_private(const struct sig_key *key, uint8_t *out, size_t size,
    size_t *len, struct err *e)
{
	PKCS8_PRIV_KEY_INFO *info;
	unsigned char *der = NULL;
	int der_len;

	if (!key->private)
		return err_set(e, ERR_CONFIG, "the key is a public one");
	info = EVP_PKEY2PKCS8(key->pkey);
	der_len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, &der) : -1;
	PKCS8_PRIV_KEY_INFO_free(info);
	return store(der, der_len, out, size, len, e);
}

bool
sig_store_public(const struct sig_key *key, uint8_t *out, size_t size,
    size_t *len, struct err *e)
{
	unsigned char *der = NULL;
	int der_len = i2d_PUBKEY(key->pkey, &der);

	return store(der, der_len, out, size, len, e);
}

bool
sig_store_scalar(
    const struct sig_key *key, uint8_t out[SIG_SCALAR], struct err *e)
{
	BIGNUM *scalar = NULL;
	bool done;

	if (!key->private)
		return err_set(e, ERR_CONFIG, "the key is a public one");
	done = EVP_PKEY_get_bn_param(
		   key->pkey, OSSL_PKEY_PARAM_PRIV_KEY, &scalar) == 1 &&
	       BN_bn2binpad(scalar, out, SIG_SCALAR) == SIG_SCALAR;
	BN_clear_free(scalar);
	return done || sig_failed(e, ERR_SYSTEM, "key encoding");
}

/* SEC 1, C.4, with the curve's name and without the public half, which OpenSSL
 * then derives. */
bool
sig_load_scalar(
    const uint8_t in[SIG_SCALAR], struct sig_key **out, struct err *e)
{
	uint8_t der[] = {0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20, [39] = 0xa0,
	    0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
	bool done;

	memcpy(der + 7, in, SIG_SCALAR);
	done = sig_load_private(der, sizeof(der), out, e);
	OPENSSL_cleanse(der, sizeof(der));
	return done;
}

void
sig_free(struct sig_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->pkey);
	sig_table_free(key->table);
	free(key);
}

static bool
raw_from_der(const uint8_t *der, size_t der_len, uint8_t out[SIG_BYTES])
{
	const unsigned char *at = der;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)der_len);
	bool done;

	if (sig == NULL)
		return false;
	done = BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, 32) == 32 &&
	       BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + 32, 32) == 32;
	ECDSA_SIG_free(sig);
	return done;
}

bool
sig_sign(const struct sig_key *key, const void *msg, size_t len,
    uint8_t out[SIG_BYTES], struct err *e)
{
	uint8_t der[SIG_DER_MAX], hash[SIG_SHA256];
	size_t der_len = sizeof(der);
	EVP_PKEY_CTX *ctx;
	bool done;

	if (!key->private)
		return err_set(e, ERR_CONFIG, "a public key cannot sign");
	sig_sha256(msg, len, hash);
	ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
	done = ctx && EVP_PKEY_sign_init(ctx) == 1 &&
	       EVP_PKEY_sign(ctx, der, &der_len, hash, sizeof(hash)) == 1 &&
	       raw_from_der(der, der_len, out);
	EVP_PKEY_CTX_free(ctx);
	return done || sig_failed(e, ERR_SYSTEM, "signing");
}

static int
der_from_raw(const uint8_t raw[SIG_BYTES], unsigned char **der)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(raw, 32, NULL),
	       *s = BN_bin2bn(raw + 32, 32, NULL);
	int der_len = -1;

	if (sig && r && s && ECDSA_SIG_set0(sig, r, s) == 1) {
		r = s = NULL; /* now the signature's */
		der_len = i2d_ECDSA_SIG(sig, der);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(sig);
	return der_len;
}

static bool
ask_openssl(const struct sig_key *key, const struct sig_signed *m)
{
	unsigned char *der = NULL;
	int der_len = der_from_raw(m->sig, &der);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
	uint8_t hash[SIG_SHA256];
	bool good;

	sig_sha256(m->msg, m->len, hash);
	good =
	    der_len > 0 && ctx && EVP_PKEY_verify_init(ctx) == 1 &&
	    EVP_PKEY_verify(ctx, der, (size_t)der_len, hash, SIG_SHA256) == 1;

	EVP_PKEY_CTX_free(ctx);
	OPENSSL_free(der);
	ERR_clear_error();
	return good;
}

static bool
verify_some(
    const struct sig_key *key, const struct sig_signed *list, size_t count)
{
	if (key->table != NULL && sig_table_verify(key->table, list, count))
		return true;
	for (size_t i = 0; i < count; i++)
		if (!ask_openssl(key, &list[i]))
			return false;
	return true;
}

bool
sig_verify_all(
    const struct sig_key *key, const struct sig_signed *list, size_t count)
{
	size_t some;

	for (; count > 0; list += some, count -= some) {
		some = count < SIG_LIST_MAX ? count : SIG_LIST_MAX;
		if (!verify_some(key, list, some))
			return false;
	}
	return true;
}

bool
sig_verify(const struct sig_key *key, const void *msg, size_t len,
    const uint8_t sig[SIG_BYTES])
{
	return sig_verify_all(key, &(struct sig_signed){msg, len, sig}, 1);
}

bool
sig_same(const struct sig_key *a, const struct sig_key *b)
{
	return EVP_PKEY_eq(a->pkey, b->pkey) == 1;
}

/* Finding the hash takes longer than hashing what stamps have. */
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;
static EVP_MD *sha256;

static void
find_sha256(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

void
sig_sha256(const void *msg, size_t len, uint8_t out[SIG_SHA256])
{
	pthread_once(&sha256_once, find_sha256);
	if (sha256 == NULL ||
	    EVP_Digest(msg, len, out, NULL, sha256, NULL) != 1)
		abort(); /* a hash that is none is worse than nothing */
}

bool
sig_hmac(const void *key, size_t key_len, const void *msg, size_t len,
    uint8_t out[SIG_SHA256], struct err *e)
{
	if (key_len > INT_MAX ||
	    HMAC(EVP_sha256(), key, (int)key_len, msg, len, out, NULL) == NULL)
		return sig_failed(e, ERR_SYSTEM, "keyed hash");
	return true;
}

bool
sig_lite_hash(const void *key, size_t key_len, const void *msg, size_t len,
    uint8_t out[SIG_LITE_HASH], struct err *e)
{
	uint8_t whole[SIG_SHA256];

	if (!sig_hmac(key, key_len, msg, len, whole, e))
		return false;
	memcpy(out, whole, SIG_LITE_HASH);
	OPENSSL_cleanse(whole, sizeof(whole));
	return true;
}

void
sig_prepare(void)
{
	struct sig_key *key = NULL, *again = NULL;
	uint8_t scalar[SIG_SCALAR], bytes[SIG_BYTES];
	struct err e = ERR_INIT;

	/* Whatever fails here fails again where it matters. */
	if (sig_generate(&key, &e) && sig_store_scalar(key, scalar, &e) &&
	    sig_load_scalar(scalar, &again, &e) &&
	    sig_sign(again, scalar, sizeof(scalar), bytes, &e))
		sig_sha256(bytes, sizeof(bytes), scalar);
	sig_free(key);
	sig_free(again);
}
