/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/action.h"

#include <string.h>

#include "tools/out.h"

int
action_run(const struct action *table, size_t size, struct arguments *a,
    int count, char **words, const char *usage)
{
	for (size_t i = 0; count > 0 && i < size; i++)
		if (strcmp(words[0], table[i].name) == 0 &&
		    count > table[i].least && count - 1 <= table[i].most)
			return table[i].run(a, words + 1);
	return out_usage(usage);
}
