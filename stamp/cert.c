/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/cert.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/date.h"
#include "stamp/sig_openssl.h"

#define VENDOR_BYTES 2

bool
cert_set_time(ASN1_TIME *t, uint32_t yyyymmdd, const char *hhmmss)
{
	char text[32];

	/* RFC 5280, 4.1.2.5: two-digit years before 2050; this call knows. */
	snprintf(text, sizeof(text), "%08u%sZ", yyyymmdd, hhmmss);
	return t && ASN1_TIME_set_string_X509(t, text) == 1;
}

static uint32_t
date_of(const ASN1_TIME *t)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return 0;
	return (uint32_t)((tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 +
			  tm.tm_mday);
}

static enum cert_rank
rank_of(X509 *x509)
{
	uint32_t flags = X509_get_extension_flags(x509);

	if (!(flags & EXFLAG_CA))
		return CERT_PSD;
	return flags & EXFLAG_SI ? CERT_AUTHORITY : CERT_PROVIDER;
}

static bool
subject_text(X509 *x509, int nid, char *out, int size)
{
	X509_NAME *name = X509_get_subject_name(x509);
	int len = X509_NAME_get_text_by_NID(name, nid, NULL, 0);

	out[0] = '\0';
	if (len >= size)
		return false;
	if (len > 0)
		X509_NAME_get_text_by_NID(name, nid, out, size);
	return len <= 0 || strlen(out) == (size_t)len;
}

static bool
fill(struct cert *c, struct err *e)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(c->x509);
	EVP_PKEY *pkey = X509_get_pubkey(c->x509);
	uint64_t number;

	if (pkey == NULL)
		return sig_failed(e, ERR_CONFIG, "certificate without a key");
	if (!sig_adopt(pkey, false, &c->key, e))
		return err_prefix(e, "certificate");
	if (ASN1_INTEGER_get_uint64(&number, serial) != 1 ||
	    number > UINT32_MAX)
		return err_set(
		    e, ERR_CONFIG, "certificate's serial is over 32 bits");
	c->serial = (uint32_t)number;
	c->rank = rank_of(c->x509);
	c->not_before = date_of(X509_get0_notBefore(c->x509));
	c->not_after = date_of(X509_get0_notAfter(c->x509));
	if (!subject_text(c->x509, NID_commonName, c->name, sizeof(c->name)) ||
	    !subject_text(c->x509, NID_serialNumber, c->id, sizeof(c->id)))
		return err_set(
		    e, ERR_CONFIG, "certificate's subject is too long");
	if (c->not_before == 0 || c->not_after == 0)
		return err_set(e, ERR_CONFIG, "certificate without dates");
	return true;
}

bool
cert_adopt(X509 *x509, struct cert **out, struct err *e)
{
	struct cert *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		X509_free(x509);
		return err_system(e, "memory for a certificate");
	}
	c->x509 = x509;
	if (!fill(c, e)) {
		cert_free(c);
		return false;
	}
	*out = c;
	return true;
}

static bool
spec_good(const struct cert_spec *s, struct err *e)
{
	size_t id_len = strlen(s->id), name_len = strlen(s->name);

	if (s->serial == 0 || s->serial > INT32_MAX)
		return err_set(e, ERR_REQUEST,
		    "certificate serial %u is not 1 to 2147483647", s->serial);
	if (name_len == 0 || name_len >= CERT_NAME_MAX)
		return err_set(e, ERR_REQUEST,
		    "certificate name is not 1 to %d characters",
		    CERT_NAME_MAX - 1);
	if (!date_valid(s->not_before) || !date_valid(s->not_after) ||
	    s->not_after < s->not_before)
		return err_set(e, ERR_REQUEST, "certificate dates are wrong");
	if (id_len >= CERT_ID_MAX ||
	    (s->rank == CERT_PROVIDER && id_len != VENDOR_BYTES) ||
	    (s->rank == CERT_PSD && id_len <= VENDOR_BYTES))
		return err_set(
		    e, ERR_REQUEST, "certificate id \"%s\" is wrong", s->id);
	return true;
}

static bool
issuer_good(const struct cert_spec *s, struct err *e)
{
	const struct sig_key *key = s->issuer ? s->issuer->key : s->key;

	if (s->rank == CERT_AUTHORITY
		? s->issuer != NULL
		: s->issuer == NULL || s->issuer->rank + 1 != s->rank)
		return err_set(e, ERR_REQUEST,
		    "an authority signs itself and providers, a provider its "
		    "PSDs");
	if (!sig_same(key, s->sign))
		return err_set(
		    e, ERR_REQUEST, "that is not the issuer's private key");
	if (s->rank == CERT_PSD &&
	    strncmp(s->id, s->issuer->id, VENDOR_BYTES) != 0)
		return err_set(e, ERR_REQUEST,
		    "provider %s does not issue for PSD %s", s->issuer->id,
		    s->id);
	return true;
}

