/* SPDX-License-Identifier: Apache-2.0 */
/* Persons: who may ask for what. */
#include "provider/admin.h"

#include "provider/store_admin.h"
#include "tests/api_help.h"
#include "tests/pg_help.h"
#include "tests/test.h"

static const char junk[] = "{\"indicium\":\"AAAA\",\"place\":\"A\"}";

static void
set_state(struct help *h, const char *login, const char *to)
{
	struct state_change change = {
	    .what = "person", .name = login, .state = to};
	struct store *s = h->w->store;
	struct err e = ERR_INIT;

	is_ok(store_begin(s, STORE_WRITE, &e) &&
		  store_state_set(s, &change, &e) && store_commit(s, &e),
	    &e, to);
}

static void
roles_have_their_routes(void **state)
{
	struct help *h = *state;
	int64_t account = help_account(h, "one", 0);
	char post[96], auditor[96], mailroom[96], system[96];

	help_system(h, account, "one", system);
	help_person(h, "post", PERSON_POST, NULL, post);
	help_person(h, "auditor", PERSON_AUDITOR, NULL, auditor);
	help_person(h, "mailroom", PERSON_MAILROOM, NULL, mailroom);
	help_ask(h, "POST", "/v1/cancel", post, junk);
	help_said(h, 200, "UNREADABLE");
	help_ask(h, "POST", "/v1/cancel", auditor, junk);
	help_said(h, 403, "auditor has the role auditor");
	help_ask(h, "POST", "/v1/verify", mailroom, junk);
	help_said(h, 403, "ERR_DENIED");
	/* a user system is no person, nor the other way round */
	help_ask(h, "POST", "/v1/cancel", system, junk);
	help_said(h, 401, "nobody is known");
	help_ask(h, "GET", "/v1/vault", post, NULL);
	help_said(h, 401, "no user system");
	help_ask(h, "POST", "/v1/cancel", NULL, junk);
	help_said(h, 401, "");
}

static void
tokens_are_the_persons_own(void **state)
{
	struct help *h = *state;
	char one[96], two[96], mixed[96];

	help_person(h, "one", PERSON_POST, NULL, one);
	help_person(h, "two", PERSON_POST, NULL, two);
	help_ask(h, "POST", "/v1/cancel", one, junk);
	help_said(h, 200, "");
	/* one's name with two's secret */
	snprintf(mixed, sizeof(mixed), "%s", two);
	memcpy(mixed, one, 14);
	help_ask(h, "POST", "/v1/cancel", mixed, junk);
	help_said(h, 401, "");
	one[strlen(one) - 1] ^= 1;
	help_ask(h, "POST", "/v1/cancel", one, junk);
	help_said(h, 401, "");
	one[strlen(one) - 1] = '\0';
	help_ask(h, "POST", "/v1/cancel", one, junk);
	help_said(h, 401, "");
}

static void
suspended_persons_are_not_known(void **state)
{
	struct help *h = *state;
	char token[96];

	help_person(h, "one", PERSON_POST, NULL, token);
	set_state(h, "one", "suspended");
	help_ask(h, "POST", "/v1/cancel", token, junk);
	help_said(h, 401, "suspended");
	set_state(h, "one", "active");
	help_ask(h, "POST", "/v1/cancel", token, junk);
	help_said(h, 200, "");
}

static void
new_token_ends_the_old_one(void **state)
{
	struct help *h = *state;
	struct store *s = h->w->store;
	struct err e = ERR_INIT;
	char old[96], token[AUTH_TOKEN];

	help_person(h, "one", PERSON_POST, NULL, old);
	is_ok(store_begin(s, STORE_WRITE, &e) &&
		  admin_person_token(h->w, "one", token, &e) &&
		  store_commit(s, &e),
	    &e, "token");
	help_ask(h, "POST", "/v1/cancel", old, junk);
	help_said(h, 401, "");
	help_ask(h, "POST", "/v1/cancel", token, junk);
	help_said(h, 200, "");
}

static void
logins_are_taken_once(void **state)
{
	struct help *h = *state;
	struct person p = {.role = PERSON_POST, .login = "one"};
	struct store *s = h->w->store;
	struct err e = ERR_INIT;
	char token[AUTH_TOKEN];

	help_person(h, "one", PERSON_POST, NULL, token);
	is_ok(store_begin(s, STORE_WRITE, &e), &e, "begin");
	ok(!admin_add_person(h->w, &p, token, &e), "again");
	is_err(&e, ERR_REQUEST, "again");
	store_rollback(s);
}

#define COMMON(on)                                                   \
	on(roles_have_their_routes), on(tokens_are_the_persons_own), \
	    on(suspended_persons_are_not_known),                     \
	    on(new_token_ends_the_old_one), on(logins_are_taken_once)

static const struct CMUnitTest sqlite[] = {COMMON(HELP_SQLITE)};
static const struct CMUnitTest postgresql[] = {COMMON(HELP_PG)};

HELP_MAIN(sqlite, postgresql)
