/* SPDX-License-Identifier: Apache-2.0 */
/*
 * web_own: what the files of web share.
 *
 *	web.c		starts, drains, stops
 *	web_listen.c	its socket
 *	web_accept.c	a thread that takes connections and ends slow ones
 *	web_connection.c	one connection: who is there
 *	web_tls.c	certificates, ours and theirs
 *	web_exchange.c	one request: guard, body, answer; on the library's threads
 *	web_work.c	the workers and their queue
 *
 * The library does not listen itself: its way to stop listening while connections
 * come (MHD_quiesce_daemon) can end the process.
 */
#ifndef PROVIDER_WEB_OWN_H
#define PROVIDER_WEB_OWN_H

#include <pthread.h>
#include <stdatomic.h>

#include "provider/web.h"

#define WEB_STACK  (512 * 1024)
#define WEB_MEMORY 16384 /* of a connection: both heads, a part of a body */

struct MHD_Connection;
struct MHD_Daemon;

struct web_connection {
	struct web *web;
	struct web_connection *prev, *next;
	int fd;			     /* the library's */
	_Atomic int64_t deadline_ms; /* of clock_ms(); 0 = none */
	char address[HTTP_ADDRESS];
	char fingerprint[HTTP_FINGERPRINT];
	bool peer_known; /* fingerprint was looked for */
};

/* From its request line until it is answered or its connection gone. */
struct web_exchange {
	struct web *web;
	struct web_connection *connection;
	struct MHD_Connection *mhd;
	enum { WEB_NEW, WEB_BODY, WEB_WORK, WEB_DONE } state;
	char *target;		/* a copy */
	const char *target_end; /* behind it, where it came */
	const char *target_wrong;
	char *body;
	size_t body_len, body_got;
	bool close; /* the connection, behind the answer */
	struct http_request request;
	struct http_response response;
	struct web_exchange *next; /* in the queue */
};

struct web_worker {
	struct web *web;
	void *context;
	pthread_t thread;
	bool open, running;
};

struct web {
	struct web_setup setup;
	struct MHD_Daemon *daemon;
	char said[256]; /* by the library while it starts */
	bool started;

	int listen_fd; /* the accept thread's alone, once it runs */
	char address[128];
	char unlink_path[108]; /* "" = no socket file of ours */
	int wake_fd;	       /* eventfd */
	pthread_t accept_thread;
	bool accepting;
	atomic_bool draining, listening, stopping;

	pthread_mutex_t connections_lock;
	struct web_connection *connections;
	int connection_count;

	pthread_mutex_t work_lock;
	pthread_cond_t work_there;
	struct web_exchange *first, *last;
	int waiting, busy;
	bool work_ends;
	enum { WEB_ANSWERED, WEB_ASKED, WEB_ASKING } probe; /* web_answers() */
	struct web_worker *worker; /* setup.workers of them */

	atomic_int under_way; /* exchanges */
	_Atomic uint64_t requests, refused;
};

/* web_listen.c: fills listen_fd, address, unlink_path. */
MUST_CHECK bool web_listen(struct web *w, struct err *e);
void web_close_listener(struct web *w);
/* "192.0.2.7", "" for what has no such address */
struct sockaddr;
void web_show_address(const struct sockaddr *sa, char out[HTTP_ADDRESS]);

/* web_accept.c */
MUST_CHECK bool web_accept_start(struct web *w, struct err *e);
void web_accept_wake(struct web *w);
void web_accept_stop(struct web *w);

/* web_connection.c */
struct web_connection *
web_connection_new(struct web *w, struct MHD_Connection *mhd);
void web_connection_free(struct web_connection *c);
/* Ends it `seconds` from now, if it is there then; 0: does not. */
void web_connection_limit(struct web_connection *c, int seconds);
/* Ends those whose time is up. */
void web_connection_sweep(struct web *w);

/* web_tls.c */
/* The library passes over an authority that it cannot read, and does not free what
 * it could not use.  Errors: ERR_CONFIG. */
MUST_CHECK bool web_tls_check(const struct web_setup *setup, struct err *e);
/* What its certificate is, if it showed one that verifies. */
void web_tls_know_peer(struct web_connection *c, struct MHD_Connection *mhd);

/* web_exchange.c */
struct web_exchange *
web_exchange_new(struct web *w, struct MHD_Connection *mhd, const char *target);
void web_exchange_free(struct web_exchange *x);
/* One step, on the library's thread; false: close at once. */
bool web_exchange_step(struct web_exchange *x, const char *path,
    const char *method, const char *version, const char *data, size_t *size);

/* web_work.c */
MUST_CHECK bool web_work_start(struct web *w, struct err *e);
/* Hands it to a worker; its connection sleeps until it is done.  False: too many
 * wait. */
bool web_work_give(struct web_exchange *x);
/* Those that wait are answered, then the workers end. */
void web_work_stop(struct web *w);

/* A thread with a small stack that no signal goes to. */
MUST_CHECK bool
web_thread(pthread_t *out, void *(*body)(void *), void *arg, struct err *e);

#endif
