/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of postage.conf, where a whole document meets them. */
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "dispense/alarm.h"
#include "dispense/books.h"
#include "dispense/rates.h"
#include "tests/shop.h"
#include "tests/test.h"
#include "tools/rules.h"

#define HOUR_S 3600
#define DAY_S  86400
#define MANY   40

static struct shop shop;

static struct stamp_request in[MANY];
static struct stamp_quote quotes[MANY];
static struct issued_stamp out[MANY];

static struct job
job_of(const char *user, uint32_t id)
{
	struct job job = {.queue = "mail",
	    .id = id,
	    .created = SHOP_NOW - 10,
	    .processing = SHOP_NOW,
	    .documents = 1};

	snprintf(job.user, sizeof(job.user), "%s", user);
	return job;
}

/* `count` pages with this mark. */
static void
want(size_t count, const char *mark)
{
	struct err e = ERR_INIT;

	for (size_t i = 0; i < count; i++) {
		in[i] = (struct stamp_request){
		    .page = (uint32_t)i + 1, .place = 1, .copy = 1};
		is_ok(mark_parse(mark, &in[i].mark, &e), &e, mark);
	}
}

/* Prints what is wanted at `now`.  False with *e where it is refused. */
static bool
prints_at(const struct job *job, size_t count, time_t now, struct err *e)
{
	struct dispense *d = shop_spender(&shop, now);
	struct document *doc = NULL;
	struct quote_common common;
	struct err none = ERR_INIT;
	bool done;

	*e = none;
	is_ok(dispense_document_open(d, ROLE_FILTER, job, &doc, e), e, "open");
	done = dispense_quote(doc, in, count, quotes, &common, e) &&
	       dispense_issue(doc, 0, count, out, e) &&
	       dispense_finish(doc, 1, 1000, e);
	if (!done)
		is_ok(dispense_refuse(doc, e, &none), &none, "refuse");
	dispense_document_close(doc);
	dispense_close(d);
	return done;
}

static bool
prints(const char *user, uint32_t id, size_t count, struct err *e)
{
	struct job job = job_of(user, id);

	return prints_at(&job, count, SHOP_NOW, e);
}

static mils
spent(void)
{
	return shop_registers(&shop).ascending;
}

static void
open_shop(const char *conf)
{
	shop_open(&shop, 100000, NULL, conf);
}

static void
write_list(const char *name, const char *text)
{
	char path[160];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", shop.dir, name);
	f = fopen(path, "we");
	ok(f != NULL, path);
	fputs(text, f);
	fclose(f);
}

static void
refused(const char *user, uint32_t id, size_t count, enum err_kind kind,
    const char *words)
{
	mils before = spent();
	struct err e;

	ok(!prints(user, id, count, &e), words);
	is_err(&e, kind, words);
	if (strstr(e.text, words) == NULL)
		is_str(e.text, words, "sentence");
	is_int(spent(), before, "nothing spent");
}

/* --- a word before it is printed ------------------------------------------------ */

static bool
confirm(int64_t document, mils total, const char *person, struct err *e)
{
	struct journal *j = NULL;
	const struct books_by by = {person, SHOP_NOW};
	bool done;

	*e = (struct err)ERR_INIT;
	is_ok(journal_open(shop.journal, false, 1000, &j, e), e, "journal");
	is_ok(journal_begin(j, e), e, "begin");
	done = journal_confirm(j, document, total, &by, e);
	if (done)
		is_ok(journal_commit(j, e), e, "commit");
	journal_close(j);
	return done;
}

static void
great_total_waits_for_its_owners_word(void **state)
{
	struct job job = job_of("anna", 1);
	struct err e;

	(void)state;
	open_shop("[limits]\nconfirm = 3.00\n");
	want(5, "[[postage 0.78]]");
	refused("anna", 1, 5, ERR_DENIED, "the total is 3.90");
	strcpy(job.confirm, "3.80");
	ok(!prints_at(&job, 5, SHOP_NOW, &e), "a wrong total");
	is_err(&e, ERR_DENIED, "a wrong total");
	is_int(spent(), 0, "nothing is spent");
	strcpy(job.confirm, "3.9");
	is_ok(prints_at(&job, 5, SHOP_NOW, &e), &e, "the right total");
	is_int(spent(), 3900, "is spent");
	job.confirm[0] = '\0';
	job.processing += 60;
	is_ok(prints_at(&job, 5, SHOP_NOW, &e), &e, "what is paid needs none");
	is_int(shop_check(&shop), 0, shop_findings);
	shop_close(&shop);
}

