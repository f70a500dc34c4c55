/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fiducial: the test sheet's discs, drawn and found again in a scan.
 *
 * Five discs: one in each corner, and a fifth beside the upper left one that
 * tells which way up the sheet was scanned.  Places are millimetres from the
 * paper's upper left corner.
 */
#ifndef TOOLS_FIDUCIAL_H
#define TOOLS_FIDUCIAL_H

#include "base/err.h"
#include "tools/verify.h"

#define FIDUCIALS	   5
#define FIDUCIAL_INSET_MM  20.0 /* from the edges to the middle of a disc */
#define FIDUCIAL_RADIUS_MM 2.5
#define FIDUCIAL_FIFTH_MM  15.0 /* right of the first */

struct fiducial {
	double x_mm, y_mm;
};

/* Where they belong: upper left, upper right, lower left, lower right, fifth. */
void fiducial_places(
    double page_w_mm, double page_h_mm, struct fiducial out[FIDUCIALS]);

/* Where they are on the paper of a scan, in the same order.  The paper's edges
 * are those that show against a dark background, else the picture's own.
 * Errors: ERR_REQUEST (not five discs, resolution not known, or neither edges
 * nor a picture as large as the paper). */
struct fiducial_scan {
	struct fiducial at[FIDUCIALS];
	double skew_degrees; /* of the print on its paper */
};
MUST_CHECK bool fiducial_find(const struct image *scan, double page_w_mm,
    double page_h_mm, struct fiducial_scan *out, struct err *e);

#endif
