/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keeper: what a processing server does besides answering: it finishes stamps
 * that a crash left without a signature, asks what became of payments, and tells
 * the database that it is there (server.h).  Each is a thread with a worker of its
 * own, so that a processor that is slow holds up no stamp.
 */
#ifndef PROVIDER_KEEPER_H
#define PROVIDER_KEEPER_H

#include "provider/program.h"

struct keeper;

/* One round of work; what it has to say it logs.  False: the error is told once,
 * and the next round tries again. */
typedef bool keeper_round(struct worker *w, struct err *e);
keeper_round keeper_stamps, keeper_payments;

/* Errors: as program_worker(), ERR_SYSTEM. */
MUST_CHECK bool keeper_start(const struct program *p, keeper_round *round,
    struct keeper **out, struct err *e);

/* Ends it, at most a round of its work later; NULL is allowed. */
void keeper_stop(struct keeper *k);

#endif
