/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pwgpage: a CUPS raster page as a page of PWG or Apple raster: the whole
 * sheet, with the header that CUPS's rastertopwg makes of it (PWG 5102.4; Apple
 * raster has no public description).  Pure.
 */
#ifndef FILTER_PWGPAGE_H
#define FILTER_PWGPAGE_H

#include <cups/cups.h>
#include <cups/ppd.h>
#include <cups/raster.h>

#include "base/err.h"

struct pwgpage {
	cups_page_header2_t header; /* of the sheet */
	unsigned top, bottom;	    /* white lines around the page's */
	size_t offset; /* of a line of the page in a line of the sheet */
	uint8_t white; /* every byte of an empty line */
};

#define PWGPAGE_URF_PAGE 32 /* bytes of a page's header */

/* `page` counts from 1, for the backs.
 * Errors: ERR_CONFIG (such pages have no PWG form). */
MUST_CHECK bool pwgpage_make(const cups_page_header2_t *in, unsigned page,
    ppd_file_t *ppd, int option_count, cups_option_t *options,
    struct pwgpage *out, struct err *e);

/* The header as it stands in a PWG stream; in an Apple one, whose lines stand
 * `*lines` times each. */
void pwgpage_pwg(const struct pwgpage *p, cups_page_header2_t *out);
MUST_CHECK bool pwgpage_urf(const struct pwgpage *p,
    uint8_t out[PWGPAGE_URF_PAGE], unsigned *lines, struct err *e);

#endif
