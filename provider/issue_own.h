/* SPDX-License-Identifier: Apache-2.0 */
/*
 * issue_own: one attempt at an order, between provider/issue*.c.
 */
#ifndef PROVIDER_ISSUE_OWN_H
#define PROVIDER_ISSUE_OWN_H

#include "provider/again.h"
#include "provider/issue.h"
#include "provider/psds.h"

#define ISSUE_TRIES 20 /* each is somebody else's progress */

/* A PSD that is locked in this attempt. */
struct taken {
	const struct psd_here *here;
	struct psd_row row;
	bool away;	/* its module: nothing is debited from it */
	uint32_t first; /* piece of the first stamp now; 0 = none */
	mils sum;
};

struct attempt {
	struct worker *w;
	const struct issue_order *order;
	struct issue_result *out;
	struct again again;
	bool look_up;	  /* some keys may be known */
	bool all;	  /* one PSD has too little */
	bool trial;	  /* nothing is locked, whatever its fence */
	bool placed;	  /* it may wait for a card */
	bool joins, done; /* together with others */
	bool doubted;	  /* with them it may have been done */

	struct psd_here *list;
	bool *away; /* of the list */
	size_t listed, chosen;
	size_t elsewhere;     /* in modules of other servers: behind those */
	struct err unreached; /* why no PSD can sign now; ERR_NONE: one can */
	struct taken *psd;
	size_t psds;

	struct user_system system;
	bool asked;	/* behind its lock: what was in doubt is known */
	bool overtaken; /* by a find */
	bool open;	/* the order that it buys */
	bool known[ISSUE_MAX];
	uint32_t planned[ISSUE_MAX]; /* PSDs that got value for them; 0: any */
	size_t fresh;
	mils sum;     /* of the fresh */
	int64_t free; /* those of them that have no value */
};

/* Errors (NULL): ERR_SYSTEM. */
struct attempt *issue_attempt(struct worker *w, const struct issue_order *order,
    struct issue_result *out, struct err *e);
void issue_attempt_free(struct attempt *a); /* NULL is allowed */

/* Its sum, and that no key is there twice.  Errors: ERR_REQUEST. */
MUST_CHECK bool
issue_add_up(const struct issue_order *order, mils *sum, struct err *e);

/* The PSDs of who asks, and that of this turn. */
MUST_CHECK bool issue_choose(struct attempt *a, uint64_t turn, struct err *e);

/* The same among those whose module is there.  Where none is, a->unreached says
 * why: what was issued before is answered, and nothing is debited. */
void issue_choose_there(struct attempt *a, uint64_t turn);
/* The place that it was given to wait for a card, when it is at its end. */
void issue_give_place(struct attempt *a);
/* Errors: a->unreached. */
MUST_CHECK bool issue_is_reached(const struct attempt *a, struct err *e);

/* Which PSDs it locks: the chosen one, or with `all` each. */
void issue_take(struct attempt *a);

/* Reads what there is of it, in one round trip; `fresh` is what there is not.
 * Errors: ERR_CORRUPT (a key of another request). */
MUST_CHECK bool issue_ask(struct attempt *a, struct err *e);
/* Each takes what was asked for it, be it refused or not. */
MUST_CHECK bool issue_read_system(struct attempt *a, struct err *e);
MUST_CHECK bool issue_read_known(struct attempt *a, struct err *e);
MUST_CHECK bool issue_read_psds(struct attempt *a, struct err *e);

/* May the system spend this, now?
 * Errors: ERR_DENIED, ERR_BUSY (fence), ERR_REQUEST (cost code, what it buys). */
MUST_CHECK bool issue_check(struct attempt *a, struct err *e);
/* The system that was read has all that this takes: it asks the database nothing
 * more, and locks nothing that others have too. */
bool issue_is_simple(const struct attempt *a);

/* May the fresh stamps go onto their label sheets?  Binds sheets that are
 * nobody's to the account; a stamp of no value binds none.
 * Errors: ERR_DENIED (sheet unknown, another's, nobody's yet or void; label used or
 * void). */
MUST_CHECK bool issue_sheets(struct attempt *a, struct err *e);

/* Counts what was spent. */
void issue_count(struct attempt *a);

/* Debits the fresh stamps; out->stamp[] holds them unsigned.  False with
 * ERR_NONE: too little value.
 * Errors: as psd_debit(). */
MUST_CHECK bool issue_debit(struct attempt *a, struct err *e);

/* More value for one that issue_debit() found to be short of it: into the PSDs that
 * it took, else it takes all of them, else from outside.  Outside of a transaction.
 * Errors: ERR_ABSENT (it is in PSDs that are away, or of other servers: nobody pays
 * for it again), ERR_DENIED (more than they may hold), ERR_FUNDS. */
MUST_CHECK bool issue_find_value(struct attempt *a, struct err *e);
/* Could they hold it, with all of them taken?  Errors: ERR_DENIED. */
MUST_CHECK bool issue_is_held(struct attempt *a, struct err *e);

/* Would they be debited, if there were enough value?
 * Errors: as psd_would_issue(), issue_is_held(). */
MUST_CHECK bool issue_try_debit(struct attempt *a, struct err *e);

/* Counts and writes attempts that have no row in common, and commits. */
MUST_CHECK bool issue_write(
    struct store *s, struct attempt *const *list, size_t count, struct err *e);

/* True: it was debited in one transaction with others.  False: nothing is said of
 * it, and it has to be tried alone. */
bool issue_together(struct attempt *a);

#endif
