/* SPDX-License-Identifier: Apache-2.0 */
/* cert_store: a folder of certificates and revocation lists, and the check. */
#include "stamp/cert.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/durable.h"
#include "stamp/sig_openssl.h"

#define FILE_MAX      ((size_t)1 << 20) /* largest list read, bytes */
#define VENDOR_BYTES  2
#define PEM_LABEL_CRL "X509 CRL"

struct cert_store {
	struct cert **certs;
	size_t count;
	X509_CRL **crls;
	size_t crl_count;
};

bool
cert_store_new(struct cert_store **out, struct err *e)
{
	struct cert_store *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return err_system(e, "memory for certificates");
	*out = s;
	return true;
}

void
cert_store_free(struct cert_store *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->count; i++)
		cert_free(s->certs[i]);
	for (size_t i = 0; i < s->crl_count; i++)
		X509_CRL_free(s->crls[i]);
	free(s->certs);
	free(s->crls);
	free(s);
}

static bool
keep_cert(struct cert_store *s, X509 *x509, struct err *e)
{
	struct cert *c = NULL;
	struct cert **more;

	if (!cert_adopt(x509, &c, e))
		return false;
	more = realloc(s->certs, (s->count + 1) * sizeof(struct cert *));
	if (more == NULL) {
		cert_free(c);
		return err_system(e, "memory for certificates");
	}
	s->certs = more;
	s->certs[s->count++] = c;
	return true;
}

static bool
keep_crl(struct cert_store *s, X509_CRL *crl, struct err *e)
{
	X509_CRL **more =
	    realloc(s->crls, (s->crl_count + 1) * sizeof(X509_CRL *));

	if (more == NULL) {
		X509_CRL_free(crl);
		return err_system(e, "memory for revocation lists");
	}
	s->crls = more;
	s->crls[s->crl_count++] = crl;
	return true;
}

static bool
add_der(struct cert_store *s, const uint8_t *bytes, long len, struct err *e)
{
	const unsigned char *at = bytes;
	X509_CRL *crl;
	X509 *x509 = d2i_X509(NULL, &at, len);

	if (x509)
		return keep_cert(s, x509, e);
	at = bytes;
	crl = d2i_X509_CRL(NULL, &at, len);
	if (crl) {
		ERR_clear_error();
		return keep_crl(s, crl, e);
	}
	return sig_failed(
	    e, ERR_CONFIG, "neither a certificate nor a revocation list");
}

/* Keys and other blocks that share a file are passed over. */
static bool
add_pem(struct cert_store *s, BIO *bio, size_t *found, struct err *e)
{
	unsigned char *data = NULL;
	char *label = NULL, *header = NULL;
	long len = 0;
	bool done = true;

	while (done && PEM_read_bio(bio, &label, &header, &data, &len) == 1) {
		if (strcmp(label, PEM_STRING_X509) == 0 ||
		    strcmp(label, PEM_LABEL_CRL) == 0) {
			done = add_der(s, data, len, e);
			*found += 1;
		}
		OPENSSL_free(label);
		OPENSSL_free(header);
		OPENSSL_clear_free(data, (size_t)len);
	}
	ERR_clear_error();
	return done;
}

bool
cert_store_add_list(
    struct cert_store *s, const void *bytes, size_t len, struct err *e)
{
	const unsigned char *at = bytes;
	X509_CRL *crl = len > 0 && len <= FILE_MAX
			    ? d2i_X509_CRL(NULL, &at, (long)len)
			    : NULL;

	return crl != NULL ? keep_crl(s, crl, e)
			   : sig_failed(e, ERR_CONFIG,
				 "no list of revoked certificates");
}

bool
cert_store_add(
    struct cert_store *s, const void *bytes, size_t len, struct err *e)
{
	size_t found = 0;
	BIO *bio;
	bool done;

	if (len == 0 || len > FILE_MAX)
		return err_set(e, ERR_CONFIG, "empty or too large");
	bio = BIO_new_mem_buf(bytes, (int)len);
	if (bio == NULL)
		return sig_failed(e, ERR_SYSTEM, "reading certificates");
	done = add_pem(s, bio, &found, e);
	BIO_free(bio);
	if (done && found == 0)
		return add_der(s, bytes, (long)len, e);
	return done;
}

