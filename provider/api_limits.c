/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For administrators: what user systems and customers may spend, by whose word.
 */
#include "provider/api.h"

#include <string.h>

#include "provider/admin.h"

static const char *const keys[] = {[LIMIT_STAMP] = "stamp_max",
    [LIMIT_DAY] = "day_max",
    [LIMIT_MONTH] = "month_max"};

void
api_take_limits(struct call *c, struct json *j, struct limits *l)
{
	for (int of = 0; of < LIMITS; of++)
		json_take_int(j, keys[of], false, -1, INT64_MAX,
		    &l->most[api_side(c)][of]);
}

static void
put_side(struct json *j, const struct limits *l, enum side by)
{
	for (int of = 0; of < LIMITS; of++)
		json_put_int(j, keys[of], l->most[by][of]);
}

/* --- user systems -------------------------------------------------------------------- */

static bool
read_system(struct call *c, struct user_system *u, struct err *e)
{
	struct json *j;

	if (!json_open(c->request->body, c->request->body_len, &j, e))
		return false;
	api_take_limits(c, j, &u->limits);
	json_take_bool(
	    j, "cost_required", false, &u->cost_required[api_side(c)]);
	return json_close(j, e);
}

static bool
give_system(struct call *c, const struct user_system *u, struct err *e)
{
	static const char *const sides[] = {"by_provider", "by_customer"};
	struct json *j = json_new();
	char id[PSD_ID];

	json_put_text(j, "system", worker_system_id(c->w, u->id, id));
	json_put_text(j, "name", u->name);
	for (int by = 0; by < SIDES; by++) {
		json_begin_object(j, sides[by]);
		put_side(j, &u->limits, (enum side)by);
		json_put_bool(j, "cost_required", u->cost_required[by]);
		json_end(j);
	}
	return api_give(c, j, e);
}

bool
api_system_limits(struct call *c, struct err *e)
{
	struct user_system was = {.id = 0}, u;
	bool done = store_begin(c->w->store, STORE_WRITE, e) &&
		    api_find_system(c, &was, e) &&
		    store_system_rules(c->w->store, was.id, &was, e);

	u = was;
	done = done && read_system(c, &u, e) &&
	       admin_system_limits(c->w, &was, &u, api_side(c), e);
	return api_finish(c, done, e) && give_system(c, &u, e);
}

/* --- customers ----------------------------------------------------------------------- */

static bool
read_customer(struct call *c, struct customer *out, struct err *e)
{
	struct json *j;

	if (!json_open(c->request->body, c->request->body_len, &j, e))
		return false;
	api_take_limits(c, j, &out->limits);
	json_take_int(
	    j, "systems_max", false, -1, INT64_MAX, &out->systems_max);
	return json_close(j, e);
}

static bool
give_customer(struct call *c, const struct customer *of,
    const struct spent_sums *spent, struct err *e)
{
	struct json *j = json_new();

	json_put_text(j, "name", of->name);
	json_put_text(j, "state", of->state);
	json_put_text(j, "reason", of->reason);
	json_put_int(j, "day_spent", spent->day);
	json_put_int(j, "month_spent", spent->month);
	json_put_int(j, "systems", of->systems);
	json_begin_object(j, "by_provider");
	put_side(j, &of->limits, SIDE_PROVIDER);
	json_put_int(j, "systems_max", of->systems_max);
	json_end(j);
	json_begin_object(j, "by_customer");
	put_side(j, &of->limits, SIDE_CUSTOMER);
	json_end(j);
	return api_give(c, j, e);
}

/* That of the path; *found = false: there is none that the person sees. */
static bool
find_customer(struct call *c, enum store_mode mode, struct customer *out,
    bool *found, struct err *e)
{
	*found = false;
	if (!store_begin(c->w->store, mode, e))
		return false;
	if (!store_customer_read(
		c->w->store, c->tail, mode == STORE_WRITE, out, e))
		return e->kind == ERR_REQUEST;
	*found = api_may_see(c, out->id);
	return true;
}

static bool
read_spent(struct call *c, const struct customer *of, struct spent_sums *out,
    struct err *e)
{
	store_customer_spent_ask(
	    c->w->store, of->id, worker_today(c->w), false);
	return store_customer_spent_get(c->w->store, false, out, e);
}

bool
api_customer(struct call *c, struct err *e)
{
	struct customer of;
	struct spent_sums spent = {.day = 0};
	bool found;
	bool done = find_customer(c, STORE_READ, &of, &found, e) &&
		    (!found || read_spent(c, &of, &spent, e));

	store_rollback(c->w->store);
	if (done && !found)
		return api_missing(c, "customer");
	return done && give_customer(c, &of, &spent, e);
}

bool
api_customer_limits(struct call *c, struct err *e)
{
	struct customer was = {.id = 0}, of;
	struct spent_sums spent = {.day = 0};
	bool found;
	bool done = find_customer(c, STORE_WRITE, &was, &found, e);

	if (done && !found) {
		store_rollback(c->w->store);
		return api_missing(c, "customer");
	}
	of = was;
	done = done && read_customer(c, &of, e) &&
	       admin_customer_limits(c->w, &was, &of, api_side(c), e) &&
	       read_spent(c, &of, &spent, e);
	return api_finish(c, done, e) && give_customer(c, &of, &spent, e);
}
