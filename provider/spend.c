/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/spend.h"

#include "base/date.h"
#include "provider/store_customer.h"

/* Tomorrow is now, too: servers whose clocks differ would else begin one day again
 * and again around midnight. */
static bool
is_now(uint32_t today, uint32_t counted, uint32_t tomorrow)
{
	return today <= counted && counted <= tomorrow;
}

static bool
turn_day(struct worker *w, struct user_system *u, uint32_t today, struct err *e)
{
	uint32_t tomorrow = date_add(today, 1);

	if (is_now(today, u->day, tomorrow))
		return true;
	u->day_spent = u->day_free = 0;
	/* or it was before, by a clock that was wrong */
	if (u->newest >= today && (!store_system_spent(w->store, u->id, today,
				       tomorrow, &u->day_spent, e) ||
				      !store_system_free(w->store, u->id, today,
					  tomorrow, &u->day_free, e)))
		return false;
	u->day = today;
	return true;
}

static bool
turn_month(
    struct worker *w, struct user_system *u, uint32_t today, struct err *e)
{
	if (is_now(today / 100, u->month, date_add(today, 1) / 100))
		return true;
	u->month_spent = 0;
	if (u->newest >= date_month(today) &&
	    !store_system_spent(w->store, u->id, date_month(today),
		date_month_next(today), &u->month_spent, e))
		return false;
	u->month = today / 100;
	return true;
}

static bool
turn_calendar(struct worker *w, struct user_system *u, struct err *e)
{
	uint32_t today = worker_today(w);

	if (!turn_month(w, u, today, e) || !turn_day(w, u, today, e))
		return false;
	if (u->newest < today)
		u->newest = today;
	return true;
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

static bool
has_customer_limit(const struct user_system *u)
{
	const struct limits *l = &u->customer_limits;
	enum side by;

	return limits_least(l, LIMIT_DAY, &by) >= 0 ||
	       limits_least(l, LIMIT_MONTH, &by) >= 0;
}

/* turn_calendar() asks the books. */
static bool
is_looked_up(const struct user_system *u, uint32_t today)
{
	uint32_t tomorrow = date_add(today, 1);

	return (u->newest >= today && !is_now(today, u->day, tomorrow)) ||
	       (u->newest >= date_month(today) &&
		   !is_now(today / 100, u->month, tomorrow / 100));
}

bool
spend_is_own(const struct worker *w, const struct user_system *u)
{
	return !has_customer_limit(u) && !is_looked_up(u, worker_today(w));
}

bool
spend_allowed(struct worker *w, struct user_system *u, const struct spend *more,
    bool look, struct err *e)
{
	struct spent_sums spent;

	if (!turn_calendar(w, u, e))
		return false;
	spent =
	    (struct spent_sums){.day = u->day_spent, .month = u->month_spent};
	if (!check_free(w, u, more->free, e) ||
	    !check_sums(&u->limits, &spent, "", more->sum, e))
		return false;
	if (!has_customer_limit(u))
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
