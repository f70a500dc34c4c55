/* SPDX-License-Identifier: Apache-2.0 */
/* What each request passes on its way in: throttles, a front's proof, metrics. */
#include <stdlib.h>
#include <time.h>

#include "provider/entry.h"
#include "tests/test.h"

#define ID "0123456789abcdef0123456789abcdef"

static const uint8_t key[FORWARDED_KEY] = {5};

static struct config config;
static struct entry *entry;

/* --- requests by hand ------------------------------------------------------------ */

static const char *proof, *token;

static const char *
header(const struct http_request *r, const char *name)
{
	(void)r;
	if (strcmp(name, "Authorization") == 0)
		return token;
	return strcmp(name, FORWARDED_NAME) == 0 ? proof : NULL;
}

static struct http_request
from(const char *address, const char *path)
{
	struct http_request r = {.method = "GET",
	    .path = path,
	    .target = path,
	    .body = "",
	    .id = ID,
	    .header = header};

	snprintf(r.address, sizeof(r.address), "%s", address);
	return r;
}

/* What stands behind the entry: it answers with the status that it is told, and
 * WRONG with 401. */
#define WRONG "Bearer wrong"
#define RIGHT "Bearer right"

static struct {
	int status, asked;
	struct http_request last;
} behind;

static void
answer(
    void *worker, const struct http_request *request, struct http_response *out)
{
	(void)worker;
	behind.asked++;
	behind.last = *request;
	http_give(out,
	    token != NULL && strcmp(token, WRONG) == 0 ? 401 : behind.status,
	    "text/plain", strdup("x"), 1);
}

static int
asked(const struct http_request *r)
{
	struct http_response out = {.status = 0};
	int status;

	entry_answer(entry, NULL, r, &out);
	status = out.status;
	http_clear(&out);
	return status;
}

static int
asked_from(const char *address)
{
	const struct http_request r = from(address, "/v1/vault");

	return asked(&r);
}

static void
open_entry(const uint8_t *cluster_key)
{
	const struct entry_setup setup = {
	    .config = &config, .cluster_key = cluster_key, .answer = answer};
	struct err e = ERR_INIT;

	is_ok(entry_open(&setup, &entry, &e), &e, "entry");
	behind.status = 200;
	behind.asked = 0;
	proof = token = NULL;
}

static int
setup(void **state)
{
	(void)state;
	config = (struct config){.burst = 5, .metrics = "192.0.2.0/24, ::1"};
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	entry_close(entry);
	entry = NULL;
	return 0;
}

/* --- how often -------------------------------------------------------------------- */

static const char *
retry_after(const struct http_response *out)
{
	for (size_t i = 0; i < out->headers; i++)
		if (strcmp(out->header[i].name, "Retry-After") == 0)
			return out->header[i].value;
	return "";
}

static void
an_address_asks_so_often(void **state)
{
	const struct http_request r = from("198.51.100.7", "/v1/vault");
	struct http_response out = {.status = 0};

	(void)state;
	config.rate = 1;
	open_entry(NULL);
	for (int i = 0; i < 5; i++)
		is_int(asked(&r), 200, "at once");
	entry_answer(entry, NULL, &r, &out);
	is_int(out.status, 429, "no more");
	is_str(retry_after(&out), "1", "later");
	http_clear(&out);
	is_int(behind.asked, 5, "nobody was asked");
	is_int(asked_from("198.51.100.8"), 200, "another address");
	for (int i = 0; i < 20; i++)
		is_int(asked_from(""), 200, "a local socket");
}

static void
an_ipv6_network_is_one(void **state)
{
	(void)state;
	config.rate = 1;
	config.burst = 2;
	open_entry(NULL);
	is_int(asked_from("2001:db8:1:2::1"), 200, "one");
	is_int(asked_from("2001:db8:1:2:ffff::2"), 200, "two");
	is_int(asked_from("2001:db8:1:2::3"), 429, "three");
	is_int(asked_from("2001:db8:1:3::3"), 200, "another network");
}