static void
great_total_waits_for_another_person(void **state)
{
	struct journal_document doc;
	struct journal *j;
	struct err e;

	(void)state;
	open_shop("[limits]\napprove = 3.00\n");
	want(5, "[[postage class=letter]]");
	refused("anna", 1, 5, ERR_DENIED, "postage confirm mail-1 3.70");
	j = shop_journal(&shop);
	is_ok(journal_document_load(j, 1, &doc, &e), &e, "the order");
	is_int(doc.state, DOC_QUOTED, "is kept, quoted");
	is_int(doc.total, 3700, "with its total");
	journal_close(j);
	ok(!confirm(1, 3701, "bert", &e), "another total");
	is_err(&e, ERR_REQUEST, "another total");
	is_ok(confirm(1, 3700, "anna as root", &e), &e, "her own word");
	refused("anna", 1, 5, ERR_DENIED, "somebody other than anna");
	is_ok(confirm(1, 3700, "bert as root", &e), &e, "another's word");
	is_ok(prints("anna", 1, 5, &e), &e, "printed");
	is_int(spent(), 3700, "spent");
	ok(!confirm(1, 3700, "bert", &e), "once is enough");
	is_int(shop_check(&shop), 0, shop_findings);
	shop_close(&shop);
}

static void
word_is_for_the_price_that_was_shown(void **state)
{
	struct job job = job_of("anna", 1);
	struct err e;

	(void)state;
	open_shop("[limits]\napprove = 3.00\n");
	want(5, "[[postage class=letter]]");
	refused("anna", 1, 5, ERR_DENIED, "3.70");
	is_ok(confirm(1, 3700, "bert", &e), &e, "approved");
	/* On 2026-12-01 a letter is 0.80. */
	job.processing += 10 * DAY_S;
	ok(!prints_at(&job, 5, SHOP_NOW + 10 * DAY_S, &e), "other prices");
	ok(strstr(e.text, "4.00") != NULL, e.text);
	is_int(spent(), 0, "nothing is spent");
	shop_close(&shop);
}

/* --- cost codes -------------------------------------------------------------------- */

static void
cost_codes_are_those_of_the_list(void **state)
{
	char conf[256];
	struct err e;

	(void)state;
	open_shop("[group heads]\nmembers = bert\n");
	write_list("codes", "sales\tSales\nboard\tBoard\t@heads\n");
	snprintf(conf, sizeof(conf), "%s/codes", shop.dir);
	strcpy(shop.settings.defaults.cost_codes, conf);
	want(1, "[[postage 0.78 cost=sales]]");
	is_ok(prints("anna", 1, 1, &e), &e, "on the list");
	want(1, "[[postage 0.78]]");
	is_ok(prints("anna", 2, 1, &e), &e, "none is wanted");
	want(1, "[[postage 0.78 cost=slaes]]");
	refused("anna", 3, 1, ERR_REQUEST,
	    "page 1, mark 1: there is no cost code \"slaes\"; is it one of "
	    "sales?");
	want(1, "[[postage 0.78 cost=elsewhere]]");
	refused("anna", 4, 1, ERR_REQUEST, "ask who keeps the list");
	want(1, "[[postage 0.78 cost=board]]");
	refused(
	    "anna", 5, 1, ERR_DENIED, "may not use cost code board (Board)");
	strcpy(shop.settings.groups[0].members, "anna");
	is_ok(prints("anna", 6, 1, &e), &e, "of the group");
	shop.settings.defaults.cost_required = true;
	want(1, "[[postage 0.78]]");
	refused("anna", 7, 1, ERR_REQUEST, "wants a cost code");
	want(1, "[[postage 0.78 kind=specimen]]");
	is_ok(prints("anna", 8, 1, &e), &e, "a specimen costs nobody");
	shop_close(&shop);
}

/* --- groups and months --------------------------------------------------------------- */

