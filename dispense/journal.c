/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/journal_db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "stamp/indicium.h"

#define PAUSE_MS 10

const char *
doc_state_name(enum doc_state state)
{
	static const char *const names[DOC_STATES] = {"open", "quoted",
	    "issued", "finished", "sending", "delivered", "undelivered",
	    "uncertain", "spoiled", "replaced"};

	return (unsigned)state < DOC_STATES ? names[state] : "?";
}

const char *
stamp_state_name(enum stamp_state state)
{
	static const char *const names[STAMP_STATES] = {"quoted", "intent",
	    "issued", "spoiled", "claimed", "refunded", "rejected"};

	return (unsigned)state < STAMP_STATES ? names[state] : "?";
}

/* --- statements ------------------------------------------------------------ */

/* Sets *e from the connection's last error.  Returns false. */
static bool
db_error(struct journal *j, struct err *e, const char *doing)
{
	enum err_kind kind = ERR_SYSTEM;

	switch (sqlite3_errcode(j->db)) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED: kind = ERR_BUSY; break;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_CONSTRAINT: kind = ERR_CORRUPT; break;
	default: break;
	}
	return err_set(
	    e, kind, "journal: %s: %s", doing, sqlite3_errmsg(j->db));
}

static bool
bind(sqlite3_stmt *stmt, int at, const struct db_arg *arg)
{
	switch (arg->type) {
	case DB_NUMBER:
		return sqlite3_bind_int64(stmt, at, arg->number) == SQLITE_OK;
	case DB_TEXT:
		return sqlite3_bind_text(stmt, at, arg->ptr, -1,
			   SQLITE_TRANSIENT) == SQLITE_OK;
	case DB_BYTES:
		return sqlite3_bind_blob(stmt, at, arg->ptr, (int)arg->len,
			   SQLITE_TRANSIENT) == SQLITE_OK;
	}
	return false;
}

static bool
statement(struct journal *j, const char *sql, sqlite3_stmt **out, struct err *e)
{
	for (int i = 0; i < j->cached; i++)
		if (j->cache[i].sql == sql) {
			*out = j->cache[i].stmt;
			return true;
		}
	if (j->cached == DB_STATEMENTS)
		return err_set(e, ERR_SYSTEM, "journal: too many statements");
	if (sqlite3_prepare_v3(j->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out,
		NULL) != SQLITE_OK)
		return db_error(j, e, "prepare");
	j->cache[j->cached].sql = sql;
	j->cache[j->cached++].stmt = *out;
	return true;
}

bool
db_query(struct journal *j, const char *sql, const struct db_arg *args,
    size_t count, sqlite3_stmt **out, struct err *e)
{
	if (!statement(j, sql, out, e))
		return false;
	sqlite3_reset(*out);
	for (size_t i = 0; i < count; i++)
		if (!bind(*out, (int)i + 1, &args[i]))
			return db_error(j, e, "bind");
	return true;
}

bool
db_step(struct journal *j, sqlite3_stmt *stmt, bool *row, struct err *e)
{
	int code = sqlite3_step(stmt);

	*row = code == SQLITE_ROW;
	if (*row)
		return true;
	if (code != SQLITE_DONE)
		db_error(j, e, "read or write");
	sqlite3_reset(stmt);
	return code == SQLITE_DONE;
}

bool
db_next(struct journal *j, sqlite3_stmt *stmt, bool *good, struct err *e)
{
	bool row;

	*good = db_step(j, stmt, &row, e);
	return row;
}

void
db_done(sqlite3_stmt *stmt)
{
	sqlite3_reset(stmt);
}

bool
db_run(struct journal *j, const char *sql, const struct db_arg *args,
    size_t count, struct err *e)
{
	sqlite3_stmt *stmt;
	bool good;

	if (!db_query(j, sql, args, count, &stmt, e))
		return false;
	while (db_next(j, stmt, &good, e))
		continue;
	return good;
}

bool
db_number(struct journal *j, const char *sql, const struct db_arg *args,
    size_t count, int64_t *out, struct err *e)
{
	sqlite3_stmt *stmt;
	bool row;

	*out = 0;
	if (!db_query(j, sql, args, count, &stmt, e) ||
	    !db_step(j, stmt, &row, e))
		return false;
	if (row) {
		*out = sqlite3_column_int64(stmt, 0);
		db_done(stmt);
	}
	return true;
}

int64_t
db_col_int(sqlite3_stmt *stmt, int column)
{
	return sqlite3_column_int64(stmt, column);
}

void
db_col_text(sqlite3_stmt *stmt, int column, char *out, size_t size)
{
	const unsigned char *text = sqlite3_column_text(stmt, column);

	text_copy(out, size, text ? (const char *)text : "");
}

size_t
db_col_bytes(sqlite3_stmt *stmt, int column, void *out, size_t size)
{
	const void *bytes = sqlite3_column_blob(stmt, column);
	size_t len = (size_t)sqlite3_column_bytes(stmt, column);

	if (len > size)
		len = size;
	memset(out, 0, size);
	if (bytes)
		memcpy(out, bytes, len);
	return len;
}

/* --- the file ---------------------------------------------------------------- */

