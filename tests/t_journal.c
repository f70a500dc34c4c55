/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/journal.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dispense/books.h"
#include "stamp/indicium.h"
#include "tests/test.h"

#define PSD "XXPS0000000001"

static const struct books_by person = {"anna", 7000};

struct fixture {
	char dir[64], path[96];
	struct journal *j;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err e = ERR_INIT;

	*state = f;
	strcpy(f->dir, "/tmp/t_journal.XXXXXX");
	if (mkdtemp(f->dir) == NULL)
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/journal.db", f->dir);
	if (!journal_open(f->path, false, 1000, &f->j, &e))
		return -1;
	return 0;
}

static void
teardown_files(struct fixture *f)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	char path[128];

	journal_close(f->j);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", f->path, ends[i]);
		unlink(path);
	}
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	teardown_files(f);
	rmdir(f->dir);
	free(f);
	return 0;
}

static const struct job one_job = {.queue = "mail",
    .id = 7,
    .uuid = "urn:uuid:1",
    .created = 1000,
    .processing = 1001,
    .user = "anna",
    .documents = 1};

static void
enter(struct fixture *f, const struct job *job, struct journal_pass *pass,
    struct journal_document *doc)
{
	struct err e = ERR_INIT;

	is_ok(journal_begin(f->j, &e), &e, "begin");
	is_ok(journal_enter(f->j, job, 5000, pass, doc, &e), &e, "enter");
	is_ok(journal_commit(f->j, &e), &e, "commit");
}

static void
settle(struct fixture *f, struct journal_pass *pass)
{
	struct err e = ERR_INIT;

	pass->closed = pass->settled = true;
	is_ok(journal_pass_save(f->j, pass, &e), &e, "settle");
}

static void
give_up(struct fixture *f, struct journal_pass *pass)
{
	struct err e = ERR_INIT;

	pass->closed = true;
	is_ok(journal_pass_save(f->j, pass, &e), &e, "give up");
}

/* --- runs ------------------------------------------------------------------- */

static void
filter_and_backend_of_a_run_meet(void **state)
{
	struct journal_pass a, b;
	struct journal_document d, x;

	enter(*state, &one_job, &a, &d);
	enter(*state, &one_job, &b, &x);
	is_int(b.id, a.id, "pass");
	is_int(x.id, d.id, "document");
	is_int(d.epoch, 0, "epoch");
	is_int(d.ordinal, 0, "ordinal");
	is_int(d.state, DOC_OPEN, "state");
	is_str(d.job.user, "anna", "user");
}

static void
documents_are_counted_by_settling(void **state)
{
	struct job job = one_job;
	struct journal_pass p;
	struct journal_document d, first;

	job.documents = 3;
	enter(*state, &job, &p, &first);
	settle(*state, &p);
	enter(*state, &job, &p, &d);
	is_int(d.ordinal, 1, "second");
	settle(*state, &p);
	enter(*state, &job, &p, &d);
	is_int(d.ordinal, 2, "third");
	give_up(*state, &p);
	job.processing += 60;
	enter(*state, &job, &p, &d);
	is_int(d.ordinal, 0, "a new run begins at the first");
	is_int(d.id, first.id, "it is the same document");
	is_int(d.epoch, 0, "same epoch: the third was not delivered");
}

static void
finished_job_printed_again_is_a_new_epoch(void **state)
{
	struct job job = one_job;
	struct journal_pass p;
	struct journal_document d, e;

	enter(*state, &job, &p, &d);
	settle(*state, &p);
	job.completed = job.processing + 1;
	job.processing += 60;
	enter(*state, &job, &p, &e);
	is_int(e.epoch, 1, "epoch");
	ok(e.id != d.id, "another document");
	give_up(*state, &p);
	job.processing += 60;
	enter(*state, &job, &p, &d);
	is_int(d.epoch, 1, "not complete: the epoch stays");
	is_int(d.id, e.id, "the same document");
}

