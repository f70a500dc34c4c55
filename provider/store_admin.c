/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/store_admin.h"

#include <stdio.h>
#include <string.h>

static void
copy(struct store *s, int i, char *out, size_t size)
{
	snprintf(out, size, "%s", store_text(s, i));
}

/* --- licence ------------------------------------------------------------------- */

bool
store_licence_read(struct store *s, struct licence *out, struct err *e)
{
	if (!store_run(s,
		"SELECT number, vendor, holder, currency FROM licence "
		"WHERE one = 1",
		e))
		return false;
	if (!store_row(s))
		return err_set(e, ERR_CONFIG,
		    "the database %s has no licence: postaged init",
		    store_name(s));
	out->number = (uint32_t)store_int(s, 0);
	copy(s, 1, out->vendor, sizeof(out->vendor));
	copy(s, 2, out->holder, sizeof(out->holder));
	out->currency = (uint16_t)store_int(s, 3);
	return true;
}

bool
store_licence_write(struct store *s, const struct licence *l, struct err *e)
{
	store_put_int(s, l->number);
	store_put_text(s, l->vendor);
	store_put_text(s, l->holder);
	store_put_int(s, l->currency);
	if (store_run(s,
		"INSERT INTO licence (one, number, vendor, holder, currency) "
		"VALUES (1, $1, $2, $3, $4)",
		e))
		return true;
	return e->kind == ERR_REQUEST
		   ? err_set(e, ERR_REQUEST,
			 "the database %s has its licence already",
			 store_name(s))
		   : false;
}

/* --- customers, accounts --------------------------------------------------------- */

static bool
new_id(struct store *s, int64_t *id, struct err *e)
{
	if (!store_row(s))
		return err_set(e, ERR_SYSTEM, "nothing was added");
	*id = store_int(s, 0);
	return true;
}

static bool
taken(const char *what, const char *name, struct err *e)
{
	return e->kind == ERR_REQUEST
		   ? err_set(e, ERR_REQUEST,
			 "%s \"%s\" cannot be added: there is one of that "
			 "name, or a value out of range",
			 what, name)
		   : false;
}

bool
store_customer_add(
    struct store *s, const char *name, int64_t made, int64_t *id, struct err *e)
{
	store_put_text(s, name);
	store_put_int(s, made);
	if (!store_run(s,
		"INSERT INTO customer (name, made) VALUES ($1, $2) "
		"ON CONFLICT (name) DO UPDATE SET name = $1 RETURNING id",
		e))
		return taken("customer", name, e);
	return new_id(s, id, e);
}

bool
store_customer_find(
    struct store *s, const char *name, int64_t *id, struct err *e)
{
	store_put_text(s, name);
	if (!store_run(s, "SELECT id FROM customer WHERE name = $1", e))
		return false;
	if (!store_row(s))
		return err_set(
		    e, ERR_REQUEST, "there is no customer \"%s\"", name);
	*id = store_int(s, 0);
	return true;
}

bool
store_account_find(
    struct store *s, const char *name, struct account *out, struct err *e)
{
	store_put_text(s, name);
	if (!store_run(s,
		"SELECT a.id, a.customer, a.name, c.name, a.state, a.reason, "
		"a.credit, a.owed, a.load, a.add_below, a.add_amount "
		"FROM account a JOIN customer c ON c.id = a.customer "
		"WHERE a.name = $1",
		e))
		return false;
	if (!store_row(s))
		return err_set(
		    e, ERR_REQUEST, "there is no account \"%s\"", name);
	out->id = store_int(s, 0);
	out->customer = store_int(s, 1);
	copy(s, 2, out->name, sizeof(out->name));
	copy(s, 3, out->customer_name, sizeof(out->customer_name));
	copy(s, 4, out->state, sizeof(out->state));
	copy(s, 5, out->reason, sizeof(out->reason));
	out->credit = store_int(s, 6);
	out->owed = store_int(s, 7);
	out->load = store_int(s, 8);
	out->add_below = store_int(s, 9);
	out->add_amount = store_int(s, 10);
	return true;
}

bool
store_account_customer(
    struct store *s, int64_t account, int64_t *customer, struct err *e)
{
	store_put_int(s, account);
	if (!store_run(s, "SELECT customer FROM account WHERE id = $1", e))
		return false;
	if (!store_row(s))
		return err_set(e, ERR_REQUEST, "there is no account %lld",
		    (long long)account);
	*customer = store_int(s, 0);
	return true;
}

