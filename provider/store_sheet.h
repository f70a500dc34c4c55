/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_sheet: label sheets with serial numbers.  A range of numbers is
 * registered when sheets are made, for an account or for nobody yet; a sheet of
 * nobody is bound to the account that uses it first; a label is used once
 * (store_stamp.h), or void.  An administrator can release a sheet: it is somebody
 * else's then, or nobody's, and its used labels stay used.
 */
#ifndef PROVIDER_STORE_SHEET_H
#define PROVIDER_STORE_SHEET_H

#include "provider/store_system.h"

#define SHEET_MEDIA_MAX	 64
#define SHEET_SERIAL_MAX ((UINT64_C(1) << 56) - 1)
#define SHEET_LABELS_MAX 65535

/* Serial numbers that were printed onto sheets of one stock. */
struct sheet_range {
	uint64_t first, last;
	char media[SHEET_MEDIA_MAX]; /* "Avery 5163" */
	uint16_t labels;	     /* on a sheet */
	int64_t account;	     /* whose they are, 0 = nobody's */
	char owner[NAME_MAX_BYTES];  /* its name, where it is read */
	int64_t made;
};

/* Registers a range; *fresh = false where the same was registered before.  One that
 * was nobody's becomes the account's; its sheets that others used stay theirs.
 * Errors: ERR_REQUEST (it overlaps another, or is another account's). */
MUST_CHECK bool store_range_add(struct store *s,
    const struct sheet_range *range, bool *fresh, struct err *e);
typedef void sheet_range_fn(void *context, const struct sheet_range *range);
MUST_CHECK bool store_range_list(
    struct store *s, sheet_range_fn *each, void *context, struct err *e);

struct sheet_row {
	uint64_t serial;
	bool known; /* in a range, which follows */
	struct sheet_range range;
	int64_t account; /* its own, else its range's; 0 = nobody's yet */
	char owner[NAME_MAX_BYTES]; /* its name, where it is looked at */
	bool is_void;
};

/* Reads a sheet.  In any transaction. */
MUST_CHECK bool store_sheet_find(
    struct store *s, uint64_t serial, struct sheet_row *out, struct err *e);

/* Of a range that is another account's, and not this one's either: whoever asks
 * is told as little as of a number that nobody registered. */
bool sheet_is_hidden(const struct sheet_row *sheet, int64_t account);

/* Sends that `account` uses a sheet, which binds one that is nobody's (0: it stays
 * so), and locks it for the transaction; get has it afterwards. */
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

/* Takes a sheet from whom it was bound to, which is remembered, and gives it to an
 * account, or (0) to whom its range says, or nobody.
 * Errors: ERR_REQUEST (nobody registered or used it). */
MUST_CHECK bool store_sheet_release(struct store *s, uint64_t serial,
    int64_t account, int64_t made, struct err *e);
/* From whom it was taken, the first one first. */
typedef void sheet_release_fn(void *context, const char *owner, int64_t made);
MUST_CHECK bool store_sheet_releases(struct store *s, uint64_t serial,
    sheet_release_fn *each, void *context, struct err *e);

/* Nothing more is issued onto a sheet, or onto one label of it. */
MUST_CHECK bool
store_sheet_void(struct store *s, uint64_t serial, struct err *e);
MUST_CHECK bool store_label_void(struct store *s, uint64_t serial,
    uint16_t label, int64_t made, struct err *e);

#endif
