/* SPDX-License-Identifier: Apache-2.0 */
/* jobs, their runs, and the documents that a run passes over */
#include <string.h>

#include "dispense/journal_db.h"

/* A run of a job, as stored. */
struct run {
	int64_t id;
	uint32_t epoch, documents;
	int64_t settled; /* passes of it that are settled */
};

static bool
find_job(struct journal *j, const struct job *job, int64_t now, int64_t *id,
    struct err *e)
{
	if (!db_run(j,
		"INSERT OR IGNORE INTO jobs(queue,number,uuid,created,user,"
		"seen) VALUES(?,?,?,?,?,?)",
		DB_ARGS(DB_T(job->queue), DB_I(job->id), DB_T(job->uuid),
		    DB_I(job->created), DB_T(job->user), DB_I(now)),
		e))
		return false;
	return db_number(j,
	    "SELECT id FROM jobs WHERE queue=? AND number=? AND uuid=? AND "
	    "created=?",
	    DB_ARGS(DB_T(job->queue), DB_I(job->id), DB_T(job->uuid),
		DB_I(job->created)),
	    id, e);
}

/* The newest run of this `processing`; id 0 = none. */
static bool
newest_run(struct journal *j, int64_t job_id, uint32_t processing,
    struct run *out, struct err *e)
{
	sqlite3_stmt *s;
	bool row;

	*out = (struct run){0};
	if (!db_query(j,
		"SELECT r.id,r.epoch,r.documents,(SELECT count(*) FROM passes p"
		" WHERE p.run=r.id AND p.settled) FROM runs r"
		" WHERE r.job=? AND r.processing=? ORDER BY r.seq DESC LIMIT 1",
		DB_ARGS(DB_I(job_id), DB_I(processing)), &s, e) ||
	    !db_step(j, s, &row, e))
		return false;
	if (row) {
		out->id = db_col_int(s, 0);
		out->epoch = (uint32_t)db_col_int(s, 1);
		out->documents = (uint32_t)db_col_int(s, 2);
		out->settled = db_col_int(s, 3);
		db_done(s);
	}
	return true;
}

/* The epoch of a new run: the job's last one, or the next where a run of that
 * one was complete, and the scheduler called the job finished since it began.
 * A scheduler that died, was stopped or held the job before it wrote that down
 * runs it again by itself: nobody asked for new stamps then. */
static bool
next_epoch(struct journal *j, int64_t job_id, uint32_t completed,
    int64_t *epoch, struct err *e)
{
	int64_t complete;

	if (!db_number(j, "SELECT max(epoch) FROM runs WHERE job=?",
		DB_ARGS(DB_I(job_id)), epoch, e) ||
	    !db_number(j,
		"SELECT count(*) FROM runs r WHERE r.job=? AND r.epoch=? AND"
		" r.processing<=? AND (SELECT count(*) FROM passes p WHERE "
		"p.run=r.id AND"
		" p.settled)>=r.documents",
		DB_ARGS(DB_I(job_id), DB_I(*epoch), DB_I(completed)), &complete,
		e))
		return false;
	*epoch += complete > 0;
	return true;
}

static bool
new_run(struct journal *j, int64_t job_id, const struct job *job, int64_t now,
    struct run *out, struct err *e)
{
	int64_t epoch;

	*out = (struct run){.documents = job->documents ? job->documents : 1};
	if (!next_epoch(j, job_id, job->completed, &epoch, e) ||
	    !db_run(j,
		"INSERT INTO runs(job,processing,seq,epoch,documents,seen)"
		" VALUES(?1,?2,(SELECT count(*) FROM runs WHERE job=?1 AND"
		" processing=?2),?3,?4,?5)",
		DB_ARGS(DB_I(job_id), DB_I(job->processing), DB_I(epoch),
		    DB_I(out->documents), DB_I(now)),
		e))
		return false;
	out->id = sqlite3_last_insert_rowid(j->db);
	out->epoch = (uint32_t)epoch;
	return true;
}

/* The run that is going on, or a new one: where the last was complete, or its
 * pass ended without being settled, the scheduler began again (within one
 * second, if `processing` did not move). */
static bool
find_run(struct journal *j, int64_t job_id, const struct job *job, int64_t now,
    struct run *out, struct err *e)
{
	int64_t closed;

	if (!newest_run(j, job_id, job->processing, out, e))
		return false;
	if (out->id != 0) {
		if (!db_number(j,
			"SELECT count(*) FROM passes WHERE run=? AND closed"
			" AND NOT settled",
			DB_ARGS(DB_I(out->id)), &closed, e))
			return false;
		if (closed == 0 && out->settled < out->documents)
			return true;
	}
	return new_run(j, job_id, job, now, out, e);
}

