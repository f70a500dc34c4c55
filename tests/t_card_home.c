/* SPDX-License-Identifier: Apache-2.0 */
/* The host's end of a card, and who spends from it, over a reader that is no
 * reader (fake_pcsc.h). */
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "dispense/dispense.h"
#include "tests/fake_pcsc.h"
#include "tests/test.h"
#include "vault/card_own.h"
#include "vault/lab.h"

#define STAMP 780
#define VALUE 100000

static char dir[64];
static struct settings settings;

static void
in_dir(char out[128], const char *name)
{
	snprintf(out, 128, "%s/%s", dir, name);
}

static void
write_file(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	in_dir(path, name);
	f = fopen(path, "we");
	ok(f != NULL, path);
	fputs(text, f);
	fclose(f);
}

static void
configure(void)
{
	char text[1024], path[128];
	struct err e = ERR_INIT;

	snprintf(text, sizeof(text),
	    "[vault]\nuri = card:\npin-file = %s/pin\n"
	    "certificates = %s/certificates\n"
	    "[daemon]\nstate-dir = %s\nrun-dir = %s\nwait = 1\n"
	    "[mail]\nrates = %s/rates.tsv\norigin = 10001\n",
	    dir, dir, dir, dir, dir);
	write_file("postage.conf", text);
	write_file("pin", "135790\n");
	write_file("rates.tsv",
	    "2025-07-13\t7\tletter\t1oz\t0.74\tFCLM\tFirst-Class Letter\n");
	in_dir(path, "postage.conf");
	is_ok(settings_load(path, &settings, &e), &e, "settings");
}

/* A card with value and the PIN 135790. */
static void
make_card(void)
{
	struct lab_psd psd;
	struct lab *lab = NULL;
	struct vault *v = NULL;
	struct err e = ERR_INIT;
	char id[PSD_ID], path[128];

	in_dir(path, "lab");
	is_ok(lab_open(path, &lab, &e), &e, "lab");
	lab_defaults(&psd);
	psd.pin = "135790";
	is_ok(lab_create_vault(lab, "card:", &psd, id, &e), &e, "create");
	in_dir(path, "certificates");
	is_ok(lab_publish(lab, id, path, &e), &e, "publish");
	is_ok(vault_open("card:", 0, &v, &e), &e, "open");
	is_ok(vault_unlock(v, "135790", &e), &e, "unlock");
	is_ok(lab_refill(lab, v, VALUE, &e), &e, "refill");
	vault_close(v);
	lab_close(lab);
}

static int
setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/t_card_home.XXXXXX");
	ok(mkdtemp(dir) != NULL, "folder");
	fake_pcsc_open();
	configure();
	make_card();
	fake_pcsc->pins = 0;
	return 0;
}

static int
teardown(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

static struct vault *
open_card(const char *pin)
{
	struct vault *v = NULL;
	struct err e = ERR_INIT;

	is_ok(vault_open("card:", 0, &v, &e), &e, "open");
	if (pin != NULL)
		is_ok(vault_unlock(v, pin, &e), &e, "unlock");
	return v;
}

static struct psd_status
registers(void)
{
	struct vault *v = open_card(NULL);
	struct psd_status s;
	struct err e = ERR_INIT;

	is_ok(vault_status(v, &s, &e), &e, "status");
	vault_close(v);
	return s;
}

static void
want(struct psd_request *out, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		out[i] = (struct psd_request){.amount = STAMP,
		    .mail_date = date_local(time(NULL)),
		    .category = "FCL1"};
		out[i].key[0] = (uint8_t)(i + 1);
	}
}

/* --- one visit's time -------------------------------------------------------------- */

