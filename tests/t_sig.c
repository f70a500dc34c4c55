/* SPDX-License-Identifier: Apache-2.0 */
#define OPENSSL_SUPPRESS_DEPRECATED /* points by their numbers */
#include "tests/test.h"

#include <openssl/ec.h>
#include <openssl/obj_mac.h>
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

#define MANY 30

/* What a key signed, for lists. */
struct pile {
	struct sig_key *key, *public;
	char msg[MANY][20];
	uint8_t sig[MANY][SIG_BYTES];
	struct sig_signed list[MANY];
};

static void
pile_up(struct pile *p)
{
	uint8_t der[SIG_KEY_MAX];
	struct err e = ERR_INIT;
	size_t len;

	is_ok(sig_generate(&p->key, &e) &&
		  sig_store_public(p->key, der, sizeof(der), &len, &e) &&
		  sig_load_public(der, len, &p->public, &e),
	    &e, "keys");
	for (int i = 0; i < MANY; i++) {
		snprintf(p->msg[i], sizeof(p->msg[i]), "message %d", i);
		p->list[i] = (struct sig_signed){
		    p->msg[i], strlen(p->msg[i]), p->sig[i]};
		is_ok(
		    sig_sign(p->key, p->msg[i], p->list[i].len, p->sig[i], &e),
		    &e, "sign");
	}
}

static void
pile_free(struct pile *p)
{
	sig_free(p->key);
	sig_free(p->public);
}

/* By the table alone, and by what asks OpenSSL where the table says no. */
static bool
known(const struct pile *p, const struct sig_signed *list, size_t count)
{
	bool table = sig_table_verify(p->public->table, list, count);

	ok(table == sig_verify_all(p->public, list, count), "one answer");
	return table;
}

static bool
own(const struct pile *p, const struct sig_signed *list, size_t count)
{
	return sig_verify_own(p->key, list, count);
}

static void
swap_s(struct pile *p)
{
	uint8_t s[32];

	memcpy(s, p->sig[0] + 32, sizeof(s));
	memcpy(p->sig[0] + 32, p->sig[1] + 32, sizeof(s));
	memcpy(p->sig[1] + 32, s, sizeof(s));
}

/* All lists of what it signed, and none with a bit changed. */
static void
judges(bool (*judge)(const struct pile *, const struct sig_signed *, size_t),
    struct pile *p)
{
	struct pile other = {0};

