/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/store.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/pg_help.h"
#include "tests/test.h"

#define WAIT_MS 20000

/* The same words on both engines, but for the type of bytes. */
#define THINGS(bytes)                                                        \
	"CREATE TABLE thing (id BIGINT PRIMARY KEY, name TEXT, data " bytes  \
	", amount BIGINT NOT NULL CONSTRAINT thing_amount CHECK (amount >= " \
	"0),"                                                                \
	" thing BIGINT REFERENCES thing (id), UNIQUE (name, amount))"
#define SQL_ADD                                             \
	"INSERT INTO thing (id, name, data, amount, thing)" \
	" VALUES ($1, $2, $3, $4, $5)"
#define SQL_ALL	  "SELECT id, name, data, amount, thing FROM thing ORDER BY id"
#define SQL_COUNT "SELECT COUNT(*) FROM thing"

struct fixture {
	char dir[64], uri[320];
	struct store *s;
};

static void
begin(struct store *s)
{
	struct err e = ERR_INIT;

	is_ok(store_begin(s, STORE_WRITE, &e), &e, "begin");
}

static void
commit(struct store *s)
{
	struct err e = ERR_INIT;

	is_ok(store_commit(s, &e), &e, "commit");
}

static void
receive(struct store *s, const char *what)
{
	struct err e = ERR_INIT;

	is_ok(store_receive(s, &e), &e, what);
}

static void
run(struct store *s, const char *sql)
{
	struct err e = ERR_INIT;

	is_ok(store_run(s, sql, &e), &e, sql);
}

static void
send_add(struct store *s, int64_t id, const char *name, int64_t amount)
{
	store_put_int(s, id);
	store_put_text(s, name);
	store_put_blob(s, "\0\xff", 2);
	store_put_int(s, amount);
	store_put_null(s);
	store_send(s, SQL_ADD);
}

static int64_t
count(struct store *s)
{
	struct err e = ERR_INIT;
	int64_t got;

	is_ok(store_begin(s, STORE_READ, &e), &e, "begin");
	run(s, SQL_COUNT);
	ok(store_row(s), "a row");
	got = store_int(s, 0);
	commit(s);
	return got;
}

static struct store *
another(const struct fixture *f)
{
	struct store *s;
	struct err e = ERR_INIT;

	is_ok(store_open(f->uri, WAIT_MS, &s, &e), &e, "open");
	return s;
}

static struct fixture *
setup_at(const char *uri)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (uri) {
		snprintf(f->uri, sizeof(f->uri), "%s", uri);
	} else {
		strcpy(f->dir, "/tmp/t_store.XXXXXX");
		ok(mkdtemp(f->dir) != NULL, "folder");
		snprintf(f->uri, sizeof(f->uri), "sqlite:%s/db", f->dir);
	}
	f->s = another(f);
	begin(f->s);
	run(f->s, uri ? THINGS("BYTEA") : THINGS("BLOB"));
	commit(f->s);
	return f;
}

static int
setup_sqlite(void **state)
{
	*state = setup_at(NULL);
	return 0;
}

static int
setup_postgresql(void **state)
{
	*state = setup_at(pg_database());
	return 0;
}

static int
teardown(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	struct fixture *f = *state;
	char path[128];

	store_close(f->s);
	for (int i = 0; i < 3 && f->dir[0]; i++) {
		snprintf(path, sizeof(path), "%s/db%s", f->dir, ends[i]);
		unlink(path);
	}
	if (f->dir[0])
		rmdir(f->dir);
	free(f);
	return 0;
}

/* --- values ------------------------------------------------------------------- */

