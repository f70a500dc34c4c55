/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stamp/indicium.h"
#include "tests/shop.h"
#include "tests/test.h"

#define STAMP	780
#define DAY_S	86400
#define MANY	100
#define PRICE_N 3

static struct shop shop;

static const struct job letter = {.queue = "mail",
    .id = 12,
    .uuid = "urn:uuid:0001",
    .created = SHOP_NOW - 10,
    .processing = SHOP_NOW,
    .user = "anna",
    .documents = 1};

/* One pass of a filter over a document: what it gets. */
struct pass {
	struct stamp_request in[MANY];
	struct stamp_quote quote[MANY];
	struct issued_stamp out[MANY];
	struct quote_common common;
	struct err e;
};

static struct pass one, two;

static void
want(struct pass *p, size_t count, const char *mark)
{
	struct err e = ERR_INIT;

	memset(p, 0, sizeof(*p));
	for (size_t i = 0; i < count; i++) {
		p->in[i] = (struct stamp_request){.page = (uint32_t)i / 10 + 1,
		    .place = (uint32_t)i % 10 + 1,
		    .copy = 1,
		    .x_um = 10000,
		    .y_um = 20000 * (int32_t)(i % 10)};
		is_ok(mark_parse(mark, &p->in[i].mark, &e), &e, mark);
	}
}

/* Runs the filter's part.  False with p->e where it is refused. */
static bool
filter_at(const struct job *job, struct pass *p, size_t count, time_t now)
{
	struct dispense *d = shop_spender(&shop, now);
	struct document *doc = NULL;
	struct err none = ERR_INIT;
	bool done;

	p->e = none;
	is_ok(dispense_document_open(d, ROLE_FILTER, job, &doc, &p->e), &p->e,
	    "open");
	done = dispense_quote(doc, p->in, count, p->quote, &p->common, &p->e) &&
	       dispense_issue(doc, 0, count, p->out, &p->e) &&
	       dispense_finish(doc, 1, 1000, &p->e);
	if (!done)
		is_ok(dispense_refuse(doc, &p->e, &none), &none, "refuse");
	dispense_document_close(doc);
	dispense_close(d);
	return done;
}

static bool
filter(const struct job *job, struct pass *p, size_t count)
{
	return filter_at(job, p, count, SHOP_NOW);
}

/* Opens the backend's part and asks how it stands. */
static struct document *
backend(struct dispense **d, const struct job *job, struct outcome *out)
{
	struct document *doc = NULL;
	struct err e = ERR_INIT;

	*d = shop_spender(&shop, SHOP_NOW);
	is_ok(dispense_document_open(*d, ROLE_BACKEND, job, &doc, &e), &e,
	    "open");
	is_ok(dispense_outcome(doc, out, &e), &e, "outcome");
	return doc;
}

static struct outcome
deliver(const struct job *job, enum settle how)
{
	struct outcome out;
	struct dispense *d;
	struct document *doc = backend(&d, job, &out);
	struct err e = ERR_INIT;

	if (out.finished && !out.delivered && !out.uncertain) {
		is_ok(dispense_sending(doc, &e), &e, "sending");
		is_ok(dispense_settle(doc, how, "", &e), &e, "settle");
	}
	dispense_document_close(doc);
	dispense_close(d);
	return out;
}

static struct job
again(const struct job *job)
{
	struct job next = *job;

	next.completed = next.processing + 1;
	next.processing += 60;
	return next;
}

static bool
same(const struct pass *a, const struct pass *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (a->out[i].len != b->out[i].len ||
		    memcmp(a->out[i].indicium, b->out[i].indicium,
			a->out[i].len) != 0)
			return false;
	return true;
}

/* Ascending registers of two passes: is any stamp in both? */
static bool
overlap(const struct pass *a, const struct pass *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < count; k++)
			if (memcmp(a->out[i].indicium, b->out[k].indicium,
				20) == 0)
				return true;
	return false;
}

static mils
spent(void)
{
	return shop_registers(&shop).ascending;
}

static int
setup(void **state)
{
	(void)state;
	shop_reset(&shop);
	return 0;
}

/* --- promises 1 and 2 ---------------------------------------------------------- */

