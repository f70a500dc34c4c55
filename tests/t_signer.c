/* SPDX-License-Identifier: Apache-2.0 */
/* The provider's cryptographic modules: keys under a file, keys in SoftHSM's
 * tokens, and a module that does as it pleases (tests/badmodule.c). */
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "provider/signer.h"
#include "provider/signer_keys.h"
#include "tests/hsm_help.h"
#include "tests/test.h"
#include "vault/crypto.h"
#include "vault/nursery.h"

#define ID	"XXPS0000000001"
#define OTHER	"XXPS0000000002"
#define THREADS 4

static char folder[64], kek[128], uri[192];

static void
write_file(const char *path, const void *ptr, size_t len, mode_t mode)
{
	FILE *f = fopen(path, "w");

	ok(f != NULL, path);
	is_int(fwrite(ptr, 1, len, f), len, path);
	is_int(fclose(f), 0, path);
	is_int(chmod(path, mode), 0, path);
}

static int
setup(void **state)
{
	uint8_t key[32];

	(void)state;
	strcpy(folder, "/tmp/t_signer.XXXXXX");
	ok(mkdtemp(folder) != NULL, "a folder");
	snprintf(kek, sizeof(kek), "%s/kek", folder);
	snprintf(uri, sizeof(uri), "software:%s", kek);
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)(i * 7 + 1);
	write_file(kek, key, sizeof(key), 0600);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	(void)hsm_run("rm -rf %s", folder);
	return 0;
}

/* --- batches ------------------------------------------------------------------ */

struct batch {
	uint8_t text[SIGNER_BATCH][PSD_MESSAGE_MAX];
	struct signer_message m[SIGNER_BATCH];
};

/* Messages of many lengths, other ones for each `salt`. */
static void
fill(struct batch *b, size_t count, unsigned salt)
{
	for (size_t i = 0; i < count; i++) {
		size_t len = (i * 37 + 89 + salt) % PSD_MESSAGE_MAX + 1;

		for (size_t j = 0; j < len; j++)
			b->text[i][j] = (uint8_t)(i + j * 3 + salt);
		b->m[i] =
		    (struct signer_message){.ptr = b->text[i], .len = len};
	}
}

/* The public half that was given out verifies all, by other code. */
static bool
all_verify(const struct batch *b, size_t count, const struct signer_key *key)
{
	struct sig_key *public = NULL;
	struct err e = ERR_INIT;
	bool good;

	is_ok(crypto_from_point(key->point, &public, &e), &e, "point");
	good = true;
	for (size_t i = 0; i < count; i++)
		good = good && sig_verify(public, b->m[i].ptr, b->m[i].len,
				   b->m[i].sig);
	sig_free(public);
	return good;
}

static bool
none_left(const struct batch *b, size_t count)
{
	static const uint8_t zero[SIG_BYTES];
	size_t left = 0;

	for (size_t i = 0; i < count; i++)
		left += memcmp(b->m[i].sig, zero, SIG_BYTES) != 0;
	return left == 0;
}

static struct signer *
open_named(const char *name, const char *where)
{
	struct signer_setup in = {.name = name, .uri = where};
	struct signer *s = NULL;
	struct err e = ERR_INIT;

	is_ok(signer_open(&in, &s, &e), &e, "open");
	return s;
}

static bool
try_open(const char *name, const char *where, struct err *e)
{
	struct signer_setup in = {.name = name, .uri = where};
	struct signer *s = NULL;
	bool done = signer_open(&in, &s, e);

	signer_close(s);
	return done;
}

static struct signer_key
make_key(struct signer *s, const char *id)
{
	struct signer_key key;
	struct err e = ERR_INIT;

	is_ok(signer_make(s, id, &key, &e), &e, "make");
	return key;
}

/* --- keys in files --------------------------------------------------------------- */

