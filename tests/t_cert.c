/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <openssl/x509.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/durable.h"
#include "stamp/cert.h"

/* An authority, a provider "XX" and a PSD, made once for every test. */
struct chain {
	struct sig_key *key[3];
	struct cert *cert[3];
};

static struct cert_spec
spec_of(const struct chain *c, enum cert_rank rank)
{
	static const char *const names[] = {
	    "Lab Authority", "Lab Provider", "Lab PSD"};
	static const char *const ids[] = {"", "XX", "XXPS0000000042"};

	return (struct cert_spec){
	    .rank = rank,
	    .name = names[rank],
	    .id = ids[rank],
	    .serial = 100 + (uint32_t)rank,
	    .not_before = 20260101,
	    .not_after = rank == CERT_PSD ? 20281231 : 20501231,
	    .key = c->key[rank],
	    .issuer = rank ? c->cert[rank - 1] : NULL,
	    .sign = c->key[rank ? rank - 1 : 0],
	};
}

static int
make_chain(void **state)
{
	struct chain *c = calloc(1, sizeof(*c));
	struct err e = ERR_INIT;

	for (enum cert_rank rank = CERT_AUTHORITY; rank <= CERT_PSD; rank++) {
		struct cert_spec spec;

		if (!sig_generate(&c->key[rank], &e))
			return -1;
		spec = spec_of(c, rank);
		if (!cert_issue(&spec, &c->cert[rank], &e))
			return -1;
	}
	*state = c;
	return 0;
}

static int
free_chain(void **state)
{
	struct chain *c = *state;

	for (int i = 0; i < 3; i++) {
		sig_free(c->key[i]);
		cert_free(c->cert[i]);
	}
	free(c);
	return 0;
}

static struct cert_store *
store_of(const struct chain *c, int first, int last)
{
	struct cert_store *s = NULL;
	struct err e = ERR_INIT;

	is_ok(cert_store_new(&s, &e), &e, "store");
	for (int i = first; i <= last; i++) {
		uint8_t der[CERT_MAX];
		size_t len;

		is_ok(cert_der(c->cert[i], der, sizeof(der), &len, &e), &e,
		    "der");
		is_ok(cert_store_add(s, der, len, &e), &e, "add");
	}
	return s;
}

static void
a_certificate_says_what_was_asked(void **state)
{
	const struct chain *c = *state;
	const struct cert *psd = c->cert[CERT_PSD];
	struct cert *back = NULL;
	struct err e = ERR_INIT;
	char pem[CERT_PEM_MAX];
	uint8_t der[CERT_MAX];
	size_t len;

	is_int(cert_rank(c->cert[0]), CERT_AUTHORITY, "rank");
	is_int(cert_rank(c->cert[1]), CERT_PROVIDER, "rank");
	is_int(cert_rank(psd), CERT_PSD, "rank");
	is_str(cert_id(psd), "XXPS0000000042", "id");
	is_str(cert_name(psd), "Lab PSD", "name");
	is_int(cert_serial(psd), 102, "serial");
	is_int(cert_not_before(psd), 20260101, "from");
	is_int(cert_not_after(c->cert[0]), 20501231, "a year past 2049");
	ok(sig_same(cert_key(psd), c->key[CERT_PSD]), "key");
	is_ok(cert_der(psd, der, sizeof(der), &len, &e), &e, "der");
	is_ok(cert_parse(der, len, &back, &e), &e, "parse DER");
	is_str(cert_id(back), "XXPS0000000042", "id");
	cert_free(back);
	is_ok(cert_pem(psd, pem, sizeof(pem), &len, &e), &e, "pem");
	is_ok(cert_parse(pem, len, &back, &e), &e, "parse PEM");
	is_int(cert_serial(back), 102, "serial");
	cert_free(back);
	ok(!cert_der(psd, der, 10, &len, &e), "no room");
	ok(!cert_parse("rubbish", 7, &back, &e), "rubbish");
	is_err(&e, ERR_CONFIG, "kind");
}

static void
a_whole_chain_is_good(void **state)
{
	const struct chain *c = *state;
	struct cert_store *s = store_of(c, 0, 2);
	const struct cert *psd = cert_store_find(s, 102, "XXPS0000000042");
	char why[256];

	ok(psd, "found");
	is_int(cert_store_check(s, psd, 20261121, why), CERT_GOOD, why);
	is_str(why, "", "nothing to blame");
	ok(!cert_store_find(s, 102, "XXPS0000000043"), "other id");
	ok(!cert_store_find(s, 103, "XXPS0000000042"), "other serial");
	ok(!cert_store_find(s, 101, "XX"), "a provider is no PSD");
	cert_store_free(s);
}

