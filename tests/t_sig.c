/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/durable.h"
#include "stamp/sig_openssl.h"

/* RFC 6979, A.2.5: the key, and its signature of "sample" with SHA-256. */
static const char rfc_key[] =
    "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721";
static const char rfc_sig[] =
    "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
    "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8";

static struct sig_key *
rfc(void)
{
	uint8_t scalar[SIG_SCALAR];
	struct sig_key *key = NULL;
	struct err e = ERR_INIT;
	size_t len;

	ok(bytes_from_hex(rfc_key, scalar, sizeof(scalar), &len), "hex");
	is_ok(sig_load_scalar(scalar, &key, &e), &e, "key");
	return key;
}

static void
a_published_signature_verifies(void **state)
{
	struct sig_key *key = rfc();
	uint8_t sig[SIG_BYTES];
	size_t len;

	(void)state;
	ok(bytes_from_hex(rfc_sig, sig, sizeof(sig), &len), "hex");
	ok(sig_verify(key, "sample", 6, sig), "verifies");
	ok(!sig_verify(key, "Sample", 6, sig), "other message");
	sig[0] ^= 1;
	ok(!sig_verify(key, "sample", 6, sig), "other r");
	sig[0] ^= 1;
	sig[63] ^= 1;
	ok(!sig_verify(key, "sample", 6, sig), "other s");
	sig_free(key);
}

static void
zeros_are_no_signature(void **state)
{
	struct sig_key *key = rfc();
	uint8_t sig[SIG_BYTES] = {0};

	(void)state;
	ok(!sig_verify(key, "sample", 6, sig), "zeros");
	memset(sig, 0xff, sizeof(sig));
	ok(!sig_verify(key, "sample", 6, sig), "over the order");
	sig_free(key);
}

static void
what_one_key_signs_only_it_verifies(void **state)
{
	struct sig_key *a = NULL, *b = NULL;
	uint8_t sig[SIG_BYTES];
	struct err e = ERR_INIT;

	(void)state;
	is_ok(sig_generate(&a, &e), &e, "a");
	is_ok(sig_generate(&b, &e), &e, "b");
	for (int i = 0; i < 64; i++) {
		is_ok(sig_sign(a, &i, sizeof(i), sig, &e), &e, "sign");
		ok(sig_verify(a, &i, sizeof(i), sig), "own");
		ok(!sig_verify(b, &i, sizeof(i), sig), "other key");
	}
	ok(sig_same(a, a) && !sig_same(a, b), "same");
	sig_free(a);
	sig_free(b);
}