static bool
is_ours(const char *file)
{
	static const char *const suffixes[] = {
	    ".pem", ".crt", ".cer", ".der", ".crl"};
	const char *dot = strrchr(file, '.');

	for (size_t i = 0; dot && i < 5; i++)
		if (file[0] != '.' && strcmp(dot, suffixes[i]) == 0)
			return true;
	return false;
}

static bool
add_file(struct cert_store *s, const char *folder, const char *file,
    uint8_t *buf, struct err *e)
{
	char path[PATH_MAX];
	size_t len = 0;

	if (snprintf(path, sizeof(path), "%s/%s", folder, file) >=
	    (int)sizeof(path))
		return err_set(e, ERR_CONFIG, "%s: name too long", folder);
	if (!durable_read(path, buf, FILE_MAX, &len, e))
		return false;
	return cert_store_add(s, buf, len, e) || err_prefix(e, "%s", path);
}

bool
cert_store_open(const char *folder, struct cert_store **out, struct err *e)
{
	struct cert_store *s = NULL;
	struct dirent **names = NULL;
	uint8_t *buf = NULL;
	bool done = false;
	int count = scandir(folder, &names, NULL, alphasort);

	if (count < 0)
		return err_set(e, ERR_ABSENT, "certificates in %s: %s", folder,
		    strerror(errno));
	buf = malloc(FILE_MAX);
	if (buf == NULL) {
		err_system(e, "memory for certificates");
		goto out;
	}
	if (!cert_store_new(&s, e))
		goto out;
	for (int i = 0; i < count; i++)
		if (is_ours(names[i]->d_name) &&
		    !add_file(s, folder, names[i]->d_name, buf, e))
			goto out;
	*out = s;
	s = NULL;
	done = true;
out:
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
	free(buf);
	cert_store_free(s);
	return done;
}

const struct cert *
cert_store_find(const struct cert_store *s, uint32_t serial, const char *psd_id)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct cert *c = s->certs[i];

		if (c->rank == CERT_PSD && c->serial == serial &&
		    strcmp(c->id, psd_id) == 0)
			return c;
	}
	return NULL;
}

/* `issuer` may issue `c`, and did. */
static bool
issued(const struct cert *issuer, const struct cert *c)
{
	if (c->rank == CERT_AUTHORITY ? issuer != c
				      : issuer->rank + 1 != c->rank)
		return false;
	if (c->rank == CERT_PSD &&
	    strncmp(issuer->id, c->id, VENDOR_BYTES) != 0)
		return false;
	return X509_check_issued(issuer->x509, c->x509) == X509_V_OK &&
	       X509_verify(c->x509, issuer->key->pkey) == 1;
}

static const struct cert *
find_issuer(const struct cert_store *s, const struct cert *c)
{
	const struct cert *found = NULL;

	for (size_t i = 0; i < s->count && found == NULL; i++)
		if (issued(s->certs[i], c))
			found = s->certs[i];
	ERR_clear_error();
	return found;
}

static bool
is_revoked(
    const struct cert_store *s, const struct cert *issuer, const struct cert *c)
{
	X509_NAME *name = X509_get_subject_name(issuer->x509);
	bool found = false;

	for (size_t i = 0; i < s->crl_count && !found; i++) {
		X509_REVOKED *entry = NULL;

		found =
		    X509_NAME_cmp(X509_CRL_get_issuer(s->crls[i]), name) == 0 &&
		    X509_CRL_verify(s->crls[i], issuer->key->pkey) == 1 &&
		    X509_CRL_get0_by_cert(s->crls[i], &entry, c->x509) == 1;
	}
	ERR_clear_error();
	return found;
}

static enum cert_state
blame(enum cert_state state, char why[256], const struct cert *c,
    const char *what)
{
	char before[DATE_TEXT], after[DATE_TEXT];

	snprintf(why, 256, "certificate %u \"%s\" (%s to %s) %s", c->serial,
	    c->name, date_format(c->not_before, before),
	    date_format(c->not_after, after), what);
	return state;
}

static bool
in_store(const struct cert_store *s, const struct cert *c)
{
	for (size_t i = 0; i < s->count; i++)
		if (X509_cmp(s->certs[i]->x509, c->x509) == 0)
			return true;
	return false;
}

