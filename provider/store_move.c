/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/store_move.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "provider/store_audit.h"
#include "provider/store_own.h"
#include "provider/store_server.h"

#define TABLES_MAX  64
#define COLUMNS_MAX 20
#define PAGE	    256 /* rows */
#define TEXT_MAX    1024
#define SILENT_MS   60000 /* a server that is up says so each second */

/* In the order in which they were made: what refers to others stands behind them. */
#define SQL_TABLES                                                      \
	"SELECT t.name, c.name, c.type FROM sqlite_master t "           \
	"JOIN pragma_table_info(t.name) c WHERE t.type = 'table' "      \
	"AND t.name NOT LIKE 'sqlite%' AND t.name <> 'schema_version' " \
	"ORDER BY t.rowid, c.cid"

struct table {
	char name[64];
	char list[TEXT_MAX]; /* "a", "b" */
	enum store_type type[COLUMNS_MAX];
	size_t columns;
	int64_t rows;
};

struct move {
	struct store *from, *to;
	char mark[300]; /* "moved to postgresql:..." */
	struct table table[TABLES_MAX];
	size_t tables;
	store_move_step *step;
	void *context;
	struct store_move *out;
	int64_t all;
};

/* --- what there is ------------------------------------------------------------------ */

static enum store_type
type_of(const char *declared)
{
	if (strcmp(declared, "INTEGER") == 0)
		return STORE_INT;
	return strcmp(declared, "BLOB") == 0 ? STORE_BLOB : STORE_TEXT;
}

static bool
add_column(struct table *t, const char *name, const char *type)
{
	size_t len = strlen(t->list);
	int n = snprintf(t->list + len, sizeof(t->list) - len, "%s\"%s\"",
	    len > 0 ? ", " : "", name);

	if (t->columns == COLUMNS_MAX || n < 0 ||
	    (size_t)n >= sizeof(t->list) - len)
		return false;
	t->type[t->columns++] = type_of(type);
	return true;
}

static struct table *
table_of(struct move *m, const char *name)
{
	struct table *t = &m->table[m->tables];

	if (m->tables > 0 && strcmp(t[-1].name, name) == 0)
		return t - 1;
	if (m->tables == TABLES_MAX || strlen(name) >= sizeof(t->name))
		return NULL;
	strcpy(t->name, name);
	m->tables++;
	return t;
}

static bool
read_tables(struct move *m, struct err *e)
{
	if (!store_run(m->from, SQL_TABLES, e))
		return false;
	while (store_row(m->from)) {
		struct table *t = table_of(m, store_text(m->from, 0));

		if (t == NULL || !add_column(t, store_text(m->from, 1),
				     store_text(m->from, 2)))
			return err_set(e, ERR_SYSTEM,
			    "a table that is too large to be moved");
	}
	return true;
}

/* A statement whose text the store keeps. */
static bool
run(struct store *s, struct err *e, const char *fmt, ...) PRINTF_LIKE(3, 4);