static void
batches_of_every_length_verify(void **state)
{
	static struct batch b;
	struct signer *s = open_named("m", uri);
	struct signer_key key = make_key(s, ID);
	struct err e = ERR_INIT;

	(void)state;
	is_str(signer_name(s), "m", "name");
	for (size_t n = 1; n <= SIGNER_BATCH; n++) {
		fill(&b, n, (unsigned)n);
		is_ok(signer_sign(s, ID, &key, b.m, n, &e), &e, "sign");
		ok(all_verify(&b, n, &key), "verify");
	}
	signer_close(s);
}

static void
another_server_with_the_file_signs(void **state)
{
	static struct batch b;
	struct signer *s = open_named("m", uri), *t = open_named("m", uri);
	struct signer_key key = make_key(s, ID);
	struct err e = ERR_INIT;

	(void)state;
	signer_close(s);
	fill(&b, 3, 0);
	is_ok(signer_sign(t, ID, &key, b.m, 3, &e), &e, "sign");
	ok(all_verify(&b, 3, &key), "verify");
	signer_close(t);
}

static void
refuses(struct signer *s, const char *id, const struct signer_key *key,
    enum err_kind kind, const char *what)
{
	static struct batch b;
	struct err e = ERR_INIT;

	fill(&b, 2, 0);
	memset(b.m[1].sig, 1, SIG_BYTES);
	ok(!signer_sign(s, id, key, b.m, 2, &e), what);
	is_err(&e, kind, what);
	ok(none_left(&b, 2), what);
}

/* The key that signed before is in memory: that must not help either. */
static void
a_key_in_anothers_place_signs_nothing(void **state)
{
	static struct batch b;
	struct signer *s = open_named("m", uri), *n = open_named("n", uri);
	struct signer_key one = make_key(s, ID), two = make_key(s, OTHER),
			  mixed;
	struct err e = ERR_INIT;

	(void)state;
	fill(&b, 1, 0);
	is_ok(signer_sign(s, ID, &one, b.m, 1, &e), &e, "sign");
	is_ok(signer_sign(s, OTHER, &two, b.m, 1, &e), &e, "sign");
	refuses(s, ID, &two, ERR_CORRUPT, "another PSD's key");
	refuses(s, OTHER, &one, ERR_CORRUPT, "another PSD's key");
	refuses(n, ID, &one, ERR_CORRUPT, "another module's key");
	mixed = one;
	memcpy(mixed.point, two.point, PSD_POINT);
	refuses(s, ID, &mixed, ERR_CORRUPT, "another certificate");
	is_ok(signer_sign(s, ID, &one, b.m, 1, &e), &e, "and then its own");
	ok(all_verify(&b, 1, &one), "verify");
	signer_close(s);
	signer_close(n);
}

static void
a_bit_that_flipped_anywhere_is_seen(void **state)
{
	struct signer *s = open_named("m", uri);
	struct signer_key good = make_key(s, ID), bad;

	(void)state;
	for (size_t i = 0; i < good.ref_len; i++)
		for (int bit = 0; bit < 8; bit++) {
			bad = good;
			bad.ref[i] ^= (uint8_t)(1 << bit);
			refuses(s, ID, &bad,
			    i >= 1 && i < 9 ? ERR_CONFIG : ERR_CORRUPT, "ref");
		}
	for (size_t i = 0; i < PSD_POINT; i++) {
		bad = good;
		bad.point[i] ^= 0x10;
		refuses(s, ID, &bad, ERR_CORRUPT, "point");
	}
	for (size_t len = 0; len <= good.ref_len + 1; len++)
		if (len != good.ref_len) {
			bad = good;
			bad.ref_len = len;
			refuses(s, ID, &bad, ERR_CORRUPT, "length");
		}
	bad = good;
	bad.ref_len = SIGNER_KEY_MAX + 1;
	refuses(s, ID, &bad, ERR_CORRUPT, "length");
	signer_close(s);
}

