/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/store_pay.h"

#include <stdio.h>
#include <string.h>

/* --- words -------------------------------------------------------------------- */

static const char *const kinds[] = {"checkout", "auto", "invoice"};
static const char *const states[] = {
    "created", "pending", "paid", "failed", "refunded", "returned"};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

const char *
pay_kind_name(enum pay_kind kind)
{
	return kinds[kind];
}

const char *
pay_state_name(enum pay_state state)
{
	return states[state];
}

bool
pay_is_open(enum pay_state state)
{
	return state == PAY_CREATED || state == PAY_PENDING;
}

static bool
word_in(const char *const *list, size_t count, const char *word, int *out)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], word) == 0) {
			*out = (int)i;
			return true;
		}
	return false;
}

/* --- one payment ----------------------------------------------------------------- */

#define SQL_PAYMENT                                                         \
	"SELECT p.id, p.account, a.name, p.driver, p.kind, p.state, "       \
	"p.amount, p.returned, p.currency, p.key, p.processor_id, p.page, " \
	"p.reason, p.looks, p.look_at, p.made, p.settled, p.refunded, "     \
	"p.customer, p.method "                                             \
	"FROM payment p JOIN account a ON a.id = p.account "
#define SQL_LOCK " FOR UPDATE OF p"

static void
copy(struct store *s, int i, char *out, size_t size)
{
	snprintf(out, size, "%s", store_text(s, i));
}

static bool
read_payment(struct store *s, struct payment *out, struct err *e)
{
	int kind, state;

	*out = (struct payment){.id = store_int(s, 0),
	    .account = store_int(s, 1),
	    .amount = store_int(s, 6),
	    .returned = store_int(s, 7),
	    .currency = (uint16_t)store_int(s, 8),
	    .looks = (int)store_int(s, 13),
	    .look_at = store_int(s, 14),
	    .made = store_int(s, 15),
	    .settled = store_int(s, 16),
	    .refunded = store_int(s, 17)};
	copy(s, 2, out->account_name, sizeof(out->account_name));
	copy(s, 3, out->driver, sizeof(out->driver));
	copy(s, 9, out->key, sizeof(out->key));
	copy(s, 10, out->processor_id, sizeof(out->processor_id));
	copy(s, 11, out->page, sizeof(out->page));
	copy(s, 12, out->reason, sizeof(out->reason));
	copy(s, 18, out->customer, sizeof(out->customer));
	copy(s, 19, out->method, sizeof(out->method));
	if (!word_in(kinds, COUNT(kinds), store_text(s, 4), &kind) ||
	    !word_in(states, COUNT(states), store_text(s, 5), &state))
		return err_set(e, ERR_CORRUPT,
		    "payment %lld has an unknown kind or state",
		    (long long)out->id);
	out->kind = (enum pay_kind)kind;
	out->state = (enum pay_state)state;
	return true;
}

/* The first row of the result, if there is one. */
static bool
read_one(struct store *s, struct payment *out, bool *found, struct err *e)
{
	*found = store_row(s);
	return !*found || read_payment(s, out, e);
}

static bool
read_all(struct store *s, struct payment *out, size_t max, size_t *count,
    struct err *e)
{
	while (*count < max && store_row(s))
		if (!read_payment(s, &out[(*count)++], e))
			return false;
	return true;
}

static void
put_text_or_null(struct store *s, const char *text)
{
	store_put_text(s, *text != '\0' ? text : NULL);
}

bool
store_payment_add(struct store *s, struct payment *p, struct err *e)
{
	store_put_int(s, p->account);
	store_put_text(s, p->driver);
	store_put_text(s, kinds[p->kind]);
	store_put_int(s, p->amount);
	store_put_int(s, p->currency);
	store_put_text(s, states[p->state]);
	store_put_text(s, p->key);
	put_text_or_null(s, p->processor_id);
	store_put_int(s, p->looks);
	store_put_int(s, p->look_at);
	store_put_int(s, p->made);
	store_put_text(s, p->customer);
	store_put_text(s, p->method);
	if (!store_run(s,
		"INSERT INTO payment (account, driver, kind, amount, "
		"currency, state, key, processor_id, looks, look_at, made, "
		"customer, method) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
		"$10, $11, $12, $13) "
		"RETURNING id",
		e)) {
		if (strstr(store_conflict(s), "account") != NULL)
			err_set(e, ERR_BUSY,
			    "an automatic payment is under way for this "
			    "account");
		return false;
	}
	if (!store_row(s))
		return err_set(e, ERR_SYSTEM, "no payment was added");
	p->id = store_int(s, 0);
	return true;
}

bool
store_payment_write(struct store *s, const struct payment *p, struct err *e)
{
	store_put_text(s, states[p->state]);
	put_text_or_null(s, p->processor_id);
	put_text_or_null(s, p->page);
	store_put_text(s, p->reason);
	store_put_int(s, p->returned);
	store_put_int(s, p->looks);
	store_put_int(s, p->look_at);
	store_put_int(s, p->settled);
	store_put_int(s, p->refunded);
	store_put_int(s, p->id);
	return store_run(s,
	    "UPDATE payment SET state = $1, processor_id = $2, page = $3, "
	    "reason = $4, returned = $5, looks = $6, look_at = $7, "
	    "settled = $8, refunded = $9 WHERE id = $10",
	    e);
}

