/* SPDX-License-Identifier: Apache-2.0 */
/* The engine for many computers: a server, or the primary of a cluster. */
#include "provider/store_postgresql.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* A transaction of ours that stands still holds others up. */
#define IDLE_S	   60
#define LOOKS	   8
#define SQL_BEGIN  "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
#define SQL_READ   "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
#define SQL_COMMIT "COMMIT"
/* Leaves a word in the server's log of writes, and no row. */
#define SQL_TOUCH                                                 \
	"SELECT 1 FROM pg_logical_emit_message(true, 'postage', " \
	"CAST('' AS TEXT))"
#define SQL_ROLLBACK "ROLLBACK"

/* --- connection ------------------------------------------------------------------ */

/* A warning with the commit: "canceling wait for synchronous replication", and
 * the standby has it or not.  A last word before the connection ends is one. */
static void
hear(void *context, const PGresult *r)
{
	struct pg_engine *g = context;
	const char *severity =
	    PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED);

	if (g->awaited)
		g->warned = true;
	if (severity != NULL && strcmp(severity, "FATAL") == 0)
		g->lost = true;
}

static void
disconnect(struct pg_engine *g)
{
	pg_forget(g);
	PQfinish(g->conn);
	g->conn = NULL;
	for (int i = 0; i < g->cached; i++)
		g->cache[i].prepared = false;
}

/* A setting of the server that is stricter stays.  A statement has no time limit
 * there, as it would hold for a commit, too, and break off its wait for the
 * standby: who waits here gives up the connection instead. */
static bool
settle_session(struct store *s, struct err *e)
{
	char sql[640];
	PGresult *r;
	bool syncs;

	snprintf(sql, sizeof(sql),
	    "SET lock_timeout = %d; SET statement_timeout = 0;"
	    "SET idle_in_transaction_session_timeout = '%ds';"
	    "SET client_min_messages = warning;"
	    "SET default_transaction_isolation = 'read committed';"
	    "SELECT set_config('synchronous_commit', 'on', false)"
	    " WHERE current_setting('synchronous_commit')"
	    " NOT IN ('on', 'remote_apply');"
	    "SELECT current_setting('fsync')",
	    s->wait_ms, IDLE_S);
	r = pg_exec(s, sql, e);
	if (r == NULL)
		return false;
	syncs = strcmp(PQgetvalue(r, 0, 0), "on") == 0;
	if (!syncs)
		err_set(e, ERR_CONFIG,
		    "database %s: its server runs with fsync off: what it "
		    "says is written may be lost",
		    s->name);
	PQclear(r);
	return syncs;
}

static bool
connect_anew(struct store *s, struct err *e)
{
	/* those behind the connection string cannot be changed by it */
	const char *const names[] = {"fallback_application_name",
	    "connect_timeout", "tcp_user_timeout", "keepalives_idle",
	    "keepalives_interval", "keepalives_count", "dbname",
	    "target_session_attrs", "client_encoding", NULL};
	const char *const values[] = {"postaged", "5", "30000", "15", "5", "3",
	    strncmp(s->target, "//", 2) == 0 ? s->uri : s->target, "read-write",
	    "UTF8", NULL};
	struct pg_engine *g = s->engine;
	char line[300];

	disconnect(g);
	g->lost = true;
	g->conn = PQconnectdbParams(names, values, /*expand_dbname*/ 1);
	if (PQstatus(g->conn) != CONNECTION_OK) {
		pg_clean(PQerrorMessage(g->conn), line, sizeof(line));
		return err_set(e, ERR_ABSENT, "database %s: %s", s->name, line);
	}
	PQsetNoticeReceiver(g->conn, hear, g);
	if (PQsetnonblocking(g->conn, 1) != 0)
		return pg_lost(s, PQerrorMessage(g->conn), e);
	if (!settle_session(s, e))
		return false;
	if (!PQenterPipelineMode(g->conn))
		return pg_lost(s, PQerrorMessage(g->conn), e);
	g->lost = false;
	return true;
}

/* What libpq says of a string that it cannot read may show its password. */
static bool
set_name(struct store *s, struct err *e)
{
	static const char *const shown[] = {
	    "service", "host", "port", "dbname", "user"};
	const char *target =
	    strncmp(s->target, "//", 2) == 0 ? s->uri : s->target;
	char *text = NULL, line[sizeof(s->name)] = "postgresql:";
	PQconninfoOption *all = PQconninfoParse(target, &text);
	size_t n = strlen(line);

	PQfreemem(text);
	if (all == NULL)
		return err_set(e, ERR_CONFIG,
		    "what follows postgresql: is no connection string of "
		    "PostgreSQL");
	for (const PQconninfoOption *o = all; o->keyword; o++)
		for (size_t i = 0; i < 5; i++)
			if (o->val && strcmp(o->keyword, shown[i]) == 0 &&
			    n < sizeof(line))
				n += (size_t)snprintf(line + n,
				    sizeof(line) - n, "%s%s=%s",
				    line[n - 1] == ':' ? "" : " ", o->keyword,
				    o->val);
	PQconninfoFree(all);
	text_clean(line, s->name, sizeof(s->name));
	return true;
}

static bool
postgresql_open(struct store *s, struct err *e)
{
	s->engine = calloc(1, sizeof(struct pg_engine));
	if (s->engine == NULL)
		return err_set(e, ERR_SYSTEM, "database: out of memory");
	return set_name(s, e) && connect_anew(s, e);
}

static void
postgresql_close(struct store *s)
{
	struct pg_engine *g = s->engine;

	if (g == NULL)
		return;
	disconnect(g);
	free(g->expected.ptr);
	free(g);
}

