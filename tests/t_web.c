/* SPDX-License-Identifier: Apache-2.0 */
/* What comes over a raw socket: framings that RFC 9112 refuses are refused, and
 * what is hidden behind them is never served. */
#include <microhttpd.h>
#include <stdlib.h>
#include <unistd.h>

#include "provider/framing.h"
#include "tests/test.h"
#include "tests/web_help.h"

#define HIDDEN "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
#define JSON   "Content-Type: application/json\r\n"
#define POST   "POST /echo HTTP/1.1\r\nHost: x\r\n" JSON
#define GET    "GET /echo HTTP/1.1\r\nHost: x\r\n"

struct refusal {
	const char *name;
	int status;
	const char *text;
	size_t len; /* 0: a string */
};

#define RAW(text) (text), sizeof(text) - 1

static const struct refusal refusals[] = {
    {"two lengths that differ", 400,
	RAW(POST "Content-Length: 2\r\nContent-Length: 39\r\n\r\n{}" HIDDEN)},
    {"the same length twice", 400,
	RAW(POST "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" HIDDEN)},
    {"a list of lengths", 400,
	RAW(POST "Content-Length: 2, 2\r\n\r\n{}" HIDDEN)},
    {"length and chunked", 400,
	RAW(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
		 "0\r\n\r\n" HIDDEN)},
    {"chunked and length", 400,
	RAW(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"
		 "0\r\n\r\n" HIDDEN)},
    {"chunked", 400,
	RAW(POST
	    "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" HIDDEN)},
    {"chunked twice", 400,
	RAW(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n"
		 "0\r\n\r\n" HIDDEN)},
    {"an unknown coding", 400,
	RAW(POST "Transfer-Encoding: xchunked\r\n\r\n" HIDDEN)},
    {"a coding hidden by a tab", 400,
	RAW(POST "Transfer-Encoding:\tchunked\r\nContent-Length: "
		 "2\r\n\r\n{}" HIDDEN)},
    {"two hosts", 400,
	RAW("GET /echo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" HIDDEN)},
    {"no host", 400, RAW("GET /echo HTTP/1.1\r\n\r\n" HIDDEN)},
    {"a host with a path", 400,
	RAW("GET /echo HTTP/1.1\r\nHost: a/b\r\n\r\n" HIDDEN)},
    {"a space before the colon", 400,
	RAW(POST "Content-Length : 36\r\n\r\n" HIDDEN)},
    {"a tab before the colon", 400,
	RAW(POST "Content-Length\t: 36\r\n\r\n" HIDDEN)},
    {"a header that begins with a space", 400,
	RAW("GET /echo HTTP/1.1\r\n Host: x\r\n\r\n" HIDDEN)},
    {"a name with a control character", 400,
	RAW(GET "X-\001a: 1\r\n\r\n" HIDDEN)},
    {"a name with 8 bits", 400, RAW(GET "X-\344: 1\r\n\r\n" HIDDEN)},
    {"a name with a bracket", 400, RAW(GET "X(1): 1\r\n\r\n" HIDDEN)},
    {"no name", 400, RAW(GET ": 1\r\n\r\n" HIDDEN)},
    {"no colon", 400, RAW(GET "X\r\n\r\n" HIDDEN)},
    {"a value with a control character", 400,
	RAW(GET "X: a\001b\r\n\r\n" HIDDEN)},
    {"a bare CR in a value", 400,
	RAW(GET "X: a\rContent-Length: 36\r\n\r\n" HIDDEN)},
    {"NUL in a value", 400, RAW(GET "X: a\0b\r\n\r\n" HIDDEN)},
    {"NUL in a name", 400, RAW(GET "X\0: b\r\n\r\n" HIDDEN)},
    {"NUL in the target", 400,
	RAW("GET /echo\0x HTTP/1.1\r\nHost: x\r\n\r\n" HIDDEN)},
    {"bare LF behind the request line", 400,
	RAW("GET /echo HTTP/1.1\nHost: x\r\n\r\n" HIDDEN)},
    {"bare LF behind a header", 400,
	RAW("GET /echo HTTP/1.1\r\nX: 1\nHost: x\r\n\r\n" HIDDEN)},
    {"bare LF at the end of the head", 400,
	RAW("GET /echo HTTP/1.1\r\nHost: x\r\n\n" HIDDEN)},
    {"bare LF everywhere", 400, RAW("GET /echo HTTP/1.1\nHost: x\n\n" HIDDEN)},
    {"a folded value", 400, RAW(GET "X: a\r\n b\r\n\r\n" HIDDEN)},
    {"a folded value, a tab, last", 400, RAW(GET "X: a\r\n\tb\r\n\r\n" HIDDEN)},
    {"a length made of a fold", 400,
	RAW(POST "Content-Len: 36\r\n gth\r\n\r\n" HIDDEN)},
    {"a length hidden by a fold", 400,
	RAW(POST "Content-Length: 36\r\n x\r\n\r\n" HIDDEN)},
    {"a folded host", 400,
	RAW("GET /echo HTTP/1.1\r\nHo: x\r\n st\r\n\r\n" HIDDEN)},
    {"+5", 400, RAW(POST "Content-Length: +5\r\n\r\n{   }" HIDDEN)},
    {"-1", 400, RAW(POST "Content-Length: -1\r\n\r\n" HIDDEN)},
    {"0x5", 400, RAW(POST "Content-Length: 0x5\r\n\r\n{   }" HIDDEN)},
    {"no digits", 400, RAW(POST "Content-Length: \r\n\r\n" HIDDEN)},
    {"digits and a space", 400,
	RAW(POST "Content-Length: 5 5\r\n\r\n{   }" HIDDEN)},
    {"2^64 + 2", 413,
	RAW(POST "Content-Length: 18446744073709551618\r\n\r\n{}" HIDDEN)},
    {"2^63", 400,
	RAW(POST "Content-Length: 9223372036854775808\r\n\r\n{}" HIDDEN)},
    {"too long a body", 413,
	RAW(POST "Content-Length: 65537\r\n\r\n{}" HIDDEN)},
    {"a body that is a form", 415,
	RAW("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
	    "Content-Type: "
	    "application/x-www-form-urlencoded\r\n\r\na=b" HIDDEN)},
    {"a body of no kind", 415,
	RAW("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: "
	    "2\r\n\r\n{}" HIDDEN)},
    {"a kind that begins the same", 415,
	RAW("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
	    "Content-Type: application/jsonp\r\n\r\n{}" HIDDEN)},
    {"two kinds", 400, RAW(POST JSON "Content-Length: 2\r\n\r\n{}" HIDDEN)},
    {"two credentials", 400,
	RAW(GET "Authorization: Bearer a\r\nAuthorization: Bearer "
		"b\r\n\r\n" HIDDEN)},
    {"GET with a body", 400,
	RAW(GET JSON "Content-Length: 2\r\n\r\n{}" HIDDEN)},
    {"DELETE with a body", 400,
	RAW("DELETE /echo HTTP/1.1\r\nHost: x\r\n" JSON
	    "Content-Length: 2\r\n\r\n{}" HIDDEN)},
    {"TRACE", 405, RAW("TRACE / HTTP/1.1\r\nHost: x\r\n\r\n" HIDDEN)},
    {"CONNECT", 400, RAW("CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n" HIDDEN)},
    {"OPTIONS", 405, RAW("OPTIONS /echo HTTP/1.1\r\nHost: x\r\n\r\n" HIDDEN)},
    {"get", 405, RAW("get /echo HTTP/1.1\r\nHost: x\r\n\r\n" HIDDEN)},
    {"a proxy's target", 400,
	RAW("GET http://x/echo HTTP/1.1\r\nHost: x\r\n\r\n" HIDDEN)},
    {"a space in the target", 400,
	RAW("GET /echo /smuggled HTTP/1.1\r\nHost: x\r\n\r\n" HIDDEN)},
    {"two spaces before the version", 400,
	RAW("GET /echo  HTTP/1.1\r\nHost: x\r\n\r\n" HIDDEN)},
    {"a target of 8 bits", 400,
	RAW("GET /\344 HTTP/1.1\r\nHost: x\r\n\r\n" HIDDEN)},
    {"%00", 400, RAW("GET /a%00b HTTP/1.1\r\nHost: x\r\n\r\n" HIDDEN)},
    {"%0d", 400, RAW("GET /a%0db HTTP/1.1\r\nHost: x\r\n\r\n" HIDDEN)},
    {"%zz", 400, RAW("GET /a%zz HTTP/1.1\r\nHost: x\r\n\r\n" HIDDEN)},
    {"%00 in the query", 400,
	RAW("GET /query?q=a%00b HTTP/1.1\r\nHost: x\r\n\r\n" HIDDEN)},
    {"..", 400, RAW("GET /a/../b HTTP/1.1\r\nHost: x\r\n\r\n" HIDDEN)},
    {"%2e%2e", 400, RAW("GET /a/%2E%2e HTTP/1.1\r\nHost: x\r\n\r\n" HIDDEN)},
    {"//", 400, RAW("GET //a HTTP/1.1\r\nHost: x\r\n\r\n" HIDDEN)},
    {"417", 417, RAW(GET "Expect: 200-ok\r\n\r\n" HIDDEN)},
    {"HTTP/2.0", 505, RAW("GET /echo HTTP/2.0\r\nHost: x\r\n\r\n" HIDDEN)},
    {"HTTP/0.9", 400, RAW("GET /echo\r\n" HIDDEN)},
    {"a version of no kind", 400,
	RAW("GET /echo HTTP/1.1x\r\nHost: x\r\n\r\n" HIDDEN)},
    {"no HTTP at all", 0, RAW("\026\003\001\002\r\n\r\n" HIDDEN)},
};

