/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ppdwrap: a printer's PPD made into the PPD of a postage queue.
 *
 * Every statement is read and written anew: only keywords that are known, that
 * the PPD itself opens as options, or that the caller names; only printable
 * characters (a PPD can come from a printer on the network: CVE-2024-47175).
 * The printer's own options stay as they are.  What changes:
 *
 *  - the driver's filter takes our gate type instead of CUPS's own raster or
 *    PDF, so that no job can go round pdftopostage; other filters are dropped;
 *  - options that make copies or put pages together in the printer are dropped,
 *    cupsManualCopies and cupsSingleFile are set;
 *  - the group "Postage" of ppd/postage.drv is added.
 *
 * Pure: a buffer in, text out.
 */
#ifndef TOOLS_PPDWRAP_H
#define TOOLS_PPDWRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"

#define PPDWRAP_SIZE_MAX (16 * 1024 * 1024)
#define PPDWRAP_NAME_MAX 64

struct ppdwrap_rules {
	bool allow_foomatic; /* it runs command lines out of the PPD */
	const char *drivers; /* more drivers (dispense/drivers.h), or NULL */
	const char *const *keep; /* more keywords, or NULL */
	int keep_count;
};

struct ppdwrap_report {
	char driver[128]; /* the printer's own filter, "" for none */
	char filter[256]; /* the cupsFilter2 line of the gate */
	int dropped;	  /* statements with unknown keywords */
	char first_dropped[PPDWRAP_NAME_MAX];
};

/* Writes the postage PPD of `ppd` to `out`.  One that is a postage PPD already
 * goes the same way: what comes out of here comes out the same again.
 * Errors: ERR_CONFIG: not a PPD, a driver that must not be run, foomatic-rip
 * without leave, a driver that takes nothing we can put a gate before, a gate
 * that is none; ERR_SYSTEM. */
MUST_CHECK bool
ppdwrap(const char *ppd, size_t len, const struct ppdwrap_rules *rules,
    FILE *out, struct ppdwrap_report *report, struct err *e);

#endif
