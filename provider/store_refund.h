/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_refund: refunds of spoiled stamps: who asked, who said yes, how the
 * stamps were destroyed.  Which stamps are in one, store_end.h says.
 */
#ifndef PROVIDER_STORE_REFUND_H
#define PROVIDER_STORE_REFUND_H

#include "base/mils.h"
#include "provider/store.h"
#include "provider/store_system.h"

#define REFUND_REASON 160

struct refund_row {
	int64_t id, account, system;
	char account_name[NAME_MAX_BYTES];
	char state[16]; /* "asked", "approved", "rejected" */
	int64_t stamps;
	mils total;
	char reason[REFUND_REASON];
	int64_t made, settled;
	int64_t approvals; /* so far */
	/* What its customer's accounts asked for in the day before and behind
	 * it, and was not rejected; with it. */
	mils of_days;
};

/* A new one, asked for; *id. */
MUST_CHECK bool store_refund_add(
    struct store *s, const struct refund_row *row, int64_t *id, struct err *e);
/* With `lock`, for the transaction. */
MUST_CHECK bool store_refund_find(struct store *s, int64_t id, bool lock,
    struct refund_row *out, bool *found, struct err *e);
typedef void refund_fn(void *context, const struct refund_row *row);
/* The newest `max` in this state ("" = all), the oldest first. */
MUST_CHECK bool store_refund_list(struct store *s, const char *state,
    size_t max, refund_fn *each, void *context, struct err *e);

/* A person says yes, and how the stamps were destroyed; twice is once. */
MUST_CHECK bool store_refund_approve(struct store *s, int64_t id,
    int64_t person, const char *method, int64_t made, struct err *e);

/* Its end.  What was rejected gives its stamps free. */
MUST_CHECK bool store_refund_settle(struct store *s, int64_t id,
    const char *state, int64_t settled, struct err *e);

/* A list that a PSD in the field signed. */
struct refund_list_row {
	uint32_t psd, number;
	uint8_t digest[32]; /* of its lines */
	int64_t refund;	    /* 0 = none of its stamps could be claimed */
	char *answer;	    /* heap; NULL = not known yet */
	size_t len;
};
/* The caller frees out->answer. */
MUST_CHECK bool store_refund_list_find(struct store *s, uint32_t psd,
    uint32_t number, struct refund_list_row *out, bool *found, struct err *e);
MUST_CHECK bool store_refund_list_add(
    struct store *s, const struct refund_list_row *row, struct err *e);
MUST_CHECK bool store_refund_list_answer(
    struct store *s, const struct refund_list_row *row, struct err *e);

/* The destruction log: who said yes, when, to how many stamps, by what method. */
struct destruction {
	int64_t refund, stamps, made;
	mils total;
	char login[NAME_MAX_BYTES], method[REFUND_REASON];
};
typedef void destruction_fn(void *context, const struct destruction *d);
MUST_CHECK bool store_refund_log(
    struct store *s, destruction_fn *each, void *context, struct err *e);

#endif
