/* SPDX-License-Identifier: Apache-2.0 */
/*
 * geometry: where a point of the sheet is in the printer's raster.
 *
 * Most often the raster is the printable part of the sheet as it stands.  But
 * the renderer turns pages that are fed sideways, and turns or mirrors backs
 * for printers whose duplex unit wants that; where that may be, it is seen on
 * ink: a page with a known figure goes the document's own way, and what comes
 * out tells the rest.
 */
#ifndef FILTER_GEOMETRY_H
#define FILTER_GEOMETRY_H

#include <cups/raster.h>

#include "base/err.h"
#include "filter/render.h"
#include "stamp/canvas.h"
#include "stamp/rect.h"

struct geometry {
	double page_w_pt, page_h_pt; /* the page in sheet space */
	int width, height;	     /* raster dots */
	int dpi_x, dpi_y;	     /* of the raster's own axes */
	int turn;    /* 0, 90, 180, 270: how the raster is turned clockwise */
	bool mirror; /* ... and then left to right */
	double offset_x, offset_y; /* dots: where the turned page's corner is */
	/* Of the printer, along the page as it is fed: what the page has at X
	 * comes out at shift + (1 + stretch) * X.  All 0 = a true printer. */
	double shift_x_pt, shift_y_pt, stretch_x, stretch_y;
};

/* The raster of `header` as it stands. */
void geometry_plain(struct geometry *g, const cups_page_header2_t *header,
    double page_w_pt, double page_h_pt);

/* Renders two pages of this size as `setup` says and looks: front, back.
 * Errors: as render_open(); ERR_CONFIG (the figure is not found: the driver
 * asks for something that is not understood here). */
MUST_CHECK bool geometry_probe(const struct render_setup *setup,
    double page_w_pt, double page_h_pt, struct geometry out[2], struct err *e);

/* Finds the turn from the figure on a page; the pure part of the above. */
MUST_CHECK bool
geometry_find(struct geometry *g, const cups_page_header2_t *header,
    const struct canvas *page, struct err *e);

/* True if the page of `header` has this geometry. */
bool geometry_fits(const struct geometry *g, const cups_page_header2_t *header);

/* The figure: two bars of an L, as sheet rectangles. */
void geometry_figure(double page_w_pt, double page_h_pt, struct rect out[2]);

/* Exact, in raster dots (x right, y down), and back to the sheet. */
struct rect geometry_to_raster(const struct geometry *g, struct rect sheet);
struct rect geometry_to_sheet(const struct geometry *g, struct rect raster);

/* Where on the sheet something must be drawn to come out at `paper`, and where
 * comes out what is drawn at `sheet`: the same place, but for the printer's
 * shift and stretch. */
struct rect geometry_for_paper(const struct geometry *g, struct rect paper);
struct rect geometry_on_paper(const struct geometry *g, struct rect sheet);

/* The part of the sheet that the raster covers. */
struct rect geometry_printable(const struct geometry *g);

#endif
