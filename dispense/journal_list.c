/* SPDX-License-Identifier: Apache-2.0 */
/* lists: documents, stamps, sheets */
#include "dispense/journal_db.h"

bool
journal_documents(struct journal *j, const struct journal_filter *f,
    journal_document_fn *fn, void *context, struct err *e)
{
	struct journal_document doc;
	sqlite3_stmt *s;
	bool good;

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
	while (db_next(j, s, &good, e)) {
		db_document_row(s, &doc);
		if (!fn(context, &doc)) {
			db_done(s);
			break;
		}
	}
	return good;
}

bool
journal_stamps(struct journal *j, int64_t document_id, journal_stamp_fn *fn,
    void *context, struct err *e)
{
	struct journal_stamp stamp;
	sqlite3_stmt *s;
	bool good;

	if (!db_query(j,
		"SELECT " DB_STAMP_COLUMNS
		" FROM stamps s WHERE s.document=? ORDER BY s.idx",
		DB_ARGS(DB_I(document_id)), &s, e))
		return false;
	while (db_next(j, s, &good, e)) {
		db_stamp_row(s, &stamp);
		if (!fn(context, &stamp)) {
			db_done(s);
			break;
		}
	}
	return good;
}

bool
journal_sheets(
    struct journal *j, journal_sheet_fn *fn, void *context, struct err *e)
{
	char media[128];
	sqlite3_stmt *s;
	bool good;

	if (!db_query(j,
		"SELECT x.serial,x.media,count(d.id),max(CASE WHEN d.id IS NULL"
		" THEN 0 ELSE l.label END) FROM sheets x LEFT JOIN labels l"
		" ON l.sheet=x.serial LEFT JOIN documents d ON d.id=l.document"
		" AND d.state<>9 GROUP BY x.serial ORDER BY x.serial",
		DB_NONE, &s, e))
		return false;
	while (db_next(j, s, &good, e)) {
		db_col_text(s, 1, media, sizeof(media));
		if (!fn(context, (uint64_t)db_col_int(s, 0), media,
			(uint32_t)db_col_int(s, 2),
			(uint32_t)db_col_int(s, 3))) {
			db_done(s);
			break;
		}
	}
	return good;
}
