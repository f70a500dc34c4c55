/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_sheet: label sheets with serial numbers.  A range of numbers is
 * registered when sheets are made; a sheet is bound to the account that uses it
 * first; a label is used once (store_stamp.h), or void.
 */
#ifndef PROVIDER_STORE_SHEET_H
#define PROVIDER_STORE_SHEET_H

#include "provider/store.h"

#define SHEET_MEDIA_MAX	 64
#define SHEET_SERIAL_MAX ((UINT64_C(1) << 56) - 1)
#define SHEET_LABELS_MAX 65535

/* Serial numbers that were printed onto sheets of one stock. */
struct sheet_range {
	uint64_t first, last;
	char media[SHEET_MEDIA_MAX]; /* "Avery 5163" */
	uint16_t labels;	     /* on a sheet */
	int64_t made;
};

/* Registers a range; *fresh = false where the same was registered before.
 * Errors: ERR_REQUEST (it overlaps another). */
MUST_CHECK bool store_range_add(struct store *s,
    const struct sheet_range *range, bool *fresh, struct err *e);
typedef void sheet_range_fn(void *context, const struct sheet_range *range);
MUST_CHECK bool store_range_list(
    struct store *s, sheet_range_fn *each, void *context, struct err *e);

struct sheet_row {
	uint64_t serial;
	bool known; /* in a range, which follows */
	struct sheet_range range;
	int64_t account; /* 0 = nobody's yet */
	bool is_void;
};

/* Reads a sheet.  In any transaction. */
MUST_CHECK bool store_sheet_find(
    struct store *s, uint64_t serial, struct sheet_row *out, struct err *e);

/* Sends that `account` uses a sheet, which binds one that is nobody's, and locks
 * it for the transaction; get has it afterwards. */
void store_sheet_bind_ask(
    struct store *s, uint64_t serial, int64_t account, int64_t made);
MUST_CHECK bool store_sheet_bind_get(
    struct store *s, uint64_t serial, struct sheet_row *out, struct err *e);

/* Labels of a sheet that are used or void, one bit each: label n is bit n. */
struct sheet_labels {
	uint8_t used[(SHEET_LABELS_MAX + 8) / 8];
	uint8_t voided[(SHEET_LABELS_MAX + 8) / 8];
};
void store_sheet_labels_ask(struct store *s, uint64_t serial);
MUST_CHECK bool store_sheet_labels_get(
    struct store *s, struct sheet_labels *out, struct err *e);
bool sheet_label_in(const uint8_t *bits, uint16_t label);

/* Nothing more is issued onto a sheet, or onto one label of it. */
MUST_CHECK bool
store_sheet_void(struct store *s, uint64_t serial, struct err *e);
MUST_CHECK bool store_label_void(struct store *s, uint64_t serial,
    uint16_t label, int64_t made, struct err *e);

#endif
