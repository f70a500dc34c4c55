/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/crypto.h"

#include <string.h>

#define SPKI_BYTES (sizeof(spki_head) + PSD_POINT)

/* SubjectPublicKeyInfo of a P-256 key up to its point: RFC 5480. */
static const uint8_t spki_head[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

bool
crypto_point(const struct sig_key *key, uint8_t out[PSD_POINT], struct err *e)
{
	uint8_t der[SIG_KEY_MAX];
	size_t len;

	if (!sig_store_public(key, der, sizeof(der), &len, e))
		return false;
	if (len != SPKI_BYTES || memcmp(der, spki_head, sizeof(spki_head)) != 0)
		return err_set(
		    e, ERR_CONFIG, "the key is not in its usual form");
	memcpy(out, der + sizeof(spki_head), PSD_POINT);
	return true;
}

bool
crypto_from_point(
    const uint8_t point[PSD_POINT], struct sig_key **out, struct err *e)
{
	uint8_t der[SPKI_BYTES];

	memcpy(der, spki_head, sizeof(spki_head));
	memcpy(der + sizeof(spki_head), point, PSD_POINT);
	return sig_load_public(der, sizeof(der), out, e);
}

/* The context is handed through as void *; sig_sign() takes it as const. */
static bool
sign(void *context, const uint8_t *msg, size_t len,
    uint8_t sig[INDICIUM_SIGNATURE], struct err *e)
{
	if (context == NULL)
		return err_set(e, ERR_DENIED, "the key is locked");
	return sig_sign(context, msg, len, sig, e);
}

static bool
verify(void *context, const uint8_t point[PSD_POINT], const uint8_t *msg,
    size_t len, const uint8_t sig[INDICIUM_SIGNATURE])
{
	struct sig_key *key = NULL;
	struct err e = ERR_INIT;
	bool good;

	(void)context;
	if (!crypto_from_point(point, &key, &e))
		return false;
	good = sig_verify(key, msg, len, sig);
	sig_free(key);
	return good;
}

static void
sha256(void *context, const uint8_t *msg, size_t len, uint8_t hash[32])
{
	(void)context;
	sig_sha256(msg, len, hash);
}

void
crypto_init(struct psd_crypto *out, const struct sig_key *key)
{
	union {
		const struct sig_key *in;
		void *out;
	} context = {key};

	*out = (struct psd_crypto){.context = context.out,
	    .sign = sign,
	    .verify = verify,
	    .sha256 = sha256};
}
