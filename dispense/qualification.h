/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qualification: what was measured of a queue's printer on a scan, and when.
 *
 * Users of printers that are no meters show once a year, and after each change,
 * that their stamps scan.  The file <folder of postage.conf>/qualified/<queue>
 * holds one line for each measurement, oldest first; each line ends in the
 * SHA-256 of itself and the line before, so that none can be changed or left
 * out in silence.
 */
#ifndef DISPENSE_QUALIFICATION_H
#define DISPENSE_QUALIFICATION_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define QUALIFICATION_DAYS 365 /* it is good for */
#define QUALIFICATION_MAX  (1 << 20)
#define QUALIFICATION_WORD 160
#define QUALIFICATION_HASH 65 /* SHA-256 in hexadecimal */

struct qualification {
	uint32_t date; /* YYYYMMDD; 0 = never */
	char grade;
	/* of the queue, as cupsd said */
	char model[QUALIFICATION_WORD], uri[QUALIFICATION_WORD],
	    resolution[QUALIFICATION_WORD];
	char
	    figures[QUALIFICATION_WORD]; /* for people: "gain=0.8/0.7mil ..." */
};

/* Errors: ERR_CONFIG (a name no queue has, too long a path). */
MUST_CHECK bool qualification_path(const char *conf_path, const char *queue,
    char *out, size_t size, struct err *e);

/* The newest one; all zero where the printer was never measured.
 * Errors: ERR_SYSTEM; ERR_CORRUPT (a line is damaged: which). */
MUST_CHECK bool
qualification_load(const char *path, struct qualification *out, struct err *e);

/* Adds one; `hash` is what its line ends in.  Errors: as above. */
MUST_CHECK bool
qualification_add(const char *path, const struct qualification *q,
    char hash[QUALIFICATION_HASH], struct err *e);

/* Why it is not good any more, "" if it is: too old on `today`, or of another
 * printer. */
const char *qualification_stale(const struct qualification *q, uint32_t today,
    const char *model, const char *uri);

#endif
