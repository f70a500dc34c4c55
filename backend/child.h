/* SPDX-License-Identifier: Apache-2.0 */
/*
 * child: runs the real backend.
 *
 * It gets what the scheduler would give it: its own device URI in DEVICE_URI
 * (never on its command line), the document through a pipe (feed.h), one copy, the
 * job's options without those that were applied already, back channel and side
 * channel (descriptors 3 and 4), and the user that the scheduler's rule gives
 * its file: root for one that only root may run, else the printing user, with
 * no other group.  Its stderr comes back to us; see relay.h.
 *
 * It is in a process group of its own and dies with us, so that it is told to
 * stop once and by us alone, whether the scheduler tells all of us or only one.
 */
#ifndef BACKEND_CHILD_H
#define BACKEND_CHILD_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "dispense/device.h"
#include "backend/exit.h"
#include "backend/feed.h"
#include "backend/relay.h"
#include "base/err.h"

#define CHILD_OPTIONS_MAX 16384

/* What to run. */
struct program {
	char path[PATH_MAX];
	bool as_root;
};

/* Finds the backend of `scheme` below `serverbin`, by the scheduler's rules:
 * folder and file are root's (or this user's, when not root) and nobody
 * else can write them, the file is no set-uid one.
 * Errors: ERR_CONFIG, the text says what to change. */
MUST_CHECK bool child_find(const char *serverbin, const char *scheme,
    struct program *out, struct err *e);

/* True if a program that a PPD names is what root put there: the file (behind
 * symbolic links), the links and every folder above them are root's, or of the
 * user whose this program is, and nobody else can write them; the file is no
 * set-uid one.  Which programs a PPD may name is dispense/drivers.h's.  The
 * scheduler looks at what it starts, but it
 * starts us and not the driver.
 * Errors: ERR_CONFIG. */
MUST_CHECK bool child_trusts(const char *path, struct err *e);

/* The folder of CUPS's programs: CUPS_SERVERBIN if the scheduler named one
 * that is root's, else the one of this build. */
const char *child_serverbin(void);

/* Copies the options of `in` that the real backend may see: not those that the
 * filters applied (copies, N-up, page ranges, scaling ...), not ours, none with
 * control characters.  `out` holds CHILD_OPTIONS_MAX bytes; what does not fit
 * is left out. */
void child_options(const char *in, char *out);

/* One run. */
struct child {
	const struct program *program;
	const struct device *device;
	const char *printing_user;
	const char *final_type; /* FINAL_CONTENT_TYPE, or NULL: as it is */
	const char *job, *user, *title, *options; /* as argv has them */
	int input;		   /* the document, from its offset on */
	const char *copies, *file; /* an unstamped file instead, or NULL */
};

/* One that runs. */
struct child_run {
	pid_t pid;
	int log_fd; /* its stderr */
	struct feed feed;
};

/* Starts it.
 * Errors: ERR_CONFIG (no such user, cannot be run), ERR_SYSTEM. */
MUST_CHECK bool
child_start(const struct child *c, struct child_run *out, struct err *e);

/* Feeds it and relays its stderr to `sink` until it ended.  *stop is a signal
 * number that a handler sets: it is passed on to the child, once, which is still
 * waited for.  Fills all of `end` but its size, stamps and unreached. */
void child_wait(struct child_run *run, const volatile int *stop,
    struct relay *r, relay_sink *sink, void *context, struct child_end *end);

#endif