static void
is_refused(struct served *s, const struct refusal *r)
{
	char out[8192];
	int fd = raw_connect(web_address(s->web));

	raw_send(fd, r->text, r->len);
	if (!raw_read_all(fd, out, sizeof(out), 5000))
		fail_at("%s: the connection stays open: %s", r->name, out);
	close(fd);
	/* a newer library refuses some itself, in its own way */
	if (raw_status(out) != r->status &&
	    (MHD_VERSION < 0x01000000 || raw_status(out) == 200))
		fail_at("%s: got %d, want %d: %s", r->name, raw_status(out),
		    r->status, out);
	if (s->smuggled != 0 || strstr(out, " 200 ") != NULL)
		fail_at("%s: the hidden request was served", r->name);
}

static void
what_could_be_two_requests_is_refused_and_closed(void **state)
{
	struct served s = {0};

	(void)state;
	served_start(&s);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		is_refused(&s, &refusals[i]);
	is_int(s.handled, 0, "requests that reached the handler");
	served_stop(&s);
}

/* The same, a byte at a time: the library's buffers move. */
static void
slow_bytes_make_no_difference(void **state)
{
	static const char good[] =
	    "POST /echo?a=1 HTTP/1.1\r\nHost: x\r\nX-A: \t "
	    "b\r\nX-Empty:\r\n" JSON
	    "Cookie: a=b; c=d\r\nContent-Length: 7\r\n\r\n{\"a\":1}";
	struct served s = {0};
	char out[4096];
	int fd;

	(void)state;
	served_start(&s);
	fd = raw_connect(web_address(s.web));
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < sizeof(good) - 1; i++) {
			raw_send(fd, good + i, 1);
			usleep(200);
		}
		is_int(raw_read_one(fd, out, sizeof(out), 5000), 200, out);
		ok(strstr(out, "\r\n\r\n{\"a\":1}"), "the body comes back");
	}
	close(fd);
	served_stop(&s);
}

