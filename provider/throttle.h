/* SPDX-License-Identifier: Apache-2.0 */
/*
 * throttle: how often something may be done by one key (an address, a user
 * system), a token bucket for each.
 *
 * Memory is fixed: who did nothing for a while is forgotten first, and at last
 * the one who has most left.  Keys are kept as their hashes under a random salt,
 * so nobody can choose keys that push each other out.
 *
 * Any thread; times are clock_ms()'s.
 */
#ifndef PROVIDER_THROTTLE_H
#define PROVIDER_THROTTLE_H

#include <stdint.h>

#include "base/err.h"

struct throttle;

struct throttle_setup {
	int burst;   /* so many at once */
	int each_ms; /* then one in so many */
	int keys;    /* about so many are remembered */
};

/* Errors: ERR_SYSTEM. */
MUST_CHECK bool throttle_new(
    const struct throttle_setup *setup, struct throttle **out, struct err *e);
void throttle_free(struct throttle *t); /* NULL is allowed */

/* May `key` once more?  False: in *wait_ms (NULL is allowed) it may. */
MUST_CHECK bool throttle_take(
    struct throttle *t, const char *key, int64_t now_ms, int64_t *wait_ms);

#endif
