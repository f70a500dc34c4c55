/* SPDX-License-Identifier: Apache-2.0 */
/* Refunds: each stamp once, never one that was mailed, over a limit by two. */
#include "provider/give_back.h"

#include <pthread.h>

#include "provider/post.h"
#include "provider/store_admin.h"
#include "tests/api_help.h"
#include "tests/pg_help.h"
#include "tests/test.h"

#define THREADS 4

static struct issue_result issued;

struct desk {
	struct user_system u;
	char token[96];
	struct person first, second; /* administrators */
};

static void
find_person(struct help *h, const char *login, struct person *out)
{
	struct err e = ERR_INIT;

	is_ok(store_begin(h->w->store, STORE_READ, &e) &&
		  store_person_login(h->w->store, login, out, &e),
	    &e, login);
	store_rollback(h->w->store);
}

/* Eight stamps of 0.10, two administrators. */
static void
setup(struct help *h, struct desk *d)
{
	int64_t account = help_account(h, "one", 800);
	char token[96];
	struct err e;

	d->u = help_system(h, account, "one", d->token);
	help_issue(h, help_order(h, &d->u, 8), &issued, ERR_NONE, &e);
	help_person(h, "first", PERSON_ADMINISTRATOR, NULL, token);
	help_person(h, "second", PERSON_ADMINISTRATOR, NULL, token);
	find_person(h, "first", &d->first);
	find_person(h, "second", &d->second);
}

/* Pieces from..from+count-1. */
static struct give_back
of_pieces(const struct desk *d, uint32_t from, size_t count)
{
	struct give_back ask = {
	    .who = &d->u, .count = count, .reason = "printer jam"};

	for (size_t i = 0; i < count; i++)
		ask.stamp[i] =
		    (struct spoiled){.psd = 1, .piece = from + (uint32_t)i};
	return ask;
}

static struct refund_row
asked(struct help *h, const struct give_back *ask)
{
	struct refund_row row;
	struct err e = ERR_INIT;

	is_ok(give_back_ask(h->w, ask, &row, &e), &e, "ask");
	return row;
}

static void
refused(struct help *h, const struct give_back *ask, enum err_kind kind,
    const char *why)
{
	struct refund_row row;
	struct err e = ERR_INIT;

	ok(!give_back_ask(h->w, ask, &row, &e), why);
	is_err(&e, kind, why);
	if (strstr(e.text, why) == NULL)
		fail_at("got \"%s\", want \"%s\"", e.text, why);
}

static struct refund_row
approved(struct help *h, int64_t id, const struct person *by)
{
	struct refund_row row;
	struct err e = ERR_INIT;

	is_ok(give_back_approve(h->w, id, by, "shredded", &row, &e), &e,
	    "approve");
	return row;
}

static mils
credit(struct help *h, const struct desk *d)
{
	return shop_system(&h->shop, d->u.id).credit;
}

static void
verdict_is(struct help *h, size_t i, const char *want)
{
	struct post_check check;
	struct err e = ERR_INIT;

	is_ok(post_verify(h->w, issued.stamp[i].indicium, issued.stamp[i].len,
		  &check, &e),
	    &e, "verify");
	is_str(post_verdict_name(check.verdict), want, check.why);
}

static void
cancel(struct help *h, size_t i, const char *want)
{
	struct post_mark mark = {.person = 1, .place = "Oakland", .scan = ""};
	struct post_check check;
	struct err e = ERR_INIT;

	is_ok(post_cancel(h->w, &mark, issued.stamp[i].indicium,
		  issued.stamp[i].len, &check, &e),
	    &e, "cancel");
	is_str(post_verdict_name(check.verdict), want, check.why);
}

/* --- one person --------------------------------------------------------------------- */

static void
value_comes_back_once(void **state)
{
	struct help *h = *state;
	struct refund_row row;
	struct give_back ask;
	struct desk d;

	setup(h, &d);
	is_int(credit(h, &d), 0, "all is spent");
	ask = of_pieces(&d, 1, 2);
	row = asked(h, &ask);
	is_str(row.state, "asked", "state");
	is_int(row.total, 200, "total");
	verdict_is(h, 0, "REFUNDED");
	is_int(credit(h, &d), 0, "not yet");
	for (int i = 0; i < 2; i++) {
		row = approved(h, row.id, &d.first);
		is_str(row.state, "approved", "state");
		is_int(credit(h, &d), 200, "credit");
	}
	verdict_is(h, 0, "REFUNDED");
	cancel(h, 1, "REFUNDED");
	verdict_is(h, 2, "VALID");
	refused(h,
	    &(struct give_back){
		.who = &d.u, .count = 1, .stamp[0] = {1, 2, {0}}},
	    ERR_DENIED, "is in refund 1 (approved)");
	help_audit(h);
}

