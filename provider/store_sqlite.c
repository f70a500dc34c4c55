/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine for one computer: a file.  A call is carried out when its result is
 * wanted; its rows are all read then, so that what fails, fails there.
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "provider/store_own.h"
#include "provider/store_turn.h"

#define PAUSE_MS 10

struct statement {
	const char *sql; /* whose address names it */
	sqlite3_stmt *stmt;
	int count;			 /* of parameters */
	int index[STORE_PARAMS_MAX + 1]; /* of $1, $2, ... */
};

struct engine {
	sqlite3 *db;
	struct store_turn *turn;
	bool writing; /* the turn is ours */
	struct statement cache[STORE_STATEMENTS_MAX];
	int cached;
	/* of the last result: cells are store_value, bytes are theirs */
	struct store_array cells, bytes;
};

/* --- errors -------------------------------------------------------------------- */

/* A trigger is one of store_move.c: the file is closed. */
static enum err_kind
kind_of(int code)
{
	if (code == SQLITE_CONSTRAINT_TRIGGER)
		return ERR_ABSENT;
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return ERR_BUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB: return ERR_CORRUPT;
	case SQLITE_CONSTRAINT: return ERR_REQUEST;
	default: return ERR_SYSTEM;
	}
}

/* "UNIQUE constraint failed: t.a, t.b": what follows. */
static void
name_conflict(struct store *s, int code, const char *text)
{
	const char *name = strstr(text, "constraint failed: ");

	if (code == SQLITE_CONSTRAINT_FOREIGNKEY)
		name = "foreign key";
	else if (name != NULL)
		name += strlen("constraint failed: ");
	else
		name = text;
	snprintf(s->conflict, sizeof(s->conflict), "%s", name);
}

static bool
failed(struct store *s, struct err *e, const char *doing)
{
	struct engine *g = s->engine;
	int code = sqlite3_extended_errcode(g->db);
	const char *text = sqlite3_errmsg(g->db);

	if (kind_of(code) == ERR_REQUEST)
		name_conflict(s, code, text);
	return err_set(
	    e, kind_of(code), "database %s: %s: %s", s->name, doing, text);
}

/* --- the file ------------------------------------------------------------------- */

/* A new file is the owner's alone; SQLite gives its other files the same mode.
 * One that is there is not touched: closing it would drop SQLite's locks. */
static bool
make_private(const char *path, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno == EEXIST || err_system(e, "database %s", path);
	close(fd);
	return true;
}

static bool
pragma(struct store *s, const char *sql, struct err *e)
{
	struct engine *g = s->engine;

	return sqlite3_exec(g->db, sql, NULL, NULL, NULL) == SQLITE_OK ||
	       failed(s, e, "open");
}

/* SQLite does not wait for this one: of two who open a new file at the same
 * time, one is told that it is busy at once. */
static bool
write_ahead(struct store *s, struct err *e)
{
	struct engine *g = s->engine;

	for (int waited = 0;; waited += PAUSE_MS) {
		int code = sqlite3_exec(
		    g->db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);

		if (code == SQLITE_OK)
			return true;
		if (code != SQLITE_BUSY || waited >= s->wait_ms)
			return failed(s, e, "open");
		sqlite3_sleep(PAUSE_MS);
	}
}

