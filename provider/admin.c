/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/admin.h"

#include <string.h>

#include "provider/store_admin.h"

/* --- user systems ----------------------------------------------------------------- */

bool
admin_system_token(
    struct worker *w, const char *name, char token[AUTH_TOKEN], struct err *e)
{
	uint8_t secret[SECRET_BYTES] = {0};
	int64_t id;

	/* The number first: it is part of the token. */
	return store_system_secret(
		   w->store, name, secret, sizeof(secret), &id, e) &&
	       auth_make_token(w, id, token, secret, e) &&
	       store_system_secret(
		   w->store, name, secret, sizeof(secret), &id, e);
}

static bool
check_system(const struct user_system *u, struct err *e)
{
	if (u->name[0] == '\0')
		return err_set(e, ERR_REQUEST, "a user system needs a name");
	if (u->address[0] != '\0' && !auth_network_valid(u->address))
		return err_set(e, ERR_REQUEST,
		    "\"%s\" is no network, as in 192.0.2.0/24", u->address);
	return u->fingerprint[0] == '\0' || strlen(u->fingerprint) == 64 ||
	       err_set(e, ERR_REQUEST,
		   "a certificate's fingerprint is its SHA-256, 64 hexadecimal "
		   "digits");
}

bool
admin_add_system(struct worker *w, struct user_system *u,
    char token[AUTH_TOKEN], struct err *e)
{
	token[0] = '\0';
	if (!check_system(u, e))
		return false;
	if (!store_system_add(w->store, u, worker_ms(w), &u->id, e))
		return e->kind == ERR_REQUEST
			   ? err_set(e, ERR_REQUEST,
				 "user system \"%s\" cannot be added: there is "
				 "one of that name or certificate",
				 u->name)
			   : false;
	return u->fingerprint[0] != '\0' ||
	       admin_system_token(w, u->name, token, e);
}

bool
admin_change_system(struct worker *w, const struct system_change *change,
    bool *still, struct err *e)
{
	const char *verb = change->verb;

	*still = false;
	if (strcmp(verb, "withdraw") == 0)
		return store_system_withdraw(w->store, change->name, e);
	if (strcmp(verb, "suspend") == 0 || strcmp(verb, "resume") == 0)
		return store_system_suspend(
		    w->store, change->name, change->by, *verb == 's', still, e);
	return err_set(
	    e, ERR_REQUEST, "suspend, resume or withdraw, not \"%s\"", verb);
}

/* --- persons ----------------------------------------------------------------------- */

static bool
give_token(struct worker *w, int64_t id, char token[AUTH_TOKEN], struct err *e)
{
	uint8_t secret[SECRET_BYTES];

	return auth_make_person_token(w, id, token, secret, e) &&
	       store_person_secret(w->store, id, secret, e);
}

bool
admin_add_person(
    struct worker *w, struct person *p, char token[AUTH_TOKEN], struct err *e)
{
	if (p->login[0] == '\0')
		return err_set(e, ERR_REQUEST, "a person needs a login");
	return store_person_add(w->store, p, worker_ms(w), &p->id, e) &&
	       give_token(w, p->id, token, e);
}

bool
admin_person_token(
    struct worker *w, const char *login, char token[AUTH_TOKEN], struct err *e)
{
	struct person p;

	return store_person_login(w->store, login, &p, e) &&
	       give_token(w, p.id, token, e);
}
