/* SPDX-License-Identifier: Apache-2.0 */
/* Workers, queue, limits and ends of the HTTP server. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/test.h"
#include "tests/web_help.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"

static int
begin_get(struct served *s, const char *text)
{
	int fd = raw_connect(web_address(s->web));

	ok(fd >= 0, "connected");
	raw_send(fd, text, strlen(text));
	return fd;
}

/* Until `what` is `want`, 5 s at most. */
static void
wait_for(struct served *s, int (*what)(const struct web_state *), int want,
    const char *name)
{
	int64_t end = clock_ms() + 5000;
	struct web_state now;

	do {
		web_look(s->web, &now);
		if (what(&now) == want)
			return;
		usleep(2000);
	} while (clock_ms() < end);
	is_int(what(&now), want, name);
}

static int
waiting(const struct web_state *now)
{
	return now->waiting;
}

static int
connections(const struct web_state *now)
{
	return now->connections;
}

static void
a_full_queue_answers_at_once(void **state)
{
	struct served s = {.setup = {.workers = 1, .queue_max = 1}};
	char out[4096];
	int first, second;
	int64_t begun;

	(void)state;
	served_start(&s);
	first = begin_get(&s, GET("/wait"));
	served_wait_inside(&s, 1);
	second = begin_get(&s, GET("/wait"));
	wait_for(&s, waiting, 1, "one waits");
	begun = clock_ms();
	is_int(raw_ask(web_address(s.web), GET("/echo"), out, sizeof(out)), 503,
	    "one too many");
	ok(clock_ms() - begun < 1000, "at once");
	ok(strstr(out, "Retry-After: 1"), out);
	ok(strstr(out, "\"kind\":\"ERR_ABSENT\""), out);
	ok(strstr(out, "Connection: close") == NULL, "its connection stays");
	served_open(&s);
	is_int(raw_read_one(first, out, sizeof(out), 5000), 200, "first");
	is_int(raw_read_one(second, out, sizeof(out), 5000), 200, "second");
	close(first);
	close(second);
	served_stop(&s);
}

static void
busy_workers_hold_nobody_elses_connection(void **state)
{
	struct served s = {.setup = {.workers = 2, .queue_max = 64}};
	int fd[32];
	char out[4096];

	(void)state;
	served_start(&s);
	for (int i = 0; i < 32; i++) {
		fd[i] = begin_get(&s, i < 2 ? GET("/wait") : GET("/echo"));
		if (i == 1)
			served_wait_inside(&s, 2);
	}
	wait_for(&s, waiting, 30, "all are read while both workers are busy");
	served_open(&s);
	for (int i = 0; i < 32; i++) {
		is_int(raw_read_one(fd[i], out, sizeof(out), 5000), 200, out);
		close(fd[i]);
	}
	served_stop(&s);
}

static void
a_client_that_goes_away_harms_nobody(void **state)
{
	const struct linger reset = {.l_onoff = 1, .l_linger = 0};
	struct served s = {.setup = {.workers = 2, .queue_max = 8}};
	int fd[4];
	char out[4096];

	(void)state;
	served_start(&s);
	for (int i = 0; i < 4; i++)
		fd[i] = begin_get(&s, GET("/wait"));
	wait_for(&s, waiting, 2, "two are at work, two wait");
	for (int i = 0; i < 4; i++) {
		if (i % 2)
			setsockopt(fd[i], SOL_SOCKET, SO_LINGER, &reset,
			    sizeof(reset));
		close(fd[i]);
	}
	usleep(50000);
	served_open(&s);
	wait_for(&s, connections, 0, "connections left");
	is_int(raw_ask(web_address(s.web), GET("/wait"), out, sizeof(out)), 200,
	    "the next one");
	/* half of a body, then gone */
	fd[0] = begin_get(&s,
	    "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json"
	    "\r\nContent-Length: 9\r\n\r\n{");
	usleep(20000);
	close(fd[0]);
	wait_for(&s, connections, 0, "connections left");
	is_int(s.handled, 5, "handled");
	served_stop(&s);
}

struct drain {
	struct served *s;
	int wait_ms;
	bool done;
	pthread_t thread;
};

