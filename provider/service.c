/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/service.h"

#include <stdlib.h>
#include <string.h>

#include "base/durable.h"
#include "base/log.h"
#include "provider/api.h"
#include "provider/entry.h"
#include "provider/keeper.h"
#include "provider/web.h"
#include "vault/pin.h"

#define PEM_MAX	      (64 * 1024)
#define FRONT_WORKERS 32 /* they wait for servers most of the time */

/* What of the configuration is this role's. */
struct doors {
	const char *listen, *certificate, *key, *authority;
	int connections, per_address;
};

struct service {
	struct program *p;
	struct front *front; /* of role web */
	struct entry *entry;
	struct web *web;
	/* of the other roles */
	struct keeper *keeper, *cards, *payments;
	/* PEM; NULL where no file is named */
	char *certificate, *key, *authority;
};

/* --- answering --------------------------------------------------------------------- */

static void
answer_here(
    void *worker, const struct http_request *request, struct http_response *out)
{
	api_answer(worker, request, out);
}

static bool
open_here(void *context, void **worker, struct err *e)
{
	struct service *s = context;
	struct worker *w = NULL;
	bool done = program_worker(s->p, &w, e);

	*worker = w;
	return done;
}

static void
close_here(void *context, void *worker)
{
	(void)context;
	program_worker_close(worker);
}

/* A database that says no has answered. */
static void
probe_here(void *context, void *worker)
{
	const struct worker *w = worker;
	struct err e = ERR_INIT;

	(void)context;
	if (!store_check_version(w->store, &e))
		log_debug("%s", e.text);
}

static void
answer_by_others(
    void *worker, const struct http_request *request, struct http_response *out)
{
	forwarder_answer(worker, request, out);
}

static bool
open_forwarder(void *context, void **worker, struct err *e)
{
	struct service *s = context;
	struct forwarder *f = NULL;
	bool done = forwarder_open(s->front, &f, e);

	*worker = f;
	return done;
}

static void
close_forwarder(void *context, void *worker)
{
	(void)context;
	forwarder_close(worker);
}

/* web has one context for all three. */
static void
answer(void *context, void *worker, const struct http_request *request,
    struct http_response *out)
{
	struct service *s = context;

	entry_answer(s->entry, worker, request, out);
}

/* --- starting ------------------------------------------------------------------------ */

static bool
load(const char *key, const char *path, char **out, struct err *e)
{
	size_t len;

	*out = NULL;
	if (*path == '\0' || durable_load(path, PEM_MAX, out, &len, e))
		return true;
	e->kind = ERR_CONFIG;
	return err_prefix(e, "%s", key);
}

static bool
load_texts(struct service *s, const struct doors *d, struct err *e)
{
	return load("certificate", d->certificate, &s->certificate, e) &&
	       (*d->key == '\0' || pin_private(d->key, e)) &&
	       load("key", d->key, &s->key, e) &&
	       load("authority", d->authority, &s->authority, e);
}

static void
find_doors(const struct config *c, struct doors *out)
{
	if (c->role == ROLE_PROCESS)
		*out = (struct doors){.listen = c->process_listen,
		    .certificate = c->process_certificate,
		    .key = c->process_key,
		    .authority =
			c->process_certificate[0] ? c->process_authority : ""};
	else
		*out = (struct doors){.listen = c->listen,
		    .certificate = c->certificate,
		    .key = c->key,
		    .authority = c->client_authority,
		    .connections = c->connections,
		    .per_address = c->per_address};
}

static bool
start_web(struct service *s, int listen_fd, struct err *e)
{
	bool front = s->front != NULL;
	struct web_setup setup = {.listen_fd = listen_fd,
	    .workers = s->p->config.workers,
	    .handler = answer,
	    .context = s,
	    .open_worker = front ? open_forwarder : open_here,
	    .close_worker = front ? close_forwarder : close_here,
	    .probe = front ? NULL : probe_here};
	struct doors d;

	find_doors(&s->p->config, &d);
	if (!load_texts(s, &d, e))
		return false;
	setup.listen = listen_fd < 0 ? d.listen : NULL;
	setup.certificate = s->certificate;
	setup.key = s->key;
	setup.client_authority = s->authority;
	if (setup.workers == 0)
		setup.workers = front ? FRONT_WORKERS : web_workers();
	/* the others are for who needs no card */
	s->p->card_places.max = (setup.workers + 1) / 2;
	s->p->provider.card_places = &s->p->card_places;
	s->p->turns.max = (setup.workers + 1) / 2;
	s->p->provider.turns = &s->p->turns;
	s->p->audits.max = 1;
	s->p->provider.audits = &s->p->audits;
	setup.connections_max = d.connections;
	setup.per_address_max = d.per_address;
	if (!web_start(&setup, &s->web, e))
		return false;
	entry_watch(s->entry, s->web);
	return true;
}

static bool
start_entry(struct service *s, struct err *e)
{
	const struct config *c = &s->p->config;
	struct entry_setup setup = {.config = c,
	    .tally = s->front ? NULL : &s->p->tally,
	    .front = s->front,
	    .answer = s->front ? answer_by_others : answer_here};

	if (c->role == ROLE_PROCESS)
		setup.cluster_key = s->p->cluster_key;
	return entry_open(&setup, &s->entry, e);
}

/* Payments wait for others, and so do cards; stamps do not wait for them. */
static bool
start_keepers(struct service *s, const struct program *p, struct err *e)
{
	struct keeper_setup stamps = {p, s->web, keeper_stamps};
	struct keeper_setup cards = {p, NULL, keeper_cards};
	struct keeper_setup payments = {p, NULL, keeper_payments};

	return keeper_start(&stamps, &s->keeper, e) &&
	       keeper_start(&cards, &s->cards, e) &&
	       keeper_start(&payments, &s->payments, e);
}

bool
service_start(
    struct program *p, int listen_fd, struct service **out, struct err *e)
{
	struct service *s = calloc(1, sizeof(*s));
	bool front = p->config.role == ROLE_WEB;

	*out = NULL;
	if (s == NULL)
		return err_system(e, "memory");
	s->p = p;
	if ((front && !front_open(&p->config, p->cluster_key, &s->front, e)) ||
	    !start_entry(s, e) || !start_web(s, listen_fd, e) ||
	    (!front && !start_keepers(s, p, e))) {
		service_stop(s);
		return false;
	}
	*out = s;
	return true;
}

const char *
service_address(const struct service *s)
{
	return web_address(s->web);
}

bool
service_answers(struct service *s)
{
	return web_answers(s->web);
}

/* --- ending --------------------------------------------------------------------------- */

bool
service_drain(struct service *s)
{
	if (s->keeper != NULL)
		keeper_drain(s->keeper);
	return web_drain(s->web, s->p->config.drain_s * 1000);
}

void
service_stop(struct service *s)
{
	if (s == NULL)
		return;
	keeper_stop(s->payments);
	keeper_stop(s->cards);
	keeper_stop(s->keeper);
	web_stop(s->web);
	entry_close(s->entry);
	front_close(s->front);
	free(s->certificate);
	if (s->key != NULL)
		explicit_bzero(s->key, strlen(s->key));
	free(s->key);
	free(s->authority);
	free(s);
}
