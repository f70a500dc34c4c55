/* SPDX-License-Identifier: Apache-2.0 */
/* A front and its processing servers: what proves who sent a request, which server
 * gets it, and which gets it next.  The servers are provider/web.c with handlers
 * that do as they are told; one cuts its connections. */
#include <arpa/inet.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "provider/api.h"
#include "provider/forward.h"
#include "provider/server.h"
#include "provider/web.h"
#include "tests/test.h"

/* The clock may be put forward. */
static _Atomic int64_t ahead_ms;
int64_t __real_clock_ms(void);
int64_t __wrap_clock_ms(void);

int64_t
__wrap_clock_ms(void)
{
	return __real_clock_ms() + ahead_ms;
}

/* --- requests by hand ------------------------------------------------------------ */

struct by_hand {
	struct http_request r;
	const char *authorization, *trace, *proof, *forged;
};

static const char *
hand_header(const struct http_request *r, const char *name)
{
	const struct by_hand *h = r->source;

	if (strcmp(name, "Authorization") == 0)
		return h->authorization;
	if (strcmp(name, "traceparent") == 0)
		return h->trace;
	if (strcmp(name, FORWARDED_NAME) == 0)
		return h->proof;
	return NULL;
}

static void
hand(struct by_hand *h, const char *method, const char *path, const char *body)
{
	*h = (struct by_hand){.authorization = "Bearer XXUS0000000001.secret"};
	h->r = (struct http_request){.method = method,
	    .path = path,
	    .target = path,
	    .body = body,
	    .body_len = strlen(body),
	    .address = "192.0.2.7",
	    .id = "0123456789abcdef0123456789abcdef",
	    .header = hand_header,
	    .source = h};
}

/* --- the proof -------------------------------------------------------------------- */

static const uint8_t key[FORWARDED_KEY] = {1, 2, 3};

static void
what_a_front_says_is_read(void **state)
{
	struct forwarded said;
	struct err e = ERR_INIT;
	char proof[FORWARDED_MAX];
	struct by_hand h;

	(void)state;
	hand(&h, "POST", "/v1/vault/find?a=1", "{}");
	memset(h.r.fingerprint, 'a', HTTP_FINGERPRINT - 1);
	is_ok(forwarded_make(key, &h.r, 1000, proof, &e), &e, "made");
	h.proof = proof;
	is_ok(forwarded_check(key, &h.r, 1030, &said, &e), &e, "believed");
	is_str(said.address, "192.0.2.7", "address");
	is_str(said.fingerprint, h.r.fingerprint, "certificate");
	is_str(said.id, h.r.id, "id");
	h.r.address[0] = h.r.fingerprint[0] = '\0';
	is_ok(forwarded_make(key, &h.r, 1000, proof, &e), &e, "made");
	is_ok(forwarded_check(key, &h.r, 970, &said, &e), &e, "believed");
	is_str(said.address, "", "a local socket");
	is_str(said.fingerprint, "", "no certificate");
}

static void
refused(struct by_hand *h, int64_t now, const char *what)
{
	struct forwarded said;
	struct err e = ERR_INIT;

	ok(!forwarded_check(key, &h->r, now, &said, &e), what);
	is_err(&e, ERR_DENIED, what);
}

static void
nothing_else_is_believed(void **state)
{
	static const uint8_t other[FORWARDED_KEY] = {9};
	struct err e = ERR_INIT;
	char proof[FORWARDED_MAX], *at;
	struct by_hand h;

	(void)state;
	hand(&h, "POST", "/v1/vault/find", "{}");
	refused(&h, 1000, "no header");
	is_ok(forwarded_make(other, &h.r, 1000, proof, &e), &e, "made");
	h.proof = proof;
	refused(&h, 1000, "another key");
	is_ok(forwarded_make(key, &h.r, 1000, proof, &e), &e, "made");
	refused(&h, 1031, "too old");
	refused(&h, 969, "not yet");
	h.r.body = "[]";
	refused(&h, 1000, "another body");
	h.r.body = "{}";
	h.r.method = "PUT";
	refused(&h, 1000, "another method");
	h.r.method = "POST";
	h.r.target = "/v1/vault/find?x";
	refused(&h, 1000, "another query");
	h.r.target = h.r.path;
	for (at = proof; *at != '\0'; at++) {
		char was = *at;

		*at = was == '1' ? '2' : '1';
		refused(&h, 1000, "another byte");
		*at = was;
	}
}

