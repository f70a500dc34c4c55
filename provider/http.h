/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http: a request and its response, without sockets; what provider/web.c takes
 * from and gives to the network, and what the tests make by hand.
 */
#ifndef PROVIDER_HTTP_H
#define PROVIDER_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define HTTP_BODY_MAX	 (64 * 1024)
#define HTTP_HEADERS_MAX 8
#define HTTP_ADDRESS	 46 /* "2001:db8::1" */
#define HTTP_FINGERPRINT 65 /* SHA-256 of a client certificate, hex */
#define HTTP_ID		 33 /* of a request, hex */
#define HTTP_WHY	 512

/* One that came.  All strings live as long as the request is handled. */
struct http_request {
	const char *method; /* "GET" */
	const char *path;   /* decoded, begins with '/', without the query */
	const char *target; /* path and query as they were sent */
	const char *body;   /* a NUL behind it */
	size_t body_len;
	char address[HTTP_ADDRESS]; /* of the peer; "" = a local socket */
	char fingerprint[HTTP_FINGERPRINT]; /* "" = it showed no certificate */
	char id[HTTP_ID];		    /* ours, for log and answer */

	/* NULL where there is none.  Header names are without case. */
	const char *(*header)(const struct http_request *r, const char *name);
	const char *(*query)(const struct http_request *r, const char *name);
	void *source;
};

/* The answer, zeroed by who gives it to the handler. */
struct http_response {
	int status;	  /* 200; 0 = the handler did not answer: 500 */
	const char *type; /* "application/json"; static */
	char *body;	  /* heap, the response's own */
	size_t body_len;
	struct http_field {
		const char *name; /* static */
		char value[256];
	} header[HTTP_HEADERS_MAX];
	size_t headers;
	char why[HTTP_WHY]; /* of a problem, for the log */
};

/* Adds a header; one too many is forgotten. */
void http_add(struct http_response *out, const char *name, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* Takes `body` (heap), which is freed with the response. */
void http_give(struct http_response *out, int status, const char *type,
    char *body, size_t len);

/* Frees the body and zeroes all. */
void http_clear(struct http_response *out);

/* The status of an error's kind (docs/ARCHITECTURE.md, "What goes wrong"). */
int http_status(enum err_kind kind);

/* The error as a problem document (RFC 9457): type, title, status, detail,
 * instance (the request's id), kind ("ERR_FUNDS").  503 and 409 say Retry-After.
 * Replaces what `out` held. */
void http_problem(struct http_response *out, const struct http_request *request,
    const struct err *e);

/* 401: the error, and what the asker may prove himself with. */
void http_challenge(struct http_response *out,
    const struct http_request *request, const struct err *e, const char *with);

/* 422: the error is the client's, which its kind does not say. */
void http_conflict(struct http_response *out,
    const struct http_request *request, const struct err *e);

/* The same where no kind of error fits: 404, 405, 413, 415, 429. */
void http_refuse(struct http_response *out, const struct http_request *request,
    int status, const char *detail);

/* Another Retry-After than these two say. */
void http_retry(struct http_response *out, int seconds);

#endif
