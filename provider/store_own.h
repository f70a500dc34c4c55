/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_own: what the files of the store share.
 *
 * The front (store.c, store_values.c) keeps the calls that were sent, each with
 * its parameters, and the state of the transaction; an engine carries them out.
 * An engine is one struct store_driver, in the table of store.c.
 */
#ifndef PROVIDER_STORE_OWN_H
#define PROVIDER_STORE_OWN_H

#include "provider/store.h"

#define STORE_PARAMS_MAX     320
#define STORE_STATEMENTS_MAX 512

enum store_type { STORE_NULL, STORE_INT, STORE_TEXT, STORE_BLOB };

/* A parameter; text and bytes stand at `at` in the store's bytes, a NUL behind
 * them.  NULL's number is the type that it stands for, STORE_NULL: any. */
struct store_value {
	enum store_type type;
	int64_t number;
	size_t at, len;
};

/* A statement that was sent. */
struct store_call {
	const char *sql;
	size_t first, count; /* of its parameters */
};

/* A column of a row. */
struct store_cell {
	enum store_type type;
	int64_t number;
	const void *ptr;
	size_t len;
};

/* An array that grows; `ptr` may move. */
struct store_array {
	void *ptr;
	size_t count, room; /* in items */
};

/* Makes room for `more` items of `item_size`.  False: no memory. */
MUST_CHECK bool
store_array_grow(struct store_array *a, size_t more, size_t item_size);

struct store {
	const struct store_driver *driver;
	void *engine; /* the driver's own */
	char *uri;
	const char *target; /* behind the scheme */
	char name[256];
	int wait_ms, answer_ms;
	bool takes_time; /* the transaction: answers are waited for */

	enum store_mode mode;
	bool inside, in_doubt;
	bool wrote;	 /* as the results that were received say */
	struct err died; /* the transaction's first error */
	char conflict[256];

	struct store_array values, bytes, calls;
	size_t open; /* first value of the statement to come */
	size_t handed, received;

	size_t rows, row; /* of the last result; the next row */
	int columns;
	int64_t changed;
	int64_t changed_all; /* since the transaction began */

	struct store_rows_text *rows_texts; /* store_rows.c */
};

struct store_driver {
	const char *scheme; /* "sqlite:" */
	enum store_engine engine;
	const char *lock_sql;	   /* one migration at a time; NULL: begin */
	const char *versioned_sql; /* a row, where migration was here before */

	/* Sets the name, checks `target` and connects. */
	bool (*open)(struct store *s, struct err *e);
	void (*close)(struct store *s);

	bool (*begin)(struct store *s, struct err *e);
	/* Gives a call to the engine, without waiting. */
	bool (*hand)(
	    struct store *s, const struct store_call *call, struct err *e);
	/* The result of the oldest that was handed over: rows, columns, changed,
	 * or an error and the conflict. */
	bool (*receive)(
	    struct store *s, const struct store_call *call, struct err *e);
	/* Gives the commit to the engine, all calls before it; then, when these
	 * were received, its own result. */
	bool (*hand_commit)(struct store *s, struct err *e);
	bool (*commit)(struct store *s, struct err *e);
	void (*rollback)(struct store *s);

	void (*cell)(
	    struct store *s, size_t row, int column, struct store_cell *out);

	/* Many statements at once, inside a transaction of which all was
	 * received. */
	bool (*script)(struct store *s, const char *text, struct err *e);
};

extern const struct store_driver store_sqlite;
extern const struct store_driver store_postgresql;

const struct store_value *
store_call_values(const struct store *s, const struct store_call *call);
const char *
store_value_ptr(const struct store *s, const struct store_value *value);

/* A statement to come, of the next `count` of the open parameters; NULL: there was
 * no memory for its text. */
void store_add_call(struct store *s, const char *sql, size_t count);

/* The next parameter: a cell of another store's row, of a column that holds `type`. */
void store_copy_cell(
    struct store *s, enum store_type type, struct store *from, int column);

/* The same text at one address, until the store is closed; NULL: no memory. */
const char *store_keep_text(struct store *s, const char *text);
void store_forget_rows(struct store *s);

/* Forgets all calls and parameters. */
void store_forget_calls(struct store *s);

/* Sets the transaction's first error.  Returns false. */
bool store_dies(struct store *s, const struct err *e);

/* One text of provider/sql/. */
struct store_schema {
	enum store_engine engine;
	int number; /* 1, 2, ... in each engine */
	const char *name, *text;
};

/* Ends with a text of NULL; made of provider/sql/ when the program is built. */
extern const struct store_schema store_schemas[];

#endif
