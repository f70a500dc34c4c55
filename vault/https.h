/* SPDX-License-Identifier: Apache-2.0 */
/*
 * https: asks a server over HTTPS, over libcurl.  One thread's at a time.
 *
 * TLS 1.2 or newer with the given authority alone (no system store), no
 * redirects, no proxy, no cookies, no other protocol, answers of bounded size,
 * an end to each wait.  Connections are kept for the next request, and for at
 * most half a minute.
 *
 * A request but GET goes out once at most in each https_ask(): where a kept
 * connection was closed under it, that is an error with *sent, and whether to
 * repeat it is the caller's question.
 */
#ifndef VAULT_HTTPS_H
#define VAULT_HTTPS_H

#include <stddef.h>

#include "base/err.h"

#define HTTPS_ANSWER_MAX  (1024 * 1024)
#define HTTPS_HEADERS_MAX (64 * 1024) /* of an answer, all together */

struct https;

struct https_setup {
	/* PEM file, the only one trusted, for https:// alone; NULL: plain
	 * http:// to a loopback address (127.0.0.1, [::1]) alone. */
	const char *authority;
	/* PEM files of our own, to show to a server that asks; NULL: none. */
	const char *certificate, *key;
	/* Longest wait for a connection, and for the whole answer from there. */
	int connect_ms, answer_ms;
};

/* The strings must live as long.
 * Errors: ERR_CONFIG (a file that cannot be read), ERR_SYSTEM. */
MUST_CHECK bool
https_open(const struct https_setup *setup, struct https **out, struct err *e);
void https_close(struct https *h); /* NULL is allowed */

/* Other waits from the next request on. */
void https_hurry(struct https *h, int connect_ms, int answer_ms);

struct https_request {
	const char *method; /* "GET", "POST", "PUT", "DELETE", ... */
	const char *url;    /* without user and password */
	const char
	    *target;	  /* asked for instead of the URL's path; NULL: that */
	const char *type; /* of the body; NULL: no body */
	const char *body;
	size_t body_len;
	/* "Name: value", NULL behind the last; or NULL. */
	const char *const *headers;
};

struct https_answer {
	int status;
	const char *type; /* of the body, "" */
	const char *body; /* a NUL behind it */
	size_t body_len;
	int retry_s; /* Retry-After; 0 = none */
};

/* True where the server answered, whatever it said.  Type and body of *out live
 * until the next request.
 * Not *sent: no byte of the request has left, nothing was asked.
 * *sent and an error: it may have been done, or not.
 * Errors: ERR_ABSENT (no connection; the connection was lost or silent),
 * ERR_DENIED (the server's certificate; never *sent), ERR_REQUEST (answer too
 * long), ERR_CONFIG (URL, certificate, key; never *sent), ERR_SYSTEM. */
MUST_CHECK bool https_ask(struct https *h, const struct https_request *r,
    struct https_answer *out, bool *sent, struct err *e);

/* A header of the last answer, which lives until the next request; NULL: it has
 * none of that name. */
const char *https_header(struct https *h, const char *name);

#endif
