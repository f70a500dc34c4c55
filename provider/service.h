/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service: postaged as its role says: a front, a processing server, or both.
 *
 * Order of calls: service_start(), service_drain(), service_stop().
 */
#ifndef PROVIDER_SERVICE_H
#define PROVIDER_SERVICE_H

#include "provider/program.h"

struct service;

/* `p` is open and lives as long.  `listen_fd`: a socket that listens already; -1:
 * as configured.
 * Errors: ERR_CONFIG (addresses, certificates, database), ERR_SYSTEM; as
 * program_worker(). */
MUST_CHECK bool service_start(
    struct program *p, int listen_fd, struct service **out, struct err *e);

/* Where it listens. */
const char *service_address(const struct service *s);

/* Whether a worker and its database have answered since the last call, whatever
 * they said: who asks is told that a database is away, and a process that is
 * started again finds no other.  Waits for nothing. */
bool service_answers(struct service *s);

/* Fronts send nothing more; requests under way have as long as configured.  True
 * where none is left. */
bool service_drain(struct service *s);

void service_stop(struct service *s); /* NULL is allowed */

#endif