static void
good_requests_are_served(void **state)
{
	static const struct {
		const char *text, *want;
	} good[] = {
	    {GET "\r\n", "GET /echo"},
	    {"HEAD /echo HTTP/1.1\r\nHost: x\r\n\r\n", "Content-Length: 10"},
	    {"DELETE /a/b%20c HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
		"DELETE /a/b c"},
	    {"GET /a..b/.c HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a..b/.c"},
	    {"GET /dir/ HTTP/1.1\r\nHost: x\r\n\r\n", "GET /dir/"},
	    {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET /"},
	    {"GET /query?q=a%2Fb//..+c HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET a/b//.. c"},
	    {"GET /query?p HTTP/1.1\r\nHost: x\r\n\r\n", "GET /query"},
	    {"GET /header HTTP/1.1\r\nHost: x\r\nX-TEST: \t one\r\n\r\n",
		"GET one"},
	    {"GET /who HTTP/1.0\r\n\r\n", "127.0.0.1 "},
	    {"PUT /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
	     "content-type: Application/JSON; charset=utf-8\r\n\r\n{}",
		"\r\n\r\n{}"},
	    {POST "Content-Length: 0\r\n\r\n", "POST /echo"},
	    {"POST /echo HTTP/1.1\r\nHost: x\r\n\r\n", "POST /echo"},
	    {"\r\n" GET "\r\n", "GET /echo"},
	};
	struct served s = {0};
	char out[4096];

	(void)state;
	served_start(&s);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		is_int(
		    raw_ask(web_address(s.web), good[i].text, out, sizeof(out)),
		    200, good[i].text);
		if (strstr(out, good[i].want) == NULL)
			fail_at("%s: got %s", good[i].text, out);
	}
	ok(strstr(out, "X-Request-Id: "), "an answer has an id");
	ok(strstr(out, "X-Handled: "), "the handler's headers are sent");
	is_int(raw_ask(web_address(s.web),
		   "GET /silent HTTP/1.1\r\nHost: x\r\n\r\n", out, sizeof(out)),
	    500, "a handler that does not answer");
	ok(strstr(out, "\"kind\":\"ERR_SYSTEM\""), "its problem document");
	served_stop(&s);
}