static void
job_that_the_scheduler_never_finished_is_no_new_epoch(void **state)
{
	struct job job = one_job;
	struct journal_pass p;
	struct journal_document d, e;

	enter(*state, &job, &p, &d);
	settle(*state, &p);
	job.processing += 60;
	enter(*state, &job, &p, &e);
	is_int(e.epoch, 0, "the scheduler died before it knew");
	is_int(e.id, d.id, "the same document");
	settle(*state, &p);
	job.completed = job.processing;
	job.processing += 60;
	enter(*state, &job, &p, &e);
	is_int(e.epoch, 1, "now somebody asked for it");
	settle(*state, &p);
	job.processing += 60;
	enter(*state, &job, &p, &e);
	is_int(e.epoch, 1, "what was finished was the run before");
}

static void
run_within_the_same_second_is_a_run(void **state)
{
	struct job job = one_job;
	struct journal_pass p, q;
	struct journal_document d;

	enter(*state, &job, &p, &d);
	p.finished = true;
	give_up(*state, &p);
	enter(*state, &job, &q, &d);
	ok(q.id != p.id, "another pass");
	ok(!q.finished, "which nothing was finished in yet");
	settle(*state, &q);
	job.completed = job.processing;
	enter(*state, &job, &q, &d);
	is_int(d.epoch, 1, "and a complete one is left behind");
}

static void
any_field_of_the_identity_tells_jobs_apart(void **state)
{
	struct journal_pass p;
	struct journal_document a, b;
	struct job job;

	enter(*state, &one_job, &p, &a);
	job = one_job, strcpy(job.queue, "other");
	enter(*state, &job, &p, &b);
	ok(a.job_id != b.job_id, "queue");
	job = one_job, job.id++;
	enter(*state, &job, &p, &b);
	ok(a.job_id != b.job_id, "id");
	job = one_job, job.created++;
	enter(*state, &job, &p, &b);
	ok(a.job_id != b.job_id, "created");
	job = one_job, strcpy(job.uuid, "urn:uuid:2");
	enter(*state, &job, &p, &b);
	ok(a.job_id != b.job_id, "uuid");
}

/* --- stamps ------------------------------------------------------------------ */

static struct journal_stamp
stamp(int64_t document, uint32_t index)
{
	struct journal_stamp s = {.document_id = document, .index = index};

	s.request.page = index + 1;
	s.request.place = s.request.copy = 1;
	s.request.x_um = -1500;
	s.request.mark.has_amount = true;
	s.request.mark.amount = 780;
	strcpy(s.request.mark.cost, "K1");
	s.quote.surcharge = 40;
	strcpy(s.quote.surcharges, "square 0.04");
	s.quote.amount = s.psd.amount = 780;
	s.psd.mail_date = s.quote.mail_date = 20261121;
	strcpy(s.quote.category, "FCLM");
	strcpy(s.psd.category, "FCLM");
	s.quote.indicium_len = 124;
	memset(s.psd.key, (int)(index + 1 + (uint32_t)document * 16),
	    sizeof(s.psd.key));
	return s;
}

/* Signed by nobody; the journal does not look at signatures. */
static size_t
indicium(
    const struct journal_stamp *s, mils ascending, uint8_t out[INDICIUM_MAX])
{
	struct indicium in = {.format = FORMAT_IBI,
	    .version = IBI_VERSION,
	    .algorithm = IBI_ALGORITHM,
	    .vendor = "XX",
	    .model = "PS",
	    .psd_serial = 1,
	    .ascending = (uint64_t)ascending,
	    .postage = (uint32_t)s->psd.amount,
	    .mail_date = s->psd.mail_date,
	    .signature_len = INDICIUM_SIGNATURE};
	struct err e = ERR_INIT;
	size_t len = 0;

	memcpy(in.category, "FCLM", 4);
	is_ok(indicium_encode(&in, out, INDICIUM_MAX, &len, &e), &e, "encode");
	return len;
}