bool
db_exec(struct journal *j, const char *sql, struct err *e)
{
	return sqlite3_exec(j->db, sql, NULL, NULL, NULL) == SQLITE_OK ||
	       db_error(j, e, "open");
}

/* SQLite does not wait for this one: of two who open a new file at the same
 * time, one is told that it is busy at once. */
static bool
write_ahead(struct journal *j, int wait_ms, struct err *e)
{
	for (int waited = 0;; waited += PAUSE_MS) {
		int code = sqlite3_exec(
		    j->db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);

		if (code == SQLITE_OK)
			return true;
		if (code != SQLITE_BUSY || waited >= wait_ms)
			return db_error(j, e, "open");
		sqlite3_sleep(PAUSE_MS);
	}
}

static bool
prepare_file(struct journal *j, int wait_ms, bool *old, struct err *e)
{
	if (!db_exec(j, "PRAGMA foreign_keys=ON", e) ||
	    !db_exec(j, "PRAGMA trusted_schema=OFF", e))
		return false;
	if (j->read_only)
		return db_settle_schema(j, old, e);
	if (!write_ahead(j, wait_ms, e) ||
	    !db_exec(j, "PRAGMA synchronous=FULL", e) || !journal_begin(j, e))
		return false;
	if (db_settle_schema(j, old, e))
		return journal_commit(j, e);
	journal_abort(j);
	return false;
}

/* A new file is the owner's alone; SQLite gives its other files the same mode.
 * One that is there is not touched: closing it would drop SQLite's locks. */
static bool
make_private(const char *path, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EEXIST || err_system(e, "journal %s", path);
	close(fd);
	return true;
}

/* *old: it was of an older version. */
static bool
open_file(const char *path, bool read_only, int wait_ms, bool *old,
    struct journal **out, struct err *e)
{
	struct journal *j = calloc(1, sizeof(*j));
	int flags = read_only ? SQLITE_OPEN_READONLY
			      : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	struct stat st;

	if (j == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	j->read_only = read_only;
	if (read_only && stat(path, &st) != 0) {
		err_set(e, errno == ENOENT ? ERR_ABSENT : ERR_SYSTEM,
		    "journal %s: %s", path, strerror(errno));
		goto failed;
	}
	if (!read_only && !make_private(path, e))
		goto failed;
	if (sqlite3_open_v2(path, &j->db, flags, NULL) != SQLITE_OK) {
		db_error(j, e, "open");
		goto failed_file;
	}
	sqlite3_extended_result_codes(j->db, 0);
	sqlite3_busy_timeout(j->db, wait_ms);
	if (!prepare_file(j, wait_ms, old, e))
		goto failed_file;
	*out = j;
	return true;
failed_file:
	err_prefix(e, "%s", path);
failed:
	journal_close(j);
	return false;
}

bool
journal_open(const char *path, bool read_only, int wait_ms,
    struct journal **out, struct err *e)
{
	bool old = false;

	if (!open_file(path, read_only, wait_ms, &old, out, e))
		return false;
	if (!old || !read_only)
		return true;
	/* Its tables are brought up to date before they are read. */
	journal_close(*out);
	*out = NULL;
	if (!open_file(path, false, wait_ms, &old, out, e))
		return false;
	journal_close(*out);
	*out = NULL;
	return open_file(path, true, wait_ms, &old, out, e);
}

void
journal_close(struct journal *j)
{
	if (j == NULL)
		return;
	journal_abort(j);
	for (int i = 0; i < j->cached; i++)
		sqlite3_finalize(j->cache[i].stmt);
	sqlite3_close(j->db);
	free(j);
}

/* The setting can be changed between transactions only. */
static bool
begin(struct journal *j, bool light, struct err *e)
{
	if (light != j->light &&
	    !db_exec(j,
		light ? "PRAGMA synchronous=NORMAL" : "PRAGMA synchronous=FULL",
		e))
		return false;
	j->light = light;
	if (sqlite3_exec(j->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) !=
	    SQLITE_OK)
		return db_error(j, e, "begin");
	j->inside = true;
	return true;
}

bool
journal_begin(struct journal *j, struct err *e)
{
	return begin(j, false, e);
}

bool
journal_begin_light(struct journal *j, struct err *e)
{
	return begin(j, true, e);
}

bool
journal_commit(struct journal *j, struct err *e)
{
	if (sqlite3_exec(j->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
		db_error(j, e, "commit");
		journal_abort(j);
		return false;
	}
	j->inside = false;
	return true;
}

bool
journal_version(struct journal *j, int64_t *out, struct err *e)
{
	return db_number(j, "PRAGMA data_version", DB_NONE, out, e);
}

void
journal_abort(struct journal *j)
{
	if (j->inside)
		sqlite3_exec(j->db, "ROLLBACK", NULL, NULL, NULL);
	j->inside = false;
}

void
journal_psd_id(const struct psd_status *psd, char out[32])
{
	struct indicium in = {.psd_serial = psd->serial};

	memcpy(in.vendor, psd->vendor, sizeof(in.vendor));
	memcpy(in.model, psd->model, sizeof(in.model));
	indicium_psd_id(&in, out);
}
