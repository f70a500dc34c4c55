/* SPDX-License-Identifier: Apache-2.0 */
/* What people do with stamps that were paid, on a real vault and journal. */
#include "dispense/books.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "dispense/refunds.h"
#include "stamp/indicium.h"
#include "tests/shop.h"
#include "tests/test.h"

#define STAMP 780
#define TODAY 20261121
#define MANY  8

static struct shop shop;
static struct issued_stamp bought[MANY];
static const struct books_by anna = {"anna as root", SHOP_NOW + 60};
static const struct books_rules rules = {.today = TODAY, .window_days = 60};

static struct job
job(uint32_t id)
{
	return (struct job){.queue = "mail",
	    .id = id,
	    .uuid = "urn:uuid:0001",
	    .created = SHOP_NOW - 10,
	    .processing = SHOP_NOW,
	    .user = "anna",
	    .documents = 1};
}

/* Prints `count` stamps, two a page; stops before it is sent where `how` is
 * none.  Returns the document. */
static int64_t
print(const struct job *job, uint32_t count, int how)
{
	struct dispense *d = shop_spender(&shop, SHOP_NOW);
	struct stamp_request in[MANY];
	struct stamp_quote quote[MANY];
	struct quote_common common;
	struct document *doc;
	struct outcome out;
	struct err e = ERR_INIT;

	for (uint32_t i = 0; i < count; i++) {
		in[i] = (struct stamp_request){
		    .page = i / 2 + 1, .place = i % 2 + 1, .copy = 1};
		is_ok(mark_parse("[[postage 0.78]]", &in[i].mark, &e), &e, "m");
	}
	is_ok(dispense_document_open(d, ROLE_FILTER, job, &doc, &e), &e, "o");
	is_ok(dispense_quote(doc, in, count, quote, &common, &e), &e, "quote");
	is_ok(dispense_issue(doc, 0, count, bought, &e), &e, "issue");
	is_ok(dispense_finish(doc, 1, 5, &e), &e, "finish");
	dispense_document_close(doc);
	is_ok(dispense_document_open(d, ROLE_BACKEND, job, &doc, &e), &e, "b");
	is_ok(dispense_outcome(doc, &out, &e), &e, "outcome");
	if (how >= 0) {
		is_ok(dispense_sending(doc, &e), &e, "sending");
		is_ok(dispense_settle(doc, (enum settle)how, "", &e), &e, "s");
	}
	dispense_document_close(doc);
	dispense_close(d);
	return (int64_t)job->id; /* each job has one document here */
}

#define UNSENT (-1)

/* A filter at work on `count` pages of one mark each. */
struct work {
	struct dispense *d;
	struct document *doc;
	struct stamp_request in[MANY];
	struct stamp_quote quote[MANY];
	struct quote_common common;
};

static void
open_work(struct work *w, const struct job *job, uint32_t count)
{
	struct err e = ERR_INIT;

	w->d = shop_spender(&shop, SHOP_NOW);
	for (uint32_t i = 0; i < count; i++) {
		w->in[i] = (struct stamp_request){
		    .page = i + 1, .place = 1, .copy = 1};
		is_ok(mark_parse("[[postage 0.78]]", &w->in[i].mark, &e), &e,
		    "m");
	}
	is_ok(dispense_document_open(w->d, ROLE_FILTER, job, &w->doc, &e), &e,
	    "o");
}

static bool
quote_work(struct work *w, uint32_t count, struct err *e)
{
	return dispense_quote(w->doc, w->in, count, w->quote, &w->common, e);
}

static void
close_work(struct work *w)
{
	dispense_document_close(w->doc);
	dispense_close(w->d);
}

/* Of `count` stamps `paid` are issued, then the filter ends. */
static void
print_a_part(const struct job *job, uint32_t count, uint32_t paid)
{
	struct err e = ERR_INIT;
	struct work w;

	open_work(&w, job, count);
	is_ok(quote_work(&w, count, &e), &e, "quote");
	if (paid > 0)
		is_ok(dispense_issue(w.doc, 0, paid, bought, &e), &e, "issue");
	close_work(&w);
}

