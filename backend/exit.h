/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exit: what the scheduler is told, and what vaultd is told, for everything
 * that can happen to a document.  Pure: the table of docs/ARCHITECTURE.md
 * "What goes wrong" and nothing else.
 *
 * The rule above all: once a byte of a stamped document went to the printer,
 * nothing but "delivered" or "uncertain" is said, and uncertain holds the job.
 */
#ifndef BACKEND_EXIT_H
#define BACKEND_EXIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "dispense/client.h"

/* The scheduler's meaning of a backend's exit code; the numbers of CUPS. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_FAILED = 1,	/* the queue's error policy decides */
	EXIT_AUTH_REQUIRED = 2, /* held until a name and password are given */
	EXIT_HOLD = 3,		/* held until a person releases it */
	EXIT_STOP = 4,		/* the queue is stopped */
	EXIT_CANCEL = 5,
	EXIT_RETRY = 6,		/* again later, a few times */
	EXIT_RETRY_CURRENT = 7, /* again now */
};

/* The code for an error of ours. */
enum exit_code exit_of_kind(enum err_kind kind);

/* The job-state-reasons keyword that belongs to it, or NULL. */
const char *exit_reason_of_kind(enum err_kind kind);

/* How the real backend ended. */
struct child_end {
	bool started;		 /* false: it could not be run at all */
	bool signalled;		 /* died of signal `code` */
	int code;		 /* exit code or signal */
	uint64_t size, consumed; /* bytes of the document, bytes it took */
	uint32_t stamps;	 /* on the document */
	bool stopped;		 /* was told to stop */
	bool unreached; /* never got to the printer: what it took went nowhere,
			   unless it says, not being stopped, that all is well */
};

struct verdict {
	enum exit_code code;
	enum settle settle;
	const char *text; /* for an ERROR line, or NULL */
};

void exit_of_child(const struct child_end *end, struct verdict *out);

/* What to do with a document before anything is sent. */
enum step {
	STEP_SEND,   /* spool and send */
	STEP_RESEND, /* send the stored bytes of an earlier attempt */
	STEP_SKIP,   /* delivered before: nothing is sent, success */
	STEP_END     /* exit with the verdict */
};

/* `bytes`: of the document as it came out of the filters of this attempt. */
enum step exit_of_outcome(const struct outcome *o, uint64_t bytes,
    struct verdict *out, struct err *e);

#endif
