/* SPDX-License-Identifier: Apache-2.0 */
/* who spent what in some time; and what a person confirmed */
#include "dispense/books.h"
#include "dispense/journal_db.h"

/* As in journal_list.c: a document that stood still so long is given up. */
#define ISSUING_S 600

#define FROM                                       \
	" FROM stamps s JOIN documents d ON d.id=" \
	"s.document JOIN jobs j ON j.id=d.job WHERE "

bool
journal_spent(struct journal *j, int64_t document_id, int64_t from,
    int64_t until, int64_t now, journal_spent_fn *fn, void *context,
    struct err *e)
{
	char queue[QUEUE_MAX], user[USER_MAX];
	sqlite3_stmt *s;
	bool row = true;

	if (!db_query(j,
		"SELECT j.queue AS q,j.user AS u,sum(s.amount)" FROM
		"s.issued_at>=?1 AND s.issued_at<?2 GROUP BY q,u UNION ALL "
		"SELECT j.queue AS q,j.user AS u,sum(s.amount)" FROM
		"d.state=2 AND d.id<>?3 AND d.changed>?4 AND s.state=0 AND NOT"
		" EXISTS(SELECT 1 FROM passes p WHERE p.document=d.id AND"
		" (p.closed OR p.refusal<>0) AND p.id=(SELECT max(x.id) FROM"
		" passes x WHERE x.document=d.id)) GROUP BY q,u",
		DB_ARGS(DB_I(from), DB_I(until), DB_I(document_id),
		    DB_I(now - ISSUING_S)),
		&s, e))
		return false;
	for (;;) {
		if (!db_step(j, s, &row, e))
			return false;
		if (!row)
			return true;
		db_col_text(s, 0, queue, sizeof(queue));
		db_col_text(s, 1, user, sizeof(user));
		fn(context, queue, user, db_col_int(s, 2));
	}
}

bool
journal_corrections(struct journal *j, const char *queue, int64_t from,
    int64_t until, int64_t *count, struct err *e)
{
	return db_number(j,
	    "SELECT count(*)" FROM
	    "s.issued_at>=? AND s.issued_at<? AND s.kind=1 AND j.queue=?",
	    DB_ARGS(DB_I(from), DB_I(until), DB_T(queue)), count, e);
}

bool
journal_confirm(struct journal *j, int64_t document_id, mils total,
    const struct books_by *by, struct err *e)
{
	struct journal_document doc;
	char is[MILS_TEXT], said[MILS_TEXT];

	if (!journal_document_load(j, document_id, &doc, e))
		return false;
	if (doc.state != DOC_QUOTED)
		return err_set(e, ERR_REQUEST,
		    "document %u of %s-%u is %s: only a quoted one waits for a "
		    "word",
		    doc.ordinal + 1, doc.job.queue, doc.job.id,
		    doc_state_name(doc.state));
	if (doc.total != total)
		return err_set(e, ERR_REQUEST,
		    "document %u of %s-%u costs %s, not %s: look at it with "
		    "\"postage journal show %s-%u\"",
		    doc.ordinal + 1, doc.job.queue, doc.job.id,
		    mils_format(doc.total, is), mils_format(total, said),
		    doc.job.queue, doc.job.id);
	return db_run(j,
		   "UPDATE documents SET confirmed=?,confirmed_by=?,changed=?"
		   " WHERE id=?",
		   DB_ARGS(DB_I(total), DB_T(by->person), DB_I(by->now),
		       DB_I(document_id)),
		   e) &&
	       books_log(j, by, "confirm", document_id, NULL, e,
		   "total %s of user %s", mils_format(total, is), doc.job.user);
}
