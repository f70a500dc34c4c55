/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/seen.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

#define BUSY_MS 10000

struct seen {
	sqlite3 *db;
};

static const char schema[] = "PRAGMA synchronous = FULL;"
			     "CREATE TABLE IF NOT EXISTS seen ("
			     " stamp TEXT PRIMARY KEY NOT NULL,"
			     " at TEXT NOT NULL,"
			     " place TEXT NOT NULL) WITHOUT ROWID, STRICT;";

static bool
failed(struct seen *s, const char *what, struct err *e)
{
	int code = sqlite3_errcode(s->db);
	enum err_kind kind = code == SQLITE_NOTADB || code == SQLITE_CORRUPT
				 ? ERR_CORRUPT
				 : ERR_SYSTEM;

	return err_set(e, kind, "table of seen stamps: %s: %s", what,
	    sqlite3_errmsg(s->db));
}

bool
seen_open(const char *path, bool create, struct seen **out, struct err *e)
{
	int flags = SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0);
	struct seen *s;
	bool done;

	if (!create && access(path, F_OK) != 0)
		return err_set(e, ERR_ABSENT,
		    "%s: no table of seen stamps; --cancel makes one", path);
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return err_system(e, "memory for the table of seen stamps");
	done = sqlite3_open_v2(path, &s->db, flags, NULL) == SQLITE_OK &&
	       sqlite3_busy_timeout(s->db, BUSY_MS) == SQLITE_OK &&
	       (!create ||
		   sqlite3_exec(s->db, schema, NULL, NULL, NULL) == SQLITE_OK);
	if (!done) {
		failed(s, path, e);
		seen_close(s);
		return false;
	}
	*out = s;
	return true;
}

void
seen_close(struct seen *s)
{
	if (s == NULL)
		return;
	sqlite3_close(s->db);
	free(s);
}

const char *
seen_stamp_name(const struct indicium *in, char out[SEEN_NAME])
{
	char id[INDICIUM_PSD_ID];

	indicium_psd_id(in, id);
	if (in->has & HAS_KIND && in->kind == INDICIUM_CORRECTION)
		snprintf(out, SEEN_NAME, "%s/%" PRIu64 "/%" PRIu32, id,
		    in->ascending, in->piece_count);
	else
		snprintf(out, SEEN_NAME, "%s/%" PRIu64, id, in->ascending);
	return out;
}

static void
take_use(sqlite3_stmt *stmt, struct seen_use *use)
{
	const char *when = (const char *)sqlite3_column_text(stmt, 0);
	const char *where = (const char *)sqlite3_column_text(stmt, 1);

	text_clean(when ? when : "", use->when, sizeof(use->when));
	text_clean(where ? where : "", use->where, sizeof(use->where));
}

bool
seen_find(struct seen *s, const char *name, bool *found, struct seen_use *first,
    struct err *e)
{
	static const char sql[] = "SELECT at, place FROM seen WHERE stamp = ?";
	sqlite3_stmt *stmt = NULL;
	int step = SQLITE_ERROR;

	*found = false;
	if (sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC) == SQLITE_OK)
		step = sqlite3_step(stmt);
	if (step == SQLITE_ROW) {
		*found = true;
		take_use(stmt, first);
	} else if (step != SQLITE_DONE) {
		failed(s, "look-up", e);
	}
	sqlite3_finalize(stmt);
	return step == SQLITE_ROW || step == SQLITE_DONE;
}

static bool
insert(struct seen *s, const char *name, const char *when, const char *where,
    struct err *e)
{
	static const char sql[] =
	    "INSERT INTO seen (stamp, at, place) VALUES (?, ?, ?)"
	    " ON CONFLICT DO NOTHING";
	sqlite3_stmt *stmt = NULL;
	bool done =
	    sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC) == SQLITE_OK &&
	    sqlite3_bind_text(stmt, 2, when, -1, SQLITE_STATIC) == SQLITE_OK &&
	    sqlite3_bind_text(stmt, 3, where, -1, SQLITE_STATIC) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_DONE;

	if (!done)
		failed(s, "recording a use", e);
	sqlite3_finalize(stmt);
	return done;
}

bool
seen_cancel(struct seen *s, const char *name, const char *where, bool *again,
    struct seen_use *first, struct err *e)
{
	time_t now = time(NULL);
	struct tm tm;
	char when[32], place[SEEN_WHERE];
	bool found;

	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	text_clean(where, place, sizeof(place));
	if (!insert(s, name, when, place, e))
		return false;
	*again = sqlite3_changes(s->db) == 0;
	return seen_find(s, name, &found, first, e);
}
