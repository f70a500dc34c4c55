/* SPDX-License-Identifier: Apache-2.0 */
/* Vaults whose key is in a real token: SoftHSM, looked at and tampered with by
 * the tools of SoftHSM and OpenSC.  Bad modules: t_hsm_bad. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/hsm_help.h"
#include "tests/swtpm.h"
#include "tests/test.h"
#include "vault/file_image.h"
#include "vault/hsm.h"
#include "vault/slots.h"

#define THREADS 4
#define DEBITS	20

static const char *module;

/* pkcs11-tool on this token, as its user. */
#define TOOL \
	"pkcs11-tool --module %s --token-label %s --login --pin " HSM_PIN " "

static int
setup(void **state)
{
	(void)state;
	hsm_help_open();
	hsm_new_token("Postage");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	hsm_help_close();
	return 0;
}

/* --- making -------------------------------------------------------------------- */

static void
a_key_is_made_in_the_token_and_stays_there(void **state)
{
	char uri[HSM_URI];
	struct psd_request r = hsm_request(1, 780);
	struct psd_stamp s;
	struct vault *v;
	struct err e = ERR_INIT;

	(void)state;
	hsm_create(uri, NULL, 10000);
	ok(hsm_run(TOOL "-O", module, "Postage"), "pkcs11-tool");
	ok(strstr(hsm_said, "postage XXPS0000000001") != NULL, "its name");
	ok(strstr(hsm_said, "never extractable") != NULL, hsm_said);
	ok(strstr(hsm_said, "always sensitive") != NULL, hsm_said);
	v = hsm_open_vault(uri);
	is_ok(vault_debit(v, &r, 1, &s, &e), &e, "debit");
	ok(hsm_verifies(v, &s), "the certificate's key signed");
	vault_close(v);
	is_int(hsm_spent(uri), 780, "spent");
}

/* OpenSC's tool with the token's public key, as another judge. */
static void
another_program_verifies_what_it_signs(void **state)
{
	char uri[HSM_URI];
	struct psd_request r = hsm_request(1, 780);
	struct psd_stamp s;
	struct vault *v;
	struct err e = ERR_INIT;
	char path[128];
	FILE *f;

	(void)state;
	hsm_create(uri, NULL, 10000);
	v = hsm_open_vault(uri);
	is_ok(vault_debit(v, &r, 1, &s, &e), &e, "debit");
	vault_close(v);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", hsm_folder,
		    i == 0 ? "data" : "signature");
		f = fopen(path, "wb");
		ok(f != NULL, path);
		if (i == 0)
			fwrite(s.indicium, s.len - SIG_BYTES, 1, f);
		else
			fwrite(s.indicium + s.len - SIG_BYTES, SIG_BYTES, 1, f);
		fclose(f);
	}
	ok(hsm_run("openssl dgst -sha256 -binary %s/data >%s/hash && " TOOL
		   "--label 'postage XXPS0000000001' --verify -m ECDSA "
		   "--input-file %s/hash --signature-file %s/signature",
	       hsm_folder, hsm_folder, module, "Postage", hsm_folder,
	       hsm_folder),
	    hsm_said);
	ok(strstr(hsm_said, "Signature is valid") != NULL, hsm_said);
}

static void
nothing_of_the_key_is_in_the_file(void **state)
{
	static const struct wrapped none;
	static struct file_image image;
	uint8_t bytes[FILE_IMAGE_BYTES];
	char uri[HSM_URI], path[HSM_URI + 16];
	struct slots slots;
	struct err e = ERR_INIT;
	struct vault *v = NULL;
	FILE *f;

	(void)state;
	hsm_create(uri, "pkcs11:token=Postage", 1000);
	snprintf(path, sizeof(path), "%s/psd.vault", uri + 4);
	f = fopen(path, "rb");
	ok(f != NULL, "the file");
	is_ok(slots_read(&slots, fileno(f), bytes, sizeof(bytes), &e), &e,
	    "slots");
	fclose(f);
	is_ok(file_image_decode(bytes, &image, &e), &e, "image");
	is_mem(&image.key, &none, sizeof(none), "no key");
	ok(strstr(image.token, "token=Postage;id=") != NULL, image.token);
	ok(strstr(image.token, "pin") == NULL, "no PIN");
	snprintf(path, sizeof(path), "file:%s", uri + 4);
	ok(!vault_open(path, 0, &v, &e), "as a file vault");
	is_err(&e, ERR_CONFIG, "as a file vault");
}

