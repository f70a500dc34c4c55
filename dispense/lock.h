/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lock: one live process at a time for a name.
 *
 * A lock is a file in a directory of ours with flock(2) on it, so it ends with
 * its holder, however that dies.  The file goes away with the lock.
 */
#ifndef DISPENSE_LOCK_H
#define DISPENSE_LOCK_H

#include <limits.h>

#include "base/err.h"
#include "dispense/client.h"

struct lock {
	int fd; /* -1: not held */
	char path[PATH_MAX];
};

#define LOCK_NONE      \
	{              \
		-1, "" \
	}

/* Takes `dir`/`name`, waiting at most `wait_ms`.
 * Errors: ERR_BUSY ("held by process N"), ERR_SYSTEM. */
MUST_CHECK bool lock_take(struct lock *l, const char *dir, const char *name,
    int wait_ms, struct err *e);

/* The lock of whoever works on a job in a role: a live filter or backend.
 * Errors: as lock_take(). */
MUST_CHECK bool lock_job(struct lock *l, const char *dir, const struct job *job,
    enum client_role role, int wait_ms, struct err *e);

/* Gives it back; no error if it is not held. */
void lock_release(struct lock *l);

#endif
