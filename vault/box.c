/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/box.h"

#include <string.h>

#include <openssl/evp.h>

static bool
begin(EVP_CIPHER_CTX *ctx, bool encrypt, const struct box_lock *lock)
{
	int n;

	return ctx != NULL &&
	       EVP_CipherInit_ex2(ctx, EVP_aes_256_gcm(), lock->key,
		   lock->nonce, encrypt, NULL) == 1 &&
	       EVP_CipherUpdate(
		   ctx, NULL, &n, lock->bound, (int)lock->bound_len) == 1;
}

bool
box_close(const struct box_lock *lock, const uint8_t scalar[SIG_SCALAR],
    uint8_t box[BOX_BYTES], struct err *e)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;
	bool done = begin(ctx, true, lock) &&
		    EVP_CipherUpdate(ctx, box, &n, scalar, SIG_SCALAR) == 1 &&
		    EVP_CipherFinal_ex(ctx, box + SIG_SCALAR, &n) == 1 &&
		    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, BOX_TAG,
			box + SIG_SCALAR) == 1;

	EVP_CIPHER_CTX_free(ctx);
	return done || err_set(e, ERR_SYSTEM, "AES-256-GCM failed");
}

bool
box_open(const struct box_lock *lock, const uint8_t box[BOX_BYTES],
    uint8_t scalar[SIG_SCALAR])
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t tag[BOX_TAG], rest[16];
	int n;
	bool done;

	memcpy(tag, box + SIG_SCALAR, BOX_TAG);
	done = begin(ctx, false, lock) &&
	       EVP_CipherUpdate(ctx, scalar, &n, box, SIG_SCALAR) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, BOX_TAG, tag) ==
		   1 &&
	       EVP_CipherFinal_ex(ctx, rest, &n) == 1;
	EVP_CIPHER_CTX_free(ctx);
	if (!done)
		explicit_bzero(scalar, SIG_SCALAR);
	return done;
}
