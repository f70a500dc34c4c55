/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_customer: customers: what each may spend, and how many user systems its
 * administrators may have.  _ask and _get as in store_system.h.
 */
#ifndef PROVIDER_STORE_CUSTOMER_H
#define PROVIDER_STORE_CUSTOMER_H

#include "provider/limits.h"
#include "provider/store_system.h"

struct customer {
	int64_t id;
	char name[NAME_MAX_BYTES], state[16], reason[128];
	struct limits limits;
	int64_t systems_max; /* the provider's word; -1 = any number */
	/* Those that count: all that were not withdrawn, and those that were
	 * while the provider had them suspended, or under a limit of its own. */
	int64_t systems;
};

/* By name; with `lock` nobody else changes it, or adds a system of it, until the
 * transaction ends.
 * Errors: ERR_REQUEST (there is none). */
MUST_CHECK bool store_customer_read(struct store *s, const char *name,
    bool lock, struct customer *out, struct err *e);
/* That of an account, locked.  Errors: likewise. */
MUST_CHECK bool store_customer_of(
    struct store *s, int64_t account, struct customer *out, struct err *e);

/* Writes its limits and systems_max back. */
MUST_CHECK bool
store_customer_limits(struct store *s, const struct customer *c, struct err *e);

/* What a user system spent, by the books, from the day `first` on and before the
 * day `past`. */
MUST_CHECK bool store_system_spent(struct store *s, int64_t system,
    uint32_t first, uint32_t past, mils *out, struct err *e);
/* And how many stamps of no value it had. */
MUST_CHECK bool store_system_free(struct store *s, int64_t system,
    uint32_t first, uint32_t past, int64_t *out, struct err *e);

/* What all its user systems have spent this day and month, as they count it
 * themselves, or, where they count another day (spend.h), by the books.  With
 * `lock` they spend one after the other until the transaction ends. */
struct spent_sums {
	mils day, month;
	struct limits limits; /* with `lock`: as they are behind it */
};
void store_customer_spent_ask(
    struct store *s, int64_t id, uint32_t today, bool lock);
MUST_CHECK bool store_customer_spent_get(
    struct store *s, bool lock, struct spent_sums *out, struct err *e);

#endif
