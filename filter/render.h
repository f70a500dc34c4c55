/* SPDX-License-Identifier: Apache-2.0 */
/*
 * render: a PDF as raster pages, by Ghostscript in a sandbox.
 *
 *	render_open(&setup, &r, &e);
 *	while (render_header(r, &h, &bytes, &end, &e) && !end)
 *		render_lines(r, &lines, &e);	until the page has no more
 *	render_close(r, &e)		tells whether Ghostscript was content
 *
 * Nothing of a page is held here.  Two processes share the pages of a long
 * document; the caller sees them in order.
 */
#ifndef FILTER_RENDER_H
#define FILTER_RENDER_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include <cups/raster.h>

#include "base/err.h"
#include "filter/coded.h"

#define RENDER_PAGES_MAX 4000 /* of one list */

struct renderer;

struct render_setup {
	const cups_page_header2_t *header; /* what is wanted */
	const char *file;		   /* the PDF, absolute path */
	const char *ppd;     /* the queue's PPD for page sizes, or NULL */
	const char *profile; /* see gsargs.h */
	bool center_of_pixel;
	const char *temp;		   /* a folder is made below it */
	bool confine;			   /* sandbox_start() */
	const int *pages;		   /* in ascending order; NULL = all */
	size_t page_count;		   /* of them */
	int processes;			   /* 1 or 2; 2 only with `pages` */
	const char *writer;		   /* fastraster.so, or NULL */
	int page_seconds;		   /* longest silence; 0 = 300 */
	const volatile sig_atomic_t *stop; /* set: give up; or NULL */
};

/* Starts.  Errors: ERR_CONFIG (no Ghostscript), ERR_REQUEST, ERR_SYSTEM. */
MUST_CHECK bool render_open(
    const struct render_setup *setup, struct renderer **out, struct err *e);

/* The next page's header, checked by raster_check(); *bytes = its size.
 * *end: there is none.  Errors: ERR_REQUEST (the document cannot be rendered:
 * Ghostscript's words), ERR_SYSTEM (stopped, time). */
MUST_CHECK bool render_header(struct renderer *r, cups_page_header2_t *h,
    size_t *bytes, bool *end, struct err *e);

/* The page's next lines; they stay until the next call.
 * Errors: as render_header(). */
MUST_CHECK bool
render_lines(struct renderer *r, struct coded_lines *out, struct err *e);

/* The page's pixels, all of them: `bytes` as render_header() said.
 * Errors: as render_header(). */
MUST_CHECK bool
render_pixels(struct renderer *r, uint8_t *out, size_t bytes, struct err *e);

/* The path of fastraster.so: beside the running program, or where it is
 * installed; NULL if it is not there, and pages come slower. */
const char *render_writer(void);

/* Ends: after the last page waits for Ghostscript, before it kills.  Errors:
 * ERR_REQUEST if it ended unhappily though all pages came. */
bool render_close(struct renderer *r, struct err *e);

#endif