/* With a table and without one the answer is the same, to each bit. */
static void
a_table_changes_no_answer(void **state)
{
	struct sig_key *key = NULL, *public = NULL, *other = NULL;
	uint8_t sig[SIG_BYTES], der[SIG_KEY_MAX];
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	is_ok(sig_generate(&key, &e) && sig_generate(&other, &e) &&
		  sig_store_public(key, der, sizeof(der), &len, &e) &&
		  sig_load_public(der, len, &public, &e),
	    &e, "keys");
	sig_expect_many(public);
	sig_expect_many(public);
	ok(public->table != NULL, "a table");
	for (int i = 0; i < 300; i++) {
		uint8_t hash[SIG_SHA256];

		is_ok(sig_sign(key, &i, sizeof(i), sig, &e), &e, "sign");
		ok(sig_verify(public, &i, sizeof(i), sig), "it is the key's");
		sig_sha256(&i, sizeof(i), hash);
		ok(sig_table_verify(public->table, hash, sig), "by the table");
		hash[i % 32] ^= (uint8_t)(1 << i % 8);
		ok(!sig_table_verify(public->table, hash, sig), "another hash");
	}
	for (int bit = 0; bit < 8 * SIG_BYTES; bit++) {
		sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ok(!sig_verify(public, &(int){299}, sizeof(int), sig), "a bit");
		sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ok(sig_verify(public, &(int){299}, sizeof(int), sig), "as it was");
	is_ok(sig_sign(other, "m", 1, sig, &e), &e, "sign");
	ok(!sig_verify(public, "m", 1, sig), "another key's");
	memset(sig, 0, sizeof(sig));
	ok(!sig_verify(public, "m", 1, sig), "zeros");
	memset(sig, 0xff, sizeof(sig));
	ok(!sig_verify(public, "m", 1, sig), "over the order");
	sig_free(key);
	sig_free(public);
	sig_free(other);
}

#define OWN 30

/* Each bit of r and s, and each of the messages; and a key in whose place another
 * stands. */
static void
what_a_key_signed_itself_it_knows(void **state)
{
	struct sig_key *key = NULL, *other = NULL, *public = NULL;
	uint8_t sig[OWN][SIG_BYTES], der[SIG_KEY_MAX];
	char msg[OWN][20];
	struct sig_signed list[OWN];
	EVP_PKEY *pair;
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	is_ok(sig_generate(&key, &e) && sig_generate(&other, &e) &&
		  sig_store_public(key, der, sizeof(der), &len, &e) &&
		  sig_load_public(der, len, &public, &e),
	    &e, "keys");
	for (int i = 0; i < OWN; i++) {
		snprintf(msg[i], sizeof(msg[i]), "message %d", i);
		list[i] = (struct sig_signed){msg[i], strlen(msg[i]), sig[i]};
		is_ok(
		    sig_sign(key, msg[i], list[i].len, sig[i], &e), &e, "sign");
	}
	for (size_t n = 1; n <= OWN; n++)
		ok(sig_verify_own(key, list, n), "they are its own");
	ok(!sig_verify_own(other, list, OWN), "another key's");
	ok(!sig_verify_own(public, list, OWN), "a public key made none");
	for (int bit = 0; bit < 8 * SIG_BYTES; bit++) {
		for (int i = 0; i < 2; i++) {
			sig[i][bit / 8] ^= (uint8_t)(1 << bit % 8);
			ok(!sig_verify_own(key, list, 2), "a bit differs");
			sig[i][bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
	for (int i = 0; i < OWN; i++) {
		msg[i][0] ^= 1;
		ok(!sig_verify_own(key, list, OWN), "another message");
		msg[i][0] ^= 1;
	}
	memset(sig[0], 0, SIG_BYTES);
	ok(!sig_verify_own(key, list, 2), "zeros");
	memset(sig[0], 0xff, SIG_BYTES);
	ok(!sig_verify_own(key, list, 2), "over the order");
	pair = key->pkey;
	key->pkey = other->pkey;
	is_ok(sig_sign(key, msg[0], list[0].len, sig[0], &e), &e, "sign");
	ok(!sig_verify_own(key, list, 1), "the key has changed");
	key->pkey = pair;
	is_ok(sig_sign(key, msg[0], list[0].len, sig[0], &e), &e, "sign");
	ok(sig_verify_own(key, list, 1), "it is the old one");
	sig_free(key);
	sig_free(other);
	sig_free(public);
}

static void
keys_come_back_from_bytes(void **state)
{
	struct sig_key *key = rfc(), *back = NULL, *public = NULL;
	uint8_t der[SIG_KEY_MAX], scalar[SIG_SCALAR], sig[SIG_BYTES];
	char hex[2 * SIG_SCALAR + 1];
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	is_ok(sig_store_private(key, der, sizeof(der), &len, &e), &e, "store");
	is_ok(sig_load_private(der, len, &back, &e), &e, "load");
	is_ok(sig_sign(back, "m", 1, sig, &e), &e, "sign");
	is_ok(sig_store_public(back, der, sizeof(der), &len, &e), &e, "public");
	is_ok(sig_load_public(der, len, &public, &e), &e, "load public");
	ok(sig_verify(public, "m", 1, sig), "verify");
	ok(!sig_sign(public, "m", 1, sig, &e), "a public key cannot sign");
	is_err(&e, ERR_CONFIG, "kind");
	ok(!sig_store_private(public, der, sizeof(der), &len, &e), "no store");
	is_ok(sig_store_scalar(back, scalar, &e), &e, "scalar");
	bytes_to_hex(scalar, sizeof(scalar), hex);
	ok(strcasecmp(hex, rfc_key) == 0, "same scalar");
	sig_free(key);
	sig_free(back);
	sig_free(public);
}

static void
keys_are_read_from_pem_files(void **state)
{
	static const char pem[] =
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCDJr6nYRbp1FmtcIVdn\n"
	    "sdaTTlDD2zbomxJ7imIrEg9nIQ==\n"
	    "-----END PRIVATE KEY-----\n";
	char path[] = "/tmp/t_sig.XXXXXX";
	struct sig_key *key = NULL, *want = rfc();
	struct err e = ERR_INIT;
	int fd = mkstemp(path);

	(void)state;
	ok(fd >= 0 && write(fd, pem, sizeof(pem) - 1) > 0, "file");
	close(fd);
	is_ok(sig_read_private(path, &key, &e), &e, "read");
	ok(sig_same(key, want), "the key in it");
	sig_free(key);
	unlink(path);
	ok(!sig_read_private(path, &key, &e), "no file");
	is_err(&e, ERR_SYSTEM, "kind");
	sig_free(want);
}

static void
what_is_no_key_is_refused(void **state)
{
	static const uint8_t zero[SIG_SCALAR];
	uint8_t der[SIG_KEY_MAX], big[SIG_SCALAR];
	struct sig_key *key = rfc(), *bad = NULL;
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	ok(!sig_load_private("rubbish", 7, &bad, &e), "rubbish");
	is_err(&e, ERR_CONFIG, "kind");
	ok(!sig_load_scalar(zero, &bad, &e), "zero");
	memset(big, 0xff, sizeof(big));
	ok(!sig_load_scalar(big, &bad, &e), "over the order");
	is_ok(sig_store_public(key, der, sizeof(der), &len, &e), &e, "store");
	der[len - 1] ^= 1;
	ok(!sig_load_public(der, len, &bad, &e), "no point of the curve");
	sig_free(key);
}

static void
hashes_match_published_values(void **state)
{
	uint8_t out[SIG_SHA256], want[SIG_SHA256];
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	/* FIPS 180-2, B.1 */
	ok(bytes_from_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410"
			  "ff61f20015ad",
	       want, sizeof(want), &len),
	    "hex");
	sig_sha256("abc", 3, out);
	is_mem(out, want, 32, "SHA-256");
	/* RFC 4231, 4.3 */
	is_ok(sig_lite_hash(
		  "Jefe", 4, "what do ya want for nothing?", 28, out, &e),
	    &e, "HMAC");
	is_mem(out, "\x5b\xdc\xc1\x46\xbf\x60", 6, "HMAC, first 6 bytes");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_published_signature_verifies),
	    T(zeros_are_no_signature),
	    T(what_one_key_signs_only_it_verifies),
	    T(what_a_key_signed_itself_it_knows),
	    T(a_table_changes_no_answer),
	    T(keys_come_back_from_bytes),
	    T(keys_are_read_from_pem_files),
	    T(what_is_no_key_is_refused),
	    T(hashes_match_published_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
