/* SPDX-License-Identifier: Apache-2.0 */
/* sums: what was spent, by whom and where, and what is about to be */
#include "dispense/journal_db.h"

/* A document that stood still so long is not being issued any more; nor is one
 * whose filter gave up, or whose backend has come to see how it ended. */
#define ISSUING_S 600

#define FROM                                       \
	" FROM stamps s JOIN documents d ON d.id=" \
	"s.document JOIN jobs j ON j.id=d.job WHERE "
#define SUM "SELECT sum(s.amount)" FROM

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
journal_unpaid_each(struct journal *j, int64_t document_id,
    journal_unpaid_fn *fn, void *context, struct err *e)
{
	sqlite3_stmt *s;
	bool good;

	if (!db_query(j,
		"SELECT amount,mail_date,kind FROM stamps WHERE document=?"
		" AND state=0 ORDER BY idx",
		DB_ARGS(DB_I(document_id)), &s, e))
		return false;
	while (db_next(j, s, &good, e)) {
		struct psd_request r = {.amount = db_col_int(s, 0),
		    .mail_date = (uint32_t)db_col_int(s, 1),
		    .kind = (uint8_t)db_col_int(s, 2)};

		if (!fn(context, &r, e)) {
			db_done(s);
			return false;
		}
	}
	return good;
}

bool
journal_last_psd(struct journal *j, char out[32], struct err *e)
{
	sqlite3_stmt *s;
	bool row;

	out[0] = '\0';
	if (!db_query(j,
		"SELECT psd FROM stamps WHERE seq=(SELECT max(seq) FROM "
		"stamps)",
		DB_NONE, &s, e) ||
	    !db_step(j, s, &row, e))
		return false;
	if (row) {
		db_col_text(s, 0, out, 32);
		db_done(s);
	}
	return true;
}

#define BY_QUEUE_AND_USER "SELECT j.queue AS q,j.user AS u,sum(s.amount)" FROM

bool
journal_spent(struct journal *j, int64_t document_id, int64_t from,
    int64_t until, int64_t now, journal_spent_fn *fn, void *context,
    struct err *e)
{
	char queue[QUEUE_MAX], user[USER_MAX];
	sqlite3_stmt *s;
	bool good;

	if (!db_query(j,
		BY_QUEUE_AND_USER
		"s.issued_at>=?3 AND s.issued_at<?4 GROUP BY q,u UNION"
		" ALL " BY_QUEUE_AND_USER ISSUING " GROUP BY q,u",
		DB_ARGS(DB_I(document_id), DB_I(now - ISSUING_S), DB_I(from),
		    DB_I(until)),
		&s, e))
		return false;
	while (db_next(j, s, &good, e)) {
		db_col_text(s, 0, queue, sizeof(queue));
		db_col_text(s, 1, user, sizeof(user));
		fn(context, queue, user, db_col_int(s, 2));
	}
	return good;
}

bool
journal_corrections(struct journal *j, const struct journal_document *doc,
    int64_t from, int64_t until, int64_t now, struct journal_corrections *out,
    struct err *e)
{
	int64_t others;

	if (!db_number(j,
		"SELECT count(*)" FROM
		"s.issued_at>=? AND s.issued_at<? AND s.kind=1 AND j.queue=?",
		DB_ARGS(DB_I(from), DB_I(until), DB_T(doc->job.queue)),
		&out->issued, e) ||
	    !db_number(j,
		"SELECT count(*)" FROM ISSUING " AND s.kind=1 AND j.queue=?3",
		DB_ARGS(
		    DB_I(doc->id), DB_I(now - ISSUING_S), DB_T(doc->job.queue)),
		&others, e) ||
	    !db_number(j,
		"SELECT count(*) FROM stamps WHERE document=? AND state=0 AND"
		" kind=1",
		DB_ARGS(DB_I(doc->id)), &out->unpaid, e))
		return false;
	out->issued += others;
	return true;
}
