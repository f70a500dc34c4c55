/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cells: the document's own pages on the sheets that pdftopdf made of them.
 *
 * pdftopdf makes a form of each page, cuts it to the paper where it is larger,
 * and puts one or more of them on a sheet.  What was cut off is still in the
 * form, and nobody sees it.  Here each form becomes a page of a second PDF,
 * with room around it, in which text can be looked for that is not on the paper
 * any more.  The second PDF is the first with new pages behind it, and takes
 * no memory of its own.
 */
#ifndef FILTER_CELLS_H
#define FILTER_CELLS_H

#include <stdbool.h>
#include <stddef.h>

#include "stamp/rect.h"

#define CELLS_MAX 64 /* of one sheet */

struct cells;

struct cell {
	int page;    /* of the second PDF, from 1 */
	double m[6]; /* that page (y down) to the sheet: x' = m0 x + m2 y + m4,
			y' = m1 x + m3 y + m5 */
	struct rect area; /* the part of the sheet that shows it */
};

/* NULL where the file cannot be read; it has to be read as it stands then.
 * `pages` is what the caller counts. */
struct cells *cells_open(const char *file, int pages);
void cells_close(struct cells *c);

/* The cells of sheet `page` (from 1); none where it is a page as it stands. */
const struct cell *cells_of(const struct cells *c, int page, size_t *count);

/* True if the page draws many small pieces (pieces.h). */
bool cells_pieces(const struct cells *c, int page);

/* The second PDF and how many pages it has; it stays until cells_close().
 * NULL where no page is such a sheet. */
const void *cells_pdf(const struct cells *c, size_t *bytes, int *pages);

/* True if the sheet shows it mirrored (-o mirror). */
bool cell_is_mirrored(const struct cell *c);

/* A rectangle of the second PDF's page, on the sheet. */
struct rect cell_to_sheet(const struct cell *c, struct rect r);

#endif
