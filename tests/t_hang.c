/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Databases that hang: processes of the server are stopped, not ended, so that
 * connections stay and nothing answers.  Who asks is told in time, and when they
 * go on nothing is lost or there twice.  SQLite: who holds the file is stopped.
 */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "provider/again.h"
#include "tests/pg_help.h"
#include "tests/provider_help.h"
#include "tests/test.h"

#define LOCK_MS	  100
#define ANSWER_MS 700
#define SOON_MS	  5000		 /* with a connection that is tried for 2 s */
#define LATE_MS	  (2 * AGAIN_MS) /* two calls of a worker */
#define ENOUGH_S  (getenv("POSTAGE_LONG") != NULL ? 3600 : 600)
#define BUYERS	  2
#define CROWD	  20

struct hall {
	struct shop shop;
	struct store *s, *other;
	char uri[300];
};

static struct store *
open_store(const struct hall *h)
{
	struct store *s;
	struct err e = ERR_INIT;

	is_ok(store_open(h->uri, LOCK_MS, &s, &e), &e, "open");
	store_set_answer(s, ANSWER_MS);
	return s;
}

static void
open_hall(struct hall *h, bool postgresql)
{
	const struct shop_setup setup = {.postgresql = postgresql,
	    .psds = 2,
	    .systems = BUYERS,
	    .credit = 10000000,
	    .load = 10000};

	shop_open(&h->shop, &setup);
	snprintf(h->uri, sizeof(h->uri), "%s%s", h->shop.uri,
	    postgresql ? " connect_timeout=2" : "");
	h->s = open_store(h);
	h->other = open_store(h);
}

static void
close_hall(struct hall *h)
{
	store_close(h->s);
	store_close(h->other);
	is_int(shop_audit(&h->shop, false), 0, "faults");
	shop_close(&h->shop);
}

/* --- statements ----------------------------------------------------------------------- */

static void
begin(struct store *s)
{
	struct err e = ERR_INIT;

	is_ok(store_begin(s, STORE_WRITE, &e), &e, "begin");
}

static int64_t
number(struct store *s, const char *sql)
{
	struct err e = ERR_INIT;

	is_ok(store_run(s, sql, &e), &e, sql);
	ok(store_row(s), sql);
	return store_int(s, 0);
}

static void
send_event(struct store *s, const char *event)
{
	store_put_text(s, event);
	store_put_int(s, 1);
	store_send(s, "INSERT INTO webhook (event, made) VALUES ($1, $2)");
}

static int64_t
events(struct store *s)
{
	int64_t count;

	begin(s);
	count = number(s, "SELECT COUNT(*) FROM webhook");
	store_rollback(s);
	return count;
}

/* --- processes ------------------------------------------------------------------------ */

#define SQL_PID "SELECT pg_backend_pid()"

static pid_t
parent_of(pid_t pid)
{
	char path[64], line[256];
	int parent = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	if (fgets(line, sizeof(line), f) == NULL ||
	    sscanf(line, "%*d (%*[^)]) %*c %d", &parent) != 1)
		parent = 0;
	fclose(f);
	return parent;
}

/* The whole server: its first process makes no others meanwhile. */
static void
strike_all(pid_t postmaster, int signal_number)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	ok(proc != NULL, "/proc");
	kill(postmaster, signal_number);
	while ((entry = readdir(proc)) != NULL) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0 && parent_of(pid) == postmaster)
			kill(pid, signal_number);
	}
	closedir(proc);
}

static void
is_soon(int64_t since, int least_ms, int most_ms, const char *what)
{
	int64_t took = clock_ms() - since;

	if (took < least_ms || took > most_ms)
		fail_at("%s: %lld ms, not %d to %d", what, (long long)took,
		    least_ms, most_ms);
}

/* --- one connection ------------------------------------------------------------------- */

static void
silence_is_absence(void **state)
{
	struct hall h;
	struct err e = ERR_INIT;
	int64_t since;
	pid_t pid;

	(void)state;
	open_hall(&h, true);
	begin(h.s);
	pid = (pid_t)number(h.s, SQL_PID);
	kill(pid, SIGSTOP);
	since = clock_ms();
	send_event(h.s, "one");
	ok(!store_flush(h.s, &e), "no answer");
	is_err(&e, ERR_ABSENT, "no answer");
	ok(strstr(e.text, "silent for 700 ms") != NULL, e.text);
	ok(!store_in_doubt(h.s), "nothing was to be committed");
	store_rollback(h.s);
	is_int(events(h.s), 0, "by another connection");
	is_soon(since, ANSWER_MS - 50, SOON_MS, "told");
	kill(pid, SIGCONT);
	close_hall(&h);
}

