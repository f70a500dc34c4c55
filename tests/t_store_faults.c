/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A medium that fails while SQLite commits: what is refused does not come back
 * after a crash, and what is in doubt is answered by nobody.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "provider/store.h"
#include "tests/test.h"

static int sync_fails; /* so many of them from now on */

/* SQLite's own calls find these first. */
int
fdatasync(int fd)
{
	if (sync_fails > 0) {
		sync_fails--;
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

int
fsync(int fd)
{
	return fdatasync(fd);
}

/* --- help -------------------------------------------------------------------------- */

struct desk {
	char folder[64], uri[128];
	struct store *one, *two;
};

static void
open_desk(struct desk *d)
{
	struct err e = ERR_INIT;

	snprintf(d->folder, sizeof(d->folder), "/tmp/t_store_faults.XXXXXX");
	ok(mkdtemp(d->folder) != NULL, "folder");
	snprintf(d->uri, sizeof(d->uri), "sqlite:%s/books.db", d->folder);
	is_ok(store_open(d->uri, 1000, &d->one, &e) &&
		  store_begin(d->one, STORE_WRITE, &e) &&
		  store_run(d->one, "CREATE TABLE thing (id BIGINT)", &e) &&
		  store_commit(d->one, &e) &&
		  store_open(d->uri, 1000, &d->two, &e),
	    &e, "open");
}

static void
run(const char *command)
{
	ok(system(command) == 0, command);
}

static void
close_desk(struct desk *d)
{
	char command[128];

	store_close(d->one);
	store_close(d->two);
	snprintf(command, sizeof(command), "rm -rf %s", d->folder);
	run(command);
}

static bool
add(struct store *s, int64_t id, struct err *e)
{
	if (!store_begin(s, STORE_WRITE, e))
		return false;
	store_put_int(s, id);
	return store_run(s, "INSERT INTO thing (id) VALUES ($1)", e) &&
	       store_commit(s, e);
}

static int64_t
sum(struct store *s)
{
	struct err e = ERR_INIT;
	int64_t all;

	is_ok(store_begin(s, STORE_READ, &e) &&
		  store_run(s, "SELECT COALESCE(SUM(id), 0) FROM thing", &e),
	    &e, "sum");
	ok(store_row(s), "a row");
	all = store_int(s, 0);
	store_rollback(s);
	return all;
}

/* What the file and its log come to when power is cut now. */
static int64_t
sum_after_crash(const struct desk *d)
{
	char command[256], uri[160];
	struct err e = ERR_INIT;
	struct store *s;
	int64_t all;

	snprintf(command, sizeof(command),
	    "rm -rf %s/crash && mkdir %s/crash && cp %s/books.db "
	    "%s/books.db-wal %s/crash",
	    d->folder, d->folder, d->folder, d->folder, d->folder);
	run(command);
	snprintf(uri, sizeof(uri), "sqlite:%s/crash/books.db", d->folder);
	is_ok(store_open(uri, 1000, &s, &e), &e, "open");
	all = sum(s);
	store_close(s);
	return all;
}

/* --- tests ------------------------------------------------------------------------------ */

static void
a_commit_that_failed_does_not_come_back(void **state)
{
	struct err e = ERR_INIT;
	struct desk d;

	(void)state;
	open_desk(&d);
	is_ok(add(d.one, 1, &e), &e, "add");
	sync_fails = 1;
	ok(!add(d.one, 10, &e), "the medium fails");
	is_err(&e, ERR_SYSTEM, "the medium fails");
	ok(!store_in_doubt(d.one), "it is known");
	is_int(sum(d.one), 1, "it is not there");
	is_int(sum_after_crash(&d), 1, "nor after a crash");
	e = (struct err)ERR_INIT;
	is_ok(add(d.one, 100, &e), &e, "the connection is good");
	is_int(sum_after_crash(&d), 101, "after a crash");
	close_desk(&d);
}

static void
nobody_writes_while_it_may_come_back(void **state)
{
	struct err e = ERR_INIT;
	struct desk d;

	(void)state;
	open_desk(&d);
	is_ok(add(d.one, 1, &e), &e, "add");
	sync_fails = 1000;
	ok(!add(d.one, 10, &e), "the medium fails");
	ok(store_in_doubt(d.one), "nobody knows");
	for (int i = 0; i < 2; i++) {
		e = (struct err)ERR_INIT;
		ok(!store_begin(i == 0 ? d.one : d.two, STORE_WRITE, &e),
		    "nobody begins");
		is_err(&e, ERR_ABSENT, "nobody begins");
	}
	sync_fails = 0;
	e = (struct err)ERR_INIT;
	is_ok(store_begin(d.two, STORE_WRITE, &e), &e, "it is good again");
	store_rollback(d.two);
	is_int(sum_after_crash(&d), 1, "what could not be said is not there");
	is_ok(add(d.one, 100, &e), &e, "add");
	is_int(sum(d.two), 101, "sum");
	close_desk(&d);
}

static const struct CMUnitTest tests[] = {
    T(a_commit_that_failed_does_not_come_back),
    T(nobody_writes_while_it_may_come_back),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
