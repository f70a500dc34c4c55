/* SPDX-License-Identifier: Apache-2.0 */
/*
 * band: the lines of a page that stamps and marks lie on, as they come from
 * the renderer and as they go out: cleared, stamped, coded.  Drawing one
 * touches nothing but the band and the desk it is drawn at, so that each may
 * be drawn by another thread.
 *
 *	band_begin(b, &header, &layout, top, end, &e)	takes a used one, too
 *	band_add_clear(), band_add_stamp(), band_add_lines(), in any order
 *	band_draw(b, desk, &e)
 *	b->drawn			lines of the sheet
 *	band_free(b)
 *
 * Most bands stay coded (splice.h): stamps are put between stretches of the
 * coded lines.  Marks to be cleared, colours in lines of their own, dots of
 * less than a byte take pixels.
 */
#ifndef FILTER_BAND_H
#define FILTER_BAND_H

#include "base/err.h"
#include "filter/coded_store.h"
#include "filter/crew.h"
#include "filter/pageout.h"
#include "filter/plan.h"
#include "filter/splice.h"
#include "stamp/canvas.h"
#include "stamp/imprint.h"

struct band_stamp {
	const struct plan_stamp *plan;
	bool mirror; /* the page is turned over */
	struct issued_stamp issued;
	struct imprint_text words;
};

struct band {
	struct crew_job job; /* its owner's */

	struct coded_store drawn;

	/* private */
	struct canvas canvas; /* the band's lines, without pixels */
	struct pageout_layout layout;
	int top;
	struct coded_store under; /* lines of the page */
	struct canvas_rect *clear;
	size_t clear_count, clear_room;
	struct band_stamp *stamps;
	size_t stamp_count, stamp_room;
};

/* What a thread needs beside; all zero at first, but for what several threads
 * lock when they open fonts. */
struct band_desk {
	pthread_mutex_t *fonts; /* or NULL */
	struct imprint_pen *pen;
	uint8_t *pixels, *code;
	size_t pixels_room, code_room;
	/* what stamps that stay coded were made of last */
	struct splice_strip *rows, *above;
	size_t above_room;
	unsigned pixel;
	struct splice_colors colors;
};

/* Lines `top` to before `end` of a page with this header.
 * Errors: as canvas_check(). */
MUST_CHECK bool band_begin(struct band *b, const cups_page_header2_t *h,
    const struct pageout_layout *layout, int top, int end, struct err *e);

/* Dots of the page, which must lie in the band with CLEAR_AROUND lines above
 * and below if the page has them.  Errors: ERR_SYSTEM. */
MUST_CHECK bool
band_add_clear(struct band *b, const struct canvas_rect *r, struct err *e);

/* The stamp's plan must live until the band is drawn.  Errors: ERR_SYSTEM. */
MUST_CHECK bool
band_add_stamp(struct band *b, const struct band_stamp *stamp, struct err *e);

/* The page's next lines; all must be there before it is drawn. */
MUST_CHECK bool
band_add_lines(struct band *b, const struct coded_lines *lines, struct err *e);

/* Bytes of lines that are in it. */
size_t band_bytes(const struct band *b);

/* Bytes of pixels that drawing will take; 0 where it stays coded. */
size_t band_pixels(const struct band *b);

/* Errors: as imprint_draw(), raster_canvas(), canvas_put(). */
MUST_CHECK bool
band_draw(struct band *b, struct band_desk *desk, struct err *e);

void band_free(struct band *b);
void band_desk_free(struct band_desk *d);

#endif