static void
values_come_back_as_they_went(void **state)
{
	static const int64_t numbers[] = {
	    0, -1, INT64_MIN, INT64_MAX, 1LL << 53};
	struct store *s = ((struct fixture *)*state)->s;
	struct err e = ERR_INIT;
	uint8_t all[256];
	const uint8_t *got;
	size_t len;

	for (int i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	begin(s);
	for (int i = 0; i < 5; i++) {
		store_put_int(s, numbers[i]);
		store_put_blob(s, all, sizeof(all));
		store_put_text(s, "Zürich \xf0\x9f\x93\xae 'x' \" \\ \n");
		is_ok(
		    store_run(s,
			"SELECT CAST($1 AS BIGINT), $2, CAST($3 AS TEXT)", &e),
		    &e, "select");
		ok(store_row(s), "a row");
		is_int(store_int(s, 0), numbers[i], "number");
		got = store_blob(s, 1, &len);
		is_int(len, 256, "length");
		is_mem(got, all, 256, "bytes");
		is_str(store_text(s, 2), "Zürich \xf0\x9f\x93\xae 'x' \" \\ \n",
		    "text");
		ok(!store_row(s), "one row");
	}
	commit(s);
}

static void
nothing_and_empty_differ(void **state)
{
	struct store *s = ((struct fixture *)*state)->s;
	size_t len = 7;

	begin(s);
	store_put_int(s, 1);
	store_put_text(s, NULL);
	store_put_null(s);
	store_put_int(s, 0);
	store_put_null(s);
	store_send(s, SQL_ADD);
	store_put_int(s, 2);
	store_put_text(s, "");
	store_put_blob(s, NULL, 0);
	store_put_int(s, 0);
	store_put_int(s, 1);
	store_send(s, SQL_ADD);
	run(s, SQL_ALL);
	ok(store_row(s), "first");
	ok(store_is_null(s, 1) && store_is_null(s, 2) && store_is_null(s, 4),
	    "NULL");
	is_str(store_text(s, 1), "", "no text");
	ok(store_blob(s, 2, &len) != NULL && len == 0, "no bytes");
	is_int(store_int(s, 4), 0, "no number");
	ok(store_row(s), "second");
	ok(!store_is_null(s, 1) && !store_is_null(s, 2), "empty");
	ok(store_blob(s, 2, &len) != NULL && len == 0, "no bytes");
	is_int(store_int(s, 4), 1, "number");
	ok(!store_row(s), "end");
	commit(s);
}

#define ROWS_HEAD "INSERT INTO thing (id, name, data, amount, thing) VALUES"
#define ROWS_LET  " ON CONFLICT DO NOTHING"

static void
put_rows(struct store *s, int64_t first, int64_t last)
{
	for (int64_t id = first; id <= last; id++) {
		char name[16];

		snprintf(name, sizeof(name), "n%d", (int)id);
		store_put_int(s, id);
		store_put_text(s, name);
		store_put_blob(s, name, 2);
		store_put_int(s, 10 * id);
		if (id % 2 == 0)
			store_put_int(s, id);
		else
			store_put_no_int(s);
	}
}

/* Every number of rows up to more than two full statements. */
static void
many_rows_go_together(void **state)
{
	struct store *s = ((struct fixture *)*state)->s;
	struct err e = ERR_INIT;

	for (int64_t n = 0; n <= 40; n++) {
		begin(s);
		put_rows(s, 1, n);
		store_send_rows(s, ROWS_HEAD, 5, "");
		is_ok(store_flush(s, &e), &e, "rows");
		is_int(store_changed_all(s), n, "as many as were sent");
		run(s, SQL_ALL);
		for (int64_t id = 1; id <= n; id++) {
			ok(store_row(s), "a row");
			is_int(store_int(s, 0), id, "its number");
			is_int(store_int(s, 3), 10 * id, "its amount");
			is_int(store_is_null(s, 4), id % 2, "its nothing");
		}
		ok(!store_row(s), "no more");
		store_rollback(s);
	}
	begin(s);
	put_rows(s, 5, 9);
	store_send_rows(s, ROWS_HEAD, 5, ROWS_LET);
	put_rows(s, 1, 30);
	store_send_rows(s, ROWS_HEAD, 5, ROWS_LET);
	commit(s);
	is_int(store_changed_all(s), 30, "each once");
	is_int(count(s), 30, "rows");
	begin(s);
	put_rows(s, 30, 33);
	store_send_rows(s, ROWS_HEAD, 5, "");
	ok(!store_commit(s, &e), "one is there");
	is_int(count(s), 30, "so none is written");
}

static void
truth_is_0_or_1(void **state)
{
	struct store *s = ((struct fixture *)*state)->s;

	begin(s);
	run(s, "SELECT 1 = 1, 1 = 2, COUNT(*), CAST(7 AS INTEGER) FROM thing");
	ok(store_row(s), "row");
	is_int(store_int(s, 0), 1, "true");
	is_int(store_int(s, 1), 0, "false");
	is_int(store_int(s, 2), 0, "count");
	is_int(store_int(s, 3), 7, "short number");
	commit(s);
}

static void
fractions_are_refused(void **state)
{
	struct store *s = ((struct fixture *)*state)->s;
	struct err e = ERR_INIT;

	begin(s);
	ok(!store_run(s, "SELECT AVG(x.a) FROM (SELECT 1 AS a) x", &e),
	    "refused");
	is_err(&e, ERR_SYSTEM, "fraction");
	store_rollback(s);
}

static void
text_that_is_none_is_refused(void **state)
{
	struct store *s = ((struct fixture *)*state)->s;
	struct err e = ERR_INIT;

	begin(s);
	send_add(s, 1, "a\xc0\xaf", 1);
	ok(!store_commit(s, &e), "refused");
	is_err(&e, ERR_REQUEST, "no UTF-8");
	is_int(count(s), 0, "nothing is there");
}

/* --- calls --------------------------------------------------------------------- */

static void
results_come_in_the_order_of_sending(void **state)
{
	struct store *s = ((struct fixture *)*state)->s;

	begin(s);
	send_add(s, 1, "one", 10);
	send_add(s, 2, "two", 20);
	store_put_int(s, 5);
	store_send(s, "UPDATE thing SET amount = amount + $1");
	store_put_int(s, 2);
	store_send(s, "SELECT amount FROM thing WHERE id = $1 FOR UPDATE");
	receive(s, "first");
	is_int(store_changed(s), 1, "one added");
	receive(s, "second");
	store_put_int(s, 2); /* of one to come, between two results */
	receive(s, "update");
	is_int(store_changed(s), 2, "both changed");
	ok(!store_row(s), "no rows");
	receive(s, "select");
	is_int(store_changed(s), 0, "none changed");
	ok(store_row(s), "row");
	is_int(store_int(s, 0), 25, "amount");
	store_send(s, "DELETE FROM thing WHERE id >= $1 RETURNING id, name");
	receive(s, "delete");
	is_int(store_changed(s), 1, "one deleted");
	ok(store_row(s), "row");
	is_str(store_text(s, 1), "two", "which");
	commit(s);
	is_int(count(s), 1, "left");
}

static void
parameters_may_be_used_twice_and_in_any_order(void **state)
{
	struct store *s = ((struct fixture *)*state)->s;

	begin(s);
	store_put_int(s, 1);
	store_put_int(s, 20);
	run(s, "SELECT $2 - $1 - $1, CAST($1 AS BIGINT)");
	ok(store_row(s), "row");
	is_int(store_int(s, 0), 18, "by number");
	is_int(store_int(s, 1), 1, "by number");
	commit(s);
}

static void
one_text_takes_values_and_nothing(void **state)
{
	struct store *s = ((struct fixture *)*state)->s;

	begin(s);
	for (int i = 0; i < 6; i++) {
		store_put_int(s, i);
		if (i % 3 == 0)
			store_put_null(s);
		else
			store_put_text(s, "x");
		store_put_null(s);
		if (i % 2)
			store_put_int(s, i);
		else
			store_put_int(s, 10 + i);
		if (i == 0)
			store_put_null(s);
		else
			store_put_int(s, i - 1);
		store_send(s, SQL_ADD);
	}
	commit(s);
	is_int(count(s), 6, "rows");
}

static void
much_may_be_sent_before_the_first_result(void **state)
{
	enum { MANY = 200, BIG = 100000 };
	struct store *s = ((struct fixture *)*state)->s;
	uint8_t *bytes = calloc(1, BIG);
	size_t len;

	begin(s);
	for (int i = 0; i < MANY; i++) {
		bytes[0] = (uint8_t)i;
		store_put_blob(s, bytes, BIG);
		store_send(s, "SELECT $1");
	}
	for (int i = 0; i < MANY; i++) {
		receive(s, "big");
		ok(store_row(s), "row");
		is_int(store_blob(s, 0, &len)[0], i, "order");
		is_int(len, BIG, "length");
	}
	commit(s);
	free(bytes);
}

static void
wrong_calls_are_told(void **state)
{
	static const char *const wrong[] = {"SELECT nothing FROM nowhere",
	    "SELEC", "SELECT id FROM thing WHERE id = $1 AND amount = $2"};
	struct store *s = ((struct fixture *)*state)->s;

	for (size_t i = 0; i < 3; i++) {
		struct err e = ERR_INIT;

		begin(s);
		store_put_int(s, 1);
		ok(!store_run(s, wrong[i], &e), wrong[i]);
		is_err(&e, ERR_SYSTEM, wrong[i]);
		store_rollback(s);
	}
	is_int(count(s), 0, "still of use");
}

/* --- errors ---------------------------------------------------------------------- */

static void
refused(struct store *s, const char *conflict)
{
	struct err e = ERR_INIT;

	ok(!store_flush(s, &e), "refused");
	is_err(&e, ERR_REQUEST, "conflict");
	is_str(store_conflict(s), conflict, "conflict");
	store_rollback(s);
	is_str(store_conflict(s), conflict, "still known");
}

static void
conflicts_have_the_same_names(void **state)
{
	struct store *s = ((struct fixture *)*state)->s;

	begin(s);
	send_add(s, 1, "one", 10);
	commit(s);
	begin(s);
	is_str(store_conflict(s), "", "none");
	send_add(s, 1, "two", 10);
	refused(s, "thing.id");
	begin(s);
	send_add(s, 2, "one", 10);
	refused(s, "thing.name, thing.amount");
	begin(s);
	send_add(s, 2, "two", -1);
	refused(s, "thing_amount");
	begin(s);
	run(s, "SELECT 1");
	store_send(s, "UPDATE thing SET amount = NULL");
	refused(s, "thing.amount");
	begin(s);
	store_put_int(s, 77);
	store_send(s, "UPDATE thing SET thing = $1");
	refused(s, "foreign key");
	is_int(count(s), 1, "as before");
}

static void
what_follows_an_error_is_not_done(void **state)
{
	struct store *s = ((struct fixture *)*state)->s;
	struct err e = ERR_INIT, again = ERR_INIT, end = ERR_INIT;

	begin(s);
	send_add(s, 1, "one", 10);
	send_add(s, 2, "two", -1);
	send_add(s, 3, "three", 30);
	receive(s, "first");
	ok(!store_receive(s, &e), "second");
	is_err(&e, ERR_REQUEST, "second");
	ok(!store_receive(s, &again), "third");
	is_str(again.text, e.text, "the same error");
	send_add(s, 4, "four", 40);
	ok(!store_commit(s, &end), "commit");
	is_err(&end, ERR_REQUEST, "commit");
	ok(!store_in_doubt(s), "no doubt");
	store_rollback(s); /* once more does no harm */
	is_int(count(s), 0, "nothing is there");
}

static void
commit_tells_of_what_was_not_received(void **state)
{
	struct store *s = ((struct fixture *)*state)->s;
	struct err e = ERR_INIT;

	begin(s);
	send_add(s, 1, "one", 10);
	send_add(s, 2, "two", -1);
	send_add(s, 3, "three", 30);
	ok(!store_commit(s, &e), "commit");
	is_err(&e, ERR_REQUEST, "commit");
	is_str(store_conflict(s), "thing_amount", "which");
	ok(!store_in_doubt(s), "no doubt");
	is_int(count(s), 0, "nothing is there");
	begin(s);
	send_add(s, 1, "one", 10);
	commit(s);
	is_int(count(s), 1, "the same statement is of use");
}

static void
rollback_leaves_nothing(void **state)
{
	struct store *s = ((struct fixture *)*state)->s;

	begin(s);
	send_add(s, 1, "one", 10);
	store_rollback(s); /* sent and not received */
	begin(s);
	send_add(s, 1, "one", 10);
	receive(s, "add");
	send_add(s, 2, "two", 10);
	store_rollback(s);
	begin(s);
	store_rollback(s);
	is_int(count(s), 0, "nothing is there");
}

static void
readers_cannot_write(void **state)
{
	struct store *s = ((struct fixture *)*state)->s;
	struct err e = ERR_INIT;

	is_ok(store_begin(s, STORE_READ, &e), &e, "begin");
	send_add(s, 1, "one", 10);
	ok(!store_receive(s, &e), "refused");
	is_err(&e, ERR_SYSTEM, "refused");
	store_rollback(s);
	is_int(count(s), 0, "nothing is there");
}

static void
readers_see_one_moment(void **state)
{
	struct fixture *f = *state;
	struct store *other = another(f);
	struct err e = ERR_INIT;

	is_ok(store_begin(f->s, STORE_READ, &e), &e, "begin");
	run(f->s, SQL_COUNT);
	begin(other);
	send_add(other, 1, "one", 10);
	commit(other);
	run(f->s, SQL_COUNT);
	ok(store_row(f->s), "row");
	is_int(store_int(f->s, 0), 0, "as it was");
	commit(f->s);
	is_int(count(f->s), 1, "as it is");
	store_close(other);
}

static void
unusable_uris_are_refused(void **state)
{
	static const char *const uris[] = {"", "file:/x", "sqlite:x",
	    "sqlite:", "postgresql:secret", "postgresql://x?secret=secret"};
	struct store *s;

	(void)state;
	for (size_t i = 0; i < sizeof(uris) / sizeof(*uris); i++) {
		struct err e = ERR_INIT;

		ok(!store_open(uris[i], 100, &s, &e), uris[i]);
		is_err(&e, ERR_CONFIG, uris[i]);
		ok(s == NULL && !strstr(e.text, "secret"), "nothing is told");
	}
}

/* --- many at once ------------------------------------------------------------------ */

enum { THREADS = 8, ROUNDS = 40 };

static void *
add_many(void *context)
{
	struct store *s;
	struct err e = ERR_INIT;

	if (!store_open(context, WAIT_MS, &s, &e))
		return NULL;
	for (int i = 0; i < ROUNDS; i++) {
		if (!store_begin(s, STORE_WRITE, &e) ||
		    !store_run(s,
			"SELECT amount FROM thing WHERE id = 1 FOR UPDATE",
			&e) ||
		    !store_row(s))
			break;
		store_put_int(s, store_int(s, 0) + 1);
		store_send(s, "UPDATE thing SET amount = $1 WHERE id = 1");
		if (!store_commit(s, &e))
			break;
	}
	if (e.kind != ERR_NONE)
		print_error("%s\n", e.text);
	store_close(s);
	return NULL;
}

static void
writers_do_not_overwrite_each_other(void **state)
{
	struct fixture *f = *state;
	pthread_t threads[THREADS];

	begin(f->s);
	send_add(f->s, 1, "one", 0);
	commit(f->s);
	for (int i = 0; i < THREADS; i++)
		ok(pthread_create(&threads[i], NULL, add_many, f->uri) == 0,
		    "thread");
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	begin(f->s);
	run(f->s, "SELECT amount FROM thing");
	ok(store_row(f->s), "row");
	is_int(store_int(f->s, 0), THREADS * ROUNDS, "none was lost");
	commit(f->s);
}

static void
who_waits_too_long_is_told(void **state)
{
	struct fixture *f = *state;
	struct store *other;
	struct err e = ERR_INIT;

	begin(f->s);
	send_add(f->s, 1, "one", 0);
	commit(f->s);
	is_ok(store_open(f->uri, 150, &other, &e), &e, "open");
	begin(f->s);
	run(f->s, "UPDATE thing SET amount = 1");
	ok(!store_begin(other, STORE_WRITE, &e) ||
		!store_run(other, "UPDATE thing SET amount = 2", &e),
	    "held");
	is_err(&e, ERR_BUSY, "held");
	store_rollback(other);
	commit(f->s);
	begin(other);
	run(other, "UPDATE thing SET amount = 3");
	commit(other);
	store_close(other);
}

/* --- schema -------------------------------------------------------------------------- */

static int
migrate(struct store *s, int *from)
{
	struct err e = ERR_INIT;
	int to;

	is_ok(store_migrate(s, from, &to, &e), &e, "migrate");
	return to;
}

static void
migration_is_done_once(void **state)
{
	struct store *s = ((struct fixture *)*state)->s;
	struct err e = ERR_INIT;
	int from, to;

	ok(!store_check_version(s, &e), "nothing there");
	is_err(&e, ERR_CONFIG, "nothing there");
	to = migrate(s, &from);
	is_int(from, 0, "from");
	ok(to > 0, "to");
	is_ok(store_check_version(s, &e), &e, "version");
	is_int(migrate(s, &from), to, "again");
	is_int(from, to, "nothing was done");
}

static void
migration_may_be_asked_for_by_many(void **state)
{
	enum { PROCESSES = 4 };
	struct fixture *f = *state;
	int from, status;

	store_close(f->s);
	for (int i = 0; i < PROCESSES; i++)
		if (fork() == 0) {
			struct err e = ERR_INIT;
			int to;

			if (!store_open(f->uri, WAIT_MS, &f->s, &e) ||
			    !store_migrate(f->s, &from, &to, &e)) {
				print_error("%s\n", e.text);
				_exit(1);
			}
			store_close(f->s);
			_exit(0);
		}
	for (int i = 0; i < PROCESSES; i++) {
		wait(&status);
		is_int(status, 0, "process");
	}
	f->s = another(f);
	is_int(migrate(f->s, &from), from, "done");
}

static void
refuses_schema(struct fixture *f, const char *sql)
{
	struct err e = ERR_INIT;
	int from, to;

	migrate(f->s, &from);
	begin(f->s);
	run(f->s, sql);
	commit(f->s);
	ok(!store_migrate(f->s, &from, &to, &e), "migrate");
	is_err(&e, ERR_CONFIG, "migrate");
	ok(!store_check_version(f->s, &e), "check");
	is_err(&e, ERR_CONFIG, "check");
}

static void
changed_texts_are_refused(void **state)
{
	refuses_schema(
	    *state, "UPDATE schema_version SET sha256 = 'x' WHERE number = 1");
}

static void
newer_databases_are_refused(void **state)
{
	refuses_schema(*state,
	    "INSERT INTO schema_version (number, name, sha256, at)"
	    " SELECT MAX(number) + 1, 'x', 'x', 0 FROM schema_version");
}

/* --- of SQLite ------------------------------------------------------------------------ */

static void
file_is_its_owners(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	is_int(stat(f->uri + strlen("sqlite:"), &st), 0, "file");
	is_int(st.st_mode & 0777, 0600, "mode");
}

/* The file cannot grow: the commit's pages do not all get there. */
static void
commit_that_cannot_be_written_is_in_doubt(void **state)
{
	struct store *s = ((struct fixture *)*state)->s;
	struct rlimit old, none;
	struct err e = ERR_INIT;
	bool good;

	begin(s);
	send_add(s, 1, "one", 1);
	receive(s, "add");
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	none = old;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_FSIZE, &none);
	good = store_commit(s, &e);
	setrlimit(RLIMIT_FSIZE, &old);
	ok(!good, "commit");
	is_err(&e, ERR_SYSTEM, "commit");
	ok(store_in_doubt(s), "in doubt");
	begin(s);
	ok(!store_in_doubt(s), "a new one is not");
	send_add(s, 2, "two", 1);
	commit(s);
	is_int(count(s), 1, "of use again");
}

