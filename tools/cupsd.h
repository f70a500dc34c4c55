/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupsd: what the administration verbs ask of the scheduler, over IPP.
 *
 * The scheduler is the one that libcups finds (CUPS_SERVER, client.conf).
 */
#ifndef TOOLS_CUPSD_H
#define TOOLS_CUPSD_H

#include <cups/cups.h>

#include "base/err.h"
#include "dispense/device.h"
#include "dispense/request.h"

/* One queue as the scheduler knows it. */
struct cupsd_queue {
	char name[QUEUE_MAX];
	char device_uri[DEVICE_URI_MAX]; /* without credentials */
	char info[256], location[256], model[256];
	int state; /* ipp_pstate_t */
	bool accepting, shared;
	bool is_class;	/* of printers */
	bool takes_pdf; /* the scheduler has read the MIME rules of the queue */
	char error_policy[64], op_policy[64];
};

/* Errors: ERR_ABSENT (no scheduler). */
MUST_CHECK bool cupsd_connect(http_t **out, struct err *e);

/* Errors: ERR_CONFIG (no such queue), ERR_ABSENT. */
MUST_CHECK bool cupsd_queue_get(
    http_t *http, const char *name, struct cupsd_queue *out, struct err *e);

/* Every queue, in the scheduler's order; false from `each` ends it. */
typedef bool cupsd_each(void *context, const struct cupsd_queue *q);
MUST_CHECK bool
cupsd_queues(http_t *http, cupsd_each *each, void *context, struct err *e);

/* A request that adds or changes queue `name`; the caller adds attributes and
 * hands it to cupsd_send(). */
ipp_t *cupsd_modify_request(const char *name);
ipp_t *cupsd_delete_request(const char *name);

/* Sends and frees `request`, with the contents of `file` if not NULL.
 * Errors: ERR_DENIED, ERR_CONFIG (the scheduler said no), ERR_ABSENT. */
MUST_CHECK bool cupsd_send(http_t *http, ipp_t *request, const char *resource,
    const char *file, struct err *e);

/* The queue's PPD in a temporary file, which the caller removes.
 * Errors: ERR_CONFIG (a raw queue). */
MUST_CHECK bool cupsd_ppd(
    http_t *http, const char *name, char *path, size_t size, struct err *e);

#endif
