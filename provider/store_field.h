/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_field: what the books know of PSDs in the field (cards, disks): what they
 * said, and what they were given.
 */
#ifndef PROVIDER_STORE_FIELD_H
#define PROVIDER_STORE_FIELD_H

#include "base/mils.h"
#include "provider/store.h"

struct field_row {
	mils spent_said; /* the highest that it said to have spent */
	int64_t audited; /* when it was heard last, 0 = never */
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

/* The state that was consented to under a number; *same = false: another one. */
MUST_CHECK bool store_field_consent(struct store *s, uint32_t psd,
    uint32_t sequence, mils ascending, bool *same, struct err *e);

#endif
