/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cert: X.509 certificates of three ranks, authority -> provider -> PSD, and
 * the revocation lists of their issuers.
 *
 * The subject's serialNumber attribute (X.520) says who it is: the provider's
 * is the 2-character vendor id, the PSD's is the PSD id as printed on stamps
 * ("XXPS0001234567").  A provider's signature on a PSD certificate counts only
 * where the PSD id begins with the provider's vendor id.  The certificate's own
 * serial number is the u32 in the indicium.
 *
 * To issue: sig_generate(), cert_issue(), cert_der() or cert_pem().
 * To check: cert_store_open() on a folder, cert_store_find(),
 * cert_store_check().  The self-signed certificates in the folder are the
 * authorities that are trusted: only the administrator may write there.
 */
#ifndef STAMP_CERT_H
#define STAMP_CERT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "stamp/sig.h"

#define CERT_MAX      2048 /* bytes enough for any DER that cert_issue() made */
#define CERT_PEM_MAX  4096
#define CERT_NAME_MAX 65
#define CERT_ID_MAX   32

enum cert_rank { CERT_AUTHORITY, CERT_PROVIDER, CERT_PSD };

struct cert;

/* What to issue. */
struct cert_spec {
	enum cert_rank rank;
	const char *name;	    /* common name, for people */
	const char *id;		    /* "", vendor id, PSD id, by rank */
	uint32_t serial;	    /* 1 to 2^31-1 */
	uint32_t not_before;	    /* YYYYMMDD, from its first second UTC */
	uint32_t not_after;	    /* YYYYMMDD, to its last second UTC */
	const struct sig_key *key;  /* the subject's; public is enough */
	const struct cert *issuer;  /* NULL: self-signed, CERT_AUTHORITY only */
	const struct sig_key *sign; /* the issuer's private key */
};

/* Errors: ERR_REQUEST (a field out of range, wrong rank of issuer, `sign` is
 * not the issuer's key), ERR_SYSTEM. */
MUST_CHECK bool
cert_issue(const struct cert_spec *spec, struct cert **out, struct err *e);

/* DER or PEM, one certificate.  Errors: ERR_CONFIG. */
MUST_CHECK bool
cert_parse(const void *bytes, size_t len, struct cert **out, struct err *e);
MUST_CHECK bool cert_der(const struct cert *c, uint8_t *out, size_t size,
    size_t *len, struct err *e);
MUST_CHECK bool cert_pem(
    const struct cert *c, char *out, size_t size, size_t *len, struct err *e);
void cert_free(struct cert *c);

/* Getters; text is the certificate's own, valid as long as it is. */
enum cert_rank cert_rank(const struct cert *c);
const char *cert_name(const struct cert *c);
const char *cert_id(const struct cert *c);
uint32_t cert_serial(const struct cert *c);
uint32_t cert_not_before(const struct cert *c); /* YYYYMMDD */
uint32_t cert_not_after(const struct cert *c);
const struct sig_key *cert_key(const struct cert *c); /* public */

/* A revocation list of `issuer` over serial numbers, DER; `number` grows with
 * every list.  `out` holds 128 bytes and 40 for each serial.
 * Errors: ERR_REQUEST, ERR_SYSTEM. */
struct cert_crl_spec {
	const struct cert *issuer;
	const struct sig_key *sign;
	const uint32_t *serials;
	size_t count;
	uint32_t number;
	uint32_t date; /* YYYYMMDD of this list */
	uint32_t next; /* YYYYMMDD when the next is due */
};
MUST_CHECK bool cert_crl_issue(const struct cert_crl_spec *spec, uint8_t *out,
    size_t size, size_t *len, struct err *e);

/* Certificates and revocation lists to check with. */
struct cert_store;

MUST_CHECK bool cert_store_new(struct cert_store **out, struct err *e);

/* Reads every file of the folder that ends in .pem, .crt, .cer, .der or .crl,
 * each DER or PEM.  Errors: ERR_CONFIG (naming the file), ERR_ABSENT (no such
 * folder). */
MUST_CHECK bool
cert_store_open(const char *folder, struct cert_store **out, struct err *e);

/* Adds certificates and lists, DER (one) or PEM (any number).
 * Errors: ERR_CONFIG. */
MUST_CHECK bool cert_store_add(
    struct cert_store *s, const void *bytes, size_t len, struct err *e);

/* Adds a revocation list, DER, and nothing else: what comes from outside could be
 * a certificate that would be an authority here.  Errors: ERR_CONFIG. */
MUST_CHECK bool cert_store_add_list(
    struct cert_store *s, const void *bytes, size_t len, struct err *e);
void cert_store_free(struct cert_store *s);

/* The PSD certificate with this serial and id; NULL if there is none. */
const struct cert *cert_store_find(
    const struct cert_store *s, uint32_t serial, const char *psd_id);

/* True only if `sig` over `msg` is by a provider of this vendor id whose
 * certificate is good on `date` (YYYYMMDD). */
MUST_CHECK bool
cert_store_verify(const struct cert_store *s, const char *vendor, uint32_t date,
    const void *msg, size_t len, const uint8_t sig[SIG_BYTES]);

enum cert_state {
	CERT_GOOD,
	CERT_UNKNOWN,  /* no chain of good signatures to an authority */
	CERT_OUTDATED, /* it or its issuer is not valid on that date */
	CERT_REVOKED   /* on its issuer's list, or its issuer is */
};

/* Checks `c` up to an authority of the store on `date` (YYYYMMDD).  A
 * revocation counts whatever its date: who has the key can date back.
 * `why` gets a sentence that names the certificate to blame. */
enum cert_state cert_store_check(const struct cert_store *s,
    const struct cert *c, uint32_t date, char why[256]);

#endif
