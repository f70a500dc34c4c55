/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/api.h"

#include <stdio.h>
#include <string.h>

#include "provider/auth.h"

static const struct api_route routes[] = {
    {"GET", "/v1/vault", API_SYSTEM, API_AGAIN, api_vault_status},
    {"POST", "/v1/vault/indicia", API_SYSTEM | API_SEEN, API_AGAIN,
	api_vault_indicia},
    {"POST", "/v1/vault/funds", API_SYSTEM, API_AGAIN, api_vault_funds},
    {"POST", "/v1/vault/find", API_SYSTEM, API_AGAIN, api_vault_find},
    {"GET", "/v1/vault/recent", API_SYSTEM, API_AGAIN, api_vault_recent},
    {"POST", "/v1/quote", API_SYSTEM, API_AGAIN, api_quote},
    {"POST", "/v1/orders", API_SYSTEM, API_AGAIN, api_order_place},
    {"GET", "/v1/orders/*", API_SYSTEM, API_AGAIN, api_order},
    {"DELETE", "/v1/orders/*", API_SYSTEM, API_AGAIN, api_order_drop},
    {"POST", "/v1/orders/*/checkout", API_SYSTEM, API_AGAIN,
	api_order_checkout},
    {"GET", "/v1/sheets/*", API_SYSTEM, API_AGAIN, api_sheet},
    {"POST", "/v1/payments", API_SYSTEM | PERSON_ADMINISTRATOR, API_ONCE,
	api_payment_begin},
    {"GET", "/v1/payments/*",
	API_SYSTEM | PERSON_ADMINISTRATOR | PERSON_MAILROOM | PERSON_AUDITOR,
	API_AGAIN, api_payment_show},
    {"POST", "/v1/webhooks/*", API_ANYBODY, API_AGAIN, api_webhook},
    {"GET", "/v1/certificates/*", API_ANYBODY, API_AGAIN, api_certificate},
    {"GET", "/v1/crl", API_ANYBODY, API_AGAIN, api_crl},
    {"GET", "/v1/health", API_ANYBODY, API_AGAIN, api_health},
    {"POST", "/v1/verify", PERSON_POST | PERSON_AUDITOR | PERSON_ADMINISTRATOR,
	API_AGAIN, api_verify},
    {"POST", "/v1/cancel", PERSON_POST, API_ONCE, api_cancel},
    {"GET", "/v1/accounts/*",
	PERSON_ADMINISTRATOR | PERSON_MAILROOM | PERSON_AUDITOR, API_AGAIN,
	api_account},
    {"GET", "/v1/customers/*",
	PERSON_ADMINISTRATOR | PERSON_MAILROOM | PERSON_AUDITOR, API_AGAIN,
	api_customer},
    {"POST", "/v1/customers/*/limits", PERSON_ADMINISTRATOR, API_AGAIN,
	api_customer_limits},
    {"POST", "/v1/systems", PERSON_ADMINISTRATOR, API_ONCE, api_system_add},
    {"POST", "/v1/systems/*/token", PERSON_ADMINISTRATOR, API_ONCE,
	api_system_token},
    {"POST", "/v1/systems/*/suspend", PERSON_ADMINISTRATOR, API_AGAIN,
	api_system_suspend},
    {"POST", "/v1/systems/*/resume", PERSON_ADMINISTRATOR, API_AGAIN,
	api_system_resume},
    {"POST", "/v1/systems/*/withdraw", PERSON_ADMINISTRATOR, API_AGAIN,
	api_system_withdraw},
    {"POST", "/v1/systems/*/limits", PERSON_ADMINISTRATOR, API_AGAIN,
	api_system_limits},
    {"POST", "/v1/psds/*/download", API_SYSTEM, API_AGAIN, api_psd_download},
    {"POST", "/v1/psds/*/audit", API_SYSTEM, API_AGAIN, api_psd_audit},
    {"POST", "/v1/psds/*/refund", API_SYSTEM, API_AGAIN, api_psd_refund},
    {"POST", "/v1/refunds", API_SYSTEM, API_AGAIN, api_refund_ask},
    {"GET", "/v1/refunds/*", API_SYSTEM, API_AGAIN, api_refund},
    {"GET", "/v1/refunds", PERSON_ADMINISTRATOR | PERSON_AUDITOR, API_AGAIN,
	api_refunds},
    {"POST", "/v1/refunds/*/approve", PERSON_ADMINISTRATOR, API_AGAIN,
	api_refund_approve},
    {"POST", "/v1/refunds/*/reject", PERSON_ADMINISTRATOR, API_AGAIN,
	api_refund_reject},
    {"GET", "/v1/ledger", PERSON_ADMINISTRATOR | PERSON_AUDITOR, API_AGAIN,
	api_ledger},
    {"GET", "/v1/audit", PERSON_AUDITOR, API_AGAIN, api_audit},
};

#define ROUTES (sizeof(routes) / sizeof(routes[0]))

