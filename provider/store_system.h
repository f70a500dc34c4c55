/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_system: user systems, and the account that pays for each.
 *
 * Functions that end in _ask only send; the one that ends in _get receives what
 * was asked, in the order of the questions (provider/store.h).
 */
#ifndef PROVIDER_STORE_SYSTEM_H
#define PROVIDER_STORE_SYSTEM_H

#include "base/mils.h"
#include "provider/limits.h"
#include "provider/store.h"

#define NAME_MAX_BYTES 64
#define SECRET_BYTES   32 /* SHA-256 of a token's secret part */

struct user_system {
	int64_t id, account, customer;
	char name[NAME_MAX_BYTES], account_name[NAME_MAX_BYTES];
	char customer_name[NAME_MAX_BYTES];
	char why[256]; /* it may not spend; "" = it may */
	bool withdrawn;

	bool has_secret;
	uint8_t secret[SECRET_BYTES];
	char fingerprint[65]; /* of its certificate, "" = none */
	char address[64];     /* it is bound to this network, "" = any */

	struct limits limits, customer_limits;
	bool cost_required[SIDES];
	bool has_costs; /* the account has cost codes */

	mils credit, load;	    /* of the account */
	mils add_below, add_amount; /* -1: nothing is added */

	int64_t fence, pieces;
	mils ascending;
	uint32_t day, month; /* YYYYMMDD, YYYYMM of what follows */
	mils day_spent, month_spent;
	int64_t day_free; /* stamps of no value */
	uint32_t newest;  /* the last day that it ever counted */
};

/* By its number; while it is locked nobody else changes its counts. */
void store_system_ask(struct store *s, int64_t id, enum store_lock lock);
/* *found = false: there is none; the transaction has nothing more to do. */
MUST_CHECK bool store_system_get(
    struct store *s, struct user_system *out, bool *found, struct err *e);

/* All of them, by their numbers. */
typedef void system_fn(void *context, const struct user_system *u);
MUST_CHECK bool store_system_list(
    struct store *s, system_fn *each, void *context, struct err *e);

/* What `was` read before of this user system proves who it is still: its account
 * and all that it shows itself by. */
bool store_system_agrees(
    const struct user_system *was, const struct user_system *is);

/* Who has this certificate? */
MUST_CHECK bool store_system_by_fingerprint(struct store *s,
    const char *fingerprint, int64_t *id, bool *found, struct err *e);

/* Writes fence and counts back: each, nothing else between, then they are sent;
 * the commit, or store_flush(), receives them. */
void store_system_put(struct store *s, const struct user_system *u);
void store_system_send(struct store *s);

/* What is in its account's PSDs here that are in operation and expire on
 * `expires` or later: with today's date what may be spent; 0: all of it. */
MUST_CHECK bool store_system_loaded(struct store *s, int64_t account,
    uint32_t expires, mils *out, struct err *e);

/* One that is there, by its number; nobody else sets its limits until the transaction
 * ends. */
MUST_CHECK bool store_system_rules(
    struct store *s, int64_t id, struct user_system *out, struct err *e);
/* Writes its own limits, and who says that it has to name cost codes, back: what
 * store_system_rules() read. */
MUST_CHECK bool store_system_limits(
    struct store *s, const struct user_system *u, struct err *e);

/* Limits as six parameters, and as six columns from `column` on: the provider's,
 * then the customer's. */
void store_limits_put(struct store *s, const struct limits *l);
void store_limits_get(struct store *s, int column, struct limits *out);

/* A new one; *id.  Errors: ERR_REQUEST (the name is taken). */
MUST_CHECK bool store_system_add(struct store *s, const struct user_system *u,
    int64_t made, int64_t *id, struct err *e);

#endif