static void
a_key_of_a_ceremony_is_adopted(void **state)
{
	char uri[HSM_URI];
	struct psd_request r = hsm_request(1, 780);
	struct psd_stamp s;
	struct vault *v;
	struct err e = ERR_INIT;

	(void)state;
	ok(hsm_run(TOOL "--keypairgen --key-type EC:prime256v1 --id 0a0b0c "
			"--label ceremony --sensitive",
	       module, "Postage"),
	    hsm_said);
	hsm_create(uri, "pkcs11:token=Postage;object=ceremony", 10000);
	ok(hsm_run(TOOL "-O --type privkey", module, "Postage"), "list");
	ok(strstr(hsm_said, "postage XX") == NULL, "none was made");
	v = hsm_open_vault(uri);
	is_ok(vault_debit(v, &r, 1, &s, &e), &e, "debit");
	ok(hsm_verifies(v, &s), "signature");
	vault_close(v);
}

static void
keys_that_will_not_do_are_refused(void **state)
{
	char uri[HSM_URI];
	struct err e = ERR_INIT;

	(void)state;
	ok(hsm_run(TOOL "--keypairgen --key-type EC:prime256v1 --id 01 "
			"--label loose --extractable",
	       module, "Postage"),
	    hsm_said);
	ok(!hsm_try_create(
	       uri, "pkcs11:token=Postage;object=loose", HSM_PIN, &e),
	    "it can be taken out");
	is_err(&e, ERR_REQUEST, "it can be taken out");
	ok(strstr(e.text, "taken out") != NULL, e.text);
	ok(hsm_run(TOOL "--keypairgen --key-type EC:secp384r1 --id 02 "
			"--label long --sensitive",
	       module, "Postage"),
	    hsm_said);
	ok(!hsm_try_create(uri, "pkcs11:object=long", HSM_PIN, &e), "P-384");
	is_err(&e, ERR_REQUEST, "P-384");
	ok(!hsm_try_create(uri, "pkcs11:object=nothing", HSM_PIN, &e), "none");
	is_err(&e, ERR_CONFIG, "none");
	ok(!hsm_try_create(
	       uri, "pkcs11:token=Postage;pin-value=1", HSM_PIN, &e),
	    "a PIN in the URI");
	is_err(&e, ERR_CONFIG, "a PIN in the URI");
	ok(!hsm_try_create(uri, "pkcs11:nonsense=1", HSM_PIN, &e), "nonsense");
	is_err(&e, ERR_CONFIG, "nonsense");
	ok(!hsm_try_create(uri, "Postage", HSM_PIN, &e), "no URI");
	is_err(&e, ERR_CONFIG, "no URI");
}

static void
a_vault_that_is_not_made_leaves_no_key(void **state)
{
	char uri[HSM_URI];
	struct err e = ERR_INIT;

	(void)state;
	ok(!hsm_create_at("hsm:/nowhere/at/all", HSM_PIN, &e), "no folder");
	is_err(&e, ERR_ABSENT, "no folder");
	ok(hsm_run(TOOL "-O", module, "Postage"), "pkcs11-tool");
	ok(strstr(hsm_said, "postage XX") == NULL, hsm_said);
	hsm_create(uri, NULL, 1000);
	ok(!hsm_create_at(uri, HSM_PIN, &e), "over another");
	is_err(&e, ERR_REQUEST, "over another");
	ok(hsm_run(TOOL "-O --type privkey | grep -c label", module, "Postage"),
	    "pkcs11-tool");
	is_int(strtol(hsm_said, NULL, 10), 1, "one key");
}

static void
tokens_of_one_name_are_told_apart(void **state)
{
	char uri[HSM_URI], token[HSM_URI];
	struct err e = ERR_INIT;
	char *serial;

	(void)state;
	hsm_new_token("Postage");
	ok(!hsm_try_create(uri, "pkcs11:token=Postage", HSM_PIN, &e), "which?");
	is_err(&e, ERR_CONFIG, "which?");
	ok(strstr(e.text, "serial=") != NULL, e.text);
	serial = strstr(e.text, "(serial ");
	ok(serial != NULL, e.text);
	snprintf(token, sizeof(token), "pkcs11:token=Postage;serial=%.16s",
	    serial + strlen("(serial "));
	hsm_create(uri, token, 1000);
	vault_close(hsm_open_vault(uri));
	is_int(hsm_spent(uri), 0, "it opens by its own name");
}

