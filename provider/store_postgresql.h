/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_postgresql: what the files of this engine share.
 *
 * The connection is in libpq's pipeline mode and never blocks in a send, as the
 * server may wait for us to read.  What is sent is expected back in its order;
 * after an error the server does nothing until the next sync, which only a
 * commit or a rollback sends.
 */
#ifndef PROVIDER_STORE_POSTGRESQL_H
#define PROVIDER_STORE_POSTGRESQL_H

#include <libpq-fe.h>

#include "provider/store_own.h"

/* A text with the types of its parameters; its place in the cache names it. */
struct pg_statement {
	const char *sql;
	size_t count;
	uint8_t types[STORE_PARAMS_MAX];
	bool prepared; /* or on the way */
};

enum pg_kind { PG_PREPARE, PG_CONTROL, PG_CALL, PG_SYNC };

struct pg_expected {
	enum pg_kind kind;
	int statement;
};

struct pg_engine {
	PGconn *conn;
	bool lost; /* to be opened again */
	struct pg_statement cache[STORE_STATEMENTS_MAX];
	int cached;

	struct store_array expected;
	size_t taken;
	bool unflushed;	  /* the server may still keep its answers */
	PGresult *result; /* of the last call */

	bool committing; /* from here on a loss leaves doubt */
	bool awaited;	 /* the commit's own answer comes next */
	bool warned;	 /* ... with a warning */
};

/* --- store_postgresql_error.c --- */

/* From the server's error; a connection that ended is `lost`.  Return false. */
bool pg_failed(struct store *s, const PGresult *r, struct err *e);
bool pg_lost(struct store *s, const char *text, struct err *e);

/* One line. */
void pg_clean(const char *in, char *out, size_t size);

/* --- store_postgresql_pipe.c --- */

/* Sends a statement with these parameters. */
MUST_CHECK bool pg_send(struct store *s, enum pg_kind kind, const char *sql,
    const struct store_value *values, size_t count, struct err *e);
MUST_CHECK bool pg_sync(struct store *s, struct err *e);

/* Waits for the next answer that is expected; *kind = what it answers.  A
 * call's result is kept. */
MUST_CHECK bool pg_take(struct store *s, enum pg_kind *kind, struct err *e);
/* Statements at once, outside of the pipeline; the last one's result, for PQclear().
 * NULL: an error. */
PGresult *pg_exec(struct store *s, const char *sql, struct err *e);
bool pg_expects(const struct pg_engine *g);
void pg_forget(struct pg_engine *g);

void pg_cell(struct store *s, size_t row, int column, struct store_cell *out);

#endif
