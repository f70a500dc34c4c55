/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forward_own: what the files of forward share: forward.c chooses, forward_one.c
 * asks one server.
 */
#ifndef PROVIDER_FORWARD_OWN_H
#define PROVIDER_FORWARD_OWN_H

#include <stdatomic.h>

#include "provider/forward.h"
#include "provider/server.h"

#define FORWARD_HEADER	4096
#define FORWARD_HEADERS 16

struct https;

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

enum forward_outcome {
	FORWARD_ANSWERED,
	FORWARD_NEXT, /* another one may know better */
	FORWARD_LOST  /* it may have been done, and may not be done again */
};

/* One request on its way. */
struct way {
	struct forwarder *f;
	const struct http_request *request;
	struct http_response *out; /* what one said is kept in it */
	bool again, open;	   /* open: one of them may have done it */
	int64_t until_ms;
	char proof[FORWARDED_MAX + 32];
	char text[FORWARD_HEADERS][FORWARD_HEADER];
	const char *header[FORWARD_HEADERS + 1];
};

/* The headers that go on, and the proof.
 * Errors: ERR_REQUEST (one is too long), ERR_SYSTEM. */
MUST_CHECK bool forward_headers(struct way *w, struct err *e);

/* Asks this server; what it said is in w->out. */
enum forward_outcome
forward_one(struct way *w, const struct server_pick *to, struct err *e);

#endif