/* The answer was lost. */
static void
the_same_request_is_the_same_refund(void **state)
{
	struct help *h = *state;
	struct give_back ask, part;
	struct refund_row row;
	struct desk d;

	setup(h, &d);
	ask = of_pieces(&d, 1, 3);
	row = asked(h, &ask);
	is_int(asked(h, &ask).id, row.id, "the same");
	part = of_pieces(&d, 2, 2);
	refused(h, &part, ERR_DENIED, "stamp 1 is in refund");
	/* none of a request that is refused is claimed */
	part = of_pieces(&d, 3, 2);
	refused(h, &part, ERR_DENIED, "stamp 1 is in refund");
	verdict_is(h, 3, "VALID");
	part = of_pieces(&d, 4, 2);
	part.stamp[1].piece = 4;
	refused(h, &part, ERR_REQUEST, "stamp 2 is named twice");
	verdict_is(h, 3, "VALID");
	help_audit(h);
}

static void
mailed_stamps_are_not_refunded(void **state)
{
	struct help *h = *state;
	struct give_back ask;
	struct desk d;

	setup(h, &d);
	cancel(h, 1, "VALID");
	ask = of_pieces(&d, 1, 2);
	refused(h, &ask, ERR_DENIED,
	    "stamp 2 was mailed: the post saw it at Oakland");
	ask = of_pieces(&d, 1, 1);
	asked(h, &ask);
	help_audit(h);
}

static void
rejected_stamps_are_free(void **state)
{
	struct help *h = *state;
	struct refund_row row;
	struct give_back ask;
	struct desk d;
	struct err e = ERR_INIT;

	setup(h, &d);
	ask = of_pieces(&d, 1, 2);
	row = asked(h, &ask);
	is_ok(give_back_reject(h->w, row.id, &d.first, &row, &e), &e, "no");
	ok(!give_back_approve(h->w, row.id, &d.first, "shredded", &row, &e),
	    "yes after no");
	is_err(&e, ERR_REQUEST, "yes after no");
	cancel(h, 0, "VALID");
	is_int(credit(h, &d), 0, "credit");
	ask = of_pieces(&d, 2, 1);
	row = asked(h, &ask);
	approved(h, row.id, &d.first);
	ok(!give_back_reject(h->w, row.id, &d.first, &row, &e), "too late");
	is_int(credit(h, &d), 100, "credit");
	help_audit(h);
}

static void
old_and_foreign_stamps_are_refused(void **state)
{
	struct help *h = *state;
	struct give_back ask;
	struct user_system other;
	struct desk d;

	setup(h, &d);
	other = help_system(h, help_account(h, "two", 100), "two", NULL);
	ask = of_pieces(&d, 1, 1);
	ask.who = &other;
	refused(h, &ask, ERR_REQUEST, "no such stamp of account two");
	ask = of_pieces(&d, 9, 1);
	refused(h, &ask, ERR_REQUEST, "no such stamp of account one");
	help_set_today(20270128);
	ask = of_pieces(&d, 1, 1);
	refused(h, &ask, ERR_DENIED, "by 2027-01-27");
	help_set_today(20270127);
	asked(h, &ask);
}

/* Who orders chooses the mail date. */
static void
a_later_mail_date_gives_no_longer_window(void **state)
{
	struct help *h = *state;
	struct refund_row row;
	struct give_back ask;
	struct desk d;

	setup(h, &d);
	shop_sql(&h->shop, "UPDATE stamp SET mail_date = 20281101");
	help_set_today(20270128);
	ask = of_pieces(&d, 1, 1);
	refused(h, &ask, ERR_DENIED, "by 2027-01-27");
	help_set_today(20270127);
	row = asked(h, &ask);
	/* the answer was lost: it is the same one, however late */
	help_set_today(20270401);
	is_int(asked(h, &ask).id, row.id, "the same refund");
	/* nor an earlier one a longer one */
	shop_sql(&h->shop, "UPDATE stamp SET mail_date = 20261120");
	ask = of_pieces(&d, 2, 1);
	refused(h, &ask, ERR_DENIED, "by 2027-01-19");
}

