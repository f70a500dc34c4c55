/* SPDX-License-Identifier: Apache-2.0 */
/*
 * raster: the page header of a CUPS raster stream, checked before one byte of
 * its page is believed or held in memory.
 *
 * A header comes from the renderer, which read a hostile document: every size
 * is bounded here, and all later code may multiply without fear.
 */
#ifndef FILTER_RASTER_H
#define FILTER_RASTER_H

#include <stddef.h>
#include <stdint.h>

#include <cups/raster.h>

#include "base/err.h"
#include "stamp/canvas.h"

#define RASTER_PAGE_BYTES_MAX ((size_t)1 << 30)
#define RASTER_SIDE_MAX	      200000 /* dots */
#define RASTER_DPI_MAX	      4800
#define RASTER_PT_MAX	      14400 /* page width and height */

/* Checks the header; *bytes = what its page holds.
 * Errors: ERR_REQUEST "page header: ..." */
MUST_CHECK bool
raster_check(const cups_page_header2_t *h, size_t *bytes, struct err *e);

/* The page as a canvas, without pixels: for canvas_check(). */
struct canvas raster_describe(const cups_page_header2_t *h);

/* Describes the page's pixels (`bytes` of raster_check()) as a canvas.
 * Errors: ERR_CONFIG if this kind of page cannot hold a stamp. */
MUST_CHECK bool raster_canvas(const cups_page_header2_t *h, uint8_t *pixels,
    size_t bytes, struct canvas *out, struct err *e);

#endif
