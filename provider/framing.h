/* SPDX-License-Identifier: Apache-2.0 */
/*
 * framing: which requests are refused before anything else is looked at, so
 * that no proxy in front and no server behind can see two requests where we see
 * one (RFC 9112, sections 3.2, 5.1, 6).  Pure.
 */
#ifndef PROVIDER_FRAMING_H
#define PROVIDER_FRAMING_H

#include <stdbool.h>
#include <stddef.h>

#define FRAMING_FIELDS_MAX 64

/* A header as it came; no NUL needed behind either. */
struct framing_field {
	const char *name, *value;
	size_t name_len, value_len;
};

struct framing_head {
	const char *method;  /* "POST" */
	const char *version; /* "HTTP/1.1" */
	struct framing_field field[FRAMING_FIELDS_MAX];
	size_t fields;
};

/* What of it the server goes on with. */
struct framing {
	int status; /* 0 = it can be answered; else the refusal's */
	const char *why;
	size_t body_len;
};

/*
 * Refused with 400: a name with a byte that no token has, a value with a control
 * character; more than one Host, Content-Length, Transfer-Encoding,
 * Authorization or Content-Type; no Host (HTTP/1.0 apart) or one that names no
 * host; any Transfer-Encoding; a Content-Length that is no number; a body with
 * GET, HEAD or DELETE.  405: another method.  413: a body over `body_max`.  415: a
 * body that is not application/json.  417: an Expect that is not 100-continue.
 */
void framing_check(
    const struct framing_head *head, size_t body_max, struct framing *out);

/* NULL, or what is wrong with a request's target as it was sent: not a path, a
 * byte that must be escaped, a wrong escape or one of a control character; in
 * the path also "//", the segments "." and "..", and an escaped '/'. */
const char *framing_check_target(const char *target);

#endif
