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

/* The PSDs of `account` that this server can sign for; *list lives until the
 * next call.  Outside of a transaction.
 * Errors: ERR_ABSENT (it can sign for none), ERR_CONFIG (there is none). */
MUST_CHECK bool psds_of(struct worker *w, int64_t account,
    const struct psd_here **list, size_t *count, struct err *e);

/* The one of a serial number, whatever its account; *out likewise.
 * Errors: ERR_ABSENT (its key is in another server's module). */
MUST_CHECK bool psds_find(struct worker *w, uint32_t serial,
    const struct psd_here **out, struct err *e);

#endif
