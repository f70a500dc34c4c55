/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan: what is on the pages of a PDF: the placeholders, and where ink is.
 *
 *	scan_open(); scan_page_count();
 *	for each page: scan_page(); if it has placeholders: scan_ink(),
 *		ink_map_is_free() for each stamp, ink_map_free();
 *	scan_close();
 *
 * The only user of Poppler.  All rectangles are in sheet space
 * (stamp/rect.h): upper left origin of the page as rendered, after /Rotate,
 * inside its crop box.  Pages count from 1.  Input is hostile: sizes are
 * bounded and a page that cannot be read is an error, never skipped.
 */
#ifndef FILTER_SCAN_H
#define FILTER_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "stamp/locate.h"
#include "stamp/mark.h"
#include "stamp/rect.h"

#define SCAN_PAGES_MAX	 20000
#define SCAN_MARKS_MAX	 1000  /* of one page */
#define SCAN_PAGE_MAX_PT 14400 /* width or height of a page */

struct scan;

/* A place for a stamp, as found in the document. */
struct placeholder {
	uint32_t page;	/* from 1 */
	uint32_t place; /* on its page, in reading order, from 1 */
	char text[MARK_TEXT_MAX];
	struct mark mark;
	struct rect box;		  /* of the whole mark */
	struct rect ink[LOCATED_INK_MAX]; /* to be cleared, with a margin for
					     anti-aliasing */
	int ink_count;
	int rotation; /* 0, 90, 180, 270 clockwise; 0 = left to right */
	bool cut;     /* pdftopdf cut the page to the paper, and with it this:
			 no ink is given */
	bool gone;    /* and nothing of it is on the paper */
};

/* The page in colour at a modest resolution. */
struct ink_map {
	int width, height;    /* pixels */
	double dpi;	      /* 150, less for very large pages */
	int stride;	      /* pixels from row to row */
	const uint32_t *xrgb; /* 0x00RRGGBB, rows from the top */
	void *owner;	      /* private */
};

/* Errors: ERR_REQUEST (no PDF, encrypted, too many pages). */
MUST_CHECK bool scan_open(const char *path, struct scan **out, struct err *e);
void scan_close(struct scan *s);

int scan_page_count(const struct scan *s);

/* The size of a page in sheet space (width and height after /Rotate).
 * Errors: ERR_REQUEST (empty or larger than SCAN_PAGE_MAX_PT). */
MUST_CHECK bool scan_page_size(struct scan *s, int page, double *width_pt,
    double *height_pt, struct err *e);

/* The placeholders of a page, in reading order, at most `max`.  Marks without
 * visible ink (hidden text) are left out, but for those that were cut.
 * Errors: ERR_REQUEST "page 3: ..." names mark and reason. */
MUST_CHECK bool scan_page(struct scan *s, int page, struct placeholder *out,
    size_t max, size_t *count, struct err *e);

/* Renders a page.  The caller frees with ink_map_free().
 * Errors: ERR_REQUEST, ERR_SYSTEM (memory). */
MUST_CHECK bool
scan_ink(struct scan *s, int page, struct ink_map *out, struct err *e);
void ink_map_free(struct ink_map *map);

/* True if `area`, but for the `except` rectangles, is of one colour: paper, or
 * an even background.  Else *where (if not NULL) is a box around the ink found
 * in the area.  What lies off the page counts as free. */
bool ink_map_is_free(const struct ink_map *map, struct rect area,
    const struct rect *except, size_t except_count, struct rect *where);

/* The box of a line of text (of a glyph's measures, which lie) fitted to the
 * ink of that text: cut to it, or let out where the ink leaves the box; ink of
 * neighbouring lines is left out.  A margin for anti-aliasing is added. */
struct rect
ink_map_fit(const struct ink_map *map, struct rect box, int rotation);

/* The colour most of `area` has, but for the `except` rectangles: 0xRRGGBB.
 * White (0xffffff) where nothing is left to look at. */
uint32_t ink_map_color(const struct ink_map *map, struct rect area,
    const struct rect *except, size_t except_count);

#endif
