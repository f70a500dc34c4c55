/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/forward_own.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "provider/api.h"
#include "vault/https.h"

#define ALL_MS 13000 /* a queue waits a little longer */

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
	enum forward_outcome got = FORWARD_NEXT;

	for (size_t i = 0; got == FORWARD_NEXT && i < count; i++) {
		struct err e = ERR_INIT;

		got = forward_one(w, &list[(first + i) % count], &e);
	}
	if (got != FORWARD_ANSWERED || is_half_a_no(w))
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
	else if (forward_headers(w, &e))
		ask_all(w);
	else
		http_problem(out, request, &e);
	free(w);
}
