/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens that hang, die, go away, lie, or want what few others want: the module
 * of tests/badmodule.c. */
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/hsm_help.h"
#include "tests/test.h"
#include "vault/hsm.h"

#define TOKEN	"pkcs11:token=Bad;object=bad%20key?module-path=" BADMODULE
#define HANG_MS 2000 /* more than a good one needs on a busy machine */

static int
setup(void **state)
{
	(void)state;
	unsetenv("BADMODULE");
	hsm_help_open();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	hsm_help_close();
	return 0;
}

static void
behave(const char *how)
{
	setenv("BADMODULE", how, 1);
}

/* A token whose certified key is the good one, and how long it may be silent. */
static struct hsm *
open_token(int answer_ms)
{
	struct hsm_taken taken;
	struct hsm *t = NULL;
	struct err e = ERR_INIT;

	behave("");
	is_ok(hsm_open(TOKEN, NULL, HSM_ANSWER_MS, &t, &e), &e, "open");
	is_ok(hsm_take(t, "", HSM_PIN, &taken, &e), &e, "take");
	hsm_close(t);
	is_ok(hsm_open(taken.uri, taken.point, answer_ms, &t, &e), &e, "open");
	return t;
}

static bool
sign(struct hsm *t, struct err *e)
{
	uint8_t sig[SIG_BYTES];

	return hsm_sign(t, "message", 7, sig, e);
}

static void
a_token_that_hangs_is_given_up(void **state)
{
	static const char *const calls[] = {"C_Initialize", "C_GetSlotList",
	    "C_OpenSession", "C_Login", "C_FindObjects", "C_Sign"};
	struct err e = ERR_INIT;
	struct hsm *t = open_token(HANG_MS);

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		char how[64];
		int64_t begin = clock_ms();

		snprintf(how, sizeof(how), "hang=%s", calls[i]);
		behave(how);
		ok(!hsm_unlock(t, HSM_PIN, &e) || !sign(t, &e), calls[i]);
		is_err(&e, ERR_BUSY, calls[i]);
		ok(clock_ms() - begin < HSM_ANSWER_MS, "not for long");
	}
	behave("");
	is_ok(hsm_unlock(t, HSM_PIN, &e), &e, "well again");
	is_ok(sign(t, &e), &e, "sign");
	hsm_close(t);
}

static void
a_module_that_dies_takes_nobody_with_it(void **state)
{
	struct err e = ERR_INIT;
	struct hsm *t = open_token(HSM_ANSWER_MS);

	(void)state;
	behave("die=C_Sign");
	is_ok(hsm_unlock(t, HSM_PIN, &e), &e, "unlock");
	ok(!sign(t, &e), "it dies twice");
	is_err(&e, ERR_SYSTEM, "it dies twice");
	behave("");
	is_ok(sign(t, &e), &e, "another process is well");
	hsm_close(t);
}

static void
a_token_that_comes_back_signs(void **state)
{
	static const char *const calls[] = {
	    "C_FindObjectsInit", "C_SignInit", "C_Sign"};
	struct err e = ERR_INIT;
	struct hsm *t;
	char path[128], how[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/once", hsm_folder);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		t = open_token(HSM_ANSWER_MS);
		snprintf(how, sizeof(how), "gone=%s", calls[i]);
		behave(how);
		is_ok(hsm_unlock(t, HSM_PIN, &e), &e, "unlock");
		ok(!sign(t, &e), "it stays away");
		is_err(&e, ERR_ABSENT, calls[i]);
		setenv("BADMODULE_ONCE", path, 1);
		ok(hsm_run("touch %s", path), "it is away once");
		is_ok(sign(t, &e), &e, "and comes back");
		ok(access(path, F_OK) != 0, "it was away");
		unsetenv("BADMODULE_ONCE");
		hsm_close(t);
	}
}

static void
what_it_signs_with_another_key_is_not_let_out(void **state)
{
	struct err e = ERR_INIT;
	struct hsm *t = open_token(HSM_ANSWER_MS);

	(void)state;
	behave("another-key");
	is_ok(hsm_unlock(t, HSM_PIN, &e), &e, "unlock");
	ok(!sign(t, &e), "another key");
	is_err(&e, ERR_CORRUPT, "another key");
	behave("short");
	is_ok(hsm_unlock(t, HSM_PIN, &e), &e, "unlock");
	ok(!sign(t, &e), "63 bytes");
	is_err(&e, ERR_CORRUPT, "63 bytes");
	hsm_close(t);
}

static int
logins(const char *path)
{
	char line[32];
	FILE *f = fopen(path, "r");
	int n = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		n++;
	if (f != NULL)
		fclose(f);
	unlink(path);
	return n;
}

