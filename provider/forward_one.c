/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/forward_own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "vault/https.h"
#include "vault/remote_wire.h"

#define CONNECT_MS 2000
#define ANSWER_MS  8000 /* of one server */
#define LEAST_MS   100	/* with less left nobody is asked */

/* --- the request ------------------------------------------------------------------ */

/* The connection that was kept, or a new one. */
static struct https *
link_to(struct forwarder *f, const char *url, struct err *e)
{
	const struct config *c = f->front->config;
	struct https_setup setup = {
	    .authority = c->process_authority[0] ? c->process_authority : NULL,
	    .certificate =
		c->process_certificate[0] ? c->process_certificate : NULL,
	    .key = c->process_key[0] ? c->process_key : NULL,
	    .connect_ms = CONNECT_MS,
	    .answer_ms = ANSWER_MS};
	struct link *l;

	for (size_t i = 0; i < SERVERS_MAX; i++)
		if (f->link[i].https != NULL &&
		    strcmp(f->link[i].url, url) == 0)
			return f->link[i].https;
	l = &f->link[f->next++ % SERVERS_MAX];
	https_close(l->https);
	l->https = NULL;
	snprintf(l->url, sizeof(l->url), "%s", url);
	return https_open(&setup, &l->https, e) ? l->https : NULL;
}

bool
forward_headers(struct way *w, struct err *e)
{
	static const char *const passed[] = {"Authorization", "Accept",
	    "traceparent", "tracestate", "Idempotency-Key", "Stripe-Signature"};
	const struct http_request *r = w->request;
	char value[FORWARDED_MAX];
	size_t count = 0;

	if (!forwarded_make(w->f->front->key, r, time(NULL), value, e))
		return false;
	snprintf(w->proof, sizeof(w->proof), "%s: %s", FORWARDED_NAME, value);
	w->header[count++] = w->proof;
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		const char *text = r->header(r, passed[i]);

		if (text == NULL)
			continue;
		if (snprintf(w->text[i], FORWARD_HEADER, "%s: %s", passed[i],
			text) >= FORWARD_HEADER)
			return err_set(e, ERR_REQUEST,
			    "the header %s is too "
			    "long",
			    passed[i]);
		w->header[count++] = w->text[i];
	}
	w->header[count] = NULL;
	return true;
}

/* The response's strings live longer than the connection's. */
static const char *
static_type(const char *type)
{
	static const char *const known[] = {"application/json",
	    "application/problem+json", "application/pkix-cert",
	    "application/pkix-crl", "text/plain; charset=utf-8",
	    "text/html; charset=utf-8", "text/csv; charset=utf-8"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i], type) == 0)
			return known[i];
	return "application/octet-stream";
}

static bool
pass_answer(
    struct way *w, struct https *h, const struct https_answer *a, struct err *e)
{
	static const char *const passed[] = {"WWW-Authenticate",
	    "Cache-Control", "Retry-After", "Location", "Allow"};
	char *body = malloc(a->body_len + 1);

	if (body == NULL)
		return err_system(e, "memory");
	memcpy(body, a->body, a->body_len + 1);
	http_clear(w->out);
	http_give(w->out, a->status, static_type(a->type), body, a->body_len);
	for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++) {
		const char *value = https_header(h, passed[i]);

		if (value != NULL)
			http_add(w->out, passed[i], "%s", value);
	}
	return true;
}

/* The server refuses not who asks, but us. */
static bool
is_refused_front(struct https *h, const struct https_answer *a)
{
	const char *who = https_header(h, "WWW-Authenticate");

	return a->status == 401 && who != NULL &&
	       strcmp(who, FORWARDED_NAME) == 0;
}

static bool
is_passing(const struct https_answer *a)
{
	struct err e = ERR_INIT;

	if (a->status < 500)
		return false;
	remote_get_problem(a->status, a->body, a->body_len, &e);
	return e.kind != ERR_CORRUPT && e.kind != ERR_CONFIG;
}

static enum forward_outcome
weigh(struct way *w, const struct server_pick *to, struct https *h,
    const struct https_answer *a, struct err *e)
{
	if (is_refused_front(h, a)) {
		log_warning("processing server %s refuses this front: "
			    "cluster-key or clock differ",
		    to->name);
		err_set(e, ERR_ABSENT, "the servers refuse this front");
		return FORWARD_NEXT;
	}
	if (!pass_answer(w, h, a, e))
		return FORWARD_LOST;
	return is_passing(a) && w->again ? FORWARD_NEXT : FORWARD_ANSWERED;
}

/* The time that is left limits the waits. */
static bool
set_waits(struct way *w, struct https *h, int *answer_ms)
{
	int64_t left = w->until_ms - clock_ms();
	int connect_ms = CONNECT_MS;

	if (left < LEAST_MS)
		return false;
	*answer_ms = ANSWER_MS;
	if (left < CONNECT_MS + ANSWER_MS) {
		connect_ms = (int)left / 4;
		*answer_ms = (int)left - connect_ms;
	}
	https_hurry(h, connect_ms, *answer_ms);
	return true;
}

/* A connection that fails says that the server is gone.  An answer that is late
 * may be late for what was asked alone: the health check knows (server.c). */
static void
lost(struct way *w, const struct server_pick *to, bool late, struct err *e)
{
	const struct http_request *r = w->request;

	log_warning("%s: %s %s at %s: %s", r->id, r->method, r->path, to->name,
	    e->text);
	if (!late)
		servers_eject(w->f->front->servers, to->name, e->text);
}

enum forward_outcome
forward_one(struct way *w, const struct server_pick *to, struct err *e)
{
	const struct http_request *r = w->request;
	struct https_request q = {.method = r->method,
	    .url = to->url,
	    .target = r->target,
	    .headers = w->header};
	struct https_answer answer;
	struct https *h = link_to(w->f, to->url, e);
	int64_t begun = clock_ms();
	int answer_ms;
	bool sent = false;

	if (h == NULL)
		log_warning("processing server %s: %s", to->name, e->text);
	if (h == NULL || !set_waits(w, h, &answer_ms))
		return FORWARD_NEXT;
	if (r->body_len > 0) {
		q.type = "application/json";
		q.body = r->body;
		q.body_len = r->body_len;
	}
	if (https_ask(h, &q, &answer, &sent, e)) {
		log_debug("%s: by %s", r->id, to->name);
		return weigh(w, to, h, &answer, e);
	}
	w->open = w->open || sent;
	lost(w, to, sent && clock_ms() - begun >= answer_ms, e);
	return sent && !w->again ? FORWARD_LOST : FORWARD_NEXT;
}