	for (size_t n = 1; n <= MANY; n++)
		ok(judge(p, p->list, n), "they are the key's");
	for (int bit = 0; bit < 8 * SIG_BYTES; bit++)
		for (int i = 0; i < 2; i++) {
			p->sig[i][bit / 8] ^= (uint8_t)(1 << bit % 8);
			ok(!judge(p, p->list, 2), "a bit differs");
			ok(judge(p, &p->list[1 - i], 1), "not of the other");
			p->sig[i][bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	for (int i = 0; i < MANY; i++) {
		p->msg[i][0] ^= 1;
		ok(!judge(p, p->list, MANY), "another message");
		p->msg[i][0] ^= 1;
	}
	ok(judge(p, p->list, MANY), "as they were");
	swap_s(p);
	ok(!judge(p, p->list, 2), "two that are wrong by each other");
	swap_s(p);
	pile_up(&other);
	ok(!judge(p, other.list, 1), "another key's");
	pile_free(&other);
	memcpy(p->sig[0], p->sig[1], SIG_BYTES);
	ok(!judge(p, p->list, 2), "another message's");
	memset(p->sig[0], 0, SIG_BYTES);
	ok(!judge(p, p->list, 2), "zeros");
	memset(p->sig[0], 0xff, SIG_BYTES);
	ok(!judge(p, p->list, 2), "over the order");
}

/* A list that the table takes in three pieces; the last signature is checked, too. */
static void
long_list(struct pile *p)
{
	struct sig_signed list[2 * SIG_LIST_MAX + 1];
	const size_t most = sizeof(list) / sizeof(*list);

	for (size_t i = 0; i < most; i++)
		list[i] = p->list[i % MANY];
	for (size_t n = SIG_LIST_MAX; n <= SIG_LIST_MAX + 1; n++)
		ok(sig_verify_all(p->public, list, n), "128 and 129");
	ok(sig_table_verify(p->public->table, list, SIG_LIST_MAX), "128");
	ok(!sig_table_verify(p->public->table, list, SIG_LIST_MAX + 1) &&
		!sig_table_verify(p->public->table, list, 0),
	    "no table takes more, or none");
	ok(sig_verify_all(p->public, list, most), "257");
	list[most - 1] = p->list[0];
	list[most - 1].sig = p->sig[1];
	ok(!sig_verify_all(p->public, list, most), "the last is none");
}

/* With a table and without one the answer is the same. */
static void
a_table_changes_no_answer(void **state)
{
	struct pile p = {0};

	(void)state;
	pile_up(&p);
	sig_expect_many(p.public);
	sig_expect_many(p.public);
	ok(p.public->table != NULL, "a table");
	long_list(&p);
	judges(known, &p);
	pile_free(&p);
}

/* The key Q = (R - uG) / v, for which (r, 1) is the signature of the hash u: R is
 * a point whose x is r and one order more, and v is r. */
static void
key_of(
    const uint8_t hash[SIG_SHA256], uint8_t sig[SIG_BYTES], uint8_t point[65])
{
	EC_GROUP *g = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	BIGNUM *r = BN_new(), *x = BN_new(), *u = BN_new();
	EC_POINT *q = EC_POINT_new(g), *part = EC_POINT_new(g);
	const BIGNUM *order = EC_GROUP_get0_order(g);

	do
		ok(BN_add_word(r, 1) && BN_add(x, r, order), "the next r");
	while (EC_POINT_set_compressed_coordinates(g, q, x, 0, NULL) != 1);
	ok(BN_bin2bn(hash, SIG_SHA256, u) && BN_bn2binpad(r, sig, 32) == 32 &&
		BN_bn2binpad(BN_value_one(), sig + 32, 32) == 32 &&
		EC_POINT_mul(g, part, u, NULL, NULL, NULL) &&
		EC_POINT_invert(g, part, NULL) &&
		EC_POINT_add(g, q, q, part, NULL) &&
		BN_mod_inverse(r, r, order, NULL) &&
		EC_POINT_mul(g, q, NULL, q, r, NULL) &&
		EC_POINT_point2oct(
		    g, q, POINT_CONVERSION_UNCOMPRESSED, point, 65, NULL) == 65,
	    "a key");
	EC_POINT_free(q);
	EC_POINT_free(part);
	BN_free(r);
	BN_free(x);
	BN_free(u);
	EC_GROUP_free(g);
}

/* One in 2^130 signatures is of a point whose x is over the order. */
static void
an_x_over_the_order_is_known(void **state)
{
	struct pile p = {0};
	uint8_t der[SIG_KEY_MAX], hash[SIG_SHA256];
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	pile_up(&p);
	sig_sha256(p.msg[0], p.list[0].len, hash);
	is_ok(sig_store_public(p.key, der, sizeof(der), &len, &e), &e, "DER");
	key_of(hash, p.sig[0], der + len - 65);
	sig_free(p.public);
	is_ok(sig_load_public(der, len, &p.public, &e), &e, "the key");
	ok(sig_verify_all(p.public, p.list, 1), "OpenSSL knows it");
	sig_expect_many(p.public);
	ok(known(&p, p.list, 1), "the table knows it");
	p.sig[0][31] ^= 1;
	ok(!known(&p, p.list, 1), "another r");
	pile_free(&p);
}

/* And what stands in the key's place is not it. */
static void
what_a_key_signed_itself_it_knows(void **state)
{
	struct pile p = {0}, other = {0};
	struct err e = ERR_INIT;
	EVP_PKEY *pair;

	(void)state;
	pile_up(&p);
	pile_up(&other);
	judges(own, &p);
	ok(!sig_verify_own(p.public, &p.list[1], 1), "a public key made none");
	pair = p.key->pkey;
	p.key->pkey = other.key->pkey;
	is_ok(
	    sig_sign(p.key, p.msg[0], p.list[0].len, p.sig[0], &e), &e, "sign");
	ok(!own(&p, p.list, 1), "the key has changed");
	p.key->pkey = pair;
	is_ok(
	    sig_sign(p.key, p.msg[0], p.list[0].len, p.sig[0], &e), &e, "sign");
	ok(own(&p, p.list, 1), "it is the old one");
	pile_free(&p);
	pile_free(&other);
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
	der[1] = 25; /* bytes that follow; the last 4 are a string of one 0 */
	memcpy(der + 23, (uint8_t[]){3, 2, 0, 0}, 4);
	ok(!sig_load_public(der, 27, &bad, &e), "infinity");
	is_err(&e, ERR_CONFIG, "kind");
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
	    T(an_x_over_the_order_is_known),
	    T(keys_come_back_from_bytes),
	    T(keys_are_read_from_pem_files),
	    T(what_is_no_key_is_refused),
	    T(hashes_match_published_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
