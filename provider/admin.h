/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin: what an administrator does, by a verb of postaged(8) or by the API.
 * All in a transaction of the caller that writes.
 */
#ifndef PROVIDER_ADMIN_H
#define PROVIDER_ADMIN_H

#include "provider/auth.h"
#include "provider/store_admin.h"
#include "provider/store_customer.h"
#include "provider/store_person.h"
#include "provider/worker.h"

/* A new user system of u->account; u->id, and its token, "" where it has a
 * certificate.  The customer's side adds as many as the provider allows.
 * Errors: ERR_REQUEST (name or certificate are taken, no network), ERR_DENIED (too
 * many). */
MUST_CHECK bool admin_add_system(struct worker *w, struct user_system *u,
    enum side by, char token[AUTH_TOKEN], struct err *e);
/* A new token for one; the old one is worth nothing any more.
 * Errors: ERR_REQUEST (there is none of that name). */
MUST_CHECK bool admin_system_token(
    struct worker *w, const char *name, char token[AUTH_TOKEN], struct err *e);

/* verb: "suspend", "resume", "withdraw".  Each side resumes what it suspended
 * itself; *still: it is suspended now.
 * Errors: ERR_REQUEST (no such system; another verb). */
struct system_change {
	const char *verb, *name;
	enum side by;
};
MUST_CHECK bool admin_change_system(struct worker *w,
    const struct system_change *change, bool *still, struct err *e);

/* New limits, and whether cost codes are required, in `to`, for those in `was`, read
 * by store_system_rules().
 * Errors: as limits_may_set(). */
MUST_CHECK bool
admin_system_limits(struct worker *w, const struct user_system *was,
    const struct user_system *to, enum side by, struct err *e);
/* The same for a customer, read with its lock; with systems_max, which is the
 * provider's.  Errors: likewise. */
MUST_CHECK bool
admin_customer_limits(struct worker *w, const struct customer *was,
    const struct customer *to, enum side by, struct err *e);

/* A new person; p->id, and its token.
 * Errors: ERR_REQUEST (the login is taken, or empty). */
MUST_CHECK bool admin_add_person(
    struct worker *w, struct person *p, char token[AUTH_TOKEN], struct err *e);
MUST_CHECK bool admin_person_token(
    struct worker *w, const char *login, char token[AUTH_TOKEN], struct err *e);

#endif
