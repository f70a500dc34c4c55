/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pdfout: the document with stamps on it as PDF, for printers whose driver
 * wants PDF or PostScript.
 *
 * Text stays text: the page's own content is kept as it is, the mark's ink is
 * covered in the colour of the page there, and each stamp is a 1-bit image at
 * the printer's resolution over it.
 */
#ifndef FILTER_PDFOUT_H
#define FILTER_PDFOUT_H

#include <signal.h>
#include <stdint.h>

#include "base/err.h"
#include "filter/compose.h"
#include "filter/issuer.h"
#include "filter/plan.h"

struct pdfout {
	const struct plan *plan;
	const char *file; /* the document */
	const char *temp; /* folder for the result until it is whole */
	struct issuer *issuer;
	bool fill_back; /* two-sided: each copy begins on a new sheet */
	int fd;		/* where to */
	const volatile sig_atomic_t *stop;
	compose_progress *progress; /* or NULL */
	void *context;
	struct imprint_pen *pen; /* private */

	/* results */
	uint32_t pages;
	uint64_t bytes;
};

/* The geometry of a page for the plan: the whole sheet at `dpi`. */
struct geometry pdfout_geometry(double page_w_pt, double page_h_pt, int dpi);

/* Errors: ERR_REQUEST (qpdf cannot read the document), as issuer_get(),
 * ERR_SYSTEM. */
MUST_CHECK bool pdfout_write(struct pdfout *p, struct err *e);

#endif
