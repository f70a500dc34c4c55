/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payments of an account, and what processors tell.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/text.h"
#include "provider/api.h"
#include "provider/pay.h"
#include "provider/store_admin.h"

static void
put_payment(struct json *j, const struct payment *p)
{
	json_put_int(j, "id", p->id);
	json_put_text(j, "driver", p->driver);
	json_put_text(j, "kind", pay_kind_name(p->kind));
	json_put_text(j, "state", pay_state_name(p->state));
	json_put_int(j, "amount", p->amount);
	json_put_int(j, "currency", p->currency);
	json_put_text(j, "key", p->key);
	json_put_text(j, "reason", p->reason);
}

/* --- begin ------------------------------------------------------------------------- */

/* The key is the client's, so that it can ask again. */
struct wanted {
	char driver[16], key[PAY_KEY], account[NAME_MAX_BYTES];
	mils amount;
};

static bool
read_wanted(struct call *c, struct wanted *out, struct err *e)
{
	struct json *j;
	uint8_t key[(PAY_KEY - 1) / 2];

	*out = (struct wanted){.amount = 0};
	if (!json_open(c->request->body, c->request->body_len, &j, e))
		return false;
	json_take_text(j, "driver", true, out->driver, sizeof(out->driver));
	json_take_int(j, "amount", true, 1, INT64_MAX, &out->amount);
	json_take_text(
	    j, "account", c->by_person, out->account, sizeof(out->account));
	json_take_text(j, "key", false, out->key, sizeof(out->key));
	if (out->key[0] != '\0')
		json_take_hex(j, "key", true, key, sizeof(key));
	return json_close(j, e);
}

/* A user system pays for its own, a person for one that they name. */
static bool
find_account(
    struct call *c, const struct wanted *wanted, int64_t *id, struct err *e)
{
	struct account a = {.id = 0};
	bool done;

	*id = c->system.account;
	if (!c->by_person)
		return wanted->account[0] == '\0' ||
		       strcmp(wanted->account, c->system.account_name) == 0 ||
		       err_set(e, ERR_REQUEST,
			   "this user system is of account \"%s\"",
			   c->system.account_name);
	done = store_begin(c->w->store, STORE_READ, e) &&
	       api_find_account(c, wanted->account, &a, e);
	store_rollback(c->w->store);
	*id = a.id;
	return done;
}

bool
api_payment_begin(struct call *c, struct err *e)
{
	struct wanted wanted;
	struct pay_order order = {.driver = wanted.driver, .key = wanted.key};
	struct pay_begun begun;
	struct json *j;

	if (!read_wanted(c, &wanted, e) ||
	    !find_account(c, &wanted, &order.account, e))
		return false;
	order.amount = wanted.amount;
	if (!pay_begin(c->w, &order, &begun, e))
		return false;
	if (c->by_person)
		log_info("payment %lld of %s is begun by %s",
		    (long long)begun.payment.id, wanted.account,
		    c->person.login);
	j = json_new();
	put_payment(j, &begun.payment);
	if (begun.url[0] != '\0')
		json_put_text(j, "url", begun.url);
	return api_give(c, j, e);
}

/* --- show -------------------------------------------------------------------------- */

static bool
is_theirs(struct call *c, const struct payment *p, bool *is, struct err *e)
{
	int64_t customer;

	*is = p->account == c->system.account;
	if (!c->by_person)
		return true;
	if (!store_account_customer(c->w->store, p->account, &customer, e))
		return false;
	*is = api_may_see(c, customer);
	return true;
}

static bool
find(struct call *c, struct payment *p, bool *found, struct err *e)
{
	struct payment_named name = {.id = 0};
	uint64_t id;
	bool done;

	*found = false;
	if (!text_to_u64(c->tail, INT64_MAX, &id) || id == 0)
		return true;
	name.id = (int64_t)id;
	done = store_begin(c->w->store, STORE_READ, e) &&
	       store_payment_find(c->w->store, &name, p, found, e) &&
	       (!*found || is_theirs(c, p, found, e));
	store_rollback(c->w->store);
	return done;
}

bool
api_payment_show(struct call *c, struct err *e)
{
	struct payment p;
	struct json *j;
	bool found;

	if (!find(c, &p, &found, e))
		return false;
	if (!found)
		return api_missing(c, "payment");
	j = json_new();
	put_payment(j, &p);
	return api_give(c, j, e);
}

/* --- webhooks ------------------------------------------------------------------------ */

/* Whatever it is of, a good one is thanked for, or it comes again for days. */
bool
api_webhook(struct call *c, struct err *e)
{
	const struct pay_signed in = {
	    .header = c->request->header(c->request, "Stripe-Signature"),
	    .body = c->request->body,
	    .body_len = c->request->body_len};
	struct payment p = {.id = 0};
	struct pay_said said;
	struct json *j;
	void *home;
	const struct pay_driver *driver = pay_driver(c->w, c->tail, &home);

	if (driver == NULL || driver->hear == NULL) {
		http_refuse(c->out, c->request, 404,
		    "nobody tells anything here by that name");
		return true;
	}
	if (!driver->hear(home, &in, worker_ms(c->w) / 1000, &said, e) ||
	    !pay_hear(c->w, driver, 0, &said, &p, e))
		return false;
	if (p.id != 0)
		log_info("%s: payment %lld is %s", said.event, (long long)p.id,
		    pay_state_name(p.state));
	j = json_new();
	json_put_bool(j, "received", true);
	return api_give(c, j, e);
}
