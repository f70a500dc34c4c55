/* SPDX-License-Identifier: Apache-2.0 */
/* A queue whose vault is a provider's: its books are as with any other vault. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "base/durable.h"
#include "dispense/books.h"
#include "dispense/refunds.h"
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

/* A front that keeps a customer's stamp, and has another one found for it. */
static void
another_stamp_is_not_found(void **state)
{
	struct job job = letter(1);
	struct err e = ERR_INIT;

	(void)state;
	for (int i = 0; i < 8; i++)
		front_will(&f, AT_INDICIA, DO_OTHER_PLACE, 503);
	ok(!print(&job, &e), "nobody answers");
	is_err(&e, ERR_ABSENT, "unknown");
	job.processing += 60;
	ok(!print(&job, &e), "found");
	is_err(&e, ERR_CORRUPT, "found");
	ok(strstr(e.text, "its places are others") != NULL, e.text);
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

/* --- spoiled stamps -------------------------------------------------------------- */

static const struct books_by anna = {.person = "anna", .now = 1};

/* A delivered letter, all of it spoiled. */
static struct journal *
spoiled(void)
{
	const struct books_choice all = {.document = 1};
	const struct books_rules rules = {
	    .today = date_local(time(NULL)), .window_days = 60};
	const struct job job = letter(1);
	struct journal_document doc;
	struct books_sum sum;
	struct err e = ERR_INIT;
	struct journal *j;

	is_ok(print(&job, &e), &e, "print");
	is_ok(journal_open(shop.journal, false, 1000, &j, &e), &e, "journal");
	is_ok(journal_begin(j, &e), &e, "begin");
	is_ok(journal_document_load(j, 1, &doc, &e), &e, "load");
	doc.state = DOC_DELIVERED;
	is_ok(journal_document_save(j, &doc, 1, &e), &e, "delivered");
	is_ok(
	    books_spoil(j, &all, &rules, &anna, "torn", &sum, &e), &e, "spoil");
	is_ok(journal_commit(j, &e), &e, "commit");
	is_int(sum.count, COUNT, "all");
	return j;
}

static bool
ask_refund(struct journal *j, int64_t *id, struct err *e)
{
	struct err ours = ERR_INIT;
	struct vault *v = NULL;
	bool done;

	*e = ours;
	is_ok(vault_open(f.uri, 3000, &v, &ours), &ours, "vault");
	done = refunds_request(
	    j, v, NULL, 0, date_local(time(NULL)), &anna, id, e);
	vault_close(v);
	return done;
}

static void
stamps_are(struct journal *j, enum stamp_state want, const char *why)
{
	struct journal_stamp s;
	struct err e = ERR_INIT;

	for (uint32_t i = 0; i < COUNT; i++) {
		is_ok(journal_stamp_load(j, 1, i, &s, &e), &e, why);
		is_int(s.state, want, why);
	}
}

/* What the provider says of it now, and the books after it. */
static void
settle_is(struct journal *j, int64_t id, bool spoken, struct err *e)
{
	struct books_request r;
	struct vault_refund now;
	struct vault *v = NULL;
	char *answer = NULL;
	struct err ours = ERR_INIT;
	size_t len;

	*e = ours;
	is_ok(books_request_load(j, id, &r, &ours), &ours, "load");
	is_ok(vault_open(f.uri, 3000, &v, &ours), &ours, "vault");
	if (refunds_look(v, &r, &now, &answer, &len, e)) {
		ok((answer != NULL) == spoken, "yes or no");
		is_ok(journal_begin(j, e), e, "begin");
		if (spoken)
			is_ok(books_settle(j, &r, answer, len, &anna, e), e,
			    "settle");
		is_ok(journal_commit(j, e), e, "commit");
	}
	free(answer);
	vault_close(v);
	books_request_free(&r);
}

static void
books_are_sound(struct journal *j)
{
	journal_close(j);
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
spoiled_stamps_are_refunded_by_the_provider(void **state)
{
	struct journal *j = spoiled();
	struct books_request r;
	struct err e = ERR_INIT;
	int64_t id;

	(void)state;
	is_ok(ask_refund(j, &id, &e), &e, "ask");
	is_int(f.refund.stamps, COUNT, "all of them");
	is_str(f.refund.reason, "torn", "and why");
	is_ok(books_request_load(j, id, &r, &e), &e, "load");
	is_int(r.number, 7, "the provider's number");
	ok(r.by_provider && !r.answered, "nobody has answered");
	books_request_free(&r);
	stamps_are(j, STAMP_CLAIMED, "asked for");
	settle_is(j, id, false, &e);
	stamps_are(j, STAMP_CLAIMED, "still");
	f.refund.state = "approved";
	for (int i = 0; i < 2; i++) {
		settle_is(j, id, true, &e);
		stamps_are(j, STAMP_REFUNDED, "granted");
	}
	books_are_sound(j);
}

static void
a_refund_that_was_rejected_is_so_here(void **state)
{
	struct journal *j = spoiled();
	struct err e = ERR_INIT;
	int64_t id;

	(void)state;
	is_ok(ask_refund(j, &id, &e), &e, "ask");
	f.refund.state = "rejected";
	settle_is(j, id, true, &e);
	stamps_are(j, STAMP_REJECTED, "rejected");
	books_are_sound(j);
}

/* Nobody answers, or the answer is lost: the next call ends it. */
static void
a_lost_refund_is_the_same_again(void **state)
{
	static const enum front_fault faults[] = {DO_SAY, DO_SAY_AFTER};
	struct journal *j = spoiled();
	struct err e = ERR_INIT;
	int64_t id, again;

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		f.faults[AT_REFUND] = f.done[AT_REFUND] = 0;
		for (int i = 0; i < 8; i++)
			front_will(&f, AT_REFUND, faults[k], 503);
		ok(!ask_refund(j, &id, &e), "nobody");
		is_err(&e, ERR_ABSENT, "unknown");
		stamps_are(j, STAMP_CLAIMED, "kept for it");
	}
	is_int(f.refund.stamps, COUNT, "it was done");
	f.faults[AT_REFUND] = f.done[AT_REFUND] = 0;
	is_ok(ask_refund(j, &again, &e), &e, "again");
	is_int(again, 1, "the same request");
	ok(!ask_refund(j, &id, &e), "no other");
	is_err(&e, ERR_REQUEST, "nothing is left");
	books_are_sound(j);
}

static void
what_the_provider_refuses_is_free_again(void **state)
{
	struct journal *j = spoiled();
	struct books_request r;
	struct err e = ERR_INIT;
	int64_t id;

	(void)state;
	front_will(&f, AT_REFUND, DO_SAY, 403);
	ok(!ask_refund(j, &id, &e), "refused");
	is_err(&e, ERR_DENIED, "refused");
	stamps_are(j, STAMP_SPOILED, "as before");
	is_ok(books_request_load(j, 1, &r, &e), &e, "load");
	ok(r.refused, "the first is refused");
	books_request_free(&r);
	/* a credential says nothing of stamps */
	front_will(&f, AT_REFUND, DO_SAY, 401);
	ok(!ask_refund(j, &id, &e), "a credential");
	stamps_are(j, STAMP_CLAIMED, "kept");
	is_ok(ask_refund(j, &id, &e), &e, "then");
	is_int(id, 2, "another request");
	books_are_sound(j);
}

static void
another_refund_is_not_believed(void **state)
{
	struct journal *j = spoiled();
	struct err e = ERR_INIT;
	int64_t id;

	(void)state;
	front_will(&f, AT_REFUND, DO_OTHER_AMOUNT, 0);
	ok(!ask_refund(j, &id, &e), "another sum");
	is_err(&e, ERR_CORRUPT, "another sum");
	is_ok(ask_refund(j, &id, &e), &e, "ask");
	f.refund.state = "approved";
	front_will(&f, AT_REFUND, DO_NAME, 0);
	settle_is(j, id, true, &e);
	is_err(&e, ERR_CORRUPT, "another number");
	front_will(&f, AT_REFUND, DO_OTHER_AMOUNT, 0);
	settle_is(j, id, true, &e);
	is_err(&e, ERR_CORRUPT, "another sum");
	front_will(&f, AT_REFUND, DO_SAY, 404);
	settle_is(j, id, true, &e);
	is_err(&e, ERR_REQUEST, "none");
	stamps_are(j, STAMP_CLAIMED, "as before");
	books_are_sound(j);
}

int
main(void)
{
#define F(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
	    F(stamps_are_bought_and_booked),
	    F(a_stamp_is_named_as_it_says),
	    F(a_lost_answer_is_found_by_the_next_run),
	    F(another_stamp_is_not_found),
	    F(a_late_question_costs_nothing),
	    F(no_takes_the_intents_back),
	    F(a_locked_system_says_why),
	    F(a_register_that_fell_back_stops_all),
	    F(an_old_journal_adopts_what_the_provider_remembers),
	    F(one_stamp_is_not_printed_twice),
	    F(spoiled_stamps_are_refunded_by_the_provider),
	    F(a_refund_that_was_rejected_is_so_here),
	    F(a_lost_refund_is_the_same_again),
	    F(what_the_provider_refuses_is_free_again),
	    F(another_refund_is_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
