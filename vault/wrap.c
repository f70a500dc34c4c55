/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/wrap.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>

/* RFC 7914's interactive setting of 2017; 32 MiB. */
#define SCRYPT_N 32768
#define SCRYPT_R 8
#define SCRYPT_P 1

bool
wrap_fresh(struct wrapped *w, struct err *e)
{
	if (RAND_bytes(w->salt, WRAP_SALT) != 1 ||
	    RAND_bytes(w->nonce, WRAP_NONCE) != 1)
		return err_set(e, ERR_SYSTEM, "no random numbers");
	return true;
}

/* OSSL_PARAM wants pointers to what it will only read. */
static void *
unconst(const void *p)
{
	union {
		const void *in;
		void *out;
	} u = {p};

	return u.out;
}

bool
wrap_derive(const char *pin, const struct wrapped *w, struct wrap_keys *out,
    struct err *e)
{
	uint64_t n = SCRYPT_N;
	uint32_t r = SCRYPT_R, p = SCRYPT_P;
	size_t len = strlen(pin);
	OSSL_PARAM params[] = {
	    OSSL_PARAM_octet_string(OSSL_KDF_PARAM_PASSWORD, unconst(pin), len),
	    OSSL_PARAM_octet_string(
		OSSL_KDF_PARAM_SALT, unconst(w->salt), WRAP_SALT),
	    OSSL_PARAM_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
	    OSSL_PARAM_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
	    OSSL_PARAM_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
	    OSSL_PARAM_END,
	};
	uint8_t bytes[sizeof(out->box) + sizeof(out->verifier)];
	EVP_KDF *kdf;
	EVP_KDF_CTX *ctx;
	bool done;

	if (len < PIN_MIN || len > PIN_MAX)
		return err_set(e, ERR_REQUEST, "a PIN has %d to %d characters",
		    PIN_MIN, PIN_MAX);
	kdf = EVP_KDF_fetch(NULL, "SCRYPT", NULL);
	ctx = EVP_KDF_CTX_new(kdf);
	done = ctx != NULL &&
	       EVP_KDF_derive(ctx, bytes, sizeof(bytes), params) == 1;
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	if (done) {
		memcpy(out->box, bytes, sizeof(out->box));
		memcpy(out->verifier, bytes + sizeof(out->box),
		    sizeof(out->verifier));
	}
	explicit_bzero(bytes, sizeof(bytes));
	return done || err_set(e, ERR_SYSTEM, "scrypt failed");
}

static bool
begin(EVP_CIPHER_CTX *ctx, bool encrypt, const struct wrap_keys *keys,
    const struct wrapped *w, const void *bound, size_t bound_len)
{
	int n;

	return ctx != NULL &&
	       EVP_CipherInit_ex2(ctx, EVP_aes_256_gcm(), keys->box, w->nonce,
		   encrypt, NULL) == 1 &&
	       EVP_CipherUpdate(ctx, NULL, &n, bound, (int)bound_len) == 1;
}

bool
wrap_close(const struct wrap_keys *keys, const void *bound, size_t bound_len,
    const uint8_t scalar[SIG_SCALAR], struct wrapped *w, struct err *e)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;
	bool done =
	    begin(ctx, true, keys, w, bound, bound_len) &&
	    EVP_CipherUpdate(ctx, w->box, &n, scalar, SIG_SCALAR) == 1 &&
	    EVP_CipherFinal_ex(ctx, w->box + SIG_SCALAR, &n) == 1 &&
	    EVP_CIPHER_CTX_ctrl(
		ctx, EVP_CTRL_AEAD_GET_TAG, WRAP_TAG, w->box + SIG_SCALAR) == 1;

	EVP_CIPHER_CTX_free(ctx);
	return done || err_set(e, ERR_SYSTEM, "AES-256-GCM failed");
}

bool
wrap_open(const struct wrap_keys *keys, const void *bound, size_t bound_len,
    const struct wrapped *w, uint8_t scalar[SIG_SCALAR], struct err *e)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t tag[WRAP_TAG], rest[16];
	int n;
	bool done;

	memcpy(tag, w->box + SIG_SCALAR, WRAP_TAG);
	done = begin(ctx, false, keys, w, bound, bound_len) &&
	       EVP_CipherUpdate(ctx, scalar, &n, w->box, SIG_SCALAR) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, WRAP_TAG, tag) ==
		   1 &&
	       EVP_CipherFinal_ex(ctx, rest, &n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	if (!done)
		explicit_bzero(scalar, SIG_SCALAR);
	return done || err_set(e, ERR_DENIED,
			   "the key does not open: PIN wrong, or damaged");
}
