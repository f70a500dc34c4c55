/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postaged person: who may ask for more than stamps.
 */
#include "provider/verbs.h"

#include <stdio.h>
#include <string.h>

#include "provider/admin.h"
#include "provider/store_admin.h"

static const char usage[] =
    "person add LOGIN --role administrator|mailroom|auditor|post "
    "[--name TEXT] [--customer NAME] | list | token LOGIN | suspend LOGIN | "
    "resume LOGIN";

static void
print_token(char token[AUTH_TOKEN])
{
	printf("token, shown this once:\n%s\n", token);
	explicit_bzero(token, AUTH_TOKEN);
}

/* --- add --------------------------------------------------------------------------- */

static bool
take_person(int *argc, char **argv, struct person *p, const char **customer,
    struct err *e)
{
	const char *role = verb_option(argc, argv, "--role");
	const char *name = verb_option(argc, argv, "--name");

	*customer = verb_option(argc, argv, "--customer");
	*p = (struct person){.id = 0};
	if (role != NULL && !person_role_parse(role, &p->role))
		return err_set(e, ERR_REQUEST,
		    "--role: administrator, mailroom, auditor or post, not "
		    "\"%s\"",
		    role);
	snprintf(p->name, sizeof(p->name), "%s", name ? name : "");
	return true;
}

static bool
add(struct program *p, struct person *person, const char *customer,
    struct err *e)
{
	char token[AUTH_TOKEN] = "", id[PSD_ID] = "";
	struct verb_work work;
	bool good = verb_begin(p, &work, e) &&
		    (customer == NULL || store_customer_find(work.w->store,
					     customer, &person->customer, e)) &&
		    admin_add_person(work.w, person, token, e);

	if (good)
		worker_person_id(work.w, person->id, id);
	good = verb_done(&work, good, e);
	if (good)
		printf("person %s: %s, %s%s%s\n", id, person->login,
		    person_role_name(person->role), customer ? " of " : "",
		    customer ? customer : "");
	if (good)
		print_token(token);
	return good;
}

/* --- the others -------------------------------------------------------------------- */

static void
print_person(void *context, const struct person *p)
{
	char id[PSD_ID];

	printf("%s  %-20s %-14s %-10s %s\n",
	    worker_person_id(context, p->id, id), p->login,
	    person_role_name(p->role), p->active ? "active" : "suspended",
	    p->name);
}

static bool
list(struct program *p, struct err *e)
{
	struct verb_work work;
	bool good = verb_look(p, &work, e) &&
		    store_person_list(work.w->store, print_person, work.w, e);

	return verb_done(&work, good, e);
}

static bool
new_token(struct program *p, const char *login, struct err *e)
{
	char token[AUTH_TOKEN] = "";
	struct verb_work work;
	bool good = verb_begin(p, &work, e) &&
		    admin_person_token(work.w, login, token, e);

	good = verb_done(&work, good, e);
	if (good)
		print_token(token);
	return good;
}

static bool
set_state(
    struct program *p, const char *login, const char *state, struct err *e)
{
	struct state_change to = {
	    .what = "person", .name = login, .state = state};
	struct verb_work work;
	bool good =
	    verb_begin(p, &work, e) && store_state_set(work.w->store, &to, e);

	return verb_done(&work, good, e);
}

bool
verb_person(struct program *p, int argc, char **argv, struct err *e)
{
	const char *customer;
	struct person person;

	if (!take_person(&argc, argv, &person, &customer, e) ||
	    !verb_words(argc, argv, 2, 3, usage, e))
		return false;
	if (strcmp(argv[1], "list") == 0 && argc == 2)
		return list(p, e);
	if (argc != 3)
		return err_set(e, ERR_REQUEST, "usage: postaged %s", usage);
	if (strcmp(argv[1], "token") == 0)
		return new_token(p, argv[2], e);
	if (strcmp(argv[1], "suspend") == 0)
		return set_state(p, argv[2], "suspended", e);
	if (strcmp(argv[1], "resume") == 0)
		return set_state(p, argv[2], "active", e);
	if (strcmp(argv[1], "add") != 0 || person.role == 0)
		return err_set(e, ERR_REQUEST, "usage: postaged %s", usage);
	snprintf(person.login, sizeof(person.login), "%s", argv[2]);
	return add(p, &person, customer, e);
}