static void
another_file_is_told_apart(void **state)
{
	uint8_t key[33] = {9};
	struct signer *s = open_named("m", uri), *t;
	struct signer_key one = make_key(s, ID);
	struct err e = ERR_INIT;

	(void)state;
	write_file(kek, key, 32, 0600);
	t = open_named("m", uri);
	refuses(t, ID, &one, ERR_CONFIG, "another file");
	write_file(kek, key, 31, 0600);
	ok(!try_open("m", uri, &e), "31 bytes");
	is_err(&e, ERR_CONFIG, "31 bytes");
	write_file(kek, key, 33, 0600);
	ok(!try_open("m", uri, &e), "33 bytes");
	is_err(&e, ERR_CONFIG, "33 bytes");
	write_file(kek, key, 32, 0604);
	ok(!try_open("m", uri, &e), "everybody's");
	is_err(&e, ERR_CONFIG, "everybody's");
	unlink(kek);
	ok(!try_open("m", uri, &e), "none");
	is_err(&e, ERR_CONFIG, "none");
	signer_close(s);
	signer_close(t);
}

static void
a_credential_is_a_file(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
	is_ok(try_open("m", "software:credential:kek", &e), &e, "there");
	ok(!try_open("m", "software:credential:kek2", &e), "not there");
	is_err(&e, ERR_CONFIG, "not there");
	unsetenv("CREDENTIALS_DIRECTORY");
	ok(!try_open("m", "software:credential:kek", &e), "no folder");
	is_err(&e, ERR_CONFIG, "no folder");
}

static void
names_that_are_none_are_refused(void **state)
{
	char longest[SIGNER_NAME_MAX + 1];
	struct signer *s;
	struct signer_key key;
	struct err e = ERR_INIT;

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[SIGNER_NAME_MAX] = '\0';
	ok(!try_open("", uri, &e), "no name");
	ok(!try_open(longest, uri, &e), "too long a name");
	is_err(&e, ERR_CONFIG, "too long a name");
	ok(!try_open("m", "hardware:x", &e), "no such kind");
	is_err(&e, ERR_CONFIG, "no such kind");
	longest[SIGNER_NAME_MAX - 1] = '\0';
	s = open_named(longest, uri);
	key = make_key(s, ID);
	ok(!signer_make(s, "", &key, &e), "no id");
	is_err(&e, ERR_REQUEST, "no id");
	ok(!signer_make(s, "XXPS000000000100", &key, &e), "too long an id");
	is_err(&e, ERR_REQUEST, "too long an id");
	signer_close(s);
}

static void
more_keys_than_are_kept_sign_all_the_same(void **state)
{
	static struct signer_key keys[SIGNER_KEYS_MAX + 20];
	static struct batch b;
	struct signer *s = open_named("m", uri);
	size_t count = sizeof(keys) / sizeof(keys[0]);
	struct err e = ERR_INIT;
	char id[PSD_ID];

	(void)state;
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < count; i++) {
			snprintf(id, sizeof(id), "XXPS%010zu", i);
			if (round == 0)
				keys[i] = make_key(s, id);
			fill(&b, 1, (unsigned)i);
			is_ok(signer_sign(s, id, &keys[i], b.m, 1, &e), &e,
			    "sign");
			ok(all_verify(&b, 1, &keys[i]), "verify");
		}
	signer_close(s);
}

/* --- threads ----------------------------------------------------------------------- */

struct worker {
	const struct signer_setup *in;
	const struct signer_key *keys;
	unsigned number;
	bool good;
	struct err e;
};

static void *
work(void *context)
{
	struct worker *w = context;
	struct batch *b = calloc(1, sizeof(*b));
	struct signer *s = NULL;

	w->good = b != NULL && signer_open(w->in, &s, &w->e);
	for (unsigned i = 0; w->good && i < 20; i++) {
		char id[PSD_ID];
		unsigned which = (w->number + i) % THREADS;

		snprintf(id, sizeof(id), "XXPS%010u", which);
		fill(b, 30, w->number * 100 + i);
		w->good =
		    signer_sign(s, id, &w->keys[which], b->m, 30, &w->e) &&
		    all_verify(b, 30, &w->keys[which]);
	}
	signer_close(s);
	free(b);
	return NULL;
}

