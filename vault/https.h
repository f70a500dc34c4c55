/* SPDX-License-Identifier: Apache-2.0 */
/*
 * https: asks a server over HTTPS, over libcurl.  One thread's.
 *
 * TLS 1.2 or newer with the given authority alone (no system store), no
 * redirects, no proxy but a given one, no other protocol, answers of bounded
 * size, an end to each wait.  Connections are kept for the next request.
 */
#ifndef VAULT_HTTPS_H
#define VAULT_HTTPS_H

#include <stddef.h>

#include "base/err.h"

#define HTTPS_ANSWER_MAX (1024 * 1024)

struct https;

struct https_setup {
	const char *authority; /* PEM file, the only one trusted; NULL: plain
				   * http:// to a loopback address alone */
	const char *certificate, *key; /* PEM files of our own; NULL: none */
	int connect_ms, answer_ms;
};

/* The strings must live as long.  Errors: ERR_CONFIG (a file), ERR_SYSTEM. */
MUST_CHECK bool
https_open(const struct https_setup *setup, struct https **out, struct err *e);
void https_close(struct https *h); /* NULL is allowed */

struct https_request {
	const char *method; /* "POST" */
	const char *url;
	const char *type; /* of the body; NULL: no body */
	const char *body;
	size_t body_len;
	const char *const
	    *headers; /* "Name: value", NULL behind the last; or NULL */
};

struct https_answer {
	int status;
	const char *type; /* of the body, "" */
	const char *body; /* a NUL behind it; until the next request */
	size_t body_len;
	int retry_s; /* Retry-After; 0 = none */
};

/* True where the server answered, whatever it said.
 * Errors: ERR_ABSENT (no connection: *sent is false, nothing was asked; or, *sent
 * true, the connection was lost or silent: unknown whether it was done),
 * ERR_DENIED (the server's certificate), ERR_REQUEST (answer too long). */
MUST_CHECK bool https_ask(struct https *h, const struct https_request *r,
    struct https_answer *out, bool *sent, struct err *e);

#endif
