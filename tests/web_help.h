/* SPDX-License-Identifier: Apache-2.0 */
/*
 * web_help: a server of provider/web.h with a handler of the tests' own, and raw
 * sockets to ask it.
 *
 *	/echo		the body back; else "method path"
 *	/who		"address fingerprint"
 *	/header		the header X-Test; /query the query's "q"
 *	/wait		answers when served_open() was called
 *	/silent		does not answer
 *	/smuggled	is counted: nobody may reach it
 */
#ifndef TESTS_WEB_HELP_H
#define TESTS_WEB_HELP_H

#include <stdatomic.h>
#include <pthread.h>

#include "provider/web.h"

struct served {
	struct web *web;
	struct web_setup setup;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool open;
	int inside; /* /wait */
	atomic_int smuggled, handled, workers, probed;
	int worker_fails; /* the n-th worker does not open */
};

/* With what s->setup says beyond the handler; ends the test on failure. */
void served_start(struct served *s);
void served_stop(struct served *s);
/* Lets /wait answer; waits until `count` are in it. */
void served_open(struct served *s);
void served_wait_inside(struct served *s, int count);

/* A connection; -1: refused. */
int raw_connect(const char *address);
void raw_send(int fd, const void *ptr, size_t len);
/* What comes until the other end closes; false: it did not within wait_ms. */
bool raw_read_all(int fd, char *out, size_t size, int wait_ms);
/* One whole answer (by its Content-Length); its status, 0 = none came. */
int raw_read_one(int fd, char *out, size_t size, int wait_ms);
/* The status of the first answer in the text; 0 = there is none. */
int raw_status(const char *answer);
/* All: connect, send, one answer, close. */
int raw_ask(const char *address, const char *text, char *out, size_t size);

#endif
