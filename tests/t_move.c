/* SPDX-License-Identifier: Apache-2.0 */
/* Books that grow out of their file: all of them arrive, and one of both serves. */
#include "provider/store_move.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "provider/audit.h"
#include "provider/store_own.h"
#include "provider/store_server.h"
#include "tests/api_help.h"
#include "tests/pg_help.h"
#include "tests/test.h"

#define MANY   600 /* stamps: more than two pages of one table */
#define TABLES 64

static struct issue_result issued;

/* Each table has a row, so that none is forgotten. */
static const char *const fill[] = {
    "INSERT INTO cost_code (account, code, name) VALUES (2, 'c', "
    "'B\303\274ro')",
    "INSERT INTO sheet_range (first, last, media, labels, made) "
    "VALUES (1, 72057594037927935, 'Avery-5160', 30, 5)",
    "INSERT INTO sheet (serial, account, state) VALUES (7, 2, 'void')",
    "INSERT INTO label_void (sheet, label, made) VALUES (7, 1, 5)",
    "INSERT INTO stamp_order (usersystem, key, stamps, pieces, total, due, "
    "made, expires) VALUES (1, x'00ff00', x'', 1, 100, 0, 1, 2)",
    "INSERT INTO refund (account, usersystem, state, stamps, total, reason, "
    "made) VALUES (2, 1, 'rejected', 1, 100, 'torn', 1)",
    "INSERT INTO refund_approval (refund, person, method, made) "
    "VALUES (1, 1, 'shredded', 1)",
    "INSERT INTO psd (serial, account, place, point, certificate, cert_serial, "
    "made) SELECT 900, 2, 'field', point, certificate, 900, 1 FROM psd "
    "WHERE serial = 1",
    "INSERT INTO download (psd, sequence, account, amount, answer, made) "
    "VALUES (900, 1, 2, 0, x'01', 9223372036854775807)",
    "INSERT INTO refund_list (psd, number, digest, refund, answer) "
    "VALUES (900, 1, x'02', NULL, NULL)",
    "INSERT INTO stamp_end (digest, psd, piece, amount, person, made) "
    "VALUES (x'03', 900, 0, 5, 1, 1)",
    "INSERT INTO crl (number, serials, body, made) VALUES (1, 0, x'30', 1)",
    "INSERT INTO heard (psd, ascending, made) VALUES (900, 0, 1)",
    "INSERT INTO consent (psd, sequence, ascending) VALUES (900, 1, 0)",
    "INSERT INTO payment (account, driver, kind, amount, currency, state, key, "
    "made) VALUES (2, 'stripe', 'checkout', 5, 840, 'failed', 'k', 1)",
    "INSERT INTO pay_method (account, driver, customer, method, made) "
    "VALUES (2, 'stripe', 'cus_1', 'pm_1', 1)",
    "INSERT INTO webhook (event, made) VALUES ('evt_1', 1)",
    "INSERT INTO server (name, url, modules, state, seen) "
    "VALUES ('old', 'https://127.0.0.1:1', ' soft ', 'up', 1)",
    /* a number that was given out and is of nobody any more */
    "INSERT INTO customer (name, made) VALUES ('gone', 1)",
    "DELETE FROM customer WHERE name = 'gone'",
};

struct fixture {
	struct help *h;
	struct user_system u;
	struct store *to;
	char uri[256];
	/* of the step callback */
	int64_t steps, last, all;
	bool dies;
	struct store *other;
};

static void
setup(struct help *h, struct fixture *f)
{
	char token[96];
	int64_t account;
	struct err e;

	*f = (struct fixture){.h = h};
	help_person(h, "admin", PERSON_ADMINISTRATOR, NULL, token);
	account = help_account(h, "one", 1000000);
	f->u = help_system(h, account, "one", NULL);
	for (int i = 0; i < MANY / 20; i++)
		help_issue(h, help_order(h, &f->u, 20), &issued, ERR_NONE, &e);
	for (size_t i = 0; i < sizeof(fill) / sizeof(fill[0]); i++)
		shop_sql(&h->shop, fill[i]);
	is_ok(audit_checkpoint(h->w, &e), &e, "checkpoint");
	snprintf(f->uri, sizeof(f->uri), "%s", pg_database());
	is_ok(store_open(f->uri, 5000, &f->to, &e), &e, "the other one");
}

