/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postage: the administration program, one table of verbs, one file each.
 *
 * `postage [--json] [--config FILE] VERB ...`; the common options may stand
 * anywhere before "--".  A verb gets argv with its own name as argv[0] and the
 * common options taken out, so it may use getopt_long().  It returns the exit
 * status: 0 done, 1 failed (out_fail()), 2 wrong command line (out_usage()).
 */
#ifndef TOOLS_POSTAGE_H
#define TOOLS_POSTAGE_H

#include <stdbool.h>

struct options {
	bool json;
	const char *config; /* settings file: --config or settings_path() */
};

typedef int verb_function(int argc, char **argv, const struct options *o);

struct verb {
	const char *name;
	verb_function *run;
	const char *arguments; /* "create|status ..." */
	const char *help;      /* one line */
};

verb_function verb_confirm;
verb_function verb_doctor;
verb_function verb_rates;
verb_function verb_print;
verb_function verb_queue;
verb_function verb_vault;
verb_function verb_preview;
verb_function verb_calibrate;
verb_function verb_mark;
verb_function verb_journal;
verb_function verb_refund;
verb_function verb_report;
verb_function verb_spoil;
verb_function verb_unspoil;
verb_function verb_sheet;

#endif
