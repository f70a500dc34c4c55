/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/wrap.h"

#include <string.h>

#include <openssl/core_names.h>
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
	    RAND_bytes(w->nonce, BOX_NONCE) != 1)
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

static struct box_lock
lock_of(const struct wrap_keys *keys, const struct wrapped *w,
    const void *bound, size_t bound_len)
{
	return (struct box_lock){.key = keys->box,
	    .nonce = w->nonce,
	    .bound = bound,
	    .bound_len = bound_len};
}

bool
wrap_close(const struct wrap_keys *keys, const void *bound, size_t bound_len,
    const uint8_t scalar[SIG_SCALAR], struct wrapped *w, struct err *e)
{
	struct box_lock lock = lock_of(keys, w, bound, bound_len);

	return box_close(&lock, scalar, w->box, e);
}

bool
wrap_open(const struct wrap_keys *keys, const void *bound, size_t bound_len,
    const struct wrapped *w, uint8_t scalar[SIG_SCALAR], struct err *e)
{
	struct box_lock lock = lock_of(keys, w, bound, bound_len);

	return box_open(&lock, w->box, scalar) ||
	       err_set(e, ERR_DENIED,
		   "the key does not open: PIN wrong, or damaged");
}