static void
threads_share_keys(const struct signer_setup *in)
{
	struct signer_key keys[THREADS];
	struct worker workers[THREADS];
	pthread_t threads[THREADS];
	struct signer *s = NULL;
	struct err e = ERR_INIT;
	char id[PSD_ID];

	is_ok(signer_open(in, &s, &e), &e, "open");
	for (unsigned i = 0; i < THREADS; i++) {
		snprintf(id, sizeof(id), "XXPS%010u", i);
		keys[i] = make_key(s, id);
	}
	signer_close(s);
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){in, keys, i, false, ERR_INIT};
		is_int(pthread_create(&threads[i], NULL, work, &workers[i]), 0,
		    "a thread");
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < THREADS; i++)
		is_ok(workers[i].good, &workers[i].e, "a thread's signatures");
}

static void
threads_each_have_their_own(void **state)
{
	struct signer_setup in = {.name = "m", .uri = uri};

	(void)state;
	threads_share_keys(&in);
}

/* --- keys in a token ------------------------------------------------------------------ */

static char pin_file[128];

static int
token_setup(void **state)
{
	(void)state;
	if (hsm_help_module() == NULL)
		return 0;
	hsm_help_open();
	hsm_new_token("Postage");
	snprintf(pin_file, sizeof(pin_file), "%s/pin", hsm_folder);
	write_file(pin_file, HSM_PIN "\n", strlen(HSM_PIN) + 1, 0600);
	return 0;
}

static int
token_teardown(void **state)
{
	(void)state;
	if (hsm_folder[0] != '\0')
		hsm_help_close();
	return 0;
}

static void
need_softhsm(void)
{
	if (hsm_folder[0] == '\0')
		skip();
}

#define TOKEN "pkcs11:token=Postage"
#define BAD   "pkcs11:token=Bad?module-path=" BADMODULE

static struct signer *
open_token(const char *where, int answer_ms)
{
	struct signer_setup in = {.name = "hsm",
	    .uri = where,
	    .pin_file = pin_file,
	    .answer_ms = answer_ms};
	struct signer *s = NULL;
	struct err e = ERR_INIT;

	is_ok(signer_open(&in, &s, &e), &e, "open");
	return s;
}

static void
batches_are_signed_in_a_token(void **state)
{
	static struct batch b;
	struct signer *s;
	struct signer_key key[3];
	char id[PSD_ID];
	struct err e = ERR_INIT;

	(void)state;
	need_softhsm();
	s = open_token(TOKEN, 0);
	for (unsigned i = 0; i < 3; i++) {
		snprintf(id, sizeof(id), "XXPS%010u", i);
		key[i] = make_key(s, id);
	}
	for (size_t n = 1; n <= SIGNER_BATCH; n++) {
		fill(&b, n, (unsigned)n);
		snprintf(id, sizeof(id), "XXPS%010zu", n % 3);
		is_ok(signer_sign(s, id, &key[n % 3], b.m, n, &e), &e, "sign");
		ok(all_verify(&b, n, &key[n % 3]), "verify");
	}
	signer_close(s);
}

static void
keys_in_a_token_are_named_for_their_psd(void **state)
{
	struct signer *s;
	struct signer_key one, two, mixed;

	(void)state;
	need_softhsm();
	s = open_token(TOKEN, 0);
	one = make_key(s, ID);
	two = make_key(s, OTHER);
	ok(hsm_run("pkcs11-tool --module %s --token-label Postage --login "
		   "--pin %s -O --type privkey",
	       hsm_help_module(), HSM_PIN),
	    hsm_said);
	ok(strstr(hsm_said, ID) != NULL, hsm_said);
	ok(strstr(hsm_said, "never extractable") != NULL, hsm_said);
	refuses(s, OTHER, &one, ERR_CORRUPT, "another PSD's key");
	mixed = one;
	memcpy(mixed.point, two.point, PSD_POINT);
	refuses(s, ID, &mixed, ERR_CORRUPT, "another certificate");
	mixed.point[64] ^= 1;
	refuses(s, ID, &mixed, ERR_CORRUPT, "no certificate's");
	signer_close(s);
}