static void
what_is_written_otherwise_is_not_read(void **state)
{
	static const char good[] =
	    "v1; -; -; 5; 0123456789abcdef0123456789abcdef; "
	    "0000000000000000000000000000000000000000000000000000000000000000";
	static const char *const bad[] = {"", "v1", "v1; -; -; 5; -; 00",
	    "v2; -; -; 5; 0123456789abcdef0123456789abcdef; "
	    "0000000000000000000000000000000000000000000000000000000000000000",
	    "v1;-;-;5;0123456789abcdef0123456789abcdef;"
	    "0000000000000000000000000000000000000000000000000000000000000000",
	    "v1; -; -; -5; 0123456789abcdef0123456789abcdef; "
	    "0000000000000000000000000000000000000000000000000000000000000000",
	    "v1; x; -; 5; 0123456789abcdef0123456789abcdef; "
	    "0000000000000000000000000000000000000000000000000000000000000000",
	    "v1; -; ab; 5; 0123456789abcdef0123456789abcdef; "
	    "0000000000000000000000000000000000000000000000000000000000000000"};
	char longer[sizeof(good) + 2];
	struct forwarded f;

	(void)state;
	ok(forwarded_parse(good, &f), "good");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!forwarded_parse(bad[i], &f), bad[i]);
	snprintf(longer, sizeof(longer), "%s;", good);
	ok(!forwarded_parse(longer, &f), "a field too many");
	snprintf(longer, sizeof(longer), "%s0", good);
	ok(!forwarded_parse(longer, &f), "a digit too many");
}

/* --- servers ---------------------------------------------------------------------- */

#define LATE_MS 11000 /* a front waits shorter */

enum manner { FINE, BUSY, BROKEN, CORRUPT, STRANGE_KEY, LATE };

struct server {
	char name[8];
	struct web *web; /* NULL: the one that cuts */
	_Atomic enum manner manner;
	atomic_int asked, unproven;
	char trace[64], method[8];
	struct server_row row;
};

static struct server one, two;
static struct config config;
static struct store *store;
static struct front *front;
static struct forwarder *forwarder;

static void
act(struct server *s, const struct http_request *r, struct http_response *out)
{
	static const enum err_kind kinds[] = {[BUSY] = ERR_ABSENT,
	    [BROKEN] = ERR_SYSTEM,
	    [CORRUPT] = ERR_CORRUPT,
	    [STRANGE_KEY] = ERR_DENIED};
	struct err e = ERR_INIT;

	if (s->manner == LATE)
		poll(NULL, 0, LATE_MS);
	if (s->manner == FINE || s->manner == LATE) {
		http_give(out, 200, "application/json", strdup(s->name), 3);
		http_add(out, "Cache-Control", "max-age=1");
		return;
	}
	err_set(&e, kinds[s->manner], "as told");
	if (s->manner == STRANGE_KEY)
		http_challenge(out, r, &e, FORWARDED_NAME);
	else
		http_problem(out, r, &e);
}

static void
handle(void *context, void *worker, const struct http_request *r,
    struct http_response *out)
{
	struct server *s = context;
	struct forwarded said;
	struct err e = ERR_INIT;
	const char *trace = r->header(r, "traceparent");

	(void)worker;
	if (strcmp(r->path, "/v1/health") == 0) {
		char text[64];
		int len = snprintf(
		    text, sizeof(text), "{\"server\":\"%s\"}", s->name);

		http_give(
		    out, 200, "application/json", strdup(text), (size_t)len);
		return;
	}
	s->asked++;
	snprintf(s->trace, sizeof(s->trace), "%s", trace ? trace : "");
	snprintf(s->method, sizeof(s->method), "%s", r->method);
	/* cmocka fails in its own thread alone */
	if (!forwarded_check(key, r, time(NULL), &said, &e) ||
	    strcmp(said.address, "192.0.2.7") != 0)
		s->unproven++;
	act(s, r, out);
}

static void
say(struct server *s)
{
	struct err e = ERR_INIT;

	s->row.seen++;
	is_ok(store_begin(store, STORE_WRITE, &e), &e, "begin");
	is_ok(store_server_put(store, &s->row, &e), &e, "said");
	is_ok(store_commit(store, &e), &e, "commit");
}

static void
start(struct server *s, const char *name)
{
	struct web_setup setup = {.listen = "127.0.0.1:0",
	    .workers = 2,
	    .handler = handle,
	    .context = s};
	struct err e = ERR_INIT;

	*s = (struct server){.manner = FINE};
	snprintf(s->name, sizeof(s->name), "%s", name);
	is_ok(web_start(&setup, &s->web, &e), &e, "a server");
	snprintf(s->row.name, sizeof(s->row.name), "%s", name);
	snprintf(
	    s->row.url, sizeof(s->row.url), "http://%s", web_address(s->web));
	say(s);
}

