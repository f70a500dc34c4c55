/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coded_store: coded lines in memory, in the order they came.
 *
 *	struct coded_store s = {.len = 0};
 *	coded_store_add(&s, &lines, &e)
 *	for (at = 0; coded_store_next(&s, &at, &lines);)
 *	coded_store_clear(&s)	empty, with its memory if that is little
 *	coded_store_free(&s)
 */
#ifndef FILTER_CODED_STORE_H
#define FILTER_CODED_STORE_H

#include "base/err.h"
#include "filter/coded.h"

struct coded_store {
	uint8_t *bytes;
	size_t len, room;
};

/* Errors: ERR_SYSTEM. */
MUST_CHECK bool coded_store_add(
    struct coded_store *s, const struct coded_lines *lines, struct err *e);

/* False: there are no more.  They stay until something is added. */
bool coded_store_next(
    const struct coded_store *s, size_t *at, struct coded_lines *out);

void coded_store_clear(struct coded_store *s);
void coded_store_free(struct coded_store *s);

#endif
