/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postaged migrate: the newest schema; or all books into another database.
 */
#include "provider/verbs.h"

#include <stdio.h>
#include <unistd.h>

#include "provider/store_move.h"

static bool
migrate(struct store *s, struct err *e)
{
	int from, to;

	if (!store_migrate(s, &from, &to, e))
		return false;
	if (from == to)
		printf("%s: schema %d, nothing to do\n", store_name(s), to);
	else
		printf("%s: schema %d, was %d\n", store_name(s), to, from);
	return true;
}

static void
show_step(void *context, int64_t rows, int64_t all)
{
	const char *name = context;

	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%s: %lld of %lld rows%s", name,
		    (long long)rows, (long long)all, rows < all ? "" : "\n");
}

static bool
move(struct store *from, const char *uri, struct err *e)
{
	struct store *to = NULL;
	struct store_move moved;
	char name[300] = "";
	bool done = store_open(uri, VERB_WAIT_MS, &to, e);

	if (done)
		snprintf(name, sizeof(name), "%s", store_name(to));
	done = done && store_move(from, to, show_step, name, &moved, e);
	if (done && moved.before)
		printf("%s has these books already\n", name);
	else if (done)
		printf("%s: %lld rows of %lld tables; they keep the rules\n",
		    name, (long long)moved.rows, (long long)moved.tables);
	if (done)
		printf("%s takes nothing any more. Set `database` in each "
		       "configuration file, run postaged audit, and start\n",
		    store_name(from));
	store_close(to);
	return done;
}

bool
verb_migrate(struct program *p, int argc, char **argv, struct err *e)
{
	const char *to = verb_option(&argc, argv, "--to");
	struct store *s = NULL;
	bool done;

	if (!verb_words(argc, argv, 1, 1, "migrate [--to DATABASE]", e))
		return false;
	if (to != NULL && !store_is_there(p->config.database))
		return err_set(e, ERR_REQUEST, "%s: there are no books",
		    p->config.database);
	done = store_open(p->config.database, VERB_WAIT_MS, &s, e) &&
	       (to != NULL ? move(s, to, e) : migrate(s, e));
	store_close(s);
	return done;
}