/* Whatever one changed byte makes of the name, nothing is signed by it that the
 * certificate does not verify. */
static void
a_changed_name_signs_with_no_other_key(void **state)
{
	static struct batch b;
	struct signer *s;
	struct signer_key good, bad;
	struct err e = ERR_INIT;

	(void)state;
	need_softhsm();
	s = open_token(TOKEN, 0);
	good = make_key(s, ID);
	(void)make_key(s, OTHER);
	for (size_t i = 0; i < good.ref_len; i++) {
		bad = good;
		bad.ref[i] ^= 1;
		fill(&b, 2, 0);
		if (signer_sign(s, ID, &bad, b.m, 2, &e))
			ok(all_verify(&b, 2, &good), "verify");
		else
			ok(none_left(&b, 2), "nothing");
	}
	bad = good;
	bad.ref[bad.ref_len++] = '\0';
	refuses(s, ID, &bad, ERR_CORRUPT, "a NUL");
	bad = good;
	memset(bad.ref + bad.ref_len, 'x', SIGNER_KEY_MAX - bad.ref_len);
	bad.ref_len = SIGNER_KEY_MAX;
	refuses(s, ID, &bad, ERR_CORRUPT, "too long");
	signer_close(s);
}

static int
keys_in_token(void)
{
	int n = 0;

	ok(hsm_run("pkcs11-tool --module %s --token-label Postage --login "
		   "--pin %s -O",
	       hsm_help_module(), HSM_PIN),
	    hsm_said);
	for (const char *at = hsm_said; (at = strstr(at, "Key Object")) != NULL;
	     at++)
		n++;
	return n;
}

static void
a_key_that_nobody_wants_is_destroyed(void **state)
{
	struct signer *s;
	struct signer_key one, two;

	(void)state;
	need_softhsm();
	s = open_token(TOKEN, 0);
	one = make_key(s, ID);
	two = make_key(s, OTHER);
	is_int(keys_in_token(), 4, "two pairs");
	signer_drop(s, &one);
	is_int(keys_in_token(), 4, "the last one alone");
	two = make_key(s, OTHER);
	signer_drop(s, &two);
	is_int(keys_in_token(), 4, "that is gone");
	refuses(s, OTHER, &two, ERR_CONFIG, "and does not sign");
	signer_close(s);
}

static void
what_a_token_does_not_let_in_is_told(void **state)
{
	struct signer_setup in = {.name = "hsm", .uri = TOKEN};
	struct signer *s = NULL;
	struct err e = ERR_INIT;

	(void)state;
	need_softhsm();
	ok(!signer_open(&in, &s, &e), "no PIN");
	is_err(&e, ERR_DENIED, "no PIN");
	in.pin_file = "/nowhere/pin";
	ok(!signer_open(&in, &s, &e), "no file");
	is_err(&e, ERR_CONFIG, "no file");
	in.pin_file = pin_file;
	in.uri = "pkcs11:token=Nobody";
	ok(!signer_open(&in, &s, &e), "no token");
	is_err(&e, ERR_ABSENT, "no token");
	write_file(pin_file, "111111", 6, 0600);
	in.uri = TOKEN;
	ok(!signer_open(&in, &s, &e), "wrong PIN");
	is_err(&e, ERR_DENIED, "wrong PIN");
	ok(s == NULL, "nothing is open");
}

static void
a_uri_of_a_key_makes_none(void **state)
{
	struct signer *s;
	struct signer_key key;
	struct err e = ERR_INIT;

	(void)state;
	need_softhsm();
	s = open_token(TOKEN, 0);
	key = make_key(s, ID);
	signer_close(s);
	s = open_token(TOKEN ";object=" ID, 0);
	ok(!signer_make(s, OTHER, &key, &e), "it would be two PSDs'");
	is_err(&e, ERR_CONFIG, "it would be two PSDs'");
	signer_close(s);
}