static bool
add_extension(X509 *x509, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;
	bool done;

	X509V3_set_ctx(&ctx, issuer, x509, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	done = ext && X509_add_ext(x509, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return done;
}

static bool
add_extensions(X509 *x509, X509 *issuer, enum cert_rank rank)
{
	static const struct {
		const char *constraints, *usage;
	} by_rank[] = {
	    [CERT_AUTHORITY] = {"critical,CA:TRUE,pathlen:1",
		"critical,keyCertSign,cRLSign"},
	    [CERT_PROVIDER] = {"critical,CA:TRUE,pathlen:0",
		"critical,keyCertSign,cRLSign,digitalSignature"},
	    [CERT_PSD] = {"critical,CA:FALSE", "critical,digitalSignature"},
	};

	return add_extension(x509, issuer, NID_basic_constraints,
		   by_rank[rank].constraints) &&
	       add_extension(
		   x509, issuer, NID_key_usage, by_rank[rank].usage) &&
	       add_extension(
		   x509, issuer, NID_subject_key_identifier, "hash") &&
	       (x509 == issuer ||
		   add_extension(x509, issuer, NID_authority_key_identifier,
		       "keyid:always"));
}

static bool
add_name(X509_NAME *name, int nid, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	int type =
	    nid == NID_serialNumber ? V_ASN1_PRINTABLESTRING : MBSTRING_UTF8;

	return text[0] == '\0' ||
	       X509_NAME_add_entry_by_NID(name, nid, type, at, -1, -1, 0) == 1;
}

static bool
build(X509 *x509, const struct cert_spec *s)
{
	X509 *issuer = s->issuer ? s->issuer->x509 : x509;
	X509_NAME *name = X509_get_subject_name(x509);

	return X509_set_version(x509, X509_VERSION_3) == 1 &&
	       ASN1_INTEGER_set(X509_get_serialNumber(x509), (long)s->serial) ==
		   1 &&
	       add_name(name, NID_commonName, s->name) &&
	       add_name(name, NID_serialNumber, s->id) &&
	       X509_set_issuer_name(x509, X509_get_subject_name(issuer)) == 1 &&
	       cert_set_time(
		   X509_getm_notBefore(x509), s->not_before, "000000") &&
	       cert_set_time(
		   X509_getm_notAfter(x509), s->not_after, "235959") &&
	       X509_set_pubkey(x509, s->key->pkey) == 1 &&
	       add_extensions(x509, issuer, s->rank) &&
	       X509_sign(x509, s->sign->pkey, EVP_sha256()) > 0;
}

bool
cert_issue(const struct cert_spec *spec, struct cert **out, struct err *e)
{
	X509 *x509;

	if (!spec_good(spec, e) || !issuer_good(spec, e))
		return false;
	x509 = X509_new();
	if (x509 == NULL || !build(x509, spec)) {
		X509_free(x509);
		return sig_failed(e, ERR_SYSTEM, "making a certificate");
	}
	return cert_adopt(x509, out, e);
}

bool
cert_parse(const void *bytes, size_t len, struct cert **out, struct err *e)
{
	BIO *bio = len > CERT_PEM_MAX ? NULL : BIO_new_mem_buf(bytes, (int)len);
	X509 *x509 = bio ? d2i_X509_bio(bio, NULL) : NULL;

	if (bio && x509 == NULL) {
		BIO_reset(bio);
		x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	}
	BIO_free(bio);
	if (x509 == NULL)
		return sig_failed(e, ERR_CONFIG, "not a certificate");
	return cert_adopt(x509, out, e);
}

bool
cert_der(
    const struct cert *c, uint8_t *out, size_t size, size_t *len, struct err *e)
{
	int der_len = i2d_X509(c->x509, NULL);
	unsigned char *at = out;

	if (der_len <= 0 || (size_t)der_len > size)
		return err_set(e, ERR_REQUEST,
		    "a certificate of %d bytes does not fit %zu", der_len,
		    size);
	*len = (size_t)i2d_X509(c->x509, &at);
	return true;
}

bool
cert_pem(
    const struct cert *c, char *out, size_t size, size_t *len, struct err *e)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	long text_len;

	if (bio == NULL || PEM_write_bio_X509(bio, c->x509) != 1) {
		BIO_free(bio);
		return sig_failed(e, ERR_SYSTEM, "writing a certificate");
	}
	text_len = BIO_get_mem_data(bio, &text);
	if ((size_t)text_len >= size) {
		BIO_free(bio);
		return err_set(e, ERR_REQUEST,
		    "a certificate of %ld bytes does not fit %zu", text_len,
		    size);
	}
	memcpy(out, text, (size_t)text_len);
	out[text_len] = '\0';
	*len = (size_t)text_len;
	BIO_free(bio);
	return true;
}

void
cert_free(struct cert *c)
{
	if (c == NULL)
		return;
	sig_free(c->key);
	X509_free(c->x509);
	free(c);
}

enum cert_rank
cert_rank(const struct cert *c)
{
	return c->rank;
}

const char *
cert_name(const struct cert *c)
{
	return c->name;
}

const char *
cert_id(const struct cert *c)
{
	return c->id;
}

uint32_t
cert_serial(const struct cert *c)
{
	return c->serial;
}

uint32_t
cert_not_before(const struct cert *c)
{
	return c->not_before;
}

uint32_t
cert_not_after(const struct cert *c)
{
	return c->not_after;
}

const struct sig_key *
cert_key(const struct cert *c)
{
	return c->key;
}
