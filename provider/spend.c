/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/spend.h"

#include "base/date.h"
#include "provider/store_customer.h"

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
		u->day_spent = u->day_free = 0;
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
check_free(const struct worker *w, const struct user_system *u, int64_t more,
    struct err *e)
{
	int most = w->provider->redates;

	return more == 0 || u->day_free + more <= most ||
	       err_set(e, ERR_DENIED,
		   "user system %s gets %d stamps of no value a day (date "
		   "corrections): it had %lld, and %lld are asked for; wait "
		   "until tomorrow, or ask the provider",
		   u->name, most, (long long)u->day_free, (long long)more);
}

bool
spend_is_own(const struct user_system *u)
{
	const struct limits *l = &u->customer_limits;
	enum side by;

	return limits_least(l, LIMIT_DAY, &by) < 0 &&
	       limits_least(l, LIMIT_MONTH, &by) < 0;
}

bool
spend_allowed(struct worker *w, struct user_system *u, const struct spend *more,
    bool look, struct err *e)
{
	struct spent_sums spent;

	turn_calendar(u, worker_today(w));
	spent =
	    (struct spent_sums){.day = u->day_spent, .month = u->month_spent};
	if (!check_free(w, u, more->free, e) ||
	    !check_sums(&u->limits, &spent, "", more->sum, e))
		return false;
	if (spend_is_own(u))
		return true;
	store_customer_spent_ask(w->store, u->customer, worker_today(w), !look);
	return store_customer_spent_get(w->store, !look, &spent, e) &&
	       check_sums(look ? &u->customer_limits : &spent.limits, &spent,
		   u->customer_name, more->sum, e);
}

void
spend_count(struct user_system *u, const struct spend *what)
{
	u->day_spent += what->sum;
	u->month_spent += what->sum;
	u->day_free += what->free;
}