/* A document with `count` stamps bought from the register on. */
static int64_t
buy(struct fixture *f, const struct job *job, uint32_t count, mils ascending)
{
	struct journal_pass p;
	struct journal_document d;
	struct err e = ERR_INIT;
	uint8_t bytes[INDICIUM_MAX];

	enter(f, job, &p, &d);
	is_ok(journal_begin(f->j, &e), &e, "begin");
	is_ok(journal_psd_seen(f->j, PSD, ascending, 5000, &e), &e, "seen");
	for (uint32_t i = 0; i < count; i++) {
		struct journal_stamp s = stamp(d.id, i);
		size_t len;

		is_ok(journal_stamp_quote(f->j, &s, &e), &e, "quote");
		is_ok(journal_stamp_intend(f->j, s.psd.key, PSD, &e), &e,
		    "intend");
		ascending += 780;
		len = indicium(&s, ascending, bytes);
		is_ok(journal_stamp_issue(f->j, s.psd.key, bytes, len,
			  ascending, true, 5000, &e),
		    &e, "issue");
	}
	d.state = DOC_FINISHED;
	memset(d.content, 1, sizeof(d.content));
	is_ok(journal_document_save(f->j, &d, 5000, &e), &e, "save");
	is_ok(journal_commit(f->j, &e), &e, "commit");
	return d.id;
}

static char findings[2048];

static void
collect(void *context, const char *sentence)
{
	(void)context;
	strncat(findings, sentence, sizeof(findings) - strlen(findings) - 2);
	strcat(findings, "\n");
}

static size_t
check(struct fixture *f, mils ascending)
{
	struct psd_status psd = {.vendor = "XX",
	    .model = "PS",
	    .serial = 1,
	    .ascending = ascending,
	    .descending = 50000,
	    .control_total = ascending + 50000};
	struct err e = ERR_INIT;
	size_t count;

	findings[0] = '\0';
	is_ok(journal_check(f->j, &psd, 1, collect, NULL, &count, &e), &e,
	    "check");
	return count;
}

/* A hand that goes behind the journal's back. */
static int
tamper_many(struct fixture *f, const char *sql)
{
	sqlite3 *db;
	int rows;

	is_int(sqlite3_open(f->path, &db), SQLITE_OK, "open");
	is_int(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, sql);
	rows = sqlite3_changes(db);
	sqlite3_close(db);
	return rows;
}

static void
tamper(struct fixture *f, const char *sql)
{
	is_int(tamper_many(f, sql), 1, sql);
}

static void
stamp_comes_back_as_it_was_stored(void **state)
{
	struct fixture *f = *state;
	int64_t doc = buy(f, &one_job, 2, 100);
	struct journal_stamp s;
	struct err e = ERR_INIT;
	uint8_t bytes[INDICIUM_MAX];

	is_ok(journal_stamp_load(f->j, doc, 1, &s, &e), &e, "load");
	is_int(s.state, STAMP_ISSUED, "state");
	is_int(s.request.page, 2, "page");
	is_int(s.request.x_um, -1500, "x");
	is_int(s.request.mark.amount, 780, "mark");
	is_str(s.request.mark.cost, "K1", "cost code");
	is_int(s.quote.surcharge, 40, "surcharge");
	is_str(s.quote.surcharges, "square 0.04", "surcharges");
	is_str(s.psd.category, "FCLM", "category");
	is_int(s.quote.indicium_len, 124, "length");
	is_int(s.ascending, 1660, "ascending");
	is_int(s.seq, 2, "place in the chain");
	is_int(s.bytes.len, indicium(&s, 1660, bytes), "length");
	is_mem(s.bytes.indicium, bytes, s.bytes.len, "bytes");
}

static void
books_of_honest_hands_are_clean(void **state)
{
	struct fixture *f = *state;
	struct job job = one_job;

	buy(f, &one_job, 3, 100);
	job.id++;
	buy(f, &job, 2, 100 + 3 * 780);
	is_int(check(f, 100 + 5 * 780), 0, findings);
}

