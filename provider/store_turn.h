/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_turn: the writers of one file take turns, in the order in which they
 * came.
 *
 * SQLite lets one writer in and has the others try again and again, so that
 * among many threads some may never get in.  Here those of this process wait
 * in a queue; of several processes SQLite's own lock chooses.
 */
#ifndef PROVIDER_STORE_TURN_H
#define PROVIDER_STORE_TURN_H

#include "base/err.h"

struct store_turn;

/* The queue of the file `path`, which exists; one for all who name the same
 * file in this process.  Errors: ERR_SYSTEM. */
MUST_CHECK bool
store_turn_open(const char *path, struct store_turn **out, struct err *e);
void store_turn_close(struct store_turn *t); /* NULL is allowed */

/* Waits at most `wait_ms` for this thread's turn, which lasts until
 * store_turn_end().  Errors: ERR_BUSY. */
MUST_CHECK bool
store_turn_take(struct store_turn *t, int wait_ms, struct err *e);
void store_turn_end(struct store_turn *t);

/* Of who has the turn: what was written last may stand in the file, and must be
 * overwritten before anybody is told that it does not. */
bool *store_turn_doubt(struct store_turn *t);

#endif