static void
requests_in_a_row_are_answered_in_order(void **state)
{
	static const char text[] = POST
	    "Content-Length: 3\r\n\r\n[1]" POST "Content-Length: 3\r\n\r\n[2]"
	    "GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" HIDDEN;
	struct served s = {0};
	char out[4096];
	const char *one, *two;
	int fd;

	(void)state;
	served_start(&s);
	fd = raw_connect(web_address(s.web));
	raw_send(fd, text, sizeof(text) - 1);
	ok(raw_read_all(fd, out, sizeof(out), 5000), "closed at the end");
	close(fd);
	one = strstr(out, "[1]");
	two = strstr(out, "[2]");
	ok(one && two && one < two && strstr(two, "GET /echo"), out);
	is_int(s.smuggled, 0, "what comes behind the close is not served");
	served_stop(&s);
}

/* A head of `size` bytes, in headers of 500. */
static char *
big_head(size_t size, const char *behind)
{
	char *text = malloc(size + 1024);
	int n = sprintf(text, "GET /echo HTTP/1.1\r\nHost: x\r\n");

	while ((size_t)n < size)
		n += sprintf(text + n, "X-%d: %0490d\r\n", n, 1);
	sprintf(text + n, "\r\n%s", behind);
	return text;
}

/* Every length is answered, and what is behind one that is refused is not. */
static void
long_heads_are_refused(void **state)
{
	struct served s = {0};
	char out[8192];

	(void)state;
	served_start(&s);
	for (size_t size = 500; size < 40000; size += 500) {
		char *head = big_head(size, size > 9000 ? HIDDEN : "");
		int fd = raw_connect(web_address(s.web)), status;

		raw_send(fd, head, strlen(head));
		status = raw_read_one(fd, out, sizeof(out), 5000);
		close(fd);
		free(head);
		if (!(status == 200 && size < 9000) &&
		    !(status == 431 && size > 7000) &&
		    /* far too long: a reset may overtake the answer */
		    !(status == 0 && size > 17000))
			fail_at("%zu bytes: got %d", size, status);
	}
	is_int(s.smuggled, 0, "what is behind a long head");
	served_stop(&s);
}