static void
state_steps_are_not_skipped(void **state)
{
	struct fixture *f = *state;
	struct journal_pass p;
	struct journal_document d;
	struct journal_stamp s;
	struct err e = ERR_INIT;
	uint8_t bytes[INDICIUM_MAX];
	size_t len;

	enter(f, &one_job, &p, &d);
	s = stamp(d.id, 0);
	len = indicium(&s, 780, bytes);
	is_ok(journal_stamp_quote(f->j, &s, &e), &e, "quote");
	ok(!journal_stamp_issue(f->j, s.psd.key, bytes, len, 780, true, 1, &e),
	    "no result without an intent");
	is_err(&e, ERR_CORRUPT, "kind");
	is_ok(journal_stamp_intend(f->j, s.psd.key, PSD, &e), &e, "intend");
	ok(!journal_stamp_intend(f->j, s.psd.key, PSD, &e), "one intent");
	is_ok(
	    journal_stamp_issue(f->j, s.psd.key, bytes, len, 780, true, 1, &e),
	    &e, "issue");
	ok(!journal_stamp_unintend(f->j, s.psd.key, &e), "paid is paid");
	/* A new quote leaves a paid stamp alone. */
	s.psd.amount = 1;
	is_ok(journal_stamp_quote(f->j, &s, &e), &e, "quote again");
	is_ok(journal_stamp_load(f->j, d.id, 0, &s, &e), &e, "load");
	is_int(s.psd.amount, 780, "amount");
}

static void
same_register_twice_is_refused(void **state)
{
	struct fixture *f = *state;
	struct journal_pass p;
	struct journal_document d;
	struct journal_stamp s;
	struct err e = ERR_INIT;
	uint8_t bytes[INDICIUM_MAX];
	struct job job = one_job;
	size_t len;

	buy(f, &one_job, 1, 100);
	job.id++;
	enter(f, &job, &p, &d);
	s = stamp(d.id, 0);
	len = indicium(&s, 880, bytes);
	is_ok(journal_stamp_quote(f->j, &s, &e), &e, "quote");
	is_ok(journal_stamp_intend(f->j, s.psd.key, PSD, &e), &e, "intend");
	ok(!journal_stamp_issue(f->j, s.psd.key, bytes, len, 880, true, 1, &e),
	    "a vault that went back in time");
	is_err(&e, ERR_CORRUPT, "kind");
}

static void
check_finds_a_changed_row(void **state)
{
	struct fixture *f = *state;

	buy(f, &one_job, 3, 100);
	tamper(f, "UPDATE stamps SET cost='K2',mark='[[postage 0.78]]' "
		  "WHERE seq=2");
	is_int(check(f, 100 + 3 * 780), 1, findings);
	is_str(findings, "stamp 2 was changed after it was issued\n", "text");
}

static void
check_finds_a_changed_surcharge(void **state)
{
	struct fixture *f = *state;

	buy(f, &one_job, 2, 100);
	tamper(f, "UPDATE stamps SET surcharge=0 WHERE seq=1");
	is_int(check(f, 100 + 2 * 780), 1, findings);
}

/* Each alone: what reports and refunds are made of. */
static void
check_finds_any_changed_column(void **state)
{
	static const char *const changes[] = {"cost='K2'", "class_name='Free'",
	    "category='FREE'", "face=1", "surcharge=41", "surcharges='none'",
	    "len=7", "kind=1", "kind=2", "mail_date=20271121",
	    "mailby=20271121", "origin=1", "sender=1", "destination=1",
	    "price_list=1", "issued_at=1", "amount=1", "sheet=0,label=1",
	    "form=1"};
	struct fixture *f = *state;
	char sql[128];

	buy(f, &one_job, 3, 100);
	is_int(check(f, 100 + 3 * 780), 0, findings);
	tamper_many(f, "CREATE TABLE kept AS SELECT * FROM stamps WHERE seq=2");
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		snprintf(sql, sizeof(sql), "UPDATE stamps SET %s WHERE seq=2",
		    changes[i]);
		tamper(f, sql);
		ok(check(f, 100 + 3 * 780) > 0, changes[i]);
		ok(strstr(findings, "stamp 2 was changed after it was issued"),
		    findings);
		tamper(f, "DELETE FROM stamps WHERE seq=2");
		tamper(f, "INSERT INTO stamps SELECT * FROM kept");
		is_int(check(f, 100 + 3 * 780), 0, "as it was");
	}
}

static void
check_finds_another_user(void **state)
{
	struct fixture *f = *state;

	buy(f, &one_job, 1, 100);
	tamper(f, "UPDATE jobs SET user='bert'");
	is_int(check(f, 880), 1, findings);
}

