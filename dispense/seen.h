/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seen: the verifier's table of stamps that were used.
 *
 * A stamp is known by its PSD id and ascending register (seen_stamp_name());
 * the first use is kept, every later one is a duplicate.
 */
#ifndef DISPENSE_SEEN_H
#define DISPENSE_SEEN_H

#include <stddef.h>

#include "base/err.h"
#include "stamp/indicium.h"

#define SEEN_NAME  96
#define SEEN_WHERE 256

struct seen;

struct seen_use {
	char when[32]; /* "2026-11-21T02:14:00Z" */
	char where[SEEN_WHERE];
};

/* Opens the table; with `create` it is made where it is missing.  `path`
 * ":memory:" lives as long as the opening.
 * Errors: ERR_ABSENT (no file), ERR_CORRUPT (another kind of file),
 * ERR_SYSTEM. */
MUST_CHECK bool
seen_open(const char *path, bool create, struct seen **out, struct err *e);
void seen_close(struct seen *s);

/* "XXPS0001234567/780"; a date correction, which moves no register, has its
 * piece count behind.  Returns out. */
const char *seen_stamp_name(const struct indicium *in, char out[SEEN_NAME]);

/* Looks a stamp up.  *found = false is no error. */
MUST_CHECK bool seen_find(struct seen *s, const char *name, bool *found,
    struct seen_use *first, struct err *e);

/* Records a use as one step with the look-up: of two callers at once one gets
 * *again = false.  `first` is the use that stands. */
MUST_CHECK bool seen_cancel(struct seen *s, const char *name, const char *where,
    bool *again, struct seen_use *first, struct err *e);

#endif
