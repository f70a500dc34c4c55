/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backdrop: the pages of a document as they are before the stamps, each
 * distinct one rendered once.
 *
 * Ghostscript starts at once and works ahead as far as its pipe reaches.  A
 * page that is wanted again is kept, coded, within a budget; one that does not
 * fit is rendered again.
 *
 *	backdrops_open(&setup, &b, &e)
 *	for every page of the output, in order:
 *		backdrops_get(b, page, again, &header, &form, &e)
 *		backdrops_lines(b, &lines, &e)	until form.lines are there
 *	backdrops_finish(b, &e)		was Ghostscript content?
 *	backdrops_close(b)
 */
#ifndef FILTER_BACKDROP_H
#define FILTER_BACKDROP_H

#include "base/err.h"
#include "filter/coded.h"
#include "filter/render.h"

struct backdrops;

struct backdrop_setup {
	struct render_setup render; /* but for its pages */
	int pages;		    /* of the document */
	const int *same; /* the first page that is equal, from 1, of each page;
			    NULL: all differ */
	bool in_order;	 /* a page depends on those before it (backs that are
			    turned, pages of several sizes): Ghostscript
			    renders all, one after the other */
	size_t budget;	 /* bytes of kept pages */
};

/* `setup` must live until the end. */
MUST_CHECK bool backdrops_open(
    const struct backdrop_setup *setup, struct backdrops **out, struct err *e);
void backdrops_close(struct backdrops *b);

/* Goes to page `page` (from 1) of the document; `again`: it, or one that is
 * equal, will be asked for another time.  Lines left of the page before are
 * passed over.  Errors: as render_header(), ERR_CORRUPT (no such page came). */
MUST_CHECK bool backdrops_get(struct backdrops *b, int page, bool again,
    cups_page_header2_t *header, struct coded_form *form, struct err *e);

/* Its next lines; they stay until the next call. */
MUST_CHECK bool
backdrops_lines(struct backdrops *b, struct coded_lines *out, struct err *e);

/* After the last page.  Errors: as render_close(), ERR_CORRUPT (Ghostscript
 * has more pages). */
MUST_CHECK bool backdrops_finish(struct backdrops *b, struct err *e);

/* How many pages were rendered until now: for tests. */
size_t backdrops_rendered(const struct backdrops *b);

#endif
