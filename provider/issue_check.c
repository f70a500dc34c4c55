/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a user system may spend.
 */
#include "base/date.h"
#include "provider/issue_own.h"
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
over(mils limit, mils spent, mils more)
{
	return limit >= 0 && (more > limit || spent > limit - more);
}

static bool
limit(mils most, mils spent, mils more, const char *of, struct err *e)
{
	char text[MILS_TEXT], was[MILS_TEXT], want[MILS_TEXT];

	if (!over(most, spent, more))
		return true;
	return err_set(e, ERR_DENIED,
	    "the limit of this user system is %s a %s: %s spent, %s asked for; "
	    "an administrator can change it (postaged system limits)",
	    mils_format(most, text), of, mils_format(spent, was),
	    mils_format(more, want));
}

static bool
check_items(const struct attempt *a, struct err *e)
{
	const struct issue_order *o = a->order;

	for (size_t i = 0; i < o->count; i++) {
		if (a->known[i])
			continue;
		if (!limit(a->system.stamp_max, 0, o->item[i].request.amount,
			"stamp", e))
			return false;
		if (a->system.cost_required && o->item[i].cost[0] == '\0')
			return err_set(e, ERR_REQUEST,
			    "stamp %zu: this user system has to name a cost "
			    "code for each stamp",
			    i + 1);
	}
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

bool
issue_check(struct attempt *a, struct err *e)
{
	struct user_system *u = &a->system;

	if (u->why[0] != '\0')
		return err_set(e, ERR_DENIED, "%s", u->why);
	if (!check_fence(a, e) || !check_bought(a, e))
		return false;
	turn_calendar(u, worker_today(a->w));
	return check_items(a, e) && check_costs(a, e) &&
	       limit(u->day_max, u->day_spent, a->sum, "day", e) &&
	       limit(u->month_max, u->month_spent, a->sum, "month", e);
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
