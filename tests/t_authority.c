/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/test.h"
#include "vault/authority.h"
#include "vault/crypto.h"

#define ID "ZQPS0000000007"

static char folder[64], place[96];
static const struct authority_setup example = {
    .name = "Example", .vendor = "ZQ"};

static void
shell(const char *format, const char *a, const char *b)
{
	char command[512];

	snprintf(command, sizeof(command), format, a, b);
	is_int(system(command), 0, command); /* NOLINT */
}

static int
setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/t_authority.XXXXXX");
	ok(mkdtemp(folder) != NULL, "a folder");
	snprintf(place, sizeof(place), "%s/provider", folder);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	shell("rm -rf %s%s", folder, "");
	return 0;
}

static struct authority *
make(void)
{
	struct authority *a = NULL;
	struct err e = ERR_INIT;

	is_ok(authority_make(place, &example, &a, &e), &e, "make");
	return a;
}

static bool
try_open(struct err *e)
{
	struct authority *a = NULL;
	bool done = authority_open(place, &a, e);

	authority_close(a);
	return done;
}

static bool
try_make(struct err *e)
{
	struct authority *a = NULL;
	bool done = authority_make(place, &example, &a, e);

	authority_close(a);
	return done;
}

static mode_t
mode_of(const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", place, name);
	is_int(stat(path, &st), 0, name);
	return st.st_mode & 0777;
}

static struct authority_psd
psd_of(const uint8_t *point)
{
	return (struct authority_psd){.name = "PSD",
	    .id = ID,
	    .serial = 7,
	    .not_before = 20261101,
	    .not_after = 20281231,
	    .point = point};
}

static struct cert *
certify(const struct authority *a)
{
	struct sig_key *key = NULL;
	struct cert *c = NULL;
	uint8_t point[PSD_POINT];
	struct authority_psd psd = psd_of(point);
	struct err e = ERR_INIT;

	is_ok(sig_generate(&key, &e), &e, "key");
	is_ok(crypto_point(key, point, &e), &e, "point");
	is_ok(authority_certify(a, &psd, &c, &e), &e, "certify");
	ok(sig_same(cert_key(c), key), "its key");
	sig_free(key);
	return c;
}

static void
what_it_makes_it_opens(void **state)
{
	struct authority *a = make(), *b = NULL;
	struct err e = ERR_INIT;

	(void)state;
	is_str(authority_vendor(a), "ZQ", "vendor");
	is_str(cert_name(authority_root(a)), "Example authority", "root");
	is_str(cert_name(authority_provider(a)), "Example provider", "name");
	is_int(mode_of("authority.key"), 0600, "mode");
	is_int(mode_of("provider.key"), 0600, "mode");
	is_int(mode_of("download.key"), 0600, "mode");
	is_int(mode_of("provider.pem"), 0644, "mode");
	is_ok(authority_make(place, &example, &b, &e), &e, "a second time");
	ok(sig_same(authority_answer_key(a), authority_answer_key(b)), "same");
	authority_close(b);
	is_ok(authority_open(place, &b, &e), &e, "open");
	ok(sig_same(cert_key(authority_provider(a)),
	       cert_key(authority_provider(b))),
	    "the same provider");
	authority_close(a);
	authority_close(b);
}

/* OpenSSL's own tool reads what is published. */
static void
openssl_agrees_with_certificates_and_lists(void **state)
{
	struct authority *a = make();
	struct cert *c = certify(a);
	uint32_t serials[] = {3, 7};
	struct authority_list list = {.serials = serials,
	    .count = 1,
	    .number = 1,
	    .date = 20261101,
	    .next = 20361101};
	uint8_t der[512];
	char path[128];
	size_t len;
	struct err e = ERR_INIT;
	FILE *f;

	(void)state;
	is_ok(authority_publish(a, folder, "x-", &e), &e, "publish");
	snprintf(path, sizeof(path), "%s/psd.pem", folder);
	is_ok(authority_write_cert(path, c, true, &e), &e, "write");
	for (int i = 1; i <= 2; i++) {
		list.count = (size_t)i;
		is_ok(authority_crl(a, &list, der, sizeof(der), &len, &e), &e,
		    "list");
		snprintf(path, sizeof(path), "%s/list.der", folder);
		f = fopen(path, "w");
		ok(f != NULL, "list");
		is_int(fwrite(der, 1, len, f), len, "list");
		fclose(f);
		shell("cd %s && openssl crl -inform der -in list.der -CAfile "
		      "x-provider.pem -noout 2>&1 | grep -q 'verify OK'%s",
		    folder, "");
		shell("cd %s && openssl crl -inform der -in list.der >l.pem && "
		      "%s openssl verify -crl_check -partial_chain -trusted "
		      "x-provider.pem -CRLfile l.pem psd.pem >/dev/null 2>&1",
		    folder, i == 1 ? "" : "!");
	}
	shell("cd %s && openssl verify -CAfile x-authority.pem -untrusted "
	      "x-provider.pem psd.pem >/dev/null%s",
	    folder, "");
	cert_free(c);
	authority_close(a);
}