static void
who_guesses_is_stopped(void **state)
{
	const struct http_request r = from("198.51.100.7", "/v1/vault");
	struct http_response out = {.status = 0};

	(void)state;
	config.login_burst = 3;
	open_entry(NULL);
	token = WRONG;
	for (int i = 0; i < 3; i++)
		is_int(asked(&r), 401, "wrong");
	entry_answer(entry, NULL, &r, &out);
	is_int(out.status, 429, "wrong again");
	ok(atoi(retry_after(&out)) > 15, "for 20 s");
	http_clear(&out);
	is_int(asked_from("198.51.100.8"), 401, "another address");
	for (int i = 0; i < 20; i++)
		is_int(asked_from(""), 401, "a local socket");
}

/* Who has the right token may stand behind one address with who guesses. */
static void
who_guesses_stops_nobody_else(void **state)
{
	struct http_request r = from("198.51.100.7", "/v1/vault");

	(void)state;
	config.login_burst = 1;
	open_entry(NULL);
	token = WRONG;
	for (int i = 0; i < 10; i++)
		is_int(asked(&r), i == 0 ? 401 : 429, "wrong");
	token = RIGHT;
	for (int i = 0; i < 100; i++)
		is_int(asked(&r), 200, "right, each time");
	token = NULL;
	r.path = "/v1/crl";
	is_int(asked(&r), 200, "what anybody may ask");
	r.path = "/";
	is_int(asked(&r), 200, "a page");
	token = WRONG;
	r.path = "/v1/vault";
	is_int(asked(&r), 429, "still not the wrong one");
}

/* A certificate can be wrong; who shows nothing guesses nothing. */
static void
nothing_shown_is_no_guess(void **state)
{
	struct http_request r = from("198.51.100.7", "/v1/vault");

	(void)state;
	config.login_burst = 1;
	open_entry(NULL);
	behind.status = 401;
	for (int i = 0; i < 10; i++)
		is_int(asked(&r), 401, "nothing is shown");
	memset(r.fingerprint, 'b', HTTP_FINGERPRINT - 1);
	is_int(asked(&r), 401, "an unknown certificate");
	is_int(asked(&r), 429, "again");
}

/* --- by a front ------------------------------------------------------------------- */

static void
a_server_answers_fronts_alone(void **state)
{
	struct http_request r = from("127.0.0.1", "/v1/vault");
	struct http_request front = from("198.51.100.7", "/v1/vault");
	char text[FORWARDED_MAX];
	struct err e = ERR_INIT;

	(void)state;
	config.rate = 1;
	config.burst = 1;
	open_entry(key);
	is_int(asked(&r), 401, "no proof");
	is_int(behind.asked, 0, "nobody was asked");
	memset(front.fingerprint, 'b', HTTP_FINGERPRINT - 1);
	memset(front.id, 'c', HTTP_ID - 1);
	is_ok(forwarded_make(key, &front, time(NULL), text, &e), &e, "proof");
	proof = text;
	for (int i = 0; i < 5; i++)
		is_int(asked(&r), 200, "as often as fronts ask");
	is_str(behind.last.address, "198.51.100.7", "who asks");
	is_str(behind.last.fingerprint, front.fingerprint, "certificate");
	is_str(behind.last.id, front.id, "number");
	r.body = "x";
	r.body_len = 1;
	is_int(asked(&r), 401, "another request");
	r = from("127.0.0.1", "/v1/health");
	proof = NULL;
	is_int(asked(&r), 200, "health");
}

static void
pages_are_of_fronts(void **state)
{
	struct http_request r = from("198.51.100.7", "/");

	(void)state;
	config.rate = 1;
	open_entry(NULL);
	behind.status = 404;
	is_int(asked(&r), 200, "a page");
	is_int(behind.asked, 0, "of nobody behind");
	r.path = "/page";
	is_int(asked(&r), 404, "no page");
	r.path = "/";
	for (int i = 0; i < 3; i++)
		is_int(asked(&r), 200, "as often as others");
	is_int(asked(&r), 429, "no more");
	entry_close(entry);
	open_entry(key);
	is_int(asked(&r), 401, "a server has none");
}

