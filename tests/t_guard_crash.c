/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guarded vault whose process dies, or whose power goes, at the n-th write,
 * sync or step of its guard, n = 1, 2, ... until an operation meets no fault.
 * After each: it opens, without anybody's help; the operation done again
 * happens once in all; and each copy that was the state before is refused.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "base/durable.h"
#include "tests/swtpm.h"
#include "tests/test.h"
#include "tests/torn.h"
#include "vault/lab.h"

#define VALUE	 100000
#define OLD_PIN	 "2468"
#define NEW_PIN	 "97531"
#define EXIT_OFF 77

bool __real_guard_step(const struct guard *g, uint64_t *count, struct err *e);
bool __wrap_guard_step(const struct guard *g, uint64_t *count, struct err *e);

static struct swtpm tpm;
static bool pull; /* the TPM's plug, before the next step */
static bool odd;  /* the next step counts, and says what makes no sense */

bool
__wrap_guard_step(const struct guard *g, uint64_t *count, struct err *e)
{
	bool due, done;

	if (pull) {
		pull = false;
		swtpm_kill(&tpm);
	}
	due = torn_begin();
	done = __real_guard_step(g, count, e);
	torn_end(due);
	if (!odd)
		return done;
	odd = false;
	return err_set(e, ERR_REQUEST, "no number");
}

/* --- the vault that is hurt ----------------------------------------------------- */

static char dir[] = "/tmp/t_guard_crash.XXXXXX";
static char uri[80], path[80], tpm_dir[80];
static struct lab *lab;
static uint8_t before[SLOTS_BYTES];
static mils spent_before;
static uint32_t key;

static void
load(uint8_t out[SLOTS_BYTES])
{
	struct err e = ERR_INIT;
	size_t len;

	is_ok(durable_read(path, out, SLOTS_BYTES, &len, &e), &e, "read");
}

static void
put_back(const uint8_t bytes[SLOTS_BYTES])
{
	int fd = open(path, O_WRONLY);

	is_int(torn_write(fd, bytes, SLOTS_BYTES), SLOTS_BYTES, "write");
	close(fd);
}

static struct vault *
opened(void)
{
	struct vault *v = NULL;
	struct err e = ERR_INIT;

	is_ok(vault_open(uri, 1000, &v, &e), &e, "open");
	return v;
}

static struct psd_status
status_now(void)
{
	struct vault *v = opened();
	struct psd_status s;
	struct err e = ERR_INIT;

	is_ok(vault_status(v, &s, &e), &e, "status");
	is_int(s.ascending + s.descending, s.control_total, "the sum");
	vault_close(v);
	return s;
}

/* The copy from before is no state any more. */
static void
the_old_copy_is_refused(void)
{
	uint8_t now[SLOTS_BYTES];
	struct psd_status s;
	struct vault *v;
	struct err e = ERR_INIT;

	load(now);
	put_back(before);
	v = opened();
	ok(!vault_status(v, &s, &e), "an old copy");
	is_err(&e, ERR_CORRUPT, "an old copy");
	vault_close(v);
	put_back(now);
	(void)status_now();
}

/* --- operations ------------------------------------------------------------------- */

static bool
debit_stamp(struct vault *v, struct psd_stamp *out, struct err *e)
{
	struct psd_request r = {.key = {1},
	    .amount = 10,
	    .mail_date = date_local(time(NULL)),
	    .category = "FCL1"};

	memcpy(r.key + 4, &key, sizeof(key));
	return vault_debit(v, &r, 1, out, e);
}

static bool
debit(void)
{
	struct psd_stamp out;
	struct vault *v = NULL;
	struct err e = ERR_INIT;
	bool done = vault_open(uri, 1000, &v, &e) && debit_stamp(v, &out, &e);

	vault_close(v);
	return done;
}

static bool
refill(void)
{
	struct vault *v = NULL;
	struct err e = ERR_INIT;
	bool done = vault_open(uri, 1000, &v, &e) && lab_refill(lab, v, 0, &e);

	vault_close(v);
	return done;
}

static bool
change_pin(void)
{
	struct vault *v = NULL;
	struct err e = ERR_INIT;
	bool done = vault_open(uri, 1000, &v, &e) &&
		    vault_change_pin(v, OLD_PIN, NEW_PIN, &e);

	vault_close(v);
	return done;
}

static bool
another_guard(void)
{
	struct vault *v = NULL;
	struct err e = ERR_INIT;
	bool done = vault_open(uri, 1000, &v, &e) &&
		    vault_set_guard(v, tpm.guard, NULL, &e);

	vault_close(v);
	return done;
}

/* --- every fault ------------------------------------------------------------------- */

/* `again` brings the operation to its end, and looks at it.  A `slow` operation
 * (a PIN is one on purpose) meets fewer, unless time does not matter. */
static void
every_fault(torn_run *run, void (*again)(void), bool slow)
{
	bool few = getenv("POSTAGE_LONG") == NULL;
	size_t step = !few ? 1 : slow ? TORN_CUTS : TORN_CUTS / 2;

	for (int mode = few && slow ? TORN_FLIPPED : 0; mode < TORN_MODES;
	     mode++)
		for (size_t c = 0; c < TORN_CUTS; c += step) {
			bool dead = true;

			for (long n = 1; dead; n++) {
				key++;
				spent_before = status_now().ascending;
				load(before);
				dead = torn_died(
				    run, n, (enum torn_mode)mode, torn_cuts[c]);
				again();
				ok(n < 100, "an end");
			}
			if (mode < TORN_CUT)
				break; /* no cut */
		}
}

