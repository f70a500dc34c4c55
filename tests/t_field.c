/* SPDX-License-Identifier: Apache-2.0 */
/* PSDs in the field, with real vault files: value once, old copies never. */
#include "provider/field_refund.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/base64.h"
#include "base/durable.h"
#include "provider/fund.h"
#include "provider/give_back.h"
#include "provider/post.h"
#include "provider/store_admin.h"
#include "tests/field_help.h"
#include "tests/pg_help.h"
#include "tests/test.h"
#include "vault/file_image.h"
#include "vault/refund.h"
#include "vault/slots.h"

#define THREADS 4

static struct psd_status
status(struct holder *d)
{
	struct psd_status st;
	struct err e = ERR_INIT;

	is_ok(vault_status(d->v, &st, &e), &e, "status");
	return st;
}

static mils
credit(struct holder *d)
{
	return shop_system(&d->h->shop, d->u.id).credit;
}

/* --- value ------------------------------------------------------------------------------ */

static void
value_comes_from_the_credit_once(void **state)
{
	struct letter l, first, again;
	struct holder d;

	holder_open(*state, &d);
	l = request(&d, 3000);
	first = answered(&d, &l);
	is_int(credit(&d), CREDIT - 3000, "credit");
	/* the answer was lost; the host asks for something else now */
	again = request(&d, 4000);
	again = answered(&d, &again);
	is_int(again.len, first.len, "length");
	is_mem(again.bytes, first.bytes, first.len, "the same answer");
	is_int(credit(&d), CREDIT - 3000, "credit");
	applied(&d, &again);
	applied(&d, &first);
	is_int(status(&d).descending, 3000, "in the vault");
	refill(&d, 2000);
	is_int(status(&d).descending, 5000, "in the vault");
	is_int(credit(&d), CREDIT - 5000, "credit");
	help_audit(d.h);
	holder_close(&d);
}

static void
too_little_credit_gives_nothing(void **state)
{
	struct payment_in in = {
	    .amount = 1, .from = "invoice", .ref = "invoice:more", .made = 1};
	struct letter l;
	struct holder d;
	struct err e = ERR_INIT;
	bool fresh;

	holder_open(*state, &d);
	l = request(&d, CREDIT + 1);
	refused(&d, &l, ERR_FUNDS, "has no 10.001");
	is_int(credit(&d), CREDIT, "credit");
	/* nothing was answered under that number: it is free */
	in.account = d.u.account;
	is_ok(store_begin(d.h->w->store, STORE_WRITE, &e) &&
		  fund_credit(d.h->w->store, &in, &fresh, &e) &&
		  store_commit(d.h->w->store, &e),
	    &e, "payment");
	l = answered(&d, &l);
	applied(&d, &l);
	is_int(status(&d).descending, CREDIT + 1, "in the vault");
	help_audit(d.h);
	holder_close(&d);
}

/* Nobody sees when a PSD in the field spends: what it takes counts. */
static void
value_is_within_the_limits(void **state)
{
	struct letter l, answer;
	struct holder d;

	holder_open(*state, &d);
	shop_sql(&d.h->shop, "UPDATE usersystem SET day_max = 3000");
	l = request(&d, 3001);
	refused(&d, &l, ERR_DENIED, "3.00 a day is reached: 0.00 spent");
	is_int(credit(&d), CREDIT, "credit");
	l = request(&d, 3000);
	answer = answered(&d, &l);
	/* the answer was lost: it is the same one, and counts once */
	l = answered(&d, &l);
	is_mem(l.bytes, answer.bytes, answer.len, "the same answer");
	applied(&d, &l);
	is_int(shop_system(&d.h->shop, d.u.id).day_spent, 3000, "spent");
	l = request(&d, 1);
	refused(&d, &l, ERR_DENIED, "3.00 a day is reached: 3.00 spent");
	/* a clock that was wrong, and is right again */
	shop_sql(&d.h->shop,
	    "UPDATE usersystem_count SET day = 20991231, newest = 20991231");
	refused(&d, &l, ERR_DENIED, "3.00 a day is reached: 3.00 spent");
	/* an audit needs no leave */
	refill(&d, 0);
	shop_sql(&d.h->shop, "UPDATE usersystem SET day_max = -1");
	shop_sql(&d.h->shop, "UPDATE customer SET month_max = 3500");
	l = request(&d, 501);
	refused(&d, &l, ERR_DENIED, "month of customer one");
	help_audit(d.h);
	holder_close(&d);
}

