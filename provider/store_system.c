/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/store_system.h"

#include <stdio.h>
#include <string.h>

/* "FOR UPDATE OF" is PostgreSQL's; SQLite has one writer anyway. */
#define SQL_SYSTEM                                                       \
	"SELECT u.id, u.account, u.name, a.name, u.state, a.state, "     \
	"a.reason, c.state, c.reason, u.secret, u.fingerprint, "         \
	"u.address, u.stamp_max, u.day_max, u.month_max, "               \
	"u.cost_required, a.credit, a.load, a.add_below, a.add_amount, " \
	"n.fence, n.pieces, n.ascending, n.day, n.month, n.day_spent, "  \
	"n.month_spent, CASE WHEN EXISTS (SELECT 1 FROM cost_code k "    \
	"WHERE k.account = a.id) THEN 1 ELSE 0 END, u.by_customer "      \
	"FROM usersystem_count n "                                       \
	"JOIN usersystem u ON u.id = n.usersystem "                      \
	"JOIN account a ON a.id = u.account "                            \
	"JOIN customer c ON c.id = a.customer "
#define SQL_ONE SQL_SYSTEM "WHERE n.usersystem = $1"

void
store_system_ask(struct store *s, int64_t id, bool lock)
{
	store_put_int(s, id);
	if (lock && store_engine(s) == STORE_POSTGRESQL)
		store_send(s, SQL_ONE " FOR UPDATE OF n");
	else
		store_send(s, SQL_ONE);
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

static void
read_counts(struct store *s, struct user_system *out)
{
	out->stamp_max = store_int(s, 12);
	out->day_max = store_int(s, 13);
	out->month_max = store_int(s, 14);
	out->cost_required = store_int(s, 15) != 0;
	out->credit = store_int(s, 16);
	out->load = store_int(s, 17);
	out->add_below = store_int(s, 18);
	out->add_amount = store_int(s, 19);
	out->fence = store_int(s, 20);
	out->pieces = store_int(s, 21);
	out->ascending = store_int(s, 22);
	out->day = (uint32_t)store_int(s, 23);
	out->month = (uint32_t)store_int(s, 24);
	out->day_spent = store_int(s, 25);
	out->month_spent = store_int(s, 26);
	out->has_costs = store_int(s, 27) != 0;
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
	read_who(s, out);
	read_counts(s, out);
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

		read_who(s, &u);
		read_counts(s, &u);
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
	store_put_int(s, u->id);
	store_send(s, "UPDATE usersystem_count SET fence = $1, pieces = $2, "
		      "ascending = $3, day = $4, month = $5, day_spent = $6, "
		      "month_spent = $7 WHERE usersystem = $8");
}

bool
store_system_loaded(struct store *s, int64_t account, mils *out, struct err *e)
{
	store_put_int(s, account);
	if (!store_run(s,
		"SELECT CAST(COALESCE(SUM(t.control_total - t.ascending), 0) "
		"AS BIGINT) FROM psd p JOIN psd_state t ON t.psd = p.serial "
		"WHERE p.account = $1 AND p.state = 'operational'",
		e))
		return false;
	*out = store_row(s) ? store_int(s, 0) : 0;
	return true;
}

bool
store_system_limits(struct store *s, const struct user_system *u, struct err *e)
{
	store_put_int(s, u->stamp_max);
	store_put_int(s, u->day_max);
	store_put_int(s, u->month_max);
	store_put_int(s, u->cost_required);
	store_put_int(s, u->id);
	return store_run(s,
	    "UPDATE usersystem SET stamp_max = $1, day_max = $2, "
	    "month_max = $3, cost_required = $4 WHERE id = $5",
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
	store_put_int(s, u->stamp_max);
	store_put_int(s, u->day_max);
	store_put_int(s, u->month_max);
	store_put_int(s, u->cost_required);
	store_put_int(s, made);
	if (!store_run(s,
		"INSERT INTO usersystem (account, name, secret, fingerprint, "
		"address, stamp_max, day_max, month_max, cost_required, made) "
		"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
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
