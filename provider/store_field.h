/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_field: what the books know of PSDs in the field (cards, disks): what they
 * said, and what they were given.
 */
#ifndef PROVIDER_STORE_FIELD_H
#define PROVIDER_STORE_FIELD_H

#include "base/mils.h"
#include "provider/store_end.h"

struct field_row {
	mils spent_said; /* the highest that it said to have spent */
	int64_t audited; /* when it was heard last, 0 = never */
	mils known;	 /* its stamps that were seen count, too; never less */
	mils given;	 /* by answers up to the number asked about */
};

/* Locks the PSD's row for the transaction; `sequence`: of answers that it says to
 * have applied. */
MUST_CHECK bool store_field_lock(struct store *s, uint32_t psd,
    uint32_t sequence, struct field_row *out, bool *found, struct err *e);

/* It said this, and has all answers up to `sequence`. */
MUST_CHECK bool store_field_said(struct store *s, uint32_t psd,
    uint32_t sequence, const struct field_row *row, struct err *e);

/* Its ascending register has come to this; nothing where that, or more, was known.
 * Of a PSD that is not in the field nothing is kept. */
MUST_CHECK bool store_field_heard(
    struct store *s, uint32_t psd, mils ascending, int64_t made, struct err *e);
/* When was that known first?  *made = 0: it is not known. */
MUST_CHECK bool store_field_known(struct store *s, uint32_t psd, mils ascending,
    int64_t *made, struct err *e);

/* Could it have these registers: had answers given it this much in all, at any time?
 * What is on its way to it counts: it may have it. */
MUST_CHECK bool store_field_could(struct store *s, uint32_t psd, mils ascending,
    mils control_total, bool *could, struct err *e);

/* A stamp of it that is in doubt (`made` of the doubt); `other` NULL: its registers
 * cannot be.  *fresh = false: it was known, and nothing changes. */
MUST_CHECK bool store_doubt_add(struct store *s, const struct stamp_end *stamp,
    const uint8_t *other, const char *place, bool *fresh, struct err *e);
MUST_CHECK bool store_doubt_find(struct store *s,
    const uint8_t digest[END_DIGEST], bool *found, struct err *e);
/* It is in operation no more; *changed = false: it was not. */
MUST_CHECK bool store_field_withhold(
    struct store *s, uint32_t psd, bool *changed, struct err *e);

/* The state that was consented to under a number; *same = false: another one. */
MUST_CHECK bool store_field_consent(struct store *s, uint32_t psd,
    uint32_t sequence, mils ascending, bool *same, struct err *e);

#endif