enum cert_state
cert_store_check(const struct cert_store *s, const struct cert *c,
    uint32_t date, char why[256])
{
	const struct cert *outdated = NULL, *revoked = NULL;

	why[0] = '\0';
	for (; c->rank != CERT_AUTHORITY;) {
		const struct cert *issuer = find_issuer(s, c);

		if (issuer == NULL)
			return blame(CERT_UNKNOWN, why, c,
			    "was not issued by anyone known here");
		if (is_revoked(s, issuer, c))
			revoked = c;
		if (date < c->not_before || date > c->not_after)
			outdated = c;
		c = issuer;
	}
	if (!in_store(s, c) || X509_verify(c->x509, c->key->pkey) != 1)
		return blame(
		    CERT_UNKNOWN, why, c, "is no authority known here");
	if (date < c->not_before || date > c->not_after)
		outdated = c;
	if (revoked)
		return blame(CERT_REVOKED, why, revoked, "is revoked");
	if (outdated)
		return blame(
		    CERT_OUTDATED, why, outdated, "is not valid on that date");
	return CERT_GOOD;
}

static bool
add_revoked(X509_CRL *crl, uint32_t serial, uint32_t date)
{
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	ASN1_TIME *when = ASN1_TIME_new();
	bool done = entry && number && when &&
		    ASN1_INTEGER_set_uint64(number, serial) == 1 &&
		    X509_REVOKED_set_serialNumber(entry, number) == 1 &&
		    cert_set_time(when, date, "000000") &&
		    X509_REVOKED_set_revocationDate(entry, when) == 1 &&
		    X509_CRL_add0_revoked(crl, entry) == 1;

	ASN1_INTEGER_free(number);
	ASN1_TIME_free(when);
	if (!done)
		X509_REVOKED_free(entry);
	return done;
}

static bool
build_crl(X509_CRL *crl, const struct cert_crl_spec *spec)
{
	ASN1_TIME *date = ASN1_TIME_new(), *next = ASN1_TIME_new();
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	X509_NAME *name = X509_get_subject_name(spec->issuer->x509);
	bool done =
	    number && X509_CRL_set_version(crl, X509_CRL_VERSION_2) &&
	    X509_CRL_set_issuer_name(crl, name) == 1 &&
	    cert_set_time(date, spec->date, "000000") &&
	    cert_set_time(next, spec->next, "235959") &&
	    X509_CRL_set1_lastUpdate(crl, date) == 1 &&
	    X509_CRL_set1_nextUpdate(crl, next) == 1 &&
	    ASN1_INTEGER_set_uint64(number, spec->number) == 1 &&
	    X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0) == 1;

	for (size_t i = 0; i < spec->count && done; i++)
		done = add_revoked(crl, spec->serials[i], spec->date);
	ASN1_TIME_free(date);
	ASN1_TIME_free(next);
	ASN1_INTEGER_free(number);
	return done && X509_CRL_sort(crl) == 1 &&
	       X509_CRL_sign(crl, spec->sign->pkey, EVP_sha256()) > 0;
}

bool
cert_crl_issue(const struct cert_crl_spec *spec, uint8_t *out, size_t size,
    size_t *len, struct err *e)
{
	X509_CRL *crl;
	unsigned char *at = out;
	int der_len;
	bool done = true;

	if (spec->issuer->rank == CERT_PSD ||
	    !sig_same(spec->issuer->key, spec->sign))
		return err_set(e, ERR_REQUEST,
		    "a revocation list is signed by the issuer's own key");
	if (!date_valid(spec->date) || !date_valid(spec->next))
		return err_set(e, ERR_REQUEST, "dates of a revocation list");
	crl = X509_CRL_new();
	if (crl == NULL || !build_crl(crl, spec)) {
		X509_CRL_free(crl);
		return sig_failed(e, ERR_SYSTEM, "making a revocation list");
	}
	der_len = i2d_X509_CRL(crl, NULL);
	if (der_len <= 0 || (size_t)der_len > size)
		done = err_set(e, ERR_REQUEST,
		    "a revocation list of %d bytes does not fit %zu", der_len,
		    size);
	else
		*len = (size_t)i2d_X509_CRL(crl, &at);
	X509_CRL_free(crl);
	return done;
}

bool
cert_store_verify(const struct cert_store *s, const char *vendor, uint32_t date,
    const void *msg, size_t len, const uint8_t sig[SIG_BYTES])
{
	char why[256];

	for (size_t i = 0; i < s->count; i++)
		if (s->certs[i]->rank == CERT_PROVIDER &&
		    strcmp(s->certs[i]->id, vendor) == 0 &&
		    sig_verify(s->certs[i]->key, msg, len, sig) &&
		    cert_store_check(s, s->certs[i], date, why) == CERT_GOOD)
			return true;
	return false;
}
