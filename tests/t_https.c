/* SPDX-License-Identifier: Apache-2.0 */
/* https: against a server on loopback that does as it is told */
#include "vault/https.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/test.h"
#include "tests/tls_server.h"

#define SHORT_MS 300

static char dir[] = "/tmp/t_https.XXXXXX";
static char ca[64], other_ca[64], cert[64], key[64];
static struct tls_authority *authority, *stranger;

static const char *
file(char out[64], const char *name)
{
	snprintf(out, 64, "%s/%s", dir, name);
	return out;
}

static void
issue(const char *alt, int from_day, int to_day)
{
	const struct tls_spec spec = {"front", alt, from_day, to_day,
	    file(cert, "cert"), file(key, "key")};

	tls_issue(authority, &spec);
}

static int
make_files(void **state)
{
	(void)state;
	ok(mkdtemp(dir) != NULL, "a folder");
	authority = tls_authority_new("Authority", file(ca, "ca"));
	stranger = tls_authority_new("Stranger", file(other_ca, "other"));
	issue("IP:127.0.0.1,IP:::1", 0, 0);
	return 0;
}

static int
drop_files(void **state)
{
	static const char *const names[] = {
	    "ca", "other", "cert", "key", "mine", "mine.key"};
	char path[64];

	(void)state;
	tls_authority_free(authority);
	tls_authority_free(stranger);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(file(path, names[i]));
	return rmdir(dir);
}

/* --- a server and one who asks it ---------------------------------------------- */

/* What the server does with request 1, 2, ...; the last for all after it. */
struct script {
	struct tls_answer step[4];
	size_t steps, asked;
	char seen[TLS_HEAD_MAX], body[256], client[128];
};

static void
follow(void *context, const struct tls_request *r, struct tls_answer *out)
{
	struct script *s = context;
	size_t i = s->asked < s->steps ? s->asked : s->steps - 1;

	s->asked++;
	*out = s->step[i];
	if (out->body == NULL)
		out->body = strdup("{\"status\":\"ok\"}");
	else
		out->body = strdup(out->body);
	if (out->body_len == 0)
		out->body_len = strlen(out->body);
	snprintf(s->seen, sizeof(s->seen), "%s", r->head);
	snprintf(s->body, sizeof(s->body), "%s", r->body);
	snprintf(s->client, sizeof(s->client), "%s", r->client);
}

struct asking {
	struct script script;
	struct tls_server_setup server_setup;
	struct tls_server *server;
	struct https_setup setup;
	struct https *h;
	char url[64];
	struct https_answer answer;
	bool sent;
	struct err e;
};

static void
asking_init(struct asking *a)
{
	memset(a, 0, sizeof(*a));
	a->script.steps = 1;
	a->server_setup = (struct tls_server_setup){
	    .cert = cert, .key = key, .handler = follow, .context = &a->script};
	a->setup = (struct https_setup){
	    .authority = ca, .connect_ms = 5000, .answer_ms = 5000};
}

static void
asking_start(struct asking *a)
{
	struct err e = ERR_INIT;

	a->server = tls_server_start(&a->server_setup);
	snprintf(a->url, sizeof(a->url), "%s://%s:%d/v1/x",
	    a->server_setup.cert != NULL ? "https" : "http",
	    a->server_setup.six ? "[::1]" : "127.0.0.1",
	    tls_server_port(a->server));
	is_ok(https_open(&a->setup, &a->h, &e), &e, "open");
}

static void
asking_end(struct asking *a)
{
	https_close(a->h);
	tls_server_stop(a->server);
}

static bool
ask(struct asking *a, const char *method)
{
	const char *const headers[] = {"Authorization: Bearer x.y", NULL};
	bool post = strcmp(method, "POST") == 0;
	const struct https_request r = {.method = method,
	    .url = a->url,
	    .type = post ? "application/json" : NULL,
	    .body = "{\"a\":1}",
	    .body_len = 7,
	    .headers = headers};

	a->e = (struct err)ERR_INIT;
	return https_ask(a->h, &r, &a->answer, &a->sent, &a->e);
}