static void
long_targets_and_many_headers_are_refused(void **state)
{
	struct served s = {0};
	char out[8192], line[40000];
	char *head = malloc(8192);
	int fd;

	(void)state;
	served_start(&s);
	memset(line, 'a', sizeof(line));
	memcpy(line, "GET /", 5);
	fd = raw_connect(web_address(s.web));
	raw_send(fd, line, sizeof(line));
	ok(raw_read_all(fd, out, sizeof(out), 5000), "closed");
	ok(raw_status(out) == 414 || raw_status(out) == 0, out);
	close(fd);
	strcpy(head, GET);
	for (int i = 0; i < FRAMING_FIELDS_MAX; i++)
		strcat(head, "a: b\r\n");
	strcat(head, "\r\n" HIDDEN);
	is_int(raw_ask(web_address(s.web), head, out, sizeof(out)), 431,
	    "one header too many");
	free(head);
	is_int(s.handled, 0, "handled");
	served_stop(&s);
}

static void
the_largest_body_is_taken(void **state)
{
	static char text[HTTP_BODY_MAX + 256], out[HTTP_BODY_MAX + 1024];
	struct served s = {0};
	int n = sprintf(text, POST "Content-Length: %d\r\n\r\n", HTTP_BODY_MAX);

	(void)state;
	memset(text + n, ' ', HTTP_BODY_MAX);
	served_start(&s);
	is_int(
	    raw_ask(web_address(s.web), text, out, sizeof(out)), 200, "64 kB");
	served_stop(&s);
}

static void
a_client_that_asks_first_is_told_to_go_on(void **state)
{
	struct served s = {0};
	char out[4096];
	int fd;

	(void)state;
	served_start(&s);
	fd = raw_connect(web_address(s.web));
	raw_send(
	    fd, RAW(POST "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
	is_int(raw_read_one(fd, out, sizeof(out), 5000), 100, "go on");
	raw_send(fd, "{}", 2);
	is_int(raw_read_one(fd, out, sizeof(out), 5000), 200, "the answer");
	close(fd);
	fd = raw_connect(web_address(s.web));
	raw_send(fd,
	    RAW(POST "Expect: 100-continue\r\nContent-Length: 99999\r\n\r\n"));
	ok(raw_read_all(fd, out, sizeof(out), 5000), "closed");
	is_int(raw_status(out), 413, "refused before the body is sent");
	close(fd);
	served_stop(&s);
}

static void
a_problem_is_told_as_json(void **state)
{
	struct served s = {0};
	char out[4096];

	(void)state;
	served_start(&s);
	is_int(raw_ask(web_address(s.web),
		   "PURGE /echo HTTP/1.1\r\nHost: x\r\n\r\n", out, sizeof(out)),
	    405, "PURGE");
	ok(strstr(out, "Content-Type: application/problem+json"), out);
	ok(strstr(out, "Connection: close"), out);
	ok(strstr(out, "Allow: GET, "), out);
	ok(strstr(out, "\"status\":405"), out);
	served_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(what_could_be_two_requests_is_refused_and_closed),
	    T(slow_bytes_make_no_difference),
	    T(good_requests_are_served),
	    T(requests_in_a_row_are_answered_in_order),
	    T(long_heads_are_refused),
	    T(long_targets_and_many_headers_are_refused),
	    T(the_largest_body_is_taken),
	    T(a_client_that_asks_first_is_told_to_go_on),
	    T(a_problem_is_told_as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