static void
damaged_files_are_told(void **state)
{
	struct fixture *f = *state;
	const char *path = f->uri + strlen("sqlite:");
	struct err e = ERR_INIT;
	int fd;

	store_close(f->s);
	f->s = NULL;
	fd = open(path, O_RDWR | O_TRUNC);
	is_int(
	    write(fd, "this is no database, this is a text", 35), 35, "text");
	close(fd);
	ok(!store_open(f->uri, 100, &f->s, &e), "open");
	is_err(&e, ERR_CORRUPT, "open");
}

/* --- of PostgreSQL ------------------------------------------------------------------- */

static int64_t
number(struct store *s, const char *sql)
{
	run(s, sql);
	ok(store_row(s), sql);
	return store_int(s, 0);
}

/* What another session does to the one with process number `pid`. */
static void
strike(struct store *s, int64_t pid, const char *sql)
{
	struct err e = ERR_INIT;

	is_ok(store_begin(s, STORE_READ, &e), &e, "begin");
	store_put_int(s, pid);
	is_ok(store_run(s, sql, &e), &e, sql);
	commit(s);
}

#define SQL_PID	 "SELECT pg_backend_pid()"
#define SQL_KILL "SELECT pg_terminate_backend(CAST($1 AS INTEGER), 5000)"
#define SQL_STOP "SELECT pg_cancel_backend(CAST($1 AS INTEGER))"