static void
a_token_that_was_away_signs_again(void **state)
{
	static struct batch b;
	struct signer *s, *late;
	struct signer_key key;
	struct err e = ERR_INIT;

	(void)state;
	need_softhsm();
	s = open_token(TOKEN, 0);
	late = open_token(TOKEN, 0);
	key = make_key(s, ID);
	fill(&b, 30, 0);
	is_ok(signer_sign(s, ID, &key, b.m, 30, &e), &e, "sign");
	ok(hsm_run("mv %s/tokens %s/away && mkdir %s/tokens", hsm_folder,
	       hsm_folder, hsm_folder),
	    "it goes");
	refuses(late, ID, &key, ERR_ABSENT, "away");
	refuses(late, ID, &key, ERR_ABSENT, "still away");
	ok(hsm_run("rmdir %s/tokens && mv %s/away %s/tokens", hsm_folder,
	       hsm_folder, hsm_folder),
	    "it comes back");
	is_ok(signer_sign(late, ID, &key, b.m, 30, &e), &e, "sign");
	ok(all_verify(&b, 30, &key), "verify");
	signer_close(s);
	signer_close(late);
}

static void
threads_each_have_their_session(void **state)
{
	struct signer_setup in = {
	    .name = "hsm", .uri = TOKEN, .pin_file = pin_file};
	struct err e = ERR_INIT;

	(void)state;
	need_softhsm();
	is_ok(nursery_open(&in.nursery, &e), &e, "nursery");
	for (int i = 0; i < 3; i++)
		threads_share_keys(&in);
	nursery_close(in.nursery);
}

/* Making more of them than a child remembers takes too long: the same name in
 * other words is another one to it. */
static void
names_that_are_forgotten_are_found_again(void **state)
{
	static struct batch b;
	struct signer *s;
	struct signer_key good, other;
	struct err e = ERR_INIT;

	(void)state;
	need_softhsm();
	s = open_token(TOKEN, 0);
	good = make_key(s, ID);
	fill(&b, 1, 0);
	for (int i = 0; i < 1100; i++) {
		other = good;
		other.ref_len +=
		    (size_t)snprintf((char *)other.ref + other.ref_len,
			sizeof(other.ref) - other.ref_len, ";slot-id=%d", i);
		is_ok(signer_sign(
			  s, ID, i % 100 == 0 ? &good : &other, b.m, 1, &e),
		    &e, "sign");
		ok(all_verify(&b, 1, &good), "verify");
	}
	signer_close(s);
}

/* --- a module that does as it pleases ------------------------------------------------ */

#define HANG_MS 300

static void
behave(const char *how)
{
	setenv("BADMODULE", how, 1);
}

static int
bad_setup(void **state)
{
	behave("");
	return token_setup(state);
}

static void
a_token_that_hangs_is_given_up(void **state)
{
	static struct batch b;
	struct signer *s;
	struct signer_key key;
	struct err e = ERR_INIT;
	int64_t begin;

	(void)state;
	need_softhsm();
	behave("hang=C_Sign");
	s = open_token(BAD, HANG_MS);
	ok(!signer_make(s, ID, &key, &e), "it does not prove its key");
	is_err(&e, ERR_BUSY, "it does not prove its key");
	behave("");
	key = make_key(s, ID);
	refuses(s, ID, &key, ERR_BUSY, "the session of before hangs");
	fill(&b, 30, 0);
	is_ok(signer_sign(s, ID, &key, b.m, 30, &e), &e, "a new one does not");
	ok(all_verify(&b, 30, &key), "verify");
	signer_close(s);
	s = open_token(BAD, HANG_MS);
	behave("hang=C_OpenSession");
	signer_drop(s, &key);
	begin = clock_ms();
	ok(!signer_make(s, ID, &key, &e), "hangs");
	is_err(&e, ERR_BUSY, "hangs");
	ok(clock_ms() - begin < 3 * HANG_MS, "not for long");
	signer_close(s);
}

