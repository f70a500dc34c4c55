/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process dies at its n-th write, sync, rename, link, unlink or truncation,
 * n = 1, 2, ... until a run meets no fault, the vault's and SQLite's alike (see
 * fatal.h).
 *
 * After each death the job is run again (and dies again, somewhere else); in
 * the end every stamp is paid once and the books are right.
 *
 * POSTAGE_CRASH_S=60 ./tests/t_crash: random places for a minute after that.
 */
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dispense/refunds.h"
#include "stamp/indicium.h"
#include "tests/fatal.h"
#include "tests/shop.h"
#include "tests/test.h"

#define STAMP  780
#define STAMPS 34 /* two batches */
#define RUNS   60 /* more attempts than any job needs */

/* --- the job --------------------------------------------------------------- */

static struct shop shop;
static struct stamp_request wanted[STAMPS];

static const struct job letter = {.queue = "mail",
    .id = 12,
    .uuid = "urn:uuid:0001",
    .created = SHOP_NOW - 10,
    .processing = SHOP_NOW,
    .user = "anna",
    .documents = 1};

static struct stamp_quote quotes[STAMPS];
static struct issued_stamp stamps[STAMPS];

static bool
filter_part(struct dispense *d, const struct job *job, struct err *e)
{
	struct quote_common common;
	struct document *doc;

	return dispense_document_open(d, ROLE_FILTER, job, &doc, e) &&
	       dispense_quote(doc, wanted, STAMPS, quotes, &common, e) &&
	       dispense_issue(doc, 0, 3, stamps, e) &&
	       dispense_issue(doc, 3, STAMPS - 3, stamps + 3, e) &&
	       dispense_finish(doc, 1, 5, e);
}

/* *held: a person has to speak. */
static bool
backend_part(
    struct dispense *d, const struct job *job, bool *held, struct err *e)
{
	struct document *doc;
	struct outcome out;
	int fd;

	if (!dispense_document_open(d, ROLE_BACKEND, job, &doc, e) ||
	    !dispense_outcome(doc, &out, e))
		return false;
	*held = out.uncertain;
	if (out.delivered || out.uncertain)
		return true;
	if (!out.spooled &&
	    (!dispense_spool(doc, true, &fd, e) || write(fd, "hello", 5) != 5 ||
		!dispense_spooled(doc, 5, e)))
		return false;
	return dispense_sending(doc, e) &&
	       dispense_settle(doc, SETTLE_DELIVERED, "", e);
}

enum end { END_DONE, END_HELD, END_FAILED };

/* One attempt of the scheduler, in a process of its own. */
static int
attempt(const struct job *job, long fatal_call)
{
	struct dispense *d;
	struct err e = ERR_INIT;
	bool held = false, done;
	int status;
	pid_t child = fork();

	if (child == 0) {
		fatal_at(fatal_call, FATAL_DIES, NULL);
		done = dispense_open(&shop.settings, &d, &e);
		if (done) {
			dispense_set_time(d, SHOP_NOW);
			done = filter_part(d, job, &e) &&
			       backend_part(d, job, &held, &e);
		}
		fatal_at(0, FATAL_DIES, NULL);
		if (!done)
			fprintf(
			    stderr, "%s: %s\n", err_kind_name(e.kind), e.text);
		_exit(!done ? END_FAILED : held ? END_HELD : END_DONE);
	}
	is_int(waitpid(child, &status, 0), child, "wait");
	ok(WIFEXITED(status), "no signal");
	return WEXITSTATUS(status);
}

/* --- what must hold --------------------------------------------------------- */

static void
registers_balance(void)
{
	struct psd_status psd = shop_registers(&shop);

	is_int(
	    psd.ascending + psd.descending, psd.control_total, "control total");
	ok(psd.ascending % STAMP == 0 && psd.ascending <= STAMPS * STAMP,
	    "never more than the job");
}

struct look {
	int count;
	struct journal_document doc;
};

