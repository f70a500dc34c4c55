/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authority: a provider's keys and certificates in a folder: it certifies PSDs,
 * answers their downloads, says which are revoked.
 *
 *	authority.pem authority.key   self-signed
 *	provider.pem provider.key     signs certificates of PSDs, and lists
 *	download.key                  signs answers to PSDs
 *
 * Keys are PKCS#8, mode 0600.  A provider with a real licence has no
 * authority.key: the postal authority certified provider.key, and its own
 * certificate is authority.pem.  A lab (vault/lab.h), and a provider that tries
 * things out, is its own authority.
 */
#ifndef VAULT_AUTHORITY_H
#define VAULT_AUTHORITY_H

#include "stamp/cert.h"
#include "vault/psd.h"

struct authority;

struct authority_setup {
	const char *name;   /* of its certificates, for people: "Example" */
	const char *vendor; /* id, two characters; "XX" = lab */
};

/* Makes the folder, and what is missing in it; a second time it makes nothing.
 * Errors: ERR_REQUEST (vendor id, name), ERR_CONFIG (as authority_open(); only
 * the authority that is there can certify the provider), ERR_SYSTEM. */
MUST_CHECK bool authority_make(const char *folder,
    const struct authority_setup *setup, struct authority **out, struct err *e);

/* Errors: ERR_CONFIG (a file is missing, no key or no certificate of its rank;
 * a certificate is not its key's, or not by this authority). */
MUST_CHECK bool
authority_open(const char *folder, struct authority **out, struct err *e);
void authority_close(struct authority *a); /* NULL is allowed */

const char *authority_vendor(const struct authority *a);
const struct cert *authority_root(const struct authority *a);
const struct cert *authority_provider(const struct authority *a);

/* Private: for vault/download.h.  psd_setup.provider_key is its public half. */
const struct sig_key *authority_answer_key(const struct authority *a);

/* A PSD's certificate by this provider, kept by the caller.
 * Errors: ERR_REQUEST (another vendor's id, a date beyond the provider's, no
 * point of the curve), ERR_SYSTEM. */
struct authority_psd {
	const char *name;	   /* for people */
	const char *id;		   /* "XXPS0000000001" */
	uint32_t serial;	   /* of the certificate */
	uint32_t not_before;	   /* YYYYMMDD */
	uint32_t not_after;	   /* YYYYMMDD */
	const struct sig_key *key; /* or else: */
	const uint8_t *point;	   /* PSD_POINT bytes */
};
MUST_CHECK bool authority_certify(const struct authority *a,
    const struct authority_psd *psd, struct cert **out, struct err *e);

/* The provider's list of revoked certificates of PSDs, DER; see struct
 * cert_crl_spec for number, dates and the size of `out`. */
struct authority_list {
	const uint32_t *serials;
	size_t count;
	uint32_t number;
	uint32_t date, next; /* YYYYMMDD */
};
MUST_CHECK bool
authority_crl(const struct authority *a, const struct authority_list *list,
    uint8_t *out, size_t size, size_t *len, struct err *e);

/* The provider's signature, for cert_store_verify(). */
MUST_CHECK bool authority_sign(const struct authority *a, const void *msg,
    size_t len, uint8_t sig[SIG_BYTES], struct err *e);

/* Writes both certificates into `folder` (made if missing), where
 * postage-verify(1) looks, as <prefix>authority.pem and <prefix>provider.pem.
 * Errors: ERR_SYSTEM. */
MUST_CHECK bool authority_publish(const struct authority *a, const char *folder,
    const char *prefix, struct err *e);

/* A certificate in a file, PEM, for everybody to read.
 * Errors: ERR_SYSTEM; reading: ERR_CONFIG too. */
MUST_CHECK bool
authority_read_cert(const char *path, struct cert **out, struct err *e);
MUST_CHECK bool authority_write_cert(
    const char *path, const struct cert *c, bool replace, struct err *e);

#endif