/* Notices a server that ended the connection while nothing was asked. */
static bool
is_alive(struct pg_engine *g)
{
	for (int i = 0; i < LOOKS && !g->lost; i++) {
		struct pollfd at = {.fd = PQsocket(g->conn), .events = POLLIN};

		if (at.fd < 0 || poll(&at, 1, 0) < 0)
			return false;
		if (at.revents == 0)
			return true;
		if (!PQconsumeInput(g->conn))
			return false;
		PQisBusy(g->conn); /* has it read: notices, settings */
	}
	return !g->lost;
}

/* --- transactions ------------------------------------------------------------------ */

static bool
postgresql_begin(struct store *s, struct err *e)
{
	struct pg_engine *g = s->engine;

	g->committing = g->awaited = g->warned = false;
	if (!is_alive(g) && !connect_anew(s, e))
		return false;
	pg_forget(g);
	if (pg_send(s, PG_CONTROL, s->mode == STORE_READ ? SQL_READ : SQL_BEGIN,
		NULL, 0, e))
		return true;
	g->lost = true;
	return false;
}

static bool
postgresql_hand(struct store *s, const struct store_call *call, struct err *e)
{
	return pg_send(
	    s, PG_CALL, call->sql, store_call_values(s, call), call->count, e);
}

static bool
postgresql_receive(
    struct store *s, const struct store_call *call, struct err *e)
{
	enum pg_kind kind;

	do
		if (!pg_take(s, &kind, e))
			return err_prefix(e, "%.120s", call->sql);
	while (kind != PG_CALL);
	return true;
}

/* The server does not wait for a standby with what wrote nothing: so what was
 * found, and is here alone, would be believed. */
static bool
touch(struct store *s, struct err *e)
{
	bool writes = s->wrote || s->received < s->calls.count;

	return s->mode == STORE_READ || writes ||
	       pg_send(s, PG_CONTROL, SQL_TOUCH, NULL, 0, e);
}

static bool
postgresql_hand_commit(struct store *s, struct err *e)
{
	struct pg_engine *g = s->engine;

	g->committing = true;
	return touch(s, e) && pg_send(s, PG_CONTROL, SQL_COMMIT, NULL, 0, e) &&
	       pg_sync(s, e);
}

static bool
postgresql_commit(struct store *s, struct err *e)
{
	struct pg_engine *g = s->engine;
	enum pg_kind kind = PG_PREPARE;

	g->awaited = true;
	while (kind != PG_CONTROL || g->taken + 1 < g->expected.count)
		if (!pg_take(s, &kind, e))
			return false;
	g->awaited = false;
	if (g->warned)
		return pg_lost(s, "the wait for the standby was broken off", e);
	if (strcmp(PQcmdStatus(g->result), SQL_COMMIT) != 0)
		return err_set(e, ERR_SYSTEM,
		    "database %s: the server has rolled back instead", s->name);
	/* it is done, whatever becomes of the connection */
	g->committing = false;
	if (!pg_take(s, &kind, &(struct err)ERR_INIT))
		g->lost = true;
	return true;
}

/* Behind a sync the server listens again. */
static bool
roll_back(struct store *s)
{
	struct pg_engine *g = s->engine;
	struct err e = ERR_INIT;
	enum pg_kind kind = PG_PREPARE;

	if (!pg_sync(s, &e) ||
	    !pg_send(s, PG_CONTROL, SQL_ROLLBACK, NULL, 0, &e) ||
	    !pg_sync(s, &e))
		return false;
	while (pg_expects(g) && PQstatus(g->conn) == CONNECTION_OK)
		(void)!pg_take(s, &kind, &e);
	return !pg_expects(g) && kind == PG_SYNC;
}

static void
postgresql_rollback(struct store *s)
{
	struct pg_engine *g = s->engine;

	g->committing = g->awaited = false;
	if (!g->lost && roll_back(s))
		return;
	disconnect(g);
	g->lost = true;
}

/* --- schema ---------------------------------------------------------------------------- */

static bool
run_script(struct store *s, const char *text, struct err *e)
{
	struct pg_engine *g = s->engine;
	PGresult *r = PQexec(g->conn, text);
	bool good = PQresultStatus(r) == PGRES_COMMAND_OK ||
		    PQresultStatus(r) == PGRES_TUPLES_OK;

	if (!good)
		pg_failed(s, r, e);
	PQclear(r);
	return good;
}

/* Many statements at once are not for a pipeline. */
static bool
postgresql_script(struct store *s, const char *text, struct err *e)
{
	struct pg_engine *g = s->engine;
	enum pg_kind kind;
	bool good;

	if (!pg_sync(s, e))
		return false;
	while (pg_expects(g))
		if (!pg_take(s, &kind, e))
			return false;
	if (!PQexitPipelineMode(g->conn))
		return pg_lost(s, PQerrorMessage(g->conn), e);
	good = run_script(s, text, e);
	if (!PQenterPipelineMode(g->conn))
		return pg_lost(s, PQerrorMessage(g->conn), e);
	return good;
}

const struct store_driver store_postgresql = {
    .scheme = "postgresql:",
    .engine = STORE_POSTGRESQL,
    .lock_sql = "SELECT pg_advisory_xact_lock(7233871124)",
    .versioned_sql = "SELECT 1 FROM pg_class"
		     " WHERE oid = to_regclass('schema_version')",
    .open = postgresql_open,
    .close = postgresql_close,
    .begin = postgresql_begin,
    .hand = postgresql_hand,
    .receive = postgresql_receive,
    .hand_commit = postgresql_hand_commit,
    .commit = postgresql_commit,
    .rollback = postgresql_rollback,
    .cell = pg_cell,
    .script = postgresql_script,
};
