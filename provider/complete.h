/* SPDX-License-Identifier: Apache-2.0 */
/*
 * complete: gives debited stamps their signatures.
 *
 * A stamp is debited in one transaction, signed outside of any (a module may
 * take its time, and no row is locked meanwhile), and its signature written in
 * another one.  Two may sign the same stamp; the signature that was written
 * first is the stamp's, and the only one that anybody gets.
 *
 * A card signs a PSD's stamps in their order (signer.h).  So those before a stamp
 * are signed first, whoever they are for, and a card that is away holds up all
 * that come behind.
 */
#ifndef PROVIDER_COMPLETE_H
#define PROVIDER_COMPLETE_H

#include "provider/store_stamp.h"
#include "provider/worker.h"

/* For provider->signatures. */
extern const struct combine_kind complete_combined;

/* What a PSD debits with: its signatures are zeros, and made later. */
void complete_later(struct psd_crypto *out);

/* Those of `rows` that have no signature get theirs.
 * Errors: ERR_ABSENT (the module of one of them is away, or another server's),
 * ERR_BUSY, as signer_sign(). */
MUST_CHECK bool complete_stamps(
    struct worker *w, struct stamp_row *rows, size_t count, struct err *e);

/* What a crash left: signs what is older than `age_ms`, of all PSDs that this
 * server can sign for, by modules that follow or by the others, some of them in
 * each call, in turn; *count of them.  A PSD whose module is away is left for
 * later. */
MUST_CHECK bool complete_pending(struct worker *w, int64_t age_ms,
    bool that_follow, size_t *count, struct err *e);

#endif
