/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signer_turn: what the threads of a program share of a module: of a device that
 * does one thing at a time, whose turn it is; that it was away a moment ago (so that
 * they do not wait for it one after the other, nor choose it); and that it refused
 * its PIN (so that each does not use up a try of its own).
 */
#ifndef PROVIDER_SIGNER_TURN_H
#define PROVIDER_SIGNER_TURN_H

#include "base/err.h"

#define SIGNER_AWAY_MS	1000 /* so long nobody looks for it again */
#define SIGNER_KNOWN_MS 5000 /* so long it counts as away */
#define SIGNER_FRESH_MS 2000 /* so long after an answer it counts as there */

struct signer_turn;

/* Errors: ERR_SYSTEM. */
MUST_CHECK bool signer_turn_new(struct signer_turn **out, struct err *e);
void signer_turn_free(struct signer_turn *t); /* NULL is allowed */

/* Waits for those before at most `wait_ms`.
 * Errors: ERR_BUSY (they take longer), ERR_ABSENT (as it was a moment ago),
 * ERR_DENIED (the PIN). */
MUST_CHECK bool
signer_turn_begin(struct signer_turn *t, int wait_ms, struct err *e);

/* How it went: *e says ERR_NONE, or what failed.  `refused`: the PIN was. */
void signer_turn_end(struct signer_turn *t, const struct err *e, bool refused);

/* The same of a module that several use at a time. */
void signer_turn_note(struct signer_turn *t, const struct err *e);

/* What is known without asking: that it is away, or refuses its PIN; that it has
 * just answered, or is at work. */
bool signer_turn_is_away(struct signer_turn *t);
bool signer_turn_is_there(struct signer_turn *t);

#endif
