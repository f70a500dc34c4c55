/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/api_help.h"

#include <stdlib.h>
#include <string.h>

#include "provider/api.h"
#include "provider/admin.h"
#include "provider/enrol.h"
#include "provider/fund.h"
#include "provider/store_admin.h"
#include "tests/test.h"

#define STAMP_SUM 100

void
help_set_today(uint32_t date)
{
	struct tm tm = {.tm_year = (int)(date / 10000) - 1900,
	    .tm_mon = (int)(date / 100 % 100) - 1,
	    .tm_mday = (int)(date % 100),
	    .tm_hour = 12,
	    .tm_isdst = -1};

	shop_set_time(mktime(&tm));
}

static int
setup(void **state, bool postgresql)
{
	struct shop_setup setup = {.postgresql = postgresql};
	struct help *h = calloc(1, sizeof(*h));

	ok(h != NULL, "memory");
	shop_open(&h->shop, &setup);
	help_set_today(HELP_TODAY);
	h->w = h->shop.w;
	*state = h;
	return 0;
}

int
help_sqlite(void **state)
{
	return setup(state, false);
}

int
help_postgresql(void **state)
{
	return setup(state, true);
}

int
help_end(void **state)
{
	struct help *h = *state;

	shop_close(&h->shop);
	free(h);
	return 0;
}

/* --- customers ----------------------------------------------------------------------- */

static void
add_psd(struct help *h, int64_t account, mils min_stamp)
{
	struct enrol enrol = {.authority = h->shop.authority,
	    .account = account,
	    .signer = h->w->signer[0],
	    .min_stamp = min_stamp,
	    .max_stamp = 100000,
	    .max_descending = 2000000,
	    .years = 3};
	struct err e = ERR_INIT;
	uint32_t serial;

	is_ok(enrol_psd(h->w, &enrol, &serial, &e), &e, "a PSD");
}

static int64_t
add_account(struct help *h, const char *name, mils credit, mils min_stamp)
{
	struct account a = {.load = 0};
	char ref[80];
	struct payment_in in = {.from = "invoice", .ref = ref};
	struct store *s = h->w->store;
	struct err e = ERR_INIT;
	bool fresh;

	snprintf(a.name, sizeof(a.name), "%s", name);
	snprintf(ref, sizeof(ref), "invoice:%s", name);
	is_ok(store_begin(s, STORE_WRITE, &e) &&
		  store_customer_add(s, name, 1, &a.customer, &e) &&
		  store_account_add(s, &a, 1, &in.account, &e),
	    &e, "an account");
	in.amount = credit;
	in.made = worker_ms(h->w);
	is_ok(credit == 0 || fund_credit(s, &in, &fresh, &e), &e, "credit");
	add_psd(h, in.account, min_stamp);
	is_ok(store_commit(s, &e), &e, "commit");
	return in.account;
}

int64_t
help_account(struct help *h, const char *name, mils credit)
{
	return add_account(h, name, credit, 1);
}

int64_t
help_cheap_account(struct help *h, const char *name)
{
	return add_account(h, name, 0, 0);
}

struct user_system
help_system(struct help *h, int64_t account, const char *name, char token[96])
{
	struct user_system u = {.account = account, .limits = LIMITS_NONE};
	struct store *s = h->w->store;
	char text[AUTH_TOKEN];
	struct err e = ERR_INIT;
	bool found;
	int64_t id;

	snprintf(u.name, sizeof(u.name), "%s", name);
	is_ok(store_begin(s, STORE_WRITE, &e) &&
		  admin_add_system(h->w, &u, SIDE_PROVIDER, text, &e),
	    &e, "a user system");
	id = u.id;
	store_system_ask(s, id, STORE_LOOK);
	is_ok(
	    store_system_get(s, &u, &found, &e) && found && store_commit(s, &e),
	    &e, "commit");
	if (token != NULL)
		snprintf(token, AUTH_TOKEN, "%s", text);
	return u;
}

int64_t
help_person(struct help *h, const char *login, enum person_role role,
    const char *customer, char token[96])
{
	struct person p = {.role = role};
	struct store *s = h->w->store;
	struct err e = ERR_INIT;

	snprintf(p.login, sizeof(p.login), "%s", login);
	is_ok(store_begin(s, STORE_WRITE, &e) &&
		  (customer == NULL ||
		      store_customer_find(s, customer, &p.customer, &e)) &&
		  admin_add_person(h->w, &p, token, &e) && store_commit(s, &e),
	    &e, "a person");
	return p.id;
}

/* --- orders ---------------------------------------------------------------------------- */

struct issue_order *
help_order(struct help *h, const struct user_system *who, size_t count)
{
	struct issue_order *o = calloc(1, sizeof(*o));

	ok(o != NULL, "memory");
	o->who = who;
	o->fence = who->fence;
	o->count = count;
	o->total = STAMP_SUM * (mils)count;
	for (size_t i = 0; i < count; i++) {
		struct psd_request *r = &o->item[i].request;

		r->key[0] = (uint8_t)++h->keys;
		r->key[1] = (uint8_t)who->id;
		r->key[2] = (uint8_t)(h->keys >> 8);
		r->amount = STAMP_SUM;
		r->mail_date = worker_today(h->w);
		r->origin_zip = 94103;
		r->destination = 902101234;
		memcpy(r->category, "FCM", 4);
	}
	return o;
}

void
help_issue(struct help *h, struct issue_order *order, struct issue_result *out,
    enum err_kind want, struct err *e)
{
	*e = (struct err)ERR_INIT;
	if (issue_stamps(h->w, order, out, e))
		is_int(want, ERR_NONE, "issued");
	else
		is_err(e, want, "issue");
	free(order);
}

/* --- the API --------------------------------------------------------------------------- */

static const char *
no_query(const struct http_request *r, const char *name)
{
	(void)r;
	(void)name;
	return NULL;
}

static const char *
header(const struct http_request *r, const char *name)
{
	return strcmp(name, "Authorization") == 0 ? r->source : NULL;
}

void
help_ask(struct help *h, const char *method, const char *path,
    const char *token, const char *body)
{
	char bearer[AUTH_TOKEN + 16];
	struct http_request r = {.method = method,
	    .path = path,
	    .body = body ? body : "",
	    .body_len = body ? strlen(body) : 0,
	    .address = "192.0.2.7",
	    .id = "1",
	    .header = header,
	    .query = no_query};
	struct http_response out = {.status = 0};

	snprintf(bearer, sizeof(bearer), "Bearer %s", token ? token : "");
	r.source = token ? bearer : NULL;
	api_answer(h->w, &r, &out);
	h->status = out.status;
	ok(out.body_len < sizeof(h->body), "body");
	memcpy(h->body, out.body ? out.body : "", out.body_len);
	h->body[out.body_len] = '\0';
	http_clear(&out);
}

void
help_said(struct help *h, int status, const char *part)
{
	if (h->status != status || strstr(h->body, part) == NULL)
		fail_at("got %d %s, want %d ...%s...", h->status, h->body,
		    status, part);
}

/* --- the books -------------------------------------------------------------------------- */

void
help_audit(struct help *h)
{
	is_int(shop_audit(&h->shop, false), 0, "faults");
}
