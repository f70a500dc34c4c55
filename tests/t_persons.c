/* SPDX-License-Identifier: Apache-2.0 */
/* Persons: who may ask for what. */
#include "provider/admin.h"

#include "provider/pay.h"
#include "provider/store_admin.h"
#include "provider/store_cost.h"
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
	help_said(h, 403, "is a person: this is for user systems");
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

/* The provider's administrators pay in for all, a customer's for their own. */
static void
administrators_begin_payments(void **state)
{
	static const char mine[] = "{\"driver\":\"invoice\",\"amount\":500,"
				   "\"account\":\"one\"}";
	static const char none[] = "{\"driver\":\"invoice\",\"amount\":500}";
	static const char *const path = "/v1/payments";
	struct help *h = *state;
	int64_t account = help_account(h, "one", 0);
	char boss[96], theirs[96], other[96], maid[96], system[96];
	struct pay_setup drivers = {"", "", "", "", "", ""};
	struct err e = ERR_INIT;

	is_ok(pay_open(&drivers, &h->w->pay, &e), &e, "invoices");
	help_system(h, account, "one", system);
	help_system(h, help_account(h, "two", 0), "two", NULL);
	help_person(h, "boss", PERSON_ADMINISTRATOR, NULL, boss);
	help_person(h, "theirs", PERSON_ADMINISTRATOR, "one", theirs);
	help_person(h, "other", PERSON_ADMINISTRATOR, "two", other);
	help_person(h, "maid", PERSON_MAILROOM, "one", maid);
	help_ask(h, "POST", path, boss, mine);
	help_said(h, 200, "\"id\":1,");
	help_ask(h, "POST", path, boss, none);
	help_said(h, 400, "account: is missing");
	help_ask(h, "POST", path, theirs, mine);
	help_said(h, 200, "\"id\":2,");
	help_ask(h, "POST", path, other, mine);
	help_said(h, 400, "no account \\\"one\\\"");
	help_ask(h, "POST", path, maid, mine);
	help_said(h, 403, "the role mailroom");
	help_ask(h, "POST", path, system, none);
	help_said(h, 200, "\"id\":3,");
	help_ask(h, "POST", path, system, mine);
	help_said(h, 200, "\"id\":4,");
	help_ask(h, "POST", path, system,
	    "{\"driver\":\"invoice\",\"amount\":500,\"account\":\"two\"}");
	help_said(h, 400, "of account \\\"one\\\"");
	help_ask(h, "POST", path, NULL, none);
	help_said(h, 401, "");
	help_ask(h, "GET", "/v1/payments/3", maid, NULL);
	help_said(h, 200, "pending");
	help_ask(h, "GET", "/v1/payments/3", other, NULL);
	help_said(h, 404, "no such payment");
	help_ask(h, "GET", "/v1/payments/1", system, NULL);
	help_said(h, 200, "pending");
	help_audit(h);
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
a_token_is_of_one_person(void **state)
{
	struct help *h = *state;
	struct store *s = h->w->store;
	struct err e = ERR_INIT;
	struct person one;
	char token[96], other[96];

	help_person(h, "one", PERSON_ADMINISTRATOR, NULL, token);
	help_person(h, "two", PERSON_ADMINISTRATOR, NULL, other);
	is_ok(store_begin(s, STORE_READ, &e) &&
		  store_person_login(s, "one", &one, &e),
	    &e, "one");
	store_rollback(s);
	ok(auth_is_person(h->w, &one, token), "his own");
	ok(!auth_is_person(h->w, &one, other), "another's");
	ok(!auth_is_person(h->w, &one, ""), "none");
	token[strlen(token) - 1] ^= 1;
	ok(!auth_is_person(h->w, &one, token), "nearly");
	token[strlen(token) - 1] ^= 1;
	one.active = false;
	ok(!auth_is_person(h->w, &one, token), "suspended");
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

/* --- administrators ------------------------------------------------------------------- */

static void
administrators_manage_systems(void **state)
{
	struct help *h = *state;
	char admin[96], token[96], *at;

	help_account(h, "one", 5000);
	help_person(h, "admin", PERSON_ADMINISTRATOR, NULL, admin);
	help_ask(h, "POST", "/v1/systems", admin,
	    "{\"account\":\"one\",\"name\":\"desk\",\"day_max\":700}");
	help_said(h, 200, "\"system\":\"XXUS0000000001\"");
	at = strstr(h->body, "\"token\":\"");
	ok(at != NULL, h->body);
	snprintf(token, sizeof(token), "%.79s", at + 9);
	help_ask(h, "GET", "/v1/vault", token, NULL);
	help_said(h, 200, "\"life\":\"operational\"");
	help_ask(h, "POST", "/v1/systems/XXUS0000000001/suspend", admin, "");
	help_said(h, 200, "desk");
	help_ask(h, "GET", "/v1/vault", token, NULL);
	help_said(h, 200, "\"life\":\"locked\"");
	help_ask(h, "POST", "/v1/systems/XXUS0000000001/resume", admin, "");
	help_said(h, 200, "desk");
	help_ask(h, "POST", "/v1/systems/XXUS0000000001/limits", admin,
	    "{\"stamp_max\":99}");
	help_said(h, 200, "desk");
	help_ask(h, "POST", "/v1/systems/XXUS0000000001/token", admin, "");
	help_said(h, 200, "\"token\":\"XXUS0000000001.");
	help_ask(h, "GET", "/v1/vault", token, NULL);
	help_said(h, 401, "");
	help_ask(h, "POST", "/v1/systems/XXUS0000000002/suspend", admin, "");
	help_said(h, 400, "no user system XXUS0000000002");
	help_ask(h, "POST", "/v1/systems/XXUS0000000001/withdraw", admin, "");
	help_said(h, 200, "desk");
	help_ask(h, "POST", "/v1/systems/XXUS0000000001/resume", admin, "");
	help_said(h, 400, "withdrawn, which is for ever");
	help_ask(h, "POST", "/v1/systems/XXUS0000000001/burn", admin, "");
	help_said(h, 404, "");
	help_ask(h, "POST", "/v1/systems", admin,
	    "{\"account\":\"one\",\"name\":\"desk\"}");
	help_said(h, 400, "cannot be added");
	help_ask(h, "POST", "/v1/systems", admin,
	    "{\"account\":\"one\",\"name\":\"x\",\"address\":\"y\"}");
	help_said(h, 400, "no network");
	help_ask(h, "GET", "/v1/accounts/one", admin, NULL);
	help_said(h, 200, "\"credit\":5000,\"in_psds\":0");
}

static void
order_one(struct help *h, const char *token)
{
	char body[256];

	snprintf(body, sizeof(body),
	    "{\"fence\":\"1\",\"total\":100,\"stamps\":[{\"key\":\"%032d\","
	    "\"amount\":100,\"mail_date\":%d}]}",
	    ++h->keys, HELP_TODAY);
	help_ask(h, "POST", "/v1/vault/indicia", token, body);
}

/* The worker remembers who asked before: that is no reason to trust him. */
static void
who_was_here_before_proves_himself_again(void **state)
{
	struct help *h = *state;
	char admin[96], old[96], token[96];
	int64_t account = help_account(h, "one", 5000);
	struct user_system u = help_system(h, account, "desk", old);

	help_person(h, "admin", PERSON_ADMINISTRATOR, NULL, admin);
	order_one(h, old);
	help_said(h, 200, "\"ascending\":100");
	order_one(h, old);
	help_said(h, 200, "\"ascending\":200");
	order_one(h, "XXUS0000000001.00000000000000000000000000000000"
		     "00000000000000000000000000000000");
	help_said(h, 401, "");
	help_ask(h, "POST", "/v1/systems/XXUS0000000001/suspend", admin, "");
	order_one(h, old);
	help_said(h, 403, "suspended");
	help_ask(h, "POST", "/v1/systems/XXUS0000000001/resume", admin, "");
	order_one(h, old);
	help_said(h, 200, "\"ascending\":300");
	help_ask(h, "POST", "/v1/systems/XXUS0000000001/token", admin, "");
	snprintf(
	    token, sizeof(token), "%.79s", strstr(h->body, "\"token\":\"") + 9);
	for (int i = 0; i < 2; i++) {
		order_one(h, old);
		help_said(h, 401, "no user system is known");
	}
	order_one(h, token);
	help_said(h, 200, "\"ascending\":400");
	shop_sql(&h->shop, "UPDATE usersystem SET address = '198.51.100.0/24'");
	for (int i = 0; i < 2; i++) {
		order_one(h, token);
		help_said(h, 401, "");
	}
	shop_sql(&h->shop, "UPDATE usersystem SET address = NULL");
	order_one(h, token);
	help_said(h, 200, "\"ascending\":500");
	help_ask(h, "POST", "/v1/systems/XXUS0000000001/withdraw", admin, "");
	order_one(h, token);
	help_said(h, 401, "");
	is_int(shop_system(&h->shop, u.id).ascending, 500, "spent");
	help_audit(h);
}

/* The stamps would be nobody's to print. */
static void
persons_order_no_stamps(void **state)
{
	static const char *const paths[] = {"/v1/orders",
	    "/v1/orders/1/checkout", "/v1/quote", "/v1/vault/indicia",
	    "/v1/vault/find", "/v1/refunds"};
	struct help *h = *state;
	char maid[96], boss[96];

	help_account(h, "one", 5000);
	help_person(h, "maid", PERSON_MAILROOM, "one", maid);
	help_person(h, "boss", PERSON_ADMINISTRATOR, NULL, boss);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		help_ask(h, "POST", paths[i], maid, "{}");
		help_said(h, 403, "maid is a person: this is for user systems");
		help_said(h, 403, "\"kind\":\"ERR_DENIED\"");
		help_ask(h, "POST", paths[i], boss, "{}");
		help_said(h, 403, "boss is a person");
	}
	shop_sql(&h->shop, "UPDATE person SET state = 'suspended'");
	help_ask(h, "POST", "/v1/orders", maid, "{}");
	help_said(h, 401, "no user system is known");
}

/* What no book could know is refused without one: here there is none to be asked. */
static void
who_shows_nothing_asks_no_books(void **state)
{
	static const char *const nothing[] = {NULL, "", "x", "XXUS0000000001.",
	    "XXUS0000000001.0123456789abcdef"};
	struct help *h = *state;
	const char *name = strrchr(h->shop.uri, '=') + 1;
	char token[96], sql[256];

	help_system(h, help_account(h, "one", 0), "one", token);
	snprintf(sql, sizeof(sql), "ALTER DATABASE %s ALLOW_CONNECTIONS false",
	    name);
	pg_psql(sql);
	snprintf(sql, sizeof(sql),
	    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
	    "WHERE datname = '%s'",
	    name);
	pg_psql(sql);
	help_ask(h, "GET", "/v1/vault", token, NULL);
	ok(h->status >= 500, "the books are away");
	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
		help_ask(h, "GET", "/v1/vault", nothing[i], NULL);
		help_said(h, 401, "no user system is known");
		help_ask(h, "GET", "/v1/audit", nothing[i], NULL);
		help_said(h, 401, "nobody is known");
	}
	snprintf(
	    sql, sizeof(sql), "ALTER DATABASE %s ALLOW_CONNECTIONS true", name);
	pg_psql(sql);
}