/* --- who is asked ----------------------------------------------------------------- */

static void
a_request_comes_and_is_answered(void **state)
{
	struct asking a;

	(void)state;
	asking_init(&a);
	a.script.step[0].status = 503;
	a.script.step[0].more = "Retry-After: 7\r\n";
	asking_start(&a);
	is_ok(ask(&a, "POST"), &a.e, "asked");
	ok(a.sent, "sent");
	is_int(a.answer.status, 503, "status");
	is_int(a.answer.retry_s, 7, "Retry-After");
	is_str(a.answer.type, "application/json", "type");
	is_str(a.answer.body, "{\"status\":\"ok\"}", "body");
	is_str(a.script.body, "{\"a\":1}", "what went out");
	ok(strstr(a.script.seen, "Authorization: Bearer x.y\r\n") != NULL,
	    "header");
	ok(strstr(a.script.seen, "Expect") == NULL, "no wait");
	is_ok(ask(&a, "GET"), &a.e, "asked again");
	is_str(a.script.body, "", "no body");
	asking_end(&a);
}

static void
another_authority_is_not_trusted(void **state)
{
	struct asking a;

	(void)state;
	asking_init(&a);
	a.setup.authority = other_ca;
	asking_start(&a);
	ok(!ask(&a, "POST"), "stranger");
	is_err(&a.e, ERR_DENIED, "kind");
	ok(!a.sent && tls_server_requests(a.server) == 0, "nothing was sent");
	asking_end(&a);
}

static void
an_expired_certificate_is_not_trusted(void **state)
{
	struct asking a;

	(void)state;
	issue("IP:127.0.0.1", -20, -10);
	asking_init(&a);
	asking_start(&a);
	ok(!ask(&a, "POST"), "expired");
	is_err(&a.e, ERR_DENIED, "kind");
	ok(!a.sent && tls_server_requests(a.server) == 0, "nothing was sent");
	asking_end(&a);
	issue("IP:127.0.0.1,IP:::1", 0, 0);
}

static void
a_certificate_of_another_host_is_not_trusted(void **state)
{
	struct asking a;

	(void)state;
	issue("IP:127.0.0.2,DNS:provider.example", 0, 0);
	asking_init(&a);
	asking_start(&a);
	ok(!ask(&a, "POST"), "other host");
	is_err(&a.e, ERR_DENIED, "kind");
	ok(!a.sent && tls_server_requests(a.server) == 0, "nothing was sent");
	asking_end(&a);
	issue("IP:127.0.0.1,IP:::1", 0, 0);
}

static void
the_server_may_be_at_an_ipv6_address(void **state)
{
	struct asking a;

	(void)state;
	asking_init(&a);
	a.server_setup.six = true;
	asking_start(&a);
	is_ok(ask(&a, "POST"), &a.e, "[::1]");
	asking_end(&a);
}

static void
plain_http_goes_to_this_computer_alone(void **state)
{
	static const char *const refused[] = {"http://192.0.2.1/x",
	    "http://localhost/x", "http://127.0.0.1.example/x",
	    "http://[::2]/x", "https://127.0.0.1/x", "ftp://127.0.0.1/x",
	    "file:///etc/passwd", "http://u:p@127.0.0.1/", "", "x"};
	struct asking a;

	(void)state;
	asking_init(&a);
	a.server_setup.cert = NULL;
	a.setup.authority = NULL;
	asking_start(&a);
	is_ok(ask(&a, "POST"), &a.e, "loopback");
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		snprintf(a.url, sizeof(a.url), "%s", refused[i]);
		ok(!ask(&a, "POST"), refused[i]);
		is_err(&a.e, ERR_CONFIG, refused[i]);
		ok(!a.sent, refused[i]);
	}
	asking_end(&a);
}