/* The whole chain once more, as far as it goes. */
static struct outcome
print_again(const struct job *job, uint32_t count)
{
	struct err e = ERR_INIT;
	struct outcome out;
	struct document *doc;
	struct work w;

	open_work(&w, job, count);
	is_ok(quote_work(&w, count, &e), &e, "quote");
	is_ok(dispense_issue(w.doc, 0, count, bought, &e), &e, "issue");
	is_ok(dispense_finish(w.doc, 1, 5, &e), &e, "finish");
	is_ok(
	    dispense_document_open(w.d, ROLE_BACKEND, job, &doc, &e), &e, "b");
	is_ok(dispense_outcome(doc, &out, &e), &e, "outcome");
	if (out.finished) {
		is_ok(dispense_sending(doc, &e), &e, "sending");
		is_ok(dispense_settle(doc, SETTLE_DELIVERED, "", &e), &e, "s");
	}
	dispense_document_close(doc);
	close_work(&w);
	return out;
}

static struct journal *
begin(void)
{
	struct err e = ERR_INIT;
	struct journal *j;

	is_ok(journal_open(shop.journal, false, 1000, &j, &e), &e, "open");
	is_ok(journal_begin(j, &e), &e, "begin");
	return j;
}

static void
end(struct journal *j)
{
	struct err e = ERR_INIT;

	is_ok(journal_commit(j, &e), &e, "commit");
	journal_close(j);
}

static uint32_t
spoil(const struct books_choice *c)
{
	struct err e = ERR_INIT;
	struct books_sum sum;
	struct journal *j = begin();

	is_ok(books_spoil(j, c, &rules, &anna, "torn", &sum, &e), &e, "spoil");
	is_int(sum.sum, sum.count * STAMP, "sum");
	end(j);
	return sum.count;
}

/* Why it is refused; nothing is changed. */
static const char *
refused(const struct books_choice *c, const struct books_rules *r, bool undo)
{
	static struct err e;
	struct books_sum sum;
	struct journal *j = begin();

	e = (struct err)ERR_INIT;
	ok(undo ? !books_unspoil(j, c, &anna, &sum, &e)
		: !books_spoil(j, c, r, &anna, "torn", &sum, &e),
	    "refused");
	is_err(&e, ERR_REQUEST, "kind");
	journal_abort(j);
	journal_close(j);
	return e.text;
}

static struct journal_stamp
stamp(int64_t document, uint32_t index)
{
	struct journal *j = shop_journal(&shop);
	struct journal_stamp s;
	struct err e = ERR_INIT;

	is_ok(journal_stamp_load(j, document, index, &s, &e), &e, "stamp");
	journal_close(j);
	return s;
}

static enum doc_state
state_of(int64_t document)
{
	struct journal *j = shop_journal(&shop);
	struct journal_document d;
	struct err e = ERR_INIT;

	is_ok(journal_document_load(j, document, &d, &e), &e, "document");
	journal_close(j);
	return d.state;
}

/* --- spoiling ----------------------------------------------------------------- */

