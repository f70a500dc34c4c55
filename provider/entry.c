/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/entry.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "provider/api.h"
#include "provider/auth.h"
#include "provider/meters.h"
#include "provider/metrics.h"
#include "provider/site.h"
#include "provider/throttle.h"

#define ADDRESSES 16384 /* remembered by a throttle */
#define MINUTE_MS 60000
#define NETWORKS  " \t,"
#define TRACE_MAX 64   /* of a traceparent */
#define LINE_MAX_ 1024 /* of the log */

struct entry {
	struct entry_setup setup;
	struct meters *meters;
	struct throttle *rate, *login; /* NULL: no limit */
	struct site *site;	       /* NULL: a processing server has none */
	struct web *_Atomic web;
};

/* --- opening ----------------------------------------------------------------------- */

/* The next of a list of networks; false behind the last. */
static bool
next_network(const char **list, char *out, size_t size)
{
	size_t len;

	*list += strspn(*list, NETWORKS);
	len = strcspn(*list, NETWORKS);
	snprintf(out, size, "%.*s", (int)len, *list);
	*list += len;
	return len > 0;
}

static bool
check_networks(const char *list, struct err *e)
{
	char network[64];

	while (next_network(&list, network, sizeof(network)))
		if (!auth_network_valid(network))
			return err_set(e, ERR_CONFIG,
			    "metrics: \"%s\" is no network, as in 192.0.2.0/24",
			    network);
	return true;
}

static bool
open_pages(struct entry *n, struct err *e)
{
	return n->setup.cluster_key != NULL ||
	       site_open(n->setup.config->pages, &n->site, e);
}

static bool
open_throttles(struct entry *n, struct err *e)
{
	const struct config *c = n->setup.config;
	struct throttle_setup rate = {.burst = c->burst, .keys = ADDRESSES};
	struct throttle_setup login = {
	    .burst = c->login_burst, .keys = ADDRESSES};

	if (n->setup.cluster_key != NULL)
		return true; /* the fronts have counted */
	if (c->rate > 0) {
		rate.each_ms = c->rate < 1000 ? 1000 / c->rate : 1;
		if (rate.burst < 1)
			rate.burst = 1;
		if (!throttle_new(&rate, &n->rate, e))
			return false;
	}
	if (c->login_burst == 0)
		return true;
	login.each_ms = MINUTE_MS / c->login_burst;
	return throttle_new(&login, &n->login, e);
}

bool
entry_open(const struct entry_setup *setup, struct entry **out, struct err *e)
{
	struct entry *n = calloc(1, sizeof(*n));

	*out = NULL;
	if (n == NULL)
		return err_system(e, "memory");
	n->setup = *setup;
	if (!check_networks(setup->config->metrics, e) ||
	    !meters_open(&n->meters, e) || !open_throttles(n, e) ||
	    !open_pages(n, e)) {
		entry_close(n);
		return false;
	}
	*out = n;
	return true;
}

void
entry_close(struct entry *n)
{
	if (n == NULL)
		return;
	meters_close(n->meters);
	throttle_free(n->rate);
	throttle_free(n->login);
	site_close(n->site);
	free(n);
}

void
entry_watch(struct entry *n, struct web *web)
{
	n->web = web;
}

/* --- metrics ------------------------------------------------------------------------- */

/* A local socket may too. */
static bool
may_see_metrics(const struct entry *n, const struct http_request *r)
{
	const char *list = n->setup.config->metrics;
	char network[64];

	while (next_network(&list, network, sizeof(network)))
		if (r->address[0] == '\0' ||
		    auth_in_network(r->address, network))
			return true;
	return false;
}

static void
give_metrics(struct entry *n, struct http_response *out)
{
	struct meters_now now = {.tally = n->setup.tally};
	struct web *web = n->web;
	size_t len;
	char *text;

	if (web != NULL)
		web_look(web, &now.web);
	if (n->setup.front != NULL)
		now.servers = front_servers(n->setup.front);
	text = meters_text(n->meters, &now, &len);
	if (text != NULL)
		http_give(out, 200, METRICS_TYPE, text, len);
}

/* --- throttles ----------------------------------------------------------------------- */

/* One who has an IPv6 network has all addresses of it. */
static const char *
key_of(const struct http_request *r, char out[HTTP_ADDRESS])
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET6, r->address, bytes) != 1)
		return r->address;
	memset(bytes + 8, 0, 8);
	return inet_ntop(AF_INET6, bytes, out, HTTP_ADDRESS) ? out : r->address;
}

