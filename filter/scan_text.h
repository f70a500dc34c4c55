/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan_text: the marks in the text of a page.  For filter/scan.c.
 *
 * On a sheet that pdftopdf made, each of the document's own pages is read by
 * itself (cells.h): so words of neighbours never join, and a mark that the
 * paper does not hold is found and named.
 */
#ifndef FILTER_SCAN_TEXT_H
#define FILTER_SCAN_TEXT_H

#include <poppler.h>

#include "base/err.h"
#include "stamp/locate.h"

struct scan_text;

/* `pages` is what the caller counts.  Errors: ERR_SYSTEM. */
MUST_CHECK bool scan_text_open(
    const char *path, int pages, struct scan_text **out, struct err *e);
void scan_text_close(struct scan_text *t);

/* The marks of page `page` (from 1), which is `p`, in reading order.
 * Errors: ERR_REQUEST "page 3: ..." */
MUST_CHECK bool scan_text_find(struct scan_text *t, PopplerPage *p, int page,
    struct located *out, size_t max, size_t *count, struct err *e);

/* True if a code may be drawn on the page in lines (pieces.h). */
bool scan_text_pieces(const struct scan_text *t, int page);

/* Whatever corners Poppler gives. */
struct rect scan_text_rect(const PopplerRectangle *r);

#endif
