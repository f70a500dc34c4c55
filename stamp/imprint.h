/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imprint: the printed stamp, symbol and words, as black and white dots.
 *
 * The size in dots follows from the specification alone (layout, symbol, bytes
 * of the indicium, resolution), never from words, fonts or bytes:
 * imprint_size() tells it before the stamp is paid for, imprint_draw() gives
 * exactly that size.  The symbol's quiet zone and the margin around the words
 * are part of the imprint; nothing else may print inside its rectangle.  Dots
 * are 1 bit: no grey, no smoothing, every module a whole number of dots.
 *
 *	LAYOUT_LABEL	symbol left, words right; fits 2 5/8 x 1 in
 *	LAYOUT_SMALL	the same for 12.7 mm of height with DMRE
 *	LAYOUT_ENVELOPE	FIM-D bars, words, symbol at the right; put its upper
 *			right corner IMPRINT_ENVELOPE_RIGHT_PT from the
 *			envelope's right edge and IMPRINT_ENVELOPE_TOP_PT (or as
 *			near as the printer can) from its top: then the bars are
 *			where sorting machines look for them
 *
 *	struct imprint_spec spec = {.layout = LAYOUT_LABEL,
 *	    .symbol = imprint_default_symbol(LAYOUT_LABEL),
 *	    .indicium_len = quote.indicium_len, .dpi_x = 300, .dpi_y = 300};
 *	imprint_size(&spec, &width_px, &height_px, &e)	... place, issue ...
 *	pen = imprint_pen_new(&e)			... once a document ...
 *	imprint_draw(pen, &spec, indicium, &text, &stamp, &e)
 *	imprint_turn(&stamp, rotation, mirror, &e)
 *	canvas_put(&canvas, &stamp, x, y, &e); imprint_free(&stamp)
 *
 * The pen writes the words, and keeps those that it has drawn for the next
 * stamps (some 5 MB at most); what it writes never depends on what it wrote
 * before.  It looks for fonts at its first stamp, no sooner.  Pens share
 * nothing that threads could fall over: a pen is used by one thread at a time,
 * two pens by two.
 */
#ifndef STAMP_IMPRINT_H
#define STAMP_IMPRINT_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mils.h"
#include "stamp/mark.h"
#include "stamp/symbol.h"

#define IMPRINT_ENVELOPE_RIGHT_PT 18.0 /* 1/4 in */
#define IMPRINT_ENVELOPE_TOP_PT	  9.0  /* 1/8 in */

enum imprint_layout { LAYOUT_LABEL, LAYOUT_SMALL, LAYOUT_ENVELOPE, LAYOUTS };

struct imprint_spec {
	enum imprint_layout layout;
	enum symbol_kind symbol;
	size_t indicium_len;
	int dpi_x, dpi_y;
	int bar_reduction; /* dots taken off every dark run, 0 to a third of a
			      module: for printers whose dots grow */
};

/* What is said in words; 0 and "" are left out. */
struct imprint_text {
	mils amount;
	char currency[8];     /* before the amount; "" = "$" */
	uint32_t mail_date;   /* YYYYMMDD */
	uint32_t mailby;      /* YYYYMMDD */
	uint32_t psd_expires; /* YYYYMMDD */
	char origin_place[64];
	uint32_t origin_zip;
	char class_name[48];
	char psd_id[32];
	enum mark_kind kind; /* KIND_CORRECTION is said instead of the class */
	bool specimen;	     /* says SPECIMEN; as KIND_SPECIMEN does */
};

struct imprint {
	int width, height; /* printer dots */
	size_t stride;	   /* bytes of a row */
	uint8_t *bits;	   /* 1 = black, most significant bit first */
	int split; /* columns before it or from it on are words, which many
		      stamps have in common, the others the symbol; 0: not so */
};

const char *imprint_layout_name(enum imprint_layout layout);

/* The layout for a mark that wants `size`, or, where it leaves that open, for
 * a label of this size in points (0 x 0 = free space: LAYOUT_LABEL). */
enum imprint_layout
imprint_choose(enum mark_size size, double width_pt, double height_pt);

/* DMRE for LAYOUT_SMALL (holds 116 bytes: an indicium with no extension
 * fields), QR for the others. */
enum symbol_kind imprint_default_symbol(enum imprint_layout layout);

/* Errors: ERR_REQUEST if the symbol cannot hold the indicium, or is no symbol
 * for data; ERR_CONFIG if resolution or bar reduction is out of range. */
MUST_CHECK bool imprint_size(const struct imprint_spec *spec, int *width_px,
    int *height_px, struct err *e);

struct imprint_pen;

/* Errors: ERR_SYSTEM. */
struct imprint_pen *imprint_pen_new(struct err *e);
void imprint_pen_free(struct imprint_pen *pen);

/* Lays words out and draws them only with `fonts` locked: for pens of several
 * threads, as fonts are opened in libraries where one thread alone may do it.
 * To be called before the pen is used; the mutex must outlive its use. */
void imprint_pen_share(struct imprint_pen *pen, pthread_mutex_t *fonts);

/* Draws spec->indicium_len bytes; imprint_free() releases the dots.
 * Errors: as imprint_size(); ERR_SYSTEM (memory, text drawing). */
MUST_CHECK bool imprint_draw(struct imprint_pen *pen,
    const struct imprint_spec *spec, const uint8_t *indicium,
    const struct imprint_text *text, struct imprint *out, struct err *e);

/* Mirrors the imprint left to right where `mirror`, then turns it clockwise by
 * 0, 90, 180 or 270 degrees.  Errors: ERR_REQUEST (other degrees),
 * ERR_SYSTEM. */
MUST_CHECK bool
imprint_turn(struct imprint *im, int rotation, bool mirror, struct err *e);

/* True where black; white outside. */
bool imprint_get(const struct imprint *im, int x, int y);

/* Accepts an imprint that was never drawn (all zero). */
void imprint_free(struct imprint *im);

#endif
