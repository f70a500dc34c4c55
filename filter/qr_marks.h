/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qr_marks: QR codes "postage:?amount=0.78" of a rendered page, for documents
 * that come as pictures (phones, PNG and JPEG, drivers that send raster), and
 * from programs that draw such codes in lines.
 *
 * The only user of zbar in the filter.  The mark is the code with its quiet
 * zone of four modules; all of that is cleared, and its printed size is the
 * box that the stamp is put into.  Other QR codes are none of our business.
 */
#ifndef FILTER_QR_MARKS_H
#define FILTER_QR_MARKS_H

#include "base/err.h"
#include "filter/scan.h"

#define QR_MARK_MIN_PT 22.0 /* a smaller picture holds none: 8 mm */
#define QR_MARK_QUIET  4    /* modules */

enum qr_kind {
	QR_PIXELS, /* in a picture */
	QR_DRAWN   /* in lines, whose edges leave pale seams on the map */
};

/* Looks at `area` of the page (sheet space) and adds to out[*count], at most
 * `max` in all; `page` is for messages.
 * Errors: ERR_REQUEST "page 2: ..." (the mark cannot be read, stands askew, or
 * there are too many), ERR_SYSTEM. */
MUST_CHECK bool qr_marks_find(const struct ink_map *map, struct rect area,
    enum qr_kind kind, int page, struct placeholder *out, size_t max,
    size_t *count, struct err *e);

#endif