/* As long as the server may still do it, nobody else takes its place. */
static void
a_silent_commit_is_in_doubt_and_done_once(void **state)
{
	struct hall h;
	struct err e = ERR_INIT;
	int64_t since;
	pid_t pid;

	(void)state;
	open_hall(&h, true);
	begin(h.s);
	pid = (pid_t)number(h.s, SQL_PID);
	send_event(h.s, "one");
	is_ok(store_flush(h.s, &e), &e, "written");
	kill(pid, SIGSTOP);
	since = clock_ms();
	ok(!store_commit(h.s, &e), "no answer");
	is_err(&e, ERR_SYSTEM, "not known");
	ok(store_in_doubt(h.s), "in doubt");
	begin(h.s);
	send_event(h.s, "one");
	ok(!store_flush(h.s, &e), "the first may come yet");
	is_err(&e, ERR_BUSY, "the first may come yet");
	store_rollback(h.s);
	is_soon(since, ANSWER_MS - 50, SOON_MS, "told");
	is_int(events(h.s), 0, "not yet");
	kill(pid, SIGCONT);
	since = clock_ms();
	while (events(h.s) == 0 && clock_ms() - since < SOON_MS)
		usleep(20000);
	is_int(events(h.s), 1, "there it is");
	begin(h.s);
	send_event(h.s, "one");
	ok(!store_flush(h.s, &e), "once");
	is_str(store_conflict(h.s), "webhook.event", "once");
	store_rollback(h.s);
	close_hall(&h);
}

static void
a_server_that_hangs_takes_no_connection(void **state)
{
	pid_t pid, postmaster;
	struct hall h;
	struct err e = ERR_INIT;
	int64_t since;

	(void)state;
	open_hall(&h, true);
	begin(h.s);
	pid = (pid_t)number(h.s, SQL_PID);
	store_rollback(h.s);
	postmaster = parent_of(pid);
	strike_all(postmaster, SIGSTOP);
	since = clock_ms();
	is_ok(store_begin(h.s, STORE_READ, &e), &e, "it is there still");
	ok(!store_run(h.s, "SELECT 1", &e), "no answer");
	store_rollback(h.s);
	for (int i = 0; i < 2; i++) {
		e = (struct err)ERR_INIT;
		ok(!store_begin(h.s, STORE_READ, &e), "no connection");
		is_err(&e, ERR_ABSENT, "no connection");
	}
	is_soon(since, ANSWER_MS - 50, 2 * SOON_MS, "told");
	strike_all(postmaster, SIGCONT);
	is_int(events(h.s), 0, "it is back");
	close_hall(&h);
}

static void
who_looks_at_all_may_take_time(void **state)
{
	struct hall h;
	struct err e = ERR_INIT;

	(void)state;
	open_hall(&h, true);
	is_ok(store_begin(h.s, STORE_READ, &e), &e, "begin");
	store_take_time(h.s);
	is_ok(store_run(h.s, "SELECT pg_sleep(1.2)", &e), &e, "an audit");
	store_rollback(h.s);
	is_ok(store_begin(h.s, STORE_READ, &e), &e, "begin");
	ok(!store_run(h.s, "SELECT pg_sleep(1.2)", &e), "the next one");
	is_err(&e, ERR_ABSENT, "the next one");
	store_rollback(h.s);
	close_hall(&h);
}

/* The server is not told to give up: then others would see what the standby does
 * not have. */
static void
who_waits_for_the_standby_is_left_waiting(void **state)
{
	struct hall h;
	struct err e = ERR_INIT;

	(void)state;
	open_hall(&h, true);
	pg_want_standby(true);
	begin(h.s);
	send_event(h.s, "one");
	ok(!store_commit(h.s, &e), "the standby is away");
	ok(store_in_doubt(h.s), "in doubt");
	is_ok(store_begin(h.other, STORE_READ, &e), &e, "begin");
	is_int(number(h.other, "SELECT COUNT(*) FROM webhook"), 0, "unseen");
	is_int(number(h.other, "SELECT COUNT(*) FROM pg_stat_activity "
			       "WHERE wait_event = 'SyncRep'"),
	    1, "it waits");
	store_rollback(h.other);
	pg_want_standby(false);
	is_int(events(h.s), 1, "there it is");
	close_hall(&h);
}

