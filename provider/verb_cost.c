/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postaged cost: the cost codes of an account.
 */
#include "provider/verbs.h"

#include <stdio.h>
#include <string.h>

#include "provider/store_admin.h"
#include "provider/store_cost.h"
#include "provider/store_stamp.h"

static const char usage[] = "cost add ACCOUNT CODE [--name TEXT] | "
			    "remove ACCOUNT CODE | list ACCOUNT";

static void
print_cost(void *context, const char *code, const char *name)
{
	(void)context;
	printf("%-31s %s\n", code, name);
}

static bool
run(struct store *s, int argc, char **argv, const char *name, struct err *e)
{
	struct account a;

	if (!store_account_find(s, argv[2], &a, e))
		return false;
	if (strcmp(argv[1], "list") == 0 && argc == 3)
		return store_cost_list(s, a.id, print_cost, NULL, e);
	if (argc != 4)
		return err_set(e, ERR_REQUEST, "usage: postaged %s", usage);
	if (argv[3][0] == '\0' || strlen(argv[3]) >= COST_MAX)
		return err_set(e, ERR_REQUEST, "a cost code has 1 to %d bytes",
		    COST_MAX - 1);
	if (strcmp(argv[1], "add") == 0)
		return store_cost_add(s, a.id, argv[3], name ? name : "", e);
	if (strcmp(argv[1], "remove") == 0)
		return store_cost_remove(s, a.id, argv[3], e);
	return err_set(e, ERR_REQUEST, "usage: postaged %s", usage);
}

bool
verb_cost(struct program *p, int argc, char **argv, struct err *e)
{
	const char *name = verb_option(&argc, argv, "--name");
	struct verb_work work;
	bool good;

	if (!verb_words(argc, argv, 3, 4, usage, e))
		return false;
	good = strcmp(argv[1], "list") == 0 ? verb_look(p, &work, e)
					    : verb_begin(p, &work, e);
	good = good && run(work.w->store, argc, argv, name, e);
	return verb_done(&work, good, e);
}