static void
end(struct fixture *f)
{
	store_close(f->to);
}

static void
step(void *context, int64_t done, int64_t all)
{
	struct fixture *f = context;
	struct store_move again;
	struct err e = ERR_INIT;

	ok(done >= f->last && done <= all, "progress");
	f->last = done;
	f->all = all;
	f->steps++;
	if (f->dies)
		raise(SIGKILL);
	if (f->other != NULL) {
		ok(!store_move(f->other, f->to, step, f, &again, &e), "two");
		is_err(&e, ERR_BUSY, "two at once");
	}
}

static bool
moves(struct fixture *f, struct store_move *out, struct err *e)
{
	*e = (struct err)ERR_INIT;
	f->last = f->steps = 0;
	return store_move(f->h->w->store, f->to, step, f, out, e);
}

static void
refused(struct fixture *f, enum err_kind kind, const char *why)
{
	struct store_move out;
	struct err e;

	ok(!moves(f, &out, &e), why);
	is_err(&e, kind, why);
	if (strstr(e.text, why) == NULL)
		fail_at("got \"%s\", want \"%s\"", e.text, why);
}

/* By a worker on the books of this URI. */
static enum err_kind
buy(struct help *h, const char *uri, const struct user_system *u)
{
	struct issue_order *order = help_order(h, u, 2);
	struct worker *w;
	struct err e = ERR_INIT;
	char was[sizeof(h->shop.uri)];

	strcpy(was, h->shop.uri);
	strcpy(h->shop.uri, uri);
	w = shop_worker(&h->shop, NULL);
	strcpy(h->shop.uri, was);
	is_int(issue_stamps(w, order, &issued, &e), e.kind == ERR_NONE, e.text);
	shop_worker_close(w);
	if (e.kind != ERR_NONE)
		printf("%s\n", e.text);
	free(order);
	return e.kind;
}

/* --- all of them ------------------------------------------------------------------------ */

static bool
same_cell(const struct store_cell *a, const struct store_cell *b)
{
	return a->type == b->type &&
	       (a->type != STORE_INT || a->number == b->number) &&
	       ((a->type != STORE_TEXT && a->type != STORE_BLOB) ||
		   (a->len == b->len &&
		       (a->len == 0 || memcmp(a->ptr, b->ptr, a->len) == 0)));
}

static void
same_rows(struct store *a, struct store *b, const char *table, int64_t *rows)
{
	while (store_row(a)) {
		ok(store_row(b), table);
		is_int(a->columns, b->columns, table);
		for (int i = 0; i < a->columns; i++) {
			struct store_cell here, there;

			a->driver->cell(a, a->row - 1, i, &here);
			b->driver->cell(b, b->row - 1, i, &there);
			if (!same_cell(&here, &there))
				fail_at("%s: row %zu, column %d differs", table,
				    a->row, i);
		}
		++*rows;
	}
	ok(!store_row(b), table);
}

static void
same_table(struct store *a, struct store *b, const char *table, int64_t *all)
{
	char text[256];
	struct err e = ERR_INIT;
	int64_t rows = 0;
	const char *order = strcmp(table, "server") == 0    ? "name"
			    : strcmp(table, "webhook") == 0 ? "event"
							    : "1, 2";

	/* texts would be in another order: those tables have one row */
	snprintf(text, sizeof(text), "SELECT * FROM \"%.63s\" ORDER BY %s",
	    table, order);
	is_ok(store_run(a, store_keep_text(a, text), &e) &&
		  store_run(b, store_keep_text(b, text), &e),
	    &e, table);
	same_rows(a, b, table, &rows);
	ok(rows > 0, table);
	*all += rows;
}

static void
all_tables(struct store *a, struct store *b, int64_t tables, int64_t rows)
{
	char name[TABLES][64];
	struct err e = ERR_INIT;
	int64_t all = 0;
	int n = 0;

	is_ok(store_begin(a, STORE_READ, &e) && store_begin(b, STORE_READ, &e),
	    &e, "begin");
	is_ok(store_run(a,
		  "SELECT name FROM sqlite_master WHERE type = 'table' AND "
		  "name NOT LIKE 'sqlite%' AND name <> 'schema_version'",
		  &e),
	    &e, "tables");
	while (store_row(a) && n < TABLES)
		snprintf(name[n++], 64, "%s", store_text(a, 0));
	for (int i = 0; i < n; i++)
		same_table(a, b, name[i], &all);
	is_int(n, tables, "tables");
	is_int(all, rows, "rows");
	store_rollback(a);
	store_rollback(b);
}