static void
lost_connections_are_opened_again(void **state)
{
	struct fixture *f = *state;
	struct store *s = f->s, *other = another(f);
	int64_t pid;

	for (int i = 0; i < 3; i++) {
		begin(s);
		pid = number(s, SQL_PID);
		send_add(s, i, "one", i);
		commit(s);
		strike(other, pid, SQL_KILL);
	}
	is_int(count(s), 3, "the same statements are of use");
	store_close(other);
}

static void
lost_transactions_are_absent(void **state)
{
	struct fixture *f = *state;
	struct store *s = f->s, *other = another(f);
	struct err e = ERR_INIT;

	begin(s);
	send_add(s, 1, "one", 1);
	strike(other, number(s, SQL_PID), SQL_KILL);
	send_add(s, 2, "two", 1);
	ok(!store_flush(s, &e), "lost");
	is_err(&e, ERR_ABSENT, "lost");
	ok(!store_commit(s, &e), "lost");
	is_err(&e, ERR_ABSENT, "lost");
	ok(!store_in_doubt(s), "nothing was committed");
	is_int(count(s), 0, "nothing is there");
	begin(s);
	send_add(s, 1, "one", 1);
	receive(s, "add");
	strike(other, number(s, SQL_PID), SQL_KILL);
	ok(!store_commit(s, &e), "lost before the commit was sent");
	is_err(&e, ERR_SYSTEM, "nobody knows");
	ok(store_in_doubt(s), "in doubt");
	is_int(count(s), 0, "nothing is there");
	store_close(other);
}

