/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy: who may spend how much.  Pure but for the user database.
 */
#ifndef DISPENSE_POLICY_H
#define DISPENSE_POLICY_H

#include "base/err.h"
#include "base/mils.h"
#include "dispense/settings.h"

/* What is to be spent now, and what was spent before. */
struct spending {
	mils dearest;  /* the dearest single stamp */
	mils now;      /* of this document, not debited yet */
	mils job;      /* debited before by this job, in this epoch */
	mils day;      /* debited today, this queue */
	mils user_day; /* debited today by this user, all queues */
};

/* Is `user` on the list ("anna bert @office"; "" = everyone)?  "@group" means
 * every member of a group of this computer.
 * Errors: ERR_DENIED. */
MUST_CHECK bool policy_user(
    const char *list, const char *user, const char *queue, struct err *e);

/* Are all limits of the queue kept?
 * Errors: ERR_DENIED, the text names the limit, what was spent of it and what
 * is asked. */
MUST_CHECK bool policy_limits(
    const struct queue_settings *q, const struct spending *s, struct err *e);

#endif