bool
store_payment_find(struct store *s, const struct payment_named *name,
    struct payment *out, bool *found, struct err *e)
{
	/* with and without a lock: a snapshot refuses one */
	static const struct {
		const char *with, *without;
	} sql[] = {
	    {SQL_PAYMENT "WHERE p.id = $1" SQL_LOCK,
		SQL_PAYMENT "WHERE p.id = $1"},
	    {SQL_PAYMENT "WHERE p.key = $1" SQL_LOCK,
		SQL_PAYMENT "WHERE p.key = $1"},
	    {SQL_PAYMENT "WHERE p.processor_id = $1" SQL_LOCK,
		SQL_PAYMENT "WHERE p.processor_id = $1"},
	    {SQL_PAYMENT "WHERE p.page = $1" SQL_LOCK,
		SQL_PAYMENT "WHERE p.page = $1"},
	};
	const char *const by[] = {
	    NULL, name->key, name->processor_id, name->page};
	size_t i = 0;

	*found = false;
	if (name->id == 0)
		for (i = 1; i < COUNT(by); i++)
			if (by[i] != NULL && *by[i] != '\0')
				break;
	if (i == COUNT(by))
		return true;
	if (i == 0)
		store_put_int(s, name->id);
	else
		store_put_text(s, by[i]);
	return store_run(s, name->lock ? sql[i].with : sql[i].without, e) &&
	       read_one(s, out, found, e);
}

/* --- several ------------------------------------------------------------------------ */

bool
store_payment_under_way(struct store *s, int64_t account, struct payment *out,
    bool *found, struct err *e)
{
	store_put_int(s, account);
	*found = false;
	return store_run(s,
		   SQL_PAYMENT "WHERE p.account = $1 AND p.kind = 'auto' "
			       "AND p.state IN ('created', 'pending')",
		   e) &&
	       read_one(s, out, found, e);
}

bool
store_payment_due(struct store *s, int64_t now, struct payment *out, size_t max,
    size_t *count, struct err *e)
{
	*count = 0;
	store_put_int(s, now);
	store_put_int(s, (int64_t)max);
	return store_run(s,
		   SQL_PAYMENT "WHERE p.looks >= 0 AND p.look_at <= $1 "
			       "ORDER BY p.look_at LIMIT $2",
		   e) &&
	       read_all(s, out, max, count, e);
}

bool
store_payment_list(struct store *s, const struct payment_wanted *wanted,
    struct payment *out, size_t max, size_t *count, struct err *e)
{
	*count = 0;
	store_put_int(s, wanted->account);
	store_put_int(s, wanted->open);
	store_put_int(s, (int64_t)max);
	return store_run(s,
		   SQL_PAYMENT
		   "WHERE (CAST($1 AS BIGINT) = 0 OR p.account = $1) AND "
		   "(CAST($2 AS BIGINT) = 0 OR p.state IN ('created', "
		   "'pending')) ORDER BY p.id DESC LIMIT $3",
		   e) &&
	       read_all(s, out, max, count, e);
}

/* --- webhooks ------------------------------------------------------------------------ */

bool
store_webhook_add(struct store *s, const char *event, int64_t made, bool *fresh,
    struct err *e)
{
	store_put_text(s, event);
	store_put_int(s, made);
	if (!store_run(s,
		"INSERT INTO webhook (event, made) VALUES ($1, $2) "
		"ON CONFLICT (event) DO UPDATE SET stray = '' "
		"WHERE webhook.stray <> ''",
		e))
		return false;
	*fresh = store_changed(s) == 1;
	return true;
}

bool
store_webhook_known(
    struct store *s, const char *event, bool *known, struct err *e)
{
	store_put_text(s, event);
	if (!store_run(s, "SELECT 1 FROM webhook WHERE event = $1", e))
		return false;
	*known = store_row(s);
	return true;
}

bool
store_stray_add(struct store *s, const struct stray *stray, struct err *e)
{
	store_put_text(s, stray->event);
	store_put_int(s, stray->made);
	store_put_text(s, stray->text);
	return store_run(s,
	    "INSERT INTO webhook (event, made, stray) VALUES ($1, $2, $3) "
	    "ON CONFLICT (event) DO NOTHING",
	    e);
}

bool
store_stray_list(struct store *s, struct stray *out, size_t max, size_t *count,
    struct err *e)
{
	*count = 0;
	store_put_int(s, (int64_t)max);
	if (!store_run(s,
		"SELECT event, made, stray FROM webhook WHERE stray <> '' "
		"ORDER BY made DESC LIMIT $1",
		e))
		return false;
	while (*count < max && store_row(s)) {
		struct stray *stray = &out[(*count)++];

		*stray = (struct stray){.made = store_int(s, 1)};
		copy(s, 0, stray->event, sizeof(stray->event));
		copy(s, 2, stray->text, sizeof(stray->text));
	}
	return true;
}
