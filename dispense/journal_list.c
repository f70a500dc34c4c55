/* SPDX-License-Identifier: Apache-2.0 */
/* sums and lists: reading alone */
#include "dispense/journal_db.h"

/* A document that stood still so long is not being issued any more; nor is one
 * whose filter gave up, or whose backend has come to see how it ended. */
#define ISSUING_S 600

#define SUM                                                   \
	"SELECT sum(s.amount) FROM stamps s JOIN documents d" \
	" ON d.id=s.document JOIN jobs j ON j.id=d.job WHERE "

/* ?1 another document than this, ?2 changed since then */
#define ISSUING                                                         \
	"d.state=2 AND d.id<>?1 AND d.changed>?2 AND s.state=0 AND NOT" \
	" EXISTS(SELECT 1 FROM passes p WHERE p.document=d.id AND"      \
	" (p.closed OR p.refusal<>0) AND p.id=(SELECT max(x.id) FROM"   \
	" passes x WHERE x.document=d.id))"

/* What others are about to spend: by queue, by user, in all. */
static bool
sum_reserved(struct journal *j, const struct journal_document *doc,
    int64_t since, mils *queue, mils *user, mils *all, struct err *e)
{
	return db_number(j, SUM ISSUING " AND j.queue=?3",
		   DB_ARGS(DB_I(doc->id), DB_I(since), DB_T(doc->job.queue)),
		   queue, e) &&
	       db_number(j, SUM ISSUING " AND j.user=?3",
		   DB_ARGS(DB_I(doc->id), DB_I(since), DB_T(doc->job.user)),
		   user, e) &&
	       db_number(
		   j, SUM ISSUING, DB_ARGS(DB_I(doc->id), DB_I(since)), all, e);
}

bool
journal_sum(struct journal *j, const struct journal_document *doc, int64_t day,
    int64_t next_day, int64_t now, struct journal_sums *out, struct err *e)
{
	mils queue, user;

	if (!sum_reserved(
		j, doc, now - ISSUING_S, &queue, &user, &out->reserved, e) ||
	    !db_number(j, SUM "d.job=? AND d.epoch=? AND s.state>0",
		DB_ARGS(DB_I(doc->job_id), DB_I(doc->epoch)), &out->job, e) ||
	    !db_number(j, SUM "s.issued_at>=? AND s.issued_at<? AND j.queue=?",
		DB_ARGS(DB_I(day), DB_I(next_day), DB_T(doc->job.queue)),
		&out->day, e) ||
	    !db_number(j, SUM "s.issued_at>=? AND s.issued_at<? AND j.user=?",
		DB_ARGS(DB_I(day), DB_I(next_day), DB_T(doc->job.user)),
		&out->user_day, e))
		return false;
	if (!mils_add(out->day, queue, &out->day) ||
	    !mils_add(out->user_day, user, &out->user_day))
		return err_set(e, ERR_CORRUPT, "journal: too high a sum");
	return true;
}

bool
journal_unpaid(struct journal *j, int64_t document_id, mils *sum, mils *dearest,
    struct err *e)
{
	return db_number(j,
		   "SELECT sum(amount) FROM stamps WHERE document=?"
		   " AND state=0",
		   DB_ARGS(DB_I(document_id)), sum, e) &&
	       db_number(j,
		   "SELECT max(amount) FROM stamps WHERE document=?"
		   " AND state=0",
		   DB_ARGS(DB_I(document_id)), dearest, e);
}

bool
journal_documents(struct journal *j, const struct journal_filter *f,
    journal_document_fn *fn, void *context, struct err *e)
{
	struct journal_document doc;
	sqlite3_stmt *s;
	bool row = true;

	if (!db_query(j,
		"SELECT * FROM (SELECT " DB_DOCUMENT_COLUMNS DB_DOCUMENT_FROM
		"WHERE (?1='' OR j.queue=?1) AND (?2='' OR j.user=?2)"
		" AND (?3=0 OR j.number=?3) AND (?4<0 OR d.state=?4)"
		" AND d.changed>=?5 AND (?6=0 OR d.changed<?6)"
		" ORDER BY d.id DESC LIMIT ?7) ORDER BY 1",
		DB_ARGS(DB_T(f->queue ? f->queue : ""),
		    DB_T(f->user ? f->user : ""), DB_I(f->job),
		    DB_I(f->doc_state), DB_I(f->since), DB_I(f->until),
		    DB_I(f->limit ? f->limit : -1)),
		&s, e))
		return false;
	for (;;) {
		if (!db_step(j, s, &row, e))
			return false;
		if (!row)
			return true;
		db_document_row(s, &doc);
		if (!fn(context, &doc))
			break;
	}
	db_done(s);
	return true;
}

bool
journal_stamps(struct journal *j, int64_t document_id, journal_stamp_fn *fn,
    void *context, struct err *e)
{
	struct journal_stamp stamp;
	sqlite3_stmt *s;
	bool row = true;

	if (!db_query(j,
		"SELECT " DB_STAMP_COLUMNS
		" FROM stamps s WHERE s.document=? ORDER BY s.idx",
		DB_ARGS(DB_I(document_id)), &s, e))
		return false;
	for (;;) {
		if (!db_step(j, s, &row, e))
			return false;
		if (!row)
			return true;
		db_stamp_row(s, &stamp);
		if (!fn(context, &stamp))
			break;
	}
	db_done(s);
	return true;
}

bool
journal_sheets(
    struct journal *j, journal_sheet_fn *fn, void *context, struct err *e)
{
	char media[128];
	sqlite3_stmt *s;
	bool row = true;

	if (!db_query(j,
		"SELECT x.serial,x.media,count(d.id),max(CASE WHEN d.id IS NULL"
		" THEN 0 ELSE l.label END) FROM sheets x LEFT JOIN labels l"
		" ON l.sheet=x.serial LEFT JOIN documents d ON d.id=l.document"
		" AND d.state<>9 GROUP BY x.serial ORDER BY x.serial",
		DB_NONE, &s, e))
		return false;
	for (;;) {
		if (!db_step(j, s, &row, e))
			return false;
		if (!row)
			return true;
		db_col_text(s, 1, media, sizeof(media));
		if (!fn(context, (uint64_t)db_col_int(s, 0), media,
			(uint32_t)db_col_int(s, 2), (uint32_t)db_col_int(s, 3)))
			break;
	}
	db_done(s);
	return true;
}