static bool
look_at(void *context, const struct journal_document *doc)
{
	struct look *l = context;

	l->count++;
	l->doc = *doc;
	return true;
}

/* The only document there is; false if none was noted yet. */
static bool
document(struct journal_document *out)
{
	struct journal_filter all = {.doc_state = -1};
	struct look l = {.count = 0};
	struct err e = ERR_INIT;
	struct journal *j;
	bool known;

	/* Too young to be a journal: the file may be there, empty. */
	known = journal_open(shop.journal, false, 1000, &j, &e);
	is_ok(known, &e, "the journal is readable");
	is_ok(journal_documents(j, &all, look_at, &l, &e), &e, "list");
	journal_close(j);
	ok(l.count <= 1, "one document");
	*out = l.doc;
	return l.count == 1;
}

/* The paper did not come out: the person looked. */
static void
resolve(void)
{
	struct journal_document doc;
	struct err e = ERR_INIT;
	struct journal *j;

	ok(document(&doc), "a document");
	is_ok(journal_open(shop.journal, false, 1000, &j, &e), &e, "open");
	is_ok(journal_begin(j, &e), &e, "begin");
	is_ok(journal_resolve(j, doc.id, RESOLVE_REPRINT, false, "no paper",
		  &(struct books_by){"anna", SHOP_NOW}, &e),
	    &e, "resolve");
	is_ok(journal_commit(j, &e), &e, "commit");
	journal_close(j);
}

static void
all_is_right(void)
{
	struct journal_document doc;
	struct psd_status psd = shop_registers(&shop);

	is_int(psd.ascending, STAMPS * STAMP, "each stamp is paid once");
	is_int(psd.piece_count, STAMPS, "and signed once");
	ok(document(&doc), "a document");
	is_int(doc.state, DOC_DELIVERED, "delivered");
	is_int(doc.issued, STAMPS, "stamps");
	is_int(doc.paid, STAMPS * STAMP, "paid");
	is_int(shop_check(&shop), 0, shop_findings);
}

static bool
delivered(void)
{
	struct journal_document doc;

	return document(&doc) && doc.state == DOC_DELIVERED;
}

/* Runs the job until it is printed; `next_fatal` gives the place of each
 * death.  Returns how often it died. */
static int
run_job(long (*next_fatal)(int run, void *context), void *context)
{
	struct job job = letter;
	int deaths = 0;

	shop_reset(&shop);
	for (int run = 0;; run++) {
		int how = attempt(&job, next_fatal(run, context));

		ok(run < RUNS, "the job comes to an end");
		registers_balance();
		job.processing++;
		if (how == FATAL_DEAD)
			deaths++;
		else if (how == END_HELD)
			resolve();
		else
			is_int(how, END_DONE, "attempt");
		/* Delivered, and died before it could say so. */
		if (how == END_DONE || delivered())
			break;
	}
	all_is_right();
	return deaths;
}

/* First death at `n`, the second somewhere in the recovery. */
static long
twice(int run, void *context)
{
	long n = *(long *)context;

	return run == 0 ? n : run == 1 ? n * 7 % 61 + 1 : 0;
}

static void
every_call_may_be_the_last(void **state)
{
	long n = 1, step = getenv("POSTAGE_LONG") ? 1 : 3;

	(void)state;
	while (run_job(twice, &n) > 0)
		n += step;
	print_message("%ld fatal calls\n", n - 1);
	ok(n > 50, "there were calls to die at");
}

static long
somewhere(int run, void *context)
{
	(void)context;
	return run < 8 ? rand() % 260 + 1 : 0;
}

static void
any_calls_may_be_the_last(void **state)
{
	const char *seconds = getenv("POSTAGE_CRASH_S");
	time_t end = time(NULL) + (seconds ? atol(seconds) : 1);
	unsigned seed = (unsigned)time(NULL);
	int jobs = 0, deaths = 0;

	(void)state;
	srand(seed);
	print_message("seed %u\n", seed);
	for (; time(NULL) < end || deaths == 0; jobs++)
		deaths += run_job(somewhere, NULL);
	print_message("%d jobs, %d deaths\n", jobs, deaths);
	ok(deaths > 0, "there were deaths");
}

