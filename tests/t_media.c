/* SPDX-License-Identifier: Apache-2.0 */
/* Label sheets: bound to who uses them first, each label used once. */
#include "provider/sheet_list.h"

#include <stdlib.h>

#include "provider/store_sheet.h"
#include "tests/pg_help.h"
#include "tests/api_help.h"
#include "tests/test.h"

#define SHEET  1000001
#define LABELS 10

/* For an account, 0: nobody yet; false: it was known before. */
static bool
add_range_of(struct help *h, int64_t account)
{
	struct sheet_range range = {.first = SHEET,
	    .last = SHEET + 99,
	    .media = "Avery 5163",
	    .labels = LABELS,
	    .account = account,
	    .made = 1};
	struct store *s = h->w->store;
	struct err e = ERR_INIT;
	bool fresh = false;

	is_ok(store_begin(s, STORE_WRITE, &e) &&
		  store_range_add(s, &range, &fresh, &e) && store_commit(s, &e),
	    &e, "a range");
	return fresh;
}

static void
add_range(struct help *h)
{
	ok(add_range_of(h, 0), "fresh");
}

/* An order for these labels of a sheet. */
static struct issue_order *
order_labels(struct help *h, const struct user_system *who, uint64_t sheet,
    uint16_t from, size_t count)
{
	struct issue_order *o = help_order(h, who, count);

	for (size_t i = 0; i < count; i++) {
		o->item[i].request.sheet_serial = sheet;
		o->item[i].request.label = (uint16_t)(from + i);
		o->item[i].request.destination = 0;
	}
	return o;
}

static void
refused(struct help *h, struct issue_order *o, const char *why)
{
	static struct issue_result out;
	struct err e;

	help_issue(h, o, &out, ERR_DENIED, &e);
	if (strstr(e.text, why) == NULL)
		fail_at("got \"%s\", want \"%s\"", e.text, why);
}

static void
issued(struct help *h, struct issue_order *o)
{
	static struct issue_result out;
	struct err e;

	help_issue(h, o, &out, ERR_NONE, &e);
}

static void
labels_are_used_once(void **state)
{
	struct help *h = *state;
	int64_t account = help_account(h, "one", 100000);
	struct user_system u = help_system(h, account, "one", NULL);

	add_range(h);
	issued(h, order_labels(h, &u, SHEET, 1, 3));
	refused(h, order_labels(h, &u, SHEET, 3, 2),
	    "label 3 of sheet 1000001: it was used before");
	issued(h, order_labels(h, &u, SHEET, 4, 2));
	refused(h, order_labels(h, &u, SHEET, LABELS, 2),
	    "stamp 2: label 11 of sheet 1000001: the sheet has fewer labels");
	help_audit(h);
}

static void
label_twice_in_an_order_is_refused(void **state)
{
	struct help *h = *state;
	int64_t account = help_account(h, "one", 100000);
	struct user_system u = help_system(h, account, "one", NULL);
	struct issue_order *o;

	add_range(h);
	o = order_labels(h, &u, SHEET, 1, 2);
	o->item[1].request.label = 1;
	refused(h, o, "stamp 2: label 1 of sheet 1000001: it was used");
}

static void
replays_are_no_second_use(void **state)
{
	static struct issue_result first, again;
	struct help *h = *state;
	int64_t account = help_account(h, "one", 100000);
	struct user_system u = help_system(h, account, "one", NULL);
	struct issue_order *o, *same;
	struct err e;

	add_range(h);
	o = order_labels(h, &u, SHEET, 1, 3);
	same = calloc(1, sizeof(*same));
	*same = *o;
	help_issue(h, o, &first, ERR_NONE, &e);
	help_issue(h, same, &again, ERR_NONE, &e);
	for (int i = 0; i < 3; i++) {
		ok(again.replayed[i], "replayed");
		is_mem(again.stamp[i].indicium, first.stamp[i].indicium,
		    first.stamp[i].len, "the same bytes");
	}
	help_audit(h);
}

static void
sheets_are_bound_to_the_first(void **state)
{
	struct help *h = *state;
	int64_t one = help_account(h, "one", 100000);
	int64_t two = help_account(h, "two", 100000);
	struct user_system u = help_system(h, one, "one", NULL);
	struct user_system second = help_system(h, one, "second", NULL);
	struct user_system other = help_system(h, two, "two", NULL);

	add_range(h);
	issued(h, order_labels(h, &u, SHEET, 1, 1));
	refused(h, order_labels(h, &other, SHEET, 2, 1),
	    "sheet 1000001 belongs to another account");
	issued(h, order_labels(h, &second, SHEET, 2, 1));
	issued(h, order_labels(h, &other, SHEET + 1, 1, 1));
}

