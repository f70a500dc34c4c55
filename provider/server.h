/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server: which processing servers there are.
 *
 * Each says so in the database, every second (provider/keeper.h).  A front reads
 * it as often, in a thread of its own, and asks each for its health.  One is good
 * that is up, has said something new within 5 s of the front's own clock, and
 * answers under its name.
 */
#ifndef PROVIDER_SERVER_H
#define PROVIDER_SERVER_H

#include "provider/conf.h"
#include "provider/store_server.h"

/* --- of a processing server ------------------------------------------------------ */

/* Name, URL and modules, as configured. */
void server_describe(const struct config *c, struct server_row *out);

/* Writes it down, seen now, in a transaction of its own. */
MUST_CHECK bool
server_say(struct worker *w, struct server_row *row, struct err *e);

/* --- of a front ------------------------------------------------------------------ */

struct servers;

struct server_pick {
	char name[SERVER_NAME], url[SERVER_URL];
	int64_t load; /* requests that wait there */
};

/* Reads and asks once, then begins the thread.  That there is none is no error.
 * Errors: ERR_CONFIG (database, [process] authority), ERR_SYSTEM. */
MUST_CHECK bool
servers_open(const struct config *c, struct servers **out, struct err *e);
void servers_close(struct servers *s); /* NULL is allowed */

/* The good ones, by name; how many. */
size_t servers_good(struct servers *s, struct server_pick list[SERVERS_MAX]);

/* It did not answer: not a good one until its health is seen again. */
void servers_eject(struct servers *s, const char *name, const char *why);

#endif