static void
one_stamp_a_page_or_a_document_is_spoiled_once(void **state)
{
	struct job first = job(1);
	int64_t id = print(&first, 6, SETTLE_DELIVERED);

	(void)state;
	is_int(spoil(&(struct books_choice){id, 2, 1, 0, 0}), 1, "a stamp");
	is_int(stamp(id, 2).state, STAMP_SPOILED, "that one");
	is_int(stamp(id, 3).state, STAMP_ISSUED, "no other");
	is_int(spoil(&(struct books_choice){id, 2, 0, 0, 0}), 1, "the rest");
	is_int(spoil(&(struct books_choice){id, 0, 0, 0, 0}), 4, "all others");
	ok(strstr(
	       refused(&(struct books_choice){.document = id}, &rules, false),
	       "spoiled already"),
	    "not again");
	is_int(state_of(id), DOC_DELIVERED, "the document came out");
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
a_stamp_is_found_by_what_is_known_of_it(void **state)
{
	struct job first = job(1);
	int64_t id = print(&first, 2, SETTLE_DELIVERED);
	char name[64];
	struct journal_stamp s = stamp(id, 1);
	struct books_choice c;
	struct journal *j = shop_journal(&shop);
	struct err e = ERR_INIT;

	(void)state;
	snprintf(name, sizeof(name), "%s/%lld", s.psd_id, 2LL * STAMP);
	is_ok(books_find_stamp(j, name, &c, &e), &e, name);
	is_int(c.document, id, "document");
	is_int(c.place, 2, "place");
	ok(!books_find_stamp(j, "XXPS0000000001/5", &c, &e), "no such stamp");
	ok(!books_find_stamp(j, "nonsense", &c, &e), "no name");
	journal_close(j);
}

static void
what_may_not_be_spoiled(void **state)
{
	struct job a = job(1), b = job(2), c = job(3);
	int64_t id = print(&a, 2, SETTLE_DELIVERED);
	int64_t held = print(&b, 2, SETTLE_UNCERTAIN);
	int64_t unsent = print(&c, 2, UNSENT);
	struct books_choice all = {.document = id};
	struct books_rules late = {.today = 20270121, .window_days = 60};
	struct books_rules used = rules;
	struct indicium in;
	struct seen_use use;
	struct err e = ERR_INIT;
	char name[SEEN_NAME];
	bool again;

	(void)state;
	ok(strstr(refused(&all, &late, false), "2027-01-20"), "too late");
	late.today = 20270120;
	late.window_days = 59;
	ok(strstr(refused(&all, &late, false), "59 days"), "by the setting");
	ok(strstr(
	       refused(&(struct books_choice){.document = held}, &rules, false),
	       "say first what came out"),
	    "uncertain");
	ok(strstr(refused(&(struct books_choice){unsent, 1, 1, 0, 0}, &rules,
		      false),
	       "spoil it whole"),
	    "a part of what was not sent");
	ok(strstr(
	       refused(&(struct books_choice){id, 7, 0, 0, 0}, &rules, false),
	       "no such stamp"),
	    "no such page");
	is_ok(seen_open(":memory:", true, &used.seen, &e), &e, "seen");
	is_ok(indicium_decode(
		  stamp(id, 0).bytes.indicium, stamp(id, 0).bytes.len, &in, &e),
	    &e, "decode");
	is_ok(seen_cancel(used.seen, seen_stamp_name(&in, name), "the post",
		  &again, &use, &e),
	    &e, "use");
	ok(strstr(refused(&all, &used, false), "was used on"), "used");
	seen_close(used.seen);
	is_int(stamp(id, 1).state, STAMP_ISSUED, "all or none");
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
spoiled_before_it_was_sent_the_job_buys_anew(void **state)
{
	struct job first = job(1), next;
	int64_t id = print(&first, 3, UNSENT);

	(void)state;
	is_int(spoil(&(struct books_choice){.document = id}), 3, "whole");
	is_int(state_of(id), DOC_SPOILED, "its end");
	next = first;
	next.processing += 60;
	print(&next, 3, SETTLE_DELIVERED);
	is_int(shop_registers(&shop).ascending, 6 * STAMP, "new stamps");
	ok(strstr(refused(&(struct books_choice){.document = id}, NULL, true),
	       "in the place of"),
	    "and the old ones stay spoiled");
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
denied(bool done, struct err *e, const char *what)
{
	ok(!done, what);
	is_err(e, ERR_DENIED, what);
	ok(strstr(e->text, "was spoiled"), e->text);
	*e = (struct err)ERR_INIT;
}

static void
a_filter_at_work_gets_nothing_of_what_is_spoiled_meanwhile(void **state)
{
	struct job first = job(1);
	struct err e = ERR_INIT;
	struct outcome out;
	struct work w;

	(void)state;
	open_work(&w, &first, 4);
	is_ok(quote_work(&w, 4, &e), &e, "quote");
	is_ok(dispense_issue(w.doc, 0, 2, bought, &e), &e, "a part");
	is_int(spoil(&(struct books_choice){.document = 1}), 2, "spoiled");
	denied(dispense_issue(w.doc, 2, 2, bought, &e), &e, "not the rest");
	denied(dispense_issue(w.doc, 0, 2, bought, &e), &e, "nor these");
	denied(quote_work(&w, 4, &e), &e, "nor the same again");
	denied(quote_work(&w, 3, &e), &e, "nor another one in its place");
	denied(dispense_finish(w.doc, 1, 5, &e), &e, "nor an end");
	is_int(state_of(1), DOC_SPOILED, "it stays spoiled");
	is_int(shop_registers(&shop).ascending, 2 * STAMP, "nothing is spent");
	/* A second filter of the same second and run. */
	out = print_again(&first, 4);
	ok(out.finished && !out.delivered, "it is printed");
	is_int(state_of(1), DOC_SPOILED, "the old one is still spoiled");
	is_int(state_of(2), DOC_DELIVERED, "another one was printed");
	is_int(shop_registers(&shop).ascending, 6 * STAMP, "with new stamps");
	denied(dispense_finish(w.doc, 1, 5, &e), &e, "the first is at its end");
	close_work(&w);
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
a_backend_at_work_sends_nothing_of_what_is_spoiled_meanwhile(void **state)
{
	struct dispense *d = shop_spender(&shop, SHOP_NOW);
	struct job first = job(1);
	struct document *doc;
	struct outcome out;
	struct err e = ERR_INIT;

	(void)state;
	print(&first, 2, UNSENT);
	first.processing += 60;
	is_ok(dispense_document_open(d, ROLE_BACKEND, &first, &doc, &e), &e,
	    "open");
	is_ok(dispense_outcome(doc, &out, &e), &e, "outcome");
	is_int(spoil(&(struct books_choice){.document = 1}), 2, "spoiled");
	denied(dispense_sending(doc, &e), &e, "not sent");
	/* Another filter of this run makes the pass another document's. */
	print_a_part(&first, 1, 0);
	denied(dispense_sending(doc, &e), &e, "nor under its name");
	dispense_document_close(doc);
	dispense_close(d);
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
a_spoiling_is_taken_back(void **state)
{
	struct job a = job(1), b = job(2);
	int64_t id = print(&a, 4, SETTLE_DELIVERED);
	int64_t unsent = print(&b, 2, UNSENT);
	struct books_choice page = {id, 1, 0, 0, 0};
	struct books_choice whole = {.document = unsent};
	struct books_sum sum;
	struct err e = ERR_INIT;
	struct journal *j;

	(void)state;
	spoil(&page);
	spoil(&whole);
	j = begin();
	is_ok(books_unspoil(j, &page, &anna, &sum, &e), &e, "unspoil");
	is_int(sum.count, 2, "stamps");
	is_ok(books_unspoil(j, &whole, &anna, &sum, &e), &e, "whole");
	end(j);
	is_int(stamp(id, 0).state, STAMP_ISSUED, "as before");
	is_int(state_of(unsent), DOC_FINISHED, "ready to be sent");
	ok(refused(&page, NULL, true), "not twice");
	is_int(spoil(&page), 2, "and again");
	is_int(shop_check(&shop), 0, shop_findings);
}

/* Pages 1 to n of it are on paper, with their stamps. */
static int64_t
print_in_part(const struct job *job)
{
	int64_t id = print(job, 4, SETTLE_UNCERTAIN);
	struct journal_document d;
	struct err e = ERR_INIT;
	struct journal *j = begin();

	is_ok(journal_resolve(j, id, RESOLVE_REPRINT, false, "", &anna, &e), &e,
	    "reprint");
	is_ok(journal_document_load(j, id, &d, &e), &e, "document");
	d.spool_part = 1; /* as dispense_print_rest() */
	is_ok(journal_document_save(j, &d, anna.now, &e), &e, "save");
	end(j);
	return id;
}

static void
what_came_out_is_not_spoiled_with_the_rest(void **state)
{
	struct job first = job(1), second = job(2);
	int64_t id = print_in_part(&first), held = print_in_part(&second);
	struct books_choice page = {.document = id, .page = 2};
	struct journal_document d;
	struct err e = ERR_INIT;
	struct journal *j;

	(void)state;
	ok(strstr(
	       refused(&(struct books_choice){.document = id}, &rules, false),
	       "came out"),
	    "not whole");
	ok(refused(&page, &rules, false), "nor while it may be printed");
	j = begin();
	is_ok(journal_resolve(
		  j, id, RESOLVE_DELIVERED, false, "no more", &anna, &e),
	    &e, "it ends there");
	is_ok(journal_document_load(j, held, &d, &e), &e, "document");
	d.state = DOC_UNCERTAIN;
	is_ok(journal_document_save(j, &d, anna.now, &e), &e, "save");
	ok(!journal_resolve(j, held, RESOLVE_SPOILED, false, "", &anna, &e),
	    "nor by what a person says of the rest");
	is_err(&e, ERR_REQUEST, "kind");
	end(j);
	is_int(spoil(&page), 2, "the missing page");
	is_int(stamp(id, 0).state, STAMP_ISSUED, "not the one on paper");
	is_int(shop_check(&shop), 0, shop_findings);
}

/* --- the chain of events --------------------------------------------------------- */

static void
tamper(const char *sql)
{
	sqlite3 *db;

	is_int(sqlite3_open(shop.journal, &db), SQLITE_OK, "open");
	is_int(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, sql);
	sqlite3_close(db);
}

static void
what_people_did_cannot_be_rewritten(void **state)
{
	static const struct {
		const char *sql, *finding;
	} cases[] = {
	    {"UPDATE events SET person='bob' WHERE seq=1", "event 1 was"},
	    {"UPDATE events SET text='' WHERE seq=2", "event 2 was"},
	    {"DELETE FROM spoils WHERE event=1; DELETE FROM events WHERE seq=1",
		"events before 2"},
	    {"DELETE FROM spoils", "does not agree"},
	    {"UPDATE stamps SET state=2", "and is not"},
	    {"UPDATE stamps SET state=5", "does not agree"},
	    {"UPDATE spoils SET event=3-event", "no event says who"},
	    {"UPDATE spoils SET reason='never printed'", "no event says who"},
	};
	struct job first = job(1);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		shop_reset(&shop);
		int64_t id = print(&first, 2, SETTLE_DELIVERED);

		spoil(&(struct books_choice){.document = id});
		is_int(shop_check(&shop), 0, shop_findings);
		tamper(cases[i].sql);
		ok(shop_check(&shop) > 0, cases[i].sql);
		ok(strstr(shop_findings, cases[i].finding), shop_findings);
	}
}

static void
a_stamp_without_a_mail_date_is_not_spoiled(void **state)
{
	struct job first = job(1);
	int64_t id = print(&first, 2, SETTLE_DELIVERED);
	struct books_choice all = {.document = id};
	struct err e = ERR_INIT;
	struct books_sum sum;
	struct journal *j;

	(void)state;
	tamper("UPDATE stamps SET mail_date=0 WHERE place=2");
	j = begin();
	ok(!books_spoil(j, &all, &rules, &anna, "torn", &sum, &e), "refused");
	is_err(&e, ERR_CORRUPT, "kind");
	ok(strstr(e.text, "has no mail date"), e.text);
	journal_abort(j);
	journal_close(j);
	is_int(stamp(id, 0).state, STAMP_ISSUED, "nor those beside it");
}

static void
what_was_asked_for_cannot_be_rewritten(void **state)
{
	static const char *const cases[] = {"total=total+780", "count=1",
	    "body=replace(body,'torn','lost')", "number=7", "granted=780",
	    "psd='XXPS0000000009'"};
	struct job first = job(1);
	struct err e = ERR_INIT;
	char sql[128];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct journal *j;
		struct vault *v;
		int64_t id;

		shop_reset(&shop);
		print(&first, 2, SETTLE_DELIVERED);
		spoil(&(struct books_choice){.document = 1});
		is_ok(journal_open(shop.journal, false, 1000, &j, &e), &e,
		    "open");
		is_ok(vault_open(shop.settings.vault_uri, 0, &v, &e), &e, "v");
		is_ok(refunds_request(j, v, NULL, 0, TODAY, &anna, &id, &e), &e,
		    "request");
		vault_close(v);
		journal_close(j);
		is_int(shop_check(&shop), 0, shop_findings);
		snprintf(sql, sizeof(sql), "UPDATE requests SET %s", cases[i]);
		tamper(sql);
		is_int(shop_check(&shop), 1, cases[i]);
		ok(strstr(shop_findings, "refund request 1 is not what"),
		    shop_findings);
	}
}

/* --- an old journal ---------------------------------------------------------------- */

static char saved[1 << 20];
static size_t saved_len;

static void
save_journal(void)
{
	FILE *f;

	tamper("PRAGMA wal_checkpoint(TRUNCATE)");
	f = fopen(shop.journal, "rb");
	ok(f, "journal");
	saved_len = fread(saved, 1, sizeof(saved), f);
	fclose(f);
}

static void
put_journal_back(void)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s-wal", shop.journal);
	unlink(path);
	snprintf(path, sizeof(path), "%s-shm", shop.journal);
	unlink(path);
	f = fopen(shop.journal, "wb");
	ok(f && fwrite(saved, 1, saved_len, f) == saved_len, "write");
	fclose(f);
}

static void
adopt(struct books_adopted *out)
{
	struct dispense *d = shop_spender(&shop, SHOP_NOW);
	struct err e = ERR_INIT;

	is_ok(dispense_adopt(d, &anna, out, &e), &e, "adopt");
	dispense_close(d);
}

static bool
try_quote(const struct job *job, struct err *e)
{
	struct dispense *d = shop_spender(&shop, SHOP_NOW);
	struct stamp_request in = {.page = 1, .place = 1, .copy = 1};
	struct stamp_quote quote;
	struct quote_common common;
	struct document *doc;
	bool done;

	is_ok(mark_parse("[[postage 0.78]]", &in.mark, e), e, "mark");
	is_ok(dispense_document_open(d, ROLE_FILTER, job, &doc, e), e, "open");
	done = dispense_quote(doc, &in, 1, &quote, &common, e);
	dispense_document_close(doc);
	dispense_close(d);
	return done;
}

static void
an_old_journal_stops_the_printing_until_it_adopts(void **state)
{
	struct job a = job(1), b = job(2), c = job(3);
	struct books_adopted got;
	struct err e = ERR_INIT;
	int64_t unsent;

	(void)state;
	print(&a, 2, SETTLE_DELIVERED);
	unsent = print(&b, 2, UNSENT);
	save_journal();
	print(&c, 3, SETTLE_DELIVERED);
	is_int(shop_registers(&shop).ascending, 7 * STAMP, "spent");
	put_journal_back();
	ok(!try_quote(&c, &e), "stopped");
	is_err(&e, ERR_CORRUPT, "kind");
	ok(strstr(e.text, "postage journal adopt"), e.text);
	ok(shop_check(&shop) > 0, "and the check says why");
	adopt(&got);
	is_int(got.count, 3, "the vault remembers them");
	is_int(got.sum, 3 * STAMP, "value");
	is_int(got.lost, 0, "nothing is lost");
	is_int(state_of(got.document), DOC_UNCERTAIN, "for a person");
	is_int(state_of(unsent), DOC_UNCERTAIN, "this may be printed by now");
	is_int(shop_check(&shop), 0, shop_findings);
	e = (struct err)ERR_INIT;
	b.id = 9;
	is_ok(try_quote(&b, &e), &e, "it goes on");
}

static void
what_the_vault_forgot_is_noted_as_a_gap(void **state)
{
	struct job first = job(1);
	struct books_adopted got;

	(void)state;
	print(&first, 2, SETTLE_DELIVERED);
	save_journal();
	for (uint32_t i = 2; i < 12; i++) {
		struct job more = job(i);

		print(&more, MANY, SETTLE_DELIVERED);
	}
	put_journal_back();
	adopt(&got);
	is_int(got.count, PSD_RING, "the ring");
	is_int(got.lost, (80 - PSD_RING) * STAMP, "and what is older");
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
a_job_that_the_old_journal_knows_gets_its_stamps(void **state)
{
	struct job first = job(1), next = job(2);
	struct books_adopted got;
	struct err e = ERR_INIT;
	int64_t id;

	(void)state;
	print(&first, 1, SETTLE_DELIVERED);
	is_ok(try_quote(&next, &e), &e, "priced");
	save_journal();
	id = print(&next, 1, SETTLE_DELIVERED);
	put_journal_back();
	adopt(&got);
	is_int(got.count, 1, "one");
	is_int(got.document, 0, "its document is known");
	is_int(state_of(id), DOC_UNCERTAIN, "not how it ended");
	is_int(shop_check(&shop), 0, shop_findings);
}

/* Doubles of documents that are half paid when the journal is put aside. */
static int64_t
lose_a_part(const struct job *half, struct books_adopted *got)
{
	struct job rest = *half;

	print_a_part(half, 4, 2);
	save_journal();
	rest.processing += 60;
	print_again(&rest, 4);
	for (uint32_t i = 2; i < 12; i++) {
		struct job more = job(i);

		print(&more, MANY, SETTLE_DELIVERED);
	}
	put_journal_back();
	adopt(got);
	return half->id;
}

static void
what_was_paid_in_part_waits_for_a_person(void **state)
{
	struct job half = job(1), run = half;
	struct books_adopted got;
	struct journal *j;
	struct err e = ERR_INIT;
	struct outcome out;
	int64_t id = lose_a_part(&half, &got);
	mils before = shop_registers(&shop).ascending;

	(void)state;
	is_int(got.lost, (82 - PSD_RING) * STAMP, "its rest is in the gap");
	is_int(got.doubtful, 1, "and it is named");
	is_int(
	    state_of(id), DOC_UNCERTAIN, "two of its stamps may be on paper");
	is_int(shop_check(&shop), 0, shop_findings);
	run.processing += 120;
	out = print_again(&run, 4);
	ok(out.uncertain && !out.finished, "the job waits");
	for (int i = 0; i < 4; i++)
		ok(bought[i].indicium[0] == 0, "and got no stamp");
	is_int(shop_registers(&shop).ascending, before, "nor bought one");
	j = begin();
	is_ok(journal_resolve(j, id, RESOLVE_REPRINT, false, "", &anna, &e), &e,
	    "a person saw no paper");
	end(j);
	run.processing += 60;
	out = print_again(&run, 4);
	ok(out.finished, "it is printed");
	is_int(shop_registers(&shop).ascending, before + 2 * STAMP, "its rest");
	is_int(stamp(id, 0).state, STAMP_ISSUED, "with what was paid");
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
what_was_paid_in_part_and_came_out_is_not_printed_again(void **state)
{
	struct job half = job(1), run = half;
	struct books_adopted got;
	struct journal *j;
	struct err e = ERR_INIT;
	struct outcome out;
	int64_t id = lose_a_part(&half, &got);
	mils before = shop_registers(&shop).ascending;

	(void)state;
	j = begin();
	is_ok(journal_resolve(j, id, RESOLVE_DELIVERED, false, "", &anna, &e),
	    &e, "a person saw the paper");
	end(j);
	run.processing += 120;
	out = print_again(&run, 4);
	ok(out.delivered && !out.finished, "walked over");
	is_int(shop_registers(&shop).ascending, before, "nothing is bought");
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
what_was_replaced_comes_back_for_a_person(void **state)
{
	struct job half = job(1), other = job(2);
	struct books_adopted got;
	struct outcome out;

	(void)state;
	print_a_part(&half, 4, 2);
	half.processing += 60;
	print_a_part(&half, 3, 0);
	is_int(state_of(1), DOC_REPLACED, "other marks");
	save_journal();
	print(&other, 1, SETTLE_DELIVERED);
	put_journal_back();
	adopt(&got);
	is_int(got.doubtful, 0, "it is not printed as it stands");
	half.processing += 60;
	out = print_again(&half, 4);
	ok(out.uncertain && !out.finished,
	    "its marks are back: a person looks");
	is_int(state_of(1), DOC_UNCERTAIN, "state");
	is_int(shop_registers(&shop).ascending, 3 * STAMP, "nothing is bought");
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
two_persons_are_not_one_twice(void **state)
{
	static const struct books_by plain = {"anna", 1}, bob = {"bob", 2};
	const uint8_t sha[JOURNAL_HASH] = {1};
	struct err e = ERR_INIT;
	struct journal *j = begin();
	bool yes;

	(void)state;
	is_ok(books_rates_enter(j, sha, "x", 1, &anna, &e), &e, "enter");
	is_ok(books_rates_approve(j, sha, &plain, &e), &e, "her own");
	is_ok(books_rates_approved(j, sha, &yes, &e), &e, "ask");
	ok(!yes, "from the time when one was enough");
	is_ok(books_rates_approve(j, sha, &bob, &e), &e, "another's");
	is_ok(books_rates_approved(j, sha, &yes, &e), &e, "ask");
	ok(yes, "two");
	end(j);
}

static int
open_shop(void **state)
{
	(void)state;
	shop_open(&shop, 100000, NULL, NULL);
	return 0;
}

static int
reset_shop(void **state)
{
	(void)state;
	shop_reset(&shop);
	return 0;
}

static int
close_shop(void **state)
{
	(void)state;
	shop_close(&shop);
	return 0;
}

#define FRESH(f) cmocka_unit_test_setup(f, reset_shop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    FRESH(one_stamp_a_page_or_a_document_is_spoiled_once),
	    FRESH(a_stamp_is_found_by_what_is_known_of_it),
	    FRESH(what_may_not_be_spoiled),
	    FRESH(spoiled_before_it_was_sent_the_job_buys_anew),
	    FRESH(a_filter_at_work_gets_nothing_of_what_is_spoiled_meanwhile),
	    FRESH(a_backend_at_work_sends_nothing_of_what_is_spoiled_meanwhile),
	    FRESH(a_spoiling_is_taken_back),
	    FRESH(what_came_out_is_not_spoiled_with_the_rest),
	    FRESH(what_people_did_cannot_be_rewritten),
	    FRESH(a_stamp_without_a_mail_date_is_not_spoiled),
	    FRESH(what_was_asked_for_cannot_be_rewritten),
	    FRESH(an_old_journal_stops_the_printing_until_it_adopts),
	    FRESH(what_the_vault_forgot_is_noted_as_a_gap),
	    FRESH(a_job_that_the_old_journal_knows_gets_its_stamps),
	    FRESH(what_was_paid_in_part_waits_for_a_person),
	    FRESH(what_was_paid_in_part_and_came_out_is_not_printed_again),
	    FRESH(what_was_replaced_comes_back_for_a_person),
	    FRESH(two_persons_are_not_one_twice),
	};

	return cmocka_run_group_tests(tests, open_shop, close_shop);
}
