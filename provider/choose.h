/* SPDX-License-Identifier: Apache-2.0 */
/*
 * choose: which of several does the next piece of work, by a named procedure;
 * PSDs of an account and processing servers are chosen by the same ones.
 */
#ifndef PROVIDER_CHOOSE_H
#define PROVIDER_CHOOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum choose {
	CHOOSE_ROUND_ROBIN, /* one after the other */
	CHOOSE_LEAST_LOADED,
	CHOOSE_AFFINITY /* the same for the same one who asks */
};

/* "round-robin", "least-loaded", "affinity"; false: no such procedure. */
bool choose_parse(const char *text, enum choose *out);
const char *choose_name(enum choose how);

/* One of `count` (at least 1).  `turn` counts the questions so far, `who` asks,
 * load[i] is how much each has to do (NULL: all the same). */
struct choose_asked {
	uint64_t turn, who;
	const int64_t *load;
	size_t count;
};
size_t choose_one(enum choose how, const struct choose_asked *asked);

#endif