static void
a_batch_has_its_time_on_a_slow_card(void **state)
{
	static struct psd_stamp out[VAULT_BATCH_MAX];
	struct psd_request in[VAULT_BATCH_MAX];
	struct vault *v = open_card("135790");
	struct err e = ERR_INIT;

	(void)state;
	want(in, VAULT_BATCH_MAX);
	fake_pcsc->think_ms = 1500;
	is_ok(vault_debit(v, in, VAULT_BATCH_MAX, out, &e), &e, "debit");
	fake_pcsc->think_ms = 0;
	vault_close(v);
	is_int(registers().ascending, (mils)VAULT_BATCH_MAX * STAMP, "spent");
}

/* Each answer comes in time, all of them together do not. */
static void
a_card_that_is_always_just_in_time_does_not_hold_the_money(void **state)
{
	static struct psd_stamp out[VAULT_BATCH_MAX];
	struct psd_request in[VAULT_BATCH_MAX];
	struct vault *v = open_card("135790");
	struct err e = ERR_INIT;
	int64_t begun = fake_pcsc->passed;

	(void)state;
	want(in, VAULT_BATCH_MAX);
	fake_pcsc->think_ms = CARD_VISIT_MS / 5;
	ok(!vault_debit(v, in, VAULT_BATCH_MAX, out, &e), "it takes too long");
	is_err(&e, ERR_BUSY, "kind");
	ok(strstr(e.text, "too long") != NULL, e.text);
	ok(fake_pcsc->passed - begun <
		CARD_VISIT_MS + 5 * CARD_STAMP_MS + CARD_SILENCE_MS,
	    "the visit had an end");
	fake_pcsc->think_ms = 0;
	is_ok(vault_debit(v, in, VAULT_BATCH_MAX, out, &e), &e, "again");
	ok(out[0].replayed, "what it had signed by then");
	ok(!out[VAULT_BATCH_MAX - 1].replayed, "and what it had not");
	vault_close(v);
	is_int(registers().ascending, (mils)VAULT_BATCH_MAX * STAMP, "once");
}

/* The answer to a debit, not to a question for one, becomes a "no": as where a
 * driver has fetched it before us. */
static bool
deny_new_stamp(uint8_t *out, size_t *len, size_t size)
{
	if (size >= 2 && *len > 110 && *len < 160 && out[0] == 0 &&
	    (out[1] == 0x91 || out[1] == 0x92)) {
		out[0] = CARD_WRONG_STATE >> 8;
		out[1] = CARD_WRONG_STATE & 0xff;
		*len = 2;
	}
	return true;
}

static void
a_no_behind_a_debit_is_not_believed(void **state)
{
	struct psd_request in[1];
	struct psd_stamp out[1];
	struct vault *v;
	struct err e = ERR_INIT;

	(void)state;
	fake_pcsc->lie = deny_new_stamp;
	v = open_card("135790");
	want(in, 1);
	ok(!vault_debit(v, in, 1, out, &e), "it says no");
	is_err(&e, ERR_ABSENT, "and may have done it");
	fake_pcsc->lie = NULL;
	vault_close(v);
	is_int(registers().ascending, STAMP, "it has");
	e = (struct err)ERR_INIT;
	v = open_card("135790");
	is_ok(vault_debit(v, in, 1, out, &e), &e, "again");
	ok(out[0].replayed, "the same stamp");
	vault_close(v);
	is_int(registers().ascending, STAMP, "once");
}

static void
with_t0_too(void **state)
{
	static struct psd_stamp out[3];
	struct psd_request in[3];
	struct vault *v;
	struct err e = ERR_INIT;

	(void)state;
	fake_pcsc->t0 = true;
	v = open_card("135790");
	want(in, 3);
	is_ok(vault_debit(v, in, 3, out, &e), &e, "debit");
	vault_close(v);
	is_int(registers().ascending, 3 * STAMP, "spent");
}

/* --- a PIN that another host changes -------------------------------------------------- */