struct committer {
	struct store *s;
	struct err e;
	bool done;
};

static void *
commit_aside(void *context)
{
	struct committer *c = context;

	c->done = store_commit(c->s, &c->e);
	return NULL;
}

static void
wait_for_the_standby_that_is_broken_off(
    struct fixture *f, const char *how, int64_t id, bool writes)
{
	struct committer c = {.s = f->s, .e = ERR_INIT};
	struct store *other = another(f);
	struct err e = ERR_INIT;
	pthread_t thread;
	bool waits = false;
	int64_t pid;

	pg_want_standby(true);
	begin(f->s);
	pid = number(f->s, SQL_PID);
	if (writes)
		send_add(f->s, id, "one", id);
	is_int(pthread_create(&thread, NULL, commit_aside, &c), 0, "thread");
	for (int i = 0; !waits && i < 500; i++, usleep(20000)) {
		is_ok(store_begin(other, STORE_READ, &e), &e, "begin");
		store_put_int(other, pid);
		run(other, "SELECT 1 FROM pg_stat_activity WHERE pid = $1"
			   " AND wait_event = 'SyncRep'");
		waits = store_row(other);
		commit(other);
	}
	ok(waits, "the commit waits for the standby");
	strike(other, pid, how);
	pthread_join(thread, NULL);
	pg_want_standby(false);
	ok(!c.done, "not known to be on the standby");
	is_err(&c.e, ERR_SYSTEM, "commit");
	ok(store_in_doubt(f->s), "in doubt");
	is_int(count(f->s), id, "here it is");
	store_close(other);
}

