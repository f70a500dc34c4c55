/* SPDX-License-Identifier: Apache-2.0 */
/*
 * worker: calls of a library that may never return, or that knows no end of its
 * threads, made in a process of their own that can be killed.
 *
 * It gets one order at a time, and answers it.  An order is a byte and its
 * bytes; an answer is a kind of error (ERR_NONE: it was done) and bytes, or the
 * error's text.  After a failed order close it and open another: a late answer
 * is never taken for that of the next.
 */
#ifndef VAULT_WORKER_H
#define VAULT_WORKER_H

#include "base/bytes.h"
#include "base/err.h"

#define WORKER_MESSAGE_MAX 4096 /* bytes of an order or an answer */

struct worker;

/* --- the parent's end --------------------------------------------------------- */

/* The process; it runs `serve` on its end, which does not return.  `what` is
 * who answers, for messages ("the card or its reader").  Errors: ERR_SYSTEM. */
MUST_CHECK bool worker_open(const char *what, void (*serve)(int fd),
    struct worker **out, struct err *e);

/* Ends it, whatever it does.  NULL is allowed. */
void worker_close(struct worker *w);

/* Waits at most `ms` for the answer; *answer lies in *w until the next order.
 * Errors: ERR_BUSY (no answer), ERR_SYSTEM (it ended), and those of the
 * answer. */
MUST_CHECK bool worker_order(struct worker *w, const struct bytes_writer *order,
    int ms, struct bytes_reader *answer, struct err *e);

/* --- the process's end --------------------------------------------------------- */

/* Obeys one order; what it writes is the answer. */
typedef bool worker_obey(void *context, struct bytes_reader *in,
    struct bytes_writer *out, struct err *e);

/* Obeys until the parent's end is closed, and exits. */
_Noreturn void worker_serve(int fd, worker_obey *obey, void *context);

#endif
