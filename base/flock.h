/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flock: flock(2) with an end to the waiting.
 */
#ifndef BASE_FLOCK_H
#define BASE_FLOCK_H

#include "base/err.h"

/* Takes the lock `mode` (LOCK_EX or LOCK_SH) on `fd`, waiting at most `wait_ms`.
 * False: errno says why, EWOULDBLOCK where it is still held by another. */
MUST_CHECK bool flock_wait(int fd, int mode, int wait_ms);

#endif
