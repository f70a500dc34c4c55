/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/choose.h"

#include <string.h>

static const char *const names[] = {
    [CHOOSE_ROUND_ROBIN] = "round-robin",
    [CHOOSE_LEAST_LOADED] = "least-loaded",
    [CHOOSE_AFFINITY] = "affinity",
};

bool
choose_parse(const char *text, enum choose *out)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], text) == 0) {
			*out = (enum choose)i;
			return true;
		}
	return false;
}

const char *
choose_name(enum choose how)
{
	return names[how];
}

/* Among equals, one after the other. */
static size_t
least(const struct choose_asked *asked)
{
	size_t best = asked->turn % asked->count;

	for (size_t n = 1; asked->load != NULL && n < asked->count; n++) {
		size_t i = (asked->turn + n) % asked->count;

		if (asked->load[i] < asked->load[best])
			best = i;
	}
	return best;
}

size_t
choose_one(enum choose how, const struct choose_asked *asked)
{
	if (how == CHOOSE_LEAST_LOADED)
		return least(asked);
	return (how == CHOOSE_AFFINITY ? asked->who : asked->turn) %
	       asked->count;
}