static void
check_finds_a_removed_row(void **state)
{
	struct fixture *f = *state;

	buy(f, &one_job, 3, 100);
	tamper(f, "DELETE FROM stamps WHERE seq=2");
	ok(check(f, 100 + 3 * 780) >= 1, "found");
	ok(strstr(findings, "stamps 2 to 2 are missing") != NULL, findings);
}

static void
check_finds_the_last_row_removed(void **state)
{
	struct fixture *f = *state;

	buy(f, &one_job, 3, 100);
	tamper(f, "DELETE FROM stamps WHERE seq=3");
	is_int(check(f, 100 + 3 * 780), 1, findings);
	is_str(findings,
	    PSD " has spent 2.44, the journal's last stamp of it says 1.66\n",
	    "text");
}

static void
check_finds_value_spent_elsewhere(void **state)
{
	struct fixture *f = *state;
	struct job job = one_job;

	buy(f, &one_job, 1, 100);
	job.id++;
	buy(f, &job, 1, 1880);
	is_int(check(f, 2660), 1, findings);
	ok(strstr(findings, "1.00 was spent from " PSD) != NULL, findings);
}

static void
check_finds_an_intent_left_over(void **state)
{
	struct fixture *f = *state;
	struct journal_pass p;
	struct journal_document d;
	struct journal_stamp s;
	struct err e = ERR_INIT;

	enter(f, &one_job, &p, &d);
	s = stamp(d.id, 0);
	is_ok(journal_stamp_quote(f->j, &s, &e), &e, "quote");
	is_ok(journal_stamp_intend(f->j, s.psd.key, PSD, &e), &e, "intend");
	d.state = DOC_ISSUED;
	is_ok(journal_document_save(f->j, &d, 1, &e), &e, "save");
	is_int(check(f, 100), 1, findings);
	ok(strstr(findings, "its debit was begun and never ended"), findings);
}

static void
check_finds_a_broken_control_total(void **state)
{
	struct fixture *f = *state;
	struct psd_status psd = {.vendor = "XX",
	    .model = "PS",
	    .serial = 1,
	    .ascending = 1,
	    .descending = 2,
	    .control_total = 4};
	struct err e = ERR_INIT;
	size_t count;

	is_ok(journal_check(f->j, &psd, 1, collect, NULL, &count, &e), &e,
	    "check");
	is_int(count, 1, "findings");
}

/* --- documents --------------------------------------------------------------- */

static void
other_content_leaves_paid_stamps_behind_and_back(void **state)
{
	struct fixture *f = *state;
	int64_t first = buy(f, &one_job, 2, 100);
	uint8_t one[JOURNAL_HASH], two[JOURNAL_HASH];
	struct journal_pass p;
	struct journal_document d;
	struct err e = ERR_INIT;

	memset(one, 1, sizeof(one));
	memset(two, 2, sizeof(two));
	enter(f, &one_job, &p, &d);
	is_int(d.id, first, "same document");
	is_ok(journal_document_replace(f->j, &p, two, 6000, &d, &e), &e, "to");
	ok(d.id != first && d.state == DOC_OPEN, "another row");
	is_int(d.stamps, 0, "without stamps");
	memcpy(d.content, two, sizeof(two));
	is_ok(journal_document_save(f->j, &d, 6000, &e), &e, "save");
	is_ok(
	    journal_document_replace(f->j, &p, one, 6000, &d, &e), &e, "back");
	is_int(d.id, first, "the first row again");
	is_int(d.issued, 2, "with its stamps");
	is_int(d.state, DOC_ISSUED, "state");
	is_int(check(f, 100 + 2 * 780), 0, findings);
}

