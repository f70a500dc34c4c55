/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ppdread: a PPD as statements, "*Keyword Option/Translation: value".
 * Slices of the caller's buffer; nothing is interpreted or copied.
 */
#ifndef TOOLS_PPDREAD_H
#define TOOLS_PPDREAD_H

#include <stdbool.h>
#include <stddef.h>

struct slice {
	const char *ptr;
	size_t len;
};

struct statement {
	struct slice keyword; /* without the asterisk */
	struct slice option;  /* up to "/", blanks trimmed */
	struct slice text;    /* translation after "/" */
	struct slice value;   /* without quotes */
	bool has_value, quoted;
};

struct ppd_reader {
	const char *at, *end;
};

/* The next statement; comments and other lines are skipped.  False at the
 * end.  A quoted value without its closing quote ends the PPD. */
bool ppd_next(struct ppd_reader *r, struct statement *out);

bool slice_is(struct slice s, const char *text);
bool slice_begins(struct slice s, const char *text);

#endif