static void
each_side_resumes_what_it_suspended(void **state)
{
	static const char suspend[] = "/v1/systems/XXUS0000000001/suspend";
	static const char resume[] = "/v1/systems/XXUS0000000001/resume";
	struct help *h = *state;
	char admin[96], one[96], token[96];

	help_system(h, help_account(h, "one", 5000), "desk", token);
	help_person(h, "admin", PERSON_ADMINISTRATOR, NULL, admin);
	help_person(h, "one", PERSON_ADMINISTRATOR, "one", one);
	help_ask(h, "POST", suspend, admin, "");
	help_said(h, 200, "\"suspended\":true");
	help_ask(h, "POST", resume, one, "");
	help_said(h, 200, "\"suspended\":true");
	help_ask(h, "GET", "/v1/vault", token, NULL);
	help_said(h, 200, "suspended: ask the provider");
	help_ask(h, "POST", suspend, one, "");
	help_said(h, 200, "\"suspended\":true");
	help_ask(h, "POST", resume, admin, "");
	help_said(h, 200, "\"suspended\":true");
	help_ask(h, "GET", "/v1/vault", token, NULL);
	help_said(h, 200, "suspended: ask your administrator");
	help_ask(h, "POST", resume, one, "");
	help_said(h, 200, "\"suspended\":false");
	help_ask(h, "GET", "/v1/vault", token, NULL);
	help_said(h, 200, "\"life\":\"operational\"");
}

