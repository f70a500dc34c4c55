/* SPDX-License-Identifier: Apache-2.0 */
/*
 * testsheet: the page that shows where a printer puts ink: discs, lines and
 * rulers in their true places, and either two specimen stamps or the outlines
 * of a sheet's labels, the outlines where the calibration puts stamps.
 */
#ifndef TOOLS_TESTSHEET_H
#define TOOLS_TESTSHEET_H

#include <stdio.h>

#include "base/err.h"
#include "dispense/calibration.h"
#include "stamp/sheet.h"

struct testsheet {
	double w_pt, h_pt;
	const char *queue;
	const struct sheet *labels; /* or NULL: specimens */
	const struct calibration *calibration;
};

/* As PDF.  Errors: ERR_SYSTEM; ERR_REQUEST (the paper is too small). */
MUST_CHECK bool
testsheet_write(const struct testsheet *t, FILE *out, struct err *e);

#endif