static void
person_resolves_what_is_uncertain(void **state)
{
	struct fixture *f = *state;
	int64_t id = buy(f, &one_job, 2, 100);
	struct journal_pass p;
	struct journal_document d;
	struct err e = ERR_INIT;

	ok(!journal_resolve(f->j, id, RESOLVE_SPOILED, false, "", &person, &e),
	    "not uncertain");
	is_err(&e, ERR_REQUEST, "kind");
	enter(f, &one_job, &p, &d);
	d.state = DOC_UNCERTAIN;
	d.has_spool = true;
	is_ok(journal_document_save(f->j, &d, 6000, &e), &e, "save");
	is_ok(journal_resolve(
		  f->j, id, RESOLVE_REPRINT, false, "dry", &person, &e),
	    &e, "reprint");
	is_ok(journal_document_load(f->j, id, &d, &e), &e, "load");
	is_int(d.state, DOC_UNDELIVERED, "to be sent again");
	ok(d.has_spool, "the same bytes");
	is_str(d.note, "dry", "note");
	d.state = DOC_SENDING;
	is_ok(journal_document_save(f->j, &d, 6000, &e), &e, "save");
	ok(!journal_resolve(f->j, id, RESOLVE_SPOILED, false, "", &person, &e),
	    "being sent");
	is_ok(journal_resolve(
		  f->j, id, RESOLVE_SPOILED, true, "jam", &person, &e),
	    &e, "spoiled");
	give_up(f, &p);
	enter(f, &one_job, &p, &d);
	ok(d.id != id, "the next run gets a document of its own");
	is_int(d.again, 1, "again");
	is_int(d.epoch, 0, "in the same epoch");
	is_int(check(f, 100 + 2 * 780), 0, findings);
}

/* --- sheets -------------------------------------------------------------------- */

static void
labels_are_remembered_by_document(void **state)
{
	struct fixture *f = *state;
	struct job other = one_job;
	struct journal_pass p;
	struct journal_document a, b;
	struct journal_stamp s;
	struct err e = ERR_INIT;
	bool used[30];

	other.id++;
	enter(f, &one_job, &p, &a);
	enter(f, &other, &p, &b);
	is_ok(journal_sheet_add(f->j, 17, "Avery 5160", 1, &e), &e, "add");
	ok(!journal_sheet_add(f->j, 17, "Avery 5167", 1, &e), "other kind");
	is_err(&e, ERR_REQUEST, "kind");
	s = stamp(a.id, 0);
	s.request.sheet_serial = 17;
	s.request.label = 3;
	is_ok(journal_stamp_quote(f->j, &s, &e), &e, "quote");
	is_ok(journal_sheet_claim(f->j, a.id, &e), &e, "claim");
	is_ok(journal_sheet_used(f->j, 17, b.id, used, 30, &e), &e, "used");
	ok(used[2] && !used[1] && !used[3], "label 3");
	is_ok(journal_sheet_used(f->j, 17, a.id, used, 30, &e), &e, "used");
	ok(!used[2], "its own");
	is_ok(journal_sheet_claim(f->j, a.id, &e), &e, "claim again");
	s = stamp(b.id, 0);
	s.request.sheet_serial = 17;
	s.request.label = 3;
	is_ok(journal_stamp_quote(f->j, &s, &e), &e, "quote");
	ok(!journal_sheet_claim(f->j, b.id, &e), "another's label");
	is_err(&e, ERR_REQUEST, "kind");
	is_str(e.text, "label 3 of sheet 17 is used already", "text");
}

/* --- the file ------------------------------------------------------------------ */

static void
reader_sees_and_cannot_write(void **state)
{
	struct fixture *f = *state;
	struct journal *r = NULL;
	struct journal_document d;
	struct err e = ERR_INIT;
	int64_t id = buy(f, &one_job, 1, 100);
	struct stat st;

	is_int(stat(f->path, &st), 0, "file");
	is_int(st.st_mode & 0777, 0600, "the owner's alone");
	is_ok(journal_open(f->path, true, 100, &r, &e), &e, "open");
	is_ok(journal_document_load(r, id, &d, &e), &e, "load");
	is_int(d.paid, 780, "paid");
	ok(!journal_document_save(r, &d, 1, &e), "no writing");
	journal_close(r);
	ok(!journal_open("/nonexistent/journal", true, 100, &r, &e), "none");
	is_err(&e, ERR_ABSENT, "kind");
}

static void
foreign_file_is_refused(void **state)
{
	struct fixture *f = *state;
	struct journal *j;
	struct err e = ERR_INIT;
	sqlite3 *db;

	journal_close(f->j);
	f->j = NULL;
	is_int(sqlite3_open(f->path, &db), SQLITE_OK, "open");
	sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL);
	sqlite3_close(db);
	ok(!journal_open(f->path, false, 100, &j, &e), "a newer version");
	is_err(&e, ERR_CORRUPT, "kind");
	sqlite3_open(f->path, &db);
	sqlite3_exec(db, "PRAGMA application_id=5", NULL, NULL, NULL);
	sqlite3_close(db);
	ok(!journal_open(f->path, false, 100, &j, &e), "another program's");
	is_err(&e, ERR_CORRUPT, "kind");
}

