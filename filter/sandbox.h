/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox: runs the renderer on a hostile document where it can do no harm.
 *
 * The child has no network, no other process, its own process group, limits on
 * memory, processor time, file size and open files; it may read the system's
 * libraries, fonts and the files named here, and write in one folder.  What
 * the kernel does not offer (Landlock before 5.13) is left out in silence:
 * sandbox_features() says what there is.
 *
 *	sandbox_start(&how, &pid, &e) ... read what it writes ...
 *	sandbox_wait(pid, &status)  or  sandbox_kill(pid)
 */
#ifndef FILTER_SANDBOX_H
#define FILTER_SANDBOX_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct sandbox {
	const char *program; /* absolute path */
	char *const *argv, *const *envp;
	const char *folder;	     /* the only place it may write, its cwd */
	const char *const *readable; /* files and folders; NULL at the end */
	int out_fd;		     /* its standard output */
	int err_fd;		     /* its standard error */
	uint64_t memory_bytes, file_bytes, cpu_s;
	bool confine; /* false: limits only (settings.sandbox = off) */
};

/* Starts the program.  It is killed when this process dies.
 * Errors: ERR_SYSTEM (names the step), ERR_CONFIG (no such program). */
MUST_CHECK bool
sandbox_start(const struct sandbox *how, pid_t *pid, struct err *e);

/* Waits for its end; *status as of waitpid(2).  False if it is no child. */
bool sandbox_wait(pid_t pid, int *status);

/* Ends its process group at once and waits for it. */
void sandbox_kill(pid_t pid);

enum { SANDBOX_SECCOMP = 1, SANDBOX_LANDLOCK = 2 };

/* Ends all that were started and not waited for.  May be called by a signal's
 * handler. */
void sandbox_kill_all(void);

/* What this kernel offers, as bits. */
unsigned sandbox_features(void);

#endif