static void
customers_see_what_is_theirs(void **state)
{
	struct help *h = *state;
	char one[96], two[96];

	help_account(h, "one", 5000);
	help_account(h, "two", 0);
	help_person(h, "one", PERSON_ADMINISTRATOR, "one", one);
	help_person(h, "two", PERSON_ADMINISTRATOR, "two", two);
	help_ask(h, "GET", "/v1/accounts/one", one, NULL);
	help_said(h, 200, "\"name\":\"one\"");
	help_ask(h, "GET", "/v1/accounts/one", two, NULL);
	help_said(h, 404, "no such account");
	help_ask(h, "GET", "/v1/accounts/three", two, NULL);
	help_said(h, 404, "no such account");
	help_ask(h, "POST", "/v1/systems", two,
	    "{\"account\":\"one\",\"name\":\"desk\"}");
	help_said(h, 400, "there is no account");
	help_ask(h, "POST", "/v1/systems", one,
	    "{\"account\":\"one\",\"name\":\"desk\"}");
	help_said(h, 200, "token");
	help_ask(h, "POST", "/v1/systems/XXUS0000000001/suspend", two, "");
	help_said(h, 400, "there is no account");
	help_ask(h, "GET", "/v1/ledger", one, NULL);
	help_said(h, 403, "the provider's own");
}

