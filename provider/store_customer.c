/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/store_customer.h"

#include <stdio.h>

#include "base/date.h"

#define SQL_CUSTOMER                                               \
	"SELECT c.id, c.name, c.state, c.reason, c.stamp_max, "    \
	"c.day_max, c.month_max, c.own_stamp_max, c.own_day_max, " \
	"c.own_month_max, c.systems_max FROM customer c "
#define SQL_NAME SQL_CUSTOMER "WHERE c.name = $1"
#define SQL_ACCOUNT                                                    \
	SQL_CUSTOMER "WHERE c.id = (SELECT a.customer FROM account a " \
		     "WHERE a.id = $1)"
#define SQL_LOCK                                                  \
	"SELECT stamp_max, day_max, month_max, own_stamp_max, "   \
	"own_day_max, own_month_max FROM customer WHERE id = $1 " \
	"FOR UPDATE"

/* --- one -------------------------------------------------------------------------- */

static void
read_customer(struct store *s, struct customer *out)
{
	*out = (struct customer){
	    .id = store_int(s, 0), .systems_max = store_int(s, 10)};
	snprintf(out->name, sizeof(out->name), "%s", store_text(s, 1));
	snprintf(out->state, sizeof(out->state), "%s", store_text(s, 2));
	snprintf(out->reason, sizeof(out->reason), "%s", store_text(s, 3));
	store_limits_get(s, 4, &out->limits);
}

/* A statement of its own: it sees what whoever had the lock before wrote. */
static bool
count_systems(struct store *s, struct customer *c, struct err *e)
{
	store_put_int(s, c->id);
	if (!store_run(s,
		"SELECT COUNT(*) FROM account a "
		"JOIN usersystem u ON u.account = a.id WHERE a.customer = $1 "
		"AND (u.state <> 'withdrawn' OR u.by_provider = 1 OR "
		"u.stamp_max >= 0 OR u.day_max >= 0 OR u.month_max >= 0 OR "
		"u.cost_required = 1)",
		e))
		return false;
	c->systems = store_row(s) ? store_int(s, 0) : 0;
	return true;
}

bool
store_customer_read(struct store *s, const char *name, bool lock,
    struct customer *out, struct err *e)
{
	store_put_text(s, name);
	if (!store_run(s, lock ? SQL_NAME " FOR UPDATE" : SQL_NAME, e))
		return false;
	if (!store_row(s))
		return err_set(
		    e, ERR_REQUEST, "there is no customer \"%s\"", name);
	read_customer(s, out);
	return count_systems(s, out, e);
}

bool
store_customer_of(
    struct store *s, int64_t account, struct customer *out, struct err *e)
{
	store_put_int(s, account);
	if (!store_run(s, SQL_ACCOUNT " FOR UPDATE", e))
		return false;
	if (!store_row(s))
		return err_set(e, ERR_REQUEST, "there is no account %lld",
		    (long long)account);
	read_customer(s, out);
	return count_systems(s, out, e);
}

bool
store_customer_limits(struct store *s, const struct customer *c, struct err *e)
{
	store_limits_put(s, &c->limits);
	store_put_int(s, c->systems_max);
	store_put_int(s, c->id);
	return store_run(s,
	    "UPDATE customer SET stamp_max = $1, day_max = $2, "
	    "month_max = $3, own_stamp_max = $4, own_day_max = $5, "
	    "own_month_max = $6, systems_max = $7 WHERE id = $8",
	    e);
}

/* --- what it spent ------------------------------------------------------------------ */

/* Stamps of PSDs here, and value for PSDs in the field. */
#define SQL_SPENT(system, from, to)                                        \
	"(SELECT CAST(COALESCE(SUM(t.amount), 0) AS BIGINT) FROM stamp t " \
	"WHERE t.usersystem = " system " AND t.made >= " from              \
	" AND t.made < " to ") + (SELECT CAST(COALESCE(SUM(d.amount), 0) " \
	"AS BIGINT) FROM download d WHERE d.usersystem = " system          \
	" AND d.made >= " from " AND d.made < " to ")"

static void
put_between(struct store *s, uint32_t first, uint32_t past)
{
	store_put_int(s, (int64_t)date_begin(first) * 1000);
	store_put_int(s, (int64_t)date_begin(past) * 1000);
}

bool
store_system_spent(struct store *s, int64_t system, uint32_t first,
    uint32_t past, mils *out, struct err *e)
{
	store_put_int(s, system);
	put_between(s, first, past);
	if (!store_run(s, "SELECT " SQL_SPENT("$1", "$2", "$3"), e))
		return false;
	*out = store_row(s) ? store_int(s, 0) : 0;
	return true;
}

bool
store_system_free(struct store *s, int64_t system, uint32_t first,
    uint32_t past, int64_t *out, struct err *e)
{
	store_put_int(s, system);
	put_between(s, first, past);
	if (!store_run(s,
		"SELECT COUNT(*) FROM stamp WHERE usersystem = $1 "
		"AND made >= $2 AND made < $3 AND amount = 0",
		e))
		return false;
	*out = store_row(s) ? store_int(s, 0) : 0;
	return true;
}

/* Its user systems count; a count of the customer's own would be a second truth.
 * Days as spend.c turns them: that of a server whose clock is ahead is this
 * day, too. */
#define SQL_SPENT_DAY	SQL_SPENT("u.id", "$6", "$7")
#define SQL_SPENT_MONTH SQL_SPENT("u.id", "$8", "$9")
#define SQL_SPENT_BY_ALL                                              \
	"SELECT CAST(COALESCE(SUM(CASE WHEN n.day BETWEEN $2 AND $3 " \
	"THEN n.day_spent WHEN n.newest < $2 THEN 0 "                 \
	"ELSE " SQL_SPENT_DAY " END), 0) AS BIGINT), "                \
	"CAST(COALESCE(SUM(CASE WHEN n.month BETWEEN $4 AND $5 "      \
	"THEN n.month_spent WHEN n.newest / 100 < $4 THEN 0 "         \
	"ELSE " SQL_SPENT_MONTH " END), 0) AS BIGINT) "               \
	"FROM account a JOIN usersystem u ON u.account = a.id "       \
	"JOIN usersystem_count n ON n.usersystem = u.id "             \
	"WHERE a.customer = $1"

void
store_customer_spent_ask(struct store *s, int64_t id, uint32_t today, bool lock)
{
	uint32_t tomorrow = date_add(today, 1);

	if (lock) {
		store_put_int(s, id);
		store_send(s, SQL_LOCK);
	}
	store_put_int(s, id);
	store_put_int(s, today);
	store_put_int(s, tomorrow);
	store_put_int(s, today / 100);
	store_put_int(s, tomorrow / 100);
	put_between(s, today, tomorrow);
	put_between(s, date_month(today), date_month_next(today));
	store_send(s, SQL_SPENT_BY_ALL);
}

bool
store_customer_spent_get(
    struct store *s, bool lock, struct spent_sums *out, struct err *e)
{
	*out = (struct spent_sums){.limits = LIMITS_NONE};
	if (lock && !store_receive(s, e))
		return false;
	if (lock && store_row(s))
		store_limits_get(s, 0, &out->limits);
	if (!store_receive(s, e))
		return false;
	if (store_row(s)) {
		out->day = store_int(s, 0);
		out->month = store_int(s, 1);
	}
	return true;
}