static void
who_was_suspended_meanwhile_gets_nothing(void **state)
{
	struct letter l;
	struct holder d;

	holder_open(*state, &d);
	l = request(&d, 1000);
	shop_sql(&d.h->shop, "UPDATE account SET state = 'locked'");
	refused(&d, &l, ERR_DENIED, "locked");
	shop_sql(&d.h->shop, "UPDATE account SET state = 'active'");
	shop_sql(&d.h->shop, "UPDATE usersystem SET address = '192.0.2.1'");
	refused(&d, &l, ERR_DENIED, "has changed");
	is_int(credit(&d), CREDIT, "credit");
	holder_close(&d);
}

struct asker {
	struct holder *d;
	struct worker *w;
	struct letter request, answer;
};

static void *
ask(void *context)
{
	struct asker *a = context;
	struct field_call call = call_of(a->d, &a->request);
	struct err e = ERR_INIT;

	a->answer.len = 0;
	if (!field_download(a->w, &call, a->answer.bytes, &a->answer.len, &e))
		fprintf(stderr, "%s\n", e.text);
	return NULL;
}

static void
many_at_once_get_one_answer(void **state)
{
	struct asker asker[THREADS];
	pthread_t thread[THREADS];
	struct holder d;

	holder_open(*state, &d);
	for (int i = 0; i < THREADS; i++) {
		asker[i] = (struct asker){.d = &d,
		    .w = shop_worker(&d.h->shop, NULL),
		    .request = request(&d, 1000 + i)};
		ok(pthread_create(&thread[i], NULL, ask, &asker[i]) == 0,
		    "thread");
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		shop_worker_close(asker[i].w);
		ok(asker[i].answer.len > 0, "an answer");
		is_mem(asker[i].answer.bytes, asker[0].answer.bytes,
		    asker[0].answer.len, "the same");
	}
	applied(&d, &asker[0].answer);
	is_int(status(&d).descending, CREDIT - credit(&d), "not a mil lost");
	help_audit(d.h);
	holder_close(&d);
}

static void
others_get_nothing(void **state)
{
	struct user_system other;
	struct letter l;
	struct holder d;

	holder_open(*state, &d);
	other = help_system(d.h, help_account(d.h, "two", CREDIT), "two", NULL);
	l = request(&d, 1000);
	l.bytes[l.len - 1] ^= 1;
	refused(&d, &l, ERR_DENIED, "");
	l.bytes[l.len - 1] ^= 1;
	d.u = other;
	refused(&d, &l, ERR_DENIED, "no PSD of account two in the field");
	holder_close(&d);
}

static void
value_of_others_is_noticed(void **state)
{
	struct letter l;
	struct holder d;
	struct err e = ERR_INIT;

	holder_open(*state, &d);
	is_ok(lab_refill(d.lab, d.v, 500, &e), &e, "filled at the desk");
	l = request(&d, 1000);
	refused(&d, &l, ERR_DENIED, "it was filled elsewhere");
	is_int(credit(&d), CREDIT, "credit");
	holder_close(&d);
}

/* --- what it says ------------------------------------------------------------------------- */

static void
what_it_spent_is_booked(void **state)
{
	struct letter l;
	struct holder d;
	struct err e;

	holder_open(*state, &d);
	refill(&d, 5000);
	spend(&d, 700);
	l = audit(&d);
	is_ok(heard(&d, &l, &e), &e, "audit");
	is_ok(heard(&d, &l, &e), &e, "once more");
	spend(&d, 300);
	refill(&d, 1000);
	help_audit(d.h);
	shop_sql(&d.h->shop, "UPDATE transfer SET amount = 299 "
			     "WHERE kind = 'spend' AND amount = 300");
	is_int(shop_audit(&d.h->shop, true), 1, "the audit sees it");
	holder_close(&d);
}

