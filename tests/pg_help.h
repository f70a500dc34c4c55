/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pg_help: a private PostgreSQL server for the unit tests, by tests/pg.sh.  It
 * ends with the program.
 */
#ifndef TESTS_PG_HELP_H
#define TESTS_PG_HELP_H

#include <stdbool.h>

/* False: PostgreSQL is not installed.  Starts it the first time; what goes wrong
 * then ends the program. */
bool pg_start(void);

/* A store's URI of a new database, until the next call. */
const char *pg_database(void);

/* One statement, outside of any transaction. */
void pg_psql(const char *sql);

/* From now on commits wait for a standby, which there is not; or no more. */
void pg_want_standby(bool wanted);
/* The same, and whoever waits is told to give up, again and again: his commit is
 * done here, and nowhere else. */
void pg_standby_away(bool away);

void pg_stop(void);

#endif
