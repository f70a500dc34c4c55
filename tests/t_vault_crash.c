/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process dies, or the power goes, at the n-th call that changes the
 * medium, n = 1, 2, ... until an operation meets no fault.  After each: the
 * state is the one before or the one after, registers balance, and the
 * operation done again happens once in all.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "base/durable.h"
#include "tests/test.h"
#include "tests/torn.h"
#include "vault/crypto.h"
#include "vault/download.h"
#include "vault/file.h"
#include "vault/slots.h"

#define BATCH	3
#define VALUE	100000
#define MORE	5000
#define OLD_PIN "2468"
#define NEW_PIN "97531"

/* --- the vault that is hurt ----------------------------------------------------- */

static char dir[] = "/tmp/t_crash.XXXXXX";
static char uri[64], path[64];
static struct sig_key *key, *provider;
static struct cert *cert;
static uint8_t base_plain[SLOTS_BYTES], base_pin[SLOTS_BYTES];
static uint8_t answer[PSD_MESSAGE_MAX];
static size_t answer_len;

static uint32_t
today(void)
{
	return date_local(time(NULL));
}

static void
fill_setup(struct vault_file_setup *setup, const char *pin)
{
	struct err e = ERR_INIT;

	*setup = (struct vault_file_setup){.key = key,
	    .cert = cert,
	    .pin = pin,
	    .psd = {.vendor = "XX",
		.model = "PS",
		.serial = 5,
		.cert_serial = 5,
		.min_stamp = 1,
		.max_stamp = 100000,
		.max_descending = 1000000,
		.expires = date_add(today(), 100)}};
	is_ok(crypto_point(provider, setup->psd.provider_key, &e), &e,
	    "the provider's key");
}

static struct vault *
opened(const char *pin)
{
	struct vault *v = NULL;
	struct err e = ERR_INIT;

	is_ok(vault_open(uri, 1000, &v, &e), &e, "open");
	if (pin != NULL)
		is_ok(vault_unlock(v, pin, &e), &e, "unlock");
	return v;
}

/* The answer to the vault's next request. */
static void
make_answer(struct vault *v, mils amount)
{
	const struct download_terms terms = {amount, 0, 0};
	struct download_request request;
	uint8_t msg[PSD_MESSAGE_MAX];
	struct err e = ERR_INIT;
	size_t len;

	is_ok(vault_download_request(v, amount, msg, &len, &e), &e, "request");
	is_ok(message_get_request(msg, len, &request, &e), &e, "parse");
	is_ok(download_make_answer(
		  &request, &terms, provider, answer, &answer_len, &e),
	    &e, "answer");
}

static void
make_base(const char *pin, uint8_t out[SLOTS_BYTES])
{
	uint8_t receipt[PSD_MESSAGE_MAX];
	struct vault_file_setup setup;
	struct vault *v;
	struct err e = ERR_INIT;
	size_t len;

	fill_setup(&setup, pin);
	is_ok(vault_file_create(uri, &setup, &e), &e, "create");
	v = opened(pin);
	make_answer(v, VALUE);
	is_ok(vault_download_apply(v, answer, answer_len, receipt, &len, &e),
	    &e, "value");
	make_answer(v, MORE); /* for the tests to apply */
	vault_close(v);
	is_ok(durable_read(path, out, SLOTS_BYTES, &len, &e), &e, "read");
	torn_unlink(path);
}

static void
put_back(const uint8_t *base)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	ok(fd >= 0, "open");
	is_int(torn_write(fd, base, SLOTS_BYTES), SLOTS_BYTES, "write");
	close(fd);
}

/* Every fault once from `base` on, `check` after each.  A `slow` operation (a
 * PIN is one on purpose) meets fewer, unless time does not matter. */
static void
every_fault(const uint8_t *base, torn_run *run, void (*check)(void), bool slow)
{
	bool few = slow && getenv("POSTAGE_LONG") == NULL;
	size_t cut_step = few ? TORN_CUTS : 1;

	for (int mode = few ? TORN_FLIPPED : 0; mode < TORN_MODES; mode++)
		for (size_t c = 0; c < TORN_CUTS; c += cut_step) {
			long n = 0;

			do {
				put_back(base);
				n++;
				if (!torn_died(run, n, (enum torn_mode)mode,
					torn_cuts[c]))
					break;
				check();
			} while (n < 100);
			ok(n > 1 && n < 100, "faults were met, and an end");
			check();
			if (mode < TORN_CUT)
				break; /* no cut */
		}
}

/* --- debit --------------------------------------------------------------------------- */

static void
requests(struct psd_request in[BATCH])
{
	for (uint8_t i = 0; i < BATCH; i++)
		in[i] = (struct psd_request){.key = {i, 1},
		    .amount = 1000,
		    .mail_date = today(),
		    .category = "FCL1"};
}