static void
a_wrong_pin_is_presented_once(void **state)
{
	struct err e = ERR_INIT;
	struct hsm *t = open_token(HSM_ANSWER_MS);
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/log", hsm_folder);
	setenv("BADMODULE_LOG", path, 1);
	ok(!hsm_unlock(t, "111111", &e), "wrong");
	is_err(&e, ERR_DENIED, "wrong");
	ok(!sign(t, &e), "and nothing is signed");
	is_err(&e, ERR_DENIED, "and nothing is signed");
	is_int(logins(path), 1, "one try");
	ok(!hsm_unlock(t, "111", &e), "what cannot be one");
	is_int(logins(path), 0, "is none");
	behave("final");
	ok(!hsm_unlock(t, "111111", &e), "wrong");
	ok(strstr(e.text, "one try left") != NULL, e.text);
	behave("locked");
	ok(!hsm_unlock(t, HSM_PIN, &e), "blocked");
	is_err(&e, ERR_DENIED, "blocked");
	ok(strstr(e.text, "SO PIN") != NULL, e.text);
	behave("unset");
	ok(!hsm_unlock(t, HSM_PIN, &e), "never set");
	ok(strstr(e.text, "no user PIN") != NULL, e.text);
	is_int(logins(path), 3, "one try each");
	hsm_close(t);
	unsetenv("BADMODULE_LOG");
}

/* While the token was away its PIN was changed: the old one is tried once. */
static void
a_pin_that_was_right_is_not_tried_on(void **state)
{
	struct err e = ERR_INIT;
	struct hsm *t = open_token(HSM_ANSWER_MS);
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/log", hsm_folder);
	setenv("BADMODULE_LOG", path, 1);
	behave("die=C_Sign");
	is_ok(hsm_unlock(t, HSM_PIN, &e), &e, "unlock");
	unlink(path);
	behave("another-pin");
	ok(!sign(t, &e), "the process dies, and the next is refused");
	is_err(&e, ERR_DENIED, "the next is refused");
	ok(!hsm_is_unlocked(t), "the PIN is forgotten");
	ok(!sign(t, &e), "so it is locked");
	is_err(&e, ERR_DENIED, "so it is locked");
	is_int(logins(path), 1, "one try");
	unsetenv("BADMODULE_LOG");
	hsm_close(t);
}

static void
a_key_that_wants_its_pin_each_time_gets_it(void **state)
{
	char uri[HSM_URI];
	struct psd_request r = hsm_request(1, 780);
	struct psd_stamp s;
	struct vault *v;
	struct err e = ERR_INIT;

	(void)state;
	behave("always-pin bare-point");
	hsm_create(uri, TOKEN, 10000);
	v = hsm_open_vault(uri);
	for (int i = 0; i < 3; i++) {
		r.key[0]++;
		is_ok(vault_debit(v, &r, 1, &s, &e), &e, "debit");
		ok(hsm_verifies(v, &s), "signature");
	}
	vault_close(v);
	is_int(hsm_spent(uri), 3 * 780, "spent");
}

static void
a_debit_that_was_not_signed_is_none(void **state)
{
	char uri[HSM_URI];
	struct psd_request r = hsm_request(1, 780);
	struct psd_stamp s;
	struct vault *v;
	struct err e = ERR_INIT;

	(void)state;
	hsm_create(uri, TOKEN, 10000);
	for (int i = 0; i < 3; i++) {
		static const char *const how[] = {
		    "die=C_Sign", "another-key", "short"};

		behave(how[i]);
		v = hsm_open_vault(uri);
		ok(!vault_debit(v, &r, 1, &s, &e), how[i]);
		is_int(s.len, 0, "no stamp");
		vault_close(v);
		is_int(hsm_spent(uri), 0, "no debit");
	}
	behave("");
	v = hsm_open_vault(uri);
	is_ok(vault_debit(v, &r, 1, &s, &e), &e, "then one");
	ok(!s.replayed, "a new one");
	vault_close(v);
	is_int(hsm_spent(uri), 780, "spent");
}

static void
a_key_that_can_be_taken_out_is_refused(void **state)
{
	char uri[HSM_URI];
	struct err e = ERR_INIT;

	(void)state;
	behave("extractable");
	ok(!hsm_try_create(uri, TOKEN, HSM_PIN, &e), "one that was there");
	is_err(&e, ERR_REQUEST, "one that was there");
	ok(!hsm_try_create(uri, "pkcs11:?module-path=" BADMODULE, HSM_PIN, &e),
	    "one that was just made");
	is_err(&e, ERR_REQUEST, "one that was just made");
}

#define HSM(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HSM(a_token_that_hangs_is_given_up),
	    HSM(a_module_that_dies_takes_nobody_with_it),
	    HSM(a_token_that_comes_back_signs),
	    HSM(what_it_signs_with_another_key_is_not_let_out),
	    HSM(a_wrong_pin_is_presented_once),
	    HSM(a_pin_that_was_right_is_not_tried_on),
	    HSM(a_key_that_wants_its_pin_each_time_gets_it),
	    HSM(a_debit_that_was_not_signed_is_none),
	    HSM(a_key_that_can_be_taken_out_is_refused),
	};

	setenv("POSTAGE_MODULES", BADMODULE_FOLDER, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