/* The current row of a document, made where there is none. */
static bool
find_document(struct journal *j, int64_t job_id, uint32_t epoch,
    int64_t ordinal, int64_t now, int64_t *id, struct err *e)
{
	if (!db_number(j,
		"SELECT id FROM documents WHERE job=? AND epoch=? AND ordinal=?"
		" AND state<8",
		DB_ARGS(DB_I(job_id), DB_I(epoch), DB_I(ordinal)), id, e))
		return false;
	if (*id != 0)
		return true;
	if (!db_run(j,
		"INSERT INTO documents(job,epoch,ordinal,again,state,changed)"
		" VALUES(?1,?2,?3,(SELECT count(*) FROM documents WHERE job=?1"
		" AND epoch=?2 AND ordinal=?3 AND state=8),0,?4)",
		DB_ARGS(DB_I(job_id), DB_I(epoch), DB_I(ordinal), DB_I(now)),
		e))
		return false;
	*id = sqlite3_last_insert_rowid(j->db);
	return true;
}

bool
journal_enter(struct journal *j, const struct job *job, int64_t now,
    struct journal_pass *pass, struct journal_document *doc, struct err *e)
{
	int64_t job_id, doc_id, pass_id;
	struct run run;

	if (!find_job(j, job, now, &job_id, e) ||
	    !find_run(j, job_id, job, now, &run, e) ||
	    !find_document(
		j, job_id, run.epoch, run.settled, now, &doc_id, e) ||
	    !db_run(j,
		"INSERT OR IGNORE INTO passes(run,ordinal,document)"
		" VALUES(?,?,?)",
		DB_ARGS(DB_I(run.id), DB_I(run.settled), DB_I(doc_id)), e) ||
	    !db_number(j, "SELECT id FROM passes WHERE run=? AND ordinal=?",
		DB_ARGS(DB_I(run.id), DB_I(run.settled)), &pass_id, e) ||
	    /* A person spoiled what this pass was at: it begins again. */
	    !db_run(j,
		"UPDATE passes SET document=?,finished=0,refusal=0,"
		"refusal_text='' WHERE id=? AND document IN (SELECT id FROM"
		" documents WHERE state=8)",
		DB_ARGS(DB_I(doc_id), DB_I(pass_id)), e))
		return false;
	return journal_pass_load(j, pass_id, pass, e) &&
	       journal_document_load(j, pass->document_id, doc, e);
}

bool
journal_pass_load(
    struct journal *j, int64_t id, struct journal_pass *out, struct err *e)
{
	sqlite3_stmt *s;
	bool row;

	*out = (struct journal_pass){.id = id};
	if (!db_query(j,
		"SELECT run,document,ordinal,finished,closed,settled,refusal,"
		"refusal_text FROM passes WHERE id=?",
		DB_ARGS(DB_I(id)), &s, e) ||
	    !db_step(j, s, &row, e))
		return false;
	if (!row)
		return err_set(
		    e, ERR_CORRUPT, "journal: no pass %lld", (long long)id);
	out->run_id = db_col_int(s, 0);
	out->document_id = db_col_int(s, 1);
	out->ordinal = (uint32_t)db_col_int(s, 2);
	out->finished = db_col_int(s, 3) != 0;
	out->closed = db_col_int(s, 4) != 0;
	out->settled = db_col_int(s, 5) != 0;
	out->refusal.kind = (enum err_kind)db_col_int(s, 6);
	db_col_text(s, 7, out->refusal.text, sizeof(out->refusal.text));
	db_done(s);
	return true;
}

bool
journal_pass_save(
    struct journal *j, const struct journal_pass *pass, struct err *e)
{
	return db_run(j,
	    "UPDATE passes SET document=?,finished=?,closed=?,settled=?,"
	    "refusal=?,refusal_text=? WHERE id=?",
	    DB_ARGS(DB_I(pass->document_id), DB_I(pass->finished),
		DB_I(pass->closed), DB_I(pass->settled),
		DB_I(pass->refusal.kind), DB_T(pass->refusal.text),
		DB_I(pass->id)),
	    e);
}