/* True where `path` is the route's; `tail` gets what stands for its '*'. */
static bool
matches(const char *pattern, const char *path, char tail[API_TAIL])
{
	size_t before = strcspn(pattern, "*"), len;
	const char *after = pattern + before;

	tail[0] = '\0';
	if (strncmp(pattern, path, before) != 0)
		return false;
	path += before;
	if (*after == '\0')
		return *path == '\0';
	len = strcspn(path, "/");
	if (len == 0 || len >= API_TAIL || strcmp(after + 1, path + len) != 0)
		return false;
	memcpy(tail, path, len);
	tail[len] = '\0';
	return true;
}

/* HEAD is a GET whose body the server leaves out. */
static bool
same_method(const char *asked, const char *of)
{
	return strcmp(asked, of) == 0 ||
	       (strcmp(asked, "HEAD") == 0 && strcmp(of, "GET") == 0);
}

size_t
api_routes(const struct api_route **list)
{
	*list = routes;
	return ROUTES;
}

const struct api_route *
api_find(
    const struct http_request *request, char tail[API_TAIL], bool *path_known)
{
	*path_known = false;
	for (size_t i = 0; i < ROUTES; i++) {
		if (!matches(routes[i].path, request->path, tail))
			continue;
		*path_known = true;
		if (same_method(request->method, routes[i].method))
			return &routes[i];
	}
	return NULL;
}

void
api_refuse(struct http_response *out, const struct http_request *request,
    bool path_known)
{
	http_refuse(out, request, path_known ? 405 : 404,
	    path_known ? "this path has other methods"
		       : "there is no such path");
}

/* Whoever asks for a stamp gets it, under the fence and keys of the journal of that
 * system, and prints it; a person has neither. */
static bool
not_for_persons(struct call *c, bool *known, struct err *e)
{
	if (!auth_person(c->w, c->request, &c->person, known, e))
		return false;
	return !*known ||
	       err_set(e, ERR_DENIED,
		   "%s is a person: this is for user systems to ask, as the "
		   "system that orders a stamp is given it, and prints it",
		   c->person.login);
}

/* A system by its credential, where systems may, else a person. */
static bool
find_who(
    struct call *c, const struct api_route *route, bool *known, struct err *e)
{
	*known = false;
	if ((route->who & API_SEEN) != 0) {
		if (!auth_system_seen(c->w, c->request, &c->system, known, e))
			return false;
	} else if ((route->who & API_SYSTEM) != 0 &&
		   !auth_system(c->w, c->request, &c->system, known, e)) {
		return false;
	}
	if (*known)
		return true;
	if ((route->who & ~(unsigned)(API_SYSTEM | API_SEEN)) == 0)
		return not_for_persons(c, known, e);
	c->by_person = true;
	return auth_person(c->w, c->request, &c->person, known, e);
}

static bool
may_call(
    struct call *c, const struct api_route *route, bool *known, struct err *e)
{
	*known = true;
	if (route->who == API_ANYBODY)
		return true;
	if (!find_who(c, route, known, e))
		return false;
	return !*known || !c->by_person || (c->person.role & route->who) != 0 ||
	       err_set(e, ERR_DENIED,
		   "%s has the role %s: this is for others to ask",
		   c->person.login, person_role_name(c->person.role));
}

static void
ask_who(struct call *c, const struct api_route *route)
{
	static const struct err system = {ERR_DENIED,
	    "no user system is known by this token or certificate, from this "
	    "address: its administrator finds the token where the system was "
	    "added, or has a new one made"};
	static const struct err person = {ERR_DENIED,
	    "nobody is known by this token, or they are suspended: postaged "
	    "person token makes a new one"};

	http_challenge(c->out, c->request,
	    (route->who & API_SYSTEM) != 0 ? &system : &person,
	    "Bearer realm=\"postage\"");
}

void
api_answer(struct worker *w, const struct http_request *request,
    struct http_response *out)
{
	struct call c = {.w = w, .request = request, .out = out};
	const struct api_route *route;
	struct err e = ERR_INIT;
	bool known;

	route = api_find(request, c.tail, &known);
	if (route == NULL) {
		api_refuse(out, request, known);
		return;
	}
	if (!may_call(&c, route, &known, &e))
		http_problem(out, request, &e);
	else if (!known)
		ask_who(&c, route);
	else if (route->handler(&c, &e))
		return;
	else if (c.stranger)
		ask_who(&c, route);
	else
		http_problem(out, request, &e);
}

bool
api_give(struct call *c, struct json *j, struct err *e)
{
	size_t len;
	char *text = json_text(j, &len);

	if (text == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	http_give(c->out, 200, "application/json", text, len);
	return true;
}

bool
api_missing(struct call *c, const char *what)
{
	char text[64];

	snprintf(text, sizeof(text), "there is no such %s", what);
	http_refuse(c->out, c->request, 404, text);
	return true;
}

bool
api_may_see(const struct call *c, int64_t customer)
{
	return c->person.customer == 0 || c->person.customer == customer;
}

enum side
api_side(const struct call *c)
{
	return c->person.customer == 0 ? SIDE_PROVIDER : SIDE_CUSTOMER;
}
