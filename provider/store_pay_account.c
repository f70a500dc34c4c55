/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How accounts pay, and what they owe.
 */
#include "provider/store_pay.h"

#include <stdio.h>

static void
copy(struct store *s, int i, char *out, size_t size)
{
	snprintf(out, size, "%s", store_text(s, i));
}

/* --- methods ------------------------------------------------------------------- */

bool
store_method_write(struct store *s, const struct pay_method *m, struct err *e)
{
	store_put_int(s, m->account);
	store_put_text(s, m->driver);
	store_put_text(s, m->customer);
	store_put_text(s, m->method);
	store_put_text(s, m->brand);
	store_put_text(s, m->last4);
	store_put_text(s, m->expiry);
	store_put_int(s, m->made);
	return store_run(s,
	    "INSERT INTO pay_method (account, driver, customer, method, "
	    "brand, last4, expiry, made) "
	    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) "
	    "ON CONFLICT (account) DO UPDATE SET driver = $2, customer = $3, "
	    "method = $4, brand = $5, last4 = $6, expiry = $7, made = $8",
	    e);
}

bool
store_method_find(struct store *s, int64_t account, struct pay_method *out,
    bool *found, struct err *e)
{
	store_put_int(s, account);
	*found = false;
	if (!store_run(s,
		"SELECT account, driver, customer, method, brand, last4, "
		"expiry, made FROM pay_method WHERE account = $1",
		e))
		return false;
	*found = store_row(s);
	*out = (struct pay_method){.account = account};
	if (!*found)
		return true;
	copy(s, 1, out->driver, sizeof(out->driver));
	copy(s, 2, out->customer, sizeof(out->customer));
	copy(s, 3, out->method, sizeof(out->method));
	copy(s, 4, out->brand, sizeof(out->brand));
	copy(s, 5, out->last4, sizeof(out->last4));
	copy(s, 6, out->expiry, sizeof(out->expiry));
	out->made = store_int(s, 7);
	return true;
}

/* --- adding by itself ------------------------------------------------------------- */

bool
store_declines(
    struct store *s, int64_t account, struct declines *out, struct err *e)
{
	*out = (struct declines){.count = 0};
	store_put_int(s, account);
	if (!store_run(s,
		"SELECT p.settled, p.reason FROM payment p "
		"WHERE p.account = $1 AND p.kind = 'auto' AND "
		"p.state = 'failed' AND p.id > (SELECT COALESCE(MAX(g.id), 0) "
		"FROM payment g WHERE g.account = $1 AND g.kind = 'auto' AND "
		"g.state IN ('paid', 'refunded', 'returned')) AND p.made >= "
		"(SELECT COALESCE(MAX(m.made), 0) FROM pay_method m "
		"WHERE m.account = $1) ORDER BY p.id DESC LIMIT 32",
		e))
		return false;
	while (store_row(s)) {
		if (out->count++ > 0)
			continue;
		out->last = store_int(s, 0);
		copy(s, 1, out->reason, sizeof(out->reason));
	}
	return true;
}

bool
store_accounts_low(struct store *s, int64_t after, int64_t *account, size_t max,
    size_t *count, struct err *e)
{
	*count = 0;
	store_put_int(s, after);
	store_put_int(s, (int64_t)max);
	if (!store_run(s,
		"SELECT a.id FROM account a "
		"JOIN pay_method m ON m.account = a.id "
		"WHERE a.id > $1 AND a.add_below >= 0 AND a.add_amount > 0 AND "
		"a.credit < a.add_below AND a.state = 'active' AND "
		"a.owed = 0 AND "
		"NOT EXISTS (SELECT 1 FROM payment p WHERE "
		"p.account = a.id AND p.kind = 'auto' AND "
		"p.state IN ('created', 'pending')) "
		"ORDER BY a.id LIMIT $2",
		e))
		return false;
	while (*count < max && store_row(s))
		account[(*count)++] = store_int(s, 0);
	return true;
}

bool
store_auto_add(struct store *s, const char *account, const struct auto_add *add,
    struct err *e)
{
	store_put_int(s, add->below);
	store_put_int(s, add->amount);
	store_put_text(s, account);
	if (!store_run(s,
		"UPDATE account SET add_below = $1, add_amount = $2 "
		"WHERE name = $3",
		e))
		return false;
	return store_changed(s) == 1 ||
	       err_set(e, ERR_REQUEST, "there is no account \"%s\"", account);
}

/* --- owed -------------------------------------------------------------------------- */

#define SQL_ACCOUNT                                                        \
	"SELECT name, state, reason, credit, owed, add_below, add_amount " \
	"FROM account WHERE id = $1"

bool
store_pay_account(
    struct store *s, int64_t account, struct pay_account *out, struct err *e)
{
	*out = (struct pay_account){.owed = 0};
	store_put_int(s, account);
	if (!store_run(s, SQL_ACCOUNT " FOR UPDATE", e))
		return false;
	if (!store_row(s))
		return err_set(
		    e, ERR_REQUEST, "no account %lld", (long long)account);
	copy(s, 0, out->name, sizeof(out->name));
	copy(s, 1, out->state, sizeof(out->state));
	copy(s, 2, out->reason, sizeof(out->reason));
	out->credit = store_int(s, 3);
	out->owed = store_int(s, 4);
	out->add_below = store_int(s, 5);
	out->add_amount = store_int(s, 6);
	return true;
}

bool
store_pay_account_write(struct store *s, int64_t account,
    const struct pay_account *a, struct err *e)
{
	store_put_text(s, a->state);
	store_put_text(s, a->reason);
	store_put_int(s, a->owed);
	store_put_int(s, account);
	return store_run(s,
	    "UPDATE account SET state = $1, reason = $2, owed = $3 "
	    "WHERE id = $4",
	    e);
}
