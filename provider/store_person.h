/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_person: people (and the machines of the post) that may ask the provider
 * for more than stamps, each with one role and a token.
 *
 * A person of a customer sees that customer's accounts; one of no customer is
 * the provider's, and sees all.
 */
#ifndef PROVIDER_STORE_PERSON_H
#define PROVIDER_STORE_PERSON_H

#include "provider/store.h"
#include "provider/store_system.h"

/* One bit each, so that a route can say several. */
enum person_role {
	PERSON_ADMINISTRATOR = 1, /* changes */
	PERSON_MAILROOM = 2,	  /* looks at its accounts */
	PERSON_AUDITOR = 4,	  /* looks at the books */
	PERSON_POST = 8		  /* verifies and cancels stamps */
};

struct person {
	int64_t id, customer; /* customer 0: of the provider */
	char login[NAME_MAX_BYTES], name[NAME_MAX_BYTES];
	enum person_role role;
	bool active;
	uint8_t secret[SECRET_BYTES];
};

/* "administrator"; false: there is no such role. */
bool person_role_parse(const char *text, enum person_role *out);
const char *person_role_name(enum person_role role);

/* *id of the new one.  Errors: ERR_REQUEST (the login is taken). */
MUST_CHECK bool store_person_add(struct store *s, const struct person *p,
    int64_t made, int64_t *id, struct err *e);

MUST_CHECK bool store_person_find(struct store *s, int64_t id,
    struct person *out, bool *found, struct err *e);

/* By login.  Errors: ERR_REQUEST (there is none). */
MUST_CHECK bool store_person_login(
    struct store *s, const char *login, struct person *out, struct err *e);

/* A new secret; the old token is worth nothing from now on. */
MUST_CHECK bool store_person_secret(struct store *s, int64_t id,
    const uint8_t secret[SECRET_BYTES], struct err *e);

/* All, by login. */
typedef void person_fn(void *context, const struct person *p);
MUST_CHECK bool store_person_list(
    struct store *s, person_fn *each, void *context, struct err *e);

#endif
