/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_move_own: what the files of the move share.  store_move_file.c closes and
 * opens the file, store_move_copy.c copies, store_move.c says when.
 */
#ifndef PROVIDER_STORE_MOVE_OWN_H
#define PROVIDER_STORE_MOVE_OWN_H

#include "provider/store_move.h"
#include "provider/store_own.h"

#define MOVE_TABLES  64
#define MOVE_COLUMNS 20
#define MOVE_TEXT    1024
#define MOVE_MARK    400

struct move_table {
	char name[64];
	char list[MOVE_TEXT]; /* "a", "b" */
	enum store_type type[MOVE_COLUMNS];
	size_t columns;
	int64_t rows;
};

struct move {
	struct store *from, *to;
	char target[MOVE_MARK]; /* its name, and what it is: "NAME [ID]" */
	struct move_table table[MOVE_TABLES];
	size_t tables;
	store_move_step *step;
	void *context;
	struct store_move *out;
	int64_t all;
};

/* Where the file says that its books are. */
enum move_stage { MOVE_HERE, MOVE_GOING, MOVE_GONE };
struct move_mark {
	enum move_stage stage;
	char target[MOVE_MARK];
};

/* --- store_move_file.c; each in a transaction of the file's own ------------------- */

MUST_CHECK bool
move_read_mark(struct move *m, struct move_mark *out, struct err *e);
/* Nobody writes it any more, and its mark is MOVE_GOING.
 * Errors: ERR_REQUEST (a server is up). */
MUST_CHECK bool move_close_file(struct move *m, struct err *e);
MUST_CHECK bool move_open_file(struct move *m, struct err *e);
/* For ever. */
MUST_CHECK bool move_leave_file(struct move *m, struct err *e);

/* --- store_move_copy.c; in a transaction of each ------------------------------------- */

MUST_CHECK bool move_read_tables(struct move *m, struct err *e);
/* The rows of the file, when nobody writes it any more. */
MUST_CHECK bool move_count_all(struct move *m, struct err *e);
/* The other one has no row. */
MUST_CHECK bool move_is_empty(struct move *m, bool *empty, struct err *e);
/* Errors: ERR_CORRUPT (rows are missing, a rule does not hold). */
MUST_CHECK bool move_copy(struct move *m, struct err *e);

#endif
