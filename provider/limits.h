/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits: how much may be spent, and by whose word.
 *
 * The provider and the administrators of a customer each set limits of their
 * own, for a user system and for the customer; the lower of the two holds.  So
 * what the provider has set the customer lowers, and never raises.  Pure.
 */
#ifndef PROVIDER_LIMITS_H
#define PROVIDER_LIMITS_H

#include "base/err.h"
#include "base/mils.h"

enum side { SIDE_PROVIDER, SIDE_CUSTOMER, SIDES };

/* Of a stamp; of a day, of a month: all stamps, and value for PSDs in the field
 * (provider/spend.h). */
enum limit { LIMIT_STAMP, LIMIT_DAY, LIMIT_MONTH, LIMITS };

struct limits {
	mils most[SIDES][LIMITS]; /* -1 = no limit */
};

#define LIMITS_NONE                        \
	{                                  \
		{                          \
			{-1, -1, -1},      \
			{                  \
				-1, -1, -1 \
			}                  \
		}                          \
	}

/* "stamp", "day", "month". */
const char *limit_name(enum limit of);

/* The one that holds, -1 = none; *by = who set it. */
mils limits_least(const struct limits *l, enum limit of, enum side *by);

/* May `more` be spent, with `spent` before it?
 * Errors: ERR_DENIED (which limit, whose, who can change it). */
struct spending {
	enum limit of;
	mils spent, more;
	const char *whose; /* a customer's name; "" = the user system's */
};
MUST_CHECK bool
limits_allow(const struct limits *l, const struct spending *s, struct err *e);

/* May this side put `to` in the place of `was`?  The provider may all; what does
 * not change is not looked at.
 * Errors: ERR_DENIED (above the provider's, or the other side's changed). */
MUST_CHECK bool limits_may_set(const struct limits *was,
    const struct limits *to, enum side by, struct err *e);

#endif