static bool
run(struct store *s, struct err *e, const char *fmt, ...)
{
	char text[TEXT_MAX + 256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return store_run(s, store_keep_text(s, text), e);
}

static bool
count(struct store *s, const struct table *t, int64_t *out, struct err *e)
{
	if (!run(s, e, "SELECT COUNT(*) FROM \"%s\"", t->name))
		return false;
	*out = store_row(s) ? store_int(s, 0) : 0;
	return true;
}

/* --- the file is closed -------------------------------------------------------------- */

static const char *const writes[] = {"INSERT", "UPDATE", "DELETE"};
#define WRITES (sizeof(writes) / sizeof(writes[0]))

static bool
each_write(struct move *m, const char *fmt_text, bool refuse, struct err *e)
{
	char text[256];

	for (size_t i = 0; i < m->tables * WRITES; i++) {
		const char *table = m->table[i / WRITES].name;
		const char *write = writes[i % WRITES];

		if (refuse)
			snprintf(text, sizeof(text),
			    "CREATE TRIGGER moved_%s_%s BEFORE %s ON \"%s\" "
			    "BEGIN SELECT RAISE(ABORT, '%s'); END",
			    write, table, write, table, fmt_text);
		else
			snprintf(text, sizeof(text), "DROP TRIGGER moved_%s_%s",
			    write, table);
		if (!m->from->driver->script(m->from, text, e))
			return false;
	}
	return true;
}

static bool
nobody_serves(struct store *s, struct err *e)
{
	struct server_row *row = calloc(SERVERS_MAX, sizeof(*row));
	int64_t now = (int64_t)time(NULL) * 1000;
	size_t rows = 0;
	bool good = row != NULL ? store_server_list(s, row, &rows, e)
				: err_system(e, "memory");

	for (size_t i = 0; good && i < rows; i++)
		if (row[i].state == SERVER_UP && row[i].seen > now - SILENT_MS)
			good = err_set(e, ERR_REQUEST,
			    "server %s is up: stop all servers of these books "
			    "first",
			    row[i].name);
	free(row);
	return good;
}

static bool
put_mark(struct move *m, struct err *e)
{
	store_put_text(m->from, m->mark);
	store_put_int(m->from, time(NULL));
	return store_run(m->from,
	    "INSERT INTO schema_version (number, name, sha256, at) "
	    "SELECT MAX(number) + 1, $1, '', $2 FROM schema_version",
	    e);
}

static bool
close_file(struct move *m, struct err *e)
{
	bool done = store_begin(m->from, STORE_WRITE, e) &&
		    nobody_serves(m->from, e) &&
		    each_write(m, "these books were moved", true, e) &&
		    put_mark(m, e) && store_commit(m->from, e);

	store_rollback(m->from);
	return done;
}

/* What failed stays the error. */
static void
open_file(struct move *m, struct err *e)
{
	struct err why = ERR_INIT;
	bool done = store_begin(m->from, STORE_WRITE, &why) &&
		    each_write(m, NULL, false, &why) &&
		    store_run(m->from,
			"DELETE FROM schema_version WHERE sha256 = ''", &why) &&
		    store_commit(m->from, &why);

	store_rollback(m->from);
	if (!done)
		err_prefix(e,
		    "%s stays closed (%s), try it again: ", store_name(m->from),
		    why.text);
}

/* --- the copy ------------------------------------------------------------------------- */

/* The cells behind the row's number. */
static size_t
put_page(struct move *m, const struct table *t, int64_t *last)
{
	size_t rows = 0;

	for (; store_row(m->from); rows++) {
		*last = store_int(m->from, 0);
		for (size_t i = 0; i < t->columns; i++)
			store_copy_cell(m->to, t->type[i], m->from, (int)i + 1);
	}
	return rows;
}

static bool
copy_table(struct move *m, const struct table *t, struct err *e)
{
	char text[TEXT_MAX + 128];
	const char *insert;
	int64_t last = INT64_MIN;
	size_t rows = PAGE;

	snprintf(text, sizeof(text), "INSERT INTO \"%s\" (%s) VALUES", t->name,
	    t->list);
	insert = store_keep_text(m->to, text);
	while (rows == PAGE) {
		store_put_int(m->from, last);
		if (!run(m->from, e,
			"SELECT rowid, %s FROM \"%s\" WHERE rowid > $1 "
			"ORDER BY rowid LIMIT %d",
			t->list, t->name, PAGE))
			return false;
		rows = put_page(m, t, &last);
		store_send_rows(m->to, insert, t->columns, "");
		if (!store_flush(m->to, e))
			return false;
		m->out->rows += (int64_t)rows;
		m->step(m->context, m->out->rows, m->all);
	}
	return true;
}

/* Numbers that were given out once are not given again. */
static bool
copy_numbers(struct move *m, struct err *e)
{
	if (!store_run(m->from, "SELECT name, seq FROM sqlite_sequence", e))
		return false;
	while (store_row(m->from)) {
		store_put_text(m->to, store_text(m->from, 0));
		store_put_int(m->to, store_int(m->from, 1));
		store_send(m->to,
		    "SELECT setval(pg_get_serial_sequence($1, 'id'), "
		    "GREATEST($2, 1))");
	}
	return store_flush(m->to, e);
}

static bool
compare(struct move *m, const struct table *t, struct err *e)
{
	int64_t rows;

	return count(m->to, t, &rows, e) &&
	       (rows == t->rows ||
		   err_set(e, ERR_CORRUPT,
		       "table %s: %lld rows of %lld arrived", t->name,
		       (long long)rows, (long long)t->rows));
}

struct first_fault {
	char text[256];
};

static void
keep_fault(void *context, const char *rule, const char *what)
{
	struct first_fault *f = context;

	if (f->text[0] == '\0')
		snprintf(
		    f->text, sizeof(f->text), "%s: not so: %s", rule, what);
}

static bool
keeps_rules(struct move *m, struct err *e)
{
	struct first_fault fault = {.text = ""};

	if (!store_audit_rules(m->to, keep_fault, &fault, e))
		return false;
	return fault.text[0] == '\0' ||
	       err_set(e, ERR_CORRUPT, "%s; see postaged audit", fault.text);
}

static bool
copy(struct move *m, struct err *e)
{
	for (size_t i = 0; i < m->tables; i++)
		if (!copy_table(m, &m->table[i], e) ||
		    !compare(m, &m->table[i], e))
			return false;
	return copy_numbers(m, e) && keeps_rules(m, e);
}

/* --- both ----------------------------------------------------------------------------- */

/* What is there, and how it is. */
struct state {
	char mark[300]; /* where the file says that its books are; "" = in it */
	bool empty;	/* the other one */
	bool same;	/* it has these books */
};

static bool
is_empty(struct move *m, bool *empty, struct err *e)
{
	int64_t rows = 0;

	for (size_t i = 0; rows == 0 && i < m->tables; i++)
		if (!count(m->to, &m->table[i], &rows, e))
			return false;
	*empty = rows == 0;
	return true;
}

static bool
read_mark(struct move *m, struct state *out, struct err *e)
{
	out->mark[0] = '\0';
	if (!store_run(m->from,
		"SELECT name FROM schema_version WHERE sha256 = ''", e))
		return false;
	if (store_row(m->from))
		snprintf(
		    out->mark, sizeof(out->mark), "%s", store_text(m->from, 0));
	return true;
}

/* The first administrator, and the moment of `postaged init`. */
static bool
read_maker(struct store *s, char out[128], struct err *e)
{
	out[0] = '\0';
	if (!store_run(
		s, "SELECT login, made FROM person ORDER BY id LIMIT 1", e))
		return false;
	if (store_row(s))
		snprintf(out, 128, "%s %lld", store_text(s, 0),
		    (long long)store_int(s, 1));
	return true;
}

static bool
look(struct move *m, struct state *out, struct err *e)
{
	char here[128], there[128];
	bool done = store_begin(m->from, STORE_READ, e) &&
		    store_begin(m->to, STORE_READ, e) && read_tables(m, e) &&
		    read_mark(m, out, e) && is_empty(m, &out->empty, e) &&
		    read_maker(m->from, here, e) && read_maker(m->to, there, e);

	store_rollback(m->to);
	store_rollback(m->from);
	out->same = done && strcmp(here, there) == 0;
	return done;
}

/* As they are when nobody writes them any more. */
static bool
count_all(struct move *m, struct err *e)
{
	m->all = 0;
	for (size_t i = 0; i < m->tables; i++) {
		struct table *t = &m->table[i];

		if (!count(m->from, t, &t->rows, e))
			return false;
		m->all += t->rows;
	}
	return true;
}

static bool
move_rows(struct move *m, struct err *e)
{
	bool done = store_begin(m->from, STORE_READ, e) &&
		    store_begin(m->to, STORE_WRITE, e);

	if (done) {
		store_take_time(m->to);
		done = count_all(m, e) && copy(m, e) && store_commit(m->to, e);
	}
	store_rollback(m->to);
	store_rollback(m->from);
	return done;
}

static bool
move(struct move *m, struct err *e)
{
	struct state is;

	if (!look(m, &is, e))
		return false;
	if (is.mark[0] != '\0' && strcmp(is.mark, m->mark) != 0)
		return err_set(e, ERR_REQUEST, "%s: these books were %s",
		    store_name(m->from), is.mark);
	m->out->before = is.mark[0] != '\0' && is.same;
	m->out->tables = (int64_t)m->tables;
	if (m->out->before)
		return true;
	if (!is.empty)
		return err_set(e, ERR_REQUEST,
		    "database %s has books: give these an empty one",
		    store_name(m->to));
	if (is.mark[0] == '\0' &&
	    (!store_check_version(m->from, e) || !close_file(m, e)))
		return false;
	if (move_rows(m, e))
		return true;
	if (store_in_doubt(m->to))
		err_prefix(e, "%s has the books or not, run it again: ",
		    store_name(m->to));
	else
		open_file(m, e);
	return false;
}

/* --- one at a time ---------------------------------------------------------------------- */

static bool
are_engines(struct store *from, struct store *to, struct err *e)
{
	return (store_engine(from) == STORE_SQLITE &&
		   store_engine(to) == STORE_POSTGRESQL) ||
	       err_set(e, ERR_REQUEST,
		   "books are moved from sqlite: to postgresql:, not from %s "
		   "to %s",
		   store_name(from), store_name(to));
}

/* A file beside the file: whoever opens it and closes it again would take SQLite's
 * own locks away. */
static bool
lock(struct store *from, int *fd, struct err *e)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s.move", from->target);
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*fd < 0)
		return err_system(e, "%s", path);
	return flock(*fd, LOCK_EX | LOCK_NB) == 0 ||
	       err_set(e, ERR_BUSY, "%s is being moved", store_name(from));
}

bool
store_move(struct store *from, struct store *to, store_move_step *step,
    void *context, struct store_move *out, struct err *e)
{
	struct move *m = calloc(1, sizeof(*m));
	int was, is, fd = -1;
	bool done;

	*out = (struct store_move){.rows = 0};
	if (m == NULL)
		return err_system(e, "memory");
	m->from = from;
	m->to = to;
	m->step = step;
	m->context = context;
	m->out = out;
	snprintf(m->mark, sizeof(m->mark), "moved to %s", store_name(to));
	done = are_engines(from, to, e) && lock(from, &fd, e) &&
	       store_migrate(to, &was, &is, e) && move(m, e);
	if (fd >= 0)
		close(fd);
	free(m);
	return done;
}