bool
store_account_add(struct store *s, const struct account *a, int64_t made,
    int64_t *id, struct err *e)
{
	store_put_int(s, a->customer);
	store_put_text(s, a->name);
	store_put_int(s, a->load);
	store_put_int(s, made);
	if (!store_run(s,
		"INSERT INTO account (customer, name, load, made) "
		"VALUES ($1, $2, $3, $4) RETURNING id",
		e))
		return taken("account", a->name, e);
	return new_id(s, id, e);
}

/* --- states ------------------------------------------------------------------------ */

static const struct {
	const char *what, *sql;
	bool reason;
} states[] = {
    {"customer", "UPDATE customer SET state = $1, reason = $2 WHERE name = $3",
	true},
    {"account", "UPDATE account SET state = $1, reason = $2 WHERE name = $3",
	true},
    {"person", "UPDATE person SET state = $1 WHERE login = $2", false},
};

bool
store_state_set(
    struct store *s, const struct state_change *change, struct err *e)
{
	size_t i = 0;

	while (strcmp(states[i].what, change->what) != 0)
		i++;
	store_put_text(s, change->state);
	if (states[i].reason)
		store_put_text(s, change->reason);
	store_put_text(s, change->name);
	if (!store_run(s, states[i].sql, e))
		return false;
	return store_changed(s) == 1 ||
	       err_set(e, ERR_REQUEST, "there is no %s \"%s\"", change->what,
		   change->name);
}

/* --- user systems, PSDs ------------------------------------------------------------ */

static bool
no_system(const char *name, struct err *e)
{
	return err_set(e, ERR_REQUEST,
	    "there is no user system \"%s\", or it was withdrawn, which is "
	    "for ever",
	    name);
}

bool
store_system_named(
    struct store *s, const char *name, int64_t *id, struct err *e)
{
	store_put_text(s, name);
	if (!store_run(s, "SELECT id FROM usersystem WHERE name = $1", e))
		return false;
	if (!store_row(s))
		return err_set(
		    e, ERR_REQUEST, "there is no user system \"%s\"", name);
	*id = store_int(s, 0);
	return true;
}

bool
store_system_suspend(struct store *s, const char *name, enum side by, bool on,
    bool *still, struct err *e)
{
	static const char *const sql[] = {
	    [SIDE_PROVIDER] =
		"UPDATE usersystem SET by_provider = $1, state = CASE WHEN "
		"CAST($1 AS BIGINT) + by_customer > 0 THEN 'suspended' "
		"ELSE 'active' END "
		"WHERE name = $2 AND state <> 'withdrawn' RETURNING state",
	    [SIDE_CUSTOMER] =
		"UPDATE usersystem SET by_customer = $1, state = CASE WHEN "
		"CAST($1 AS BIGINT) + by_provider > 0 THEN 'suspended' "
		"ELSE 'active' END "
		"WHERE name = $2 AND state <> 'withdrawn' RETURNING state"};

	store_put_int(s, on);
	store_put_text(s, name);
	if (!store_run(s, sql[by], e))
		return false;
	if (!store_row(s))
		return no_system(name, e);
	*still = strcmp(store_text(s, 0), "suspended") == 0;
	return true;
}

bool
store_system_withdraw(struct store *s, const char *name, struct err *e)
{
	store_put_text(s, name);
	if (!store_run(s,
		"UPDATE usersystem SET state = 'withdrawn' WHERE name = $1", e))
		return false;
	return store_changed(s) == 1 || no_system(name, e);
}

bool
store_system_secret(struct store *s, const char *name, const uint8_t *secret,
    size_t len, int64_t *id, struct err *e)
{
	store_put_blob(s, secret, len);
	store_put_text(s, name);
	if (!store_run(s,
		"UPDATE usersystem SET secret = $1 WHERE name = $2 "
		"RETURNING id",
		e))
		return false;
	if (!store_row(s))
		return err_set(
		    e, ERR_REQUEST, "there is no user system \"%s\"", name);
	*id = store_int(s, 0);
	return true;
}

bool
store_psd_state_set(
    struct store *s, uint32_t serial, const char *state, struct err *e)
{
	store_put_text(s, state);
	store_put_int(s, serial);
	if (!store_run(s,
		"UPDATE psd SET state = $1 WHERE serial = $2 AND "
		"(state IN ('operational', 'withheld') OR "
		"(state = 'withdrawn' AND $1 = 'revoked') OR state = $1)",
		e))
		return false;
	if (store_changed(s) != 1)
		return err_set(e, ERR_REQUEST,
		    "PSD %lu cannot become %s: there is none, or it was "
		    "withdrawn or revoked, which is for ever",
		    (unsigned long)serial, state);
	if (strcmp(state, "withheld") == 0)
		return true;
	store_put_int(s, serial);
	return store_run(s,
	    "UPDATE doubt SET settled = 1 WHERE psd = $1 AND settled = 0", e);
}