static void *
drain(void *arg)
{
	struct drain *d = arg;

	d->done = web_drain(d->s->web, d->wait_ms);
	return NULL;
}

static void
drain_lets_requests_end_and_takes_no_more(void **state)
{
	struct served s = {.setup = {.workers = 1}};
	struct drain d = {.s = &s, .wait_ms = 10000};
	char out[4096];
	int under_way, queued, kept, fd;
	int64_t end;

	(void)state;
	served_start(&s);
	kept = begin_get(&s, GET("/echo"));
	is_int(raw_read_one(kept, out, sizeof(out), 5000), 200, "before");
	under_way = begin_get(&s, GET("/wait"));
	served_wait_inside(&s, 1);
	queued = begin_get(&s, GET("/echo"));
	wait_for(&s, waiting, 1, "one waits");
	ok(!web_drain(s.web, 100), "something is under way");
	pthread_create(&d.thread, NULL, drain, &d);
	end = clock_ms() + 5000;
	while ((fd = raw_connect(web_address(s.web))) >= 0) {
		close(fd);
		ok(clock_ms() < end, "connections are refused in the end");
	}
	served_open(&s);
	is_int(raw_read_one(under_way, out, sizeof(out), 5000), 200, "at work");
	ok(strstr(out, "Connection: close"), out);
	is_int(raw_read_one(queued, out, sizeof(out), 5000), 200, "queued");
	raw_send(kept, GET("/echo"), strlen(GET("/echo")));
	is_int(raw_read_one(kept, out, sizeof(out), 5000), 200,
	    "a connection that was there");
	pthread_join(d.thread, NULL);
	ok(d.done, "nothing is left");
	close(under_way);
	close(queued);
	close(kept);
	served_stop(&s);
}

/* --- time --------------------------------------------------------------------- */

struct slow {
	const char *name;
	const char *first; /* sent at once */
	const char *drip;  /* then one of these each 100 ms; "": nothing */
	int64_t least_ms, most_ms;
	int fd;
	int64_t closed_ms; /* -1: not yet */
};

static bool
is_closed(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char out[4096];

	while (poll(&p, 1, 0) > 0)
		if (recv(fd, out, sizeof(out), 0) <= 0)
			return true;
	return false;
}

static void
drip_on(struct slow *all, size_t count, int64_t begun)
{
	for (size_t i = 0; i < count; i++) {
		struct slow *c = &all[i];

		if (c->closed_ms >= 0)
			continue;
		if (is_closed(c->fd))
			c->closed_ms = clock_ms() - begun;
		else
			raw_send(c->fd, c->drip, strlen(c->drip));
	}
}

static void
slow_senders_are_ended(void **state)
{
	struct slow all[] = {
	    {"says nothing", "", "", 900, 3000, -1, -1},
	    {"a slow request line", "GET /", "a", 2900, 5000, -1, -1},
	    {"empty lines", "", "\r\n", 0, 5000, -1, -1},
	    {"slow headers", "GET / HTTP/1.1\r\nHost: x\r\n", "a: b\r\n", 1900,
		4000, -1, -1},
	    {"a slow body",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n"
		"Content-Type: application/json\r\n\r\n",
		" ", 1900, 4000, -1, -1},
	    {"half a body",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n"
		"Content-Type: application/json\r\n\r\n{",
		"", 900, 3000, -1, -1},
	    {"idle behind an answer", GET("/echo"), "", 900, 3000, -1, -1},
	};
	size_t count = sizeof(all) / sizeof(all[0]);
	struct served s = {.setup = {.idle_s = 1, .request_s = 2}};
	int64_t begun = clock_ms();
	char out[4096];
	int at_work;

	(void)state;
	served_start(&s);
	at_work = begin_get(&s, GET("/wait"));
	for (size_t i = 0; i < count; i++)
		all[i].fd = begin_get(&s, all[i].first);
	while (clock_ms() - begun < 5000) {
		drip_on(all, count, begun);
		usleep(100000);
	}
	for (size_t i = 0; i < count; i++) {
		close(all[i].fd);
		if (all[i].closed_ms < all[i].least_ms ||
		    all[i].closed_ms > all[i].most_ms)
			fail_at("%s: closed after %lld ms", all[i].name,
			    (long long)all[i].closed_ms);
	}
	served_open(&s);
	is_int(raw_read_one(at_work, out, sizeof(out), 5000), 200,
	    "a slow handler is waited for");
	close(at_work);
	served_stop(&s);
}