/* --- PIN ------------------------------------------------------------------------- */

static void
the_pin_is_the_tokens(void **state)
{
	char uri[HSM_URI];
	struct psd_request r = hsm_request(1, 780);
	struct psd_stamp s;
	struct vault *v = NULL;
	struct err e = ERR_INIT;

	(void)state;
	ok(!hsm_try_create(uri, NULL, NULL, &e), "none");
	is_err(&e, ERR_DENIED, "none");
	ok(!hsm_try_create(uri, NULL, "314159", &e), "wrong");
	is_err(&e, ERR_DENIED, "wrong");
	hsm_create(uri, NULL, 10000);
	is_ok(vault_open(uri, 0, &v, &e), &e, "open");
	ok(!vault_debit(v, &r, 1, &s, &e), "without it");
	is_err(&e, ERR_DENIED, "without it");
	ok(!vault_unlock(v, "314159", &e), "wrong");
	is_err(&e, ERR_DENIED, "wrong");
	ok(!vault_unlock(v, "", &e), "empty");
	is_err(&e, ERR_DENIED, "empty");
	ok(!vault_unlock(v, "1", &e), "too short to be one");
	is_err(&e, ERR_DENIED, "too short to be one");
	ok(!vault_debit(v, &r, 1, &s, &e), "after wrong ones");
	is_err(&e, ERR_DENIED, "after wrong ones");
	is_ok(vault_unlock(v, HSM_PIN, &e), &e, "right");
	is_ok(vault_debit(v, &r, 1, &s, &e), &e, "debit");
	ok(!vault_unlock(v, "314159", &e), "wrong, after the right one");
	r.key[0]++;
	ok(!vault_debit(v, &r, 1, &s, &e), "and it counts");
	is_err(&e, ERR_DENIED, "and it counts");
	vault_close(v);
	is_int(hsm_spent(uri), 780, "spent");
}

static void
the_pin_can_be_changed_but_not_taken_away(void **state)
{
	char uri[HSM_URI];
	struct vault *v;
	struct err e = ERR_INIT;

	(void)state;
	hsm_create(uri, NULL, 10000);
	v = hsm_open_vault(uri);
	ok(!vault_change_pin(v, "111111", "999999", &e), "the old is wrong");
	is_err(&e, ERR_DENIED, "the old is wrong");
	ok(!vault_change_pin(v, HSM_PIN, "", &e), "none");
	is_err(&e, ERR_REQUEST, "none");
	ok(!vault_change_pin(v, HSM_PIN, "1", &e), "too short");
	is_err(&e, ERR_REQUEST, "too short");
	is_ok(vault_change_pin(v, HSM_PIN, "999999", &e), &e, "another");
	ok(!vault_unlock(v, HSM_PIN, &e), "the old one");
	is_err(&e, ERR_DENIED, "the old one");
	is_ok(vault_unlock(v, "999999", &e), &e, "the new one");
	vault_close(v);
}

static void
a_token_that_was_never_given_a_pin_says_so(void **state)
{
	char uri[HSM_URI];
	struct err e = ERR_INIT;

	(void)state;
	ok(hsm_run("slot=$(pkcs11-tool --module %s -L | sed -n "
		   "'s/^Slot [0-9]* (\\(0x[0-9a-f]*\\)).*/\\1/p' | tail -n 1); "
		   "pkcs11-tool --module %s --init-token --slot \"$slot\" "
		   "--label New --so-pin 12345678",
	       module, module),
	    hsm_said);
	ok(!hsm_try_create(uri, "pkcs11:token=New", HSM_PIN, &e), "no PIN");
	is_err(&e, ERR_CONFIG, "no PIN");
	ok(strstr(e.text, "no user PIN yet") != NULL, e.text);
}

/* --- what may happen to it ------------------------------------------------------------- */