static void
elsewhere_the_proof_is_nothing(void **state)
{
	struct http_request r = from("127.0.0.1", "/v1/vault");
	struct http_request front = from("198.51.100.7", "/v1/vault");
	char text[FORWARDED_MAX];
	struct err e = ERR_INIT;

	(void)state;
	open_entry(NULL);
	is_ok(forwarded_make(key, &front, time(NULL), text, &e), &e, "proof");
	proof = text;
	is_int(asked(&r), 200, "answered");
	is_str(behind.last.address, "127.0.0.1", "who asks");
}

/* --- metrics ---------------------------------------------------------------------- */

static bool
has(const char *text, const char *line)
{
	const char *at = strstr(text, line);

	return at != NULL && (at == text || at[-1] == '\n') &&
	       at[strlen(line)] == '\n';
}

static void
a_monitor_reads_what_was_done(void **state)
{
	const struct http_request monitor = from("192.0.2.9", "/metrics");
	const struct http_request unknown = from("198.51.100.7", "/nothing");
	struct http_response out = {.status = 0};

	(void)state;
	config.login_burst = 1;
	open_entry(NULL);
	is_int(asked_from("198.51.100.7"), 200, "a request");
	is_int(asked_from("198.51.100.7"), 200, "another");
	behind.status = 404;
	is_int(asked(&unknown), 404, "no such path");
	token = WRONG;
	is_int(asked_from("198.51.100.7"), 401, "wrong");
	is_int(asked_from("198.51.100.7"), 429, "throttled");
	token = NULL;
	entry_answer(entry, NULL, &monitor, &out);
	is_int(out.status, 200, "metrics");
	ok(has(out.body, "postage_requests_total{method=\"GET\",route=\"/v1/"
			 "vault\",code=\"200\"} 2"),
	    "requests");
	ok(has(out.body, "postage_requests_total{method=\"GET\",route=\"/v1/"
			 "vault\",code=\"429\"} 1"),
	    "refused");
	ok(has(out.body, "postage_requests_total{method=\"\",route=\"\",code="
			 "\"404\"} 1"),
	    "unknown paths");
	ok(has(out.body, "postage_throttled_total{why=\"login\"} 1"), "why");
	ok(has(out.body, "postage_request_seconds_count 5"), "times");
	http_clear(&out);
}

static void
others_do_not_see_it(void **state)
{
	static const char *const may[] = {
	    "192.0.2.1", "192.0.2.255", "::1", ""};
	static const char *const may_not[] = {
	    "198.51.100.7", "127.0.0.1", "2001:db8::1"};

	(void)state;
	open_entry(NULL);
	behind.status = 404;
	for (size_t i = 0; i < 4; i++) {
		const struct http_request r = from(may[i], "/metrics");

		is_int(asked(&r), 200, may[i]);
	}
	for (size_t i = 0; i < 3; i++) {
		const struct http_request r = from(may_not[i], "/metrics");

		is_int(asked(&r), 404, may_not[i]);
	}
}

static void
a_list_of_no_networks_is_refused(void **state)
{
	const struct entry_setup bad = {.config = &config, .answer = answer};
	struct err e = ERR_INIT;

	(void)state;
	snprintf(config.metrics, sizeof(config.metrics), "::1 monitor");
	ok(!entry_open(&bad, &entry, &e), "refused");
	is_err(&e, ERR_CONFIG, "refused");
}

int
main(void)
{
#define WITH(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    WITH(an_address_asks_so_often),
	    WITH(an_ipv6_network_is_one),
	    WITH(who_guesses_is_stopped),
	    WITH(who_guesses_stops_nobody_else),
	    WITH(nothing_shown_is_no_guess),
	    WITH(a_server_answers_fronts_alone),
	    WITH(pages_are_of_fronts),
	    WITH(elsewhere_the_proof_is_nothing),
	    WITH(a_monitor_reads_what_was_done),
	    WITH(others_do_not_see_it),
	    WITH(a_list_of_no_networks_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
