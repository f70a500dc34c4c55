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
    "INSERT INTO sheet_range (first, last, media, labels, account, made) "
    "VALUES (1, 72057594037927935, 'Avery-5160', 30, 2, 5)",
    "INSERT INTO sheet (serial, account, state) VALUES (7, 2, 'void')",
    "INSERT INTO sheet_release (sheet, account, made) VALUES (7, 2, 5)",
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
    "INSERT INTO stamp_end (digest, psd, piece, ascending, amount, person, "
    "made) VALUES (x'03', 900, 0, 0, 0, 1, 1)",
    "INSERT INTO doubt (digest, psd, piece, ascending, amount, place, "
    "settled, made) VALUES (x'04', 900, 1, 5, 5, 'belt 2', 1, 1)",
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
	int64_t dies; /* at this row; 0 = never */
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
	if (f->dies > 0 && done >= f->dies)
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

static void
stays_closed(struct fixture *f, struct store *to, const char *why)
{
	struct err e = ERR_INIT;

	ok(!store_move_back(f->h->w->store, to, &e), why);
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
	memmove(h->shop.uri, uri, strlen(uri) + 1);
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

static int
table_names(struct store *s, char name[TABLES][64])
{
	struct err e = ERR_INIT;
	int n = 0;

	is_ok(store_begin(s, STORE_READ, &e) &&
		  store_run(s,
		      "SELECT name FROM sqlite_master WHERE type = 'table' AND "
		      "name NOT LIKE 'sqlite%' AND name <> 'schema_version'",
		      &e),
	    &e, "tables");
	while (store_row(s) && n < TABLES)
		snprintf(name[n++], 64, "%s", store_text(s, 0));
	store_rollback(s);
	return n;
}

/* An UPDATE of its first column, as a format. */
static const char *
column_of(struct store *s, const char *table)
{
	static char text[256];
	struct err e = ERR_INIT;

	is_ok(store_begin(s, STORE_READ, &e), &e, "begin");
	store_put_text(s, table);
	is_ok(store_run(s,
		  "SELECT name FROM pragma_table_info($1) WHERE cid = 0", &e),
	    &e, table);
	ok(store_row(s), table);
	snprintf(text, sizeof(text), "UPDATE \"%%s\" SET \"%.60s\" = \"%.60s\"",
	    store_text(s, 0), store_text(s, 0));
	store_rollback(s);
	return text;
}

static void
all_tables(struct store *a, struct store *b, int64_t tables, int64_t rows)
{
	char name[TABLES][64];
	struct err e = ERR_INIT;
	int64_t all = 0;
	int n = table_names(a, name);

	is_ok(store_begin(a, STORE_READ, &e) && store_begin(b, STORE_READ, &e),
	    &e, "begin");
	for (int i = 0; i < n; i++)
		same_table(a, b, name[i], &all);
	is_int(n, tables, "tables");
	is_int(all, rows, "rows");
	store_rollback(a);
	store_rollback(b);
}

/* No number that was given out is given again, in any table. */
static void
numbers_go_on(struct store *a, struct store *b)
{
	struct err e = ERR_INIT;
	int n = 0;

	is_ok(store_begin(a, STORE_READ, &e) && store_begin(b, STORE_WRITE, &e),
	    &e, "begin");
	is_ok(store_run(a, "SELECT name, seq FROM sqlite_sequence", &e), &e,
	    "numbers");
	for (; store_row(a); n++) {
		store_put_text(b, store_text(a, 0));
		is_ok(
		    store_run(b,
			"SELECT nextval(pg_get_serial_sequence($1, 'id'))", &e),
		    &e, "next");
		ok(store_row(b), "next");
		is_int(store_int(b, 0), store_int(a, 1) + 1, store_text(a, 0));
	}
	ok(n >= 8, "tables with numbers");
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
	numbers_go_on(f.h->w->store, f.to);

	/* they go on there */
	is_int(buy(f.h, f.uri, &f.u), ERR_NONE, "bought there");
	is_int(issued.stamp[1].piece, MANY + 2, "piece");
	is_ok(store_begin(f.to, STORE_WRITE, &e) &&
		  store_run(f.to,
		      "INSERT INTO customer (name, made) VALUES ('new', 1) "
		      "RETURNING id",
		      &e),
	    &e, "a new one");
	ok(store_row(f.to), "a new one");
	is_int(store_int(f.to, 0), 5, "3 is of nobody, 4 was tried above");
	store_rollback(f.to);
	snprintf(f.h->shop.uri, sizeof(f.h->shop.uri), "%s", f.uri);
	w = shop_worker(&f.h->shop, NULL);
	shop_worker_close(f.h->shop.w);
	f.h->shop.w = f.h->w = w;
	help_audit(f.h);
	end(&f);
}

static void
sql(struct store *s, const char *text)
{
	struct err e = ERR_INIT;

	is_ok(store_begin(s, STORE_WRITE, &e) &&
		  store_run(s, store_keep_text(s, text), &e) &&
		  store_commit(s, &e),
	    &e, text);
}

static void
write_is_refused(struct store *s, const char *fmt, const char *table)
{
	char text[256];
	struct err e = ERR_INIT;

	snprintf(text, sizeof(text), fmt, table, table);
	is_ok(store_begin(s, STORE_WRITE, &e), &e, "begin");
	ok(!store_run(s, store_keep_text(s, text), &e), text);
	is_err(&e, ERR_ABSENT, text);
	store_rollback(s);
}

static void
every_write_is_refused(struct store *s)
{
	char name[TABLES][64];
	int n = table_names(s, name);

	for (int i = 0; i < n; i++) {
		write_is_refused(s,
		    "INSERT INTO \"%s\" SELECT * FROM \"%s\" LIMIT 1", name[i]);
		write_is_refused(s, "DELETE FROM \"%s\"", name[i]);
		write_is_refused(s, column_of(s, name[i]), name[i]);
	}
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
	help_issue(f.h, help_order(f.h, &f.u, 1), &issued, ERR_ABSENT, &e);
	ok(strstr(e.text, "were moved") != NULL, e.text);
	e = (struct err)ERR_INIT;
	ok(!store_check_version(f.h->w->store, &e), "a start");
	is_err(&e, ERR_CONFIG, "a start");
	ok(strstr(e.text, "are at postgresql:") != NULL, e.text);
	every_write_is_refused(f.h->w->store);
	/* the same again does nothing, and another one is refused */
	is_ok(moves(&f, &out, &e), &e, "again");
	ok(out.before, "before");
	is_int(f.steps, 0, "nothing was copied");
	store_close(f.to);
	is_ok(store_open(pg_database(), 5000, &f.to, &e), &e, "a third one");
	refused(&f, ERR_REQUEST, "are at postgresql:");
	end(&f);
}

/* It is old: the registers of what came after it are on paper. */
static void
what_has_gone_is_never_made_of_it_again(void **state)
{
	struct fixture f;
	struct store_move out;
	struct err e;

	setup(*state, &f);
	is_ok(moves(&f, &out, &e), &e, "move");
	sql(f.to, "DROP SCHEMA public CASCADE");
	sql(f.to, "CREATE SCHEMA public");
	refused(&f, ERR_REQUEST, "which has lost them");
	is_int(f.steps, 0, "nothing was copied");
	is_int(buy(f.h, f.h->shop.uri, &f.u), ERR_ABSENT, "from the file");
	stays_closed(&f, f.to, "gone for good");
	stays_closed(&f, NULL, "gone for good");
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
	is_ok(store_check_version(f.h->w->store, &e), &e, "open");
	is_ok(store_begin(f.h->w->store, STORE_READ, &e) &&
		  store_run(f.h->w->store,
		      "SELECT 1 FROM sqlite_master WHERE type = 'trigger'", &e),
	    &e, "triggers");
	ok(!store_row(f.h->w->store), "no trigger is left");
	store_rollback(f.h->w->store);
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

/* In a process that dies when so many rows are there. */
static void
dies_at(struct fixture *f, int64_t row)
{
	struct store_move out;
	struct err e = ERR_INIT;
	struct store *from;
	int status;
	pid_t child = fork();

	if (child == 0) {
		/* connections do not cross a fork */
		f->dies = row;
		f->last = 0;
		if (store_open(f->h->shop.uri, 5000, &from, &e) &&
		    store_open(f->uri, 5000, &f->to, &e))
			(void)!store_move(from, f->to, step, f, &out, &e);
		_exit(1);
	}
	waitpid(child, &status, 0);
	ok(WIFSIGNALED(status), "killed");
	is_int(
	    buy(f->h, f->h->shop.uri, &f->u), ERR_ABSENT, "the file is closed");
}

static void
a_crash_is_gone_on_with(void **state)
{
	struct fixture f;
	struct store_move out;
	struct err e;

	setup(*state, &f);
	dies_at(&f, 1);
	dies_at(&f, MANY);
	is_ok(moves(&f, &out, &e), &e, "again");
	ok(!out.before, "now");
	all_tables(f.h->w->store, f.to, out.tables, out.rows);
	/* it died when all had arrived, and the file did not know */
	sql(f.h->w->store,
	    "UPDATE schema_version SET name = replace(name, 'at post', "
	    "'on the way to post') WHERE sha256 = ''");
	is_int(buy(f.h, f.uri, &f.u), ERR_NONE, "from the other one");
	stays_closed(&f, f.to, "may have arrived");
	is_ok(moves(&f, &out, &e), &e, "once more");
	ok(out.before, "before");
	stays_closed(&f, NULL, "gone for good");
	end(&f);
}

/* Whoever moves them has not heard the end of it, and the file stays closed: the
 * other one knows. */
static void
in_doubt(struct fixture *f)
{
	struct store_move out;
	struct err e;

	ok(!moves(f, &out, &e), "in doubt");
	ok(store_in_doubt(f->to), e.text);
	ok(strstr(e.text, "stays closed") != NULL, e.text);
	is_int(buy(f->h, f->h->shop.uri, &f->u), ERR_ABSENT, "from the file");
}

static void
a_commit_in_doubt_that_was_none(void **state)
{
	struct fixture f;
	struct store_move out;
	struct err e = ERR_INIT;
	int from, to;

	setup(*state, &f);
	is_ok(store_migrate(f.to, &from, &to, &e), &e, "schema");
	sql(f.to, "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
		  "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); "
		  "RETURN NULL; END'");
	sql(f.to, "CREATE CONSTRAINT TRIGGER dies AFTER INSERT ON licence "
		  "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
		  "EXECUTE FUNCTION die()");
	in_doubt(&f);
	is_ok(store_move_back(f.h->w->store, f.to, &e), &e, "nothing came");
	is_int(buy(f.h, f.h->shop.uri, &f.u), ERR_NONE, "from the file");
	in_doubt(&f);
	sql(f.to, "DROP TRIGGER dies ON licence");
	is_ok(moves(&f, &out, &e), &e, "again");
	ok(!out.before, "now");
	is_int(buy(f.h, f.uri, &f.u), ERR_NONE, "from the other one");
	is_int(issued.stamp[1].piece, MANY + 4, "piece");
	end(&f);
}

static void
a_commit_in_doubt_that_was_one(void **state)
{
	struct fixture f;
	struct store_move out;
	struct err e = ERR_INIT;
	int from, to;

	setup(*state, &f);
	is_ok(store_migrate(f.to, &from, &to, &e), &e, "schema");
	pg_standby_away(true);
	in_doubt(&f);
	/* nor when they are seen there: no standby has them */
	in_doubt(&f);
	pg_standby_away(false);
	stays_closed(&f, f.to, "may have arrived");
	is_ok(moves(&f, &out, &e), &e, "again");
	ok(out.before, "they had arrived");
	is_int(buy(f.h, f.uri, &f.u), ERR_NONE, "from the other one");
	is_int(issued.stamp[1].piece, MANY + 2, "piece");
	end(&f);
}

/* What another run closed may be on its way still: a failure does not open it. */
static void
only_who_closed_it_opens_it(void **state)
{
	struct fixture f;
	struct store_move out;
	struct err e = ERR_INIT;

	setup(*state, &f);
	ok(!store_move_back(f.h->w->store, f.to, &e), "on no way");
	ok(strstr(e.text, "on no way") != NULL, e.text);
	dies_at(&f, 1);
	sql(f.to, "ALTER TABLE signature ADD CONSTRAINT few "
		  "CHECK (piece < 500)");
	ok(!moves(&f, &out, &e), "move");
	ok(strstr(e.text, "stays closed") != NULL, e.text);
	is_int(buy(f.h, f.h->shop.uri, &f.u), ERR_ABSENT, "from the file");
	e = (struct err)ERR_INIT;
	is_ok(store_move_back(f.h->w->store, f.to, &e), &e, "back");
	is_int(buy(f.h, f.h->shop.uri, &f.u), ERR_NONE, "from the file");
	dies_at(&f, 1);
	is_ok(store_move_back(f.h->w->store, NULL, &e), &e, "by a person");
	is_int(buy(f.h, f.h->shop.uri, &f.u), ERR_NONE, "from the file");
	end(&f);
}

/* Another one of that name is another one. */
static void
a_way_has_one_end(void **state)
{
	struct fixture f;
	struct err e = ERR_INIT;

	setup(*state, &f);
	dies_at(&f, 1);
	store_close(f.to);
	is_ok(store_open(pg_database(), 5000, &f.to, &e), &e, "a third one");
	refused(&f, ERR_REQUEST, "on the way to postgresql:");
	stays_closed(&f, f.to, "that one has to say");
	is_int(buy(f.h, f.h->shop.uri, &f.u), ERR_ABSENT, "from the file");
	end(&f);
}

static void
one_moves_at_a_time(void **state)
{
	struct fixture f;
	struct store_move out;
	struct err e = ERR_INIT;
	struct store *other;
	char link[512];

	/* by another name of the file */
	setup(*state, &f);
	snprintf(link, sizeof(link), "%s.link", f.h->shop.uri);
	is_int(symlink(strchr(f.h->shop.uri, ':') + 1, strchr(link, ':') + 1),
	    0, "link");
	is_ok(store_open(link, 5000, &other, &e), &e, "the file");
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
	    HELP_SQLITE(what_has_gone_is_never_made_of_it_again),
	    HELP_SQLITE(a_commit_in_doubt_that_was_none),
	    HELP_SQLITE(a_commit_in_doubt_that_was_one),
	    HELP_SQLITE(only_who_closed_it_opens_it),
	    HELP_SQLITE(a_way_has_one_end),
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