static void
open_front(void)
{
	struct err e = ERR_INIT;

	is_ok(front_open(&config, key, &front, &e), &e, "front");
	is_ok(forwarder_open(front, &forwarder, &e), &e, "forwarder");
}

static void
close_front(void)
{
	forwarder_close(forwarder);
	front_close(front);
}

static int
setup(void **state)
{
	static char file[64];
	struct err e = ERR_INIT;
	int from, to;

	(void)state;
	ahead_ms = 0;
	strcpy(file, "/tmp/postage-forward.XXXXXX");
	close(mkstemp(file));
	config = (struct config){.choose_server = CHOOSE_ROUND_ROBIN};
	snprintf(config.name, sizeof(config.name), "front");
	snprintf(config.database, sizeof(config.database), "sqlite:%s", file);
	is_ok(store_open(config.database, 5000, &store, &e), &e, "store");
	is_ok(store_migrate(store, &from, &to, &e), &e, "schema");
	start(&one, "one");
	start(&two, "two");
	open_front();
	is_int(front_servers(front), 2, "both are good");
	return 0;
}

static int
teardown(void **state)
{
	char name[PATH_MAX];

	(void)state;
	close_front();
	web_stop(one.web);
	web_stop(two.web);
	is_int(one.unproven + two.unproven, 0, "without a proof");
	store_close(store);
	for (int i = 0; i < 3; i++) {
		static const char *const ends[] = {"", "-wal", "-shm"};

		snprintf(name, sizeof(name), "%.*s%s", CONFIG_URL,
		    config.database + 7, ends[i]);
		unlink(name);
	}
	return 0;
}

/* The status; *out is to be cleared. */
static int
ask(const char *method, const char *path, struct http_response *out)
{
	struct by_hand h;

	hand(&h, method, path, strcmp(method, "POST") == 0 ? "{}" : "");
	h.trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
	h.proof = "forged";
	*out = (struct http_response){.status = 0};
	forwarder_answer(forwarder, &h.r, out);
	return out->status;
}

static int
asked(const char *method, const char *path)
{
	struct http_response out;
	int status = ask(method, path, &out);

	http_clear(&out);
	return status;
}

static const char *
header_of(const struct http_response *out, const char *name)
{
	for (size_t i = 0; i < out->headers; i++)
		if (strcmp(out->header[i].name, name) == 0)
			return out->header[i].value;
	return "";
}

/* --- which one -------------------------------------------------------------------- */

static void
one_after_the_other(void **state)
{
	struct http_response out;

	(void)state;
	for (int i = 0; i < 6; i++)
		is_int(asked("GET", "/v1/vault"), 200, "answered");
	is_int(one.asked, 3, "by one");
	is_int(two.asked, 3, "by the other");
	is_str(one.trace,
	    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	    "the trace goes on");
	is_int(ask("GET", "/v1/vault", &out), 200, "answered");
	is_str(out.type, "application/json", "type");
	is_str(header_of(&out, "Cache-Control"), "max-age=1", "header");
	ok(strcmp(out.body, "one") == 0 || strcmp(out.body, "two") == 0,
	    "body");
	http_clear(&out);
	is_int(asked("HEAD", "/v1/vault"), 200, "HEAD");
	ok(strcmp(one.method, "GET") == 0 && strcmp(two.method, "GET") == 0,
	    "is a GET");
}

static void
an_empty_body_goes_on_as_one(void **state)
{
	struct http_response out = {.status = 0};
	struct by_hand h;

	(void)state;
	hand(&h, "POST", "/v1/vault/find", "");
	h.r.target = "/v1/vault/find?";
	forwarder_answer(forwarder, &h.r, &out);
	is_int(out.status, 200, "answered");
	http_clear(&out);
	h.r.target = "/v1/vault/find?a=%2f&b=.././";
	forwarder_answer(forwarder, &h.r, &out);
	is_int(out.status, 200, "a query as it was written");
	http_clear(&out);
}

static void
a_user_system_may_have_its_own(void **state)
{
	(void)state;
	config.choose_server = CHOOSE_AFFINITY;
	for (int i = 0; i < 6; i++)
		is_int(asked("GET", "/v1/vault"), 200, "answered");
	ok(one.asked == 6 || two.asked == 6, "always the same one");
}

