/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_end: what became of stamps: seen by the post, or claimed for a refund.
 * One row for a stamp, so that it is never both.
 *
 * A stamp is named by the SHA-256 of what its PSD signed, which names stamps of
 * PSDs in the field too, whose pieces are not in this database.
 */
#ifndef PROVIDER_STORE_END_H
#define PROVIDER_STORE_END_H

#include "base/mils.h"
#include "provider/store.h"

#define END_DIGEST 32
#define END_PLACE  64
#define END_SCAN   40

struct stamp_end {
	uint8_t digest[END_DIGEST];
	uint32_t psd, piece; /* piece 0: the indicium does not say it */
	bool field;	/* its PSD is: the next one is kept, and given once */
	mils ascending; /* behind it; not when read */
	mils amount;
	int64_t refund;	       /* claimed by it; 0 = seen by the post */
	char refund_state[16]; /* when read: "asked", "approved" */
	int64_t person;	       /* who saw it */
	char place[END_PLACE];
	char scan[END_SCAN]; /* the scanner's own name of this look, "" none */
	int64_t made;
};

MUST_CHECK bool
store_end_find(struct store *s, const uint8_t digest[END_DIGEST],
    struct stamp_end *out, bool *found, struct err *e);

/* Of a PSD in the field: is there another stamp that has its piece count, or any mil
 * of its part of the ascending register?  *out is that one. */
MUST_CHECK bool store_end_twin(struct store *s, const struct stamp_end *end,
    struct stamp_end *out, bool *found, struct err *e);

/* *fresh = false: it has one already, and nothing changes. */
MUST_CHECK bool store_end_add(
    struct store *s, const struct stamp_end *end, bool *fresh, struct err *e);

#endif