/* --- two persons --------------------------------------------------------------------- */

static void
large_refunds_take_two(void **state)
{
	struct help *h = *state;
	struct refund_row row;
	struct give_back ask;
	struct desk d;

	setup(h, &d);
	ask = of_pieces(&d, 1, 6); /* 0.60, the limit is 0.50 */
	row = asked(h, &ask);
	for (int i = 0; i < 2; i++) {
		row = approved(h, row.id, &d.first);
		is_str(row.state, "asked", "one is not enough");
		is_int(row.approvals, 1, "twice is once");
	}
	is_int(credit(h, &d), 0, "credit");
	row = approved(h, row.id, &d.second);
	is_str(row.state, "approved", "two are");
	is_int(credit(h, &d), 600, "credit");
	help_audit(h);
}

static void
a_split_refund_is_as_large_as_it_was(void **state)
{
	struct help *h = *state;
	struct refund_row row[3];
	struct give_back ask;
	struct desk d;

	setup(h, &d);
	for (uint32_t i = 0; i < 2; i++) {
		ask = of_pieces(&d, 1 + 3 * i, 3); /* 0.30 each */
		row[i] = asked(h, &ask);
	}
	is_int(give_back_needs(h->w, &row[1]), 2, "with the one before");
	for (int i = 0; i < 2; i++) {
		row[i] = approved(h, row[i].id, &d.first);
		is_str(row[i].state, "asked", "one is not enough");
	}
	is_int(credit(h, &d), 0, "credit");
	row[0] = approved(h, row[0].id, &d.second);
	is_str(row[0].state, "approved", "two are");
	/* the next day is another one */
	help_set_today(20261130);
	ask = of_pieces(&d, 7, 2);
	row[2] = asked(h, &ask);
	row[2] = approved(h, row[2].id, &d.first);
	is_str(row[2].state, "approved", "one is enough");
	is_int(credit(h, &d), 500, "credit");
	help_audit(h);
}

/* Nor is one that two accounts of a customer ask for. */
static void
a_refund_split_among_accounts_is_as_large(void **state)
{
	struct help *h = *state;
	struct refund_row row[2];
	struct give_back ask;
	struct user_system two;
	struct desk d;
	struct err e;

	setup(h, &d);
	two = help_system(h, help_account(h, "two", 300), "two", NULL);
	help_issue(h, help_order(h, &two, 3), &issued, ERR_NONE, &e);
	ask = of_pieces(&d, 1, 3);
	row[0] = asked(h, &ask);
	ask = of_pieces(&d, 1, 3);
	ask.who = &two;
	for (int i = 0; i < 3; i++)
		ask.stamp[i].psd = issued.stamp[0].psd;
	row[1] = asked(h, &ask);
	is_int(give_back_needs(h->w, &row[1]), 1, "of another customer");
	shop_sql(&h->shop, "UPDATE account SET customer = (SELECT id FROM "
			   "customer WHERE name = 'one') WHERE name = 'two'");
	for (int i = 0; i < 2; i++) {
		row[i] = approved(h, row[i].id, &d.first);
		is_str(row[i].state, "asked", "one is not enough");
		row[i] = approved(h, row[i].id, &d.second);
		is_str(row[i].state, "approved", "two are");
	}
	help_audit(h);
}

struct voice {
	struct worker *w;
	struct person by;
	int64_t id;
};

static void *
say_yes(void *context)
{
	struct voice *v = context;
	struct refund_row row;
	struct err e = ERR_INIT;

	if (!give_back_approve(v->w, v->id, &v->by, "burnt", &row, &e))
		fprintf(stderr, "%s\n", e.text);
	return NULL;
}

