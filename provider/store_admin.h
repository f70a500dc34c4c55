/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_admin: what an administrator writes: the licence, customers, accounts,
 * the state of user systems, persons and PSDs.  Each call is one statement of the
 * caller's transaction; names are what people call things by and unique.
 */
#ifndef PROVIDER_STORE_ADMIN_H
#define PROVIDER_STORE_ADMIN_H

#include "base/mils.h"
#include "provider/limits.h"
#include "provider/store.h"
#include "provider/worker.h"

/* Errors: ERR_CONFIG (postaged init was not run). */
MUST_CHECK bool
store_licence_read(struct store *s, struct licence *out, struct err *e);
/* Errors: ERR_REQUEST (there is one). */
MUST_CHECK bool
store_licence_write(struct store *s, const struct licence *l, struct err *e);

MUST_CHECK bool store_customer_add(struct store *s, const char *name,
    int64_t made, int64_t *id, struct err *e);

/* By name; ERR_REQUEST: there is none. */
MUST_CHECK bool store_customer_find(
    struct store *s, const char *name, int64_t *id, struct err *e);

struct account {
	int64_t id, customer;
	char name[64], customer_name[64], state[16], reason[128];
	mils credit, owed, load, add_below, add_amount;
};
/* By name; ERR_REQUEST: there is none. */
MUST_CHECK bool store_account_find(
    struct store *s, const char *name, struct account *out, struct err *e);
/* Whose is this account?  ERR_REQUEST: there is none. */
MUST_CHECK bool store_account_customer(
    struct store *s, int64_t account, int64_t *customer, struct err *e);
MUST_CHECK bool store_account_add(struct store *s, const struct account *a,
    int64_t made, int64_t *id, struct err *e);

/* "customer", "account", "person" by name (a person's login); a reason where the
 * table has one.  ERR_REQUEST: there is none. */
struct state_change {
	const char *what, *name, *state, *reason;
};
MUST_CHECK bool store_state_set(
    struct store *s, const struct state_change *change, struct err *e);

/* The number of a user system.  Errors: ERR_REQUEST (there is none). */
MUST_CHECK bool store_system_named(
    struct store *s, const char *name, int64_t *id, struct err *e);

/* Suspends a user system, or lifts that, for the side that says so: what the other
 * side said stays.  *still = it is suspended now.
 * Errors: ERR_REQUEST (there is none, or it was withdrawn). */
MUST_CHECK bool store_system_suspend(struct store *s, const char *name,
    enum side by, bool on, bool *still, struct err *e);
/* For ever.  Errors: ERR_REQUEST (there is none). */
MUST_CHECK bool
store_system_withdraw(struct store *s, const char *name, struct err *e);

/* A new secret; the old token is worth nothing from now on. */
MUST_CHECK bool store_system_secret(struct store *s, const char *name,
    const uint8_t *secret, size_t len, int64_t *id, struct err *e);

/* A PSD's state: "operational", "withheld", "withdrawn", "revoked".  What is
 * withdrawn or revoked stays so, but for its revocation.
 * Errors: ERR_REQUEST (no such PSD, or it may not). */
MUST_CHECK bool store_psd_state_set(
    struct store *s, uint32_t serial, const char *state, struct err *e);

#endif