static void
commit_without_the_standby_is_in_doubt(void **state)
{
	wait_for_the_standby_that_is_broken_off(*state, SQL_STOP, 1, true);
	wait_for_the_standby_that_is_broken_off(*state, SQL_KILL, 2, true);
	/* what another one has written and the standby has not is found, and
	 * not yet believed */
	wait_for_the_standby_that_is_broken_off(*state, SQL_STOP, 2, false);
}

static void
deferred_constraints_refuse_the_commit(void **state)
{
	struct store *s = ((struct fixture *)*state)->s;
	struct err e = ERR_INIT;

	begin(s);
	run(s, "CREATE TABLE later (id BIGINT CONSTRAINT later_id UNIQUE "
	       "DEFERRABLE INITIALLY DEFERRED)");
	commit(s);
	begin(s);
	run(s, "INSERT INTO later VALUES (1), (1)");
	ok(!store_commit(s, &e), "commit");
	is_err(&e, ERR_REQUEST, "commit");
	is_str(store_conflict(s), "later.id", "which");
	ok(!store_in_doubt(s), "no doubt");
}

static void
deadlocks_are_busy(void **state)
{
	struct fixture *f = *state;
	struct store *other = another(f);
	struct committer c = {.s = other, .e = ERR_INIT};
	struct err e = ERR_INIT;
	pthread_t thread;
	bool done;

	begin(f->s);
	send_add(f->s, 1, "one", 1);
	send_add(f->s, 2, "two", 1);
	commit(f->s);
	begin(f->s);
	begin(other);
	run(f->s, "UPDATE thing SET amount = 2 WHERE id = 1");
	run(other, "UPDATE thing SET amount = 3 WHERE id = 2");
	store_send(other, "UPDATE thing SET amount = 3 WHERE id = 1");
	is_int(pthread_create(&thread, NULL, commit_aside, &c), 0, "thread");
	store_send(f->s, "UPDATE thing SET amount = 2 WHERE id = 2");
	done = store_commit(f->s, &e);
	pthread_join(thread, NULL);
	ok(done != c.done, "one of them");
	is_err(done ? &c.e : &e, ERR_BUSY, "the other");
	store_close(other);
}

