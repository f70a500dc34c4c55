/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For administrators: accounts, and the user systems of them.  Who is of a
 * customer finds that customer's alone.
 */
#include "provider/api.h"

#include <stdlib.h>
#include <string.h>

#include "provider/admin.h"
#include "provider/store_admin.h"
#include "provider/store_cost.h"

/* --- accounts ------------------------------------------------------------------------ */

static void
put_cost(void *context, const char *code, const char *name)
{
	struct json *j = context;

	json_item(j);
	json_put_text(j, "code", code);
	json_put_text(j, "name", name);
	json_end(j);
}

static bool
put_costs(struct call *c, struct json *j, int64_t account, struct err *e)
{
	bool done;

	json_begin_array(j, "costs");
	done = store_cost_list(c->w->store, account, put_cost, j, e);
	json_end(j);
	return done;
}

static void
put_account(struct json *j, const struct account *a, mils loaded)
{
	json_put_text(j, "name", a->name);
	json_put_text(j, "customer", a->customer_name);
	json_put_text(j, "state", a->state);
	json_put_text(j, "reason", a->reason);
	json_put_int(j, "credit", a->credit);
	json_put_int(j, "in_psds", loaded);
	json_put_int(j, "owed", a->owed);
	json_put_int(j, "load", a->load);
}

bool
api_account(struct call *c, struct err *e)
{
	struct store *s = c->w->store;
	struct json *j = json_new();
	struct account a = {.id = 0};
	mils loaded;
	bool done = store_begin(s, STORE_READ, e) &&
		    store_account_find(s, c->tail, &a, e) &&
		    store_system_loaded(s, a.id, 0, &loaded, e);

	if (done)
		put_account(j, &a, loaded);
	done = done && put_costs(c, j, a.id, e);
	store_rollback(s);
	if (done && api_may_see(c, a.customer))
		return api_give(c, j, e);
	json_free(j);
	if (done || e->kind == ERR_REQUEST)
		return api_missing(c, "account");
	return false;
}

/* --- user systems ---------------------------------------------------------------------- */

bool
api_find_account(
    struct call *c, const char *name, struct account *a, struct err *e)
{
	if (!store_account_find(c->w->store, name, a, e))
		return false;
	return api_may_see(c, a->customer) ||
	       err_set(e, ERR_REQUEST, "there is no account \"%s\"", name);
}

bool
api_find_system(struct call *c, struct user_system *u, struct err *e)
{
	int64_t id =
	    strlen(c->tail) == PSD_ID - 2 ? strtoll(c->tail + 4, NULL, 10) : 0;
	char text[PSD_ID];
	struct account a;
	bool found = false;

	if (strcmp(worker_system_id(c->w, id, text), c->tail) == 0) {
		store_system_ask(c->w->store, id, STORE_LOOK);
		if (!store_system_get(c->w->store, u, &found, e))
			return false;
	}
	if (!found)
		return err_set(
		    e, ERR_REQUEST, "there is no user system %s", c->tail);
	return api_find_account(c, u->account_name, &a, e);
}

static bool
read_system(struct call *c, struct user_system *u, char *account, size_t size,
    struct err *e)
{
	struct json *j;

	*u = (struct user_system){.limits = LIMITS_NONE};
	if (!json_open(c->request->body, c->request->body_len, &j, e))
		return false;
	json_take_text(j, "account", true, account, size);
	json_take_text(j, "name", true, u->name, sizeof(u->name));
	json_take_text(j, "address", false, u->address, sizeof(u->address));
	json_take_text(
	    j, "fingerprint", false, u->fingerprint, sizeof(u->fingerprint));
	api_take_limits(c, j, &u->limits);
	json_take_bool(
	    j, "cost_required", false, &u->cost_required[api_side(c)]);
	return json_close(j, e);
}

bool
api_finish(struct call *c, bool done, struct err *e)
{
	done = done && store_commit(c->w->store, e);
	store_rollback(c->w->store);
	return done;
}

static bool
give_system(
    struct call *c, const struct user_system *u, char *token, struct err *e)
{
	struct json *j = json_new();
	char id[PSD_ID];

	json_put_text(j, "system", worker_system_id(c->w, u->id, id));
	json_put_text(j, "name", u->name);
	if (token != NULL && *token != '\0')
		json_put_text(j, "token", token);
	return api_give(c, j, e);
}

bool
api_system_add(struct call *c, struct err *e)
{
	char account[NAME_MAX_BYTES], token[AUTH_TOKEN] = "";
	struct user_system u;
	struct account a;
	bool done = read_system(c, &u, account, sizeof(account), e) &&
		    store_begin(c->w->store, STORE_WRITE, e) &&
		    api_find_account(c, account, &a, e);

	u.account = done ? a.id : 0;
	done =
	    api_finish(c,
		done && admin_add_system(c->w, &u, api_side(c), token, e), e) &&
	    give_system(c, &u, token, e);
	explicit_bzero(token, sizeof(token));
	return done;
}

bool
api_system_token(struct call *c, struct err *e)
{
	char token[AUTH_TOKEN] = "";
	struct user_system u;
	bool done = store_begin(c->w->store, STORE_WRITE, e) &&
		    api_find_system(c, &u, e) &&
		    admin_system_token(c->w, u.name, token, e);

	done = api_finish(c, done, e) && give_system(c, &u, token, e);
	explicit_bzero(token, sizeof(token));
	return done;
}

static bool
give_changed(
    struct call *c, const struct user_system *u, bool suspended, struct err *e)
{
	struct json *j = json_new();
	char id[PSD_ID];

	json_put_text(j, "system", worker_system_id(c->w, u->id, id));
	json_put_text(j, "name", u->name);
	json_put_bool(j, "suspended", suspended);
	return api_give(c, j, e);
}

static bool
change(struct call *c, const char *verb, struct err *e)
{
	struct user_system u;
	struct system_change to = {
	    .verb = verb, .name = u.name, .by = api_side(c)};
	bool still;
	bool done = store_begin(c->w->store, STORE_WRITE, e) &&
		    api_find_system(c, &u, e) &&
		    admin_change_system(c->w, &to, &still, e);

	return api_finish(c, done, e) && give_changed(c, &u, still, e);
}

bool
api_system_suspend(struct call *c, struct err *e)
{
	return change(c, "suspend", e);
}

bool
api_system_resume(struct call *c, struct err *e)
{
	return change(c, "resume", e);
}

bool
api_system_withdraw(struct call *c, struct err *e)
{
	return change(c, "withdraw", e);
}
