/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate: what the queue's PPD says about the way from our filter to the printer.
 *
 * Three keywords matter: the cupsFilter2 line whose source is our gate type
 * names the type that the printer gets, and postagedriver where that runs the
 * printer's own filter, which cupsPostageDriver names: one program, or two of
 * which the first makes what the second reads ("pdftops pstoqpdl");
 * cupsSingleFile says that each document has its own run of the backend.
 * Without the latter CUPS joins documents, and a banner page would carry
 * stamped ones past the books.
 */
#ifndef DISPENSE_GATE_H
#define DISPENSE_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

#define GATE_TYPE_MAX 128
#define GATE_DRIVERS  2

/* What postagedriver writes behind the data of a driver that ended well, and
 * pdftopostage behind PWG and Apple raster, which go to the printer as they
 * are.  A filter that was killed is no failure to the scheduler: without this
 * the backend would take half a page for a whole one. */
#define GATE_TRAILER "\npostage: the driver wrote all of it\n"

struct gate {
	bool single_file;
	bool found;			/* a filter line from a gate type */
	bool trailer;			/* GATE_TRAILER comes last */
	char final_type[GATE_TYPE_MAX]; /* "" where the PPD does not say */
	/* behind postagedriver, in their order; "" for none.  They are clean
	 * names (dispense/drivers.h); whether they may run is not looked at. */
	char driver[GATE_DRIVERS][GATE_TYPE_MAX];
};

/* "super/type" of letters, digits and ".+-_", that fits into final_type. */
bool gate_is_type(const char *s, size_t len);

/* Reads PPD lines to the end. */
void gate_scan(FILE *ppd, struct gate *out);

/* Opens and scans the PPD; checks that documents come one by one.
 * Errors: ERR_CONFIG. */
MUST_CHECK bool gate_load(const char *path, struct gate *out, struct err *e);

#endif
