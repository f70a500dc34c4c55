/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outbox: pages on their way out, in order, while bands of them and of the
 * pages behind are still drawn by a crew of threads.
 *
 *	outbox_open(pageout, &o, &e)
 *	for each page: outbox_page(o, &sheet, &e)
 *		outbox_lines(o, &lines, &e)	as they go
 *		outbox_band(o, &band, &e) ... outbox_draw(o, &e)
 *	outbox_finish(o, &e)
 *	outbox_close(o)
 *
 * What can go out goes at once.  Bands and lines wait for the bands before
 * them, up to OUTBOX_BANDS and about OUTBOX_BYTES: then this thread waits,
 * too.
 */
#ifndef FILTER_OUTBOX_H
#define FILTER_OUTBOX_H

#include "base/err.h"
#include "filter/band.h"
#include "filter/pageout.h"

#define OUTBOX_BANDS 24
#define OUTBOX_BYTES ((size_t)8 << 20)

struct outbox;

/* Errors: ERR_SYSTEM. */
MUST_CHECK bool
outbox_open(struct pageout *out, struct outbox **o, struct err *e);

/* Waits for bands that are being drawn, and forgets the others. */
void outbox_close(struct outbox *o);

/* Errors of all: those of pageout and of band_draw() for what goes out. */
MUST_CHECK bool
outbox_page(struct outbox *o, const struct pageout_sheet *sheet, struct err *e);

/* Lines of the page. */
MUST_CHECK bool
outbox_lines(struct outbox *o, const struct coded_lines *lines, struct err *e);

/* The next lines are a band's: *band is to be begun and filled, and is drawn
 * from outbox_draw() on; no other call comes between. */
MUST_CHECK bool
outbox_band(struct outbox *o, struct band **band, struct err *e);
MUST_CHECK bool outbox_draw(struct outbox *o, struct err *e);

/* Sends what can go without waiting: before a call that may take long. */
MUST_CHECK bool outbox_send(struct outbox *o, struct err *e);

/* Sends all. */
MUST_CHECK bool outbox_finish(struct outbox *o, struct err *e);

#endif
