/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An order on trial: all that issuing does, and then nothing of it is kept.
 */
#include "provider/issue_own.h"

#include <stdlib.h>

/* Of those that issue the stamps: all that expire later do, too. */
static uint32_t
first_to_expire(const struct attempt *a)
{
	uint32_t first = a->list[0].expires;

	for (size_t i = 1; i < a->listed + a->elsewhere; i++)
		if (a->list[i].expires < first)
			first = a->list[i].expires;
	return first;
}

static bool
try_all(struct attempt *a, struct issue_price *out, struct err *e)
{
	struct store *s = a->w->store;
	mils loaded;

	if (!store_begin(s, STORE_WRITE, e) || !issue_ask(a, e) ||
	    (a->fresh > 0 && (!issue_check(a, e) || !issue_sheets(a, e) ||
				 !issue_try_debit(a, e))) ||
	    !store_system_loaded(
		s, a->system.account, first_to_expire(a), &loaded, e))
		return false;
	out->due = a->sum;
	out->funds = loaded + a->system.credit;
	return true;
}

static bool
quote(struct attempt *a, struct issue_price *out, struct err *e)
{
	bool done;

	again_begin(&a->again, ISSUE_TRIES);
	do {
		issue_take(a);
		done = try_all(a, out, e);
		store_rollback(a->w->store);
	} while (!done && again(&a->again, a->w, e));
	return done;
}

/* All PSDs are taken: one of them may be withheld. */
bool
issue_quote(struct worker *w, const struct issue_order *order,
    struct issue_price *out, struct err *e)
{
	struct issue_result *result = calloc(1, sizeof(*result));
	struct attempt *a = issue_attempt(w, order, result, e);
	bool done = false;

	*out = (struct issue_price){.total = 0};
	if (result == NULL)
		err_system(e, "memory");
	else if (a != NULL && issue_add_up(order, &out->total, e)) {
		a->look_up = a->all = a->trial = true;
		done = issue_choose(a, w->turn, e) && quote(a, out, e);
		out->other_request = result->other_request;
	}
	issue_attempt_free(a);
	free(result);
	return done;
}
