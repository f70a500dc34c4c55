/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "provider/store_postgresql.h"

/* SQLSTATE or its first characters; the first that fits. */
static const struct {
	const char *state;
	enum err_kind kind;
} kinds[] = {
    {"08P01", ERR_SYSTEM},  /* protocol: our fault */
    {"08", ERR_ABSENT},	    /* connection */
    {"57P", ERR_ABSENT},    /* shut down, crashed, starting */
    {"25006", ERR_ABSENT},  /* read only: a standby by now */
    {"25P03", ERR_ABSENT},  /* idle in transaction for too long */
    {"53300", ERR_ABSENT},  /* too many connections */
    {"40", ERR_BUSY},	    /* serialization, deadlock */
    {"55P03", ERR_BUSY},    /* lock not had in time */
    {"57014", ERR_BUSY},    /* somebody cancelled it */
    {"0A000", ERR_BUSY},    /* a cached plan's columns have changed */
    {"26000", ERR_BUSY},    /* a prepared statement was dropped */
    {"23", ERR_REQUEST},    /* constraint */
    {"P0001", ERR_REQUEST}, /* a trigger's RAISE */
    {"XX001", ERR_CORRUPT}, /* data */
    {"XX002", ERR_CORRUPT}, /* index */
    {"28", ERR_CONFIG},	    /* role, password */
    {"3D", ERR_CONFIG},	    /* no such database */
    {"42501", ERR_CONFIG},  /* privilege */
};

static enum err_kind
kind_of(const struct store *s, const char *state)
{
	if (strcmp(state, "25006") == 0 && s->mode == STORE_READ)
		return ERR_SYSTEM;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strncmp(state, kinds[i].state, strlen(kinds[i].state)) == 0)
			return kinds[i].kind;
	return ERR_SYSTEM;
}

/* A new connection sees another server, or has new plans. */
static bool
wants_new_connection(enum err_kind kind, const char *state)
{
	return kind == ERR_ABSENT || strcmp(state, "0A000") == 0 ||
	       strcmp(state, "26000") == 0;
}

void
pg_clean(const char *in, char *out, size_t size)
{
	char line[512];
	size_t n = 0;

	for (; *in && n < sizeof(line) - 1; in++)
		line[n++] = *in == '\n' || *in == '\t' ? ' ' : *in;
	while (n > 0 && line[n - 1] == ' ')
		n--;
	line[n] = '\0';
	text_clean(line, out, size);
}

static const char *
field(const PGresult *r, int code)
{
	const char *text = PQresultErrorField(r, code);

	return text ? text : "";
}

/* "Key (a, b)=(1, 2) already exists.", whatever the language: the columns, as
 * "table.a, table.b". */
static bool
name_columns(struct store *s, const char *table, const char *detail)
{
	const char *at = strchr(detail, '(');
	const char *end = at ? strstr(at, ")=(") : NULL;
	size_t n = 0;

	if (end == NULL || *table == '\0')
		return false;
	while (++at < end) {
		size_t len = strcspn(at, ",)");
		int wrote = snprintf(s->conflict + n, sizeof(s->conflict) - n,
		    "%s%s.%.*s", n ? ", " : "", table, (int)len, at);

		if (wrote < 0 || (size_t)wrote >= sizeof(s->conflict) - n)
			return false;
		n += (size_t)wrote;
		at += len;
		at += strspn(at, ", ") - 1;
	}
	return true;
}

/* The names that SQLite gives. */
static void
name_conflict(struct store *s, const PGresult *r, const char *state)
{
	const char *table = field(r, PG_DIAG_TABLE_NAME);
	const char *name = field(r, PG_DIAG_CONSTRAINT_NAME);

	if (strcmp(state, "23503") == 0)
		name = "foreign key";
	else if (strcmp(state, "23505") == 0 &&
		 name_columns(s, table, field(r, PG_DIAG_MESSAGE_DETAIL)))
		return;
	else if (strcmp(state, "23502") == 0) {
		snprintf(s->conflict, sizeof(s->conflict), "%s.%s", table,
		    field(r, PG_DIAG_COLUMN_NAME));
		return;
	}
	if (*name == '\0')
		name = field(r, PG_DIAG_MESSAGE_PRIMARY);
	snprintf(s->conflict, sizeof(s->conflict), "%s", name);
}

bool
pg_lost(struct store *s, const char *text, struct err *e)
{
	struct pg_engine *g = s->engine;
	char line[300];

	g->lost = true;
	pg_clean(text, line, sizeof(line));
	if (!g->committing || s->mode == STORE_READ)
		return err_set(e, ERR_ABSENT, "database %s: %s", s->name, line);
	s->in_doubt = true;
	return err_set(e, ERR_SYSTEM,
	    "database %s: it is not known whether this was written: %s",
	    s->name, line);
}

bool
pg_failed(struct store *s, const PGresult *r, struct err *e)
{
	struct pg_engine *g = s->engine;
	const char *state = field(r, PG_DIAG_SQLSTATE);
	const char *severity = field(r, PG_DIAG_SEVERITY_NONLOCALIZED);
	char line[300];
	enum err_kind kind;

	if (*state == '\0' || strcmp(severity, "FATAL") == 0 ||
	    strcmp(severity, "PANIC") == 0 ||
	    PQstatus(g->conn) != CONNECTION_OK)
		return pg_lost(s, PQresultErrorMessage(r), e);
	kind = kind_of(s, state);
	g->lost = g->lost || wants_new_connection(kind, state);
	if (kind == ERR_REQUEST)
		name_conflict(s, r, state);
	pg_clean(field(r, PG_DIAG_MESSAGE_PRIMARY), line, sizeof(line));
	return err_set(e, kind, "database %s: %s (%s)", s->name, line, state);
}