static void
one_who_does_not_read_is_ended(void **state)
{
	static char text[60000 + 256];
	struct served s = {.setup = {.idle_s = 60, .request_s = 1}};
	int n = sprintf(text,
	    "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n"
	    "Content-Type: application/json\r\n\r\n");
	int fd;

	(void)state;
	memset(text + n, ' ', 60000);
	served_start(&s);
	fd = raw_connect(web_address(s.web));
	/* until neither side's buffers take more */
	for (int quiet = 0; quiet < 20; quiet++) {
		while (send(fd, text, (size_t)n + 60000,
			   MSG_DONTWAIT | MSG_NOSIGNAL) == n + 60000)
			quiet = 0;
		usleep(10000);
	}
	ok(s.handled > 0, "some were answered");
	wait_for(&s, connections, 0, "ended");
	close(fd);
	served_stop(&s);
}

/* --- numbers ------------------------------------------------------------------ */

static void
one_connection_too_many_is_closed(void **state)
{
	struct served s = {.setup = {.connections_max = 3}};
	struct served each = {.setup = {.per_address_max = 2}};
	struct served *both[] = {&s, &each};
	char out[4096];
	int fd[4];

	(void)state;
	for (int k = 0; k < 2; k++) {
		int max = k == 0 ? 3 : 2;

		served_start(both[k]);
		for (int i = 0; i < max; i++) {
			fd[i] = begin_get(both[k], GET("/echo"));
			is_int(raw_read_one(fd[i], out, sizeof(out), 5000), 200,
			    "one of those that fit");
		}
		fd[3] = raw_connect(web_address(both[k]->web));
		ok(raw_read_all(fd[3], out, sizeof(out), 2000), "closed");
		is_str(out, "", "nothing is said");
		close(fd[3]);
		for (int i = 0; i < max; i++)
			close(fd[i]);
		wait_for(both[k], connections, 0, "left");
		is_int(raw_ask(web_address(both[k]->web), GET("/echo"), out,
			   sizeof(out)),
		    200, "there is room again");
		served_stop(both[k]);
	}
}

struct asker {
	pthread_t thread;
	const char *address;
	int answered;
};

static void *
ask_often(void *arg)
{
	struct asker *a = arg;
	int fd = raw_connect(a->address);
	char out[4096];

	for (int i = 0; i < 200; i++) {
		if (i % 50 == 49) {
			close(fd);
			fd = raw_connect(a->address);
		}
		raw_send(fd, GET("/echo"), strlen(GET("/echo")));
		a->answered += raw_read_one(fd, out, sizeof(out), 5000) == 200;
	}
	close(fd);
	return NULL;
}

static void
many_ask_at_the_same_time(void **state)
{
	struct served s = {.setup = {.workers = 4}};
	struct asker a[8] = {{.answered = 0}};
	struct web_state now;

	(void)state;
	served_start(&s);
	for (int i = 0; i < 8; i++) {
		a[i].address = web_address(s.web);
		pthread_create(&a[i].thread, NULL, ask_often, &a[i]);
	}
	for (int i = 0; i < 8; i++) {
		pthread_join(a[i].thread, NULL);
		is_int(a[i].answered, 200, "answered");
	}
	web_look(s.web, &now);
	is_int(now.requests, 1600, "requests");
	is_int(now.refused, 0, "refused");
	is_int(now.busy + now.waiting, 0, "nobody is at work any more");
	served_stop(&s);
}

/* The other process: opens, asks once on each, waits for a word, asks again. */
static int
hold_many(int from, int to, int count)
{
	static int fd[20000];
	char address[128] = "", out[4096];
	int good = 0;

	if (read(from, address, sizeof(address)) <= 0)
		return 1;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < count; i++) {
			if (round == 0)
				fd[i] = raw_connect(address);
			raw_send(fd[i], GET("/echo"), strlen(GET("/echo")));
			good +=
			    raw_read_one(fd[i], out, sizeof(out), 5000) == 200;
		}
		if (write(to, &good, sizeof(good)) != sizeof(good) ||
		    (round == 0 && read(from, out, 1) != 1))
			return 1;
	}
	return 0;
}

