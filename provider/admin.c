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

/* Two that are added at once wait for each other. */
static bool
check_number(struct worker *w, int64_t account, struct err *e)
{
	struct customer c;

	if (!store_customer_of(w->store, account, &c, e))
		return false;
	return c.systems_max < 0 || c.systems < c.systems_max ||
	       err_set(e, ERR_DENIED,
		   "customer %s may have %lld user systems, and has %lld: "
		   "withdraw one, or ask the provider",
		   c.name, (long long)c.systems_max, (long long)c.systems);
}

bool
admin_add_system(struct worker *w, struct user_system *u, enum side by,
    char token[AUTH_TOKEN], struct err *e)
{
	token[0] = '\0';
	if (!check_system(u, e) ||
	    (by == SIDE_CUSTOMER && !check_number(w, u->account, e)))
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

/* --- limits ------------------------------------------------------------------------ */

bool
admin_system_limits(struct worker *w, const struct user_system *was,
    const struct user_system *to, enum side by, struct err *e)
{
	return limits_may_set(&was->limits, &to->limits, by, e) &&
	       store_system_limits(w->store, to, e);
}

bool
admin_customer_limits(struct worker *w, const struct customer *was,
    const struct customer *to, enum side by, struct err *e)
{
	if (by == SIDE_CUSTOMER && to->systems_max != was->systems_max)
		return err_set(e, ERR_DENIED,
		    "how many user systems a customer may have the provider "
		    "says: ask the provider");
	return limits_may_set(&was->limits, &to->limits, by, e) &&
	       store_customer_limits(w->store, to, e);
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
