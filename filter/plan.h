/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan: what is printed where, decided before the first debit.
 *
 * A document becomes output pages, each made from one of its own pages, and
 * stamps on them.  Order of calls:
 *
 *	plan_new(); plan_scan() for every page of the document, in order;
 *	plan_labels() where a label sheet was chosen;
 *	plan_requests() -> quote -> plan_fit() with the quote's lengths;
 *	then plan->pages and plan->stamps are read by those that draw.
 *
 * The plan is of one copy; copies repeat it (plan_index()).
 */
#ifndef FILTER_PLAN_H
#define FILTER_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "dispense/request.h"
#include "filter/geometry.h"
#include "filter/scan.h"
#include "stamp/imprint.h"
#include "stamp/sheet.h"

struct plan_stamp {
	struct placeholder mark; /* a label has no ink and rotation 0 */
	bool is_label;
	struct rect label; /* of a label: what the stamp must stay in */
	uint64_t sheet_serial;
	uint16_t label_number; /* from 1 */
	uint32_t page;	       /* output page, from 1 */
	uint32_t place;	       /* on it, from 1 */

	/* set by plan_fit() */
	struct imprint_spec spec;
	int rotation;		 /* in the raster */
	struct canvas_rect dots; /* in the raster, after the rotation */
	struct rect area;	 /* on the sheet */
	uint32_t paper;		 /* colour under the mark, 0xRRGGBB */
};

struct plan_page {
	int source;	     /* page of the document, from 1 */
	size_t first, count; /* its stamps */
};

struct plan {
	struct plan_page *pages;
	size_t page_count;
	struct plan_stamp *stamps;
	size_t stamp_count;
	uint32_t copies;
	bool collate;
	size_t pages_room, stamps_room; /* private */
};

/* How stamps are made to fit. */
struct plan_rules {
	const struct mark *defaults; /* of every mark */
	enum symbol_kind symbol;
	bool symbol_is_set; /* else the layout's own */
	int bar_reduction;
};

/* NULL after an error (memory).  NULL can be freed too. */
struct plan *plan_new(uint32_t copies, bool collate, struct err *e);
void plan_free(struct plan *p);

/* The next page of the document; its placeholders are taken over.
 * Errors: ERR_REQUEST (more than STAMPS_MAX stamps), ERR_SYSTEM. */
MUST_CHECK bool plan_scan(struct plan *p, const struct placeholder *marks,
    size_t count, struct err *e);

/* Label sheets instead of marks. */
struct plan_sheet {
	const struct sheet *sheet;
	uint64_t serial;       /* 0 = not numbered */
	const bool *used;      /* of a numbered sheet, sheet->count; or NULL */
	uint32_t first, count; /* label from 1 (0 = 1); 0 = all free ones */
};

/* Fills labels of the pages: from `first` on the first page, all of the next
 * ones; a one-page document is repeated until `count` labels are filled.
 * Errors: ERR_REQUEST (more labels than the document's pages have, a numbered
 * sheet and several pages or copies, no free label, marks in the document). */
MUST_CHECK bool
plan_labels(struct plan *p, const struct plan_sheet *sheet, struct err *e);

/* Stamps of all copies, and the requests for them in the order of output;
 * `out` holds plan_total() of them. */
size_t plan_total(const struct plan *p);
void plan_requests(const struct plan *p, const struct mark *defaults,
    struct stamp_request *out);

/* Where in that order stamp `stamp` (index in p->stamps) of copy `copy` (from
 * 0) is. */
size_t plan_index(const struct plan *p, size_t stamp, uint32_t copy);

/* One output page at a time: chooses layout and symbol for each of its stamps
 * and places it.  `quotes` are the stamps' own, in the plan's order;
 * `printable` is what the printer reaches; `ink` is the page's, or NULL to
 * leave ink unchecked.
 * Errors: ERR_REQUEST "page 2: [[postage 0.78]]: ..." with what to do. */
struct plan_sight {
	const struct geometry *geometry;
	struct rect printable;
	const struct ink_map *ink;
	const struct stamp_quote *quotes; /* p->stamp_count of them */
};
MUST_CHECK bool
plan_fit(struct plan *p, size_t page, const struct plan_rules *rules,
    const struct plan_sight *sight, struct err *e);

/* Fits page `page`, which is made from an equal one as the fitted page `like`
 * (SIZE_MAX: none), as that.  False: their stamps differ; nothing is done. */
bool plan_fit_again(
    struct plan *p, size_t page, size_t like, const struct stamp_quote *quotes);

#endif
