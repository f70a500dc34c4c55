/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox: runs a program, or a part of this one, on a hostile file where it
 * can do no harm.
 *
 * The child has no network, no other process, its own process group, limits on
 * memory, processor time, file size and open files.  A program may read the
 * system's libraries, fonts and the files named here, and write in one folder;
 * a part of this program may use its three descriptors and nothing else, not
 * even open a file.  What the kernel does not offer (Landlock before 5.13) is
 * left out in silence: sandbox_features() says what there is.
 *
 *	sandbox_start(&how, &pid, &e) ... read what it writes ...
 *	sandbox_wait(pid, &status)  or  sandbox_kill(pid)
 */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct sandbox {
	const char *program; /* absolute path */
	char *const *argv, *const *envp;
	const char *folder; /* the only place it may write, its cwd;
				      * NULL: none, and / */
	const char *parent; /* for sandbox_enter(): where it is, to be removed
			     * from; or NULL */
	const char *const *readable; /* files and folders, NULL at the end; or
				      * NULL: none */
	int in_fd;		     /* its standard input; 0: /dev/null */
	int out_fd;		     /* its standard output */
	int err_fd;		     /* its standard error; 0: /dev/null */
	uint64_t memory_bytes, file_bytes, cpu_s;
	bool confine; /* false: limits only (settings.sandbox = off) */
	bool nobody;  /* root becomes nobody first, whatever the kernel has */
};

/* Starts the program.  It is killed when this process dies.
 * Errors: ERR_SYSTEM (names the step), ERR_CONFIG (no such program). */
MUST_CHECK bool
sandbox_start(const struct sandbox *how, pid_t *pid, struct err *e);

/* Runs `work` in a child of this process that keeps descriptors 0, 1 and 2 as
 * `how` says and may only use them, memory and the clock; `program`, `argv`,
 * `envp`, `folder` and `readable` are not looked at.  What it returns is the
 * exit code.  Nothing of this process's output must be waiting in a buffer
 * that `work` could flush.
 * Errors: ERR_SYSTEM. */
typedef int sandbox_work(void *context);
MUST_CHECK bool sandbox_fork(const struct sandbox *how, sandbox_work *work,
    void *context, pid_t *pid, struct err *e);

/* This process goes in itself, for the rest of its life, and all that it starts:
 * what it has open stays usable, it may start programs and end processes, but
 * makes no socket and reaches no file but those that `how` names (`folder`,
 * `parent`, `readable`) and the system's.  Before the first thread.
 * Errors: ERR_SYSTEM. */
MUST_CHECK bool sandbox_enter(const struct sandbox *how, struct err *e);

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

/* Half of the computer's memory, from 1 to 4 GiB: enough for one file. */
uint64_t sandbox_memory(void);

#endif