static void
hold_them(struct served *s, int to, int from, int count)
{
	char out[4096];
	int good = 0;
	int64_t begun;

	ok(write(to, web_address(s->web), strlen(web_address(s->web)) + 1) > 0,
	    "told the address");
	is_int(read(from, &good, sizeof(good)), sizeof(good), "told");
	is_int(good, count, "answered");
	wait_for(s, connections, count, "held");
	begun = clock_ms();
	is_int(raw_ask(web_address(s->web), GET("/echo"), out, sizeof(out)),
	    200, "one more");
	ok(clock_ms() - begun < 1000, "soon");
	ok(write(to, "x", 1) == 1, "told to go on");
	is_int(read(from, &good, sizeof(good)), sizeof(good), "told");
	is_int(good, 2 * count, "answered, each a second time");
}

static void
ten_thousand_idle_connections_are_held(void **state)
{
	struct served s = {.setup = {.idle_s = 600}};
	int count = 10000, status;
	int to[2], from[2];
	struct rlimit files;
	pid_t child;

	(void)state;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_max < (rlim_t)count + 500) {
		print_message("only %lld files may be open here\n",
		    (long long)files.rlim_max);
		skip();
	}
	ok(pipe(to) == 0 && pipe(from) == 0, "pipes");
	child = fork();
	if (child == 0) {
		close(to[1]);
		close(from[0]);
		_exit(hold_many(to[0], from[1], count));
	}
	close(to[0]);
	close(from[1]);
	served_start(&s);
	hold_them(&s, to[1], from[0], count);
	is_int(waitpid(child, &status, 0), child, "the other process");
	is_int(status, 0, "its end");
	close(to[1]);
	close(from[0]);
	served_stop(&s);
}

/* --- where -------------------------------------------------------------------- */

static void
a_socket_file_is_made_and_removed(void **state)
{
	char folder[] = "/tmp/postage-test.web.XXXXXX", where[128], out[4096];
	struct served s = {.setup = {.listen = where}};
	struct web *second;
	struct err e = ERR_INIT;
	struct stat st;

	(void)state;
	ok(mkdtemp(folder) != NULL, "folder");
	snprintf(where, sizeof(where), "unix:%s/socket", folder);
	for (int round = 0; round < 2; round++) {
		memset(&s, 0, sizeof(s));
		s.setup.listen = where;
		served_start(&s);
		is_str(web_address(s.web), where, "address");
		ok(stat(where + 5, &st) == 0, "it is there");
		is_int(st.st_mode & 0777, 0660, "mode");
		is_int(raw_ask(where, GET("/who"), out, sizeof(out)), 200,
		    "asked");
		ok(strstr(out, "\r\n\r\n ") != NULL, "no address");
		ok(!web_start(&s.setup, &second, &e), "taken");
		is_err(&e, ERR_CONFIG, "taken");
		is_int(raw_ask(where, GET("/who"), out, sizeof(out)), 200,
		    "and still there");
		served_stop(&s);
		ok(stat(where + 5, &st) != 0, "removed");
		if (round == 0) {
			/* what a crash leaves */
			s.setup.listen = where;
			is_int(
			    mknod(where + 5, S_IFSOCK | 0600, 0), 0, "mknod");
		}
	}
	rmdir(folder);
}

static void
an_inherited_socket_is_used(void **state)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct served s = {.setup = {.listen_fd = -1}};
	struct err e = ERR_INIT;
	char out[4096];
	struct web *w;

	(void)state;
	s.setup.listen_fd = socket(AF_INET, SOCK_STREAM, 0);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	is_int(bind(s.setup.listen_fd, (struct sockaddr *)&in, sizeof(in)), 0,
	    "bind");
	is_int(listen(s.setup.listen_fd, 5), 0, "listen");
	served_start(&s);
	is_int(raw_ask(web_address(s.web), GET("/who"), out, sizeof(out)), 200,
	    "asked");
	served_stop(&s);
	s.setup.listen_fd = socket(AF_INET, SOCK_STREAM, 0);
	ok(!web_start(&s.setup, &w, &e), "one that does not listen");
	is_err(&e, ERR_CONFIG, "one that does not listen");
}