static void
a_token_that_is_gone_is_absent(void **state)
{
	char uri[HSM_URI];
	struct psd_request r = hsm_request(1, 780);
	struct psd_stamp s;
	struct psd_status status;
	struct vault *v = NULL;
	struct err e = ERR_INIT;

	(void)state;
	hsm_create(uri, NULL, 10000);
	ok(hsm_run("mv %s/tokens %s/away && mkdir %s/tokens", hsm_folder,
	       hsm_folder, hsm_folder),
	    "it is taken out");
	is_ok(vault_open(uri, 0, &v, &e), &e, "the registers are there");
	is_ok(vault_status(v, &status, &e), &e, "and are shown");
	ok(!vault_unlock(v, HSM_PIN, &e), "unlock");
	is_err(&e, ERR_ABSENT, "unlock");
	ok(strstr(e.text, "\"Postage\"") != NULL, e.text);
	ok(hsm_run("rmdir %s/tokens && mv %s/away %s/tokens", hsm_folder,
	       hsm_folder, hsm_folder),
	    "it is put back");
	is_ok(vault_unlock(v, HSM_PIN, &e), &e, "the same opening");
	is_ok(vault_debit(v, &r, 1, &s, &e), &e, "debit");
	vault_close(v);
}

static void
another_key_under_the_same_name_signs_nothing(void **state)
{
	char uri[HSM_URI], id[8];
	struct psd_request r = hsm_request(1, 780);
	struct psd_stamp s;
	struct vault *v;
	struct err e = ERR_INIT;
	const char *at;

	(void)state;
	hsm_create(uri, NULL, 10000);
	ok(hsm_run(TOOL "-O --type privkey", module, "Postage"), hsm_said);
	at = strstr(hsm_said, "ID:");
	ok(at != NULL, hsm_said);
	snprintf(id, sizeof(id), "%.4s", at + strcspn(at, "0123456789abcdef"));
	ok(hsm_run(TOOL "--delete-object --type privkey --id %s && " TOOL
			"--delete-object --type pubkey --id %s && " TOOL
			"--keypairgen --key-type EC:prime256v1 --id %s "
			"--label 'postage XXPS0000000001' --sensitive",
	       module, "Postage", id, module, "Postage", id, module, "Postage",
	       id),
	    hsm_said);
	v = hsm_open_vault(uri);
	ok(!vault_debit(v, &r, 1, &s, &e), "debit");
	is_err(&e, ERR_CORRUPT, "debit");
	is_int(s.len, 0, "nothing of it goes out");
	vault_close(v);
	is_int(hsm_spent(uri), 0, "nothing was debited");
	ok(hsm_run(TOOL "--delete-object --type privkey --id %s", module,
	       "Postage", id),
	    hsm_said);
	v = hsm_open_vault(uri);
	ok(!vault_debit(v, &r, 1, &s, &e), "no key at all");
	is_err(&e, ERR_CONFIG, "no key at all");
	vault_close(v);
}

/* It listens a moment after it says that it does. */
static void
start_server(void)
{
	ok(hsm_run("p11-kit server --provider %s --name %s/socket 'pkcs11:' "
		   "</dev/null >%s/server 2>/dev/null && sed -n "
		   "'s/P11_KIT_SERVER_PID=\\([0-9]*\\);.*/\\1/p' <%s/server "
		   ">%s/pid",
	       module, hsm_folder, hsm_folder, hsm_folder, hsm_folder),
	    hsm_said);
	for (int i = 0; i < 50; i++) {
		if (hsm_run("pkcs11-tool -L --module "
			    "/usr/lib/*/pkcs11/p11-kit-client.so | "
			    "grep -q Postage"))
			return;
		usleep(100000);
	}
	ok(false, "the server listens");
}