static void
without_its_issuers_a_certificate_is_unknown(void **state)
{
	const struct chain *c = *state;
	struct cert_store *none = store_of(c, 2, 2);
	struct cert_store *half = store_of(c, 1, 2);
	char why[256];

	is_int(cert_store_check(none, c->cert[2], 20261121, why), CERT_UNKNOWN,
	    "alone");
	is_int(cert_store_check(half, c->cert[2], 20261121, why), CERT_UNKNOWN,
	    "no authority");
	ok(strstr(why, "Lab Provider"), why);
	is_int(cert_store_check(half, c->cert[0], 20261121, why), CERT_UNKNOWN,
	    "an authority that nobody named");
	cert_store_free(none);
	cert_store_free(half);
}

static void
another_chain_of_the_same_names_is_unknown(void **state)
{
	const struct chain *c = *state;
	struct cert_store *s = store_of(c, 0, 1);
	void *other = NULL;
	char why[256];

	is_int(make_chain(&other), 0, "forger's chain");
	is_int(cert_store_check(
		   s, ((struct chain *)other)->cert[2], 20261121, why),
	    CERT_UNKNOWN, "same names, other keys");
	free_chain(&other);
	cert_store_free(s);
}

/* The PSD's certificate for another id, signed by `key`: what cert_issue()
 * refuses to make. */
static struct cert *
resigned(const struct chain *c, const char *id, const struct sig_key *key)
{
	uint8_t der[CERT_MAX], key_der[SIG_KEY_MAX], *out = NULL;
	const unsigned char *at = der, *key_at = key_der;
	struct cert *cert = NULL;
	struct err e = ERR_INIT;
	X509_NAME *name;
	size_t len, key_len;
	EVP_PKEY *pkey;
	X509 *x509;
	int out_len;

	is_ok(cert_der(c->cert[2], der, sizeof(der), &len, &e), &e, "der");
	is_ok(sig_store_private(key, key_der, sizeof(key_der), &key_len, &e),
	    &e, "key");
	x509 = d2i_X509(NULL, &at, (long)len);
	pkey = d2i_AutoPrivateKey(NULL, &key_at, (long)key_len);
	ok(x509 && pkey, "OpenSSL reads them");
	name = X509_NAME_dup(X509_get_subject_name(x509));
	X509_NAME_ENTRY_free(X509_NAME_delete_entry(name, 1));
	ok(X509_NAME_add_entry_by_NID(name, NID_serialNumber,
	       V_ASN1_PRINTABLESTRING, (const unsigned char *)id, -1, -1, 0),
	    "name");
	X509_set_subject_name(x509, name);
	X509_NAME_free(name);
	ok(X509_sign(x509, pkey, EVP_sha256()) > 0, "sign");
	out_len = i2d_X509(x509, &out);
	ok(out_len > 0, "write");
	is_ok(cert_parse(out, (size_t)out_len, &cert, &e), &e, "parse");
	OPENSSL_free(out);
	X509_free(x509);
	EVP_PKEY_free(pkey);
	return cert;
}

static void
a_provider_counts_for_its_own_vendor_alone(void **state)
{
	const struct chain *c = *state;
	struct cert_store *s = store_of(c, 0, 1);
	struct cert *own = resigned(c, "XXPS0000000043", c->key[1]);
	struct cert *other = resigned(c, "06PS0000000043", c->key[1]);
	char why[256];

	is_str(cert_id(other), "06PS0000000043", "id");
	is_int(cert_store_check(s, own, 20261121, why), CERT_GOOD, why);
	is_int(cert_store_check(s, other, 20261121, why), CERT_UNKNOWN,
	    "another vendor's");
	cert_free(own);
	cert_free(other);
	cert_store_free(s);
}

static void
a_signature_by_another_key_is_no_chain(void **state)
{
	const struct chain *c = *state;
	struct cert_store *s = store_of(c, 0, 1);
	struct cert *forged = resigned(c, "XXPS0000000043", c->key[2]);
	char why[256];

	is_int(cert_store_check(s, forged, 20261121, why), CERT_UNKNOWN,
	    "right names and key identifiers, wrong key");
	cert_free(forged);
	cert_store_free(s);
}

