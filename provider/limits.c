/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/limits.h"

#include <stdio.h>

static const char *const names[] = {
    [LIMIT_STAMP] = "stamp", [LIMIT_DAY] = "day", [LIMIT_MONTH] = "month"};

const char *
limit_name(enum limit of)
{
	return names[of];
}

mils
limits_least(const struct limits *l, enum limit of, enum side *by)
{
	mils provider = l->most[SIDE_PROVIDER][of];
	mils customer = l->most[SIDE_CUSTOMER][of];

	*by = customer >= 0 && (provider < 0 || customer < provider)
		  ? SIDE_CUSTOMER
		  : SIDE_PROVIDER;
	return l->most[*by][of];
}

/* --- spending ---------------------------------------------------------------------- */

static bool
over(mils limit, mils spent, mils more)
{
	return limit >= 0 && (more > limit || spent > limit - more);
}

bool
limits_allow(const struct limits *l, const struct spending *s, struct err *e)
{
	static const char *const ask[] = {[SIDE_PROVIDER] = "ask the provider",
	    [SIDE_CUSTOMER] = "an administrator of the account can change it"};
	char text[MILS_TEXT], was[MILS_TEXT], want[MILS_TEXT];
	enum side by;
	mils most = limits_least(l, s->of, &by);

	if (!over(most, s->spent, s->more))
		return true;
	return err_set(e, ERR_DENIED,
	    "the limit of %s a %s%s%.63s is reached: %s spent, %s asked for; "
	    "%s",
	    mils_format(most, text), names[s->of],
	    s->whose[0] ? " of customer " : "", s->whose,
	    mils_format(s->spent, was), mils_format(s->more, want), ask[by]);
}

/* --- setting ----------------------------------------------------------------------- */

static bool
may_set(mils provider, mils to, enum limit of, struct err *e)
{
	char text[MILS_TEXT];

	return provider < 0 || to <= provider ||
	       err_set(e, ERR_DENIED,
		   "the provider's limit is %s a %s: it can be lowered, not "
		   "raised; ask the provider",
		   mils_format(provider, text), names[of]);
}

bool
limits_may_set(const struct limits *was, const struct limits *to, enum side by,
    struct err *e)
{
	if (by == SIDE_PROVIDER)
		return true;
	for (int i = 0; i < LIMITS; i++) {
		mils provider = was->most[SIDE_PROVIDER][i];
		mils own = to->most[SIDE_CUSTOMER][i];

		if (to->most[SIDE_PROVIDER][i] != provider)
			return err_set(e, ERR_DENIED,
			    "this limit is the provider's: ask the provider");
		if (own != was->most[SIDE_CUSTOMER][i] &&
		    !may_set(provider, own, (enum limit)i, e))
			return false;
	}
	return true;
}
