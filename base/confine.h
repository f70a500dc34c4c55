/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine: what a child of sandbox.h gives up.
 *
 * Everything is prepared before fork(2), as between fork and exec a child may
 * only make system calls:
 *
 *	confine_prepare(how, level, &c, &e)	in the parent-to-be
 *	fork() == 0: confine_enter(how, &c, &step)
 *	confine_free(&c)
 */
#ifndef BASE_CONFINE_H
#define BASE_CONFINE_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/sandbox.h"

#define CONFINE_FILTER_MAX (64 * 1024) /* bytes */

enum confine_level {
	CONFINE_PROGRAM, /* sandbox_start(): threads, but no process */
	CONFINE_SEALED,	 /* sandbox_fork(): no file at all, no exec */
	CONFINE_SELF	 /* sandbox_enter(): processes too */
};

struct confine {
	enum confine_level level;
	bool drop;		   /* it is root's: becomes uid, gid */
	struct sock_fprog program; /* filter NULL: no system call filter */
	int ruleset;		   /* Landlock, or -1 */
	pid_t parent;		   /* it dies with */
	uid_t uid;
	gid_t gid;
	uint8_t bytes[CONFINE_FILTER_MAX];
};

/* Errors: ERR_SYSTEM.  confine_free() after failure too. */
MUST_CHECK bool confine_prepare(const struct sandbox *how,
    enum confine_level level, struct confine *c, struct err *e);
void confine_free(struct confine *c);

/* The walls alone, no user and no limits: no new privileges, files, system
 * calls.  False: errno. */
MUST_CHECK bool confine_walls(const struct confine *c);

/* In the child, for the rest of its life.  False: errno, and *step is the
 * letter of the step that failed. */
MUST_CHECK bool
confine_enter(const struct sandbox *how, const struct confine *c, char *step);

#endif