static bool
debit_batch(void)
{
	struct psd_request in[BATCH];
	struct psd_stamp out[BATCH];
	struct vault *v = NULL;
	struct err e = ERR_INIT;
	bool done;

	requests(in);
	done =
	    vault_open(uri, 1000, &v, &e) && vault_debit(v, in, BATCH, out, &e);
	vault_close(v);
	return done;
}

static void
is_debited_once(void)
{
	struct psd_request in[BATCH];
	struct psd_stamp known[BATCH], out[BATCH];
	struct psd_status s;
	struct vault *v = opened(NULL);
	struct err e = ERR_INIT;
	int found = 0;

	requests(in);
	for (int i = 0; i < BATCH; i++) {
		bool there;

		is_ok(vault_find(v, in[i].key, &known[i], &there, &e), &e,
		    "find");
		found += there;
	}
	ok(found == 0 || found == BATCH, "the whole batch or nothing");
	is_ok(vault_debit(v, in, BATCH, out, &e), &e, "debit again");
	for (int i = 0; found != 0 && i < BATCH; i++)
		is_mem(out[i].indicium, known[i].indicium, out[i].len,
		    "the same indicium");
	is_ok(vault_status(v, &s, &e), &e, "status");
	is_int(s.ascending, BATCH * 1000, "debited once");
	is_int(s.piece_count, BATCH, "pieces");
	is_int(s.ascending + s.descending, VALUE, "the sum");
	vault_close(v);
}

static void
a_batch_is_debited_once_whatever_tears(void **state)
{
	(void)state;
	every_fault(base_plain, debit_batch, is_debited_once, false);
}

/* The repetition dies, too. */
static void
two_faults_in_a_row_debit_once(void **state)
{
	(void)state;
	for (long first = 1; first <= 3; first++)
		for (long second = 1; second <= 5; second++)
			for (size_t c = 0; c < TORN_CUTS; c += 3) {
				put_back(base_plain);
				(void)torn_died(debit_batch, first,
				    TORN_FLIPPED, torn_cuts[c]);
				(void)torn_died(debit_batch, second, TORN_CUT,
				    torn_cuts[c]);
				is_debited_once();
			}
}

static void
a_batch_is_one_write_and_one_sync(void **state)
{
	(void)state;
	put_back(base_plain);
	torn.at = 0;
	torn.seen = 0;
	ok(debit_batch(), "debit");
	is_int(torn.seen, 2, "pwrite, fdatasync");
}

/* Another process wrote it, and may have died before its sync. */
static void
what_others_wrote_is_stored_again_before_it_is_answered(void **state)
{
	struct psd_request in[BATCH];
	struct psd_stamp out;
	struct vault *v;
	struct err e = ERR_INIT;
	bool found;

	(void)state;
	put_back(base_plain);
	ok(debit_batch(), "debit");
	requests(in);
	v = opened(NULL);
	torn.at = 0;
	torn.seen = 0;
	is_ok(vault_find(v, in[0].key, &out, &found, &e), &e, "find");
	ok(found, "found");
	is_int(torn.seen, 2, "pwrite, fdatasync");
	is_ok(vault_find(v, in[0].key, &out, &found, &e), &e, "find");
	is_int(torn.seen, 2, "once is enough");
	vault_close(v);
}

/* --- value download ------------------------------------------------------------------- */

static bool
apply_answer(void)
{
	uint8_t receipt[PSD_MESSAGE_MAX];
	struct vault *v = NULL;
	struct err e = ERR_INIT;
	bool done;
	size_t len;

	done = vault_open(uri, 1000, &v, &e) &&
	       vault_download_apply(v, answer, answer_len, receipt, &len, &e);
	vault_close(v);
	return done;
}

static void
is_downloaded_once(void)
{
	struct psd_status s;
	struct vault *v = opened(NULL);
	struct err e = ERR_INIT;

	is_ok(vault_status(v, &s, &e), &e, "status");
	ok(s.control_total == VALUE || s.control_total == VALUE + MORE,
	    "before or after");
	ok(apply_answer(), "apply again");
	is_ok(vault_status(v, &s, &e), &e, "status");
	is_int(s.control_total, VALUE + MORE, "once");
	is_int(s.download_sequence, 2, "sequence");
	vault_close(v);
}

static void
value_is_downloaded_once_whatever_tears(void **state)
{
	(void)state;
	every_fault(base_plain, apply_answer, is_downloaded_once, false);
}

/* --- PIN --------------------------------------------------------------------------------- */

