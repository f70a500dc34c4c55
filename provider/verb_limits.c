/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits as options, and as lines.
 */
#include "provider/verbs.h"

#include <stdio.h>
#include <string.h>

static bool
take_limit(const char *text, mils *most, struct err *e)
{
	*most = text == NULL ? VERB_KEEP : -1;
	return text == NULL || strcmp(text, "none") == 0 ||
	       verb_mils(text, most, e);
}

bool
verb_limits(int *argc, char **argv, mils most[LIMITS], struct err *e)
{
	return take_limit(verb_option(argc, argv, "--stamp-max"),
		   &most[LIMIT_STAMP], e) &&
	       take_limit(
		   verb_option(argc, argv, "--day-max"), &most[LIMIT_DAY], e) &&
	       take_limit(verb_option(argc, argv, "--month-max"),
		   &most[LIMIT_MONTH], e);
}

void
verb_set_limits(struct limits *l, const mils most[LIMITS])
{
	for (int of = 0; of < LIMITS; of++)
		if (most[of] != VERB_KEEP)
			l->most[SIDE_PROVIDER][of] = most[of];
}

void
verb_print_limits(const struct limits *l, const char *what)
{
	static const char *const whose[] = {"provider", "customer"};
	char text[MILS_TEXT];

	for (int by = 0; by < SIDES; by++) {
		const char *before = "";

		for (int of = 0; of < LIMITS; of++) {
			if (l->most[by][of] < 0)
				continue;
			if (*before == '\0')
				printf("%slimits by %s: ", what, whose[by]);
			printf("%s%s a %s", before,
			    mils_format(l->most[by][of], text),
			    limit_name((enum limit)of));
			before = ", ";
		}
		if (*before != '\0')
			printf("\n");
	}
}