static void
group_spends_together(void **state)
{
	struct job job = job_of("bert", 3);
	struct err e;

	(void)state;
	open_shop("[group office]\nmembers = anna bert\nday = 3.00\n"
		  "month = 5.00\n");
	want(2, "[[postage 1.00]]");
	is_ok(prints("anna", 1, 2, &e), &e, "one of it");
	refused("bert", 2, 2, ERR_DENIED,
	    "group office: the limit of a day is 3.00, 2.00 of it is spent");
	is_ok(prints("carl", 20, 2, &e), &e, "one who is not");
	job.processing += DAY_S;
	is_ok(prints_at(&job, 2, SHOP_NOW + DAY_S, &e), &e, "the next day");
	job.id++, job.processing += DAY_S;
	ok(!prints_at(&job, 2, SHOP_NOW + 2 * DAY_S, &e), "the third");
	ok(strstr(e.text, "of a month is 5.00, 4.00 of it") != NULL, e.text);
	/* Eleven days on it is December. */
	job.id++, job.processing += 9 * DAY_S;
	is_ok(prints_at(&job, 2, SHOP_NOW + 11 * DAY_S, &e), &e, "December");
	shop_close(&shop);
}

static void
month_of_queue_and_user_is_bounded(void **state)
{
	struct job job = job_of("anna", 2);
	struct err e;

	(void)state;
	open_shop("[limits]\nmonth = 5.00\nuser-month = 3.00\n");
	want(2, "[[postage 1.00]]");
	is_ok(prints("anna", 1, 2, &e), &e, "first");
	job.processing += DAY_S;
	ok(!prints_at(&job, 2, SHOP_NOW + DAY_S, &e), "the user's month");
	ok(strstr(e.text, "of a user and month is 3.00, 2.00") != NULL, e.text);
	is_ok(prints("bert", 3, 2, &e), &e, "another user");
	refused("carl", 4, 2, ERR_DENIED, "of a month is 5.00, 4.00 of it");
	shop_close(&shop);
}

/* --- dates ------------------------------------------------------------------------------ */

static uint32_t
mail_date_at(uint32_t id, time_t now)
{
	struct job job = job_of("anna", id);
	struct err e;

	is_ok(prints_at(&job, 1, now, &e), &e, "print");
	return quotes[0].mail_date;
}

static void
mail_date_is_the_next_collection(void **state)
{
	char conf[256];

	(void)state;
	/* SHOP_NOW is a Saturday's noon. */
	open_shop("cutoff = 12:30\ncollection = mon-sat\n");
	write_list("days", "2026-11-26 Thanksgiving\n");
	snprintf(conf, sizeof(conf), "%s/days", shop.dir);
	strcpy(shop.settings.defaults.holidays, conf);
	want(1, "[[postage 0.78]]");
	is_int(mail_date_at(1, SHOP_NOW), 20261121, "before the cut-off");
	is_int(mail_date_at(2, SHOP_NOW + HOUR_S / 2), 20261123, "at it");
	is_int(mail_date_at(3, SHOP_NOW + 4 * DAY_S + HOUR_S), 20261127,
	    "before a holiday, after the cut-off");
	want(1, "[[postage 0.78 date=+0]]");
	is_int(mail_date_at(4, SHOP_NOW + HOUR_S), 20261121, "a date is one");
	shop_close(&shop);
}

static void
amount_does_not_cross_a_change_of_prices(void **state)
{
	(void)state;
	open_shop("days-ahead = 10\n");
	want(1, "[[postage 0.74 date=+9]]");
	is_int(mail_date_at(1, SHOP_NOW), 20261130, "the last day");
	want(1, "[[postage 0.74 date=+10]]");
	refused("anna", 2, 1, ERR_REQUEST,
	    "prices change on 2026-12-01, before the mail date 2026-12-01");
	want(1, "[[postage class=letter date=+10]]");
	is_int(mail_date_at(3, SHOP_NOW), 20261201, "a class");
	is_int(quotes[0].amount, 800, "at its price then");
	want(1, "[[postage class=letter amount=0.80 date=+10]]");
	is_int(mail_date_at(4, SHOP_NOW), 20261201, "the right amount");
	want(1, "[[postage class=letter amount=0.74 date=+10]]");
	refused("anna", 5, 1, ERR_REQUEST, "prices change on 2026-12-01");
	want(1, "[[postage class=letter date=+11]]");
	refused("anna", 6, 1, ERR_REQUEST, "more than 10 days ahead");
	shop_close(&shop);
}

static void
classes_have_their_own_days(void **state)
{
	(void)state;
	open_shop("mailby-days = 5\nmailby-days letter = 0\n");
	want(1, "[[postage 0.78]]");
	mail_date_at(1, SHOP_NOW);
	is_int(quotes[0].mailby, 20261126, "others");
	want(1, "[[postage class=letter]]");
	mail_date_at(2, SHOP_NOW);
	is_int(quotes[0].mailby, 20261121, "letters");
	shop_close(&shop);
}