/* A module in another process, which dies and is there again. */
static void
a_connection_that_breaks_is_made_once_more(void **state)
{
	char uri[HSM_URI], token[HSM_URI];
	struct psd_request r = hsm_request(1, 780);
	struct psd_stamp s;
	struct vault *v;
	struct err e = ERR_INIT;

	(void)state;
	if (!hsm_run("command -v p11-kit && ls /usr/lib/*/pkcs11/"
		     "p11-kit-client.so"))
		skip();
	snprintf(token, sizeof(token), "unix:path=%s/socket", hsm_folder);
	setenv("P11_KIT_SERVER_ADDRESS", token, 1);
	start_server();
	hsm_create(
	    uri, "pkcs11:token=Postage?module-path=p11-kit-client.so", 10000);
	v = hsm_open_vault(uri);
	is_ok(vault_debit(v, &r, 1, &s, &e), &e, "debit");
	ok(hsm_run("pid=$(cat %s/pid); kill \"$pid\" "
		   "$(ps -o pid= --ppid \"$pid\"); rm -f %s/socket",
	       hsm_folder, hsm_folder),
	    hsm_said);
	r.key[0]++;
	ok(!vault_debit(v, &r, 1, &s, &e), "without a server");
	is_err(&e, ERR_ABSENT, e.text);
	start_server();
	is_ok(vault_debit(v, &r, 1, &s, &e), &e, "with a new one");
	ok(hsm_verifies(v, &s), "signature");
	vault_close(v);
	ok(hsm_run("kill $(cat %s/pid)", hsm_folder), hsm_said);
	unsetenv("P11_KIT_SERVER_ADDRESS");
	is_int(hsm_spent(uri), 1560, "spent");
}

/* The token has the key, the TPM counts what the file says. */
static void
a_guard_tells_an_old_copy_here_too(void **state)
{
	struct swtpm tpm = {.pid = 0};
	char uri[HSM_URI], folder[80];
	struct psd_request r = hsm_request(1, 780);
	struct psd_stamp s;
	struct vault *v;
	struct err e = ERR_INIT;

	(void)state;
	if (!swtpm_installed())
		skip();
	snprintf(folder, sizeof(folder), "%s/tpm", hsm_folder);
	swtpm_start(&tpm, folder);
	hsm_create_guarded(uri, tpm.guard, 10000);
	ok(hsm_run("cp %s/psd.vault %s/old", uri + 4, hsm_folder), "a copy");
	v = hsm_open_vault(uri);
	is_ok(vault_debit(v, &r, 1, &s, &e), &e, "debit");
	vault_close(v);
	is_int(hsm_spent(uri), 780, "spent");
	ok(hsm_run("cp %s/old %s/psd.vault", hsm_folder, uri + 4), "put back");
	r.key[0]++;
	v = hsm_open_vault(uri);
	ok(!vault_debit(v, &r, 1, &s, &e), "an old copy");
	is_err(&e, ERR_CORRUPT, "an old copy");
	vault_close(v);
	swtpm_kill(&tpm);
}

/* --- processes and threads ---------------------------------------------------------------- */

static void
a_fork_has_a_session_of_its_own(void **state)
{
	char uri[HSM_URI];
	struct psd_request r = hsm_request(1, 780);
	struct psd_stamp s;
	struct vault *v;
	struct err e = ERR_INIT;
	int status;
	pid_t pid;

	(void)state;
	hsm_create(uri, NULL, 10000);
	v = hsm_open_vault(uri);
	is_ok(vault_debit(v, &r, 1, &s, &e), &e, "before");
	pid = fork();
	if (pid == 0) {
		r.key[0] = 2;
		_exit(vault_debit(v, &r, 1, &s, &e) ? 0 : 1);
	}
	is_int(waitpid(pid, &status, 0), pid, "wait");
	is_int(status, 0, "the child debits");
	r.key[0] = 3;
	is_ok(vault_debit(v, &r, 1, &s, &e), &e, "so does its parent");
	vault_close(v);
	is_int(hsm_spent(uri), 3 * 780, "spent");
}

struct worker {
	const char *uri;
	uint32_t first;
	int done;
};

static void *
work(void *context)
{
	struct worker *w = context;
	struct err e = ERR_INIT;
	struct psd_stamp s;
	struct vault *v = NULL;

	if (!vault_open(w->uri, 20000, &v, &e) || !vault_unlock(v, HSM_PIN, &e))
		return NULL;
	for (uint32_t i = 0; i < DEBITS; i++) {
		struct psd_request r = hsm_request(w->first + i, 10);

		w->done += vault_debit(v, &r, 1, &s, &e);
	}
	vault_close(v);
	return NULL;
}