static void
auditors_see_the_books(void **state)
{
	static struct issue_result out;
	struct help *h = *state;
	int64_t account = help_account(h, "one", 5000);
	struct user_system u = help_system(h, account, "one", NULL);
	struct places audits = {.max = 1, .taken = 1};
	char auditor[96];
	struct err e;

	help_person(h, "auditor", PERSON_AUDITOR, NULL, auditor);
	help_issue(h, help_order(h, &u, 2), &out, ERR_NONE, &e);
	help_ask(h, "GET", "/v1/ledger", auditor, NULL);
	help_said(h, 200, "{\"account\":\"postage\",\"given\":200");
	help_ask(h, "GET", "/v1/audit", auditor, NULL);
	help_said(h, 200, "{\"faults\":[],\"count\":0");
	help_said(h, 200, "\"stamps\":2,\"pending\":0,\"sum\":200");
	shop_sql(&h->shop, "UPDATE account SET credit = credit + 1");
	help_ask(h, "GET", "/v1/audit", auditor, NULL);
	help_said(h, 200, "\"what\":\"account one\"");
	/* one at a time */
	h->shop.provider.audits = &audits;
	help_ask(h, "GET", "/v1/audit", auditor, NULL);
	help_said(h, 409, "an audit is under way");
	is_int(audits.taken, 1, "the other's");
	audits.taken = 0;
	help_ask(h, "GET", "/v1/audit", auditor, NULL);
	help_said(h, 200, "\"what\":\"account one\"");
	is_int(audits.taken, 0, "it is at its end");
	h->shop.provider.audits = NULL;
}

/* --- cost codes ----------------------------------------------------------------------- */

static void
cost_codes_are_the_accounts(void **state)
{
	static struct issue_result out;
	struct help *h = *state;
	int64_t account = help_account(h, "one", 5000);
	struct user_system u = help_system(h, account, "one", NULL);
	struct store *s = h->w->store;
	struct issue_order *o = help_order(h, &u, 2);
	struct err e = ERR_INIT;

	/* any, as long as the account has none */
	strcpy(o->item[1].cost, "free");
	help_issue(h, o, &out, ERR_NONE, &e);
	is_ok(store_begin(s, STORE_WRITE, &e) &&
		  store_cost_add(s, account, "4711", "Sales", &e) &&
		  store_cost_add(s, account, "4711", "Sales East", &e) &&
		  store_commit(s, &e),
	    &e, "a code");
	o = help_order(h, &u, 2);
	strcpy(o->item[1].cost, "4712");
	help_issue(h, o, &out, ERR_REQUEST, &e);
	is_str(
	    e.text, "stamp 2: account one has no cost code \"4712\"", "which");
	o = help_order(h, &u, 2);
	strcpy(o->item[1].cost, "4711");
	help_issue(h, o, &out, ERR_NONE, &e);
	is_str(out.stamp[1].cost, "4711", "kept");
	is_ok(store_begin(s, STORE_WRITE, &e) &&
		  store_cost_remove(s, account, "4711", &e),
	    &e, "removed");
	ok(!store_cost_remove(s, account, "4711", &e), "twice");
	store_rollback(s);
	help_audit(h);
}

#define COMMON(on)                                                             \
	on(roles_have_their_routes), on(tokens_are_the_persons_own),           \
	    on(suspended_persons_are_not_known),                               \
	    on(administrators_begin_payments), on(new_token_ends_the_old_one), \
	    on(logins_are_taken_once), on(administrators_manage_systems),      \
	    on(persons_order_no_stamps),                                       \
	    on(each_side_resumes_what_it_suspended),                           \
	    on(a_token_is_of_one_person),                                      \
	    on(who_was_here_before_proves_himself_again),                      \
	    on(customers_see_what_is_theirs), on(auditors_see_the_books),      \
	    on(cost_codes_are_the_accounts)

static const struct CMUnitTest sqlite[] = {COMMON(HELP_SQLITE)};
static const struct CMUnitTest postgresql[] = {
    COMMON(HELP_PG), HELP_PG(who_shows_nothing_asks_no_books)};

HELP_MAIN(sqlite, postgresql)
