/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drawing: the imprints of one output page, drawn by a thread of its own while
 * the page before is written.
 *
 *	drawing_start(&d, &work, index, copy)	at most one at a time
 *	drawing_finish(&d, &e)			d.imprints are there
 *	drawing_free(&d)			also of one that still runs
 *
 * The only thread beside the main one.  From start to finish it alone uses the
 * issuer and the pen; the plan and the geometry nobody changes any more.
 */
#ifndef FILTER_DRAWING_H
#define FILTER_DRAWING_H

#include <pthread.h>

#include "base/err.h"
#include "filter/geometry.h"
#include "filter/issuer.h"
#include "filter/plan.h"
#include "stamp/imprint.h"

struct drawing_work {
	const struct plan *plan;
	const struct geometry *geometry; /* of each source page */
	struct issuer *issuer;
	struct imprint_pen *pen;
};

/* All zero: nothing was started. */
struct drawing {
	struct imprint *imprints; /* of the page's stamps */
	size_t count;

	/* private */
	struct drawing_work work;
	const struct plan_page *page;
	uint32_t copy;
	pthread_t thread;
	bool running, good;
	struct err e;
};

/* Begins with output page `index` of copy `copy`.  Errors: ERR_SYSTEM. */
MUST_CHECK bool
drawing_start(struct drawing *d, const struct drawing_work *work, size_t index,
    uint32_t copy, struct err *e);

/* Waits.  Errors: as issuer_get(), imprint_draw(). */
MUST_CHECK bool drawing_finish(struct drawing *d, struct err *e);

void drawing_free(struct drawing *d);

#endif