/* --- workers -------------------------------------------------------------------------- */

#define KEYS 20000

struct buyer {
	struct hall *h;
	struct worker *w;
	int number;
	pthread_t thread;
	_Atomic bool stop;
	_Atomic int calls; /* that came back */
	uint32_t keys;	   /* that were bought */
	struct issue_order order;
	struct issue_result result;
	uint8_t first[KEYS][PSD_HASH];
	bool failed, bought;
	struct err e; /* of buy_once() */
};

static bool
buy(struct buyer *b, uint32_t key, struct err *e)
{
	*e = (struct err)ERR_INIT;
	shop_order(&b->order, &b->h->shop.system[b->number], key, 1, 100);
	return issue_stamps(b->w, &b->order, &b->result, e);
}

static void
digest(const struct stamp_row *row, uint8_t out[PSD_HASH])
{
	uint8_t hash[32];

	sig_sha256(row->indicium, row->len, hash);
	memcpy(out, hash, PSD_HASH);
}

static void *
buy_on(void *context)
{
	struct buyer *b = context;

	while (!b->stop && b->keys < KEYS) {
		struct err e;
		bool done = buy(b, b->keys, &e);

		b->calls++;
		if (done) {
			digest(&b->result.stamp[0], b->first[b->keys++]);
		} else if (e.kind != ERR_ABSENT && e.kind != ERR_BUSY) {
			fprintf(
			    stderr, "%s: %s\n", err_kind_name(e.kind), e.text);
			b->failed = true;
		}
		usleep(20000);
	}
	return NULL;
}

static void *
buy_once(void *context)
{
	struct buyer *b = context;

	b->bought = buy(b, 1000, &b->e);
	return NULL;
}

static void
enter(struct hall *h, struct buyer *b)
{
	b->h = h;
	b->w = shop_worker(&h->shop, NULL);
	store_close(b->w->store);
	b->w->store = open_store(h);
}

/* It has been served before: it knows its PSDs. */
static void
enter_again(struct hall *h, struct buyer *b, uint32_t key)
{
	struct err e;

	enter(h, b);
	is_ok(buy(b, key, &e), &e, "served");
}

static void
start(struct hall *h, struct buyer *b)
{
	for (int i = 0; i < BUYERS; i++) {
		enter(h, &b[i]);
		b[i].number = i;
		is_int(pthread_create(&b[i].thread, NULL, buy_on, &b[i]), 0,
		    "thread");
	}
}

/* Each has come back twice: from the call that was under way, and the next one. */
static void
all_are_told(struct buyer *b)
{
	int64_t since = clock_ms();

	for (int i = 0; i < BUYERS; i++) {
		int before = b[i].calls;

		while (b[i].calls < before + 2)
			if (clock_ms() - since > LATE_MS)
				fail_at("buyer %d waits without an end", i);
			else
				usleep(10000);
	}
}

/* One that is at work for a buyer, in the middle of what it does; 0: none is. */
static pid_t
find_busy(struct hall *h)
{
	struct err e = ERR_INIT;
	pid_t pid = 0;

	is_ok(store_begin(h->s, STORE_READ, &e), &e, "begin");
	is_ok(store_run(h->s,
		  "SELECT pid FROM pg_stat_activity WHERE datname = "
		  "current_database() AND backend_type = 'client backend' AND "
		  "state <> 'idle' AND pid <> pg_backend_pid() LIMIT 1",
		  &e),
	    &e, "who is busy");
	if (store_row(h->s))
		pid = (pid_t)store_int(h->s, 0);
	store_rollback(h->s);
	return pid;
}

static void
stop_one(struct hall *h, struct buyer *b)
{
	pid_t pid;

	while ((pid = find_busy(h)) == 0)
		usleep(500);
	kill(pid, SIGSTOP);
	all_are_told(b);
	kill(pid, SIGCONT);
}

static void
stop_server(struct hall *h, struct buyer *b)
{
	pid_t postmaster;

	begin(h->s);
	postmaster = parent_of((pid_t)number(h->s, SQL_PID));
	store_rollback(h->s);
	strike_all(postmaster, SIGSTOP);
	all_are_told(b);
	strike_all(postmaster, SIGCONT);
}

