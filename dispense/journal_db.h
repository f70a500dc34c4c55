/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal_db: SQLite as the journal's files use it.  For dispense/journal*.c
 * alone.
 */
#ifndef DISPENSE_JOURNAL_DB_H
#define DISPENSE_JOURNAL_DB_H

#include <sqlite3.h>

#include "dispense/journal.h"

#define DB_STATEMENTS 96

struct journal {
	sqlite3 *db;
	bool read_only, inside; /* inside: between begin and commit */
	bool light;		/* commits do not wait for the medium */
	struct {
		const char *sql; /* by address: a literal or static */
		sqlite3_stmt *stmt;
	} cache[DB_STATEMENTS];
	int cached;
};

/* One value for a "?" of a statement. */
struct db_arg {
	enum { DB_NUMBER, DB_TEXT, DB_BYTES } type;
	int64_t number;
	const void *ptr;
	size_t len;
};

#define DB_I(x)                                  \
	{                                        \
		DB_NUMBER, (int64_t)(x), NULL, 0 \
	}
#define DB_T(x)                    \
	{                          \
		DB_TEXT, 0, (x), 0 \
	}
#define DB_B(p, n)                    \
	{                             \
		DB_BYTES, 0, (p), (n) \
	}
#define DB_ARGS(...)                          \
	(const struct db_arg[]){__VA_ARGS__}, \
	    sizeof((struct db_arg[]){__VA_ARGS__}) / sizeof(struct db_arg)
#define DB_NONE NULL, 0

/* A statement with its values bound, ready to be stepped; kept for the next
 * time.  `sql` must be a string literal. */
MUST_CHECK bool db_query(struct journal *j, const char *sql,
    const struct db_arg *args, size_t count, sqlite3_stmt **out, struct err *e);

/* The next row (*row = true) or the end, where the statement is reset. */
MUST_CHECK bool
db_step(struct journal *j, sqlite3_stmt *stmt, bool *row, struct err *e);

/* The same for a loop over all rows: true with each row; false at the end and
 * when it failed, and *good tells which.
 *
 *	if (!db_query(j, sql, args, &s, e))
 *		return false;
 *	while (db_next(j, s, &good, e))
 *		... (leaving early: db_done(s) before)
 *	return good;
 */
MUST_CHECK bool
db_next(struct journal *j, sqlite3_stmt *stmt, bool *good, struct err *e);

/* Gives a statement back before its end. */
void db_done(sqlite3_stmt *stmt);

/* Runs a statement without rows. */
MUST_CHECK bool db_run(struct journal *j, const char *sql,
    const struct db_arg *args, size_t count, struct err *e);

/* Runs statements that have no values. */
MUST_CHECK bool db_exec(struct journal *j, const char *sql, struct err *e);

/* Makes the tables of a new file, brings those of an older version up to date
 * (reading alone: *old = true, and nothing is done), refuses what is not ours:
 * journal_schema.c. */
MUST_CHECK bool db_settle_schema(struct journal *j, bool *old, struct err *e);

/* The one number of the one row, 0 where there is none (or NULL). */
MUST_CHECK bool db_number(struct journal *j, const char *sql,
    const struct db_arg *args, size_t count, int64_t *out, struct err *e);

/* Columns of the current row; text and bytes cut or zero-filled to fit. */
int64_t db_col_int(sqlite3_stmt *stmt, int column);
void db_col_text(sqlite3_stmt *stmt, int column, char *out, size_t size);
size_t db_col_bytes(sqlite3_stmt *stmt, int column, void *out, size_t size);

/* What links of form 1 do not hold of a stamp, but later ones do. */
struct bytes_writer;
void db_link_details(struct bytes_writer *w, const struct journal_stamp *s);

/* Seals what links of form 1 do not hold, where there are any: an event. */
MUST_CHECK bool db_seal(struct journal *j, struct err *e);

/* ", sha256 ..." of a text: the end of the event that tells of it. */
#define DB_HASH_NOTE (9 + 2 * JOURNAL_HASH + 1)
const char *db_hash_note(const char *text, char out[DB_HASH_NOTE]);

/* The hash of link `s` after `previous`, in the form that *s says. */
MUST_CHECK bool db_chain_link(const uint8_t previous[JOURNAL_HASH],
    const struct journal_stamp *s, const struct job *job,
    uint8_t out[JOURNAL_HASH], struct err *e);

/* The columns that db_stamp_row() and db_document_row() read, from 0. */
#define DB_STAMP_COLUMNS                                                  \
	"s.document,s.idx,s.state,s.page,s.place,s.copy,s.x,s.y,s.mark,"  \
	"s.sheet,s.label,s.face,s.amount,s.mail_date,s.mailby,s.origin,"  \
	"s.category,s.class_name,s.len,s.destination,s.sender,s.kind,"    \
	"s.price_list,s.key,s.psd,s.ascending,s.issued_at,s.seq,s.chain," \
	"s.indicium,s.surcharge,s.surcharges,s.cost,s.form,s.signer,"     \
	"s.signed"
#define DB_STAMP_COUNT 36
void db_stamp_row(sqlite3_stmt *stmt, struct journal_stamp *out);

/* The paid stamp that says PSD ?1 and register ?2 of itself. */
#define DB_STAMP_SAYS                                      \
	"((psd=?1 AND ascending=?2 AND signer IS NULL) OR" \
	" (signer=?1 AND signed=?2)) AND seq IS NOT NULL AND amount>0"

#define DB_DOCUMENT_COLUMNS                                               \
	"d.id,d.job,d.epoch,d.ordinal,d.again,d.content,d.state,d.pages," \
	"d.bytes,d.spool,d.note,d.changed,j.queue,j.number,j.uuid,"       \
	"j.created,j.user,"                                               \
	"(SELECT count(*) FROM stamps s WHERE s.document=d.id),"          \
	"(SELECT count(*) FROM stamps s WHERE s.document=d.id AND "       \
	"s.state>=2),"                                                    \
	"(SELECT coalesce(sum(s.amount),0) FROM stamps s WHERE "          \
	"s.document=d.id),"                                               \
	"(SELECT coalesce(sum(s.amount),0) FROM stamps s WHERE "          \
	"s.document=d.id AND s.state>=2),ifnull(d.confirmed,-1),"         \
	"d.confirmed_by,d.spool_hash,d.spool_part"
/* Did the journal fall back behind document `id`?  See journal_adopt.c. */
#define DB_DOUBT "doubt"
#define DB_DOUBTED(id)                                       \
	"EXISTS(SELECT 1 FROM events v WHERE v.document=" id \
	" AND v.what='" DB_DOUBT "')"

#define DB_DOCUMENT_FROM " FROM documents d JOIN jobs j ON j.id=d.job "
void db_document_row(sqlite3_stmt *stmt, struct journal_document *out);

#endif
