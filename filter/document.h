/* SPDX-License-Identifier: Apache-2.0 */
/*
 * document: the steps from a PDF to stamped pages, in the order of the money.
 *
 *	document_open()	 page sizes, where they are in the raster
 *	document_plan()	 every mark or label of every page
 *	document_quote() all of it priced and checked as a whole
 *	document_fit()	 every stamp has its place
 *	document_write() issued in batches while the pages are written
 *
 * Nothing is spent before document_write().
 */
#ifndef FILTER_DOCUMENT_H
#define FILTER_DOCUMENT_H

#include <signal.h>

#include "base/err.h"
#include "dispense/settings.h"
#include "filter/compose.h"
#include "filter/issuer.h"
#include "filter/job.h"
#include "filter/plan.h"

struct filter_document;

/* Everything must live until document_close(), which the caller calls (NULL is
 * allowed).  `stop` set: give up.
 * Errors: as scan_open(), geometry_probe(); ERR_REQUEST (no pages). */
MUST_CHECK bool
document_open(const struct filter_job *job, const struct settings *settings,
    struct issuer *issuer, const volatile sig_atomic_t *stop,
    struct filter_document **out, struct err *e);
void document_close(struct filter_document *d);

/* Errors: ERR_REQUEST, also for a document without any mark or label where
 * the queue refuses such. */
MUST_CHECK bool document_plan(struct filter_document *d, struct err *e);
/* Errors: as issuer_quote(). */
MUST_CHECK bool document_quote(struct filter_document *d, struct err *e);
/* Errors: as plan_fit(). */
MUST_CHECK bool document_fit(struct filter_document *d, struct err *e);

/* Writes to `fd`; *pages and *bytes = what was written.
 * Errors: as compose_write(), pdfout_write(). */
MUST_CHECK bool
document_write(struct filter_document *d, int fd, compose_progress *progress,
    void *context, uint32_t *pages, uint64_t *bytes, struct err *e);

/* The plan, for those who report. */
const struct plan *document_get_plan(const struct filter_document *d);

#endif