/* Each stamp that was acknowledged is the same still, and no other was paid. */
static void
look(struct hall *h, struct buyer *b)
{
	struct user_system u = shop_system(&h->shop, b->number + 1);
	uint8_t now[PSD_HASH];
	struct err e;

	for (uint32_t key = 0; key < b->keys; key++) {
		is_ok(buy(b, key, &e), &e, "asked again");
		ok(b->result.replayed[0], "not bought again");
		digest(&b->result.stamp[0], now);
		is_mem(now, b->first[key], PSD_HASH, "the same stamp");
	}
	/* the last one may have been bought without an answer */
	ok(u.pieces == b->keys || u.pieces == (int64_t)b->keys + 1, "pieces");
	is_int(u.ascending, 100 * u.pieces, "spent");
}

static void
workers_are_told_and_nothing_is_doubled(void **state)
{
	int rounds = getenv("POSTAGE_LONG") != NULL ? 60 : 6;
	struct buyer *b = calloc(BUYERS, sizeof(*b));
	struct hall h;

	(void)state;
	open_hall(&h, true);
	start(&h, b);
	for (int i = 0; i < rounds; i++) {
		all_are_told(b);
		if (i % 6 == 5)
			stop_server(&h, b);
		else
			stop_one(&h, b);
		usleep(100000);
	}
	for (int i = 0; i < BUYERS; i++)
		b[i].stop = true;
	for (int i = 0; i < BUYERS; i++) {
		pthread_join(b[i].thread, NULL);
		ok(!b[i].failed, "absent or busy, nothing else");
		look(&h, &b[i]);
		shop_worker_close(b[i].w);
	}
	free(b);
	close_hall(&h);
}

/* What was debited with others may come yet: nobody is told that it was not. */
static void
a_debit_that_may_come_is_not_refused(void **state)
{
	struct buyer *b = calloc(1, sizeof(*b));
	struct hall h;
	struct err e = ERR_INIT;
	bool done;
	int64_t since;

	(void)state;
	open_hall(&h, true);
	b->h = &h;
	b->w = shop_worker(&h.shop, NULL);
	store_close(b->w->store);
	b->w->store = open_store(&h);
	is_ok(buy(b, 1, &e), &e, "its PSD has value");
	pg_want_standby(true);
	done = buy(b, 2, &e);
	pg_want_standby(false);
	ok(!done, "no answer");
	is_err(&e, ERR_ABSENT, "not known");
	since = clock_ms();
	while (
	    shop_system(&h.shop, 1).pieces < 2 && clock_ms() - since < SOON_MS)
		usleep(20000);
	is_ok(buy(b, 2, &e), &e, "asked again");
	ok(b->result.replayed[0], "it was debited");
	is_int(shop_system(&h.shop, 1).pieces, 2, "once");
	shop_worker_close(b->w);
	free(b);
	close_hall(&h);
}

/* As the one before; while it is in doubt its token changes. */
static void
a_debit_that_may_come_is_not_a_strangers(void **state)
{
	struct buyer *b = calloc(1, sizeof(*b));
	struct err e = ERR_INIT, ignored = ERR_INIT;
	struct hall h;

	(void)state;
	open_hall(&h, true);
	enter(&h, b);
	is_ok(buy(b, 1, &e), &e, "its PSD has value");
	pg_standby_away(true);
	is_int(pthread_create(&b->thread, NULL, buy_once, b), 0, "thread");
	while (shop_system(&h.shop, 1).pieces < 2)
		usleep(2000);
	begin(h.s);
	is_ok(store_run(h.s, "UPDATE usersystem SET address = '192.0.2.1'", &e),
	    &e, "a new network");
	ok(!store_commit(h.s, &ignored), "in doubt, but seen");
	pthread_join(b->thread, NULL);
	pg_standby_away(false);
	is_int(shop_system(&h.shop, 1).pieces, 2, "it was debited");
	ok(!b->bought, "no answer");
	is_err(&b->e, ERR_ABSENT, "not known");
	ok(!b->result.stranger, "nor whose it is");
	shop_worker_close(b->w);
	free(b);
	close_hall(&h);
}