static void
changed_columns_are_read_again(void **state)
{
	struct fixture *f = *state;
	struct store *other = another(f);
	struct err e = ERR_INIT;
	bool good = false;

	begin(f->s);
	run(f->s, "SELECT * FROM thing");
	commit(f->s);
	begin(other);
	run(other, "ALTER TABLE thing ADD COLUMN more TEXT");
	commit(other);
	for (int i = 0; i < 2 && !good; i++) {
		begin(f->s);
		good = store_run(f->s, "SELECT * FROM thing", &e);
		if (good)
			commit(f->s);
		else
			is_err(&e, ERR_BUSY, "begin again");
		store_rollback(f->s);
	}
	ok(good, "the second time");
	store_close(other);
}

static void
name_has_no_password(void **state)
{
	struct fixture *f = *state;
	char uri[sizeof(f->uri) + 32];
	struct err e = ERR_INIT;
	struct store *s;

	snprintf(uri, sizeof(uri), "%s password=secret", f->uri);
	is_ok(store_open(uri, WAIT_MS, &s, &e), &e, "open");
	ok(strstr(store_name(s), "dbname=test") != NULL, "its name");
	ok(strstr(store_name(s), "secret") == NULL, "no password");
	store_close(s);
	ok(!store_open("postgresql://u:secret@/x?host=/nowhere", 100, &s, &e),
	    "nobody there");
	is_err(&e, ERR_ABSENT, "nobody there");
	ok(strstr(e.text, "secret") == NULL, "no password");
	ok(strchr(e.text, '\n') == NULL, "one line");
}