static void
the_one_with_least_to_do(void **state)
{
	(void)state;
	config.choose_server = CHOOSE_LEAST_LOADED;
	one.row.waiting = 10;
	say(&one);
	close_front();
	open_front();
	for (int i = 0; i < 4; i++)
		is_int(asked("GET", "/v1/vault"), 200, "answered");
	is_int(two.asked, 4, "by the other");
}

static void
what_is_unknown_asks_nobody(void **state)
{
	(void)state;
	is_int(asked("GET", "/v1/nothing"), 404, "path");
	is_int(asked("POST", "/v1/vault"), 405, "method");
	is_int(asked("GET", "/v1/health"), 200, "health");
	is_int(one.asked + two.asked, 0, "nobody was asked");
}

/* --- and the next ------------------------------------------------------------------ */

static void
one_that_cannot_now_is_followed(void **state)
{
	static const enum manner manners[] = {BUSY, BROKEN, STRANGE_KEY};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		one.manner = manners[i];
		one.asked = two.asked = 0;
		for (int k = 0; k < 4; k++)
			is_int(asked("POST", "/v1/vault/indicia"), 200, "done");
		is_int(one.asked, 2, "was asked");
		is_int(two.asked, 4, "has answered");
	}
	is_int(front_servers(front), 2, "both are good as before");
}

static void
when_none_can_the_last_one_says_so(void **state)
{
	struct http_response out;

	(void)state;
	one.manner = two.manner = BUSY;
	is_int(ask("POST", "/v1/vault/find", &out), 503, "no answer");
	ok(strstr(out.body, "as told") != NULL, "its words");
	is_str(header_of(&out, "Retry-After"), "1", "later");
	is_int(one.asked + two.asked, 2, "each was asked once");
	http_clear(&out);
	one.manner = two.manner = STRANGE_KEY;
	is_int(asked("POST", "/v1/vault/find"), 503, "a front that is refused");
}

static void
what_is_wrong_with_the_books_is_said_at_once(void **state)
{
	(void)state;
	one.manner = two.manner = CORRUPT;
	is_int(asked("POST", "/v1/vault/indicia"), 500, "said");
	is_int(one.asked + two.asked, 1, "by one of them");
}

static void
what_is_done_once_is_asked_once(void **state)
{
	(void)state;
	one.manner = two.manner = BUSY;
	is_int(asked("POST", "/v1/cancel"), 503, "said");
	is_int(one.asked + two.asked, 1, "by one of them");
}

static void
one_that_is_away_is_left_out(void **state)
{
	(void)state;
	web_stop(one.web);
	one.web = NULL;
	for (int i = 0; i < 4; i++)
		is_int(asked("POST", "/v1/vault/indicia"), 200, "answered");
	is_int(front_servers(front), 1, "one is left");
	web_stop(two.web);
	two.web = NULL;
	is_int(asked("GET", "/v1/vault"), 503, "none is left");
	is_int(asked("GET", "/v1/health"), 503, "health");
	start(&one, "one");
	for (int i = 0; i < 50 && front_servers(front) == 0; i++)
		usleep(100000);
	is_int(asked("GET", "/v1/vault"), 200, "it is back, elsewhere");
}

static void *
say_both(void *context)
{
	for (int i = 0; i < LATE_MS / 1000; i++) {
		say(&one);
		say(&two);
		poll(NULL, 0, 1000);
	}
	return context;
}

/* What is late for one request is there for others. */
static void
one_that_is_late_is_not_left_out(void **state)
{
	pthread_t thread;

	(void)state;
	one.manner = LATE;
	is_int(pthread_create(&thread, NULL, say_both, NULL), 0, "thread");
	for (int i = 0; i < 2 && one.asked == 0; i++)
		is_int(asked("GET", "/v1/vault"), 200, "answered");
	is_int(one.asked, 1, "it was asked");
	is_int(front_servers(front), 2, "both are good");
	pthread_join(thread, NULL);
}

static void
who_drains_or_is_silent_is_left_out(void **state)
{
	(void)state;
	one.row.state = SERVER_DRAINING;
	say(&one);
	for (int i = 0; i < 50 && front_servers(front) == 2; i++)
		usleep(100000);
	is_int(front_servers(front), 1, "one drains");
	ahead_ms = 6000;
	for (int i = 0; i < 50 && front_servers(front) == 1; i++)
		usleep(100000);
	is_int(front_servers(front), 0, "the other says nothing");
	say(&two);
	for (int i = 0; i < 50 && front_servers(front) == 0; i++)
		usleep(100000);
	is_int(front_servers(front), 1, "it has said something");
}

