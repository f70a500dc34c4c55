/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pageout: the raster stream that leaves the filter, from coded lines.
 *
 *	pageout_open(&setup, &p, &e)
 *	for each page: pageout_sheet(p, &header, &sheet, &e)
 *		pageout_page(p, &sheet, &e)
 *		pageout_lines(p, &lines, &e) or pageout_wide(p, &lines, &e)
 *			until all are there
 *	pageout_close(p, &e)
 *
 * Kinds: CUPS raster for a printer's own driver, compressed (version 2) or
 * plain (version 3); and what driverless printers take, PWG raster and Apple
 * raster (URF), with the header, margins and lines that rastertopwg gives for
 * the same pages, byte for byte.
 *
 * What the setup points to must live until the end, which is pageout_close() or,
 * where that is not to be, pageout_free().  Errors of each call: ERR_SYSTEM
 * (memory, writing, stopped), and what is named.
 */
#ifndef FILTER_PAGEOUT_H
#define FILTER_PAGEOUT_H

#include <signal.h>

#include <cups/cups.h>
#include <cups/ppd.h>
#include <cups/raster.h>

#include "base/err.h"
#include "filter/coded.h"
#include "filter/pwgpage.h"

enum pageout_kind { PAGEOUT_CUPS, PAGEOUT_PLAIN, PAGEOUT_PWG, PAGEOUT_URF };

struct pageout;

struct pageout_setup {
	enum pageout_kind kind;
	int fd;
	const char *trailer; /* written behind all, and not counted; or NULL */
	const volatile sig_atomic_t *stop; /* set: give up; or NULL */
	/* of the job, for PWG and URF: backs, page names, quality, intent */
	ppd_file_t *ppd; /* or NULL */
	cups_option_t *options;
	int option_count;
};

/* How the lines of a page lie in those of the sheet that goes out.  Where the
 * kind has no margins the sheet is the page. */
struct pageout_layout {
	struct coded_form page, sheet;
	size_t offset; /* bytes of the sheet's line before the page's */
	uint8_t white; /* every byte before and after */
};

struct pageout_sheet {
	struct pageout_layout layout;

	/* private */
	cups_page_header2_t header;
	struct pwgpage pwg;
	unsigned number;
	bool swap; /* 16-bit colours, big-endian there */
};

MUST_CHECK bool pageout_open(
    const struct pageout_setup *setup, struct pageout **out, struct err *e);

/* The next page's sheet: to be asked for in order, and as early as wanted.
 * Errors: ERR_CONFIG (PWG and URF: a colour space, order or depth that they do
 * not have). */
MUST_CHECK bool pageout_sheet(struct pageout *p, const cups_page_header2_t *h,
    struct pageout_sheet *out, struct err *e);

/* Errors: ERR_CONFIG (Apple raster has no such page), ERR_SYSTEM (writing,
 * stopped, memory). */
MUST_CHECK bool pageout_page(
    struct pageout *p, const struct pageout_sheet *sheet, struct err *e);

/* Lines of the page; of the sheet, with what is left and right of the page's,
 * in this machine's byte order. */
MUST_CHECK bool pageout_lines(
    struct pageout *p, const struct coded_lines *lines, struct err *e);
MUST_CHECK bool
pageout_wide(struct pageout *p, const struct coded_lines *lines, struct err *e);

/* Writes what is left and the trailer, and frees, also after an error.  *bytes =
 * what was written without the trailer.  Errors: ERR_SYSTEM. */
MUST_CHECK bool
pageout_close(struct pageout *p, uint64_t *bytes, struct err *e);

/* Only frees.  NULL is allowed. */
void pageout_free(struct pageout *p);

#endif
