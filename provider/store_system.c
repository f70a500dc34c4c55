/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/store_system.h"

#include <stdio.h>
#include <string.h>

#define SQL_SYSTEM                                                      \
	"SELECT u.id, u.account, u.name, a.name, u.state, a.state, "    \
	"a.reason, c.state, c.reason, u.secret, u.fingerprint, "        \
	"u.address, u.stamp_max, u.day_max, u.month_max, "              \
	"u.own_stamp_max, u.own_day_max, u.own_month_max, "             \
	"u.cost_required, u.own_cost_required, c.id, c.name, "          \
	"c.stamp_max, c.day_max, c.month_max, c.own_stamp_max, "        \
	"c.own_day_max, c.own_month_max, u.by_customer, "               \
	"a.credit, a.load, a.add_below, a.add_amount, "                 \
	"n.fence, n.pieces, n.ascending, n.day, n.month, n.day_spent, " \
	"n.month_spent, n.day_free, CASE WHEN EXISTS (SELECT 1 FROM "   \
	"cost_code k "                                                  \
	"WHERE k.account = a.id) THEN 1 ELSE 0 END, n.newest "          \
	"FROM usersystem_count n "                                      \
	"JOIN usersystem u ON u.id = n.usersystem "                     \
	"JOIN account a ON a.id = u.account "                           \
	"JOIN customer c ON c.id = a.customer "
#define SQL_ONE SQL_SYSTEM "WHERE n.usersystem = $1"

/* Its row has no system's number. */
#define SQL_WAIT                                                    \
	"SELECT 0 FROM usersystem_count WHERE usersystem = $1 FOR " \
	"UPDATE"

/* Who waits for the lock may have waited for new limits, a suspension: the rows
 * beside the locked one are read by a statement that begins behind it. */
void
store_system_ask(struct store *s, int64_t id, enum store_lock lock)
{
	if (lock == STORE_LOCK) {
		store_put_int(s, id);
		store_send(s, SQL_WAIT);
	}
	store_put_int(s, id);
	store_send(s, lock == STORE_LOCK_FREE ? SQL_ONE
			  " FOR UPDATE OF n SKIP LOCKED"
					      : SQL_ONE);
}

static void
copy(struct store *s, int i, char *out, size_t size)
{
	snprintf(out, size, "%s", store_text(s, i));
}

static bool
is(struct store *s, int i, const char *state)
{
	return strcmp(store_text(s, i), state) == 0;
}

static void
judge(struct store *s, struct user_system *out)
{
	out->withdrawn = is(s, 4, "withdrawn");
	if (out->withdrawn)
		snprintf(out->why, sizeof(out->why),
		    "this user system was withdrawn");
	else if (!is(s, 4, "active"))
		snprintf(out->why, sizeof(out->why),
		    "this user system is suspended: ask %s",
		    store_int(s, 28) != 0 ? "your administrator"
					  : "the provider");
	else if (!is(s, 5, "active"))
		snprintf(out->why, sizeof(out->why), "account %s is locked: %s",
		    store_text(s, 3), store_text(s, 6));
	else if (!is(s, 7, "active"))
		snprintf(out->why, sizeof(out->why),
		    "the customer is suspended%s%s",
		    *store_text(s, 8) ? ": " : ", ask the provider",
		    store_text(s, 8));
}

static void
read_who(struct store *s, struct user_system *out)
{
	const uint8_t *secret;
	size_t len;

	out->id = store_int(s, 0);
	out->account = store_int(s, 1);
	copy(s, 2, out->name, sizeof(out->name));
	copy(s, 3, out->account_name, sizeof(out->account_name));
	judge(s, out);
	secret = store_blob(s, 9, &len);
	out->has_secret = len == SECRET_BYTES;
	if (out->has_secret)
		memcpy(out->secret, secret, SECRET_BYTES);
	copy(s, 10, out->fingerprint, sizeof(out->fingerprint));
	copy(s, 11, out->address, sizeof(out->address));
}

void
store_limits_put(struct store *s, const struct limits *l)
{
	for (int by = 0; by < SIDES; by++)
		for (int of = 0; of < LIMITS; of++)
			store_put_int(s, l->most[by][of]);
}

void
store_limits_get(struct store *s, int column, struct limits *out)
{
	for (int by = 0; by < SIDES; by++)
		for (int of = 0; of < LIMITS; of++)
			out->most[by][of] = store_int(s, column++);
}

static void
read_rules(struct store *s, struct user_system *out)
{
	store_limits_get(s, 12, &out->limits);
	out->cost_required[SIDE_PROVIDER] = store_int(s, 18) != 0;
	out->cost_required[SIDE_CUSTOMER] = store_int(s, 19) != 0;
	out->customer = store_int(s, 20);
	copy(s, 21, out->customer_name, sizeof(out->customer_name));
	store_limits_get(s, 22, &out->customer_limits);
}

static void
read_counts(struct store *s, struct user_system *out)
{
	out->credit = store_int(s, 29);
	out->load = store_int(s, 30);
	out->add_below = store_int(s, 31);
	out->add_amount = store_int(s, 32);
	out->fence = store_int(s, 33);
	out->pieces = store_int(s, 34);
	out->ascending = store_int(s, 35);
	out->day = (uint32_t)store_int(s, 36);
	out->month = (uint32_t)store_int(s, 37);
	out->day_spent = store_int(s, 38);
	out->month_spent = store_int(s, 39);
	out->day_free = store_int(s, 40);
	out->has_costs = store_int(s, 41) != 0;
	out->newest = (uint32_t)store_int(s, 42);
}

