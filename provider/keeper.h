/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keeper: what a processing server does besides answering: it finishes stamps
 * that a crash left without a signature, and tells the database that it is there
 * (server.h).  A thread with a worker of its own.
 */
#ifndef PROVIDER_KEEPER_H
#define PROVIDER_KEEPER_H

#include "provider/program.h"

struct keeper;

struct web;

/* `web` is what the server answers with: fronts learn how much waits there.
 * Errors: as program_worker(), ERR_SYSTEM. */
MUST_CHECK bool keeper_start(const struct program *p, struct web *web,
    struct keeper **out, struct err *e);

/* Fronts send nothing more. */
void keeper_drain(struct keeper *k);

/* Ends it, at most a round of its work later; NULL is allowed. */
void keeper_stop(struct keeper *k);

#endif
