/* SPDX-License-Identifier: Apache-2.0 */
/*
 * admin: what an administrator does, by a verb of postaged(8) or by the API.
 * All in a transaction of the caller that writes.
 */
#ifndef PROVIDER_ADMIN_H
#define PROVIDER_ADMIN_H

#include "provider/auth.h"
#include "provider/store_admin.h"
#include "provider/store_person.h"
#include "provider/worker.h"

/* A new user system of u->account; u->id, and its token, "" where it has a
 * certificate.
 * Errors: ERR_REQUEST (name or certificate are taken, no network). */
MUST_CHECK bool admin_add_system(struct worker *w, struct user_system *u,
    char token[AUTH_TOKEN], struct err *e);
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

/* A new person; p->id, and its token.
 * Errors: ERR_REQUEST (the login is taken, or empty). */
MUST_CHECK bool admin_add_person(
    struct worker *w, struct person *p, char token[AUTH_TOKEN], struct err *e);
MUST_CHECK bool admin_person_token(
    struct worker *w, const char *login, char token[AUTH_TOKEN], struct err *e);

#endif