static void
many_voices_at_once_pay_once(void **state)
{
	struct help *h = *state;
	struct voice voice[THREADS];
	pthread_t thread[THREADS];
	struct refund_row row;
	struct give_back ask;
	struct desk d;

	setup(h, &d);
	ask = of_pieces(&d, 1, 6);
	row = asked(h, &ask);
	for (int i = 0; i < THREADS; i++) {
		voice[i] = (struct voice){shop_worker(&h->shop, NULL),
		    i % 2 ? d.first : d.second, row.id};
		ok(pthread_create(&thread[i], NULL, say_yes, &voice[i]) == 0,
		    "thread");
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		shop_worker_close(voice[i].w);
	}
	is_int(credit(h, &d), 600, "credit");
	help_audit(h);
}

static void
only_the_providers_administrators_say_yes(void **state)
{
	struct help *h = *state;
	struct person customers, auditor;
	struct refund_row row;
	struct give_back ask;
	struct desk d;
	struct err e = ERR_INIT;
	char token[96];

	setup(h, &d);
	help_person(h, "boss", PERSON_ADMINISTRATOR, "one", token);
	help_person(h, "auditor", PERSON_AUDITOR, NULL, token);
	find_person(h, "boss", &customers);
	find_person(h, "auditor", &auditor);
	ask = of_pieces(&d, 1, 1);
	row = asked(h, &ask);
	ok(!give_back_approve(h->w, row.id, &customers, "x", &row, &e), "own");
	is_err(&e, ERR_DENIED, "own");
	ok(!give_back_approve(h->w, row.id, &auditor, "x", &row, &e), "role");
	is_err(&e, ERR_DENIED, "role");
	ok(!give_back_approve(h->w, row.id, &d.first, "", &row, &e), "how?");
	is_err(&e, ERR_REQUEST, "how?");
	ok(!give_back_approve(h->w, 99, &d.first, "x", &row, &e), "none");
	is_err(&e, ERR_REQUEST, "none");
	d.first.active = false;
	ok(!give_back_approve(h->w, row.id, &d.first, "x", &row, &e), "left");
	is_err(&e, ERR_DENIED, "suspended");
}

/* --- over HTTP -------------------------------------------------------------------------- */

static void
refunds_go_over_http(void **state)
{
	static const char hex[] = "0123456789abcdef";
	char body[256], key[33] = "", admin[96], other[96];
	struct help *h = *state;
	struct desk d;

	setup(h, &d);
	help_person(h, "admin", PERSON_ADMINISTRATOR, NULL, admin);
	help_system(h, help_account(h, "two", 0), "two", other);
	for (int i = 0; i < 32; i++)
		key[i] =
		    hex[issued.stamp[3].key[i / 2] >> (i % 2 ? 0 : 4) & 15];
	snprintf(body, sizeof(body),
	    "{\"reason\":\"jam\",\"stamps\":[{\"psd\":\"XXPS0000000001\","
	    "\"piece\":1},{\"key\":\"%s\"}]}",
	    key);
	help_ask(h, "POST", "/v1/refunds", d.token, body);
	help_said(h, 200, "\"state\":\"asked\",\"stamps\":2,\"total\":200");
	verdict_is(h, 3, "REFUNDED");
	help_ask(h, "GET", "/v1/refunds", admin, NULL);
	help_said(h, 200, "\"refund\":1,\"account\":\"one\"");
	help_ask(h, "POST", "/v1/refunds/1/approve", admin,
	    "{\"method\":\"shredded\"}");
	help_said(h, 200, "\"state\":\"approved\"");
	help_ask(h, "GET", "/v1/refunds/1", d.token, NULL);
	help_said(h, 200, "\"state\":\"approved\"");
	help_ask(h, "GET", "/v1/refunds/1", other, NULL);
	help_said(h, 404, "no such refund");
	help_ask(h, "POST", "/v1/refunds/1/reject", admin, "");
	help_said(h, 400, "was approved");
	help_ask(h, "POST", "/v1/refunds/1/approve", d.token, "{}");
	help_said(h, 401, "");
	help_ask(h, "POST", "/v1/refunds", d.token,
	    "{\"reason\":\"x\",\"stamps\":[{\"psd\":\"XYPS0000000001\","
	    "\"piece\":1}]}");
	help_said(h, 400, "stamps[0].psd");
	help_audit(h);
}

