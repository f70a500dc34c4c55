/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forward: how a front answers: by a processing server.
 *
 * One is chosen by choose.h among the good ones (server.h), and gets the request
 * as it came, with the header of forwarded.h.  Where it cannot be reached, where
 * the connection is lost, or it says that it cannot do it now (503; 500 of kind
 * ERR_SYSTEM), the next one is asked, but never twice for what may be done once
 * only (api.h).  Keys make the rest safe: a stamp's key is debited once whoever
 * was asked.  When all were asked: 503, of the last one that said something.  A
 * refusal (4xx, but 409) of what an earlier one was sent and did not answer is a 503
 * too: it may be done yet.
 *
 * What no server is needed for is answered here: unknown paths, and
 * /v1/health, which is good as long as one server is.
 */
#ifndef PROVIDER_FORWARD_H
#define PROVIDER_FORWARD_H

#include "provider/conf.h"
#include "provider/forwarded.h"
#include "provider/http.h"

struct front;	  /* what all workers share */
struct forwarder; /* one worker's connections to the servers */

/* The configuration must live as long.
 * Errors: as servers_open(). */
MUST_CHECK bool front_open(const struct config *c,
    const uint8_t key[FORWARDED_KEY], struct front **out, struct err *e);
void front_close(struct front *f); /* NULL is allowed */

/* How many servers are good. */
size_t front_servers(struct front *f);

/* Errors: ERR_SYSTEM. */
MUST_CHECK bool
forwarder_open(struct front *f, struct forwarder **out, struct err *e);
void forwarder_close(struct forwarder *f); /* NULL is allowed */

void forwarder_answer(struct forwarder *f, const struct http_request *request,
    struct http_response *out);

#endif
