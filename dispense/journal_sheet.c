/* SPDX-License-Identifier: Apache-2.0 */
/* numbered label sheets and which of their labels are used */
#include <string.h>

#include "dispense/journal_db.h"

bool
journal_sheet_media(
    struct journal *j, uint64_t serial, char *media, size_t size, struct err *e)
{
	sqlite3_stmt *s;
	bool row;

	media[0] = '\0';
	if (!db_query(j, "SELECT media FROM sheets WHERE serial=?",
		DB_ARGS(DB_I(serial)), &s, e) ||
	    !db_step(j, s, &row, e))
		return false;
	if (row) {
		db_col_text(s, 0, media, size);
		db_done(s);
	}
	return true;
}

bool
journal_sheet_add(struct journal *j, uint64_t serial, const char *media,
    int64_t now, struct err *e)
{
	char known[128];

	if (!db_run(j,
		"INSERT OR IGNORE INTO sheets(serial,media,seen) VALUES(?,?,?)",
		DB_ARGS(DB_I(serial), DB_T(media), DB_I(now)), e) ||
	    !journal_sheet_media(j, serial, known, sizeof(known), e))
		return false;
	if (strcmp(known, media) == 0)
		return true;
	if (known[0] == '\0')
		return db_run(j, "UPDATE sheets SET media=? WHERE serial=?",
		    DB_ARGS(DB_T(media), DB_I(serial)), e);
	if (media[0] == '\0')
		return true;
	return err_set(e, ERR_REQUEST,
	    "sheet %llu is a sheet of \"%s\", not of \"%s\"",
	    (unsigned long long)serial, known, media);
}

bool
journal_sheet_used(struct journal *j, uint64_t serial, int64_t document_id,
    bool *used, size_t count, struct err *e)
{
	sqlite3_stmt *s;
	bool good;

	memset(used, 0, count * sizeof(*used));
	/* What a replaced document claimed was never printed. */
	if (!db_query(j,
		"SELECT l.label FROM labels l JOIN documents d"
		" ON d.id=l.document WHERE l.sheet=? AND l.document<>?"
		" AND d.state<>9",
		DB_ARGS(DB_I(serial), DB_I(document_id)), &s, e))
		return false;
	while (db_next(j, s, &good, e)) {
		int64_t label = db_col_int(s, 0);

		if (label >= 1 && (uint64_t)label <= count)
			used[label - 1] = true;
	}
	return good;
}

bool
journal_sheet_claim(struct journal *j, int64_t document_id, struct err *e)
{
	sqlite3_stmt *s;
	int64_t label, serial;
	bool row;

	if (!db_query(j,
		"SELECT s.sheet,s.label FROM stamps s JOIN labels l"
		" ON l.sheet=s.sheet AND l.label=s.label"
		" JOIN documents d ON d.id=l.document"
		" WHERE s.document=?1 AND l.document<>?1 AND d.state<>9"
		" LIMIT 1",
		DB_ARGS(DB_I(document_id)), &s, e) ||
	    !db_step(j, s, &row, e))
		return false;
	if (row) {
		serial = db_col_int(s, 0);
		label = db_col_int(s, 1);
		db_done(s);
		return err_set(e, ERR_REQUEST,
		    "label %lld of sheet %lld is used already",
		    (long long)label, (long long)serial);
	}
	return db_run(j,
		   "INSERT OR IGNORE INTO sheets(serial,media,seen)"
		   " SELECT DISTINCT sheet,'',0 FROM stamps"
		   " WHERE document=? AND sheet<>0",
		   DB_ARGS(DB_I(document_id)), e) &&
	       db_run(j,
		   "INSERT OR REPLACE INTO labels(sheet,label,document)"
		   " SELECT sheet,label,document FROM stamps"
		   " WHERE document=? AND sheet<>0",
		   DB_ARGS(DB_I(document_id)), e);
}