static void
old_copies_are_refused(void **state)
{
	uint8_t old[SLOTS_BYTES];
	struct letter l;
	struct holder d;
	struct err e = ERR_INIT;
	size_t len;

	holder_open(*state, &d);
	refill(&d, 5000);
	vault_close(d.v);
	is_ok(durable_read(d.path, old, sizeof(old), &len, &e), &e, "copy");
	open_vault(&d);
	spend(&d, 700);
	l = audit(&d);
	is_ok(heard(&d, &l, &e), &e, "audit");
	vault_close(d.v);
	is_ok(durable_replace(d.path, old, len, 0600, &e), &e, "put back");
	open_vault(&d);
	l = request(&d, 1000);
	refused(&d, &l, ERR_DENIED, "an old copy of it was put back");
	l = audit(&d);
	ok(!heard(&d, &l, &e), "audit");
	is_err(&e, ERR_DENIED, "audit");
	help_audit(d.h);
	holder_close(&d);
}

/* --- orders --------------------------------------------------------------------------------- */

static void
set_psd(struct holder *d, const char *to)
{
	struct store *s = d->h->w->store;
	struct err e = ERR_INIT;

	is_ok(store_begin(s, STORE_WRITE, &e) &&
		  store_psd_state_set(s, SERIAL, to, &e) && store_commit(s, &e),
	    &e, to);
}

static void
withheld_psds_are_locked_until_released(void **state)
{
	struct letter l;
	struct holder d;

	holder_open(*state, &d);
	refill(&d, 1000);
	set_psd(&d, "withheld");
	l = request(&d, 1000);
	refused(&d, &l, ERR_DENIED, "is withheld: it gets no value");
	refill(&d, 0);
	is_int(status(&d).life, PSD_LOCKED, "locked");
	set_psd(&d, "operational");
	refill(&d, 0);
	is_int(status(&d).life, PSD_OPERATIONAL, "released");
	refill(&d, 1000);
	set_psd(&d, "withdrawn");
	refill(&d, 0);
	is_int(status(&d).life, PSD_WITHDRAWN, "withdrawn");
	holder_close(&d);
}

/* --- consent -------------------------------------------------------------------------------- */

static bool
consents(struct holder *d, const struct letter *l, struct err *e)
{
	struct field_call call = call_of(d, l);
	struct letter out;

	*e = (struct err)ERR_INIT;
	return field_consent(d->h->w, &call, out.bytes, &out.len, e);
}

static void
one_state_is_consented_to(void **state)
{
	struct letter l, receipt;
	struct holder d;
	struct err e;

	holder_open(*state, &d);
	l = request(&d, 1000);
	l = answered(&d, &l);
	receipt = audit(&d);
	ok(!consents(&d, &receipt, &e), "an answer is on its way");
	is_err(&e, ERR_DENIED, "on its way");
	receipt = applied(&d, &l);
	ok(!consents(&d, &receipt, &e), "no audit");
	is_err(&e, ERR_REQUEST, "no audit");
	l = audit(&d);
	is_ok(consents(&d, &l, &e), &e, "the newest");
	is_ok(consents(&d, &l, &e), &e, "its answer was lost");
	spend(&d, 100);
	l = audit(&d);
	ok(!consents(&d, &l, &e), "another state of this number");
	is_err(&e, ERR_DENIED, "another state");
	refill(&d, 0);
	l = audit(&d);
	is_ok(consents(&d, &l, &e), &e, "a new number");
	holder_close(&d);
}

/* --- enrolment -------------------------------------------------------------------------------- */

