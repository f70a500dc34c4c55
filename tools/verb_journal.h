/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verb_journal: what the parts of `postage journal` share: the command line in
 * verb_journal.c, its actions in verb_journal_*.c.
 */
#ifndef TOOLS_VERB_JOURNAL_H
#define TOOLS_VERB_JOURNAL_H

#include "dispense/settings.h"
#include "tools/action.h"
#include "tools/books.h"
#include "tools/postage.h"

#define JOURNAL_LIST_MAX 50 /* rows, unless --count says more */

struct arguments {
	const struct options *options;
	struct settings settings;
	struct journal_filter filter;
	const char *note;  /* NULL = none */
	uint32_t came_out; /* 0 = not said */
	bool force;
};

action_function verb_journal_list;    /* _list.c */
action_function verb_journal_show;    /* _list.c */
action_function verb_journal_log;     /* _list.c */
action_function verb_journal_check;   /* _check.c */
action_function verb_journal_adopt;   /* _check.c */
action_function verb_journal_resolve; /* _resolve.c */

extern const char verb_journal_usage[];

#endif
