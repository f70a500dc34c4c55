/* SPDX-License-Identifier: Apache-2.0 */
/*
 * psds: the PSDs of accounts as this worker has read them, with their keys, so
 * that a request need not read them again.  What changes of a PSD is not here;
 * one that was withheld meanwhile is found out under its lock.
 */
#ifndef PROVIDER_PSDS_H
#define PROVIDER_PSDS_H

#include "provider/store_psd.h"
#include "provider/worker.h"

#define PSDS_MAX 16 /* of one account */

MUST_CHECK bool psds_new(struct psds **out, struct err *e);
void psds_free(struct psds *p); /* NULL is allowed */

/* The PSDs of `account` that issue stamps of `mail_date` (0: of today), those that
 * expire last first; the lists live until the next call.  Outside of a
 * transaction.  Where all expire before that date: those that have not yet.
 * Errors: ERR_ABSENT (only other servers can sign), ERR_DENIED (there is none, or
 * all have expired). */
struct psds_found {
	const struct psd_here *here, *elsewhere; /* in modules of others */
	size_t here_count, elsewhere_count;
};
MUST_CHECK bool psds_of(struct worker *w, int64_t account, uint32_t mail_date,
    struct psds_found *out, struct err *e);

/* The one of a serial number, whatever its account; *out likewise.
 * Errors: ERR_ABSENT (its key is in another server's module). */
MUST_CHECK bool psds_find(struct worker *w, uint32_t serial,
    const struct psd_here **out, struct err *e);

#endif