static void
wrong_addresses_are_refused(void **state)
{
	static const char *const wrong[] = {"", ":80", "127.0.0.1",
	    "localhost:80", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:http",
	    "::1:80", "[127.0.0.1]:80", "[::1]", "[]:80", "192.0.2.1:0",
	    "unix:", "unix:relative", "unix:/no/such/folder/socket"};
	struct web_setup setup = {.workers = 1};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct err e = ERR_INIT;
		struct web *w;

		setup.listen = wrong[i];
		ok(!web_start(&setup, &w, &e), wrong[i]);
		is_err(&e, ERR_CONFIG, wrong[i]);
		ok(w == NULL, wrong[i]);
	}
}

static void
a_worker_that_does_not_open_fails_the_start(void **state)
{
	struct served s = {.setup = {.workers = 3}};
	struct err e = ERR_INIT;
	struct web *w;

	(void)state;
	served_start(&s);
	is_int(s.workers, 3, "workers");
	s.worker_fails = 3;
	ok(!web_start(&s.setup, &w, &e), "the third");
	is_err(&e, ERR_ABSENT, "the third");
	is_int(s.workers, 3, "the first two were closed again");
	served_stop(&s);
	web_stop(NULL);
}

/* 5 s at most. */
static bool
answers_in_time(struct served *s)
{
	int64_t end = clock_ms() + 5000;

	while (clock_ms() < end) {
		if (web_answers(s->web))
			return true;
		usleep(2000);
	}
	return false;
}

static void
workers_that_stand_still_do_not_answer(void **state)
{
	struct served s = {.setup = {.workers = 2, .queue_max = 64}};
	int fd[2], probed;

	(void)state;
	served_start(&s);
	ok(web_answers(s.web), "the first time");
	ok(answers_in_time(&s), "idle");
	fd[0] = begin_get(&s, GET("/wait"));
	served_wait_inside(&s, 1);
	ok(answers_in_time(&s), "one has nothing to do");
	ok(answers_in_time(&s), "what was asked then is answered");
	fd[1] = begin_get(&s, GET("/wait"));
	served_wait_inside(&s, 2);
	probed = s.probed;
	ok(web_answers(s.web), "what was asked before they stood still");
	for (int i = 0; i < 20; i++, usleep(2000))
		ok(!web_answers(s.web), "all stand still");
	is_int(s.probed, probed, "nobody was asked");
	served_open(&s);
	ok(answers_in_time(&s), "they go on");
	ok(s.probed > probed, "one was asked");
	close(fd[0]);
	close(fd[1]);
	served_stop(&s);
}

static void
work_that_waits_does_not_hide_an_answer(void **state)
{
	struct served s = {.setup = {.workers = 1, .queue_max = 64}};
	int fd[8];

	(void)state;
	served_start(&s);
	for (int i = 0; i < 8; i++) {
		fd[i] = begin_get(&s, i == 0 ? GET("/wait") : GET("/echo"));
		if (i == 0)
			served_wait_inside(&s, 1);
	}
	wait_for(&s, waiting, 7, "seven wait");
	ok(web_answers(s.web), "asked");
	ok(!web_answers(s.web), "the only one is at work");
	served_open(&s);
	ok(answers_in_time(&s), "before the others or between them");
	for (int i = 0; i < 8; i++)
		close(fd[i]);
	served_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    /* first: it forks */
	    T(ten_thousand_idle_connections_are_held),
	    T(a_full_queue_answers_at_once),
	    T(busy_workers_hold_nobody_elses_connection),
	    T(a_client_that_goes_away_harms_nobody),
	    T(drain_lets_requests_end_and_takes_no_more),
	    T(slow_senders_are_ended),
	    T(one_who_does_not_read_is_ended),
	    T(one_connection_too_many_is_closed),
	    T(many_ask_at_the_same_time),
	    T(workers_that_stand_still_do_not_answer),
	    T(work_that_waits_does_not_hide_an_answer),
	    T(a_socket_file_is_made_and_removed),
	    T(an_inherited_socket_is_used),
	    T(wrong_addresses_are_refused),
	    T(a_worker_that_does_not_open_fails_the_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