static bool
sqlite_open(struct store *s, struct err *e)
{
	struct engine *g = calloc(1, sizeof(*g));

	s->engine = g;
	if (g == NULL)
		return err_set(e, ERR_SYSTEM, "database: out of memory");
	text_clean(s->uri, s->name, sizeof(s->name));
	if (s->target[0] != '/')
		return err_set(e, ERR_CONFIG,
		    "database %s: the path of the file must begin with /",
		    s->name);
	if (!make_private(s->target, e) ||
	    !store_turn_open(s->target, &g->turn, e))
		return false;
	if (sqlite3_open_v2(s->target, &g->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return failed(s, e, "open");
	sqlite3_busy_timeout(g->db, s->wait_ms);
	return pragma(s, "PRAGMA foreign_keys=ON", e) &&
	       pragma(s, "PRAGMA trusted_schema=OFF", e) && write_ahead(s, e) &&
	       pragma(s, "PRAGMA synchronous=FULL", e);
}

static void
sqlite_close(struct store *s)
{
	struct engine *g = s->engine;

	if (g == NULL)
		return;
	for (int i = 0; i < g->cached; i++)
		sqlite3_finalize(g->cache[i].stmt);
	sqlite3_close(g->db);
	store_turn_close(g->turn);
	free(g->cells.ptr);
	free(g->bytes.ptr);
	free(g);
}

/* --- statements ------------------------------------------------------------------ */

/* The one writer needs no lock of a row. */
static int
length_of(const char *sql)
{
	const char *lock = strstr(sql, " FOR UPDATE");

	return (int)(lock != NULL ? (size_t)(lock - sql) : strlen(sql));
}

static void
number_params(struct statement *st)
{
	char name[16];

	st->count = sqlite3_bind_parameter_count(st->stmt);
	for (int i = 1; i <= STORE_PARAMS_MAX; i++) {
		snprintf(name, sizeof(name), "$%d", i);
		st->index[i] = sqlite3_bind_parameter_index(st->stmt, name);
	}
}

static bool
prepare(struct store *s, const char *sql, struct statement **out, struct err *e)
{
	struct engine *g = s->engine;
	struct statement *st;

	for (int i = 0; i < g->cached; i++)
		if (g->cache[i].sql == sql) {
			*out = &g->cache[i];
			return true;
		}
	if (g->cached == STORE_STATEMENTS_MAX)
		return err_set(
		    e, ERR_SYSTEM, "database %s: too many statements", s->name);
	st = &g->cache[g->cached];
	if (sqlite3_prepare_v3(g->db, sql, length_of(sql),
		SQLITE_PREPARE_PERSISTENT, &st->stmt, NULL) != SQLITE_OK)
		return failed(s, e, sql);
	st->sql = sql;
	number_params(st);
	g->cached++;
	*out = st;
	return true;
}

/* The parameters stay where they are until the next call. */
static int
bind_one(const struct store *s, sqlite3_stmt *stmt, int index,
    const struct store_value *v)
{
	switch (v->type) {
	case STORE_INT: return sqlite3_bind_int64(stmt, index, v->number);
	case STORE_TEXT:
		return sqlite3_bind_text(stmt, index, store_value_ptr(s, v),
		    (int)v->len, SQLITE_STATIC);
	case STORE_BLOB:
		return sqlite3_bind_blob(stmt, index, store_value_ptr(s, v),
		    (int)v->len, SQLITE_STATIC);
	case STORE_NULL: return sqlite3_bind_null(stmt, index);
	}
	return SQLITE_MISUSE;
}

static bool
bind(struct store *s, const struct store_call *call, struct statement *st,
    struct err *e)
{
	const struct store_value *values = store_call_values(s, call);

	if ((size_t)st->count != call->count)
		return err_set(e, ERR_SYSTEM,
		    "database %s: %zu parameters where %d are wanted: %s",
		    s->name, call->count, st->count, call->sql);
	for (size_t i = 0; i < call->count; i++)
		if (bind_one(s, st->stmt, st->index[i + 1], &values[i]) !=
		    SQLITE_OK)
			return failed(s, e, call->sql);
	return true;
}

static bool
keep_cell(struct engine *g, sqlite3_stmt *stmt, int column)
{
	struct store_value v = {STORE_NULL, 0, g->bytes.count, 0};
	const void *ptr = NULL;
	char *to;

	switch (sqlite3_column_type(stmt, column)) {
	case SQLITE_INTEGER:
		v.type = STORE_INT;
		v.number = sqlite3_column_int64(stmt, column);
		break;
	case SQLITE_TEXT:
		v.type = STORE_TEXT;
		ptr = sqlite3_column_text(stmt, column);
		break;
	case SQLITE_BLOB:
		v.type = STORE_BLOB;
		ptr = sqlite3_column_blob(stmt, column);
		break;
	default: break;
	}
	if (v.type == STORE_TEXT || v.type == STORE_BLOB)
		v.len = (size_t)sqlite3_column_bytes(stmt, column);
	if (!store_array_grow(&g->cells, 1, sizeof(v)) ||
	    !store_array_grow(&g->bytes, v.len + 1, 1))
		return false;
	to = (char *)g->bytes.ptr + v.at;
	if (v.len > 0)
		memcpy(to, ptr, v.len);
	to[v.len] = '\0';
	g->bytes.count += v.len + 1;
	((struct store_value *)g->cells.ptr)[g->cells.count++] = v;
	return true;
}

/* SQLite makes a real number where whole ones do not fit: no money. */
static bool
keep_row(struct store *s, sqlite3_stmt *stmt, struct err *e)
{
	struct engine *g = s->engine;

	s->columns = sqlite3_column_count(stmt);
	for (int i = 0; i < s->columns; i++) {
		if (sqlite3_column_type(stmt, i) == SQLITE_FLOAT)
			return err_set(e, ERR_SYSTEM,
			    "database %s: column %s is no whole number: %s",
			    s->name, sqlite3_column_name(stmt, i),
			    sqlite3_sql(stmt));
		if (!keep_cell(g, stmt, i))
			return err_set(
			    e, ERR_SYSTEM, "database: out of memory");
	}
	s->rows++;
	return true;
}

static bool
step_all(struct store *s, sqlite3_stmt *stmt, struct err *e)
{
	struct engine *g = s->engine;
	int code;

	g->cells.count = g->bytes.count = 0;
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW)
		if (!keep_row(s, stmt, e))
			return false;
	if (code != SQLITE_DONE)
		return failed(s, e, sqlite3_sql(stmt));
	if (!sqlite3_stmt_readonly(stmt))
		s->changed = sqlite3_changes64(g->db);
	return true;
}

static bool
sqlite_receive(struct store *s, const struct store_call *call, struct err *e)
{
	struct statement *st;
	bool good;

	if (!prepare(s, call->sql, &st, e))
		return false;
	if (s->mode == STORE_READ && !sqlite3_stmt_readonly(st->stmt))
		return err_set(e, ERR_SYSTEM,
		    "database %s: writes where it may only read: %s", s->name,
		    call->sql);
	good = bind(s, call, st, e) && step_all(s, st->stmt, e);
	sqlite3_reset(st->stmt);
	return good;
}

static void
sqlite_cell(struct store *s, size_t row, int column, struct store_cell *out)
{
	const struct engine *g = s->engine;
	const struct store_value *v = (const struct store_value *)g->cells.ptr +
				      row * (size_t)s->columns + (size_t)column;

	*out = (struct store_cell){
	    v->type, v->number, (const char *)g->bytes.ptr + v->at, v->len};
}

/* --- transactions ------------------------------------------------------------------ */

static bool
control(struct store *s, const char *sql, struct err *e)
{
	struct statement *st;
	int code;

	if (!prepare(s, sql, &st, e))
		return false;
	code = sqlite3_step(st->stmt);
	if (code != SQLITE_DONE)
		failed(s, e, sql);
	sqlite3_reset(st->stmt);
	return code == SQLITE_DONE;
}

static void
end_turn(struct engine *g)
{
	if (g->writing)
		store_turn_end(g->turn);
	g->writing = false;
}

/* A commit that failed may have left all of its frames in the log, to be found
 * whole after a crash, although all who ask now are told that it is not there.
 * Another transaction takes their place: its first frame ends their chain. */
static bool
overwrite(struct store *s, struct err *e)
{
	struct engine *g = s->engine;

	if (!sqlite3_get_autocommit(g->db) && !control(s, "ROLLBACK", e))
		return false;
	*store_turn_doubt(g->turn) = true;
	if (sqlite3_exec(g->db, "PRAGMA user_version = 1", NULL, NULL, NULL) !=
	    SQLITE_OK)
		return failed(s, e,
		    "a commit failed before, and cannot be taken back yet");
	*store_turn_doubt(g->turn) = false;
	return true;
}

/* Nobody is answered on what may come back. */
static bool
clear_doubt(struct store *s, struct err *e)
{
	struct engine *g = s->engine;

	if (!*store_turn_doubt(g->turn) || overwrite(s, e))
		return true;
	if (e->kind == ERR_SYSTEM)
		e->kind = ERR_ABSENT;
	return false;
}

static bool
sqlite_begin(struct store *s, struct err *e)
{
	struct engine *g = s->engine;
	int64_t end = clock_ms() + s->wait_ms, left;

	if (s->mode == STORE_READ)
		return control(s, "BEGIN", e);
	if (!store_turn_take(g->turn, s->wait_ms, e))
		return err_prefix(e, "%s", s->name);
	g->writing = true;
	left = end - clock_ms();
	sqlite3_busy_timeout(g->db, left > 0 ? (int)left : 0);
	if (clear_doubt(s, e) && control(s, "BEGIN IMMEDIATE", e)) {
		sqlite3_busy_timeout(g->db, s->wait_ms);
		return true;
	}
	end_turn(g);
	return false;
}

static bool
sqlite_hand(struct store *s, const struct store_call *call, struct err *e)
{
	(void)s, (void)call, (void)e;
	return true;
}

static bool
sqlite_hand_commit(struct store *s, struct err *e)
{
	(void)s, (void)e;
	return true;
}

/* What could not be written or synced whole may still be on the medium. */
static bool
sqlite_commit(struct store *s, struct err *e)
{
	struct engine *g = s->engine;
	struct err ignored = ERR_INIT;
	int code;

	if (control(s, "COMMIT", e)) {
		end_turn(g);
		return true;
	}
	code = sqlite3_errcode(g->db) & 0xff;
	s->in_doubt = s->mode == STORE_WRITE && e->kind == ERR_SYSTEM &&
		      (code == SQLITE_IOERR || code == SQLITE_FULL) &&
		      !overwrite(s, &ignored);
	return false;
}

static void
sqlite_rollback(struct store *s)
{
	struct engine *g = s->engine;
	struct err e = ERR_INIT;

	/* some errors have rolled it back already */
	if (!sqlite3_get_autocommit(g->db))
		(void)!control(s, "ROLLBACK", &e);
	end_turn(g);
}

static bool
sqlite_script(struct store *s, const char *text, struct err *e)
{
	struct engine *g = s->engine;

	return sqlite3_exec(g->db, text, NULL, NULL, NULL) == SQLITE_OK ||
	       failed(s, e, "schema");
}

const struct store_driver store_sqlite = {
    .scheme = "sqlite:",
    .engine = STORE_SQLITE,
    .versioned_sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND "
		     "name = 'schema_version'",
    .open = sqlite_open,
    .close = sqlite_close,
    .begin = sqlite_begin,
    .hand = sqlite_hand,
    .receive = sqlite_receive,
    .hand_commit = sqlite_hand_commit,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .cell = sqlite_cell,
    .script = sqlite_script,
};