/* --- a refund -------------------------------------------------------------- */

static const struct books_by anna = {"anna", SHOP_NOW};

/* Spoils the document and asks for a refund, as the two verbs do. */
static bool
ask(struct journal *j, struct vault *v, struct err *e)
{
	const struct books_choice all = {.document = 1};
	const struct books_rules rules = {.today = 20261121, .window_days = 60};
	struct journal_stamp s;
	struct books_sum sum;
	int64_t id;

	if (!journal_stamp_load(j, 1, 0, &s, e))
		return false;
	if (s.state == STAMP_ISSUED &&
	    !(journal_begin(j, e) &&
		books_spoil(j, &all, &rules, &anna, "torn", &sum, e) &&
		journal_commit(j, e)))
		return false;
	return refunds_request(j, v, NULL, 0, 20261121, &anna, &id, e);
}

static int
ask_and_die(long fatal_call)
{
	struct err e = ERR_INIT;
	struct journal *j;
	struct vault *v;
	int status;
	pid_t child = fork();
	bool done;

	if (child == 0) {
		fatal_at(fatal_call, FATAL_DIES, NULL);
		done = journal_open(shop.journal, false, 1000, &j, &e) &&
		       vault_open(shop.settings.vault_uri, 1000, &v, &e) &&
		       ask(j, v, &e);
		fatal_at(0, FATAL_DIES, NULL);
		_exit(done ? END_DONE : END_FAILED);
	}
	is_int(waitpid(child, &status, 0), child, "wait");
	ok(WIFEXITED(status), "no signal");
	return WEXITSTATUS(status);
}

static bool
count_request(void *context, const struct books_request *r)
{
	int *count = context;

	++*count;
	is_int(r->number, *count, "numbers have no gap");
	is_int(r->count, STAMPS, "all stamps");
	is_int(r->total, STAMPS * STAMP, "their sum");
	return true;
}

static long
never(int run, void *context)
{
	(void)run;
	(void)context;
	return 0;
}

static void
a_refund_is_asked_for_once_whenever_it_dies(void **state)
{
	struct err e = ERR_INIT;
	struct journal *j;
	int count, how;
	long n = 0, step = getenv("POSTAGE_LONG") ? 1 : 10;

	(void)state;
	do {
		run_job(never, NULL);
		n += step;
		how = ask_and_die(n);
		/* Once more, where it did not come to its end.  A third time
		 * there is nothing left to ask for. */
		ok(how == END_DONE || how == FATAL_DEAD, "done or dead");
		count = ask_and_die(0);
		ok(count == END_DONE || count == END_FAILED, "again");
		count = 0;
		j = shop_journal(&shop);
		is_ok(books_requests(j, count_request, &count, &e), &e, "list");
		journal_close(j);
		is_int(count, 1, "one request");
		is_int(shop_registers(&shop).refunds, 1, "and one number");
		all_is_right();
	} while (how == FATAL_DEAD);
	ok(n > 10, "there were calls to die at");
}

static int
open_shop(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	shop_open(&shop, 100000, NULL, NULL);
	for (uint32_t i = 0; i < STAMPS; i++) {
		wanted[i] = (struct stamp_request){
		    .page = 1, .place = i + 1, .copy = 1};
		if (!mark_parse("[[postage 0.78]]", &wanted[i].mark, &e))
			return -1;
		wanted[i].sheet_serial = 900;
		wanted[i].label = (uint16_t)(i + 1);
	}
	return 0;
}

static int
close_shop(void **state)
{
	(void)state;
	shop_close(&shop);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(every_call_may_be_the_last),
	    T(any_calls_may_be_the_last),
	    T(a_refund_is_asked_for_once_whenever_it_dies),
	};

	return cmocka_run_group_tests(tests, open_shop, close_shop);
}
