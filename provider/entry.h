/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry: what each request passes on its way in and out of postaged, whatever
 * its role:
 *
 *	- of a processing server: the proof that a front sent it (forwarded.h);
 *	  address, certificate and id are then those that the front says
 *	- of the others: no more requests of one address than [web] rate and
 *	  burst, else 429; wrong credentials beyond login-burst are answered with
 *	  429, too, right ones as ever
 *	- /metrics, for the networks of [web] metrics
 *	- pages (site.h), of the others too
 *	- a line of the log, and the counts
 */
#ifndef PROVIDER_ENTRY_H
#define PROVIDER_ENTRY_H

#include "provider/conf.h"
#include "provider/forward.h"
#include "provider/web.h"

struct entry;

struct entry_setup {
	const struct config *config;
	const uint8_t *cluster_key; /* of role process alone */
	const struct tally *tally;  /* NULL: of a front */
	struct front *front;	    /* NULL: of the others */
	/* What answers, with the worker of who asks entry_answer(). */
	void (*answer)(void *worker, const struct http_request *request,
	    struct http_response *out);
};

/* Errors: ERR_CONFIG ([web] metrics, pages), ERR_SYSTEM. */
MUST_CHECK bool
entry_open(const struct entry_setup *setup, struct entry **out, struct err *e);
void entry_close(struct entry *n); /* NULL is allowed */

/* The server whose state is shown; before, none is. */
void entry_watch(struct entry *n, struct web *web);

/* A web_handler; the context is the struct entry. */
void entry_answer(void *entry, void *worker, const struct http_request *request,
    struct http_response *out);

#endif
