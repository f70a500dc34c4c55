/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_image: what a vault file holds in each slot, as fields and as bytes.
 * Pure; private to vault/file*.c, its tests and its fuzz target.
 */
#ifndef VAULT_FILE_IMAGE_H
#define VAULT_FILE_IMAGE_H

#include "stamp/cert.h"
#include "vault/guard.h"
#include "vault/hsm.h"
#include "vault/psd.h"
#include "vault/wrap.h"

#define FILE_IMAGE_HEAD	 (2 + WRAP_SALT + BOX_NONCE + BOX_BYTES + 2 + CERT_MAX)
/* Its guard is the last: a file from before there were any ends here. */
#define FILE_IMAGE_BYTES (FILE_IMAGE_HEAD + PSD_STATE_BYTES + GUARD_BYTES)

struct file_image {
	bool wrapped;		 /* else the key stands bare in key.box, */
	char token[HSM_URI_MAX]; /* or, where this is not "", in a token */
	struct wrapped key;	 /* under the PIN */
	size_t cert_len;
	uint8_t cert[CERT_MAX]; /* DER */
	struct psd psd;
	struct guard guard; /* uri "": none */
};

void
file_image_encode(const struct file_image *in, uint8_t out[FILE_IMAGE_BYTES]);

/* Is there room for a certificate of this length beside the token's URI? */
bool file_image_fits(const struct file_image *image);

/* Errors: ERR_CORRUPT. */
MUST_CHECK bool file_image_decode(
    const uint8_t in[FILE_IMAGE_BYTES], struct file_image *out, struct err *e);

/* The private key into the image, under `keys` or (NULL) bare, and back.
 * Errors: file_image_seal(): ERR_SYSTEM; file_image_key(): ERR_DENIED (does
 * not open), ERR_CORRUPT (is not the certificate's). */
MUST_CHECK bool file_image_seal(struct file_image *image,
    const struct wrap_keys *keys, const struct sig_key *key, struct err *e);
MUST_CHECK bool file_image_key(const struct file_image *image,
    const struct wrap_keys *keys, struct sig_key **out, struct err *e);

#endif
