/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quality: how well a symbol was printed, measured on a scan.
 *
 * The bytes that were read are encoded again, so every module is known; the
 * grid of modules is laid over the scan, moved and stretched until its edges
 * lie on the ink's, and what then differs is the print.  Figures and grades are
 * those of ISO/IEC 15415, but estimates: a scanner is no verifier, its light
 * and aperture are its own, and code words are not looked at one by one.
 */
#ifndef TOOLS_QUALITY_H
#define TOOLS_QUALITY_H

#include "base/err.h"
#include "tools/verify.h"

struct quality {
	double module_x_mil, module_y_mil;
	double gain_x_mil, gain_y_mil; /* a dark edge's, outwards */
	double contrast;	       /* of 1: lightest less darkest */
	double modulation; /* of 1: the worst modules' distance from grey */
	double axial;	   /* difference of the axes, of a module */
	double grid;	   /* edges off the grid, of a module */
	double unused;	   /* of 1: error correction left, at least */
	double skew_degrees;
	char grade; /* 'A' to 'D', 'F' */
};

/* Errors: ERR_REQUEST (the scan's resolution is not known or under 200 dpi, the
 * symbol is none of ours, or its grid is not found), ERR_SYSTEM. */
MUST_CHECK bool quality_measure(const struct image *image,
    const struct found *found, struct quality *out, struct err *e);

/* Of two prints the worse figures. */
void quality_worse(struct quality *of, const struct quality *other);

#endif
