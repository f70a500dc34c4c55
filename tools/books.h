/* SPDX-License-Identifier: Apache-2.0 */
/*
 * books: what the verbs over the journal share.
 */
#ifndef TOOLS_BOOKS_H
#define TOOLS_BOOKS_H

#include "dispense/books.h"
#include "dispense/lock.h"
#include "dispense/settings.h"

/* Opens the configured journal as its owner.  To write it must be there:
 * ERR_ABSENT. */
MUST_CHECK bool books_open(const struct settings *s, bool read_only,
    struct journal **out, struct err *e);

/* The person at the keyboard acts, now; `name` keeps who it is. */
struct books_by books_by_person(char name[USER_MAX]);

/* Documents of a job ("mail-12") or one by its ID ("7"). */
#define BOOKS_DOCUMENTS_MAX 64
struct documents {
	int64_t id[BOOKS_DOCUMENTS_MAX];
	int count;
	bool many_jobs; /* two jobs bore this name */
};
MUST_CHECK bool books_documents(
    struct journal *j, const char *word, struct documents *out, struct err *e);

/* "mail-12" or "7" (*id, else 0).  Errors: ERR_REQUEST. */
MUST_CHECK bool books_parse_name(const char *word, char queue[QUEUE_MAX],
    uint32_t *job, int64_t *id, struct err *e);

/* Holds a job whose filter and backend are not at work: what is being printed
 * now is not to be changed under its hands.
 * Errors: ERR_BUSY (they are, for longer than `wait_ms`). */
struct books_hold {
	struct lock filter, backend;
};
MUST_CHECK bool books_hold_job(const struct settings *s, const struct job *job,
    int wait_ms, struct books_hold *out, struct err *e);
void books_let_go(struct books_hold *hold);

#endif
