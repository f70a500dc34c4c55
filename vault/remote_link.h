/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote_link: asks the fronts of a provider, one after the other, until one
 * answers or the time is over.
 *
 * A front that does not answer, is too busy (429, 503) or says what cannot be
 * read is passed over; after a whole round it pauses, longer each time, at most
 * two seconds, or as long as a front said (Retry-After).  The front that
 * answered is asked first the next time.
 *
 * So a question may reach the provider several times, also late, after the next
 * one.  Whatever is asked here must bear that: see vault/remote.c.
 */
#ifndef VAULT_REMOTE_LINK_H
#define VAULT_REMOTE_LINK_H

#include <stdint.h>

#include "vault/https.h"
#include "vault/remote_uri.h"

struct remote_link {
	struct remote_uri uri;
	struct https *https;
	char *authorization; /* a header, or NULL */
	size_t front;	     /* that answered last */
	int wait_ms;	     /* the longest that one question takes */
};

/* Reads the token; nothing is asked yet.  `rest` as in remote_uri_parse().
 * Errors: ERR_CONFIG (URI, a file). */
MUST_CHECK bool remote_link_open(
    struct remote_link *out, const char *rest, int wait_ms, struct err *e);
/* The same of a whole URI, "https:" before it. */
MUST_CHECK bool remote_link_open_uri(
    struct remote_link *out, const char *uri, int wait_ms, struct err *e);
void remote_link_close(struct remote_link *l);

struct remote_question {
	const char *method, *path; /* "POST", "/v1/vault/find" */
	const char *body;	   /* JSON, or NULL */
	size_t body_len;
	/* Reads a whole answer of status 200; what it refuses counts as lost. */
	bool (*read)(
	    void *context, const char *body, size_t len, struct err *e);
	void *context;
};

/* How asking went, of one question or of several about the same stamps. */
struct remote_turn {
	int64_t until; /* clock_ms(); 0: begun by the first question */
	int pause_ms;
	int status; /* of the last answer; 0: none */
	/* Something was sent whose answer is not known: it may have been done,
	 * or be done later. */
	bool open;
};

/* True: an answer of status 200 was read.  With another status than 0 in
 * t->status that front has refused, and *e is what it said.
 * Errors: ERR_ABSENT (nobody answered in time), ERR_DENIED (with status 0: no
 * front proved to be the provider's; nothing was sent), ERR_CONFIG, as
 * remote_get_problem(). */
MUST_CHECK bool remote_ask(struct remote_link *l,
    const struct remote_question *q, struct remote_turn *t, struct err *e);

/* Pauses before a question is put again; false where the time is over. */
bool remote_pause(struct remote_turn *t);

#endif
