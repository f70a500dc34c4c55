/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api_help: what tests of the API share: the provider of provider_help.h as a
 * fixture, more accounts, tokens, and requests.  Time stands still at HELP_TODAY
 * until a test moves it.
 */
#ifndef TESTS_API_HELP_H
#define TESTS_API_HELP_H

#include "provider/http.h"
#include "provider/store_person.h"
#include "tests/provider_help.h"

#define HELP_TODAY 20261128

struct help {
	struct shop shop;
	struct worker *w;	  /* the shop's */
	char body[HTTP_BODY_MAX]; /* of the last answer */
	int status;
	uint16_t keys; /* of orders so far */
};

/* Fixtures of cmocka: *state is a struct help. */
int help_sqlite(void **state);
int help_postgresql(void **state);
int help_end(void **state);

/* Another day. */
void help_set_today(uint32_t date);

/* An account of this name with a PSD and `credit`; its id. */
int64_t help_account(struct help *h, const char *name, mils credit);
/* The same without credit; its PSD issues stamps of no value. */
int64_t help_cheap_account(struct help *h, const char *name);
/* A user system of it, named likewise; `token` may be NULL. */
struct user_system
help_system(struct help *h, int64_t account, const char *name, char token[96]);

/* A person of the provider, or of the customer of that name (NULL: none). */
int64_t help_person(struct help *h, const char *login, enum person_role role,
    const char *customer, char token[96]);

/* An order of `count` stamps of 0.10 with keys never used before. */
struct issue_order *
help_order(struct help *h, const struct user_system *who, size_t count);
/* Issues it, or fails with this kind; *out has the stamps.  Frees the order. */
void help_issue(struct help *h, struct issue_order *order,
    struct issue_result *out, enum err_kind want, struct err *e);

/* Asks the API; h->status and h->body are the answer. */
void help_ask(struct help *h, const char *method, const char *path,
    const char *token, const char *body);
/* The last answer has this status, and `part` in its body. */
void help_said(struct help *h, int status, const char *part);

/* The books agree. */
void help_audit(struct help *h);

/* Runs both groups, the second where PostgreSQL is installed. */
#define HELP_MAIN(sqlite, postgresql)                                          \
	int main(void)                                                         \
	{                                                                      \
		int failed_ =                                                  \
		    cmocka_run_group_tests_name("SQLite", sqlite, NULL, NULL); \
		if (!pg_start()) {                                             \
			printf("PostgreSQL is not installed: its half is "     \
			       "left out\n");                                  \
			return failed_;                                        \
		}                                                              \
		failed_ += cmocka_run_group_tests_name(                        \
		    "PostgreSQL", postgresql, NULL, NULL);                     \
		pg_stop();                                                     \
		return failed_;                                                \
	}

#define HELP_SQLITE(f) cmocka_unit_test_setup_teardown(f, help_sqlite, help_end)
#define HELP_PG(f)     cmocka_unit_test_setup_teardown(f, help_postgresql, help_end)

#endif