static void
what_is_not_committed_never_was(void **state)
{
	struct fixture *f = *state;
	struct journal_pass p;
	struct journal_document d;
	struct err e = ERR_INIT;

	is_ok(journal_begin(f->j, &e), &e, "begin");
	is_ok(journal_enter(f->j, &one_job, 1, &p, &d, &e), &e, "enter");
	journal_abort(f->j);
	ok(!journal_document_load(f->j, d.id, &d, &e), "gone");
	is_err(&e, ERR_CORRUPT, "kind");
}

/* Children of the daemon open the file that none has made yet. */
static void
new_file_opens_for_all_who_come_at_once(void **state)
{
	struct fixture *f = *state;
	int status, failed = 0;

	for (int round = 0; round < 60; round++) {
		char path[128];

		snprintf(path, sizeof(path), "%s/new.db", f->dir);
		for (int i = 0; i < 6; i++) {
			struct err e = ERR_INIT;
			struct journal *j;

			if (fork() == 0)
				_exit(!journal_open(path, false, 5000, &j, &e));
		}
		while (wait(&status) > 0)
			failed += status != 0;
		unlink(path);
		snprintf(path, sizeof(path), "%s/new.db-wal", f->dir);
		unlink(path);
		snprintf(path, sizeof(path), "%s/new.db-shm", f->dir);
		unlink(path);
	}
	is_int(failed, 0, "children that did not get it");
}

/* What the program of version 1 wrote. */
static void
make_version_1(const char *path)
{
	const char *dir = getenv("srcdir");
	char file[512], sql[16384] = "";
	sqlite3 *db;
	size_t len;
	FILE *f;

	snprintf(file, sizeof(file), "%s/tests/docs/journal-1.sql",
	    dir ? dir : SRCDIR);
	f = fopen(file, "re");
	ok(f != NULL, file);
	len = fread(sql, 1, sizeof(sql) - 1, f);
	sql[len] = '\0';
	fclose(f);
	is_int(sqlite3_open(path, &db), SQLITE_OK, "open");
	is_int(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "make");
	sqlite3_close(db);
}

static void
no_finding(void *context, const char *sentence)
{
	(void)context;
	ok(false, sentence);
}

static void
journal_of_version_1_is_brought_up_to_date(void **state)
{
	struct fixture *f = *state;
	struct journal_document doc;
	struct journal_stamp stamp;
	struct err e = ERR_INIT;
	size_t count = 99;

	teardown_files(f);
	make_version_1(f->path);
	is_ok(journal_open(f->path, true, 1000, &f->j, &e), &e, "to read");
	is_ok(journal_check(f->j, NULL, 0, no_finding, NULL, &count, &e), &e,
	    "check");
	is_int(count, 0, "the chain still holds");
	is_ok(journal_document_load(f->j, 2, &doc, &e), &e, "document");
	is_int(doc.paid, 2340, "paid");
	is_int(doc.confirmed, -1, "nobody was asked");
	is_ok(journal_stamp_load(f->j, 2, 0, &stamp, &e), &e, "stamp");
	is_int(stamp.quote.surcharge, 0, "no surcharges");
	is_str(stamp.quote.surcharges, "", "none named");
	journal_close(f->j);
	is_ok(journal_open(f->path, false, 1000, &f->j, &e), &e, "to write");
	is_ok(journal_check(f->j, NULL, 0, no_finding, NULL, &count, &e), &e,
	    "check again");
}

/* What a daemon of version 4 wrote as the result of a debit. */
static bool
as_an_older_program(struct fixture *f)
{
	sqlite3 *db;
	int code;

	is_int(sqlite3_open(f->path, &db), SQLITE_OK, "open");
	code = sqlite3_exec(db,
	    "UPDATE stamps SET state=2,indicium=x'00',ascending=1,"
	    "issued_at=1,seq=9,chain=x'00' WHERE state=1",
	    NULL, NULL, NULL);
	sqlite3_close(db);
	return code == SQLITE_OK;
}

