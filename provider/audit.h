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

/* A card whose registers were held against its row's. */
struct audit_card {
	uint32_t serial;
	char module[SIGNER_NAME_MAX];
	bool away;
	struct err why;		  /* where it is away */
	struct psd_status status; /* where it is there */
	int64_t behind; /* pieces that the books have and it has not yet */
};
typedef void audit_card_fn(void *context, const struct audit_card *card);

/* The cards of this server's modules: each is where its row is, or where it was.
 * Tells each card and then its faults; a server may be at work meanwhile.
 * Errors: the store's. */
MUST_CHECK bool audit_cards(struct worker *w, audit_card_fn *card,
    audit_fault_fn *each, void *context, size_t *faults, struct err *e);

/* States by a signature how far all chains are.  Errors: the store's. */
MUST_CHECK bool audit_checkpoint(struct worker *w, struct err *e);

#endif
