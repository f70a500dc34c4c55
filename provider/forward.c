/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/forward.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "provider/api.h"
#include "provider/server.h"
#include "vault/https.h"
#include "vault/remote_wire.h"

#define CONNECT_MS  2000
#define ANSWER_MS   8000  /* of one server */
#define ALL_MS	    13000 /* a queue waits a little longer */
#define LEAST_MS    100	  /* with less left nobody is asked */
#define HEADER_MAX  4096
#define HEADERS_MAX 16

struct front {
	const struct config *config;
	struct servers *servers;
	uint8_t key[FORWARDED_KEY];
	_Atomic uint64_t turn;
};

struct forwarder {
	struct front *front;
	struct link {
		char url[SERVER_URL];
		struct https *https;
	} link[SERVERS_MAX];
	size_t next; /* link to be used for another server */
};

/* --- opening ---------------------------------------------------------------------- */

bool
front_open(const struct config *c, const uint8_t key[FORWARDED_KEY],
    struct front **out, struct err *e)
{
	struct front *f = calloc(1, sizeof(*f));

	*out = NULL;
	if (f == NULL)
		return err_system(e, "memory");
	f->config = c;
	memcpy(f->key, key, sizeof(f->key));
	if (!servers_open(c, &f->servers, e)) {
		front_close(f);
		return false;
	}
	*out = f;
	return true;
}

void
front_close(struct front *f)
{
	if (f == NULL)
		return;
	servers_close(f->servers);
	explicit_bzero(f->key, sizeof(f->key));
	free(f);
}

size_t
front_servers(struct front *f)
{
	struct server_pick list[SERVERS_MAX];

	return servers_good(f->servers, list);
}

bool
forwarder_open(struct front *f, struct forwarder **out, struct err *e)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return err_system(e, "memory");
	(*out)->front = f;
	return true;
}

void
forwarder_close(struct forwarder *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < SERVERS_MAX; i++)
		https_close(f->link[i].https);
	free(f);
}

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

/* --- asking one ------------------------------------------------------------------- */

enum outcome {
	ANSWERED,
	NEXT, /* another one may know better */
	LOST  /* it may have been done, and may not be done again */
};

/* One request on its way. */
struct way {
	struct forwarder *f;
	const struct http_request *request;
	struct http_response *out; /* what one said is kept in it */
	bool again, open;	   /* open: one of them may have done it */
	int64_t until_ms;
	char proof[FORWARDED_MAX + 32];
	char text[HEADERS_MAX][HEADER_MAX];
	const char *header[HEADERS_MAX + 1];
};

static bool
put_headers(struct way *w, struct err *e)
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
		if (snprintf(w->text[i], HEADER_MAX, "%s: %s", passed[i],
			text) >= HEADER_MAX)
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

static enum outcome
weigh(struct way *w, const struct server_pick *to, struct https *h,
    const struct https_answer *a, struct err *e)
{
	if (is_refused_front(h, a)) {
		log_warning("processing server %s refuses this front: "
			    "cluster-key or clock differ",
		    to->name);
		err_set(e, ERR_ABSENT, "the servers refuse this front");
		return NEXT;
	}
	if (!pass_answer(w, h, a, e))
		return LOST;
	return is_passing(a) && w->again ? NEXT : ANSWERED;
}

/* The time that is left limits the waits. */
static bool
set_waits(struct way *w, struct https *h)
{
	int64_t left = w->until_ms - clock_ms();

	if (left < LEAST_MS)
		return false;
	if (left < CONNECT_MS + ANSWER_MS)
		https_hurry(h, (int)left / 4, (int)(left - left / 4));
	else
		https_hurry(h, CONNECT_MS, ANSWER_MS);
	return true;
}

static enum outcome
ask_one(struct way *w, const struct server_pick *to, struct err *e)
{
	const struct http_request *r = w->request;
	struct https_request q = {.method = r->method,
	    .url = to->url,
	    .target = r->target,
	    .headers = w->header};
	struct https_answer answer;
	struct https *h = link_to(w->f, to->url, e);
	bool sent = false;

	if (h == NULL)
		log_warning("processing server %s: %s", to->name, e->text);
	if (h == NULL || !set_waits(w, h))
		return NEXT;
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
	log_warning("%s: %s %s at %s: %s", r->id, r->method, r->path, to->name,
	    e->text);
	servers_eject(w->f->front->servers, to->name, e->text);
	return sent && !w->again ? LOST : NEXT;
}

