/* SPDX-License-Identifier: Apache-2.0 */
/* A queue whose vault is a provider's: its books are as with any other vault. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/durable.h"
#include "dispense/books.h"
#include "stamp/indicium.h"
#include "tests/front.h"
#include "tests/shop.h"
#include "tests/test.h"

#define COUNT  3
#define AMOUNT 780
#define SYSTEM FRONT_SYSTEM

static struct shop shop;
static struct front f;

static struct stamp_request in[COUNT];
static struct stamp_quote quote[COUNT];
static struct issued_stamp out[COUNT];
static struct quote_common common;

static int
setup(void **state)
{
	(void)state;
	shop_open(&shop, 0, NULL, NULL);
	front_open(&f);
	snprintf(shop.settings.vault_uri, sizeof(shop.settings.vault_uri), "%s",
	    f.uri);
	snprintf(shop.settings.certificates, sizeof(shop.settings.certificates),
	    "%s", f.certificates);
	shop.settings.wait_s = 3;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	front_close(&f);
	shop_close(&shop);
	return 0;
}

static struct job
letter(uint32_t id)
{
	struct job job = {.queue = "mail",
	    .id = id,
	    .created = (uint32_t)time(NULL) - 10,
	    .processing = (uint32_t)time(NULL),
	    .user = "anna",
	    .documents = 1};

	snprintf(job.uuid, sizeof(job.uuid), "urn:uuid:%u", id);
	return job;
}

/* The filter's part; a pass that fails says why in *e. */
static bool
print(const struct job *job, struct err *e)
{
	struct dispense *d = shop_spender(&shop, time(NULL));
	struct document *doc = NULL;
	struct err none = ERR_INIT;
	bool done;

	*e = none;
	for (size_t i = 0; i < COUNT; i++) {
		in[i] = (struct stamp_request){.page = 1,
		    .place = (uint32_t)i + 1,
		    .copy = 1,
		    .y_um = 20000 * (int32_t)i};
		is_ok(
		    mark_parse("[[postage 0.78]]", &in[i].mark, e), e, "mark");
	}
	is_ok(dispense_document_open(d, ROLE_FILTER, job, &doc, e), e, "open");
	done = dispense_quote(doc, in, COUNT, quote, &common, e) &&
	       dispense_issue(doc, 0, COUNT, out, e) &&
	       dispense_finish(doc, 1, 1000, e);
	if (!done)
		is_ok(dispense_refuse(doc, e, &none), &none, "refuse");
	dispense_document_close(doc);
	dispense_close(d);
	return done;
}