static bool
refuse(struct entry *n, const struct http_request *r, struct http_response *out,
    enum meters_why why, int64_t wait_ms)
{
	meters_throttled(n->meters, why);
	http_refuse(out, r, 429,
	    why == METERS_RATE
		? "too many requests come from this address"
		: "this credential is wrong, as many were that came from this "
		  "address");
	http_retry(out, (int)((wait_ms + 999) / 1000));
	return false;
}

static bool
is_let_in(struct entry *n, const struct http_request *r, const char *key,
    struct http_response *out)
{
	int64_t wait;

	return *key == '\0' || /* a local socket */
	       n->rate == NULL ||
	       throttle_take(n->rate, key, clock_ms(), &wait) ||
	       refuse(n, r, out, METERS_RATE, wait);
}

/* Who shows nothing guesses nothing. */
static bool
is_guess(const struct http_request *r, const struct http_response *out)
{
	return out->status == 401 && (r->header(r, "Authorization") != NULL ||
					 r->fingerprint[0] != '\0');
}

/* What is right passes, whatever others of that address show: else any of them
 * could lock it out.  So each credential is looked at, and only who was told that
 * his is wrong is told to wait. */
static void
count_guess(struct entry *n, const struct http_request *r, const char *key,
    struct http_response *out)
{
	int64_t wait;

	if (n->login == NULL || *key == '\0' || !is_guess(r, out) ||
	    throttle_take(n->login, key, clock_ms(), &wait))
		return;
	(void)refuse(n, r, out, METERS_LOGIN, wait);
}

/* --- by a front ----------------------------------------------------------------------- */

/* Health is anybody's to ask. */
static bool
is_forwarded(struct entry *n, const struct api_route *route,
    struct http_request *r, struct http_response *out)
{
	struct forwarded said;
	struct err e = ERR_INIT;

	if (route != NULL && route->handler == api_health)
		return true;
	if (!forwarded_check(n->setup.cluster_key, r, time(NULL), &said, &e)) {
		log_warning("%s: from %s: %s", r->id, r->address, e.text);
		if (e.kind == ERR_DENIED)
			http_challenge(out, r, &e, FORWARDED_NAME);
		else
			http_problem(out, r, &e);
		return false;
	}
	memcpy(r->address, said.address, sizeof(r->address));
	memcpy(r->fingerprint, said.fingerprint, sizeof(r->fingerprint));
	memcpy(r->id, said.id, sizeof(r->id));
	return true;
}

/* --- the whole ------------------------------------------------------------------------- */

static void
answer(struct entry *n, void *worker, const struct api_route *route,
    struct http_request *r, struct http_response *out)
{
	char room[HTTP_ADDRESS];
	const char *key;

	if (n->setup.cluster_key != NULL) {
		if (is_forwarded(n, route, r, out))
			n->setup.answer(worker, r, out);
		return;
	}
	key = key_of(r, room);
	if (!is_let_in(n, r, key, out) || site_answer(n->site, r, out))
		return;
	n->setup.answer(worker, r, out);
	count_guess(n, r, key, out);
}

/* Health is asked every second.  What the service is to blame for is looked for
 * in the log. */
static void
say(const struct http_request *r, const struct api_route *route,
    const struct http_response *out, int64_t ms)
{
	const char *trace = r->header(r, "traceparent");
	char clean[TRACE_MAX], line[LINE_MAX_];

	if (route != NULL && route->handler == api_health && out->status == 200)
		return;
	snprintf(line, sizeof(line),
	    "%s: %s %.300s from %s: %d in %lld ms%s%s%s%s", r->id, r->method,
	    r->path, r->address[0] ? r->address : "here", out->status,
	    (long long)ms, trace ? ", trace " : "",
	    trace ? text_clean(trace, clean, sizeof(clean)) : "",
	    out->why[0] ? ": " : "", out->why);
	if (out->status >= 500)
		log_warning("%s", line);
	else
		log_info("%s", line);
}

static int64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void
entry_answer(void *entry, void *worker, const struct http_request *request,
    struct http_response *out)
{
	struct entry *n = entry;
	struct http_request r = *request;
	const struct api_route *route;
	int64_t began = now_us(), us;
	char tail[API_TAIL];
	bool known;

	if (strcmp(r.path, "/metrics") == 0 && may_see_metrics(n, &r)) {
		give_metrics(n, out);
		return;
	}
	route = api_find(&r, tail, &known);
	answer(n, worker, route, &r, out);
	us = now_us() - began;
	meters_request(n->meters, route, out->status, us);
	say(&r, route, out, us / 1000);
}