/* What the old form of the chain does not hold is sealed when the journal is
 * brought up to date; what is issued from then on is in the chain. */
static void
old_stamps_are_sealed_and_new_ones_chained(void **state)
{
	static const char *const changes[] = {"class_name='Free' WHERE seq=1",
	    "kind=1 WHERE seq=6", "mail_date=20271121 WHERE seq=2",
	    "face=1 WHERE seq=3"};
	struct fixture *f = *state;
	struct err e = ERR_INIT;
	struct job other = one_job;
	struct journal_stamp one;
	char sql[128];
	size_t count = 0;

	teardown_files(f);
	make_version_1(f->path);
	is_ok(journal_open(f->path, false, 1000, &f->j, &e), &e, "open");
	other.id = 77;
	buy(f, &other, 2, 6 * 780);
	is_ok(journal_check(f->j, NULL, 0, no_finding, NULL, &count, &e), &e,
	    "old and new");
	tamper_many(f, "CREATE TABLE kept AS SELECT * FROM stamps");
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		snprintf(sql, sizeof(sql), "UPDATE stamps SET %s", changes[i]);
		tamper(f, sql);
		check(f, 8 * 780);
		ok(strstr(findings, "is not what was sealed then"), changes[i]);
		tamper_many(f, "REPLACE INTO stamps SELECT * FROM kept");
	}
	tamper(f, "UPDATE stamps SET class_name='Free' WHERE seq=7");
	check(f, 8 * 780);
	ok(strstr(findings, "stamp 7 was changed"), findings);
	tamper_many(f, "REPLACE INTO stamps SELECT * FROM kept");
	tamper(f, "UPDATE stamps SET form=1 WHERE seq=8");
	check(f, 8 * 780);
	ok(strstr(findings, "stamp 8 bears an older form"), findings);
	tamper_many(f, "REPLACE INTO stamps SELECT * FROM kept");
	is_ok(journal_begin(f->j, &e), &e, "begin");
	one = stamp(3, 2);
	is_ok(journal_stamp_quote(f->j, &one, &e), &e, "quote");
	is_ok(journal_stamp_intend(f->j, one.psd.key, PSD, &e), &e, "intend");
	is_ok(journal_commit(f->j, &e), &e, "commit");
	ok(!as_an_older_program(f), "no link of an old form behind the seal");
	tamper(f, "UPDATE stamps SET state=0,psd=NULL WHERE state=1");
	tamper(f, "DELETE FROM events WHERE what='seal'");
	check(f, 8 * 780);
	ok(strstr(findings, "is not what was sealed then"), "without a seal");
}

#define W(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    W(filter_and_backend_of_a_run_meet),
	    W(documents_are_counted_by_settling),
	    W(finished_job_printed_again_is_a_new_epoch),
	    W(job_that_the_scheduler_never_finished_is_no_new_epoch),
	    W(run_within_the_same_second_is_a_run),
	    W(any_field_of_the_identity_tells_jobs_apart),
	    W(stamp_comes_back_as_it_was_stored),
	    W(books_of_honest_hands_are_clean),
	    W(state_steps_are_not_skipped),
	    W(same_register_twice_is_refused),
	    W(check_finds_a_changed_row),
	    W(check_finds_a_changed_surcharge),
	    W(check_finds_any_changed_column),
	    W(check_finds_another_user),
	    W(check_finds_a_removed_row),
	    W(check_finds_the_last_row_removed),
	    W(check_finds_value_spent_elsewhere),
	    W(check_finds_an_intent_left_over),
	    W(check_finds_a_broken_control_total),
	    W(other_content_leaves_paid_stamps_behind_and_back),
	    W(person_resolves_what_is_uncertain),
	    W(labels_are_remembered_by_document),
	    W(reader_sees_and_cannot_write),
	    W(foreign_file_is_refused),
	    W(what_is_not_committed_never_was),
	    W(new_file_opens_for_all_who_come_at_once),
	    W(journal_of_version_1_is_brought_up_to_date),
	    W(old_stamps_are_sealed_and_new_ones_chained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
