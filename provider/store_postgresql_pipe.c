/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "provider/store_postgresql.h"

#define NAME_MAX_LEN 16
#define BINARY	     1

/* The server's own numbers of its types (pg_type.dat), which never change. */
enum {
	TYPE_BOOL = 16,
	TYPE_BYTEA = 17,
	TYPE_NAME = 19,
	TYPE_INT8 = 20,
	TYPE_INT2 = 21,
	TYPE_INT4 = 23,
	TYPE_TEXT = 25,
	TYPE_UNKNOWN = 705,
	TYPE_VARCHAR = 1043,
	TYPE_VOID = 2278
};

static bool
expect(struct store *s, enum pg_kind kind, int statement, struct err *e)
{
	struct pg_engine *g = s->engine;
	struct pg_expected *at;

	if (!store_array_grow(&g->expected, 1, sizeof(*at))) {
		g->lost = true; /* nobody would know what its answers mean */
		return err_set(e, ERR_SYSTEM, "database: out of memory");
	}
	at = (struct pg_expected *)g->expected.ptr + g->expected.count++;
	*at = (struct pg_expected){kind, statement};
	return true;
}

bool
pg_expects(const struct pg_engine *g)
{
	return g->taken < g->expected.count;
}

void
pg_forget(struct pg_engine *g)
{
	g->expected.count = g->taken = 0;
	g->unflushed = false;
	PQclear(g->result);
	g->result = NULL;
}

/* --- sending -------------------------------------------------------------------- */

static uint8_t
type_of(const struct store_value *v)
{
	return (uint8_t)(v->type == STORE_NULL ? v->number : (int)v->type);
}