/* --- all of them ------------------------------------------------------------------ */

/* The same number for the same user system: what stands before the secret, or
 * its certificate. */
static uint64_t
who_asks(const struct http_request *r)
{
	const char *text = r->header(r, "Authorization");
	uint64_t n = 0xcbf29ce484222325; /* FNV-1a */

	if (text == NULL)
		text = r->fingerprint;
	for (; *text != '\0' && *text != '.'; text++)
		n = (n ^ (uint8_t)*text) * 0x100000001b3;
	return n;
}

/* In `list` from the chosen one on, round. */
static size_t
choose(struct way *w, struct server_pick *list, size_t *first)
{
	struct front *f = w->f->front;
	int64_t load[SERVERS_MAX];
	struct choose_asked asked = {.turn = f->turn++, .load = load};

	asked.who = who_asks(w->request);
	asked.count = servers_good(f->servers, list);
	for (size_t i = 0; i < asked.count; i++)
		load[i] = list[i].load;
	*first =
	    asked.count > 0 ? choose_one(f->config->choose_server, &asked) : 0;
	return asked.count;
}

static void
nobody(struct way *w)
{
	struct err e = ERR_INIT;

	if (w->out->status != 0 && !w->open)
		return; /* what the last one said */
	err_set(&e, ERR_ABSENT,
	    w->open ? "the connection to the server that was asked was lost: "
		      "it may have been done or not"
		    : "no processing server answers: nothing was done");
	http_problem(w->out, w->request, &e);
}

/* A "no" of this server is none of one that was asked before and never answered:
 * it may do it yet.  After a 409 who asks looks what was done. */
static bool
is_half_a_no(const struct way *w)
{
	return w->open && strcmp(w->request->method, "POST") == 0 &&
	       w->out->status >= 400 && w->out->status < 500 &&
	       w->out->status != 409;
}

static void
ask_all(struct way *w)
{
	struct server_pick list[SERVERS_MAX];
	size_t first, count = choose(w, list, &first);
	enum outcome got = NEXT;

	for (size_t i = 0; got == NEXT && i < count; i++) {
		struct err e = ERR_INIT;

		got = ask_one(w, &list[(first + i) % count], &e);
	}
	if (got != ANSWERED || is_half_a_no(w))
		nobody(w);
}

/* --- what is answered here -------------------------------------------------------- */

static void
answer_health(struct way *w)
{
	size_t servers = front_servers(w->f->front);
	struct json *j = json_new();
	size_t len;
	char *text;

	json_put_text(j, "status", servers > 0 ? "ok" : "no servers");
	json_put_text(j, "server", w->f->front->config->name);
	json_put_int(j, "servers", (int64_t)servers);
	text = json_text(j, &len);
	http_give(w->out, servers > 0 ? 200 : 503, "application/json", text,
	    text ? len : 0);
}

void
forwarder_answer(struct forwarder *f, const struct http_request *request,
    struct http_response *out)
{
	struct http_request asked = *request;
	struct way *w;
	const struct api_route *route;
	char tail[API_TAIL];
	struct err e = ERR_INIT;
	bool known;

	route = api_find(request, tail, &known);
	if (route == NULL) {
		api_refuse(out, request, known);
		return;
	}
	asked.method = route->method; /* of HEAD the web leaves out the body */
	w = calloc(1, sizeof(*w));
	if (w == NULL) {
		err_system(&e, "memory");
		http_problem(out, request, &e);
		return;
	}
	w->f = f;
	w->request = &asked;
	w->out = out;
	w->again = route->again == API_AGAIN;
	w->until_ms = clock_ms() + ALL_MS;
	if (route->handler == api_health)
		answer_health(w);
	else if (put_headers(w, &e))
		ask_all(w);
	else
		http_problem(out, request, &e);
	free(w);
}