static void
only_our_psds_are_enrolled(void **state)
{
	char folder[128], strange[128];
	struct lab *other;
	struct lab_psd psd;
	struct holder d;
	char id[PSD_ID], uri[160];
	struct err e = ERR_INIT;

	holder_open(*state, &d);
	snprintf(folder, sizeof(folder), "%s/authority", d.h->shop.folder);
	ok(!enrol(&d, folder, &e), "twice");
	is_err(&e, ERR_REQUEST, "twice");
	snprintf(strange, sizeof(strange), "%s/other", d.h->shop.folder);
	snprintf(uri, sizeof(uri), "file:%s/o.vault", d.h->shop.folder);
	is_ok(lab_open(strange, &other, &e), &e, "another lab");
	lab_defaults(&psd);
	psd.serial = SERIAL;
	is_ok(lab_create_vault(other, uri, &psd, id, &e), &e, "its PSD");
	lab_close(other);
	ok(!enrol(&d, strange, &e), "another's");
	is_err(&e, ERR_REQUEST, "another's");
	ok(strstr(e.text, "certified") != NULL, e.text);
	holder_close(&d);
}

static void
vaults_are_filled_over_http(void **state)
{
	char text[2 * PSD_MESSAGE_MAX], body[3 * PSD_MESSAGE_MAX], *at;
	struct letter l, answer;
	struct holder d;

	holder_open(*state, &d);
	l = request(&d, 1000);
	base64_encode(l.bytes, l.len, text);
	snprintf(body, sizeof(body), "{\"request\":\"%s\"}", text);
	help_ask(
	    d.h, "POST", "/v1/psds/XXPS0000000901/download", d.token, body);
	help_said(d.h, 400, "a message of XXPS0000000900, not of");
	help_ask(d.h, "POST", "/v1/psds/900/download", d.token, body);
	help_said(d.h, 404, "no such PSD");
	help_ask(
	    d.h, "POST", "/v1/psds/XXPS0000000900/download", d.token, body);
	help_said(d.h, 200, "{\"answer\":\"");
	at = d.h->body + strlen("{\"answer\":\"");
	at[strcspn(at, "\"")] = '\0';
	ok(base64_decode(
	       at, strlen(at), answer.bytes, sizeof(answer.bytes), &answer.len),
	    "base64");
	l = applied(&d, &answer);
	is_int(status(&d).descending, 1000, "in the vault");
	base64_encode(l.bytes, l.len, text);
	snprintf(body, sizeof(body), "{\"audit\":\"%s\"}", text);
	help_ask(d.h, "POST", "/v1/psds/XXPS0000000900/audit", d.token, body);
	help_said(d.h, 200, "{}");
	l = audit(&d);
	base64_encode(l.bytes, l.len, text);
	snprintf(
	    body, sizeof(body), "{\"audit\":\"%s\",\"consent\":true}", text);
	help_ask(d.h, "POST", "/v1/psds/XXPS0000000900/audit", d.token, body);
	help_said(d.h, 200, "{\"consent\":\"");
	help_audit(d.h);
	holder_close(&d);
}

/* --- refunds ---------------------------------------------------------------------------------- */

/* A list that the vault signed, of its newest `count` stamps. */
static void
make_list(struct holder *d, size_t count, char **text, size_t *len)
{
	struct psd_stamp ring[PSD_RING];
	struct err e = ERR_INIT;
	size_t have;

	is_ok(vault_recent(d->v, ring, &have, &e), &e, "recent");
	list_of(d, &ring[have - count], count, text, len);
}

static void
decide(struct holder *d, int64_t id, bool yes)
{
	struct person p;
	struct refund_row row;
	struct err e = ERR_INIT;

	is_ok(store_begin(d->h->w->store, STORE_READ, &e) &&
		  store_person_login(d->h->w->store, "boss", &p, &e),
	    &e, "boss");
	store_rollback(d->h->w->store);
	is_ok(yes ? give_back_approve(d->h->w, id, &p, "burnt", &row, &e)
		  : give_back_reject(d->h->w, id, &p, &row, &e),
	    &e, "decide");
}

