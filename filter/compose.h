/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose: the document's pages with stamps on them, as one raster stream.
 *
 * Pages stay coded (coded.h), and so do most lines that stamps lie on
 * (band.h).  Each distinct page is rendered once (backdrop.h), every copy
 * of it gets stamps of its own.  Header NumCopies is always 1: the printer
 * copies nothing.
 */
#ifndef FILTER_COMPOSE_H
#define FILTER_COMPOSE_H

#include <stdint.h>

#include "base/err.h"
#include "filter/backdrop.h"
#include "filter/geometry.h"
#include "filter/issuer.h"
#include "filter/pageout.h"
#include "filter/plan.h"

/* Tells the user that output page `page` of `pages` begins. */
typedef void compose_progress(void *context, uint32_t page, uint32_t pages);

struct compose {
	const struct plan *plan;
	const struct geometry *geometry; /* one for each source page */
	int source_pages;
	const int *same; /* as in backdrop.h */
	struct backdrops *backdrops;
	struct issuer *issuer;
	struct pageout_setup out;
	bool fill_back; /* two-sided: each copy begins on a new sheet */
	compose_progress *progress; /* or NULL */
	void *context;

	/* results */
	uint32_t pages;
	uint64_t bytes;
};

/* Renders, stamps, writes.  Threads draw (outbox.h); all else, the issuer among
 * it, is this thread's.  Errors: as backdrops_get(), issuer_get();
 * ERR_CORRUPT (the renderer gave other pages than were planned); ERR_SYSTEM
 * (writing, cancelled). */
MUST_CHECK bool compose_write(struct compose *c, struct err *e);

#endif