static void
debited_once(void)
{
	struct vault *v = opened();
	struct psd_stamp known, out;
	struct err e = ERR_INIT;
	uint8_t k[PSD_KEY_BYTES] = {1};
	bool found;

	memcpy(k + 4, &key, sizeof(key));
	is_ok(vault_find(v, k, &known, &found, &e), &e, "find");
	is_ok(debit_stamp(v, &out, &e), &e, "again");
	if (found)
		is_mem(out.indicium, known.indicium, out.len, "the same");
	vault_close(v);
	is_int(status_now().ascending, spent_before + 10, "debited once");
	the_old_copy_is_refused();
}

static void
a_debit_happens_once_and_counts(void **state)
{
	(void)state;
	every_fault(debit, debited_once, false);
}

static void
refilled_once(void)
{
	struct psd_status s = status_now();
	uint32_t downloads = s.download_sequence;

	ok(refill(), "again");
	s = status_now();
	ok(s.download_sequence - downloads <= 1, "once");
	is_int(s.control_total, VALUE, "value");
	the_old_copy_is_refused();
}

static void
a_download_happens_once_and_counts(void **state)
{
	(void)state;
	every_fault(refill, refilled_once, false);
}

static void
change(const char *from, const char *to)
{
	struct vault *v = opened();
	struct err e = ERR_INIT;

	is_ok(vault_change_pin(v, from, to, &e), &e, "change");
	vault_close(v);
}

static void
pin_is_new(void)
{
	struct psd_stamp recent[PSD_RING];
	struct vault *v = opened();
	struct err e = ERR_INIT;
	size_t count;

	if (!vault_unlock(v, NEW_PIN, &e))
		is_ok(vault_change_pin(v, OLD_PIN, NEW_PIN, &e), &e, "again");
	is_ok(vault_recent(v, recent, &count, &e), &e, "and counted");
	vault_close(v);
	the_old_copy_is_refused();
	change(NEW_PIN, OLD_PIN);
}

static void
a_pin_is_changed_and_counts(void **state)
{
	(void)state;
	change(NULL, OLD_PIN);
	every_fault(change_pin, pin_is_new, true);
	change(OLD_PIN, NULL);
}

/* It may die with a counter made for nothing, and with the old one alive. */
static void
guard_is_good(void)
{
	ok(another_guard(), "again");
	is_int(status_now().ascending, spent_before, "registers");
}

static void
a_guard_is_the_old_or_the_new(void **state)
{
	(void)state;
	every_fault(another_guard, guard_is_good, false);
}

/* --- the TPM goes in the middle ----------------------------------------------------- */

static void
a_tpm_that_dies_in_the_middle_loses_nothing(void **state)
{
	(void)state;
	key++;
	spent_before = status_now().ascending;
	load(before);
	pull = true;
	ok(!debit(), "its TPM went away");
	swtpm_start(&tpm, tpm_dir);
	debited_once();
}

/* What another process wrote and did not count may not be on the medium. */
static void
what_was_not_counted_is_written_again_before_it_is(void **state)
{
	struct psd_stamp recent[PSD_RING];
	struct vault *v;
	struct err e = ERR_INIT;
	size_t count;

	(void)state;
	key++;
	ok(torn_died(debit, 3, TORN_BEFORE, 0), "write, sync, no step");
	v = opened();
	torn = (struct torn){0};
	is_ok(vault_recent(v, recent, &count, &e), &e, "any visit");
	is_int(torn.seen, 3, "write, sync, step");
	is_ok(vault_recent(v, recent, &count, &e), &e, "the next one");
	is_int(torn.seen, 3, "once is enough");
	vault_close(v);
}

/* --- main ------------------------------------------------------------------------------ */

static int
setup(void **state)
{
	struct lab_psd psd;
	struct vault *v = NULL;
	struct err e = ERR_INIT;
	char folder[64], id[PSD_ID];

	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(folder, sizeof(folder), "%s/lab", dir);
	snprintf(tpm_dir, sizeof(tpm_dir), "%s/tpm", dir);
	snprintf(uri, sizeof(uri), "file:%s/a.vault", dir);
	snprintf(path, sizeof(path), "%s/a.vault", dir);
	swtpm_start(&tpm, tpm_dir);
	lab_defaults(&psd);

	psd.guard = tpm.guard;
	if (!lab_open(folder, &lab, &e) ||
	    !lab_create_vault(lab, uri, &psd, id, &e) ||
	    !vault_open(uri, 0, &v, &e) || !lab_refill(lab, v, VALUE, &e))
		return -1;
	vault_close(v);
	return 0;
}

static int
teardown(void **state)
{
	char command[64];

	(void)state;
	swtpm_kill(&tpm);
	lab_close(lab);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

/* Whatever a guard says behind a write, the stamp may be paid. */
static void
an_odd_guard_does_not_deny_what_was_done(void **state)
{
	struct psd_request r = {.key = {77},
	    .amount = 10,
	    .mail_date = date_local(time(NULL)),
	    .category = "FCL1"};
	struct vault *v = opened();
	struct psd_stamp s;
	struct err e = ERR_INIT;
	bool found = false;

	(void)state;
	odd = true;
	ok(!vault_debit(v, &r, 1, &s, &e), "debit");
	is_err(&e, ERR_SYSTEM, "nobody knows");
	is_ok(vault_find(v, r.key, &s, &found, &e), &e, "find");
	ok(found, "it is paid");
	vault_close(v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {T(a_debit_happens_once_and_counts),
	    T(a_tpm_that_dies_in_the_middle_loses_nothing),
	    T(what_was_not_counted_is_written_again_before_it_is),
	    T(a_download_happens_once_and_counts),
	    T(a_pin_is_changed_and_counts), T(a_guard_is_the_old_or_the_new),
	    T(an_odd_guard_does_not_deny_what_was_done)};

	if (!swtpm_installed()) {
		puts("swtpm is not installed");
		return EXIT_OFF;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