void
db_document_row(sqlite3_stmt *s, struct journal_document *out)
{
	*out = (struct journal_document){.id = db_col_int(s, 0)};
	out->job_id = db_col_int(s, 1);
	out->epoch = (uint32_t)db_col_int(s, 2);
	out->ordinal = (uint32_t)db_col_int(s, 3);
	out->again = (uint32_t)db_col_int(s, 4);
	db_col_bytes(s, 5, out->content, sizeof(out->content));
	out->state = (enum doc_state)db_col_int(s, 6);
	out->pages = (uint32_t)db_col_int(s, 7);
	out->bytes = (uint64_t)db_col_int(s, 8);
	out->has_spool = sqlite3_column_type(s, 9) != SQLITE_NULL;
	out->spool_bytes = (uint64_t)db_col_int(s, 9);
	db_col_text(s, 10, out->note, sizeof(out->note));
	out->changed = db_col_int(s, 11);
	db_col_text(s, 12, out->job.queue, sizeof(out->job.queue));
	out->job.id = (uint32_t)db_col_int(s, 13);
	db_col_text(s, 14, out->job.uuid, sizeof(out->job.uuid));
	out->job.created = (uint32_t)db_col_int(s, 15);
	db_col_text(s, 16, out->job.user, sizeof(out->job.user));
	out->stamps = (uint32_t)db_col_int(s, 17);
	out->issued = (uint32_t)db_col_int(s, 18);
	out->total = db_col_int(s, 19);
	out->paid = db_col_int(s, 20);
	out->confirmed = db_col_int(s, 21);
	db_col_text(s, 22, out->confirmed_by, sizeof(out->confirmed_by));
	out->has_hash =
	    db_col_bytes(s, 23, out->spool_hash, JOURNAL_HASH) == JOURNAL_HASH;
	out->spool_part = (uint32_t)db_col_int(s, 24);
}

bool
journal_document_load(
    struct journal *j, int64_t id, struct journal_document *out, struct err *e)
{
	sqlite3_stmt *s;
	bool row;

	if (!db_query(j,
		"SELECT " DB_DOCUMENT_COLUMNS DB_DOCUMENT_FROM "WHERE d.id=?",
		DB_ARGS(DB_I(id)), &s, e) ||
	    !db_step(j, s, &row, e))
		return false;
	if (!row)
		return err_set(
		    e, ERR_CORRUPT, "journal: no document %lld", (long long)id);
	db_document_row(s, out);
	db_done(s);
	return true;
}

bool
journal_document_state(
    struct journal *j, int64_t id, enum doc_state *out, struct err *e)
{
	int64_t state;

	if (!db_number(j, "SELECT state FROM documents WHERE id=?",
		DB_ARGS(DB_I(id)), &state, e))
		return false;
	*out = (enum doc_state)state;
	return true;
}

bool
journal_document_save(struct journal *j, const struct journal_document *doc,
    int64_t now, struct err *e)
{
	static const uint8_t none[JOURNAL_HASH];
	bool content = memcmp(doc->content, none, JOURNAL_HASH) != 0;

	return db_run(j,
		   "UPDATE documents SET content=?,state=?,pages=?,bytes=?,"
		   "note=?,changed=? WHERE id=?",
		   DB_ARGS(DB_B(doc->content, content ? JOURNAL_HASH : 0),
		       DB_I(doc->state), DB_I(doc->pages), DB_I(doc->bytes),
		       DB_T(doc->note), DB_I(now), DB_I(doc->id)),
		   e) &&
	       db_run(j,
		   "UPDATE documents SET spool=CASE ?1 WHEN 1 THEN ?2 END,"
		   "spool_hash=?3,spool_part=?4 WHERE id=?5",
		   DB_ARGS(DB_I(doc->has_spool), DB_I(doc->spool_bytes),
		       DB_B(doc->spool_hash, doc->has_hash ? JOURNAL_HASH : 0),
		       DB_I(doc->spool_part), DB_I(doc->id)),
		   e);
}

bool
journal_document_replace(struct journal *j, struct journal_pass *pass,
    const uint8_t content[JOURNAL_HASH], int64_t now,
    struct journal_document *doc, struct err *e)
{
	struct journal_document old = *doc;
	int64_t id;

	/* One that was replaced before comes back with its stamps; as
	 * uncertain, where the journal fell back since: see books_adopt(). */
	if (!db_number(j,
		"SELECT id FROM documents WHERE job=? AND epoch=? AND ordinal=?"
		" AND again=? AND state=9 AND content=?",
		DB_ARGS(DB_I(old.job_id), DB_I(old.epoch), DB_I(old.ordinal),
		    DB_I(old.again), DB_B(content, JOURNAL_HASH)),
		&id, e) ||
	    !db_run(j,
		"UPDATE documents SET state=9,spool=NULL,changed=? WHERE id=?",
		DB_ARGS(DB_I(now), DB_I(old.id)), e))
		return false;
	if (id != 0) {
		if (!db_run(j,
			"UPDATE documents SET state=CASE WHEN " DB_DOUBTED(
			    "?1") " THEN 7 WHEN EXISTS(SELECT 1"
				  " FROM stamps WHERE document=?1 AND state>0) "
				  "THEN 2"
				  " ELSE 1 END,changed=?2 WHERE id=?1",
			DB_ARGS(DB_I(id), DB_I(now)), e))
			return false;
	} else if (!find_document(
		       j, old.job_id, old.epoch, old.ordinal, now, &id, e))
		return false;
	pass->document_id = id;
	return journal_pass_save(j, pass, e) &&
	       journal_document_load(j, id, doc, e);
}