/* --- date corrections ------------------------------------------------------------------- */

static void
redates_are_counted(void **state)
{
	struct job next = job_of("anna", 9);
	struct err e;

	(void)state;
	open_shop("[limits]\nredates = 3\n");
	want(2, "[[postage kind=redate date=+1]]");
	is_ok(prints("anna", 1, 2, &e), &e, "two");
	is_int(quotes[0].amount, 0, "of no value");
	is_int(spent(), 0, "nothing spent");
	refused(
	    "bert", 2, 2, ERR_DENIED, "date corrections is 3 a day, 2 were");
	is_ok(prints("bert", 3, 1, &e), &e, "one more");
	next.processing += DAY_S;
	is_ok(prints_at(&next, 2, SHOP_NOW + DAY_S, &e), &e, "tomorrow");
	in[1].page = 1;
	in[1].place = 2;
	refused("anna", 10, 2, ERR_REQUEST, "page 1 has two date corrections");
	in[0].label = 1, in[0].sheet_serial = 7;
	in[1].label = 2, in[1].sheet_serial = 7;
	is_int(shop_check(&shop), 0, shop_findings);
	shop_close(&shop);
}

static struct document *
quote(struct dispense *d, const struct job *job, size_t count)
{
	struct document *doc = NULL;
	struct quote_common common;
	struct err e = ERR_INIT;

	is_ok(dispense_document_open(d, ROLE_FILTER, job, &doc, &e), &e, "o");
	is_ok(dispense_quote(doc, in, count, quotes, &common, &e), &e, "quote");
	return doc;
}

static void
redates_are_counted_where_two_are_quoted_at_once(void **state)
{
	struct job a = job_of("anna", 1), b = job_of("bert", 2);
	struct dispense *d[2];
	struct document *doc[2];
	struct err e = ERR_INIT;

	(void)state;
	open_shop("[limits]\nredates = 3\n");
	want(2, "[[postage kind=redate date=+1]]");
	d[0] = shop_spender(&shop, SHOP_NOW);
	d[1] = shop_spender(&shop, SHOP_NOW);
	doc[0] = quote(d[0], &a, 2);
	doc[1] = quote(d[1], &b, 2);
	is_ok(dispense_issue(doc[0], 0, 1, out, &e), &e, "one of two");
	ok(!dispense_issue(doc[1], 0, 1, out, &e), "the other one is reserved");
	is_err(&e, ERR_DENIED, "kind");
	ok(strstr(e.text, "is 3 a day, 2 were"), e.text);
	e = (struct err)ERR_INIT;
	is_ok(dispense_issue(doc[0], 1, 1, out, &e), &e, "both of two");
	ok(!dispense_issue(doc[1], 0, 2, out, &e), "two more are too many");
	is_err(&e, ERR_DENIED, "kind");
	for (int i = 0; i < 2; i++) {
		dispense_document_close(doc[i]);
		dispense_close(d[i]);
	}
	is_int(shop_registers(&shop).piece_count, 2, "signed");
	is_int(shop_check(&shop), 0, shop_findings);
	shop_close(&shop);
}

/* --- what a person is told ---------------------------------------------------------------- */

static char heard[1024];

static void
hear(void *context, const char *text)
{
	(void)context;
	strcat(heard, text);
	strcat(heard, "|");
}

static const char *
alarms_at(time_t now, struct funds *funds)
{
	struct dispense *d = shop_spender(&shop, now);
	struct err e = ERR_INIT;

	heard[0] = '\0';
	is_ok(dispense_alarms(d, "mail", hear, NULL, &e), &e, "alarms");
	is_ok(dispense_funds(d, "mail", funds, &e), &e, "funds");
	dispense_close(d);
	return heard;
}

