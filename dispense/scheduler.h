/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scheduler: what cupsd itself says of a job.
 *
 * The option string and the environment of a filter can be forged by whoever
 * submits a job (job-uuid, quoted text that looks like an option) or runs as
 * lp.  Before money moves, the job's identity, owner and state come from here.
 */
#ifndef DISPENSE_SCHEDULER_H
#define DISPENSE_SCHEDULER_H

#include "base/err.h"
#include "dispense/request.h"

/* Asks cupsd at `where` (socket path, or host:port) for job `job->id` and
 * replaces uuid, created, processing, user, documents, completed and confirm of
 * `job` by what it says.  `must_print`: the job must be in state processing (RFC 8011, 5.3.7).
 * Errors: ERR_ABSENT (no answer), ERR_DENIED (no such job, another queue's, not
 * printing), ERR_CONFIG (cupsd hides the job's owner from this user). */
MUST_CHECK bool scheduler_job(
    const char *where, struct job *job, bool must_print, struct err *e);

#endif