static void
books_are_right(unsigned pieces)
{
	is_int(f.stamps, pieces, "stamps of the provider");
	is_int(f.ascending, pieces * AMOUNT, "its register");
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
stamps_are_bought_and_booked(void **state)
{
	const struct job job = letter(1);
	struct err e = ERR_INIT;
	struct indicium said;
	char id[INDICIUM_PSD_ID];

	(void)state;
	is_ok(print(&job, &e), &e, "print");
	books_are_right(COUNT);
	is_str(common.psd_id, SYSTEM, "who was asked");
	for (size_t i = 0; i < COUNT; i++) {
		is_ok(indicium_decode(out[i].indicium, out[i].len, &said, &e),
		    &e, "decode");
		is_str(indicium_psd_id(&said, id), f.id[i % FRONT_PSDS],
		    "who signed");
		is_int(out[i].len, quote[i].indicium_len, "as promised");
	}
	for (uint32_t n = 2; n < 5; n++) {
		const struct job next = letter(n);

		is_ok(print(&next, &e), &e, "print");
	}
	books_are_right(4 * COUNT);
}

/* What a stamp says of itself names it. */
static void
a_stamp_is_named_as_it_says(void **state)
{
	const struct job job = letter(1);
	struct books_choice choice;
	enum stamp_state stamp;
	struct err e = ERR_INIT;
	struct journal *j;
	char name[64];
	bool found;

	(void)state;
	is_ok(print(&job, &e), &e, "print");
	j = shop_journal(&shop);
	snprintf(name, sizeof(name), "%s/%d", f.id[1], AMOUNT);
	is_ok(books_find_stamp(j, name, &choice, &e), &e, name);
	is_int(choice.place, 2, "the second");
	is_ok(books_stamp_state(j, f.id[0], 2 * AMOUNT, &stamp, &found, &e), &e,
	    "state");
	ok(found, "the third is the first PSD's second");
	is_ok(books_stamp_state(j, SYSTEM, AMOUNT, &stamp, &found, &e), &e,
	    "state");
	ok(found == false || stamp == STAMP_ISSUED, "the system's own count");
	journal_close(j);
}

static void
a_lost_answer_is_found_by_the_next_run(void **state)
{
	struct job job = letter(1);
	struct err e = ERR_INIT;

	(void)state;
	for (int i = 0; i < 8; i++)
		front_will(&f, AT_INDICIA, DO_SAY_AFTER, 503);
	ok(!print(&job, &e), "nobody answers");
	is_err(&e, ERR_ABSENT, "unknown");
	is_int(f.stamps, COUNT, "it was done");
	f.faults[AT_INDICIA] = f.done[AT_INDICIA] = 0;
	job.processing += 60;
	is_ok(print(&job, &e), &e, "again");
	books_are_right(COUNT);
	is_int(f.asked[AT_FIND], COUNT, "each was looked for");
}

static void
a_late_question_costs_nothing(void **state)
{
	struct job job = letter(1);
	struct err e = ERR_INIT;

	(void)state;
	front_will(&f, AT_INDICIA, DO_LATE, 4500);
	ok(!print(&job, &e), "silent");
	is_err(&e, ERR_ABSENT, "unknown");
	job.processing += 60;
	is_ok(print(&job, &e), &e, "again");
	usleep(2500 * 1000);
	books_are_right(COUNT);
}

static void
no_takes_the_intents_back(void **state)
{
	struct job job = letter(1);
	struct err e = ERR_INIT;

	(void)state;
	front_will(&f, AT_INDICIA, DO_SAY, 402);
	ok(!print(&job, &e), "no funds");
	is_err(&e, ERR_FUNDS, "no funds");
	books_are_right(0);
	job.processing += 60;
	is_ok(print(&job, &e), &e, "now");
	books_are_right(COUNT);
}

static void
a_locked_system_says_why(void **state)
{
	const struct job job = letter(1);
	struct err e = ERR_INIT;

	(void)state;
	f.life = "locked";
	f.reason = "payment returned";
	ok(!print(&job, &e), "locked");
	is_err(&e, ERR_DENIED, "locked");
	ok(strstr(e.text, "payment returned") != NULL, e.text);
	books_are_right(0);
}

static void
a_register_that_fell_back_stops_all(void **state)
{
	struct job job = letter(1);
	struct err e = ERR_INIT;

	(void)state;
	is_ok(print(&job, &e), &e, "print");
	f.ascending -= AMOUNT;
	job = letter(2);
	ok(!print(&job, &e), "fell back");
	is_err(&e, ERR_CORRUPT, "fell back");
	is_int(f.stamps, COUNT, "nothing more");
}

/* The journal of before the second job comes back. */
static void
an_old_journal_adopts_what_the_provider_remembers(void **state)
{
	const struct books_by by = {.person = "anna", .now = time(NULL)};
	static uint8_t old[1 << 20];
	struct books_adopted got;
	struct err e = ERR_INIT;
	struct dispense *d;
	struct job job = letter(1);
	char wal[128];
	size_t len;

	(void)state;
	is_ok(print(&job, &e), &e, "first");
	snprintf(wal, sizeof(wal), "%s-wal", shop.journal);
	ok(access(wal, F_OK) != 0, "all is in the one file");
	is_ok(durable_read(shop.journal, old, sizeof(old), &len, &e), &e,
	    "journal");
	job = letter(2);
	is_ok(print(&job, &e), &e, "second");
	is_ok(durable_replace(shop.journal, old, len, 0600, &e), &e, "old one");
	job = letter(3);
	ok(!print(&job, &e), "an old journal");
	is_err(&e, ERR_CORRUPT, "an old journal");
	d = shop_spender(&shop, time(NULL));
	is_ok(dispense_adopt(d, &by, &got, &e), &e, "adopt");
	dispense_close(d);
	is_int(got.count, COUNT, "those of the second");
	is_int(got.lost, 0, "none is unknown");
	is_int(shop_check(&shop), 0, shop_findings);
	is_ok(print(&job, &e), &e, "third");
	books_are_right(3 * COUNT);
}

/* One stamp under two keys, in two answers, is seen by the books. */
static void
one_stamp_is_not_printed_twice(void **state)
{
	struct job job = letter(1);
	struct err e = ERR_INIT;

	(void)state;
	is_ok(print(&job, &e), &e, "print");
	/* the front "finds" the stamps of the first job under other keys */
	for (int i = 0; i < 8; i++)
		front_will(&f, AT_INDICIA, DO_SAY, 503);
	job = letter(2);
	ok(!print(&job, &e), "unknown");
	f.faults[AT_INDICIA] = f.done[AT_INDICIA] = 0;
	front_will(&f, AT_FIND, DO_DOUBLE, 0);
	job.processing += 60;
	ok(!print(&job, &e), "a stamp of before");
	is_err(&e, ERR_CORRUPT, "a stamp of before");
}

int
main(void)
{
#define F(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
	    F(stamps_are_bought_and_booked),
	    F(a_stamp_is_named_as_it_says),
	    F(a_lost_answer_is_found_by_the_next_run),
	    F(a_late_question_costs_nothing),
	    F(no_takes_the_intents_back),
	    F(a_locked_system_says_why),
	    F(a_register_that_fell_back_stops_all),
	    F(an_old_journal_adopts_what_the_provider_remembers),
	    F(one_stamp_is_not_printed_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