static void
low_funds_are_told_once_a_crossing_and_day(void **state)
{
	struct funds f;
	struct err e;

	(void)state;
	shop_open(&shop, 10000, NULL, "rates-warn = none\n[limits]\nlow = 5\n");
	is_str(alarms_at(SHOP_NOW, &f), "", "enough");
	is_int(f.full, 10000, "full after the refill");
	want(6, "[[postage 1.00]]");
	is_ok(prints("anna", 1, 6, &e), &e, "spend");
	is_str(alarms_at(SHOP_NOW, &f),
	    "Postage is low: XXPS0001234567 has 4.00 left, the alarm of queue "
	    "mail is at 5.00. Refill it: postage vault refill|",
	    "below");
	is_int(f.full, 10000, "full is what it was");
	is_str(alarms_at(SHOP_NOW, &f), "", "told already");
	is_str(alarms_at(SHOP_NOW + DAY_S, &f), "", "the next day too");
	shop_refill(&shop, 3000);
	is_str(alarms_at(SHOP_NOW, &f), "", "refilled");
	is_int(f.full, 7000, "full after this refill");
	want(3, "[[postage 1.00]]");
	is_ok(prints("anna", 2, 3, &e), &e, "spend");
	is_str(alarms_at(SHOP_NOW, &f), "", "twice on one day is once");
	shop_refill(&shop, 3000);
	alarms_at(SHOP_NOW + DAY_S, &f);
	is_ok(prints("anna", 3, 3, &e), &e, "spend");
	ok(strstr(alarms_at(SHOP_NOW + DAY_S, &f), "4.00 left") != NULL,
	    "a new crossing on a new day");
	shop_close(&shop);
}

static void
months_of_groups_are_told_when_they_run_out(void **state)
{
	struct funds f;
	struct err e;

	(void)state;
	shop_open(&shop, 100000, NULL,
	    "rates-warn = none\n[limits]\nlow = 0\n"
	    "[group office]\nmembers = anna bert\nmonth = 10\nlow = 4\n"
	    "[group board]\nmembers = carl\nmonth = 10\n");
	want(6, "[[postage 1.00]]");
	is_ok(prints("anna", 1, 3, &e), &e, "three");
	is_ok(prints("carl", 2, 6, &e), &e, "another group");
	is_ok(prints("bert", 3, 3, &e), &e, "six in all");
	is_str(alarms_at(SHOP_NOW, &f), "", "4.00 is left");
	is_str(f.budget, "", "no group is low");
	is_ok(prints("bert", 4, 1, &e), &e, "seven");
	is_str(alarms_at(SHOP_NOW, &f),
	    "The month of group office is nearly used up: 3.00 of 10.00 is "
	    "left, its alarm is at 4.00 ([group office] in postage.conf)|",
	    "below");
	is_str(f.budget, "office", "the printer says it too");
	is_int(f.budget_left, 3000, "left");
	is_int(f.budget_low, 4000, "level");
	is_str(alarms_at(SHOP_NOW + DAY_S, &f), "", "told already");
	is_str(f.budget, "office", "it is low still");
	is_str(alarms_at(SHOP_NOW + 10 * DAY_S, &f), "", "the next month");
	is_str(f.budget, "", "is whole");
	shop_close(&shop);
}

static void
change_of_prices_is_told_once(void **state)
{
	struct funds f;

	(void)state;
	open_shop("rates-warn = 5\n");
	is_str(alarms_at(SHOP_NOW, &f), "", "ten days before");
	ok(strstr(alarms_at(SHOP_NOW + 5 * DAY_S, &f),
	       "Prices change on 2026-12-01") != NULL,
	    heard);
	is_str(alarms_at(SHOP_NOW + 6 * DAY_S, &f), "", "told already");
	shop_close(&shop);
}

static void
alarm_command_reads_the_sentence(void **state)
{
	char path[160], said[64] = "";
	struct err e = ERR_INIT;
	FILE *f;

	(void)state;
	open_shop("");
	snprintf(path, sizeof(path), "/usr/bin/tee %s/said", shop.dir);
	is_ok(alarm_run(path, "low; $(id) `id`", &e), &e, "run");
	f = fopen(path + 13, "re");
	ok(f && fgets(said, sizeof(said), f), "said");
	fclose(f);
	is_str(said, "low; $(id) `id`\n", "no shell");
	ok(!alarm_run("/bin/false now", "x", &e), "code");
	is_err(&e, ERR_SYSTEM, "code");
	ok(!alarm_run("/nonexistent", "x", &e), "missing");
	ok(!alarm_run("/bin/a b c d e f g h i j k l m n o p q", "x", &e),
	    "too many words");
	shop_close(&shop);
}