static void
dates_are_checked_on_every_rank(void **state)
{
	const struct chain *c = *state;
	struct cert_store *s = store_of(c, 0, 2);
	char why[256];

	is_int(cert_store_check(s, c->cert[2], 20281231, why), CERT_GOOD,
	    "last day");
	is_int(cert_store_check(s, c->cert[2], 20290101, why), CERT_OUTDATED,
	    "day after");
	is_int(cert_store_check(s, c->cert[2], 20251231, why), CERT_OUTDATED,
	    "day before");
	is_int(cert_store_check(s, c->cert[1], 20510101, why), CERT_OUTDATED,
	    "authority's end");
	cert_store_free(s);
}

static void
revoked_certificates_and_their_heirs_are_refused(void **state)
{
	const struct chain *c = *state;
	struct cert_store *s = store_of(c, 0, 2), *t = store_of(c, 0, 2);
	const uint32_t psds[] = {7, 102, 9}, providers[] = {101};
	struct cert_crl_spec spec = {
	    c->cert[1], c->key[1], psds, 3, 1, 20261101, 20261201};
	struct err e = ERR_INIT;
	uint8_t der[512];
	size_t len;
	char why[256];

	is_ok(cert_crl_issue(&spec, der, sizeof(der), &len, &e), &e, "list");
	is_ok(cert_store_add(s, der, len, &e), &e, "add");
	is_int(cert_store_check(s, c->cert[2], 20261001, why), CERT_REVOKED,
	    "PSD, whatever the date");
	is_int(cert_store_check(s, c->cert[1], 20261001, why), CERT_GOOD,
	    "its provider is not");
	spec = (struct cert_crl_spec){
	    c->cert[0], c->key[0], providers, 1, 1, 20261101, 20261201};
	is_ok(cert_crl_issue(&spec, der, sizeof(der), &len, &e), &e, "list");
	is_ok(cert_store_add(t, der, len, &e), &e, "add");
	is_int(cert_store_check(t, c->cert[2], 20261001, why), CERT_REVOKED,
	    "under a revoked provider");
	ok(strstr(why, "Lab Provider"), why);
	cert_store_free(s);
	cert_store_free(t);
}

static void
a_list_alone_is_added_as_a_list(void **state)
{
	const struct chain *c = *state;
	struct cert_store *s = store_of(c, 1, 2);
	const uint32_t psds[] = {102};
	struct cert_crl_spec spec = {
	    c->cert[1], c->key[1], psds, 1, 1, 20261101, 20261201};
	struct err e = ERR_INIT;
	char pem[CERT_PEM_MAX], why[256];
	uint8_t der[CERT_MAX];
	size_t len;

	is_ok(cert_der(c->cert[0], der, sizeof(der), &len, &e), &e, "DER");
	ok(!cert_store_add_list(s, der, len, &e), "an authority as DER");
	is_err(&e, ERR_CONFIG, "no list");
	is_ok(cert_pem(c->cert[0], pem, sizeof(pem), &len, &e), &e, "PEM");
	ok(!cert_store_add_list(s, pem, len, &e), "and as PEM");
	ok(!cert_store_add_list(s, pem, 0, &e), "nothing");
	is_int(cert_store_check(s, c->cert[2], 20261121, why), CERT_UNKNOWN,
	    "it is no authority here");
	is_ok(cert_store_add(s, pem, len, &e), &e, "said by who may");
	is_ok(cert_crl_issue(&spec, der, sizeof(der), &len, &e), &e, "list");
	is_ok(cert_store_add_list(s, der, len, &e), &e, "a list");
	is_int(
	    cert_store_check(s, c->cert[2], 20261121, why), CERT_REVOKED, why);
	cert_store_free(s);
}

static void
a_list_by_someone_else_revokes_nothing(void **state)
{
	const struct chain *c = *state;
	struct cert_store *s = store_of(c, 0, 2);
	const uint32_t psds[] = {102};
	struct cert_crl_spec spec = {
	    c->cert[0], c->key[0], psds, 1, 1, 20261101, 20261201};
	struct err e = ERR_INIT;
	void *state2 = NULL;
	struct chain *other;
	uint8_t der[512];
	size_t len;
	char why[256];

	is_ok(cert_crl_issue(&spec, der, sizeof(der), &len, &e), &e, "list");
	is_ok(cert_store_add(s, der, len, &e), &e, "add");
	is_int(make_chain(&state2), 0, "forger's chain");
	other = state2;
	spec.issuer = other->cert[1];
	spec.sign = other->key[1];
	is_ok(cert_crl_issue(&spec, der, sizeof(der), &len, &e), &e, "list");
	is_ok(cert_store_add(s, der, len, &e), &e, "add");
	is_int(cert_store_check(s, c->cert[2], 20261121, why), CERT_GOOD,
	    "authority's list of a PSD's number, forged list");
	spec.sign = c->key[1];
	ok(!cert_crl_issue(&spec, der, sizeof(der), &len, &e), "not its key");
	free_chain(&state2);
	cert_store_free(s);
}

