/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sheet: label sheets by brand and part ("Avery 5160"): where on the page
 * every label lies.
 *
 * Sources, first hit wins: a parametric string, the administrator's folder,
 * the templates of the package glabels-data (both folders hold gLabels 3
 * template XML).  Files are read without network, DTD or entity expansion, and
 * within limits.  A struct sheet is plain data on the caller's stack.
 *
 * Labels count from 0 here, in reading order: rows from the top, each from the
 * left, whatever the number of layouts.  What people see counts from 1.
 */
#ifndef STAMP_SHEET_H
#define STAMP_SHEET_H

#include <stddef.h>

#include "base/err.h"
#include "stamp/rect.h"

#define SHEET_NAME_MAX	 96
#define SHEET_PAPER_MAX	 32
#define SHEET_LABELS_MAX 512 /* of one page */

enum sheet_shape { SHAPE_RECTANGLE, SHAPE_ROUND, SHAPE_ELLIPSE, SHAPE_CD };

struct sheet {
	char name[SHEET_NAME_MAX];	  /* "Avery 5160"; the string itself
					     where parametric */
	char description[SHEET_NAME_MAX]; /* "Address Labels" */
	char paper[SHEET_PAPER_MAX];	  /* gLabels paper id, or "Other" */
	double page_w_pt, page_h_pt;
	enum sheet_shape shape;
	double label_w_pt, label_h_pt; /* box of one label */
	double corner_pt;	       /* rounded corners, 0 = square */
	double hole_pt;		       /* radius of a CD's hole, else 0 */
	double margin_pt;	       /* recommended, inside the label */
	double waste_x_pt, waste_y_pt; /* bleed allowed outside the label */
	int columns, rows; /* of the first layout; for showing only */
	int count;	   /* labels of one page */
	struct {
		double x, y;
	} at[SHEET_LABELS_MAX]; /* upper left corners, points */
};

/* Finds a sheet by name: "Avery 5160" in any case, "5160" where only one brand
 * has it, or parametric (sheet_parse()).  `folder` is the administrator's, ""
 * or NULL for none.
 * Errors: ERR_REQUEST (unknown: the nearest names are in the text; part of
 * several brands: they are named), ERR_CONFIG (the template data is missing,
 * or the found template cannot be used). */
MUST_CHECK bool sheet_find(
    const char *name, const char *folder, struct sheet *out, struct err *e);

/* "page=Letter;cols=3;rows=10;w=2.625in;h=1in;x0=0.15625in;y0=0.5in;
 *  dx=2.78125in;dy=1in": lengths with pt, in, mm, cm or pc, without = points.
 * page= a paper name (Letter, A4, na_letter, ...) or WIDTHxHEIGHT; x0, y0
 * default to 0, dx, dy to w, h; margin= and round= may follow.
 * Errors: ERR_REQUEST names the word. */
MUST_CHECK bool sheet_parse(const char *text, struct sheet *out, struct err *e);

/* The box of label `index` (0 <= index < s->count) on the page. */
struct rect sheet_label(const struct sheet *s, int index);

/* The part of that box that ink may use: the recommended margin left free, and
 * the largest upright rectangle of a round, elliptic or CD label. */
struct rect sheet_label_area(const struct sheet *s, int index);

/* A paper by name: gLabels id ("US-Letter"), PWG ("na_letter"), PPD
 * ("Letter", "A4"), any case.  False if unknown. */
bool sheet_paper(const char *name, double *w_pt, double *h_pt);

/* One known sheet; `brand` and `part` apart.  Stop by returning false. */
typedef bool sheet_visitor(
    void *context, const struct sheet *s, const char *brand, const char *part);

/* Visits every usable sheet whose "brand part description" holds every word of
 * `search` ("" = all), in any case; sorted as the files are.
 * Errors: ERR_CONFIG (the template data is missing). */
MUST_CHECK bool sheet_list(const char *search, const char *folder,
    sheet_visitor *visit, void *context, struct err *e);

#endif