static bool
is_statement(const struct pg_statement *st, const char *sql,
    const struct store_value *values, size_t count)
{
	if (st->sql != sql || st->count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (st->types[i] != type_of(&values[i]))
			return false;
	return true;
}

/* NULL and a number in the same place make two statements of one text: a
 * number's 8 bytes must be declared as such. */
static bool
find_statement(struct store *s, const char *sql,
    const struct store_value *values, size_t count, int *out, struct err *e)
{
	struct pg_engine *g = s->engine;
	struct pg_statement *st;

	for (*out = 0; *out < g->cached; ++*out)
		if (is_statement(&g->cache[*out], sql, values, count))
			return true;
	if (g->cached == STORE_STATEMENTS_MAX)
		return err_set(
		    e, ERR_SYSTEM, "database %s: too many statements", s->name);
	st = &g->cache[g->cached++];
	*st = (struct pg_statement){.sql = sql, .count = count};
	for (size_t i = 0; i < count; i++)
		st->types[i] = type_of(&values[i]);
	return true;
}

static bool
prepare(struct store *s, int number, const char *name, struct err *e)
{
	static const Oid oids[] = {[STORE_NULL] = 0,
	    [STORE_INT] = TYPE_INT8,
	    [STORE_TEXT] = TYPE_TEXT,
	    [STORE_BLOB] = TYPE_BYTEA};
	struct pg_engine *g = s->engine;
	struct pg_statement *st = &g->cache[number];
	Oid types[STORE_PARAMS_MAX];

	if (st->prepared)
		return true;
	for (size_t i = 0; i < st->count; i++)
		types[i] = oids[st->types[i]];
	if (!PQsendPrepare(g->conn, name, st->sql, (int)st->count, types))
		return pg_lost(s, PQerrorMessage(g->conn), e);
	st->prepared = true;
	return expect(s, PG_PREPARE, number, e);
}

struct params {
	uint8_t numbers[STORE_PARAMS_MAX][8];
	const char *ptr[STORE_PARAMS_MAX];
	int len[STORE_PARAMS_MAX], format[STORE_PARAMS_MAX];
};

static void
fill(const struct store *s, const struct store_value *values, size_t count,
    struct params *p)
{
	struct bytes_writer w;

	for (size_t i = 0; i < count; i++) {
		const struct store_value *v = &values[i];

		p->ptr[i] =
		    v->type == STORE_NULL ? NULL : store_value_ptr(s, v);
		p->len[i] = (int)v->len;
		p->format[i] = BINARY; /* as text, a NUL would end it */
		if (v->type != STORE_INT)
			continue;
		bytes_writer_init(&w, p->numbers[i], sizeof(p->numbers[i]));
		bytes_write_be(&w, (uint64_t)v->number, sizeof(p->numbers[i]));
		p->ptr[i] = (const char *)p->numbers[i];
		p->len[i] = sizeof(p->numbers[i]);
	}
}

bool
pg_send(struct store *s, enum pg_kind kind, const char *sql,
    const struct store_value *values, size_t count, struct err *e)
{
	struct pg_engine *g = s->engine;
	struct params p;
	char name[NAME_MAX_LEN];
	int number;

	if (!find_statement(s, sql, values, count, &number, e))
		return false;
	snprintf(name, sizeof(name), "s%d", number);
	if (!prepare(s, number, name, e))
		return false;
	fill(s, values, count, &p);
	if (!PQsendQueryPrepared(
		g->conn, name, (int)count, p.ptr, p.len, p.format, BINARY))
		return pg_lost(s, PQerrorMessage(g->conn), e);
	g->unflushed = true;
	return expect(s, kind, number, e);
}

bool
pg_sync(struct store *s, struct err *e)
{
	struct pg_engine *g = s->engine;

	if (!PQpipelineSync(g->conn))
		return pg_lost(s, PQerrorMessage(g->conn), e);
	g->unflushed = false;
	return expect(s, PG_SYNC, 0, e);
}

/* --- receiving ------------------------------------------------------------------- */

/* What is cancelled here may be the wait for a standby, and then the commit is seen
 * without it: the server is left alone with what it does. */
static bool
silent(struct store *s, struct err *e)
{
	char text[64];

	snprintf(text, sizeof(text), "it is silent for %d ms", s->answer_ms);
	return pg_lost(s, text, e);
}

/* True: something has come, or can be written. */
static bool
poll_until(struct store *s, struct pollfd *at, int64_t until, struct err *e)
{
	struct pg_engine *g = s->engine;
	int64_t left = until - clock_ms();
	int found =
	    poll(at, 1, s->takes_time ? -1 : (int)(left > 0 ? left : 0));

	if (found < 0 && errno != EINTR)
		return pg_lost(s, PQerrorMessage(g->conn), e);
	return found != 0 || silent(s, e);
}

/* Writes what is left to write and reads, both as they come. */
static bool
exchange(struct store *s, struct err *e)
{
	struct pg_engine *g = s->engine;
	int64_t until = clock_ms() + s->answer_ms;

	for (;;) {
		int left = PQflush(g->conn);
		struct pollfd at = {.fd = PQsocket(g->conn),
		    .events = (short)(left > 0 ? POLLIN | POLLOUT : POLLIN)};

		if (left >= 0 && !PQisBusy(g->conn))
			return true;
		if (left < 0 || at.fd < 0)
			return pg_lost(s, PQerrorMessage(g->conn), e);
		if (!poll_until(s, &at, until, e))
			return false;
		if (!PQconsumeInput(g->conn) && PQisBusy(g->conn))
			return pg_lost(s, PQerrorMessage(g->conn), e);
	}
}

static bool
await(struct store *s, struct err *e)
{
	struct pg_engine *g = s->engine;

	if (g->unflushed && !PQsendFlushRequest(g->conn))
		return pg_lost(s, PQerrorMessage(g->conn), e);
	g->unflushed = false;
	return exchange(s, e);
}

PGresult *
pg_exec(struct store *s, const char *sql, struct err *e)
{
	struct pg_engine *g = s->engine;
	PGresult *r, *last = NULL;

	if (!PQsendQuery(g->conn, sql)) {
		pg_lost(s, PQerrorMessage(g->conn), e);
		return NULL;
	}
	while (exchange(s, e)) {
		r = PQgetResult(g->conn);
		if (r == NULL)
			return last;
		PQclear(last);
		last = r;
		if (PQresultStatus(r) != PGRES_TUPLES_OK &&
		    PQresultStatus(r) != PGRES_COMMAND_OK) {
			pg_failed(s, r, e);
			break;
		}
	}
	PQclear(last);
	return NULL;
}

/* Columns that store_int() and so on can give. */
static bool
check_columns(struct store *s, const PGresult *r, struct err *e)
{
	for (int i = 0; i < PQnfields(r); i++)
		switch (PQftype(r, i)) {
		case TYPE_BOOL:
		case TYPE_BYTEA:
		case TYPE_NAME:
		case TYPE_INT8:
		case TYPE_INT2:
		case TYPE_INT4:
		case TYPE_TEXT:
		case TYPE_UNKNOWN:
		case TYPE_VARCHAR:
		case TYPE_VOID: break;
		default:
			return err_set(e, ERR_SYSTEM,
			    "database %s: column %s has type %u: CAST it",
			    s->name, PQfname(r, i), PQftype(r, i));
		}
	return true;
}

static int64_t
changed_by(PGresult *r)
{
	if (strncmp(PQcmdStatus(r), "SELECT", 6) == 0)
		return 0;
	return strtoll(PQcmdTuples(r), NULL, 10);
}

static bool
keep(struct store *s, PGresult *r, struct err *e)
{
	struct pg_engine *g = s->engine;

	PQclear(g->result);
	g->result = r;
	if (!check_columns(s, r, e))
		return false;
	s->rows = (size_t)PQntuples(r);
	s->columns = PQnfields(r);
	s->changed = changed_by(r);
	return true;
}

static bool
judge(struct store *s, const struct pg_expected *x, PGresult *r, struct err *e)
{
	struct pg_engine *g = s->engine;

	switch (PQresultStatus(r)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_PIPELINE_SYNC: return true;
	case PGRES_PIPELINE_ABORTED:
		if (x->kind == PG_PREPARE)
			g->cache[x->statement].prepared = false;
		*e = s->died;
		return false;
	default:
		if (x->kind == PG_PREPARE)
			g->cache[x->statement].prepared = false;
		return pg_failed(s, r, e);
	}
}

bool
pg_take(struct store *s, enum pg_kind *kind, struct err *e)
{
	struct pg_engine *g = s->engine;
	struct pg_expected x =
	    ((const struct pg_expected *)g->expected.ptr)[g->taken];
	PGresult *r;
	bool good;

	*kind = x.kind;
	if (!await(s, e))
		return false;
	r = PQgetResult(g->conn);
	if (r == NULL)
		return pg_lost(s, PQerrorMessage(g->conn), e);
	g->taken++;
	if (x.kind != PG_SYNC)
		PQclear(PQgetResult(g->conn)); /* the end of its results */
	good = judge(s, &x, r, e);
	if (good && x.kind != PG_PREPARE && x.kind != PG_SYNC)
		return keep(s, r, e);
	PQclear(r);
	return good;
}

/* --- rows -------------------------------------------------------------------------- */

static int64_t
signed_of(const char *ptr, size_t len)
{
	struct bytes_reader r;
	uint64_t value;

	bytes_reader_init(&r, ptr, len);
	value = bytes_read_be(&r, len);
	if (len == 8)
		return (int64_t)value;
	if (len == 4)
		return (int32_t)(uint32_t)value;
	return len == 2 ? (int16_t)(uint16_t)value : (int64_t)value;
}

void
pg_cell(struct store *s, size_t row, int column, struct store_cell *out)
{
	const struct pg_engine *g = s->engine;
	int at = (int)row;

	*out = (struct store_cell){STORE_NULL, 0, NULL, 0};
	if (PQgetisnull(g->result, at, column))
		return;
	out->ptr = PQgetvalue(g->result, at, column);
	out->len = (size_t)PQgetlength(g->result, at, column);
	switch (PQftype(g->result, column)) {
	case TYPE_BOOL:
	case TYPE_INT2:
	case TYPE_INT4:
	case TYPE_INT8:
		out->type = STORE_INT;
		out->number = signed_of(out->ptr, out->len);
		break;
	case TYPE_BYTEA: out->type = STORE_BLOB; break;
	default: out->type = STORE_TEXT; break;
	}
}
