/* SPDX-License-Identifier: Apache-2.0 */
/*
 * meters: which metrics postaged has (postaged.conf(5), metrics).
 */
#ifndef PROVIDER_METERS_H
#define PROVIDER_METERS_H

#include "provider/api.h"
#include "provider/web.h"
#include "provider/worker.h"

struct meters;

/* Errors: ERR_SYSTEM. */
MUST_CHECK bool meters_open(struct meters **out, struct err *e);
void meters_close(struct meters *m); /* NULL is allowed */

/* A request was answered; `route` NULL: no such path. */
void meters_request(
    struct meters *m, const struct api_route *route, int status, int64_t us);

enum meters_why { METERS_RATE, METERS_LOGIN };
void meters_throttled(struct meters *m, enum meters_why why);

/* What others count, at this moment. */
struct meters_now {
	struct web_state web;
	const struct tally *tally; /* NULL: no stamps are made here */
	size_t servers;		   /* of a front, that are good */
};

/* All of them, on the heap.  NULL: no memory. */
char *meters_text(struct meters *m, const struct meters_now *now, size_t *len);

#endif
