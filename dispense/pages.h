/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pages: where the pages of stored printer data begin, for formats whose pages
 * stand for themselves: CUPS and PWG raster (versions 2 and 3) and URF.  Their
 * forms: cups/raster.h, PWG 5102.4, and for URF what CUPS's rastertopwg writes.
 */
#ifndef DISPENSE_PAGES_H
#define DISPENSE_PAGES_H

#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

#define PAGES_HEAD 12

struct pages_cut {
	uint8_t head[PAGES_HEAD]; /* what a file of the rest begins with */
	size_t head_len;
	uint64_t offset; /* of its first page */
	uint32_t pages;	 /* of the whole file */
};

/* Reads the file from its beginning and finds the page behind the first
 * `printed` ones.  Bounded in memory, reads each byte once.
 * Errors: ERR_REQUEST (no such format, no page left), ERR_CORRUPT (cut short, or
 * a page that contradicts its header), ERR_SYSTEM. */
MUST_CHECK bool
pages_find(FILE *f, uint32_t printed, struct pages_cut *out, struct err *e);

#endif
