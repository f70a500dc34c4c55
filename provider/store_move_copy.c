/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All rows, as they are: which tables and columns there are the file says.
 */
#include <stdio.h>
#include <string.h>

#include "provider/store_audit.h"
#include "provider/store_move_own.h"

#define PAGE 256 /* rows */

/* In the order in which they were made: what refers to others stands behind them. */
#define SQL_TABLES                                                      \
	"SELECT t.name, c.name, c.type FROM sqlite_master t "           \
	"JOIN pragma_table_info(t.name) c WHERE t.type = 'table' "      \
	"AND t.name NOT LIKE 'sqlite%' AND t.name <> 'schema_version' " \
	"ORDER BY t.rowid, c.cid"

/* --- what there is ------------------------------------------------------------------ */

static enum store_type
type_of(const char *declared)
{
	if (strcmp(declared, "INTEGER") == 0)
		return STORE_INT;
	return strcmp(declared, "BLOB") == 0 ? STORE_BLOB : STORE_TEXT;
}

static bool
add_column(struct move_table *t, const char *name, const char *type)
{
	size_t len = strlen(t->list);
	int n = snprintf(t->list + len, sizeof(t->list) - len, "%s\"%s\"",
	    len > 0 ? ", " : "", name);

	if (t->columns == MOVE_COLUMNS || n < 0 ||
	    (size_t)n >= sizeof(t->list) - len)
		return false;
	t->type[t->columns++] = type_of(type);
	return true;
}

static struct move_table *
table_of(struct move *m, const char *name)
{
	struct move_table *t = &m->table[m->tables];

	if (m->tables > 0 && strcmp(t[-1].name, name) == 0)
		return t - 1;
	if (m->tables == MOVE_TABLES || strlen(name) >= sizeof(t->name))
		return NULL;
	strcpy(t->name, name);
	m->tables++;
	return t;
}

bool
move_read_tables(struct move *m, struct err *e)
{
	m->tables = 0;
	memset(m->table, 0, sizeof(m->table));
	if (!store_run(m->from, SQL_TABLES, e))
		return false;
	while (store_row(m->from)) {
		struct move_table *t = table_of(m, store_text(m->from, 0));

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
	char text[MOVE_TEXT + 256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return store_run(s, store_keep_text(s, text), e);
}

static bool
count(struct store *s, const struct move_table *t, int64_t *out, struct err *e)
{
	if (!run(s, e, "SELECT COUNT(*) FROM \"%s\"", t->name))
		return false;
	*out = store_row(s) ? store_int(s, 0) : 0;
	return true;
}

/* --- how much ---------------------------------------------------------------------------- */

bool
move_is_empty(struct move *m, bool *empty, struct err *e)
{
	int64_t rows = 0;

	for (size_t i = 0; rows == 0 && i < m->tables; i++)
		if (!count(m->to, &m->table[i], &rows, e))
			return false;
	*empty = rows == 0;
	return true;
}

bool
move_count_all(struct move *m, struct err *e)
{
	m->all = 0;
	for (size_t i = 0; i < m->tables; i++) {
		struct move_table *t = &m->table[i];

		if (!count(m->from, t, &t->rows, e))
			return false;
		m->all += t->rows;
	}
	return true;
}

/* --- the copy ------------------------------------------------------------------------- */

/* The cells behind the row's number. */
static size_t
put_page(struct move *m, const struct move_table *t, int64_t *last)
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
copy_table(struct move *m, const struct move_table *t, struct err *e)
{
	char text[MOVE_TEXT + 128];
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
compare(struct move *m, const struct move_table *t, struct err *e)
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

bool
move_copy(struct move *m, struct err *e)
{
	for (size_t i = 0; i < m->tables; i++)
		if (!copy_table(m, &m->table[i], e) ||
		    !compare(m, &m->table[i], e))
			return false;
	return copy_numbers(m, e) && keeps_rules(m, e);
}
