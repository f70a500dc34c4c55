/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_order: orders in the database, from when they are placed until some time
 * after they expired.  _ask and _get as in store_system.h.
 */
#ifndef PROVIDER_STORE_ORDER_H
#define PROVIDER_STORE_ORDER_H

#include "base/mils.h"
#include "provider/store.h"
#include "vault/psd.h"

#define ORDER_BYTES (10 * 1024) /* more than any order's stamps have */

struct order_row {
	int64_t id, system;
	uint8_t key[PSD_KEY_BYTES];  /* the client's */
	uint8_t stamps[ORDER_BYTES]; /* as order.c writes them */
	size_t len;
	int64_t count; /* of stamps */
	mils total;    /* of all */
	mils due;      /* of those that were new when it was placed */
	int64_t made, expires;
	int64_t bought; /* 0 = not yet */
};

/* Writes a new one; row->id.  The key is free: its system is locked.
 * Errors: the store's. */
MUST_CHECK bool
store_order_add(struct store *s, struct order_row *row, struct err *e);

/* The system's order of this key, or, where it is NULL, of this number. */
struct order_named {
	int64_t system, id;
	const uint8_t *key;
};
MUST_CHECK bool
store_order_find(struct store *s, const struct order_named *name,
    struct order_row *out, bool *found, struct err *e);

/* May the system's order be bought at the moment `now`? */
void store_order_ask(struct store *s, int64_t system, int64_t id, int64_t now);
MUST_CHECK bool store_order_get(struct store *s, bool *open, struct err *e);

/* Sends that it was bought, and until when it is kept. */
void store_order_bought(
    struct store *s, int64_t id, int64_t bought, int64_t expires);

MUST_CHECK bool store_order_drop(struct store *s, int64_t id, struct err *e);

/* Drops those of a system that expired before `now`, and counts the others that
 * were not bought. */
MUST_CHECK bool store_order_sweep(
    struct store *s, int64_t system, int64_t now, int64_t *open, struct err *e);

#endif