static void
read_system(struct store *s, struct user_system *out)
{
	read_who(s, out);
	read_rules(s, out);
	read_counts(s, out);
}

bool
store_system_get(
    struct store *s, struct user_system *out, bool *found, struct err *e)
{
	*out = (struct user_system){.id = 0};
	*found = false;
	if (!store_receive(s, e))
		return false;
	*found = store_row(s);
	if (!*found)
		return true;
	if (store_int(s, 0) == 0)
		return store_system_get(s, out, found, e); /* it is locked */
	read_system(s, out);
	return true;
}

bool
store_system_list(
    struct store *s, system_fn *each, void *context, struct err *e)
{
	if (!store_run(s, SQL_SYSTEM "ORDER BY u.id", e))
		return false;
	while (store_row(s)) {
		struct user_system u = {.id = 0};

		read_system(s, &u);
		each(context, &u);
	}
	return true;
}

bool
store_system_agrees(const struct user_system *was, const struct user_system *is)
{
	return was->id == is->id && was->account == is->account &&
	       was->has_secret == is->has_secret &&
	       memcmp(was->secret, is->secret, SECRET_BYTES) == 0 &&
	       strcmp(was->fingerprint, is->fingerprint) == 0 &&
	       strcmp(was->address, is->address) == 0 && !is->withdrawn;
}

bool
store_system_by_fingerprint(struct store *s, const char *fingerprint,
    int64_t *id, bool *found, struct err *e)
{
	store_put_text(s, fingerprint);
	*found = false;
	if (!store_run(
		s, "SELECT id FROM usersystem WHERE fingerprint = $1", e))
		return false;
	*found = store_row(s);
	*id = *found ? store_int(s, 0) : 0;
	return true;
}

void
store_system_put(struct store *s, const struct user_system *u)
{
	store_put_int(s, u->fence);
	store_put_int(s, u->pieces);
	store_put_int(s, u->ascending);
	store_put_int(s, u->day);
	store_put_int(s, u->month);
	store_put_int(s, u->day_spent);
	store_put_int(s, u->month_spent);
	store_put_int(s, u->day_free);
	store_put_int(s, u->newest);
	store_put_int(s, u->id);
}

void
store_system_send(struct store *s)
{
	store_send_rows(s,
	    "UPDATE usersystem_count SET fence = v.column1, "
	    "pieces = v.column2, ascending = v.column3, day = v.column4, "
	    "month = v.column5, day_spent = v.column6, "
	    "month_spent = v.column7, day_free = v.column8, "
	    "newest = v.column9 FROM (VALUES",
	    10, ") AS v WHERE usersystem = v.column10");
}

bool
store_system_loaded(struct store *s, int64_t account, uint32_t expires,
    mils *out, struct err *e)
{
	store_put_int(s, account);
	store_put_int(s, expires);
	if (!store_run(s,
		"SELECT CAST(COALESCE(SUM(t.control_total - t.ascending), 0) "
		"AS BIGINT) FROM psd p JOIN psd_state t ON t.psd = p.serial "
		"WHERE p.account = $1 AND p.state = 'operational' AND "
		"p.expires >= $2",
		e))
		return false;
	*out = store_row(s) ? store_int(s, 0) : 0;
	return true;
}

static void
put_rules(struct store *s, const struct user_system *u)
{
	store_limits_put(s, &u->limits);
	store_put_int(s, u->cost_required[SIDE_PROVIDER]);
	store_put_int(s, u->cost_required[SIDE_CUSTOMER]);
}

/* The lock is a statement of its own: the next one sees what whoever had it before
 * wrote. */
bool
store_system_rules(
    struct store *s, int64_t id, struct user_system *out, struct err *e)
{
	bool found;

	store_put_int(s, id);
	if (!store_run(
		s, "SELECT 1 FROM usersystem WHERE id = $1 FOR UPDATE", e))
		return false;
	store_system_ask(s, id, STORE_LOOK);
	return store_system_get(s, out, &found, e) &&
	       (found || err_set(e, ERR_SYSTEM, "a user system has gone"));
}

bool
store_system_limits(struct store *s, const struct user_system *u, struct err *e)
{
	put_rules(s, u);
	store_put_int(s, u->id);
	return store_run(s,
	    "UPDATE usersystem SET stamp_max = $1, day_max = $2, "
	    "month_max = $3, own_stamp_max = $4, own_day_max = $5, "
	    "own_month_max = $6, cost_required = $7, own_cost_required = $8 "
	    "WHERE id = $9",
	    e);
}

bool
store_system_add(struct store *s, const struct user_system *u, int64_t made,
    int64_t *id, struct err *e)
{
	store_put_int(s, u->account);
	store_put_text(s, u->name);
	if (u->has_secret)
		store_put_blob(s, u->secret, SECRET_BYTES);
	else
		store_put_null(s);
	store_put_text(s, u->fingerprint[0] ? u->fingerprint : NULL);
	store_put_text(s, u->address[0] ? u->address : NULL);
	put_rules(s, u);
	store_put_int(s, made);
	if (!store_run(s,
		"INSERT INTO usersystem (account, name, secret, fingerprint, "
		"address, stamp_max, day_max, month_max, own_stamp_max, "
		"own_day_max, own_month_max, cost_required, "
		"own_cost_required, made) VALUES "
		"($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) "
		"RETURNING id",
		e))
		return false;
	if (!store_row(s))
		return err_set(e, ERR_SYSTEM, "no user system was added");
	*id = store_int(s, 0);
	store_put_int(s, *id);
	return store_run(
	    s, "INSERT INTO usersystem_count (usersystem) VALUES ($1)", e);
}
