/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a user system may spend.
 */
#include "provider/issue_own.h"
#include "provider/spend.h"
#include "provider/store_cost.h"

static bool
check_fence(struct attempt *a, struct err *e)
{
	if (a->trial || a->order->fence == a->system.fence)
		return true;
	a->overtaken = true;
	return err_set(e, ERR_BUSY,
	    "the request was overtaken: its fence is %lld, that of the user "
	    "system %lld; nothing was debited",
	    (long long)a->order->fence, (long long)a->system.fence);
}

static bool
check_bought(const struct attempt *a, struct err *e)
{
	return a->order->buys == 0 || a->open ||
	       err_set(e, ERR_REQUEST,
		   "order %lld was dropped or has expired: nothing was debited",
		   (long long)a->order->buys);
}

static bool
needs_cost(const struct user_system *u)
{
	return u->cost_required[SIDE_PROVIDER] ||
	       u->cost_required[SIDE_CUSTOMER];
}

static bool
check_item(const struct attempt *a, size_t i, struct err *e)
{
	const struct issue_item *item = &a->order->item[i];
	const struct user_system *u = &a->system;
	struct spending s = {
	    .of = LIMIT_STAMP, .more = item->request.amount, .whose = ""};

	if (!limits_allow(&u->limits, &s, e))
		return false;
	s.whose = u->customer_name;
	if (!limits_allow(&u->customer_limits, &s, e))
		return false;
	return !needs_cost(u) || item->cost[0] != '\0' ||
	       err_set(e, ERR_REQUEST,
		   "stamp %zu: this user system has to name a cost code for "
		   "each stamp",
		   i + 1);
}

static bool
check_items(const struct attempt *a, struct err *e)
{
	for (size_t i = 0; i < a->order->count; i++)
		if (!a->known[i] && !check_item(a, i, e))
			return false;
	return true;
}

static bool
check_costs(struct attempt *a, struct err *e)
{
	const struct issue_order *o = a->order;
	struct store *s = a->w->store;
	bool known;

	if (!a->system.has_costs)
		return true;
	for (size_t i = 0; i < o->count; i++)
		if (!a->known[i] && o->item[i].cost[0] != '\0')
			store_cost_ask(s, a->system.account, o->item[i].cost);
	for (size_t i = 0; i < o->count; i++) {
		if (a->known[i] || o->item[i].cost[0] == '\0')
			continue;
		if (!store_cost_get(s, &known, e))
			return false;
		if (!known)
			return err_set(e, ERR_REQUEST,
			    "stamp %zu: account %s has no cost code \"%s\"",
			    i + 1, a->system.account_name, o->item[i].cost);
	}
	return true;
}

bool
issue_is_simple(const struct attempt *a)
{
	return !a->system.has_costs && spend_is_own(a->w, &a->system);
}

bool
issue_check(struct attempt *a, struct err *e)
{
	const struct spend more = {a->sum, a->free};
	struct user_system *u = &a->system;

	if (u->why[0] != '\0')
		return err_set(e, ERR_DENIED, "%s", u->why);
	return check_fence(a, e) && check_bought(a, e) && check_items(a, e) &&
	       check_costs(a, e) && spend_allowed(a->w, u, &more, a->trial, e);
}

void
issue_count(struct attempt *a)
{
	const struct spend what = {a->sum, a->free};
	struct user_system *u = &a->system;

	u->ascending += a->sum;
	u->pieces += (int64_t)a->fresh;
	spend_count(u, &what);
}
