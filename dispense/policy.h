/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy: who may spend how much, on what, when.  Pure but for the user
 * database.
 *
 * A list of users is "anna bert @office"; "" = everyone.  "@office" means the
 * members of [group office] in postage.conf, and where there is none, of that
 * group of this computer.
 */
#ifndef DISPENSE_POLICY_H
#define DISPENSE_POLICY_H

#include "base/err.h"
#include "base/mils.h"
#include "dispense/settings.h"

/* What is to be spent now, and what was spent before. */
struct spending {
	mils dearest;		   /* the dearest single stamp */
	mils now;		   /* of this document, not debited yet */
	mils job;		   /* debited before by this job, this epoch */
	mils day, month;	   /* debited before, this queue or group */
	mils user_day, user_month; /* debited before by this user */
};

/* Is `user` on the list? */
bool
policy_listed(const struct settings *s, const char *list, const char *user);

/* Is `user` a member of [group g]? */
bool policy_member(const struct group_settings *g, const char *user);

/* Errors: ERR_DENIED (the user is not on the queue's list; not at this minute
 * of the day). */
MUST_CHECK bool policy_user(const struct settings *s,
    const struct queue_settings *q, const char *user, struct err *e);
MUST_CHECK bool
policy_hours(const struct queue_settings *q, int minute, struct err *e);

/* May this queue print such a stamp?  `m` with all its defaults.
 * Errors: ERR_REQUEST. */
MUST_CHECK bool policy_mark(
    const struct queue_settings *q, const struct mark *m, struct err *e);

/* Are all limits of `whose` ("queue mail", "group office") kept?
 * Errors: ERR_DENIED, the text names the limit, what was spent of it and what
 * is asked. */
MUST_CHECK bool policy_limits(const char *whose, const struct limits *l,
    const struct spending *s, struct err *e);

/* A document's total before it is printed: who said yes to it? */
struct consent {
	const char *queue;
	uint32_t job_id, documents;
	mils total;	    /* of the document */
	mils before;	    /* debited before by other documents of the job */
	const char *option; /* PostageConfirm of the job, "" = none */
	mils confirmed;	    /* by a person in the journal, -1 = nobody */
	const char *person; /* who */
	const char *user;   /* the job's */
};

/* The job's option is read first, so that a wrong total is refused however low
 * it is.
 * Errors: ERR_DENIED, the text says the total and how to confirm it. */
MUST_CHECK bool policy_consent(
    const struct queue_settings *q, const struct consent *c, struct err *e);

#endif
