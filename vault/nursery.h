/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nursery: the process that children of vault/aside.h are forked from, in a
 * program with many threads.
 *
 * A fork takes the locks of libraries along as they are, and a lock that another
 * thread had then is never given back: OpenSSL's own hang a child in its first
 * call.  The nursery is forked before there are threads and starts none, so its
 * children are as clean as those of a program with one.  They have the
 * environment and the user of that moment.
 *
 * Threads may share one.
 */
#ifndef VAULT_NURSERY_H
#define VAULT_NURSERY_H

#include <sys/types.h>

#include "vault/aside.h"

struct nursery;

/* Before the first thread.  It ends with this process.  Errors: ERR_SYSTEM. */
MUST_CHECK bool nursery_open(struct nursery **out, struct err *e);

/* False: it was killed, and nothing is born any more; the program gets a SIGCHLD
 * then, and its remedy is to be started again. */
bool nursery_lives(const struct nursery *n);

/* Ends it, and children that are left; NULL is allowed. */
void nursery_close(struct nursery *n);

/* For vault/aside.c: a child of `part` with `fd` as its end, which the caller
 * closes; and its end.  Errors: ERR_SYSTEM. */
MUST_CHECK bool nursery_bear(struct nursery *n, const struct aside_part *part,
    int fd, pid_t *child, struct err *e);
void nursery_end(struct nursery *n, pid_t child);

#endif
