/* SPDX-License-Identifier: Apache-2.0 */
/*
 * web: the HTTP server, over libmicrohttpd.  HTTP/1.1 and 1.0; TLS 1.2 and 1.3.
 *
 * A few threads read and write the network; a request that is whole is handed
 * to one of `workers` threads, each with a context of its own (its connection
 * to the database), so that a slow database or token holds nobody's connection.
 * More waiting than `queue_max`: 503 with Retry-After at once.
 *
 * The library accepts framings that RFC 9112 refuses (request smuggling); they
 * are refused in the first call of each request (provider/framing.h), and the
 * connection is closed behind the answer.  Bodies are JSON only, of at most
 * HTTP_BODY_MAX; heads have at most 8 KiB.
 *
 * The program sees to it that it may have as many files open (RLIMIT_NOFILE).
 *
 * Order of calls: web_start(), web_drain(), web_stop().
 */
#ifndef PROVIDER_WEB_H
#define PROVIDER_WEB_H

#include <stdint.h>

#include "provider/http.h"

struct web;

/* Answers one request; `worker` is what open_worker() made.  Called by many
 * threads. */
typedef void web_handler(void *context, void *worker,
    const struct http_request *request, struct http_response *out);

struct web_setup {
	/* "127.0.0.1:8443", "[::1]:0" (any port), "unix:/run/postaged.sock";
	 * NULL: listen_fd is a socket that listens already (systemd), and
	 * web's from then on. */
	const char *listen;
	int listen_fd;
	/* PEM texts; NULL: no TLS. */
	const char *certificate, *key;
	/* PEM text: client certificates are asked for, not required, and those
	 * that lead to this authority are told to the handler. */
	const char *client_authority;

	int workers;	     /* 0: web_workers() */
	int queue_max;	     /* 0: 64 for each worker */
	int connections_max; /* 0: 12,000; one more is closed at once */
	int per_address_max; /* 0: no limit */
	int idle_s;	     /* 0: 75; between bytes and between requests */
	int request_s; /* 0: 30; from a request's first byte to its last */

	web_handler *handler;
	void *context;
	/* Both may be NULL.  A worker that cannot be opened fails web_start(). */
	bool (*open_worker)(void *context, void **worker, struct err *e);
	void (*close_worker)(void *context, void *worker);
	/* What a worker does for web_answers(); may be NULL. */
	void (*probe)(void *context, void *worker);
};

/* An address as web_setup.listen has it.  Errors: ERR_CONFIG. */
MUST_CHECK bool web_check_listen(const char *where, struct err *e);

/* Four for each processor. */
int web_workers(void);

/* Errors: ERR_CONFIG (address, certificate, key), ERR_SYSTEM. */
MUST_CHECK bool
web_start(const struct web_setup *setup, struct web **out, struct err *e);

/* Where it listens, for messages and for tests that asked for port 0. */
const char *web_address(const struct web *w);

/* Whether a worker has done what the last call asked it for, before the requests
 * that wait; the first call says yes.  Then the next one is asked.  Waits for
 * nothing: a false that is repeated says that all workers stand still. */
bool web_answers(struct web *w);

/* Takes no new connection, ends those there are behind their next answer, and
 * waits at most `wait_ms` for requests under way.  True where none is left. */
bool web_drain(struct web *w, int wait_ms);

/* Ends all, when the handlers that are at work have answered; NULL is allowed. */
void web_stop(struct web *w);

/* For metrics. */
struct web_state {
	uint64_t requests, refused; /* refused: by guard, limits, full queue */
	int connections, waiting, busy;
};
void web_look(struct web *w, struct web_state *out);

/* A connection that exists already (socket pair): the fuzzer's way in.  The file
 * is web's from then on, also after an error. */
MUST_CHECK bool web_add(struct web *w, int fd, struct err *e);

#endif