/* Somebody else's hand in the books. */
static void
audit_sees_refunds_that_are_wrong(void **state)
{
	struct help *h = *state;
	struct refund_row row;
	struct give_back ask;
	struct desk d;

	setup(h, &d);
	ask = of_pieces(&d, 1, 2);
	row = asked(h, &ask);
	approved(h, row.id, &d.first);
	help_audit(h);
	shop_sql(&h->shop, "DELETE FROM refund_approval");
	is_int(shop_audit(&h->shop, true), 1, "nobody approved");
	shop_sql(&h->shop, "UPDATE refund SET state = 'asked'");
	is_int(shop_audit(&h->shop, true), 1, "paid, not approved");
	shop_sql(&h->shop, "DELETE FROM stamp_end WHERE piece = 2");
	is_int(shop_audit(&h->shop, true), 2, "a stamp is missing");
	shop_sql(&h->shop, "UPDATE stamp_end SET amount = 200");
	is_int(shop_audit(&h->shop, true), 3, "of another amount");
}

/* Debited, and no module gives its signature: it was never printed. */
static void
what_was_never_signed_is_refunded(void **state)
{
	struct help *h = *state;
	struct refund_row row;
	struct give_back ask;
	struct desk d;

	setup(h, &d);
	shop_sql(&h->shop, "DELETE FROM signature WHERE piece = 3");
	ask = of_pieces(&d, 0, 1);
	memcpy(ask.stamp[0].key, issued.stamp[2].key, PSD_KEY_BYTES);
	row = asked(h, &ask);
	row = approved(h, row.id, &d.first);
	is_str(row.state, "approved", "given back");
	is_int(credit(h, &d), 100, "credit");
	help_audit(h);
}

/* --- a standby that is away --------------------------------------------------------------- */

static void
must_be_absent(bool done, struct err *e, const char *what)
{
	ok(!done, what);
	is_err(e, ERR_ABSENT, what);
	*e = (struct err)ERR_INIT;
}

/* What was asked for, and what came of it, is told when the standby has it: the
 * journal of a print server is settled by it. */
static void
a_refund_is_told_when_the_standby_has_it(void **state)
{
	struct help *h = *state;
	struct refund_row row;
	struct give_back ask;
	struct desk d;
	struct err e = ERR_INIT;
	bool found;

	setup(h, &d);
	ask = of_pieces(&d, 1, 3);
	pg_standby_away(true);
	must_be_absent(give_back_ask(h->w, &ask, &row, &e), &e, "asked");
	must_be_absent(give_back_ask(h->w, &ask, &row, &e), &e, "again");
	must_be_absent(give_back_look(h->w, 1, &row, &found, &e), &e, "look");
	help_ask(h, "GET", "/v1/refunds/1", d.token, NULL);
	help_said(h, 503, "ERR_ABSENT");
	must_be_absent(
	    give_back_approve(h->w, 1, &d.first, "burnt", &row, &e), &e, "yes");
	help_ask(h, "GET", "/v1/refunds/1", d.token, NULL);
	help_said(h, 503, "ERR_ABSENT");
	pg_standby_away(false);
	row = asked(h, &ask);
	is_int(row.id, 1, "the same");
	is_int(row.total, 300, "once");
	help_ask(h, "GET", "/v1/refunds/1", d.token, NULL);
	help_said(h, 200, "\"state\":\"approved\"");
	is_int(credit(h, &d), 300, "once");
	help_audit(h);
}

#define COMMON(on)                                                             \
	on(value_comes_back_once), on(the_same_request_is_the_same_refund),    \
	    on(mailed_stamps_are_not_refunded), on(rejected_stamps_are_free),  \
	    on(old_and_foreign_stamps_are_refused),                            \
	    on(a_later_mail_date_gives_no_longer_window),                      \
	    on(a_split_refund_is_as_large_as_it_was),                          \
	    on(a_refund_split_among_accounts_is_as_large),                     \
	    on(what_was_never_signed_is_refunded), on(large_refunds_take_two), \
	    on(many_voices_at_once_pay_once),                                  \
	    on(only_the_providers_administrators_say_yes),                     \
	    on(refunds_go_over_http), on(audit_sees_refunds_that_are_wrong)

static const struct CMUnitTest sqlite[] = {COMMON(HELP_SQLITE)};
static const struct CMUnitTest postgresql[] = {
    COMMON(HELP_PG), HELP_PG(a_refund_is_told_when_the_standby_has_it)};

HELP_MAIN(sqlite, postgresql)
