/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store: the provider's database, one connection to it.
 *
 * Two engines behind one interface, chosen by the URI: "sqlite:/path/file" and
 * "postgresql://..." (or any connection string of libpq behind "postgresql:").
 * SQL is written once for both, with $1, $2, ... for parameters, and stands in
 * provider/store_*.c alone.  Money and numbers are BIGINT, text TEXT, bytes BLOB
 * or BYTEA (the schema's affair), truth 0 or 1.  A result with a fraction or of
 * another type is refused: SUM() of PostgreSQL is CAST(SUM(x) AS BIGINT), and a
 * parameter that stands alone as a column CAST($1 AS BIGINT).
 *
 * A piece of work:
 *
 *	store_begin(s, STORE_WRITE, e)
 *	store_put_int(s, 7); store_put_text(s, "x"); store_send(s, SQL_ONE);
 *	store_put_int(s, 8); store_send(s, SQL_TWO);
 *	store_receive(s, e)	the first one's result
 *	while (store_row(s)) { store_int(s, 0) ... }
 *	store_receive(s, e)	the second one's
 *	store_commit(s, e)
 *
 * What is sent before the first store_receive() goes to PostgreSQL in one round
 * trip (pipeline mode), store_begin() with it, and store_commit() goes with
 * what was sent and not yet received.  After an error the transaction is dead:
 * nothing is done until store_rollback(), which is always allowed.
 *
 * A struct store is one thread's.  A connection that was lost is opened again
 * by the next store_begin(), which notices one that was lost since the last
 * transaction.  It must not cross a fork.
 *
 * Errors, beside what is named below: ERR_ABSENT (the server is gone or silent,
 * starts or stops, is a standby; the file was closed, store_move.h; nothing was
 * committed), ERR_BUSY (a lock was not had in
 * time, a deadlock, a serialization failure: begin again), ERR_CORRUPT (the
 * engine says that its file is damaged), ERR_SYSTEM.
 */
#ifndef PROVIDER_STORE_H
#define PROVIDER_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct store;

enum store_engine { STORE_SQLITE, STORE_POSTGRESQL };

/* Connects.  `wait_ms`: for another writer of SQLite, for a lock in PostgreSQL.
 * Errors: ERR_CONFIG (URI). */
MUST_CHECK bool
store_open(const char *uri, int wait_ms, struct store **out, struct err *e);
/* False: it is a file that is not there, which store_open() would make. */
bool store_is_there(const char *uri);
/* How long an answer of a server is waited for, with what it waits for itself (a
 * lock, a standby); at first STORE_ANSWER_MS.  Then the connection is given up,
 * as if it had been cut: nobody can tell a server that hangs from one that is
 * slow. */
#define STORE_ANSWER_MS 30000
void store_set_answer(struct store *s, int ms);
/* Ends; NULL is allowed. */
void store_close(struct store *s);

enum store_engine store_engine(const struct store *s);
/* The URI without a password, for messages. */
const char *store_name(const struct store *s);

/* --- transactions ----------------------------------------------------------------- */

/* STORE_READ: one snapshot, nothing may be written (PostgreSQL: repeatable
 * read; the primary alone).  STORE_WRITE: SQLite's one writer; PostgreSQL: read
 * committed, so rows that matter are locked: the statement's last words are FOR
 * UPDATE, FOR UPDATE SKIP LOCKED and so on, which SQLite is not shown. */
enum store_mode { STORE_READ, STORE_WRITE };
MUST_CHECK bool
store_begin(struct store *s, enum store_mode mode, struct err *e);

/* How a row is read: as it is; locked for the transaction; or locked unless
 * somebody else has it locked, then it is not found. */
enum store_lock { STORE_LOOK, STORE_LOCK, STORE_LOCK_FREE };

/* Durable when it is true: on the medium, with PostgreSQL on the synchronous
 * standbys too, and with it what a STORE_WRITE has read, although it wrote nothing.
 * When it is false the transaction is over too, rolled back.
 * Errors: ERR_SYSTEM and store_in_doubt(): the connection was lost, or the server
 * silent, while the commit was under way, the wait for the standby was broken off, or the file
 * could not be written, and what was written of it could not be taken back: then
 * nobody begins to write until that is done (ERR_ABSENT). */
MUST_CHECK bool store_commit(struct store *s, struct err *e);
void store_rollback(struct store *s);

/* This transaction looks at all that there is: its answers may take as long as they
 * take. */
void store_take_time(struct store *s);

/* The last store_commit() may have been done or not: ask again by the key of
 * what was to be written, in a transaction that writes. */
bool store_in_doubt(const struct store *s);

/* --- statements ------------------------------------------------------------------- */

/* The next parameter of the statement to come, $1 first; as many as it
 * has.  Bytes and text are copied.  Text that is not UTF-8 is an
 * ERR_REQUEST of the statement. */
void store_put_int(struct store *s, int64_t value);
void store_put_text(struct store *s, const char *value); /* NULL: SQL's NULL */
/* Of `len` 0 it is empty, not NULL. */
void store_put_blob(struct store *s, const void *ptr, size_t len);
void store_put_null(struct store *s);
/* NULL where others put a number: both make one statement then. */
void store_put_no_int(struct store *s);

/* Sends a statement, prepared once per connection; `sql` is a literal, its
 * address names it.  What is wrong is told by store_receive(). */
void store_send(struct store *s, const char *sql);

/* Sends the rows whose parameters were put one behind the other, `columns` each:
 * "INSERT INTO t (a, b) VALUES" and the rows, and `tail` (" ON CONFLICT DO NOTHING",
 * or ""); literals too.  They go in several statements: store_flush() or the commit
 * receives them, store_changed_all() counts them. */
void store_send_rows(
    struct store *s, const char *head, size_t columns, const char *tail);

/* Waits for the result of the statement that was sent first of those not yet
 * received.
 * Errors: ERR_REQUEST and store_conflict(): a UNIQUE, CHECK or foreign key of
 * the schema refused it. */
MUST_CHECK bool store_receive(struct store *s, struct err *e);

/* Both in one, after all that was sent before. */
MUST_CHECK bool store_run(struct store *s, const char *sql, struct err *e);

/* Receives all that was sent and drops their rows. */
MUST_CHECK bool store_flush(struct store *s, struct err *e);

/* What refused, of the transaction's first error: "table.column, table.column"
 * of a UNIQUE or primary key, "table.column" of a NOT NULL, the name of a CHECK,
 * "foreign key", the words of a trigger; "" where none did.  Known until the
 * next store_begin(). */
const char *store_conflict(const struct store *s);

/* --- rows -------------------------------------------------------------------------- */

/* Moves to the next row of the result; false behind the last. */
bool store_row(struct store *s);

/* Column `i`, from 0, of the row; NULL is 0, "" or no bytes.  Text and bytes
 * live until the next store_receive(). */
int64_t store_int(struct store *s, int i);
const char *store_text(struct store *s, int i);
const uint8_t *store_blob(struct store *s, int i, size_t *len);
bool store_is_null(struct store *s, int i);

/* How many rows the last received statement changed; and all of the transaction,
 * which is known until the next one begins. */
int64_t store_changed(const struct store *s);
int64_t store_changed_all(const struct store *s);

/* --- schema ------------------------------------------------------------------------- */

/* Brings the schema to the newest version: numbered texts per engine
 * (provider/sql/), each in a transaction of its own, under a lock, with its
 * checksum; *from and *to get the versions.  A database of a newer program and a
 * text that was changed after it ran are refused.
 * Errors: ERR_CONFIG. */
MUST_CHECK bool
store_migrate(struct store *s, int *from, int *to, struct err *e);

/* The version of its schema, 0: there are no books in it.
 * Errors: as store_migrate(). */
MUST_CHECK bool store_version(struct store *s, int *version, struct err *e);

/* The schema is the one that this program knows.
 * Errors: ERR_CONFIG ("postaged migrate", "postaged init"). */
MUST_CHECK bool store_check_version(struct store *s, struct err *e);

#endif
