/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verbs: what postaged(8) can be told to do, one file for a verb or a few that
 * belong together.
 */
#ifndef PROVIDER_VERBS_H
#define PROVIDER_VERBS_H

#include "base/err.h"
#include "provider/limits.h"
#include "provider/program.h"

#define VERB_WAIT_MS 15000 /* for a lock of the database */

/* argv[0] is the verb; the program's configuration is read, nothing is open.
 * An error's text is printed by main. */
typedef bool verb_run(struct program *p, int argc, char **argv, struct err *e);

verb_run verb_serve, verb_init, verb_migrate, verb_audit, verb_customer,
    verb_account, verb_system, verb_psd, verb_credit, verb_ledger, verb_sheet,
    verb_person, verb_pay, verb_cost, verb_refund;

/* Opens program and worker and begins to write; done() commits and closes, or
 * rolls back where `good` is false. */
struct verb_work {
	struct program *p;
	struct worker *w;
};
MUST_CHECK bool
verb_begin(struct program *p, struct verb_work *out, struct err *e);
/* The same, to read only: it waits for nobody. */
MUST_CHECK bool
verb_look(struct program *p, struct verb_work *out, struct err *e);
MUST_CHECK bool verb_done(struct verb_work *work, bool good, struct err *e);

/* For what certifies or signs.  Errors: ERR_CONFIG (a front's configuration). */
MUST_CHECK bool verb_needs_keys(const struct program *p, struct err *e);

/* The value of "--name VALUE" or "--name=VALUE" among the arguments behind
 * argv[from], which are taken out of argv; NULL: it is not there. */
const char *verb_option(int *argc, char **argv, const char *name);
bool verb_flag(int *argc, char **argv, const char *name);
/* Nothing that begins with '-' is left, and `least` to `most` words behind the
 * verb and its first word.  Errors: ERR_REQUEST, with `usage`. */
MUST_CHECK bool verb_words(int argc, char **argv, int least, int most,
    const char *usage, struct err *e);
MUST_CHECK bool verb_mils(const char *text, mils *out, struct err *e);
/* Date and time of this place; `out`. */
const char *verb_moment(int64_t ms, char out[32]);

/* --stamp-max, --day-max, --month-max SUM or "none", taken out of argv;
 * VERB_KEEP where one is not there.  Errors: ERR_REQUEST. */
#define VERB_KEEP (-2)
MUST_CHECK bool
verb_limits(int *argc, char **argv, mils most[LIMITS], struct err *e);
/* Those that were there are the provider's limits now. */
void verb_set_limits(struct limits *l, const mils most[LIMITS]);
/* One line for each side that has some, with `what` in front. */
void verb_print_limits(const struct limits *l, const char *what);

#endif
