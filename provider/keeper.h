/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keeper: what a processing server does besides answering: it finishes stamps
 * that a crash left without a signature and value that it left on its way into a
 * PSD, asks what became of payments, and tells
 * the database that it is there (server.h).  Each is a thread with a worker of its
 * own, so that a processor that is slow holds up no stamp, and a card that is
 * silent none of other modules.
 */
#ifndef PROVIDER_KEEPER_H
#define PROVIDER_KEEPER_H

#include "provider/program.h"

struct keeper;

struct web;

/* One round of work; what it has to say it logs.  False: the error is told once,
 * and the next round tries again. */
typedef bool keeper_round(struct worker *w, struct err *e);
keeper_round keeper_stamps, keeper_cards, keeper_payments;

/* `web` is what the server answers with: fronts learn how much waits there; NULL:
 * they are told nothing by this one.
 * Errors: as program_worker(), ERR_SYSTEM. */
struct keeper_setup {
	const struct program *program;
	struct web *web;
	keeper_round *round;
};
MUST_CHECK bool keeper_start(
    const struct keeper_setup *setup, struct keeper **out, struct err *e);

/* Fronts send nothing more. */
void keeper_drain(struct keeper *k);

/* Ends it, at most a round of its work later; NULL is allowed. */
void keeper_stop(struct keeper *k);

#endif