static void
name_has_the_service(void **state)
{
	const char text[] = "[books]\nhost=/nowhere\nuser=u\n";
	char path[] = "/tmp/t_store.XXXXXX";
	struct err e = ERR_INIT;
	int fd = mkstemp(path);
	struct store *s;

	(void)state;
	is_int(write(fd, text, strlen(text)), strlen(text), "write");
	close(fd);
	setenv("PGSERVICEFILE", path, 1);
	ok(!store_open("postgresql:service=books", 100, &s, &e),
	    "nobody there");
	unsetenv("PGSERVICEFILE");
	unlink(path);
	is_err(&e, ERR_ABSENT, "nobody there");
	ok(strstr(e.text, "postgresql:service=books: ") != NULL, "its name");
}

#define COMMON(X)                                                      \
	X(values_come_back_as_they_went), X(nothing_and_empty_differ), \
	    X(many_rows_go_together), X(truth_is_0_or_1),              \
	    X(fractions_are_refused), X(text_that_is_none_is_refused), \
	    X(results_come_in_the_order_of_sending),                   \
	    X(parameters_may_be_used_twice_and_in_any_order),          \
	    X(one_text_takes_values_and_nothing),                      \
	    X(much_may_be_sent_before_the_first_result),               \
	    X(wrong_calls_are_told), X(conflicts_have_the_same_names), \
	    X(what_follows_an_error_is_not_done),                      \
	    X(commit_tells_of_what_was_not_received),                  \
	    X(rollback_leaves_nothing), X(readers_cannot_write),       \
	    X(readers_see_one_moment), X(unusable_uris_are_refused),   \
	    X(writers_do_not_overwrite_each_other),                    \
	    X(who_waits_too_long_is_told), X(migration_is_done_once),  \
	    X(migration_may_be_asked_for_by_many),                     \
	    X(changed_texts_are_refused), X(newer_databases_are_refused)
#define SQLITE(f) cmocka_unit_test_setup_teardown(f, setup_sqlite, teardown)
#define PG(f)	  cmocka_unit_test_setup_teardown(f, setup_postgresql, teardown)

int
main(void)
{
	const struct CMUnitTest sqlite[] = {
	    COMMON(SQLITE),
	    SQLITE(file_is_its_owners),
	    SQLITE(commit_that_cannot_be_written_is_in_doubt),
	    SQLITE(damaged_files_are_told),
	};
	const struct CMUnitTest postgresql[] = {
	    COMMON(PG),
	    PG(lost_connections_are_opened_again),
	    PG(lost_transactions_are_absent),
	    PG(commit_without_the_standby_is_in_doubt),
	    PG(deferred_constraints_refuse_the_commit),
	    PG(deadlocks_are_busy),
	    PG(changed_columns_are_read_again),
	    PG(name_has_no_password),
	    PG(name_has_the_service),
	};
	int failed = cmocka_run_group_tests_name("SQLite", sqlite, NULL, NULL);

	if (!pg_start()) {
		printf("PostgreSQL is not installed: its half is left out\n");
		return failed;
	}
	failed +=
	    cmocka_run_group_tests_name("PostgreSQL", postgresql, NULL, NULL);
	pg_stop();
	return failed;
}