static void
who_has_another_name_is_not_asked(void **state)
{
	(void)state;
	snprintf(one.name, sizeof(one.name), "three");
	for (int i = 0; i < 50 && front_servers(front) == 2; i++)
		usleep(100000);
	is_int(front_servers(front), 1, "one is another server");
}

/* --- lost answers ------------------------------------------------------------------ */

/* Takes connections, answers for its health, and hangs up on everything else. */
static struct {
	int fd;
	pthread_t thread;
	atomic_int asked;
} cut;

static void
hang_up(int fd)
{
	static const char health[] =
	    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	    "Content-Length: 16\r\nConnection: close\r\n\r\n"
	    "{\"server\":\"cut\"}";
	char head[4096];
	ssize_t n = recv(fd, head, sizeof(head) - 1, 0);

	if (n > 0) {
		head[n] = '\0';
		if (strncmp(head, "GET /v1/health", 14) == 0)
			(void)!write(fd, health, sizeof(health) - 1);
		else
			cut.asked++;
	}
	close(fd);
}

static void *
run_cut(void *arg)
{
	int fd;

	(void)arg;
	while ((fd = accept(cut.fd, NULL, NULL)) >= 0)
		hang_up(fd);
	return NULL;
}

static void
start_cut(struct server_row *row)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t len = sizeof(at);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	cut.fd = socket(AF_INET, SOCK_STREAM, 0);
	is_int(bind(cut.fd, (struct sockaddr *)&at, len), 0, "bind");
	is_int(listen(cut.fd, 8), 0, "listen");
	is_int(getsockname(cut.fd, (struct sockaddr *)&at, &len), 0, "name");
	cut.asked = 0;
	is_int(pthread_create(&cut.thread, NULL, run_cut, NULL), 0, "thread");
	*row = (struct server_row){.name = "cut"};
	snprintf(row->url, sizeof(row->url), "http://127.0.0.1:%u",
	    (unsigned)ntohs(at.sin_port));
}

static void
stop_cut(void)
{
	shutdown(cut.fd, SHUT_RDWR);
	pthread_join(cut.thread, NULL);
	close(cut.fd);
}

/* The front's list begins with it; the turn is at the beginning. */
static void
only_cut_and_two(struct server *c)
{
	one.row.state = SERVER_DOWN;
	say(&one);
	*c = (struct server){.manner = FINE};
	start_cut(&c->row);
	say(c);
	close_front();
	open_front();
	is_int(front_servers(front), 2, "cut and two");
}

static void
a_lost_answer_is_asked_for_again(void **state)
{
	struct server c;

	(void)state;
	only_cut_and_two(&c);
	is_int(asked("POST", "/v1/vault/indicia"), 200, "by the next one");
	is_int(cut.asked, 1, "the first one was asked");
	is_int(two.asked, 1, "and the next");
	is_int(front_servers(front), 1, "it is left out");
	stop_cut();
}

static void
unless_it_could_be_done_twice(void **state)
{
	struct http_response out;
	struct server c;

	(void)state;
	only_cut_and_two(&c);
	is_int(ask("POST", "/v1/cancel", &out), 503, "not known");
	ok(strstr(out.body, "done or not") != NULL, "says so");
	http_clear(&out);
	is_int(cut.asked, 1, "the first one was asked");
	is_int(two.asked, 0, "nobody else");
	stop_cut();
}

int
main(void)
{
#define WITH(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(what_a_front_says_is_read),
	    T(nothing_else_is_believed),
	    T(what_is_written_otherwise_is_not_read),
	    WITH(one_after_the_other),
	    WITH(an_empty_body_goes_on_as_one),
	    WITH(a_user_system_may_have_its_own),
	    WITH(the_one_with_least_to_do),
	    WITH(what_is_unknown_asks_nobody),
	    WITH(one_that_cannot_now_is_followed),
	    WITH(when_none_can_the_last_one_says_so),
	    WITH(what_is_wrong_with_the_books_is_said_at_once),
	    WITH(what_is_done_once_is_asked_once),
	    WITH(one_that_is_away_is_left_out),
	    WITH(one_that_is_late_is_not_left_out),
	    WITH(who_drains_or_is_silent_is_left_out),
	    WITH(who_has_another_name_is_not_asked),
	    WITH(a_lost_answer_is_asked_for_again),
	    WITH(unless_it_could_be_done_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