static void
threads_have_sessions_of_their_own(void **state)
{
	char uri[HSM_URI];
	struct worker workers[THREADS];
	pthread_t threads[THREADS];

	(void)state;
	hsm_create(uri, NULL, 10000);
	for (uint32_t i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){uri, 1 + i * DEBITS, 0};
		is_int(pthread_create(&threads[i], NULL, work, &workers[i]), 0,
		    "thread");
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		is_int(workers[i].done, DEBITS, "its debits");
	}
	is_int(hsm_spent(uri), THREADS * DEBITS * 10, "spent");
}

/* --- other modules --------------------------------------------------------------------------- */

struct seen {
	int count;
	bool postage, key;
};

static void
see(void *context, const struct hsm_token *token)
{
	struct seen *seen = context;

	seen->count++;
	if (strstr(token->uri, "token=Postage") == NULL)
		return;
	seen->postage = true;
	seen->key = strstr(token->keys, "\"postage XXPS") != NULL;
}

static void
tokens_are_listed_with_their_keys(void **state)
{
	char uri[HSM_URI];
	struct seen seen = {0};
	struct err e = ERR_INIT;

	(void)state;
	hsm_create(uri, NULL, 1000);
	is_ok(hsm_list(HSM_ANSWER_MS, see, &seen, &e), &e, "list");
	ok(seen.postage, "the token");
	ok(seen.key, "and its key");
}

/* OpenSC's module without a card; a file that is no module. */
static void
a_module_without_a_token_says_so(void **state)
{
	char uri[HSM_URI];
	struct err e = ERR_INIT;

	(void)state;
	ok(!hsm_try_create(uri,
	       "pkcs11:token=Nobody?module-path=opensc-pkcs11.so", HSM_PIN, &e),
	    "no card");
	is_err(&e, ERR_ABSENT, e.text);
	ok(strstr(e.text, "\"Nobody\"") != NULL, e.text);
	ok(!hsm_try_create(uri, "pkcs11:?module-path=/etc/passwd", HSM_PIN, &e),
	    "no module");
	is_err(&e, ERR_CONFIG, e.text);
}

/* A vault on a stick names its token, and so the program that is loaded. */
static void
a_module_of_anywhere_is_not_loaded(void **state)
{
	char uri[HSM_URI], token[256];
	struct err e = ERR_INIT;

	(void)state;
	ok(hsm_run("cp /usr/lib/softhsm/libsofthsm2.so %s/evil.so || "
		   "cp /usr/lib/*/softhsm/libsofthsm2.so %s/evil.so",
	       hsm_folder, hsm_folder),
	    "a module");
	snprintf(token, sizeof(token),
	    "pkcs11:token=Postage?module-path=%s/evil.so", hsm_folder);
	ok(!hsm_try_create(uri, token, HSM_PIN, &e), "not there");
	is_err(&e, ERR_CONFIG, e.text);
	ok(strstr(e.text, "POSTAGE_MODULES") != NULL, e.text);
}

#define HSM(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HSM(a_key_is_made_in_the_token_and_stays_there),
	    HSM(another_program_verifies_what_it_signs),
	    HSM(nothing_of_the_key_is_in_the_file),
	    HSM(a_key_of_a_ceremony_is_adopted),
	    HSM(keys_that_will_not_do_are_refused),
	    HSM(a_vault_that_is_not_made_leaves_no_key),
	    HSM(tokens_of_one_name_are_told_apart),
	    HSM(the_pin_is_the_tokens),
	    HSM(the_pin_can_be_changed_but_not_taken_away),
	    HSM(a_token_that_was_never_given_a_pin_says_so),
	    HSM(a_token_that_is_gone_is_absent),
	    HSM(another_key_under_the_same_name_signs_nothing),
	    HSM(a_connection_that_breaks_is_made_once_more),
	    HSM(a_guard_tells_an_old_copy_here_too),
	    HSM(a_fork_has_a_session_of_its_own),
	    HSM(threads_have_sessions_of_their_own),
	    HSM(tokens_are_listed_with_their_keys),
	    HSM(a_module_of_anywhere_is_not_loaded),
	    HSM(a_module_without_a_token_says_so),
	};

	module = hsm_help_module();
	if (module == NULL) {
		puts("skipped: softhsm2 and opensc are not installed");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