static void
all_arrives(void **state)
{
	struct fixture f;
	struct store_move out;
	struct worker *w;
	struct err e;

	setup(*state, &f);
	is_ok(moves(&f, &out, &e), &e, "move");
	ok(!out.before, "now");
	ok(out.rows > 2 * MANY, "rows");
	is_int(f.last, f.all, "all of them");
	is_int(f.last, out.rows, "all of them");
	all_tables(f.h->w->store, f.to, out.tables, out.rows);

	/* they go on there, and the numbers with them */
	is_int(buy(f.h, f.uri, &f.u), ERR_NONE, "bought there");
	is_int(issued.stamp[1].piece, MANY + 2, "piece");
	is_ok(store_begin(f.to, STORE_WRITE, &e) &&
		  store_run(f.to,
		      "INSERT INTO customer (name, made) VALUES ('new', 1) "
		      "RETURNING id",
		      &e),
	    &e, "a new one");
	ok(store_row(f.to), "a new one");
	is_int(
	    store_int(f.to, 0), 4, "the one that was given out is not again");
	store_rollback(f.to);
	snprintf(f.h->shop.uri, sizeof(f.h->shop.uri), "%s", f.uri);
	w = shop_worker(&f.h->shop, NULL);
	shop_worker_close(f.h->shop.w);
	f.h->shop.w = f.h->w = w;
	help_audit(f.h);
	end(&f);
}

static void
the_file_serves_no_more(void **state)
{
	struct fixture f;
	struct store_move out;
	struct err e;

	setup(*state, &f);
	/* who has it open: a statement of his is prepared already */
	is_ok(moves(&f, &out, &e), &e, "move");
	is_int(buy(f.h, f.h->shop.uri, &f.u), ERR_ABSENT, "from the file");
	ok(!issue_stamps(f.h->w, help_order(f.h, &f.u, 1), &issued, &e), "old");
	is_err(&e, ERR_ABSENT, "by who has it open");
	ok(strstr(e.text, "were moved") != NULL, e.text);
	e = (struct err)ERR_INIT;
	ok(!store_check_version(f.h->w->store, &e), "a start");
	is_err(&e, ERR_CONFIG, "a start");
	ok(strstr(e.text, "moved to postgresql:") != NULL, e.text);
	/* the same again does nothing, and another one is refused */
	is_ok(moves(&f, &out, &e), &e, "again");
	ok(out.before, "before");
	is_int(f.steps, 0, "nothing was copied");
	store_close(f.to);
	is_ok(store_open(pg_database(), 5000, &f.to, &e), &e, "a third one");
	refused(&f, ERR_REQUEST, "moved to postgresql:");
	end(&f);
}

/* --- what goes wrong ----------------------------------------------------------------------- */

static void
what_fails_leaves_the_file_open(void **state)
{
	struct fixture f;
	struct store_move out;
	struct err e;
	int from, to;

	setup(*state, &f);
	is_ok(store_migrate(f.to, &from, &to, &e), &e, "schema");
	is_ok(store_begin(f.to, STORE_WRITE, &e) &&
		  store_run(f.to,
		      "ALTER TABLE signature ADD CONSTRAINT few "
		      "CHECK (piece < 500)",
		      &e) &&
		  store_commit(f.to, &e),
	    &e, "a constraint");
	ok(!moves(&f, &out, &e), "move");
	is_int(buy(f.h, f.h->shop.uri, &f.u), ERR_NONE, "from the file");
	is_ok(store_begin(f.to, STORE_WRITE, &e) &&
		  store_run(
		      f.to, "ALTER TABLE signature DROP CONSTRAINT few", &e) &&
		  store_commit(f.to, &e),
	    &e, "no constraint");
	is_ok(moves(&f, &out, &e), &e, "move");
	is_int(buy(f.h, f.uri, &f.u), ERR_NONE, "from the other one");
	is_int(issued.stamp[1].piece, MANY + 4, "piece");
	end(&f);
}