/* Who waits for others who wait is told as soon as they are. */
static void
many_are_told_as_soon_as_one(void **state)
{
	struct buyer *b = calloc(CROWD, sizeof(*b));
	int64_t since, took_ms;
	pid_t postmaster;
	struct hall h;

	(void)state;
	open_hall(&h, true);
	for (int i = 0; i < CROWD; i++)
		enter_again(&h, &b[i], (uint32_t)i);
	begin(h.s);
	postmaster = parent_of((pid_t)number(h.s, SQL_PID));
	store_rollback(h.s);
	strike_all(postmaster, SIGSTOP);
	since = clock_ms();
	for (int i = 0; i < CROWD; i++)
		is_int(pthread_create(&b[i].thread, NULL, buy_once, &b[i]), 0,
		    "thread");
	for (int i = 0; i < CROWD; i++)
		pthread_join(b[i].thread, NULL);
	took_ms = clock_ms() - since;
	strike_all(postmaster, SIGCONT);
	if (took_ms > 2 * SOON_MS)
		fail_at("the last one: %lld ms", (long long)took_ms);
	for (int i = 0; i < CROWD; i++)
		ok(!b[i].bought, "no answer");
	for (int i = 0; i < CROWD; i++)
		shop_worker_close(b[i].w);
	free(b);
	close_hall(&h);
}

/* --- a file --------------------------------------------------------------------------- */

static _Noreturn void
write_and_stop(const struct hall *h, int ready)
{
	struct store *s = open_store(h);
	struct err e = ERR_INIT;

	begin(s);
	send_event(s, "one");
	if (!store_flush(s, &e) || write(ready, "x", 1) != 1)
		_exit(1);
	raise(SIGSTOP);
	_exit(store_commit(s, &e) ? 0 : 1);
}

static void
a_stopped_writer_is_busy(void **state)
{
	int ready[2], status;
	struct hall h;
	struct err e = ERR_INIT;
	int64_t since;
	pid_t pid;
	char byte;

	(void)state;
	open_hall(&h, false);
	ok(pipe(ready) == 0, "pipe");
	pid = fork(); /* uses a connection of its own */
	ok(pid >= 0, "fork");
	if (pid == 0)
		write_and_stop(&h, ready[1]);
	is_int(read(ready[0], &byte, 1), 1, "it writes");
	ok(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status),
	    "stopped");
	since = clock_ms();
	ok(!store_begin(h.s, STORE_WRITE, &e), "held");
	is_err(&e, ERR_BUSY, "held");
	is_soon(since, LOCK_MS - 50, SOON_MS, "told");
	is_ok(store_begin(h.s, STORE_READ, &e), &e, "who reads waits not");
	is_int(number(h.s, "SELECT COUNT(*) FROM webhook"), 0, "not yet");
	store_rollback(h.s);
	kill(pid, SIGCONT);
	ok(waitpid(pid, &status, 0) == pid && status == 0, "it goes on");
	is_int(events(h.s), 1, "there it is");
	close(ready[0]);
	close(ready[1]);
	close_hall(&h);
}

int
main(void)
{
	const struct CMUnitTest sqlite[] = {
	    cmocka_unit_test(a_stopped_writer_is_busy)};
	const struct CMUnitTest postgresql[] = {
	    cmocka_unit_test(silence_is_absence),
	    cmocka_unit_test(a_silent_commit_is_in_doubt_and_done_once),
	    cmocka_unit_test(a_server_that_hangs_takes_no_connection),
	    cmocka_unit_test(who_looks_at_all_may_take_time),
	    cmocka_unit_test(who_waits_for_the_standby_is_left_waiting),
	    cmocka_unit_test(a_debit_that_may_come_is_not_refused),
	    cmocka_unit_test(a_debit_that_may_come_is_not_a_strangers),
	    cmocka_unit_test(many_are_told_as_soon_as_one),
	    cmocka_unit_test(workers_are_told_and_nothing_is_doubled)};
	int failed;

	alarm(ENOUGH_S); /* who waits without an end fails */
	failed = cmocka_run_group_tests_name("SQLite", sqlite, NULL, NULL);

	if (!pg_start()) {
		printf("PostgreSQL is not installed: its half is left out\n");
		return failed;
	}
	failed +=
	    cmocka_run_group_tests_name("PostgreSQL", postgresql, NULL, NULL);
	pg_stop();
	return failed;
}