/* The child has its environment of when it began. */
static void
sign_fails(const char *how, enum err_kind kind, size_t count)
{
	static struct batch b;
	struct signer *s;
	struct signer_key key;
	struct err e = ERR_INIT;

	behave("");
	s = open_token(BAD, HANG_MS * 10);
	key = make_key(s, ID);
	signer_close(s);
	behave(how);
	s = open_token(BAD, HANG_MS * 10);
	fill(&b, count, 0);
	ok(!signer_sign(s, ID, &key, b.m, count, &e), how);
	is_err(&e, kind, how);
	ok(none_left(&b, count), "nothing is let out");
	signer_close(s);
}

static void
a_token_that_lies_lets_nothing_out(void **state)
{
	(void)state;
	need_softhsm();
	for (size_t n = 1; n <= 30; n += 29) {
		sign_fails("another-key", ERR_CORRUPT, n);
		sign_fails("short", ERR_CORRUPT, n);
	}
	for (size_t n = 7; n <= 12; n++)
		sign_fails("seventh", ERR_CORRUPT, n);
	sign_fails("seventh", ERR_CORRUPT, SIGNER_BATCH);
}

static void
a_token_that_dies_or_goes_takes_nobody_with_it(void **state)
{
	(void)state;
	need_softhsm();
	sign_fails("die=C_Sign", ERR_SYSTEM, 30);
	sign_fails("gone=C_Sign", ERR_ABSENT, 30);
	sign_fails("gone=C_FindObjects", ERR_ABSENT, 30);
}

/* It goes in the middle of a batch, once. */
static void
a_batch_goes_on_when_the_token_is_back(void **state)
{
	static struct batch b;
	struct signer *s;
	struct signer_key key;
	struct err e = ERR_INIT;
	char path[128];

	(void)state;
	need_softhsm();
	s = open_token(BAD, HANG_MS * 10);
	key = make_key(s, ID);
	signer_close(s);
	snprintf(path, sizeof(path), "%s/once", hsm_folder);
	setenv("BADMODULE_ONCE", path, 1);
	behave("gone=C_SignInit");
	s = open_token(BAD, HANG_MS * 10);
	ok(hsm_run("touch %s", path), "it is away once");
	fill(&b, 30, 0);
	is_ok(signer_sign(s, ID, &key, b.m, 30, &e), &e, "sign");
	ok(access(path, F_OK) != 0, "it was away");
	ok(all_verify(&b, 30, &key), "verify");
	unsetenv("BADMODULE_ONCE");
	signer_close(s);
}

#define SOFT(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define HSM(f)	cmocka_unit_test_setup_teardown(f, token_setup, token_teardown)
#define MAD(f)	cmocka_unit_test_setup_teardown(f, bad_setup, token_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SOFT(batches_of_every_length_verify),
	    SOFT(another_server_with_the_file_signs),
	    SOFT(a_key_in_anothers_place_signs_nothing),
	    SOFT(a_bit_that_flipped_anywhere_is_seen),
	    SOFT(another_file_is_told_apart),
	    SOFT(a_credential_is_a_file),
	    SOFT(names_that_are_none_are_refused),
	    SOFT(more_keys_than_are_kept_sign_all_the_same),
	    SOFT(threads_each_have_their_own),
	    HSM(batches_are_signed_in_a_token),
	    HSM(keys_in_a_token_are_named_for_their_psd),
	    HSM(a_changed_name_signs_with_no_other_key),
	    HSM(a_key_that_nobody_wants_is_destroyed),
	    HSM(what_a_token_does_not_let_in_is_told),
	    HSM(a_uri_of_a_key_makes_none),
	    HSM(a_token_that_was_away_signs_again),
	    HSM(threads_each_have_their_session),
	    HSM(names_that_are_forgotten_are_found_again),
	    MAD(a_token_that_hangs_is_given_up),
	    MAD(a_token_that_lies_lets_nothing_out),
	    MAD(a_token_that_dies_or_goes_takes_nobody_with_it),
	    MAD(a_batch_goes_on_when_the_token_is_back),
	};

	setenv("POSTAGE_MODULES", BADMODULE_FOLDER, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
