/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Value that is wanted ahead: whoever prices a whole document first would never
 * order what the account's card is to pay.
 */
#include <stdlib.h>

#include "provider/issue_own.h"
#include "provider/pay.h"

/* As an order of that sum, of stamps that are not said. */
static bool
read_once(struct attempt *a, mils *loaded, struct err *e)
{
	struct store *s = a->w->store;

	if (!store_begin(s, STORE_WRITE, e))
		return false;
	store_system_ask(s, a->order->who->id, STORE_LOOK);
	return issue_read_system(a, e) && issue_check(a, e) &&
	       store_system_loaded(
		   s, a->system.account, worker_today(a->w), loaded, e) &&
	       store_commit(s, e);
}

static bool
read_funds(struct attempt *a, mils *loaded, struct err *e)
{
	bool done;

	again_begin(&a->again, ISSUE_TRIES);
	do {
		done = read_once(a, loaded, e);
		store_rollback(a->w->store);
	} while (!done && again(&a->again, a->w, e));
	return done;
}

static bool
add(struct attempt *a, struct user_system *out, mils *loaded, struct err *e)
{
	mils added;

	if (!read_funds(a, loaded, e))
		return false;
	if (*loaded + a->system.credit < a->sum &&
	    (!pay_auto(a->w, a->system.account, a->sum - *loaded, &added, e) ||
		!read_funds(a, loaded, e)))
		return false;
	*out = a->system;
	return true;
}

bool
issue_funds(struct worker *w, const struct user_system *who, mils needed,
    struct user_system *out, mils *loaded, struct err *e)
{
	struct issue_order order = {.who = who};
	struct issue_result *result = calloc(1, sizeof(*result));
	struct attempt *a = issue_attempt(w, &order, result, e);
	bool done = false;

	if (result == NULL)
		err_system(e, "memory");
	else if (a != NULL) {
		a->trial = true;
		a->sum = needed;
		done = add(a, out, loaded, e);
	}
	issue_attempt_free(a);
	free(result);
	return done;
}
