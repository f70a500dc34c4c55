/* SPDX-License-Identifier: Apache-2.0 */
/* band_own: what the two ways of drawing a band share.  Part of band; nothing
 * else includes it. */
#ifndef FILTER_BAND_OWN_H
#define FILTER_BAND_OWN_H

#include "filter/band.h"

/* A band's stamps while it is drawn. */
struct band_drawing {
	struct band *b;
	struct band_desk *desk; /* with room for a line's code */
	struct imprint *imprints;
	size_t *order; /* from the left to the right */
};

MUST_CHECK bool
band_make_room(uint8_t **bytes, size_t *room, size_t wanted, struct err *e);

/* The band as coded lines all the way: for chunked pixels of whole bytes, with
 * stamps that lie on it and not on each other.  Errors: ERR_SYSTEM. */
MUST_CHECK bool band_draw_coded(const struct band_drawing *d, struct err *e);

#endif
