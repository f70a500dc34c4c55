/* SPDX-License-Identifier: Apache-2.0 */
/*
 * raster_in: the stream that comes out of Ghostscript, line by line, coded.
 *
 * CUPS raster of this machine's byte order, version 2 (fastraster.c, libcups)
 * or 3.  A hostile document stands behind it: no header is believed before
 * raster_check(), no line that does not end where it should is passed on.
 *
 *	raster_in_init(&in, read, context)
 *	while (raster_in_header(&in, &h, &end, &e) && !end)
 *		while (in.lines_left > 0)
 *			raster_in_lines(&in, &lines, &e)
 *	raster_in_free(&in)
 */
#ifndef FILTER_RASTER_IN_H
#define FILTER_RASTER_IN_H

#include <sys/types.h>

#include <cups/raster.h>

#include "base/err.h"
#include "filter/coded.h"

/* As read(2): bytes read, 0 at the end, -1 for a failure. */
typedef ssize_t raster_in_read(void *context, uint8_t *out, size_t len);

struct raster_in {
	struct coded_form form; /* of the page */
	size_t lines_left;	/* of the page */
	bool cut; /* the stream failed or ended where it should not */

	/* private */
	raster_in_read *read;
	void *context;
	bool compressed, begun;
	uint8_t *bytes; /* read ahead: from `at` to `end` */
	size_t at, end, room;
	uint8_t *line, *code; /* version 3: the line after this one; coded */
	bool line_ahead;
};

void raster_in_init(struct raster_in *in, raster_in_read *read, void *context);
void raster_in_free(struct raster_in *in);

/* The next page's header; lines that were left of the page before it are
 * passed over.  *end: there is none.
 * Errors: ERR_REQUEST (in->cut, or no raster), as raster_check(); ERR_SYSTEM
 * (memory). */
MUST_CHECK bool raster_in_header(
    struct raster_in *in, cups_page_header2_t *h, bool *end, struct err *e);

/* The next lines of the page; they stay until the next call.
 * Errors: as above. */
MUST_CHECK bool
raster_in_lines(struct raster_in *in, struct coded_lines *out, struct err *e);

#endif