static void
ranks_and_vendors_are_kept_apart(void **state)
{
	const struct chain *c = *state;
	struct cert_spec spec = spec_of(c, CERT_PSD);
	struct cert *out = NULL;
	struct err e = ERR_INIT;

	spec.id = "06PS0000000042";
	ok(!cert_issue(&spec, &out, &e), "another vendor's PSD");
	is_err(&e, ERR_REQUEST, "kind");
	spec = spec_of(c, CERT_PSD);
	spec.issuer = c->cert[0];
	spec.sign = c->key[0];
	ok(!cert_issue(&spec, &out, &e), "PSD by the authority");
	spec = spec_of(c, CERT_PROVIDER);
	spec.sign = c->key[1];
	ok(!cert_issue(&spec, &out, &e), "not the issuer's key");
	spec = spec_of(c, CERT_PROVIDER);
	spec.serial = 0;
	ok(!cert_issue(&spec, &out, &e), "serial 0");
	spec = spec_of(c, CERT_PROVIDER);
	spec.not_after = 20251231;
	ok(!cert_issue(&spec, &out, &e), "ends before it begins");
}

static void
write_file(const char *folder, const char *name, const void *ptr, size_t len)
{
	struct err e = ERR_INIT;
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	is_ok(durable_replace(path, ptr, len, 0644, &e), &e, name);
}

static void
remove_file(const char *folder, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
}

static void
a_folder_is_read_whole_or_refused(void **state)
{
	const struct chain *c = *state;
	char folder[] = "/tmp/t_cert.XXXXXX", pem[2 * CERT_PEM_MAX];
	struct cert_store *s = NULL;
	struct err e = ERR_INIT;
	uint8_t der[CERT_MAX];
	size_t len, more;
	char why[256];

	ok(mkdtemp(folder), "folder");
	is_ok(cert_pem(c->cert[0], pem, CERT_PEM_MAX, &len, &e), &e, "pem");
	is_ok(cert_pem(c->cert[1], pem + len, CERT_PEM_MAX, &more, &e), &e,
	    "pem");
	write_file(folder, "both.pem", pem, len + more);
	is_ok(cert_der(c->cert[2], der, sizeof(der), &len, &e), &e, "der");
	write_file(folder, "psd.der", der, len);
	write_file(folder, "notes.txt", "x", 1);
	is_ok(cert_store_open(folder, &s, &e), &e, "open");
	is_int(cert_store_check(
		   s, cert_store_find(s, 102, "XXPS0000000042"), 20261121, why),
	    CERT_GOOD, why);
	cert_store_free(s);
	write_file(folder, "bad.crl", "x", 1);
	ok(!cert_store_open(folder, &s, &e), "a broken list is not passed by");
	is_err(&e, ERR_CONFIG, "kind");
	ok(strstr(e.text, "bad.crl"), e.text);
	remove_file(folder, "both.pem");
	remove_file(folder, "psd.der");
	remove_file(folder, "notes.txt");
	remove_file(folder, "bad.crl");
	rmdir(folder);
	ok(!cert_store_open(folder, &s, &e), "no folder");
	is_err(&e, ERR_ABSENT, "kind");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_certificate_says_what_was_asked),
	    T(a_whole_chain_is_good),
	    T(without_its_issuers_a_certificate_is_unknown),
	    T(another_chain_of_the_same_names_is_unknown),
	    T(a_provider_counts_for_its_own_vendor_alone),
	    T(a_signature_by_another_key_is_no_chain),
	    T(dates_are_checked_on_every_rank),
	    T(revoked_certificates_and_their_heirs_are_refused),
	    T(a_list_alone_is_added_as_a_list),
	    T(a_list_by_someone_else_revokes_nothing),
	    T(ranks_and_vendors_are_kept_apart),
	    T(a_folder_is_read_whole_or_refused),
	};

	return cmocka_run_group_tests(tests, make_chain, free_chain);
}