static void
books_that_do_not_agree_stay(void **state)
{
	struct fixture f;

	setup(*state, &f);
	shop_sql(&f.h->shop, "UPDATE account SET credit = credit + 1 "
			     "WHERE name = 'one'");
	refused(&f, ERR_CORRUPT, "not so");
	shop_sql(&f.h->shop, "UPDATE account SET credit = credit - 1 "
			     "WHERE name = 'one'");
	is_int(buy(f.h, f.h->shop.uri, &f.u), ERR_NONE, "from the file");
	end(&f);
}

static void
a_crash_is_gone_on_with(void **state)
{
	struct fixture f;
	struct store_move out;
	struct err e = ERR_INIT;
	int status;
	pid_t child;

	setup(*state, &f);
	child = fork();
	if (child == 0) {
		struct store *from;

		/* connections do not cross a fork */
		f.dies = true;
		if (store_open(f.h->shop.uri, 5000, &from, &e) &&
		    store_open(f.uri, 5000, &f.to, &e))
			(void)!store_move(from, f.to, step, &f, &out, &e);
		_exit(1);
	}
	waitpid(child, &status, 0);
	ok(WIFSIGNALED(status), "killed");
	is_int(buy(f.h, f.h->shop.uri, &f.u), ERR_ABSENT, "the file is closed");
	is_ok(moves(&f, &out, &e), &e, "again");
	ok(!out.before, "now");
	all_tables(f.h->w->store, f.to, out.tables, out.rows);
	is_int(buy(f.h, f.uri, &f.u), ERR_NONE, "from the other one");
	end(&f);
}

static void
one_moves_at_a_time(void **state)
{
	struct fixture f;
	struct store_move out;
	struct err e = ERR_INIT;
	struct store *other;

	setup(*state, &f);
	is_ok(store_open(f.h->shop.uri, 5000, &other, &e), &e, "the file");
	f.other = other;
	is_ok(moves(&f, &out, &e), &e, "move");
	ok(f.steps > 0, "steps");
	store_close(other);
	end(&f);
}

static void
what_is_not_meant_is_refused(void **state)
{
	struct fixture f;
	struct store_move out;
	struct server_row up = {.name = "one",
	    .url = "https://127.0.0.1:1",
	    .modules = " soft ",
	    .state = SERVER_UP,
	    .seen = (int64_t)time(NULL) * 1000};
	struct err e = ERR_INIT;

	setup(*state, &f);
	is_ok(store_begin(f.h->w->store, STORE_WRITE, &e) &&
		  store_server_put(f.h->w->store, &up, &e) &&
		  store_commit(f.h->w->store, &e),
	    &e, "a server");
	refused(&f, ERR_REQUEST, "server one is up");
	up.state = SERVER_DOWN;
	is_ok(store_begin(f.h->w->store, STORE_WRITE, &e) &&
		  store_server_put(f.h->w->store, &up, &e) &&
		  store_commit(f.h->w->store, &e),
	    &e, "a server");
	ok(!store_move(f.to, f.h->w->store, step, &f, &out, &e), "back");
	is_err(&e, ERR_REQUEST, "back");
	e = (struct err)ERR_INIT;
	is_ok(store_begin(f.to, STORE_WRITE, &e) &&
		  store_run(f.to,
		      "INSERT INTO customer (name, made) VALUES ('other', 1)",
		      &e) &&
		  store_commit(f.to, &e),
	    &e, "books");
	refused(&f, ERR_REQUEST, "has books");
	is_int(buy(f.h, f.h->shop.uri, &f.u), ERR_NONE, "from the file");
	end(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HELP_SQLITE(all_arrives),
	    HELP_SQLITE(the_file_serves_no_more),
	    HELP_SQLITE(what_fails_leaves_the_file_open),
	    HELP_SQLITE(books_that_do_not_agree_stay),
	    HELP_SQLITE(a_crash_is_gone_on_with),
	    HELP_SQLITE(one_moves_at_a_time),
	    HELP_SQLITE(what_is_not_meant_is_refused),
	};
	int failed;

	if (!pg_start())
		return 77;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	pg_stop();
	return failed;
}