static void
signed_lists_are_refunded_once(void **state)
{
	char *list, *second, *answer, *again, token[96];
	size_t len, second_len;
	struct refund_answer a;
	struct holder d;
	struct err e;

	holder_open(*state, &d);
	help_person(d.h, "boss", PERSON_ADMINISTRATOR, NULL, token);
	refill(&d, 5000);
	for (int i = 0; i < 3; i++)
		spend(&d, 100 + i);
	make_list(&d, 2, &list, &len);
	is_ok(asks_refund(&d, list, len, &answer, &e), &e, "asked");
	ok(answer == NULL, "nobody said yes");
	is_ok(asks_refund(&d, list, len, &answer, &e), &e, "again");
	ok(answer == NULL, "nobody said yes");
	/* another list with one of these stamps, and one more */
	make_list(&d, 3, &second, &second_len);
	decide(&d, 1, true);
	is_int(credit(&d), CREDIT - 5000 + 203, "credit");
	is_ok(asks_refund(&d, list, len, &answer, &e), &e, "answered");
	is_ok(refund_parse_answer(answer, strlen(answer), &a, &e), &e, "text");
	is_int(a.total, 203, "granted");
	ok(sig_verify(cert_key(d.h->shop.provider.certificate), answer,
	       a.body_len, a.signature),
	    "signed");
	refund_free_answer(&a);
	is_ok(asks_refund(&d, list, len, &again, &e), &e, "once more");
	is_str(again, answer, "the same answer");
	free(again);
	free(answer);
	is_ok(asks_refund(&d, second, second_len, &answer, &e), &e, "second");
	ok(answer == NULL, "its one stamp waits");
	decide(&d, 2, false);
	is_ok(asks_refund(&d, second, second_len, &answer, &e), &e, "no");
	is_ok(refund_parse_answer(answer, strlen(answer), &a, &e), &e, "text");
	is_int(a.total, 0, "nothing");
	is_str(a.verdicts[0].remark, "refused", "why");
	is_str(a.verdicts[1].remark, "refunded before", "why");
	refund_free_answer(&a);
	free(answer);
	list[60] ^= 1;
	ok(!asks_refund(&d, list, len, &answer, &e), "changed");
	is_int(credit(&d), CREDIT - 5000 + 203, "credit");
	free(list);
	free(second);
	help_audit(d.h);
	holder_close(&d);
}

/* Days from now, by the provider's clock; vaults have their own. */
static void
days_later(int days)
{
	shop_set_time(time(NULL) + (time_t)days * 24 * 3600);
}

/* Asks for the newest `count` of `spent` stamps; how many could be claimed. */
static size_t
claims(struct holder *d, size_t count, struct refund_answer *a)
{
	char *list, *answer;
	size_t len, claimed = 0;
	struct err e;

	make_list(d, count, &list, &len);
	is_ok(asks_refund(d, list, len, &answer, &e), &e, "asked");
	*a = (struct refund_answer){.count = 0};
	if (answer != NULL) {
		is_ok(refund_parse_answer(answer, strlen(answer), a, &e), &e,
		    "answer");
		for (uint32_t i = 0; i < a->count; i++)
			claimed += a->verdicts[i].accepted;
	} else {
		claimed = count;
	}
	free(answer);
	free(list);
	return claimed;
}

static void
too_late(struct holder *d, const char *what)
{
	struct refund_answer a;

	is_int(claims(d, 1, &a), 0, what);
	is_str(a.verdicts[0].remark, "too old", what);
	refund_free_answer(&a);
}

static void
in_time(struct holder *d, const char *what)
{
	struct refund_answer a;

	is_int(claims(d, 1, &a), 1, what);
	ok(a.count == 0, "persons say yes or no");
}

/* A mail date far ahead is no longer window: 60 days from when the stamp was known,
 * by what the PSD said later. */
static void
the_window_begins_when_a_stamp_is_known(void **state)
{
	struct letter l;
	struct holder d;
	struct err e;

	holder_open(*state, &d);
	refill(&d, 5000);
	spend_for(&d, 100, 300);
	days_later(20);
	l = audit(&d);
	is_ok(heard(&d, &l, &e), &e, "audit");
	days_later(81);
	too_late(&d, "61 days after the audit");
	/* one that nobody knew of: its own list is the first word of it */
	spend_for(&d, 100, 300);
	in_time(&d, "never heard of");
	/* its mail date was before that */
	spend_for(&d, 100, 20);
	too_late(&d, "61 days after its mail date");
	days_later(80);
	spend_for(&d, 100, 20);
	in_time(&d, "60 days after its mail date");
	holder_close(&d);
}

