/* SPDX-License-Identifier: Apache-2.0 */
/* The post at a provider: a look is asked as often as needed, and counts once. */
#include <string.h>

#include "tests/front.h"
#include "tests/test.h"
#include "vault/remote_post.h"

#define WAIT_MS 3000

static struct front f;
static struct remote_post p;
static struct remote_check check;

static int
setup(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	front_open(&f);
	is_ok(remote_post_open(&p, f.uri, WAIT_MS, &e), &e, "open");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	remote_post_close(&p);
	front_close(&f);
	return 0;
}

/* place NULL: it is looked at. */
static bool
look(const char *place, const char *scan, struct err *e)
{
	static const uint8_t bytes[] = {0x91, 0x21, 1, 2, 3};
	const struct remote_look one = {bytes, sizeof(bytes), place, scan};

	*e = (struct err)ERR_INIT;
	return remote_post_ask(&p, &one, &check, e);
}

static void
verdict_is(const char *place, const char *scan, const char *want)
{
	struct err e;

	is_ok(look(place, scan, &e), &e, want);
	is_str(check.verdict, want, scan ? scan : "a look");
}

static void
a_second_look_is_a_duplicate(void **state)
{
	(void)state;
	verdict_is(NULL, NULL, "VALID");
	verdict_is("belt 2", "one", "VALID");
	ok(!check.seen, "for the first time");
	verdict_is("belt 3", "two", "DUPLICATE");
	ok(check.seen, "again");
	is_int(check.at, 1795000000, "when, in seconds");
	is_str(check.place, "belt 2", "where");
	ok(strpbrk(check.why, "\n\033") == NULL, "words are cleaned");
	verdict_is(NULL, NULL, "DUPLICATE");
}

static void
a_lost_answer_is_asked_for_again(void **state)
{
	(void)state;
	front_will(&f, AT_POST, DO_CUT_AFTER, 0);
	front_will(&f, AT_POST, DO_SAY_AFTER, 503);
	front_will(&f, AT_POST, DO_TRUNCATE, 0);
	verdict_is("belt 2", "one", "VALID");
	is_int(f.asked[AT_POST], 4, "until it was heard");
	verdict_is("belt 2", "two", "DUPLICATE");
}

static void
no_answer_is_no_verdict(void **state)
{
	struct err e;

	(void)state;
	for (int i = 0; i < 8; i++)
		front_will(&f, AT_POST, DO_SAY, 503);
	ok(!look("belt 2", "one", &e), "nobody");
	is_err(&e, ERR_ABSENT, "nobody");
	f.faults[AT_POST] = f.done[AT_POST] = 0;
	front_will(&f, AT_POST, DO_SAY, 403);
	ok(!look("belt 2", "one", &e), "no person of the post");
	is_err(&e, ERR_DENIED, "no person of the post");
	is_int(f.used.len, 0, "nothing was cancelled");
}

static void
certificates_are_fetched_by_name(void **state)
{
	uint8_t der[CERT_MAX], *list = NULL;
	struct err e = ERR_INIT;
	size_t len;
	bool found;

	(void)state;
	is_ok(remote_post_certificate(&p, f.id[0], der, &len, &found, &e), &e,
	    "a PSD's");
	ok(found && len > 100, "it is there");
	is_ok(remote_post_certificate(&p, "XX", der, &len, &found, &e), &e,
	    "the provider's");
	ok(found, "it is there");
	is_ok(remote_post_certificate(
		  &p, "YYPS0000000001", der, &len, &found, &e),
	    &e, "another's");
	ok(!found, "it has none");
	ok(!remote_post_certificate(&p, "../vault", der, &len, &found, &e),
	    "no name");
	is_err(&e, ERR_REQUEST, "no name");
	e = (struct err)ERR_INIT;
	ok(!remote_post_list(&p, &list, &len, &e), "no list");
	is_err(&e, ERR_CONFIG, "no list");
	ok(list == NULL, "nothing to free");
}

static void
a_uri_is_needed(void **state)
{
	struct remote_post other;
	struct err e = ERR_INIT;

	(void)state;
	ok(!remote_post_open(&other, "http://127.0.0.1/", WAIT_MS, &e), "http");
	is_err(&e, ERR_CONFIG, "http");
	remote_post_close(&other);
}

int
main(void)
{
#define F(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
	    F(a_second_look_is_a_duplicate),
	    F(a_lost_answer_is_asked_for_again),
	    F(no_answer_is_no_verdict),
	    F(certificates_are_fetched_by_name),
	    F(a_uri_is_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
