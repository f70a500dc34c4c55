/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authority: the keys and certificates of a provider, in a folder: what says that
 * a PSD is one of his, and what gives it value.
 *
 *	authority.key authority.pem   self-signed; the postal authority's, or a
 *				      lab's own.  The key need not be here
 *	provider.key provider.pem     signs certificates of PSDs
 *	download.key                  signs answers to value downloads
 *
 * A provider with a real licence gets provider.pem from the postal authority and
 * has no authority.key.
 */
#ifndef VAULT_AUTHORITY_H
#define VAULT_AUTHORITY_H

#include "stamp/cert.h"
#include "vault/psd.h"

struct authority;

/* Who he is. */
struct authority_setup {
	char vendor[3];		    /* "XX": a lab */
	const char *authority_name; /* on the certificates, for people */
	const char *provider_name;
	int years;
};

/* Opens the folder.  With a setup it is made where it is missing, and every key
 * and certificate that is missing is made in it; without (NULL) all but
 * authority.key must be there.
 * Errors: ERR_CONFIG (a file is missing, or no key or certificate), ERR_SYSTEM. */
MUST_CHECK bool authority_open(const char *folder,
    const struct authority_setup *setup, struct authority **out, struct err *e);
void authority_close(struct authority *a); /* NULL is allowed */

/* Its own, as long as it is open. */
const struct cert *authority_root(const struct authority *a);
const struct cert *authority_provider(const struct authority *a);
const struct sig_key *authority_answer_key(const struct authority *a);

/* A PSD's certificate, signed by the provider; valid from yesterday.
 * Errors: as cert_issue(). */
struct authority_psd {
	const char *name; /* for people */
	const char *id;	  /* "XXPS0000000001" */
	uint32_t serial, not_after;
	const struct sig_key *key; /* public is enough */
};
MUST_CHECK bool authority_certify(const struct authority *a,
    const struct authority_psd *psd, struct cert **out, struct err *e);

/* The provider's list of revoked certificates: as cert_crl_issue(). */
struct authority_revoked {
	const uint32_t *serials;
	size_t count;
	uint32_t number, date, next;
};
MUST_CHECK bool authority_crl(const struct authority *a,
    const struct authority_revoked *revoked, uint8_t *out, size_t size,
    size_t *len, struct err *e);

/* Certificates as files, PEM.  Writing: `replace` or ERR_SYSTEM "exists". */
MUST_CHECK bool authority_write_cert(
    const char *path, const struct cert *c, bool replace, struct err *e);
MUST_CHECK bool
authority_read_cert(const char *path, struct cert **out, struct err *e);

/* Writes the certificates of authority and provider into `folder` (made if
 * missing), where postage-verify(1) looks, as "NAME-authority.pem" and
 * "NAME-provider.pem".  Errors: ERR_SYSTEM. */
MUST_CHECK bool authority_publish(const struct authority *a, const char *folder,
    const char *name, struct err *e);

/* The provider's signature on an answer. */
MUST_CHECK bool authority_sign(const struct authority *a, const void *msg,
    size_t len, uint8_t sig[SIG_BYTES], struct err *e);

#endif
