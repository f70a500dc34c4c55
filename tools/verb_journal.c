/* SPDX-License-Identifier: Apache-2.0 */
/* postage journal: what was asked, paid and printed: its command line. */
#include "tools/verb_journal.h"

#include <getopt.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "tools/out.h"

#define DAY_S 86400

const char verb_journal_usage[] =
    "postage journal\n"
    "  list    [--queue NAME] [--user NAME] [--job N] [--state STATE] "
    "[--days N] [--count N]\n"
    "  show    QUEUE-JOB | ID\n"
    "  log     [--count N]\n"
    "  check\n"
    "  adopt\n"
    "  resolve QUEUE-JOB | ID  delivered|reprint|spoiled  [--note TEXT] "
    "[--force]\n"
    "          [--came-out N]\n"
    "\n"
    "An ID is the first column of the list.  resolve says what a person saw\n"
    "of a document whose delivery is uncertain: delivered, it is all there;\n"
    "reprint, nothing came out, send the same stamps again, or what follows\n"
    "the first N pages (--came-out N); spoiled, it is of no use, buy new ones\n"
    "when the job runs again.  --force does it for one that seems to be on\n"
    "its way still.";

enum {
	OPT_QUEUE = 256,
	OPT_USER,
	OPT_JOB,
	OPT_STATE,
	OPT_DAYS,
	OPT_COUNT,
	OPT_NOTE,
	OPT_FORCE,
	OPT_CAME_OUT
};

static const struct option long_options[] = {
    {"queue", required_argument, NULL, OPT_QUEUE},
    {"user", required_argument, NULL, OPT_USER},
    {"job", required_argument, NULL, OPT_JOB},
    {"state", required_argument, NULL, OPT_STATE},
    {"days", required_argument, NULL, OPT_DAYS},
    {"count", required_argument, NULL, OPT_COUNT},
    {"note", required_argument, NULL, OPT_NOTE},
    {"force", no_argument, NULL, OPT_FORCE},
    {"came-out", required_argument, NULL, OPT_CAME_OUT},
    {NULL, 0, NULL, 0},
};

static bool
take_state(struct arguments *a, const char *word)
{
	for (int i = 0; i < DOC_STATES; i++)
		if (strcmp(word, doc_state_name((enum doc_state)i)) == 0) {
			a->filter.doc_state = i;
			return true;
		}
	return false;
}

static bool
take_option(struct arguments *a, int option, const char *value)
{
	uint64_t n = 0;

	switch (option) {
	case OPT_QUEUE: a->filter.queue = value; return true;
	case OPT_USER: a->filter.user = value; return true;
	case OPT_NOTE: a->note = value; return true;
	case OPT_FORCE: return a->force = true;
	case OPT_STATE: return take_state(a, value);
	case OPT_CAME_OUT:
		if (!text_to_u64(value, UINT32_MAX, &n) || n == 0)
			return false;
		a->came_out = (uint32_t)n;
		return true;
	case OPT_JOB:
		if (!text_to_u64(value, UINT32_MAX, &n))
			return false;
		a->filter.job = (uint32_t)n;
		return true;
	case OPT_DAYS:
		if (!text_to_u64(value, 36500, &n))
			return false;
		a->filter.since = (int64_t)time(NULL) - (int64_t)n * DAY_S;
		return true;
	case OPT_COUNT:
		if (!text_to_u64(value, INT32_MAX, &n))
			return false;
		a->filter.limit = (int64_t)n;
		return true;
	default: return false;
	}
}

static const struct action actions[] = {
    {"list", verb_journal_list, 0, 0},
    {"show", verb_journal_show, 1, 1},
    {"log", verb_journal_log, 0, 0},
    {"check", verb_journal_check, 0, 0},
    {"adopt", verb_journal_adopt, 0, 0},
    {"resolve", verb_journal_resolve, 2, 2},
};

int
verb_journal(int argc, char **argv, const struct options *o)
{
	struct arguments a = {.options = o, .filter = {.doc_state = -1}};
	struct err e = ERR_INIT;
	int option;

	if (out_help(argc, argv, verb_journal_usage))
		return 0;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (!take_option(&a, option, optarg))
			return out_usage(verb_journal_usage);
	if (!settings_load(o->config, &a.settings, &e))
		return out_fail(o, NULL, &e);
	return action_run(ACTIONS(actions), &a, argc - optind, argv + optind,
	    verb_journal_usage);
}
