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
	if (text == NULL)
		return true;
	*most = -1;
	return strcmp(text, "none") == 0 || verb_mils(text, most, e);
}

bool
verb_limits(int *argc, char **argv, struct limits *l, struct err *e)
{
	mils *most = l->most[SIDE_PROVIDER];

	return take_limit(verb_option(argc, argv, "--stamp-max"),
		   &most[LIMIT_STAMP], e) &&
	       take_limit(
		   verb_option(argc, argv, "--day-max"), &most[LIMIT_DAY], e) &&
	       take_limit(verb_option(argc, argv, "--month-max"),
		   &most[LIMIT_MONTH], e);
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