/* What was refused has bound nothing. */
static void
refused_orders_bind_nothing(void **state)
{
	struct help *h = *state;
	int64_t one = help_account(h, "one", 100000);
	int64_t two = help_account(h, "two", 100000);
	struct user_system u = help_system(h, one, "one", NULL);
	struct user_system other = help_system(h, two, "two", NULL);

	add_range(h);
	refused(h, order_labels(h, &u, SHEET, LABELS + 1, 1), "fewer labels");
	issued(h, order_labels(h, &other, SHEET, 1, 1));
}

static void
unknown_sheets_are_refused_unless_any(void **state)
{
	struct help *h = *state;
	int64_t account = help_account(h, "one", 100000);
	struct user_system u = help_system(h, account, "one", NULL);

	add_range(h);
	refused(h, order_labels(h, &u, SHEET - 1, 1, 1),
	    "sheet 1000000 is not registered");
	refused(h, order_labels(h, &u, SHEET + 100, 1, 1), "not registered");
	h->shop.provider.any_sheet = true;
	issued(h, order_labels(h, &u, SHEET - 1, 40, 1));
	refused(h, order_labels(h, &u, SHEET - 1, 40, 1), "used before");
}

static void
void_sheets_and_labels_are_refused(void **state)
{
	struct help *h = *state;
	int64_t account = help_account(h, "one", 100000);
	struct user_system u = help_system(h, account, "one", NULL);
	struct store *s = h->w->store;
	struct err e = ERR_INIT;

	add_range(h);
	is_ok(store_begin(s, STORE_WRITE, &e) &&
		  store_label_void(s, SHEET, 2, 1, &e) &&
		  store_label_void(s, SHEET, 2, 1, &e) &&
		  store_sheet_void(s, SHEET + 1, &e) && store_commit(s, &e),
	    &e, "void");
	issued(h, order_labels(h, &u, SHEET, 1, 1));
	refused(h, order_labels(h, &u, SHEET, 2, 1),
	    "label 2 of sheet 1000001: it was voided");
	refused(h, order_labels(h, &u, SHEET + 1, 1, 1), "1000002 was voided");
}

/* Somebody else's hand in the books. */
static void
audit_sees_foreign_sheets(void **state)
{
	struct help *h = *state;
	int64_t one = help_account(h, "one", 100000);
	struct user_system u = help_system(h, one, "one", NULL);

	help_account(h, "two", 0);
	add_range(h);
	issued(h, order_labels(h, &u, SHEET, 10, 1));
	help_audit(h);
	shop_sql(&h->shop, "UPDATE sheet SET account = (SELECT id FROM account "
			   "WHERE name = 'two')");
	is_int(shop_audit(&h->shop, true), 1, "a foreign sheet");
	shop_sql(&h->shop, "UPDATE sheet_range SET labels = 9");
	is_int(shop_audit(&h->shop, true), 2, "no such label");
}

static void
ranges_do_not_overlap(void **state)
{
	struct sheet_range range = {.first = SHEET + 50,
	    .last = SHEET + 500,
	    .media = "Avery 5163",
	    .labels = LABELS};
	struct help *h = *state;
	struct store *s = h->w->store;
	struct err e = ERR_INIT;
	bool fresh;

	add_range(h);
	is_ok(store_begin(s, STORE_WRITE, &e), &e, "begin");
	ok(!store_range_add(s, &range, &fresh, &e), "overlap");
	is_err(&e, ERR_REQUEST, "overlap");
	store_rollback(s);
	range.first = SHEET;
	range.last = SHEET + 99;
	is_ok(store_begin(s, STORE_WRITE, &e) &&
		  store_range_add(s, &range, &fresh, &e) && store_commit(s, &e),
	    &e, "the same again");
	ok(!fresh, "known before");
}

static void
systems_see_their_sheets(void **state)
{
	struct help *h = *state;
	int64_t one = help_account(h, "one", 100000);
	int64_t two = help_account(h, "two", 100000);
	char token[96], other[96];
	struct user_system u = help_system(h, one, "one", token);

	help_system(h, two, "two", other);
	add_range(h);
	help_ask(h, "GET", "/v1/sheets/1000001", token, NULL);
	help_said(h, 200, "\"state\":\"new\"");
	issued(h, order_labels(h, &u, SHEET, 2, 2));
	help_ask(h, "GET", "/v1/sheets/1000001", token, NULL);
	help_said(h, 200,
	    "\"state\":\"bound\",\"media\":\"Avery 5163\",\"labels\":10,"
	    "\"used\":[2,3],\"void\":[]");
	help_ask(h, "GET", "/v1/sheets/1000001", other, NULL);
	help_said(h, 403, "another account");
	help_ask(h, "GET", "/v1/sheets/7", token, NULL);
	help_said(h, 404, "no such label sheet");
	help_ask(h, "GET", "/v1/sheets/0", token, NULL);
	help_said(h, 404, "no such label sheet");
	help_ask(h, "GET", "/v1/sheets/1000001", NULL, NULL);
	help_said(h, 401, "");
}

