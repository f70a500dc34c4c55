/* SPDX-License-Identifier: Apache-2.0 */
/*
 * combine: threads that want the same kind of thing at one time have it done
 * together, by one of them.
 *
 * Who comes while nobody is at work is at work at once, alone: nobody waits for
 * company.  Those that come meanwhile wait; when the work is done the first of
 * them does what all of them want, in the order in which they came.  Where the
 * work hangs they would hang one after the other: who has waited too long goes.
 */
#ifndef PROVIDER_COMBINE_H
#define PROVIDER_COMBINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define COMBINE_MAX 32

struct combine;

struct combine_kind {
	/* May `next` be done with these? */
	bool (*fits)(void *const *list, size_t count, const void *next);
	/* Does them, 1 to COMBINE_MAX, with the context of whose thread it is. */
	void (*run)(void *context, void *const *list, size_t count);
	int wait_ms; /* so long one waits in the line; 0: as long as it takes */
};

/* Errors (NULL): memory. */
struct combine *combine_new(const struct combine_kind *kind);
void combine_free(struct combine *c); /* NULL is allowed; nobody is in it */

/* Returns when `what` was in a list that was run.  False: it was in none, those
 * before it took too long. */
MUST_CHECK bool combine_do(struct combine *c, void *what, void *context);

/* How many wait now for the next list. */
size_t combine_waiting(struct combine *c);

#endif