static bool
change_pin(void)
{
	struct vault *v = NULL;
	struct err e = ERR_INIT;
	bool done;

	done = vault_open(uri, 1000, &v, &e) &&
	       vault_change_pin(v, OLD_PIN, NEW_PIN, &e);
	vault_close(v);
	return done;
}

static void
one_of_the_pins_is_right(void)
{
	struct vault *v = opened(NULL);
	struct psd_status s;
	struct err e = ERR_INIT;
	bool is_new;

	is_ok(vault_status(v, &s, &e), &e, "status");
	ok(s.pin_required && s.pin_tries_left >= PSD_PIN_TRIES - 1,
	    "at most one try is lost");
	is_int(s.control_total, VALUE, "value");
	is_new = vault_unlock(v, NEW_PIN, &e);
	if (!is_new) {
		is_err(&e, ERR_DENIED, "the new PIN");
		is_ok(vault_change_pin(v, OLD_PIN, NEW_PIN, &e), &e, "again");
		is_ok(vault_unlock(v, NEW_PIN, &e), &e, "the new PIN");
	}
	vault_close(v);
}

static void
a_pin_is_the_old_or_the_new_whatever_tears(void **state)
{
	(void)state;
	every_fault(base_pin, change_pin, one_of_the_pins_is_right, true);
}

static bool
guess_pin(void)
{
	struct vault *v = NULL;
	struct err e = ERR_INIT;
	bool done;

	done = vault_open(uri, 1000, &v, &e) && !vault_unlock(v, "no", &e);
	vault_close(v);
	return done;
}

/* A guesser that pulls the plug after the write has spent its try: at no
 * point does a wrong PIN leave the counter as it was and an answer seen. */
static void
a_guess_is_counted_before_it_is_compared(void **state)
{
	struct psd_status s;
	struct vault *v;
	struct err e = ERR_INIT;

	(void)state;
	put_back(base_pin);
	torn.at = 0;
	torn.seen = 0;
	ok(torn_died(guess_pin, 3, TORN_BEFORE, 0) == false,
	    "two calls in all");
	put_back(base_pin);
	ok(torn_died(guess_pin, 2, TORN_AFTER, 0),
	    "plug pulled after the sync");
	v = opened(NULL);
	is_ok(vault_status(v, &s, &e), &e, "status");
	is_int(s.pin_tries_left, PSD_PIN_TRIES - 1, "counted");
	vault_close(v);
}

/* --- creation ------------------------------------------------------------------------------ */

static bool
create(void)
{
	struct vault_file_setup setup;
	struct err e = ERR_INIT;

	fill_setup(&setup, NULL);
	return vault_file_create(uri, &setup, &e);
}

static void
a_vault_is_made_whole_or_not_at_all(void **state)
{
	(void)state;
	for (int mode = 0; mode < TORN_MODES; mode++) {
		bool dead = true;

		for (long n = 1; dead; n++) {
			torn_unlink(path);
			dead = torn_died(create, n, (enum torn_mode)mode, 700);
			if (access(path, F_OK) != 0)
				ok(create(), "made again");
			vault_close(opened(NULL));
			ok(n < 20, "an end");
		}
	}
}

/* --- main ------------------------------------------------------------------------------------ */

static int
make_bench(void **state)
{
	struct cert_spec spec = {.rank = CERT_AUTHORITY,
	    .name = "crash test",
	    .id = "",
	    .serial = 1,
	    .not_before = 20200101,
	    .not_after = 20400101};
	struct err e = ERR_INIT;

	(void)state;
	if (mkdtemp(dir) == NULL || !sig_generate(&key, &e) ||
	    !sig_generate(&provider, &e))
		return -1;
	spec.key = spec.sign = key;
	if (!cert_issue(&spec, &cert, &e))
		return -1;
	snprintf(uri, sizeof(uri), "file:%s/a.vault", dir);
	snprintf(path, sizeof(path), "%s/a.vault", dir);
	make_base(OLD_PIN, base_pin);
	make_base(NULL, base_plain);
	return 0;
}

static int
clear_bench(void **state)
{
	char command[64];

	(void)state;
	cert_free(cert);
	sig_free(key);
	sig_free(provider);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_batch_is_debited_once_whatever_tears),
	    T(two_faults_in_a_row_debit_once),
	    T(a_batch_is_one_write_and_one_sync),
	    T(what_others_wrote_is_stored_again_before_it_is_answered),
	    T(value_is_downloaded_once_whatever_tears),
	    T(a_pin_is_the_old_or_the_new_whatever_tears),
	    T(a_guess_is_counted_before_it_is_compared),
	    T(a_vault_is_made_whole_or_not_at_all)};

	return cmocka_run_group_tests(tests, make_bench, clear_bench);
}
