/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bounds: what this process may use for a hostile document.
 *
 * Ghostscript has its sandbox (base/sandbox.h); Poppler and QPDF read the document
 * in the filter itself, which has another.  A document that makes them eat memory, go round in
 * circles or wait for themselves ends the job and not the computer.
 */
#ifndef FILTER_BOUNDS_H
#define FILTER_BOUNDS_H

#include "base/err.h"

struct filter_job;
struct settings;

/* For the rest of this process's life: sandbox_memory(), no core dump (a page
 * is money), no debugger of the same user, no new privileges for children.
 * Errors: ERR_SYSTEM. */
MUST_CHECK bool bounds_enter(struct err *e);

/* Before the document is read, once the daemon is connected and the job's own
 * folder made: this process shuts itself in as Ghostscript is (base/sandbox.h),
 * but that it may start and end processes.  It reads the system's files, the
 * configuration and the queue's PPD, and writes in the job's folder.
 * Errors: ERR_SYSTEM. */
MUST_CHECK bool bounds_walls(const struct filter_job *job,
    const struct settings *settings, struct err *e);

/* Processor time for one page's work, by setting page-time; 30 s until then.
 */
void bounds_set_page(unsigned seconds);

/* Time for what follows, up to the next call: that of so many pages, and four
 * times as long by the clock; 0 = no limit.  When it is used up the process
 * says so in an ERROR line and exits by leave_now().  The backend then holds
 * the job. */
void bounds_work(unsigned pages);

#endif