/* --- whose they are ------------------------------------------------------------------ */

/* Two accounts, a user system of each. */
struct both {
	int64_t account[2];
	struct user_system u[2];
	char token[2][96];
};

static void
setup(struct help *h, struct both *b)
{
	static const char *const names[] = {"one", "two"};

	for (int i = 0; i < 2; i++) {
		b->account[i] = help_account(h, names[i], 100000);
		b->u[i] = help_system(h, b->account[i], names[i], b->token[i]);
	}
}

/* The second of the order's stamps costs something, where there is one. */
static struct issue_order *
correct_labels(struct help *h, const struct user_system *who, uint64_t sheet,
    uint16_t from, size_t count)
{
	struct issue_order *o = order_labels(h, who, sheet, from, count);

	o->item[0].request.kind = INDICIUM_CORRECTION;
	o->total -= o->item[0].request.amount;
	o->item[0].request.amount = 0;
	return o;
}

static void
corrections_bind_no_sheet(void **state)
{
	struct help *h = *state;
	struct both b;

	setup(h, &b);
	add_range(h);
	refused(h, correct_labels(h, &b.u[0], SHEET, 1, 1),
	    "sheet 1000001 is nobody's yet");
	issued(h, order_labels(h, &b.u[1], SHEET, 1, 1));
	issued(h, correct_labels(h, &b.u[1], SHEET, 2, 1));
	refused(h, correct_labels(h, &b.u[0], SHEET, 3, 1), "another account");
	/* together with one that costs something it is as that one */
	issued(h, correct_labels(h, &b.u[0], SHEET + 1, 1, 2));
	help_audit(h);
}

/* What others hear of it is what they hear of a number that there is not. */
static void
sheets_of_an_account_are_nobody_elses(void **state)
{
	struct help *h = *state;
	struct both b;

	setup(h, &b);
	ok(add_range_of(h, b.account[0]), "new");
	ok(!add_range_of(h, 0), "known before");
	refused(h, order_labels(h, &b.u[1], SHEET, 1, 1),
	    "1000001 is not registered with the provider, or not for this");
	refused(h, order_labels(h, &b.u[1], 7, 1, 1),
	    "7 is not registered with the provider, or not for this");
	help_ask(h, "GET", "/v1/sheets/1000001", b.token[1], NULL);
	help_said(h, 404, "no such label sheet");
	help_ask(h, "GET", "/v1/sheets/1000001", b.token[0], NULL);
	help_said(h, 200, "\"state\":\"bound\",\"media\":\"Avery 5163\"");
	issued(h, correct_labels(h, &b.u[0], SHEET, 1, 1));
	refused(h, order_labels(h, &b.u[1], SHEET, 2, 1), "not registered");
	help_ask(h, "GET", "/v1/sheets/1000001", b.token[1], NULL);
	help_said(h, 404, "no such label sheet");
	h->shop.provider.any_sheet = true;
	refused(h, order_labels(h, &b.u[1], SHEET + 1, 1, 1), "another");
	help_audit(h);
}

static void
ranges_are_given_once(void **state)
{
	struct sheet_range range = {.first = SHEET,
	    .last = SHEET + 99,
	    .media = "Avery 5163",
	    .labels = LABELS};
	struct help *h = *state;
	struct err e = ERR_INIT;
	struct both b;
	bool fresh;

	setup(h, &b);
	add_range(h);
	ok(add_range_of(h, b.account[0]), "given");
	ok(!add_range_of(h, b.account[0]), "known before");
	range.account = b.account[1];
	is_ok(store_begin(h->w->store, STORE_WRITE, &e), &e, "begin");
	ok(!store_range_add(h->w->store, &range, &fresh, &e), "another's");
	is_err(&e, ERR_REQUEST, "another's");
	ok(strstr(e.text, "for account one") != NULL, e.text);
	store_rollback(h->w->store);
	refused(h, order_labels(h, &b.u[1], SHEET, 1, 1), "not registered");
}

static void
release(struct help *h, uint64_t sheet, int64_t account)
{
	struct store *s = h->w->store;
	struct err e = ERR_INIT;

	is_ok(store_begin(s, STORE_WRITE, &e) &&
		  store_sheet_release(s, sheet, account, 5, &e) &&
		  store_commit(s, &e),
	    &e, "release");
}

static void
count_release(void *context, const char *owner, int64_t made)
{
	int *count = context;

	is_str(owner, *count == 0 ? "one" : "two", "from whom");
	is_int(made, 5, "when");
	++*count;
}

