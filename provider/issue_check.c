/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a user system may spend.
 */
#include "base/date.h"
#include "provider/issue_own.h"
#include "provider/store_cost.h"
#include "provider/store_customer.h"

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

/* Forwards: servers whose clocks differ would else begin one day again and
 * again around midnight.  A day that is far ahead was a wrong clock's. */
static bool
is_newer(uint32_t today, uint32_t last, uint32_t tomorrow)
{
	return today > last || last > tomorrow;
}

static void
turn_calendar(struct user_system *u, uint32_t today)
{
	uint32_t tomorrow = date_add(today, 1);

	if (is_newer(today, u->day, tomorrow)) {
		u->day = today;
		u->day_spent = 0;
	}
	if (is_newer(today / 100, u->month, tomorrow / 100)) {
		u->month = today / 100;
		u->month_spent = 0;
	}
}

static bool
check_sums(const struct limits *l, const struct spent_sums *spent,
    const char *whose, mils more, struct err *e)
{
	const struct spending day = {LIMIT_DAY, spent->day, more, whose};
	const struct spending month = {LIMIT_MONTH, spent->month, more, whose};

	return limits_allow(l, &day, e) && limits_allow(l, &month, e);
}

static bool
sums_limited(const struct limits *l)
{
	enum side by;

	return limits_least(l, LIMIT_DAY, &by) >= 0 ||
	       limits_least(l, LIMIT_MONTH, &by) >= 0;
}

bool
issue_is_simple(const struct attempt *a)
{
	return !a->system.has_costs &&
	       !sums_limited(&a->system.customer_limits);
}

/* All user systems of a customer that has a limit spend one after the other, from
 * here to the commit; those of others never meet. */
static bool
check_customer(struct attempt *a, struct err *e)
{
	const struct user_system *u = &a->system;
	struct spent_sums spent;

	if (!sums_limited(&u->customer_limits))
		return true;
	store_customer_spent_ask(
	    a->w->store, u->customer, worker_today(a->w), !a->trial);
	return store_customer_spent_get(a->w->store, !a->trial, &spent, e) &&
	       check_sums(
		   &u->customer_limits, &spent, u->customer_name, a->sum, e);
}

bool
issue_check(struct attempt *a, struct err *e)
{
	struct user_system *u = &a->system;
	struct spent_sums spent;

	if (u->why[0] != '\0')
		return err_set(e, ERR_DENIED, "%s", u->why);
	if (!check_fence(a, e) || !check_bought(a, e))
		return false;
	turn_calendar(u, worker_today(a->w));
	spent = (struct spent_sums){u->day_spent, u->month_spent};
	return check_items(a, e) && check_costs(a, e) &&
	       check_sums(&u->limits, &spent, "", a->sum, e) &&
	       check_customer(a, e);
}

void
issue_count(struct attempt *a)
{
	struct user_system *u = &a->system;

	u->ascending += a->sum;
	u->pieces += (int64_t)a->fresh;
	u->day_spent += a->sum;
	u->month_spent += a->sum;
}