static void
a_pin_that_no_longer_holds_is_told(void **state)
{
	struct vault *v = open_card("135790");
	struct psd_request in;
	struct psd_stamp out;
	struct err e = ERR_INIT;

	(void)state;
	want(&in, 1);
	strcpy(fake_pcsc->pin[0], "135790");
	strcpy(fake_pcsc->pin[1], "246802");
	fake_pcsc->other_after = 2;
	is_ok(vault_debit(v, &in, 1, &out, &e), &e, "the old PIN, still");
	ok(vault_pin_holds(v), "it holds");
	in.key[0] = 2;
	ok(!vault_debit(v, &in, 1, &out, &e), "the old PIN");
	is_err(&e, ERR_DENIED, "kind");
	ok(!vault_pin_holds(v), "it does not hold");
	is_int(registers().pin_tries_left, PSD_PIN_TRIES - 1, "one try");
	e = (struct err)ERR_INIT;
	ok(!vault_debit(v, &in, 1, &out, &e), "without one");
	is_int(registers().pin_tries_left, PSD_PIN_TRIES - 1, "no other try");
	is_ok(vault_unlock(v, "246802", &e), &e, "the new PIN");
	ok(vault_pin_holds(v), "it holds");
	is_ok(vault_debit(v, &in, 1, &out, &e), &e, "with the new one");
	vault_close(v);
}

/* One job of one stamp. */
static bool
job(uint32_t id, struct err *e)
{
	uint32_t now = (uint32_t)time(NULL);
	struct job job = {.queue = "mail",
	    .id = id,
	    .uuid = "urn:uuid:0001",
	    .created = now - 10,
	    .processing = now,
	    .user = "anna",
	    .documents = 1};
	struct stamp_request in = {.page = 1, .place = 1, .copy = 1};
	static struct stamp_quote quote;
	static struct issued_stamp out;
	struct quote_common common;
	struct dispense *d = NULL;
	struct document *doc = NULL;
	bool done;

	is_ok(mark_parse("[[postage 0.78]]", &in.mark, e), e, "mark");
	is_ok(dispense_open(&settings, &d, e), e, "open");
	is_ok(dispense_document_open(d, ROLE_FILTER, &job, &doc, e), e,
	    "document");
	done = dispense_quote(doc, &in, 1, &quote, &common, e) &&
	       dispense_issue(doc, 0, 1, &out, e);
	dispense_document_close(doc);
	dispense_close(d);
	return done;
}

static void
jobs_do_not_block_a_card_with_a_pin_that_was_changed(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	is_ok(job(1, &e), &e, "with the PIN");
	strcpy(fake_pcsc->pin[0], "135790");
	strcpy(fake_pcsc->pin[1], "246802");
	/* between the next job's unlocking and its debit */
	fake_pcsc->other_after = fake_pcsc->pins + 1;
	for (uint32_t i = 0; i < 2 * PSD_PIN_TRIES; i++) {
		e = (struct err)ERR_INIT;
		ok(!job(2 + i, &e), "with the old PIN");
		is_err(&e, ERR_DENIED, "kind");
		is_int(registers().pin_tries_left, PSD_PIN_TRIES - 1,
		    "one try is spent, by the first of them");
	}
	write_file("pin", "246802\n");
	e = (struct err)ERR_INIT;
	is_ok(job(2, &e), &e, "with the new PIN");
	is_int(registers().ascending, 2 * STAMP, "two stamps in all");
}

static void
policy_that_says_no_is_explained(void **state)
{
	struct vault *v = NULL;
	struct err e = ERR_INIT;

	(void)state;
	fake_pcsc->denied = true;
	ok(!vault_open("card:", 0, &v, &e), "polkit");
	is_err(&e, ERR_DENIED, "kind");
	ok(strstr(e.text, "polkit") != NULL, e.text);
}

#define W(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    W(a_batch_has_its_time_on_a_slow_card),
	    W(a_card_that_is_always_just_in_time_does_not_hold_the_money),
	    W(a_no_behind_a_debit_is_not_believed),
	    W(with_t0_too),
	    W(a_pin_that_no_longer_holds_is_told),
	    W(jobs_do_not_block_a_card_with_a_pin_that_was_changed),
	    W(policy_that_says_no_is_explained),
	};

	return cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL);
}