static void
table_of_rates_wants_two_persons(void **state)
{
	const struct books_by anna = {"anna", SHOP_NOW}, bert = {"bert", 1};
	struct books_rates t = {.text = NULL};
	struct journal *j = NULL;
	uint8_t sha[JOURNAL_HASH];
	struct err e = ERR_INIT;
	char *text;
	size_t len;

	(void)state;
	open_shop("rates-persons = 2\n");
	want(1, "[[postage class=letter]]");
	refused("anna", 1, 1, ERR_CONFIG, "two persons agreed on");
	is_ok(rates_read(shop.settings.rates, &text, &len, &e), &e, "read");
	ok(EVP_Digest(text, len, sha, NULL, EVP_sha256(), NULL) == 1, "hash");
	is_ok(journal_open(shop.journal, false, 1000, &j, &e), &e, "journal");
	is_ok(journal_begin(j, &e) &&
		  books_rates_enter(j, sha, text, len, &anna, &e) &&
		  journal_commit(j, &e),
	    &e, "entered");
	free(text);
	refused("anna", 2, 1, ERR_CONFIG, "two persons agreed on");
	is_ok(journal_begin(j, &e) && books_rates_approve(j, sha, &bert, &e) &&
		  journal_commit(j, &e),
	    &e, "approved");
	bytes_to_hex(sha, 6, heard);
	is_ok(books_rates_find(j, heard, &t, &e), &e, "find");
	is_str(t.entered_by, "anna", "entered by");
	is_str(t.approved_by, "bert", "approved by");
	is_int(t.len, len, "length");
	free(t.text);
	ok(!books_rates_find(j, "0123456", &t, &e), "too short a name");
	ok(!books_rates_find(j, "00000000", &t, &e), "no such table");
	journal_close(j);
	is_ok(prints("anna", 3, 1, &e), &e, "agreed on");
	is_int(shop_check(&shop), 0, shop_findings);
	shop_close(&shop);
}

/* --- what the doctor says of them ------------------------------------------------------------ */

static void
find(void *context, const char *what, bool good, const char *detail,
    const char *remedy)
{
	(void)context;
	(void)detail;
	if (good)
		return;
	ok(remedy[0] != '\0', "what to do");
	strcat(heard, what);
	strcat(heard, "|");
}

static const char *
findings_of(const char *conf)
{
	heard[0] = '\0';
	open_shop(conf);
	rules_check(&shop.settings, 20261121, find, NULL);
	shop_close(&shop);
	return heard;
}

static void
doctor_finds_rules_that_cannot_be_meant(void **state)
{
	(void)state;
	is_str(findings_of(""), "", "nothing is wrong");
	is_str(findings_of("[limits]\nusers = @office\n"
			   "classes = letter square amount\n"
			   "confirm = 5\napprove = 10\n"
			   "[group office]\nmembers = anna\n"),
	    "", "nor here");
	is_str(findings_of("cost-codes = /nonexistent\n"),
	    "all queues: cost codes|", "no list");
	is_str(findings_of("holidays = /nonexistent\n"),
	    "all queues: holidays|", "no holidays");
	is_str(findings_of("[limits]\nclasses = letter leter\n"),
	    "all queues: classes|", "a slip");
	is_str(findings_of("[queue A]\nusers = @no-such-group\n"), "A: users|",
	    "no group");
	is_str(findings_of("[group x]\nday = 5\n"), "x|", "no members");
	is_str(findings_of("[limits]\nconfirm = 5\napprove = 1\n"),
	    "all queues: confirm|", "the wrong way round");
	is_str(findings_of("[daemon]\nalarm = /nonexistent x\n"), "alarm|",
	    "no program");
	is_str(findings_of("rates = /nonexistent\n"), "rates|", "no rates");
	is_str(findings_of("[limits]\nsizes = small\n"), "all queues: sizes|",
	    "what a mark without a size would be");
	is_str(findings_of("size = small\n[limits]\nsizes = small\n"), "",
	    "unless it is that size");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(great_total_waits_for_its_owners_word),
	    T(great_total_waits_for_another_person),
	    T(word_is_for_the_price_that_was_shown),
	    T(cost_codes_are_those_of_the_list),
	    T(group_spends_together),
	    T(month_of_queue_and_user_is_bounded),
	    T(mail_date_is_the_next_collection),
	    T(amount_does_not_cross_a_change_of_prices),
	    T(classes_have_their_own_days),
	    T(redates_are_counted),
	    T(redates_are_counted_where_two_are_quoted_at_once),
	    T(low_funds_are_told_once_a_crossing_and_day),
	    T(months_of_groups_are_told_when_they_run_out),
	    T(change_of_prices_is_told_once),
	    T(alarm_command_reads_the_sentence),
	    T(table_of_rates_wants_two_persons),
	    T(doctor_finds_rules_that_cannot_be_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
