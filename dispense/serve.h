/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve: one connection of postage-vaultd, from HELLO to its end.
 *
 * The connection is the lock: while it lives, no other connection plays the
 * same role for the same job.  It ends when the peer closes it, is silent past
 * its time limit or sends what is no message; the document's state in the
 * journal then says how far it came.
 */
#ifndef DISPENSE_SERVE_H
#define DISPENSE_SERVE_H

#include <sys/types.h>

#include "base/err.h"
#include "dispense/dispense.h"
#include "dispense/settings.h"

typedef void serve_alarm_fn(const struct settings *s, const char *text);

/* Serves `fd` (kept open) for a peer of `uid`.  `ready`, which is taken over,
 * was opened before the peer came; NULL: it is opened when it is needed.
 * When a backend has left, `told` (or NULL) gets each sentence that a person
 * should be told now.
 * Returns false with the reason worth logging; a peer that closes its
 * connection is no error. */
MUST_CHECK bool
serve_connection(const struct settings *s, struct dispense *ready, int fd,
    uid_t uid, serve_alarm_fn *told, struct err *e);

#endif
