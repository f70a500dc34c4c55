/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_move: all books of a file of SQLite into a database of PostgreSQL.
 *
 * Two databases that both serve would debit the same registers.  So the file is
 * closed first: every write to its tables is refused, whoever has it open, and its
 * schema's version says where the books go.  Then they are copied in one
 * transaction, counted, and held against the rules of an audit.  What fails before
 * the commit there opens the file again; what a crash or a lost connection left
 * closed, the same call goes on with.  When they have arrived the file is closed
 * for good: from then on it is old, and nothing is made of it.
 */
#ifndef PROVIDER_STORE_MOVE_H
#define PROVIDER_STORE_MOVE_H

#include "provider/store.h"

struct store_move {
	int64_t tables, rows;
	bool before; /* they had been moved: nothing was done */
};

/* So many rows of all. */
typedef void store_move_step(void *context, int64_t rows, int64_t all);

/* Both are open, in no transaction; `to` may be without a schema.
 * Errors: ERR_REQUEST (not from a file to a server, books are there, they went to
 * another one, a server is up), ERR_CONFIG (schema), ERR_CORRUPT (a rule does not
 * hold: which), ERR_BUSY (it is being moved); ERR_SYSTEM with store_in_doubt(to):
 * the same call tells whether it was done. */
MUST_CHECK bool
store_move(struct store *from, struct store *to, store_move_step *step,
    void *context, struct store_move *out, struct err *e);

/* Opens a file that was closed, and whose books did not arrive: `to` says so
 * itself; NULL, a person does.
 * Errors: ERR_REQUEST (it is open; gone for good; they may have arrived). */
MUST_CHECK bool
store_move_back(struct store *from, struct store *to, struct err *e);

#endif
