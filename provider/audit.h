/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit: do the books agree with themselves and with what was signed?
 *
 * The rules of store_audit.h; then each PSD's stamps in the order of their
 * pieces: registers in each indicium follow those before it, the chain leads to
 * the PSD's, each signature verifies.  Then each checkpoint: it is ours, and the
 * chain still passes through it, so that nobody took back what was stated.
 */
#ifndef PROVIDER_AUDIT_H
#define PROVIDER_AUDIT_H

#include "provider/store_audit.h"
#include "provider/worker.h"

struct audit_result {
	size_t faults, psds, checkpoints;
	int64_t stamps, pending; /* pending: debited, not signed yet */
	mils sum;
};

/* Tells each fault; reads one snapshot.  Errors: the store's. */
MUST_CHECK bool audit_books(struct worker *w, audit_fault_fn *each,
    void *context, struct audit_result *out, struct err *e);

/* States by a signature how far all chains are.  Errors: the store's. */
MUST_CHECK bool audit_checkpoint(struct worker *w, struct err *e);

#endif
