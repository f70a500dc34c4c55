/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spend: what a user system spends in a day and a month: stamps of the PSDs here,
 * and value that it takes for a PSD in the field, whose stamps nobody sees when
 * they are made.  Stamps of no value cost nothing, and are counted.
 *
 * Days are those of the clock that stands in the books beside what was spent.  None
 * of them, and no month, has more than its limit, wherever the clock goes: a count
 * begins with nothing on a day that never was before; where it comes to one that
 * was, the books are asked.
 *
 * In a transaction that writes, with the user system read and locked:
 * spend_allowed(), spend_count(), store_system_put().
 */
#ifndef PROVIDER_SPEND_H
#define PROVIDER_SPEND_H

#include "provider/store_system.h"
#include "provider/worker.h"

/* What is taken. */
struct spend {
	mils sum;
	int64_t free; /* stamps of no value */
};

/* May it spend this much more, today, by its own limits and its customer's?  All
 * user systems of a customer that has limits spend one after the other, from here
 * to the commit; those of others never meet.  With `look` nothing is locked.
 * Errors: ERR_DENIED (which limit). */
MUST_CHECK bool spend_allowed(struct worker *w, struct user_system *u,
    const struct spend *more, bool look, struct err *e);

/* The user system that was read has all that this takes: the database is asked
 * nothing more, and nothing is locked that others have, too. */
bool spend_is_own(const struct worker *w, const struct user_system *u);

/* Counts it, in the days that spend_allowed() has turned. */
void spend_count(struct user_system *u, const struct spend *what);

#endif
