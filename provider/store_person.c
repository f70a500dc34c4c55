/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/store_person.h"

#include <stdio.h>
#include <string.h>

#define SQL_PERSON \
	"SELECT id, customer, login, name, role, state, secret FROM person "

static const struct {
	enum person_role role;
	const char *name;
} roles[] = {
    {PERSON_ADMINISTRATOR, "administrator"},
    {PERSON_MAILROOM, "mailroom"},
    {PERSON_AUDITOR, "auditor"},
    {PERSON_POST, "post"},
};

#define ROLES (sizeof(roles) / sizeof(roles[0]))

bool
person_role_parse(const char *text, enum person_role *out)
{
	for (size_t i = 0; i < ROLES; i++)
		if (strcmp(roles[i].name, text) == 0) {
			*out = roles[i].role;
			return true;
		}
	return false;
}

const char *
person_role_name(enum person_role role)
{
	for (size_t i = 0; i < ROLES; i++)
		if (roles[i].role == role)
			return roles[i].name;
	return "?";
}

/* --- rows ------------------------------------------------------------------------ */

static bool
read_person(struct store *s, struct person *out, struct err *e)
{
	const uint8_t *secret;
	size_t len;

	*out =
	    (struct person){.id = store_int(s, 0), .customer = store_int(s, 1)};
	snprintf(out->login, sizeof(out->login), "%s", store_text(s, 2));
	snprintf(out->name, sizeof(out->name), "%s", store_text(s, 3));
	out->active = strcmp(store_text(s, 5), "active") == 0;
	secret = store_blob(s, 6, &len);
	if (len != SECRET_BYTES ||
	    !person_role_parse(store_text(s, 4), &out->role))
		return err_set(e, ERR_CORRUPT,
		    "person \"%s\" has no secret or no role that is known",
		    out->login);
	memcpy(out->secret, secret, SECRET_BYTES);
	return true;
}

bool
store_person_add(struct store *s, const struct person *p, int64_t made,
    int64_t *id, struct err *e)
{
	if (p->customer != 0)
		store_put_int(s, p->customer);
	else
		store_put_null(s);
	store_put_text(s, p->login);
	store_put_text(s, p->name);
	store_put_text(s, person_role_name(p->role));
	store_put_blob(s, p->secret, sizeof(p->secret));
	store_put_int(s, made);
	if (store_run(s,
		"INSERT INTO person (customer, login, name, role, secret, "
		"made) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
		e) &&
	    store_row(s)) {
		*id = store_int(s, 0);
		return true;
	}
	return e->kind == ERR_REQUEST
		   ? err_set(e, ERR_REQUEST,
			 "person \"%s\" cannot be added: the login is taken",
			 p->login)
		   : false;
}

bool
store_person_find(
    struct store *s, int64_t id, struct person *out, bool *found, struct err *e)
{
	store_put_int(s, id);
	*found = false;
	if (!store_run(s, SQL_PERSON "WHERE id = $1", e))
		return false;
	*found = store_row(s);
	return !*found || read_person(s, out, e);
}

bool
store_person_login(
    struct store *s, const char *login, struct person *out, struct err *e)
{
	store_put_text(s, login);
	if (!store_run(s, SQL_PERSON "WHERE login = $1", e))
		return false;
	if (!store_row(s))
		return err_set(
		    e, ERR_REQUEST, "there is no person \"%s\"", login);
	return read_person(s, out, e);
}

bool
store_person_secret(struct store *s, int64_t id,
    const uint8_t secret[SECRET_BYTES], struct err *e)
{
	store_put_blob(s, secret, SECRET_BYTES);
	store_put_int(s, id);
	return store_run(s, "UPDATE person SET secret = $1 WHERE id = $2", e);
}

bool
store_person_list(
    struct store *s, person_fn *each, void *context, struct err *e)
{
	if (!store_run(s, SQL_PERSON "ORDER BY login", e))
		return false;
	while (store_row(s)) {
		struct person p;

		if (!read_person(s, &p, e))
			return false;
		each(context, &p);
	}
	return true;
}