static void
what_was_bound_wrongly_is_released(void **state)
{
	struct help *h = *state;
	struct store *s = h->w->store;
	struct err e = ERR_INIT;
	int count = 0;
	struct both b;

	setup(h, &b);
	add_range(h);
	issued(h, order_labels(h, &b.u[0], SHEET, 1, 1));
	release(h, SHEET, 0);
	refused(h, order_labels(h, &b.u[1], SHEET, 1, 1), "used before");
	issued(h, order_labels(h, &b.u[1], SHEET, 2, 1));
	refused(h, order_labels(h, &b.u[0], SHEET, 3, 1), "another account");
	release(h, SHEET, b.account[0]);
	issued(h, correct_labels(h, &b.u[0], SHEET, 3, 1));
	refused(h, order_labels(h, &b.u[1], SHEET, 4, 1), "another account");
	help_audit(h);
	is_ok(store_begin(s, STORE_WRITE, &e) &&
		  store_sheet_releases(s, SHEET, count_release, &count, &e),
	    &e, "releases");
	is_int(count, 2, "releases");
	ok(!store_sheet_release(s, 7, 0, 5, &e), "there is no such sheet");
	is_err(&e, ERR_REQUEST, "there is no such sheet");
	store_rollback(s);
}

/* One of a range goes to another account, and back to whose the range is. */
static void
one_of_a_range_is_given_and_taken_back(void **state)
{
	struct help *h = *state;
	struct both b;

	setup(h, &b);
	add_range_of(h, b.account[0]);
	release(h, SHEET, b.account[1]);
	issued(h, order_labels(h, &b.u[1], SHEET, 1, 1));
	refused(h, order_labels(h, &b.u[0], SHEET, 2, 1), "another account");
	release(h, SHEET, 0);
	refused(h, order_labels(h, &b.u[1], SHEET, 2, 1), "not registered");
	issued(h, order_labels(h, &b.u[0], SHEET, 2, 1));
	help_audit(h);
}

/* --- lists --------------------------------------------------------------------------- */

static void
lists_are_read_line_by_line(void **state)
{
	static const char text[] = "first,last,labels,media\r\n"
				   "# a box\n\n"
				   "1,500,10,Avery 5163\r\n"
				   "501,501,65535,B\303\274ro 3";
	struct sheet_list l;
	struct sheet_range r;
	struct err e = ERR_INIT;
	bool more;

	(void)state;
	sheet_list_init(&l, text, sizeof(text) - 1);
	is_ok(sheet_list_next(&l, &r, &more, &e) && more, &e, "first");
	is_int(r.last, 500, "last");
	is_str(r.media, "Avery 5163", "media");
	is_ok(sheet_list_next(&l, &r, &more, &e) && more, &e, "second");
	is_int(r.labels, 65535, "labels");
	is_ok(sheet_list_next(&l, &r, &more, &e) && !more, &e, "end");
}

static void
is_wrong(const char *line)
{
	struct sheet_list l;
	struct sheet_range r;
	struct err e = ERR_INIT;
	bool more;

	sheet_list_init(&l, line, strlen(line));
	ok(!sheet_list_next(&l, &r, &more, &e), line);
	is_err(&e, ERR_REQUEST, line);
	ok(strncmp(e.text, "line 1: ", 8) == 0, e.text);
}

static void
lists_that_are_wrong_are_told(void **state)
{
	static const char *const wrong[] = {"1,2,3", "0,2,3,A", "5,4,3,A",
	    "1,2,0,A", "1,2,65536,A", "1,72057594037927936,1,A", "1,2,3,",
	    "1,2,3,A,B", "-1,2,3,A", "1,2,3,\377"};
	char line[300];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		is_wrong(wrong[i]);
	snprintf(line, sizeof(line), "1,2,3,%064d", 0); /* too long a name */
	is_wrong(line);
	snprintf(line, sizeof(line), "1,2,3,%0280d", 0);
	is_wrong(line);
}

#define COMMON(on)                                                             \
	on(labels_are_used_once), on(label_twice_in_an_order_is_refused),      \
	    on(replays_are_no_second_use), on(sheets_are_bound_to_the_first),  \
	    on(refused_orders_bind_nothing),                                   \
	    on(unknown_sheets_are_refused_unless_any),                         \
	    on(void_sheets_and_labels_are_refused),                            \
	    on(audit_sees_foreign_sheets), on(ranges_do_not_overlap),          \
	    on(systems_see_their_sheets), on(corrections_bind_no_sheet),       \
	    on(sheets_of_an_account_are_nobody_elses),                         \
	    on(ranges_are_given_once), on(what_was_bound_wrongly_is_released), \
	    on(one_of_a_range_is_given_and_taken_back)

static const struct CMUnitTest sqlite[] = {COMMON(HELP_SQLITE),
    T(lists_are_read_line_by_line), T(lists_that_are_wrong_are_told)};
static const struct CMUnitTest postgresql[] = {COMMON(HELP_PG)};

HELP_MAIN(sqlite, postgresql)