static void
what_the_provider_signs_its_certificate_verifies(void **state)
{
	struct authority *a = make();
	struct cert_store *store = NULL;
	uint8_t sig[SIG_BYTES];
	struct err e = ERR_INIT;
	uint32_t date = cert_not_after(authority_provider(a));

	(void)state;
	is_ok(authority_sign(a, "total", 5, sig, &e), &e, "sign");
	is_ok(authority_publish(a, folder, "", &e), &e, "publish");
	is_ok(cert_store_open(folder, &store, &e), &e, "store");
	ok(cert_store_verify(store, "ZQ", date, "total", 5, sig), "verify");
	ok(!cert_store_verify(store, "ZQ", date, "totaL", 5, sig), "other");
	cert_store_free(store);
	authority_close(a);
}

static void
it_certifies_only_its_own(void **state)
{
	struct authority *a = make();
	static const uint8_t nowhere[PSD_POINT] = {0x04, 1};
	struct authority_psd psd = psd_of(nowhere);
	struct cert *c = NULL;
	struct err e = ERR_INIT;

	(void)state;
	ok(!authority_certify(a, &psd, &c, &e), "no point");
	is_err(&e, ERR_REQUEST, "no point");
	psd.key = cert_key(authority_provider(a));
	psd.id = "XXPS0000000007";
	ok(!authority_certify(a, &psd, &c, &e), "another vendor's");
	is_err(&e, ERR_REQUEST, "another vendor's");
	psd.id = ID;
	psd.not_after = 20991231;
	ok(!authority_certify(a, &psd, &c, &e), "longer than itself");
	is_err(&e, ERR_REQUEST, "longer than itself");
	ok(c == NULL, "no certificate");
	authority_close(a);
}

static void
the_authoritys_key_may_be_elsewhere(void **state)
{
	struct authority *a = make();
	struct err e = ERR_INIT;

	(void)state;
	authority_close(a);
	shell("mv %s/authority.key %s/", place, folder);
	is_ok(try_open(&e), &e, "open");
	is_ok(try_make(&e), &e, "make");
	shell("mv %s/provider.pem %s/", place, folder);
	ok(!try_make(&e), "nobody here can certify it");
	is_err(&e, ERR_CONFIG, "nobody here can certify it");
	ok(strstr(e.text, "provider.key") != NULL, e.text);
	shell("test ! -e %s/authority.key%s", place, "");
	shell("mv %s/provider.pem %s/", folder, place);
	is_ok(try_make(&e), &e, "it came from there");
}

static void
what_does_not_fit_together_is_refused(void **state)
{
	static const char *const files[] = {
	    "authority.pem", "provider.pem", "provider.key", "download.key"};
	struct authority *a = make();
	struct err e = ERR_INIT;

	(void)state;
	authority_close(a);
	shell("cp -r %s %s/good", place, folder);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		shell("rm %s/%s", place, files[i]);
		ok(!try_open(&e), files[i]);
		is_err(&e, ERR_CONFIG, files[i]);
		shell("echo rubbish >%s/%s", place, files[i]);
		ok(!try_open(&e), files[i]);
		is_err(&e, ERR_CONFIG, files[i]);
		shell("rm -r %s%s", place, "");
		shell("cp -r %s/good %s", folder, place);
	}
	shell("cd %s && cp download.key provider.key%s", place, "");
	ok(!try_open(&e), "another key");
	is_err(&e, ERR_CONFIG, "another key");
	shell("cd %s && cp ../good/provider.key . && cp authority.pem "
	      "provider.pem%s",
	    place, "");
	ok(!try_open(&e), "another rank");
	is_err(&e, ERR_CONFIG, "another rank");
	/* Another authority's. */
	shell("rm -r %s%s", place, "");
	authority_close(make());
	shell("cp %s/good/authority.pem %s/", folder, place);
	ok(!try_open(&e), "another authority");
	is_err(&e, ERR_CONFIG, "another authority");
}

static void
a_vendor_id_has_two_characters(void **state)
{
	struct authority_setup bad = {.name = "Example", .vendor = "Z"};
	struct authority *a = NULL;
	struct err e = ERR_INIT;

	(void)state;
	ok(!authority_make(place, &bad, &a, &e), "one");
	is_err(&e, ERR_REQUEST, "one");
	bad = (struct authority_setup){.name = "", .vendor = "ZQ"};
	ok(!authority_make(place, &bad, &a, &e), "no name");
	is_err(&e, ERR_REQUEST, "no name");
	ok(access(place, F_OK) != 0, "nothing is made");
}

#define A(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    A(what_it_makes_it_opens),
	    A(openssl_agrees_with_certificates_and_lists),
	    A(what_the_provider_signs_its_certificate_verifies),
	    A(it_certifies_only_its_own),
	    A(the_authoritys_key_may_be_elsewhere),
	    A(what_does_not_fit_together_is_refused),
	    A(a_vendor_id_has_two_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