static void
value_and_lists_tell_how_far_a_psd_is(void **state)
{
	struct refund_answer a;
	struct holder d;

	holder_open(*state, &d);
	refill(&d, 5000);
	spend_for(&d, 100, 300);
	days_later(10);
	refill(&d, 100);
	days_later(71);
	too_late(&d, "61 days after the refill");
	days_later(10);
	spend_for(&d, 100, 300);
	spend(&d, 100);
	in_time(&d, "a list of the second one");
	days_later(71);
	is_int(claims(&d, 2, &a), 0, "61 days after that list");
	is_str(a.verdicts[0].remark, "too old", "the first one");
	is_str(a.verdicts[1].remark, "refunded before", "the second one");
	refund_free_answer(&a);
	holder_close(&d);
}

/* The post has seen a stamp that the PSD made later. */
static void
a_later_stamp_that_was_mailed_tells_it(void **state)
{
	struct post_mark mark = {.place = "belt 2", .scan = ""};
	struct post_check check;
	struct psd_stamp later;
	struct holder d;
	char token[96];
	struct err e = ERR_INIT;
	struct refund_answer a;

	holder_open(*state, &d);
	mark.person = help_person(d.h, "clerk", PERSON_POST, NULL, token);
	refill(&d, 5000);
	spend_for(&d, 100, 300);
	later = spend_for(&d, 100, 0);
	is_ok(post_cancel(d.h->w, &mark, later.indicium, later.len, &check, &e),
	    &e, "mailed");
	is_int(check.verdict, POST_VALID, check.why);
	days_later(61);
	is_int(claims(&d, 2, &a), 0, "both");
	is_str(a.verdicts[0].remark, "too old", "it was there before");
	is_str(a.verdicts[1].remark, "it was mailed", "that one");
	refund_free_answer(&a);
	help_audit(d.h);
	holder_close(&d);
}

/* What was asked for in time is answered so, however long persons take. */
static void
who_asked_in_time_is_not_too_late(void **state)
{
	char *list, *answer, token[96];
	struct refund_answer a;
	struct holder d;
	struct err e;
	size_t len;

	holder_open(*state, &d);
	help_person(d.h, "boss", PERSON_ADMINISTRATOR, NULL, token);
	refill(&d, 5000);
	spend(&d, 100);
	make_list(&d, 1, &list, &len);
	is_ok(asks_refund(&d, list, len, &answer, &e), &e, "asked");
	days_later(100);
	decide(&d, 1, false);
	is_ok(asks_refund(&d, list, len, &answer, &e), &e, "no");
	ok(answer != NULL, "answered");
	is_ok(refund_parse_answer(answer, strlen(answer), &a, &e), &e, "text");
	is_str(a.verdicts[0].remark, "refused", "not too old");
	refund_free_answer(&a);
	free(answer);
	free(list);
	holder_close(&d);
}

#define COMMON(on)                                                         \
	on(value_comes_from_the_credit_once),                              \
	    on(too_little_credit_gives_nothing),                           \
	    on(value_is_within_the_limits),                                \
	    on(who_was_suspended_meanwhile_gets_nothing),                  \
	    on(many_at_once_get_one_answer), on(others_get_nothing),       \
	    on(value_of_others_is_noticed), on(what_it_spent_is_booked),   \
	    on(old_copies_are_refused),                                    \
	    on(withheld_psds_are_locked_until_released),                   \
	    on(one_state_is_consented_to), on(only_our_psds_are_enrolled), \
	    on(signed_lists_are_refunded_once),                            \
	    on(the_window_begins_when_a_stamp_is_known),                   \
	    on(value_and_lists_tell_how_far_a_psd_is),                     \
	    on(a_later_stamp_that_was_mailed_tells_it),                    \
	    on(who_asked_in_time_is_not_too_late),                         \
	    on(vaults_are_filled_over_http)

static const struct CMUnitTest sqlite[] = {COMMON(HELP_SQLITE)};
static const struct CMUnitTest postgresql[] = {COMMON(HELP_PG)};

HELP_MAIN(sqlite, postgresql)
