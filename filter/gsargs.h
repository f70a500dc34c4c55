/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gsargs: Ghostscript's command line for a page header.
 *
 * Its device "cups" writes pages as the header says, so that a printer's own
 * driver finds what it found before: every field of the header that is not the
 * device's default is one argument.  Pure: strings in, strings out.
 */
#ifndef FILTER_GSARGS_H
#define FILTER_GSARGS_H

#include <cups/raster.h>

#include "base/err.h"

#define GSARGS_MAX  160
#define GSARGS_TEXT 49152

struct gsargs {
	char *argv[GSARGS_MAX + 1]; /* into text; NULL at the end */
	int argc;
	char text[GSARGS_TEXT];
	size_t used;
	bool failed; /* too long */
};

struct gsargs_how {
	const cups_page_header2_t *header;
	const char *file;     /* the PDF */
	const char *pages;    /* "" = all; "1-2,5" */
	const char *profile;  /* job option "profile", or NULL */
	bool center_of_pixel; /* fill dots whose centre is inside */
	const char *icc;      /* output profile, or NULL */
};

/* Errors: ERR_REQUEST (longer than GSARGS_TEXT, or a `profile` that is no list
 * of numbers: it would be run as a program). */
MUST_CHECK bool
gsargs_make(const struct gsargs_how *how, struct gsargs *out, struct err *e);

#endif
