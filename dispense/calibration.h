/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calibration: where a queue's printer puts ink on paper, as was measured on a
 * test sheet.
 *
 * A printer puts what a page has at X, millimetres from its left edge as it is
 * fed, at offset + scale * X from the paper's edge; the same from the top.  The
 * file is <folder of postage.conf>/printers/<queue>, written by root, read by
 * the filter: lp can read it and not change it.
 */
#ifndef DISPENSE_CALIBRATION_H
#define DISPENSE_CALIBRATION_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define CALIBRATION_OFFSET_MM 20.0 /* at most */
#define CALIBRATION_STRETCH   0.05 /* of 1, at most */

struct calibration {
	double offset_x_mm, offset_y_mm;
	double scale_x, scale_y; /* 1 = true to size */
	uint32_t date;		 /* YYYYMMDD; 0 = never measured */
};

/* Along one axis: what should be at `wanted` was found at `got`. */
struct calibration_point {
	double wanted_mm, got_mm;
};

/* Errors: ERR_CONFIG (a name no queue has, too long a path). */
MUST_CHECK bool calibration_path(const char *conf_path, const char *queue,
    char *out, size_t size, struct err *e);

/* A queue without a file has a true printer.
 * Errors: ERR_CONFIG "<file>:<line>: ...". */
MUST_CHECK bool
calibration_load(const char *path, struct calibration *out, struct err *e);

/* Errors: ERR_REQUEST (out of the bounds above: measured wrongly),
 * ERR_SYSTEM. */
MUST_CHECK bool
calibration_store(const char *path, const struct calibration *c, struct err *e);

/* The straight line through at least two points, nearest to all of them.
 * Errors: ERR_REQUEST (fewer than two, or all in one place). */
MUST_CHECK bool calibration_line(const struct calibration_point *points,
    size_t count, double *offset_mm, double *scale, struct err *e);

#endif
