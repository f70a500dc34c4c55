/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api: the HTTP API, version 1 (docs/openapi.yaml), of a processing server: a
 * table of routes, who may call each, and one file for each group of them.
 */
#ifndef PROVIDER_API_H
#define PROVIDER_API_H

#include "base/json.h"
#include "provider/http.h"
#include "provider/store_person.h"
#include "provider/store_system.h"
#include "provider/worker.h"

#define API_TAIL 96

/* One request on its way through a handler. */
struct call {
	struct worker *w;
	const struct http_request *request;
	struct http_response *out;
	struct user_system system; /* who asks is this one, */
	struct person person;	   /* or, with by_person, that one */
	bool by_person;
	char tail[API_TAIL]; /* what stands for the '*' of the route's path */
	bool stranger;	     /* the handler did not know the system any more */
};

/* Answers by out; or fails with the error that becomes the answer. */
typedef bool api_handler(struct call *c, struct err *e);

/* Who may call a route: anybody, or all of user systems and persons of some roles
 * (the bits of enum person_role) that are named. */
enum {
	API_ANYBODY = 0,
	API_SYSTEM = 1 << 16,
	API_SEEN = 1 << 17, /* a system; the handler proves it again: auth.h */
};

/* May a front that lost the answer ask another server the same?  API_AGAIN: it
 * changes nothing, or its body names keys under which it is done once. */
enum api_again { API_ONCE, API_AGAIN };

struct api_route {
	const char *method, *path; /* a '*': any one part */
	unsigned who;
	enum api_again again;
	api_handler *handler;
};

size_t api_routes(const struct api_route **list);

/* NULL: no route; *path_known: the path has other methods.  *tail is what stands
 * for the '*'. */
const struct api_route *api_find(
    const struct http_request *request, char tail[API_TAIL], bool *path_known);

/* 404 or 405. */
void api_refuse(struct http_response *out, const struct http_request *request,
    bool path_known);

/* Answers a request, whatever it is; `worker` is a struct worker. */
void api_answer(struct worker *w, const struct http_request *request,
    struct http_response *out);

/* 200 with this document, which it frees. */
MUST_CHECK bool api_give(struct call *c, struct json *j, struct err *e);

/* 404: there is no such `what`. */
bool api_missing(struct call *c, const char *what);

/* A person of a customer sees that customer's alone. */
bool api_may_see(const struct call *c, int64_t customer);

/* An account of this name that the person sees, in the caller's transaction.
 * Errors: ERR_REQUEST (there is none). */
struct account;
MUST_CHECK bool api_find_account(
    struct call *c, const char *name, struct account *a, struct err *e);
/* The user system that the path names, "XXUS0000000012", if the person sees it;
 * likewise. */
MUST_CHECK bool
api_find_system(struct call *c, struct user_system *u, struct err *e);

/* Commits where `done`, and ends the transaction. */
MUST_CHECK bool api_finish(struct call *c, bool done, struct err *e);

/* For whom the person speaks. */
enum side api_side(const struct call *c);
/* "stamp_max" and so on, of the side that speaks; what is not there stays. */
void api_take_limits(struct call *c, struct json *j, struct limits *l);

/* --- the groups ---------------------------------------------------------------------- */

api_handler api_vault_status, api_vault_indicia, api_vault_find,
    api_vault_recent, api_vault_funds;
api_handler api_quote, api_order_place, api_order, api_order_checkout,
    api_order_drop;
api_handler api_sheet;
api_handler api_certificate, api_crl, api_health;
api_handler api_verify, api_cancel;
api_handler api_payment_begin, api_payment_show, api_webhook;
api_handler api_account, api_system_add, api_system_token, api_system_suspend,
    api_system_resume, api_system_withdraw, api_system_limits;
api_handler api_customer, api_customer_limits;
api_handler api_psd_download, api_psd_audit, api_psd_refund;
api_handler api_refund_ask, api_refund, api_refunds, api_refund_approve,
    api_refund_reject;
api_handler api_ledger, api_audit;

#endif
