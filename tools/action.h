/* SPDX-License-Identifier: Apache-2.0 */
/*
 * action: what a verb can do, the word after it: `postage journal list`.
 *
 * A verb declares its `struct arguments` (its options, and what it works on)
 * and one table of actions; each gets them and the words that are left of the
 * command line, NULL behind the last.  An action returns the verb's exit status.
 */
#ifndef TOOLS_ACTION_H
#define TOOLS_ACTION_H

#include <stddef.h>

struct arguments; /* each verb has its own */

typedef int action_function(struct arguments *a, char **words);

struct action {
	const char *name;
	action_function *run;
	int least, most; /* words behind the name */
};

#define ACTIONS(table) (table), sizeof(table) / sizeof((table)[0])

/* Runs the action that words[0] names, with the words behind it; where there
 * is none, or not with so many words, prints `usage` as out_usage(). */
int action_run(const struct action *table, size_t size, struct arguments *a,
    int count, char **words, const char *usage);

#endif
