/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls_server: an HTTPS server on loopback, in threads of the test, that does
 * as it is told, faults included.  One thread for each connection.
 *
 *	tls_authority_new(), tls_issue() ..., tls_server_start(), the test,
 *	tls_server_stop(), tls_authority_free()
 */
#ifndef TESTS_TLS_SERVER_H
#define TESTS_TLS_SERVER_H

#include <stdbool.h>
#include <stddef.h>

/* --- certificates ------------------------------------------------------------- */

struct tls_authority;

/* A new one; its certificate goes to `file`, PEM. */
struct tls_authority *tls_authority_new(const char *name, const char *file);
void tls_authority_free(struct tls_authority *a);

struct tls_spec {
	const char *name;     /* common name */
	const char *alt;      /* "IP:127.0.0.1,DNS:localhost"; NULL: a client */
	int from_day, to_day; /* from today; both 0: yesterday to tomorrow */
	const char *cert, *key; /* files that it makes, PEM */
};
void tls_issue(struct tls_authority *a, const struct tls_spec *spec);

/* --- the server ---------------------------------------------------------------- */

#define TLS_BODY_MAX (256 * 1024)
#define TLS_HEAD_MAX 8192

struct tls_request {
	char method[16], path[512];
	char head[TLS_HEAD_MAX]; /* all header lines, a NUL behind them */
	char *body;		 /* a NUL behind it */
	size_t body_len;
	char client[128]; /* common name of its certificate, "" = none */
};

enum tls_fault {
	TLS_GOOD,
	TLS_CUT,      /* closes instead of an answer */
	TLS_HALF,     /* closes in the middle of the answer's body */
	TLS_GOOD_BYE, /* answers, says keep-alive, and closes */
	TLS_RAW	      /* the body is all that is sent, status line and all */
};

struct tls_answer {
	int status;	  /* 0: 200 */
	const char *type; /* NULL: application/json */
	const char *more; /* further header lines, each with "\r\n"; or NULL */
	char *body;	  /* heap, or NULL: none; the server frees it */
	size_t body_len;
	enum tls_fault fault;
	int wait_ms; /* before it */
};

/* Called by the threads of the connections. */
typedef void
tls_handler(void *context, const struct tls_request *r, struct tls_answer *out);

struct tls_server_setup {
	const char *cert, *key;	      /* PEM files; NULL: plain HTTP */
	const char *client_authority; /* PEM file; NULL: asks for none */
	bool must_show;		      /* a client without one is refused */
	bool six;		      /* [::1] instead of 127.0.0.1 */
	tls_handler *handler;
	void *context;
};

struct tls_server;
struct tls_server *tls_server_start(const struct tls_server_setup *setup);
void tls_server_stop(struct tls_server *s);

int tls_server_port(const struct tls_server *s);
/* How many connections were made, and requests read, so far. */
int tls_server_connections(struct tls_server *s);
int tls_server_requests(const struct tls_server *s);

#endif