static void
document_is_priced_paid_and_clean(void **state)
{
	struct indicium said;
	struct err e = ERR_INIT;

	(void)state;
	want(&one, MANY, "[[postage class=letter to=90210-1234 cost=K9]]");
	is_ok(filter(&letter, &one, MANY), &one.e, "filter");
	is_int(spent(), MANY * 740, "spent");
	is_int(one.common.total, MANY * 740, "total");
	is_str(one.common.psd_id, "XXPS0001234567", "PSD");
	is_str(one.common.origin_place, "Lab NY", "place");
	is_int(one.quote[0].mail_date, 20261121, "mail date");
	is_int(one.quote[0].origin_zip, 10001, "origin");
	is_str(one.quote[0].class_name, "First-Class Letter", "class");
	for (size_t i = 0; i < MANY; i++) {
		is_ok(indicium_decode(
			  one.out[i].indicium, one.out[i].len, &said, &e),
		    &e, "decode");
		is_int(said.ascending, (i + 1) * 740, "each its own register");
		is_int(one.out[i].len, one.quote[i].indicium_len, "length");
	}
	is_int(said.destination, 902101234, "destination");
	is_int(said.price_list, 7, "price list");
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
retry_returns_the_same_indicia(void **state)
{
	struct job next = again(&letter);

	(void)state;
	want(&one, PRICE_N, "[[postage 0.78]]");
	want(&two, PRICE_N, "[[postage 0.78]]");
	is_ok(filter(&letter, &one, PRICE_N), &one.e, "first");
	deliver(&letter, SETTLE_UNDELIVERED);
	is_ok(filter(&next, &two, PRICE_N), &two.e, "second");
	ok(same(&one, &two, PRICE_N), "same bytes");
	is_int(spent(), PRICE_N * STAMP, "spent once");
	deliver(&next, SETTLE_DELIVERED);
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
placement_noise_is_no_other_document(void **state)
{
	struct job next = again(&letter);

	(void)state;
	want(&one, 1, "[[postage 0.78]]");
	one.in[0].x_um = 10110;
	is_ok(filter(&letter, &one, 1), &one.e, "first");
	deliver(&letter, SETTLE_UNDELIVERED);
	want(&two, 1, "[[postage 0.78]]");
	two.in[0].x_um = 10190;
	is_ok(filter(&next, &two, 1), &two.e, "second");
	ok(same(&one, &two, 1), "same bytes");
}

static void
finished_job_printed_again_buys_new_stamps(void **state)
{
	struct job next = again(&letter);

	(void)state;
	want(&one, PRICE_N, "[[postage 0.78]]");
	want(&two, PRICE_N, "[[postage 0.78]]");
	is_ok(filter(&letter, &one, PRICE_N), &one.e, "first");
	deliver(&letter, SETTLE_DELIVERED);
	is_ok(filter(&next, &two, PRICE_N), &two.e, "second");
	ok(!overlap(&one, &two, PRICE_N), "no stamp twice");
	is_int(spent(), 2 * PRICE_N * STAMP, "spent twice");
	ok(!deliver(&next, SETTLE_DELIVERED).delivered, "it is to be sent");
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
job_run_again_by_the_scheduler_itself_buys_nothing(void **state)
{
	struct job next = again(&letter);

	(void)state;
	next.completed = 0;
	want(&one, PRICE_N, "[[postage 0.78]]");
	want(&two, PRICE_N, "[[postage 0.78]]");
	is_ok(filter(&letter, &one, PRICE_N), &one.e, "first");
	deliver(&letter, SETTLE_DELIVERED);
	is_ok(filter(&next, &two, PRICE_N), &two.e, "second");
	ok(same(&one, &two, PRICE_N), "the same stamps");
	ok(deliver(&next, SETTLE_DELIVERED).delivered, "nothing is sent");
	is_int(spent(), PRICE_N * STAMP, "spent once");
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
next_document_does_not_replace_one_whose_backend_was_killed(void **state)
{
	struct job job = letter, next;

	(void)state;
	job.documents = 2;
	next = again(&job);
	want(&one, PRICE_N, "[[postage 0.78]]");
	want(&two, 1, "[[postage 1.00]]");
	is_ok(filter(&job, &one, PRICE_N), &one.e, "first document");
	ok(!filter(&job, &two, 1), "the second, in its place");
	is_err(&two.e, ERR_SYSTEM, "kind");
	is_int(spent(), PRICE_N * STAMP, "nothing more is bought");
	want(&two, PRICE_N, "[[postage 0.78]]");
	is_ok(
	    filter(&next, &two, PRICE_N), &two.e, "first document, restarted");
	ok(same(&one, &two, PRICE_N), "with its stamps");
	ok(!deliver(&next, SETTLE_DELIVERED).delivered, "is sent");
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
vault_that_fell_back_is_refused_before_it_signs(void **state)
{
	struct job other = letter;
	char keep[300], back[300];

	(void)state;
	snprintf(keep, sizeof(keep), "cp %s/vault/psd.vault %s/old", shop.dir,
	    shop.dir);
	snprintf(back, sizeof(back), "cp %s/old %s/vault/psd.vault", shop.dir,
	    shop.dir);
	is_int(system(keep), 0, "copy");
	want(&one, PRICE_N, "[[postage 0.78]]");
	is_ok(filter(&letter, &one, PRICE_N), &one.e, "first");
	is_int(system(back), 0, "an old copy is put back");
	other.id++;
	want(&two, 1, "[[postage 0.78]]");
	ok(!filter(&other, &two, 1), "refused");
	is_err(&two.e, ERR_CORRUPT, "kind");
	ok(strstr(two.e.text, "postage journal check") != NULL, two.e.text);
	is_int(spent(), 0, "it signed nothing");
	ok(shop_check(&shop) > 0, "the check finds it too");
}

static void
documents_of_a_job_have_their_own_stamps(void **state)
{
	struct job job = letter, next;

	(void)state;
	job.documents = 2;
	next = again(&job);
	want(&one, PRICE_N, "[[postage 0.78]]");
	want(&two, PRICE_N, "[[postage 0.78]]");
	is_ok(filter(&job, &one, PRICE_N), &one.e, "first document");
	deliver(&job, SETTLE_DELIVERED);
	is_ok(filter(&job, &two, PRICE_N), &two.e, "second, the same content");
	ok(!overlap(&one, &two, PRICE_N), "no stamp twice");
	deliver(&job, SETTLE_UNDELIVERED);
	/* The whole job runs again. */
	is_ok(filter(&next, &one, PRICE_N), &one.e, "first again");
	ok(deliver(&next, SETTLE_DELIVERED).delivered, "was delivered");
	want(&one, PRICE_N, "[[postage 0.78]]");
	is_ok(filter(&next, &one, PRICE_N), &one.e, "second again");
	ok(same(&one, &two, PRICE_N), "same bytes");
	ok(!deliver(&next, SETTLE_DELIVERED).delivered, "was not delivered");
	is_int(spent(), 2 * PRICE_N * STAMP, "each once");
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
forged_identity_gains_nothing(void **state)
{
	struct job other = letter;

	(void)state;
	want(&one, PRICE_N, "[[postage 0.78]]");
	want(&two, PRICE_N, "[[postage 0.78]]");
	is_ok(filter(&letter, &one, PRICE_N), &one.e, "honest");
	other.id++; /* with the first one's uuid */
	is_ok(filter(&other, &two, PRICE_N), &two.e, "forged");
	ok(!overlap(&one, &two, PRICE_N), "no stamp twice");
	is_int(spent(), 2 * PRICE_N * STAMP, "paid for both");
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
date_change_between_attempts_keeps_what_was_paid(void **state)
{
	struct job next = again(&letter);

	(void)state;
	want(&one, PRICE_N, "[[postage class=letter]]");
	want(&two, PRICE_N, "[[postage class=letter]]");
	is_ok(filter(&letter, &one, PRICE_N), &one.e, "first");
	next.processing += 11 * DAY_S;
	is_ok(filter_at(&next, &two, PRICE_N, SHOP_NOW + 11 * DAY_S), &two.e,
	    "days later, after a change of prices");
	ok(same(&one, &two, PRICE_N), "same bytes");
	is_int(two.quote[0].mail_date, 20261121, "date of the first attempt");
	is_int(two.quote[0].amount, 740, "price of the first attempt");
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
what_was_only_quoted_follows_the_day(void **state)
{
	struct dispense *d = shop_spender(&shop, SHOP_NOW);
	struct document *doc;
	struct job next = again(&letter);
	struct err e = ERR_INIT;

	(void)state;
	want(&one, 40, "[[postage class=letter]]");
	is_ok(
	    dispense_document_open(d, ROLE_FILTER, &letter, &doc, &e), &e, "o");
	is_ok(dispense_quote(doc, one.in, 40, one.quote, &one.common, &e), &e,
	    "quote");
	is_ok(dispense_issue(doc, 0, 5, one.out, &e), &e, "issue five");
	dispense_document_close(doc);
	dispense_close(d);
	want(&two, 40, "[[postage class=letter]]");
	is_ok(filter_at(&next, &two, 40, SHOP_NOW + 11 * DAY_S), &two.e,
	    "the rest in December");
	is_int(two.quote[4].amount, 740, "paid");
	is_int(two.quote[5].amount, 800, "not paid");
	is_int(two.quote[5].mail_date, 20261202, "mail date");
	ok(same(&one, &two, 5), "the paid ones");
	is_int(spent(), 5 * 740 + 35 * 800, "spent");
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
many_processes_at_one_job_pay_once(void **state)
{
	pid_t child[4];
	int status;

	(void)state;
	want(&one, MANY, "[[postage 0.78]]");
	for (int i = 0; i < 4; i++) {
		child[i] = fork();
		if (child[i] == 0) {
			bool good = filter(&letter, &one, MANY);

			if (!good)
				fprintf(stderr, "%s\n", one.e.text);
			_exit(good ? 0 : 1);
		}
	}
	for (int i = 0; i < 4; i++) {
		is_int(waitpid(child[i], &status, 0), child[i], "wait");
		is_int(status, 0, "child");
	}
	is_int(spent(), MANY * STAMP, "paid once");
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
many_jobs_at_one_vault_pay_each_once(void **state)
{
	pid_t child[4];
	int status;

	(void)state;
	for (int i = 0; i < 4; i++) {
		child[i] = fork();
		if (child[i] == 0) {
			struct job job = letter;

			job.id += (uint32_t)i;
			want(&one, MANY, "[[postage 0.78]]");
			_exit(filter(&job, &one, MANY) ? 0 : 1);
		}
	}
	for (int i = 0; i < 4; i++) {
		is_int(waitpid(child[i], &status, 0), child[i], "wait");
		is_int(status, 0, "child");
	}
	is_int(spent(), 4 * MANY * STAMP, "paid each");
	is_int(shop_check(&shop), 0, shop_findings);
}

/* --- promise 3 ---------------------------------------------------------------------- */

static void
refused(const char *mark, enum err_kind kind, const char *part)
{
	want(&one, 12, "[[postage 0.78]]");
	if (mark) {
		struct err e = ERR_INIT;

		is_ok(mark_parse(mark, &one.in[11].mark, &e), &e, mark);
	}
	ok(!filter(&letter, &one, mark ? 12 : MANY), "refused");
	is_err(&one.e, kind, mark ? mark : "many");
	if (strstr(one.e.text, part) == NULL)
		fail_at("\"%s\" is not in \"%s\"", part, one.e.text);
	is_int(spent(), 0, "nothing spent");
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
one_bad_mark_spends_nothing(void **state)
{
	(void)state;
	refused("[[postage]]", ERR_REQUEST,
	    "page 2, mark 2: no amount and no class");
	refused("[[postage class=parcel]]", ERR_REQUEST,
	    "page 2, mark 2: the price list has no class \"parcel\"");
	refused(
	    "[[postage class=letter weight=3oz]]", ERR_REQUEST, "too heavy");
	refused("[[postage 0.78 date=2026-11-20]]", ERR_REQUEST,
	    "page 2, mark 2: mail date 2026-11-20 is in the past: today is "
	    "2026-11-21");
	refused("[[postage 0.78 date=2026-12-22]]", ERR_REQUEST,
	    "more than 30 days ahead: 2026-12-21 is the last");
	refused("[[postage 0.78 date=+31]]", ERR_REQUEST,
	    "more than 30 days ahead: 2026-12-21 is the last");
	refused("[[postage 0.78 date=2026-11-25 mailby=2026-11-24]]",
	    ERR_REQUEST, "mail-by date 2026-11-24 is before");
	refused("[[postage 0.009]]", ERR_REQUEST, "outside of what the PSD");
	refused("[[postage 100.001]]", ERR_REQUEST, "0.01 to 100.00");
}

static void
funds_short_for_the_whole_document_spend_nothing(void **state)
{
	struct pass *p = &one;

	(void)state;
	want(p, 10, "[[postage 55.00]]");
	ok(!filter(&letter, p, 10), "550 of 500");
	is_err(&p->e, ERR_FUNDS, "kind");
	is_str(p->e.text,
	    "the document needs 550.00, the vault has 500.00 left, 50.00 is "
	    "missing: postage vault refill 50.00, then lp -i mail-12 -H "
	    "resume",
	    "text");
	is_int(spent(), 0, "nothing spent");
	want(p, 10, "[[postage 50.00]]");
	is_ok(filter(&letter, p, 10), &p->e, "to the last mil");
	is_int(shop_registers(&shop).descending, 0, "empty");
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
two_documents_do_not_share_the_same_funds(void **state)
{
	struct dispense *d = shop_spender(&shop, SHOP_NOW);
	struct document *doc;
	struct job other = letter;
	struct err e = ERR_INIT;

	(void)state;
	other.id++;
	want(&one, 10, "[[postage 30.00]]");
	want(&two, 10, "[[postage 30.00]]");
	is_ok(
	    dispense_document_open(d, ROLE_FILTER, &letter, &doc, &e), &e, "o");
	is_ok(dispense_quote(doc, one.in, 10, one.quote, &one.common, &e), &e,
	    "quote");
	is_ok(dispense_issue(doc, 0, 1, one.out, &e), &e, "begin");
	ok(!filter(&other, &two, 10), "the rest of the first is spoken for");
	is_err(&two.e, ERR_FUNDS, "kind");
	is_ok(dispense_issue(doc, 1, 1, one.out + 1, &e), &e, "go on");
	is_ok(dispense_refuse(doc, &two.e, &e), &e, "give up");
	two.e.kind = ERR_NONE;
	is_ok(filter(&other, &two, 10), &two.e, "what is left is enough");
	dispense_document_close(doc);
	dispense_close(d);
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
limits_hold_over_the_whole_document(void **state)
{
	struct job job = letter;

	(void)state;
	strcpy(job.queue, "capped");
	want(&one, 11, "[[postage 1.00]]");
	ok(!filter(&job, &one, 11), "job over 10");
	is_err(&one.e, ERR_DENIED, "kind");
	is_int(spent(), 0, "nothing spent");
	want(&one, 1, "[[postage 2.01]]");
	ok(!filter(&job, &one, 1), "stamp over 2");
	want(&one, 10, "[[postage 1.00]]");
	is_ok(filter(&job, &one, 10), &one.e, "just within");
	deliver(&job, SETTLE_DELIVERED);
	job.id++;
	ok(!filter(&job, &one, 6), "day over 15");
	is_ok(filter(&job, &one, 5), &one.e, "day just within");
	deliver(&job, SETTLE_DELIVERED);
	job.id++;
	job.processing += DAY_S;
	is_ok(filter_at(&job, &one, 5, SHOP_NOW + DAY_S), &one.e, "next day");
	strcpy(job.user, "carl");
	job.id++;
	ok(!filter(&job, &one, 1), "not on the list");
	is_err(&one.e, ERR_DENIED, "kind");
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
check_many_jobs(bool one_spender)
{
	struct dispense *d[3] = {NULL};
	struct document *doc[3];
	struct job job = letter;
	struct err e = ERR_INIT;
	int paid = 0;

	shop_reset(&shop);
	strcpy(job.queue, "capped");
	want(&one, 10, "[[postage 1.00]]");
	for (int i = 0; i < 3; i++, job.id++) {
		d[i] =
		    i > 0 && one_spender ? d[0] : shop_spender(&shop, SHOP_NOW);
		is_ok(dispense_document_open(
			  d[i], ROLE_FILTER, &job, &doc[i], &e),
		    &e, "open");
		is_ok(dispense_quote(
			  doc[i], one.in, 10, one.quote, &one.common, &e),
		    &e, "each alone is within the limits");
	}
	for (uint32_t k = 0; k < 10; k++)
		for (int i = 0; i < 3; i++) {
			/* A forger, who says each time that he gave up. */
			paid += dispense_issue(doc[i], k, 1, one.out, &e);
			is_ok(dispense_refuse(doc[i], &e, &one.e), &one.e, "");
		}
	is_int(spent(), paid * 1000, "spent");
	ok(paid <= 15, "never over the day's limit");
	for (int i = 0; i < 3; i++) {
		dispense_document_close(doc[i]);
		if (i == 2 || !one_spender)
			dispense_close(d[i]);
	}
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
limits_hold_against_many_jobs_at_once(void **state)
{
	(void)state;
	check_many_jobs(false);
	check_many_jobs(true);
}

static void
surcharges_are_priced_and_kept_apart(void **state)
{
	struct journal *j;
	struct journal_stamp s;
	struct err e = ERR_INIT;

	(void)state;
	want(&one, 1, "[[postage class=letter weight=2oz extra=sure,square]]");
	is_ok(filter(&letter, &one, 1), &one.e, "filter");
	is_int(one.quote[0].amount, 1030 + 2100, "price with surcharges");
	is_int(one.quote[0].surcharge, 2100, "surcharges of it");
	is_str(one.quote[0].surcharges, "sure 2.00, square 0.10", "each");
	is_int(spent(), 3130, "paid");
	j = shop_journal(&shop);
	is_ok(journal_stamp_load(j, 1, 0, &s, &e), &e, "load");
	is_int(s.quote.surcharge, 2100, "in the journal");
	is_str(s.quote.surcharges, "sure 2.00, square 0.10", "each");
	journal_close(j);
	is_int(shop_check(&shop), 0, shop_findings);
	want(&one, 1, "[[postage 0.78 extra=sure]]");
	ok(!filter(&(struct job){.queue = "mail", .id = 13}, &one, 1), "both");
	is_err(&one.e, ERR_REQUEST, "both");
	ok(strstr(one.e.text, "extra=sure") != NULL, one.e.text);
}

static void
repeated_place_is_refused(void **state)
{
	(void)state;
	want(&one, 2, "[[postage 0.78]]");
	one.in[1] = one.in[0];
	ok(!filter(&letter, &one, 2), "refused");
	is_err(&one.e, ERR_REQUEST, "kind");
	is_int(spent(), 0, "nothing spent");
}

static void
nothing_is_issued_that_was_not_quoted(void **state)
{
	struct dispense *d = shop_spender(&shop, SHOP_NOW);
	struct document *doc;
	struct err e = ERR_INIT;

	(void)state;
	want(&one, 3, "[[postage 0.78]]");
	is_ok(
	    dispense_document_open(d, ROLE_FILTER, &letter, &doc, &e), &e, "o");
	ok(!dispense_issue(doc, 0, 1, one.out, &e), "no quote");
	is_err(&e, ERR_REQUEST, "kind");
	is_ok(dispense_quote(doc, one.in, 3, one.quote, &one.common, &e), &e,
	    "quote");
	ok(!dispense_issue(doc, 2, 2, one.out, &e), "past the end");
	ok(!dispense_issue(doc, SIZE_MAX, 2, one.out, &e), "wrapped");
	is_int(spent(), 0, "nothing spent");
	is_ok(dispense_issue(doc, 2, 1, one.out, &e), &e, "the last");
	ok(!dispense_finish(doc, 1, 1, &e), "not all were asked for");
	dispense_document_close(doc);
	dispense_close(d);
	is_int(spent(), STAMP, "one");
	is_int(shop_check(&shop), 0, shop_findings);
}

/* --- kinds ------------------------------------------------------------------------------ */

static void
specimens_cost_nothing_and_corrections_are_worth_nothing(void **state)
{
	struct indicium said;
	struct err e = ERR_INIT;
	uint8_t zero[INDICIUM_SIGNATURE] = {0};

	(void)state;
	want(&one, 3, "[[postage 0.78]]");
	is_ok(mark_parse("[[postage 0.78 kind=specimen]]", &one.in[0].mark, &e),
	    &e, "specimen");
	is_ok(mark_parse("[[postage kind=correction date=2026-11-22]]",
		  &one.in[1].mark, &e),
	    &e, "correction");
	is_ok(filter(&letter, &one, 3), &one.e, "filter");
	is_int(spent(), STAMP, "one stamp of value");
	is_int(shop_registers(&shop).piece_count, 2, "two signed");
	is_ok(indicium_decode(one.out[0].indicium, one.out[0].len, &said, &e),
	    &e, "specimen");
	is_int(said.kind, INDICIUM_SPECIMEN, "kind");
	is_mem(said.signature, zero, sizeof(zero), "signed by nobody");
	is_int(one.out[0].len, one.quote[0].indicium_len, "length");
	is_ok(indicium_decode(one.out[1].indicium, one.out[1].len, &said, &e),
	    &e, "correction");
	is_int(said.kind, INDICIUM_CORRECTION, "kind");
	is_int(said.postage, 0, "value");
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
specimens_alone_need_no_vault(void **state)
{
	struct settings kept = shop.settings;

	(void)state;
	strcpy(shop.settings.vault_uri, "file:/nonexistent/vault");
	want(&one, 3, "[[postage 0.78 kind=specimen]]");
	is_ok(filter(&letter, &one, 3), &one.e, "specimens");
	ok(one.common.specimen, "said so");
	deliver(&letter, SETTLE_DELIVERED);
	want(&one, 1, "[[postage 0.78]]");
	ok(!filter(&letter, &one, 1), "postage");
	is_err(&one.e, ERR_ABSENT, "kind");
	shop.settings = kept;
}

/* --- delivery ---------------------------------------------------------------------------- */

static void
document_without_marks_is_a_document(void **state)
{
	struct job next = again(&letter);
	struct outcome out;

	(void)state;
	want(&one, 0, "[[postage 0.78]]");
	is_ok(filter(&letter, &one, 0), &one.e, "filter");
	out = deliver(&letter, SETTLE_UNCERTAIN);
	ok(out.finished && out.stamps == 0, "outcome");
	is_ok(filter(&next, &one, 0), &one.e, "again");
	out = deliver(&next, SETTLE_DELIVERED);
	ok(!out.uncertain && !out.delivered, "a page may come twice");
}

static void
filter_that_died_leaves_nothing_to_send(void **state)
{
	struct job next = again(&letter);
	struct outcome out;
	struct dispense *d;
	struct document *doc;
	struct err e = ERR_INIT;

	(void)state;
	want(&one, 2, "[[postage 0.78]]");
	is_ok(filter(&letter, &one, 2), &one.e, "whole run");
	deliver(&letter, SETTLE_UNDELIVERED);
	/* The next run's filter never comes. */
	doc = backend(&d, &next, &out);
	ok(!out.finished, "an old run's end is not this one's");
	ok(!dispense_sending(doc, &e), "not whole");
	is_err(&e, ERR_REQUEST, "kind");
	dispense_document_close(doc);
	dispense_close(d);
}

static void
refusal_reaches_this_runs_backend_alone(void **state)
{
	struct job next = again(&letter);
	struct outcome out;

	(void)state;
	want(&one, 1, "[[postage]]");
	ok(!filter(&letter, &one, 1), "refused");
	out = deliver(&letter, SETTLE_DELIVERED);
	is_int(out.refusal.kind, ERR_REQUEST, "kind");
	is_str(out.refusal.text, one.e.text, "text");
	want(&one, 1, "[[postage 0.78]]");
	is_ok(filter(&next, &one, 1), &one.e, "mended");
	out = deliver(&next, SETTLE_DELIVERED);
	is_int(out.refusal.kind, ERR_NONE, "forgotten");
	ok(out.finished, "whole");
}

static void
interrupted_sending_is_uncertain_until_a_person_speaks(void **state)
{
	struct job next = again(&letter), third = again(&next);
	struct outcome out;
	struct dispense *d;
	struct document *doc;
	struct err e = ERR_INIT;

	(void)state;
	want(&one, 1, "[[postage 0.78]]");
	want(&two, 1, "[[postage 0.78]]");
	is_ok(filter(&letter, &one, 1), &one.e, "first");
	doc = backend(&d, &letter, &out);
	is_ok(dispense_sending(doc, &e), &e, "sending");
	dispense_document_close(doc); /* killed here */
	dispense_close(d);
	is_ok(filter(&next, &two, 1), &two.e, "second");
	ok(same(&one, &two, 1), "same bytes");
	out = deliver(&next, SETTLE_DELIVERED);
	ok(out.uncertain && !out.delivered, "held");
	/* Still so in any run, whatever the marks say by then. */
	want(&two, 1, "[[postage 1.78]]");
	is_ok(filter(&third, &two, 1), &two.e, "third");
	out = deliver(&third, SETTLE_DELIVERED);
	ok(out.uncertain, "held");
	is_int(spent(), STAMP, "paid once");
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
stored_bytes_are_sent_again(void **state)
{
	struct job next = again(&letter);
	struct outcome out;
	struct dispense *d;
	struct document *doc;
	struct err e = ERR_INIT;
	char text[16] = "";
	int fd;

	(void)state;
	want(&one, 1, "[[postage 0.78]]");
	is_ok(filter(&letter, &one, 1), &one.e, "filter");
	doc = backend(&d, &letter, &out);
	ok(!out.spooled, "nothing is stored");
	is_ok(dispense_spool(doc, true, &fd, &e), &e, "store");
	is_int(write(fd, "printer", 7), 7, "write");
	close(fd);
	ok(!dispense_spooled(doc, 8, &e), "not so many bytes");
	is_ok(dispense_spooled(doc, 7, &e), &e, "stored");
	is_ok(dispense_sending(doc, &e), &e, "sending");
	is_ok(dispense_settle(doc, SETTLE_UNDELIVERED, "off", &e), &e, "off");
	dispense_document_close(doc);
	dispense_close(d);
	/* This run's filter died: what is stored is whole nevertheless. */
	doc = backend(&d, &next, &out);
	ok(out.spooled, "stored");
	ok(!dispense_spool(doc, true, &fd, &e), "never stored over");
	is_ok(dispense_spool(doc, false, &fd, &e), &e, "fetch");
	is_int(read(fd, text, sizeof(text)), 7, "read");
	is_str(text, "printer", "bytes");
	close(fd);
	is_ok(dispense_sending(doc, &e), &e, "sending");
	is_ok(dispense_settle(doc, SETTLE_DELIVERED, "", &e), &e, "delivered");
	ok(!dispense_spool(doc, false, &fd, &e), "gone");
	dispense_document_close(doc);
	dispense_close(d);
}

static void
changed_marks_before_delivery_buy_what_they_say(void **state)
{
	struct job next = again(&letter), third = again(&next);

	(void)state;
	want(&one, 1, "[[postage 0.78]]");
	is_ok(filter(&letter, &one, 1), &one.e, "first");
	deliver(&letter, SETTLE_UNDELIVERED);
	want(&two, 1, "[[postage 1.78]]");
	is_ok(filter(&next, &two, 1), &two.e, "dearer");
	ok(!overlap(&one, &two, 1), "another stamp");
	deliver(&next, SETTLE_UNDELIVERED);
	want(&two, 1, "[[postage 0.78]]");
	is_ok(filter(&third, &two, 1), &two.e, "as at first");
	ok(same(&one, &two, 1), "the stamp that was paid at first");
	is_int(spent(), 2560, "each once");
	is_int(shop_check(&shop), 0, shop_findings);
}

static void
changed_marks_after_delivery_get_no_valid_bytes(void **state)
{
	struct job job = letter, next;
	uint8_t zero[INDICIUM_MAX] = {0};

	(void)state;
	job.documents = 2;
	next = again(&job);
	want(&one, 1, "[[postage 0.78]]");
	is_ok(filter(&job, &one, 1), &one.e, "first");
	deliver(&job, SETTLE_DELIVERED);
	want(&two, 2, "[[postage 1.78]]");
	is_ok(filter(&next, &two, 2), &two.e, "walked over");
	is_mem(two.out[0].indicium, zero, sizeof(zero), "nothing signed");
	is_int(two.out[0].len, two.quote[0].indicium_len, "as long as real");
	ok(deliver(&next, SETTLE_DELIVERED).delivered, "not to be sent");
	is_int(spent(), STAMP, "nothing more spent");
	is_int(shop_check(&shop), 0, shop_findings);
}

/* --- sheets, PIN ----------------------------------------------------------------------------- */

static void
label_is_used_once(void **state)
{
	struct dispense *d = shop_spender(&shop, SHOP_NOW);
	struct job other = letter;
	struct indicium said;
	struct document *doc;
	struct err e = ERR_INIT;
	bool used[30];

	(void)state;
	other.id++;
	want(&one, 2, "[[postage 0.78]]");
	for (uint16_t i = 0; i < 2; i++) {
		one.in[i].sheet_serial = 900;
		one.in[i].label = (uint16_t)(i + 4);
	}
	two = one;
	is_ok(filter(&letter, &one, 2), &one.e, "labels 4 and 5");
	is_ok(indicium_decode(one.out[1].indicium, one.out[1].len, &said, &e),
	    &e, "decode");
	is_int(said.sheet_serial, 900, "bound to the sheet");
	is_int(said.label, 5, "and the label");
	ok(!filter(&other, &two, 2), "not for another job");
	is_err(&two.e, ERR_REQUEST, "kind");
	is_int(spent(), 2 * STAMP, "nothing spent for it");
	is_ok(
	    dispense_document_open(d, ROLE_FILTER, &other, &doc, &e), &e, "o");
	is_ok(
	    dispense_sheet(doc, 900, "Avery 5160", used, 30, &e), &e, "sheet");
	for (int i = 0; i < 30; i++)
		is_int(used[i], i == 3 || i == 4, "used");
	dispense_document_close(doc);
	dispense_close(d);
	is_int(shop_check(&shop), 0, shop_findings);
}

static int
shop_pin_tries(void)
{
	struct vault *v = NULL;
	struct psd_status status;
	struct err e = ERR_INIT;

	is_ok(vault_open(shop.settings.vault_uri, 1000, &v, &e), &e, "open");
	is_ok(vault_status(v, &status, &e), &e, "status");
	vault_close(v);
	return status.pin_tries_left;
}

static void
write_pin(const char *pin)
{
	FILE *f = fopen(shop.settings.pin_file, "we");

	fputs(pin, f);
	fclose(f);
}

static void
pin_is_read_from_its_file(void **state)
{
	struct shop kept = shop;
	struct job other = letter;
	int tries;

	(void)state;
	other.id++;
	shop_open(&shop, 50000, "135790", "");
	want(&one, 1, "[[postage 0.78]]");
	is_ok(filter(&letter, &one, 1), &one.e, "right PIN");
	write_pin("1357911");
	want(&one, 2, "[[postage 0.78]]");
	ok(!filter(&other, &one, 2), "wrong PIN");
	is_err(&one.e, ERR_DENIED, "kind");
	tries = shop_pin_tries();
	for (int i = 0; i < 2 * PSD_PIN_TRIES; i++) {
		other.id++;
		ok(!filter(&other, &one, 2), "the same wrong PIN");
		is_err(&one.e, ERR_DENIED, "kind");
	}
	is_int(shop_pin_tries(), tries, "no further try is spent on it");
	for (int i = 0; i < 2 * PSD_PIN_TRIES; i++) {
		write_pin(i % 2 ? "1357912" : "13579123");
		other.id++;
		ok(!filter(&other, &one, 2), "another wrong PIN each time");
		is_err(&one.e, ERR_DENIED, "kind");
	}
	is_int(shop_pin_tries(), 2, "the last tries are a person's");
	write_pin("135790");
	other.id++;
	ok(!filter(&other, &one, 2), "nor the right one");
	ok(strstr(one.e.text, "a person's") != NULL, one.e.text);
	shop_refill(&shop, 0); /* a person gives it */
	is_ok(filter(&other, &one, 2), &one.e, "all tries are back");
	is_int(spent(), 3 * STAMP, "spent");
	is_int(shop_check(&shop), 0, shop_findings);
	shop_close(&shop);
	shop = kept;
}

static void
funds_are_shown(void **state)
{
	struct dispense *d = shop_spender(&shop, SHOP_NOW);
	struct err e = ERR_INIT;
	struct funds funds;

	(void)state;
	is_ok(dispense_funds(d, "capped", &funds, &e), &e, "funds");
	is_int(funds.descending, 500000, "descending");
	is_int(funds.low, 20000, "alarm");
	is_str(funds.psd_id, "XXPS0001234567", "PSD");
	dispense_close(d);
}

#define W(f) cmocka_unit_test_setup(f, setup)

static void
journal_that_another_took_the_place_of_is_seen(void **state)
{
	struct dispense *d = shop_spender(&shop, SHOP_NOW);
	char aside[sizeof(shop.journal) + 8];

	(void)state;
	ok(dispense_is_current(d), "as it was opened");
	snprintf(aside, sizeof(aside), "%s.aside", shop.journal);
	is_int(rename(shop.journal, aside), 0, "put aside");
	ok(!dispense_is_current(d), "gone");
	is_int(rename(aside, shop.journal), 0, "put back");
	ok(dispense_is_current(d), "put back");
	dispense_close(d);
}

static int
open_shop(void **state)
{
	(void)state;
	shop_open(&shop, 500000, NULL,
	    "[queue capped]\nstamp = 2\njob = 10\nday = 15\nlow = 20\n"
	    "users = anna bert\n");
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
	    W(document_is_priced_paid_and_clean),
	    W(journal_that_another_took_the_place_of_is_seen),
	    W(retry_returns_the_same_indicia),
	    W(placement_noise_is_no_other_document),
	    W(finished_job_printed_again_buys_new_stamps),
	    W(vault_that_fell_back_is_refused_before_it_signs),
	    W(next_document_does_not_replace_one_whose_backend_was_killed),
	    W(job_run_again_by_the_scheduler_itself_buys_nothing),
	    W(documents_of_a_job_have_their_own_stamps),
	    W(forged_identity_gains_nothing),
	    W(date_change_between_attempts_keeps_what_was_paid),
	    W(what_was_only_quoted_follows_the_day),
	    W(many_processes_at_one_job_pay_once),
	    W(many_jobs_at_one_vault_pay_each_once),
	    W(one_bad_mark_spends_nothing),
	    W(funds_short_for_the_whole_document_spend_nothing),
	    W(two_documents_do_not_share_the_same_funds),
	    W(limits_hold_over_the_whole_document),
	    W(limits_hold_against_many_jobs_at_once),
	    W(surcharges_are_priced_and_kept_apart),
	    W(repeated_place_is_refused),
	    W(nothing_is_issued_that_was_not_quoted),
	    W(specimens_cost_nothing_and_corrections_are_worth_nothing),
	    W(specimens_alone_need_no_vault),
	    W(document_without_marks_is_a_document),
	    W(filter_that_died_leaves_nothing_to_send),
	    W(refusal_reaches_this_runs_backend_alone),
	    W(interrupted_sending_is_uncertain_until_a_person_speaks),
	    W(stored_bytes_are_sent_again),
	    W(changed_marks_before_delivery_buy_what_they_say),
	    W(changed_marks_after_delivery_get_no_valid_bytes),
	    W(label_is_used_once),
	    W(pin_is_read_from_its_file),
	    W(funds_are_shown),
	};

	return cmocka_run_group_tests(tests, open_shop, close_shop);
}
