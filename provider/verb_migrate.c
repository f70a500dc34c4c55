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

/* `uri` NULL: a person says that nothing has arrived. */
static bool
back(struct store *from, const char *uri, struct err *e)
{
	struct store *to = NULL;
	bool done = (uri == NULL || store_open(uri, VERB_WAIT_MS, &to, e)) &&
		    store_move_back(from, to, e);

	if (done)
		printf("%s has its books again\n", store_name(from));
	store_close(to);
	return done;
}

static const char usage[] = "migrate [--to DATABASE [--back] | --back --lost]";

bool
verb_migrate(struct program *p, int argc, char **argv, struct err *e)
{
	const char *to = verb_option(&argc, argv, "--to");
	bool goes_back = verb_flag(&argc, argv, "--back");
	bool lost = verb_flag(&argc, argv, "--lost"), done;
	struct store *s = NULL;

	if (!verb_words(argc, argv, 1, 1, usage, e))
		return false;
	if (lost ? !goes_back || to != NULL : goes_back && to == NULL)
		return err_set(e, ERR_REQUEST, "usage: postaged %s", usage);
	if ((to != NULL || goes_back) && !store_is_there(p->config.database))
		return err_set(e, ERR_REQUEST, "%s: there are no books",
		    p->config.database);
	done = store_open(p->config.database, VERB_WAIT_MS, &s, e) &&
	       (goes_back	? back(s, to, e)
		   : to != NULL ? move(s, to, e)
				: migrate(s, e));
	store_close(s);
	return done;
}
