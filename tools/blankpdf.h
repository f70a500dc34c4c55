/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blankpdf: a PDF of empty pages, or of pages with one line of text, enough to
 * carry a mark through the print queue.
 */
#ifndef TOOLS_BLANKPDF_H
#define TOOLS_BLANKPDF_H

#include <stdio.h>

#include "base/err.h"

struct blankpdf {
	double w_pt, h_pt;
	int pages;
	const char *text;  /* printable ASCII, or NULL */
	double x_pt, y_pt; /* its upper left corner, from the upper left */
	double font_pt;
	const char *content; /* more, in PDF's own words (font F1), or NULL */
};

/* Errors: ERR_SYSTEM. */
MUST_CHECK bool
blankpdf_write(const struct blankpdf *b, FILE *out, struct err *e);

#endif