static void
with_an_authority_nothing_goes_in_the_clear(void **state)
{
	struct asking a;

	(void)state;
	asking_init(&a);
	a.server_setup.cert = NULL;
	asking_start(&a);
	ok(!ask(&a, "POST"), "http");
	is_err(&a.e, ERR_CONFIG, "kind");
	is_int(tls_server_connections(a.server), 0, "connections");
	asking_end(&a);
}

static void
a_file_that_is_not_there_is_named(void **state)
{
	struct https_setup setup = {.authority = "/nonexistent/ca.pem"};
	struct https *h = NULL;
	struct err e = ERR_INIT;

	(void)state;
	ok(!https_open(&setup, &h, &e), "open");
	is_err(&e, ERR_CONFIG, "kind");
	ok(strstr(e.text, "/nonexistent/ca.pem") != NULL, "its name");
}

static void
a_client_certificate_is_shown(void **state)
{
	char mine[64], mine_key[64];
	const struct tls_spec spec = {"XXUS0000000012", NULL, 0, 0,
	    file(mine, "mine"), file(mine_key, "mine.key")};
	struct asking a;

	(void)state;
	tls_issue(authority, &spec);
	asking_init(&a);
	a.server_setup.client_authority = ca;
	a.server_setup.must_show = true;
	asking_start(&a);
	ok(!ask(&a, "POST"), "without one");
	is_err(&a.e, ERR_ABSENT, "kind");
	https_close(a.h);
	a.setup.certificate = mine;
	a.setup.key = mine_key;
	is_ok(https_open(&a.setup, &a.h, &a.e), &a.e, "open");
	is_ok(ask(&a, "POST"), &a.e, "with one");
	is_str(a.script.client, "XXUS0000000012", "whose");
	asking_end(&a);
}

static void
a_proxy_of_the_environment_is_not_used(void **state)
{
	struct asking a;

	(void)state;
	asking_init(&a);
	asking_start(&a);
	setenv("https_proxy", "http://127.0.0.1:9", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:9", 1);
	is_ok(ask(&a, "POST"), &a.e, "past the proxy");
	unsetenv("https_proxy");
	unsetenv("ALL_PROXY");
	asking_end(&a);
}

/* --- answers ---------------------------------------------------------------------- */

static void
a_redirect_is_an_answer_and_not_followed(void **state)
{
	struct asking a;
	char more[128];

	(void)state;
	asking_init(&a);
	asking_start(&a);
	snprintf(more, sizeof(more), "Location: %s\r\n", a.url);
	a.script.step[0].status = 302;
	a.script.step[0].more = more;
	is_ok(ask(&a, "GET"), &a.e, "asked");
	is_int(a.answer.status, 302, "status");
	is_int(tls_server_requests(a.server), 1, "requests");
	asking_end(&a);
}

static void
an_answer_has_an_end(void **state)
{
	char *big = malloc(HTTPS_ANSWER_MAX + 2);
	struct asking a;

	(void)state;
	memset(big, 'x', HTTPS_ANSWER_MAX + 1);
	big[HTTPS_ANSWER_MAX + 1] = '\0';
	asking_init(&a);
	a.script.step[0].body = big;
	a.script.step[1].body = big + 1;
	a.script.steps = 2;
	asking_start(&a);
	ok(!ask(&a, "POST"), "too long");
	is_err(&a.e, ERR_REQUEST, "kind");
	ok(a.sent, "it was sent");
	is_ok(ask(&a, "POST"), &a.e, "just so long");
	is_int(a.answer.body_len, HTTPS_ANSWER_MAX, "length");
	asking_end(&a);
	free(big);
}

static void
headers_have_an_end(void **state)
{
	size_t size = 2 * HTTPS_HEADERS_MAX, len;
	char *raw = calloc(1, size + 64);
	struct asking a;

	(void)state;
	len = (size_t)sprintf(raw, "HTTP/1.1 200 OK\r\n");
	while (len < size)
		len += (size_t)sprintf(raw + len, "X-%zu: y\r\n", len);
	asking_init(&a);
	a.script.step[0] = (struct tls_answer){.body = raw, .fault = TLS_RAW};
	asking_start(&a);
	ok(!ask(&a, "POST"), "endless");
	is_err(&a.e, ERR_REQUEST, "kind");
	asking_end(&a);
	free(raw);
}

static void
a_silent_server_is_not_waited_for(void **state)
{
	struct asking a;
	int64_t start;

	(void)state;
	asking_init(&a);
	a.script.step[0].wait_ms = 2000;
	a.setup.connect_ms = a.setup.answer_ms = SHORT_MS;
	asking_start(&a);
	start = clock_ms();
	ok(!ask(&a, "POST"), "silent");
	ok(clock_ms() - start < 1500, "in time");
	is_err(&a.e, ERR_ABSENT, "kind");
	ok(a.sent, "it may be done yet");
	asking_end(&a);
}

/* --- connections that break ---------------------------------------------------------- */

static void
nobody_there_means_nothing_sent(void **state)
{
	struct asking a;

	(void)state;
	asking_init(&a);
	asking_start(&a);
	snprintf(a.url, sizeof(a.url), "https://127.0.0.1:1/");
	ok(!ask(&a, "POST"), "nobody");
	is_err(&a.e, ERR_ABSENT, "kind");
	ok(!a.sent, "not sent");
	asking_end(&a);
}

/* Takes a connection, reads what comes first, and closes. */
static void *
hang_up(void *context)
{
	char bytes[64];
	int fd = accept(*(int *)context, NULL, NULL);

	if (fd >= 0 && read(fd, bytes, sizeof(bytes)) > 0)
		close(fd);
	return NULL;
}

static void
a_cut_in_the_handshake_means_nothing_sent(void **state)
{
	struct sockaddr_in at = {
	    .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct asking a;
	pthread_t thread = 0;

	(void)state;
	ok(bind(fd, (struct sockaddr *)&at, len) == 0 && listen(fd, 4) == 0 &&
		getsockname(fd, (struct sockaddr *)&at, &len) == 0 &&
		pthread_create(&thread, NULL, hang_up, &fd) == 0,
	    "a socket");
	asking_init(&a);
	asking_start(&a);
	snprintf(
	    a.url, sizeof(a.url), "https://127.0.0.1:%d/", ntohs(at.sin_port));
	ok(!ask(&a, "POST"), "cut");
	is_err(&a.e, ERR_ABSENT, "kind");
	ok(!a.sent, "not sent");
	pthread_join(thread, NULL);
	close(fd);
	asking_end(&a);
}

static void
a_cut_after_the_request_leaves_it_open(void **state)
{
	static const enum tls_fault faults[] = {TLS_CUT, TLS_HALF};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct asking a;

		asking_init(&a);
		a.script.step[0].fault = faults[i];
		asking_start(&a);
		ok(!ask(&a, "POST"), "cut");
		is_err(&a.e, ERR_ABSENT, "kind");
		ok(a.sent, "it may be done");
		is_int(tls_server_requests(a.server), 1, "requests");
		asking_end(&a);
	}
}

static void
half_of_the_headers_is_no_answer(void **state)
{
	static const char head[] = "HTTP/1.1 200 OK\r\n"
				   "Content-Type: application/json\r\n"
				   "Content-Length: 2\r\n\r\n{}";
	char part[sizeof(head)];
	struct asking a;

	(void)state;
	for (size_t len = 1; len < sizeof(head) - 1; len++) {
		asking_init(&a);
		memcpy(part, head, len);
		part[len] = '\0';
		a.script.step[0] =
		    (struct tls_answer){.body = part, .fault = TLS_RAW};
		asking_start(&a);
		ok(!ask(&a, "POST"), "cut");
		is_err(&a.e, ERR_ABSENT, "kind");
		ok(a.sent, "it may be done");
		asking_end(&a);
	}
}

static void
a_connection_is_used_again(void **state)
{
	struct asking a;

	(void)state;
	asking_init(&a);
	asking_start(&a);
	for (int i = 0; i < 5; i++)
		is_ok(ask(&a, i % 2 ? "GET" : "POST"), &a.e, "asked");
	is_int(tls_server_requests(a.server), 5, "requests");
	is_int(tls_server_connections(a.server), 1, "connections");
	asking_end(&a);
}

static void
a_kept_connection_that_was_closed_is_made_again(void **state)
{
	struct asking a;

	(void)state;
	asking_init(&a);
	a.script.step[0].fault = TLS_GOOD_BYE;
	asking_start(&a);
	is_ok(ask(&a, "POST"), &a.e, "first");
	usleep(100000);
	is_ok(ask(&a, "POST"), &a.e, "second");
	is_int(tls_server_requests(a.server), 2, "requests");
	is_int(tls_server_connections(a.server), 2, "connections");
	asking_end(&a);
}

/* curl alone would send the second one twice. */
static void
a_post_goes_out_once(void **state)
{
	struct asking a;

	(void)state;
	asking_init(&a);
	a.script.step[1].fault = TLS_CUT;
	a.script.steps = 3;
	asking_start(&a);
	is_ok(ask(&a, "POST"), &a.e, "first");
	ok(!ask(&a, "POST"), "cut without a word");
	is_err(&a.e, ERR_ABSENT, "kind");
	ok(a.sent, "it may be done");
	is_int(tls_server_requests(a.server), 2, "requests");
	is_ok(ask(&a, "POST"), &a.e, "third");
	is_int(tls_server_requests(a.server), 3, "requests");
	asking_end(&a);
}

static void
a_get_goes_out_again(void **state)
{
	struct asking a;

	(void)state;
	asking_init(&a);
	a.script.step[1].fault = TLS_CUT;
	a.script.steps = 3;
	asking_start(&a);
	is_ok(ask(&a, "GET"), &a.e, "first");
	is_ok(ask(&a, "GET"), &a.e, "second");
	is_int(tls_server_requests(a.server), 3, "requests");
	asking_end(&a);
}

/* Writing into what the other end closed is no reason to die. */
static void
a_broken_pipe_kills_nobody(void **state)
{
	struct asking a;

	(void)state;
	asking_init(&a);
	a.script.step[0].fault = TLS_GOOD_BYE;
	asking_start(&a);
	for (int i = 0; i < 20; i++)
		(void)ask(&a, "POST");
	asking_end(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_request_comes_and_is_answered),
	    T(another_authority_is_not_trusted),
	    T(an_expired_certificate_is_not_trusted),
	    T(a_certificate_of_another_host_is_not_trusted),
	    T(the_server_may_be_at_an_ipv6_address),
	    T(plain_http_goes_to_this_computer_alone),
	    T(with_an_authority_nothing_goes_in_the_clear),
	    T(a_file_that_is_not_there_is_named),
	    T(a_client_certificate_is_shown),
	    T(a_proxy_of_the_environment_is_not_used),
	    T(a_redirect_is_an_answer_and_not_followed),
	    T(an_answer_has_an_end),
	    T(headers_have_an_end),
	    T(a_silent_server_is_not_waited_for),
	    T(nobody_there_means_nothing_sent),
	    T(a_cut_in_the_handshake_means_nothing_sent),
	    T(a_cut_after_the_request_leaves_it_open),
	    T(half_of_the_headers_is_no_answer),
	    T(a_connection_is_used_again),
	    T(a_kept_connection_that_was_closed_is_made_again),
	    T(a_post_goes_out_once),
	    T(a_get_goes_out_again),
	    T(a_broken_pipe_kills_nobody),
	};

	return cmocka_run_group_tests(tests, make_files, drop_files);
}
