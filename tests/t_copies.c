/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of a PSD in the field: all of them spend no more than one was given. */
#include "provider/post.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/date.h"
#include "base/durable.h"
#include "provider/give_back.h"
#include "provider/psd_end.h"
#include "provider/store_refund.h"
#include "tests/field_help.h"
#include "tests/pg_help.h"
#include "tests/test.h"
#include "vault/refund.h"
#include "vault/slots.h"

#define THREADS 4

/* --- a copy of the vault ---------------------------------------------------------- */

struct copy {
	uint8_t bytes[SLOTS_BYTES];
	size_t len;
};

static struct copy
take_copy(struct holder *d)
{
	struct copy c;
	struct err e = ERR_INIT;

	vault_close(d->v);
	is_ok(durable_read(d->path, c.bytes, sizeof(c.bytes), &c.len, &e), &e,
	    "copy");
	open_vault(d);
	return c;
}

static void
put_back(struct holder *d, const struct copy *c)
{
	struct err e = ERR_INIT;

	vault_close(d->v);
	is_ok(durable_replace(d->path, c->bytes, c->len, 0600, &e), &e, "back");
	open_vault(d);
}

/* --- the post ---------------------------------------------------------------------- */

static int64_t clerk;

static void
begin(struct help *h, struct holder *d)
{
	char token[96];

	holder_open(h, d);
	clerk = help_person(h, "clerk", PERSON_POST, NULL, token);
	help_person(h, "boss", PERSON_ADMINISTRATOR, NULL, token);
	refill(d, 5000);
}

static struct post_check
verify(struct holder *d, const struct psd_stamp *s)
{
	struct post_check check;
	struct err e = ERR_INIT;

	is_ok(post_verify(d->h->w, s->indicium, s->len, &check, &e), &e,
	    "verify");
	return check;
}

static struct post_check
mail(struct holder *d, const struct psd_stamp *s, const char *scan)
{
	struct post_mark mark = {
	    .person = clerk, .place = "belt 2", .scan = scan};
	struct post_check check;
	struct err e = ERR_INIT;

	is_ok(post_cancel(d->h->w, &mark, s->indicium, s->len, &check, &e), &e,
	    "cancel");
	return check;
}

static void
mailed(struct holder *d, const struct psd_stamp *s, const char *want)
{
	struct post_check check = verify(d, s);

	is_str(post_verdict_name(check.verdict), want, check.why);
	check = mail(d, s, "");
	is_str(post_verdict_name(check.verdict), want, check.why);
}

static void
psd_is(struct holder *d, const char *want)
{
	struct psd_record psd;
	struct err e = ERR_INIT;
	bool found;

	is_ok(store_begin(d->h->w->store, STORE_READ, &e) &&
		  store_psd_find(d->h->w->store, SERIAL, &psd, &found, &e),
	    &e, "the PSD");
	store_rollback(d->h->w->store);
	is_str(psd.state, want, "its state");
}

static void
set_psd(struct holder *d, const char *to)
{
	struct store *s = d->h->w->store;
	struct psd_end end;
	struct err e = ERR_INIT;

	is_ok(store_begin(s, STORE_WRITE, &e) &&
		  psd_end_set(d->h->w, SERIAL, to, &end, &e) &&
		  store_commit(s, &e),
	    &e, to);
}

static void
faults_are(struct holder *d, size_t want, const char *what)
{
	is_int(shop_audit(&d->h->shop, want != 0), want, what);
}

/* --- equal registers ---------------------------------------------------------------- */

/* The same value twice, to other addresses: the first that is seen counts. */
static void
what_two_copies_spent_counts_once(void **state)
{
	struct psd_stamp first, second, again, overlaps, after;
	struct post_check check;
	struct copy old;
	struct letter l;
	struct holder d;

	begin(*state, &d);
	old = take_copy(&d);
	first = spend(&d, 1000);
	second = spend(&d, 500);
	put_back(&d, &old);
	again = spend_for(&d, 1000, 1); /* the registers of the first */
	overlaps = spend(&d, 300);	/* a part of the second's */
	spend(&d, 200);			/* nobody mails it */
	after = spend(&d, 700);		/* what the other one never spent */
	mailed(&d, &first, "VALID");
	mailed(&d, &second, "VALID");
	/* a photocopy is no copy of the PSD */
	mailed(&d, &first, "DUPLICATE");
	check = verify(&d, &again);
	is_int(check.verdict, POST_DUPLICATE, check.why);
	psd_is(&d, "operational");
	faults_are(&d, 0, "who only looks changes nothing");
	check = mail(&d, &again, "");
	is_int(check.verdict, POST_DUPLICATE, check.why);
	ok(strstr(check.why, "registers and was seen at belt 2") != NULL,
	    check.why);
	ok(!check.ended, "it was not there before");
	is_str(check.state, "withheld", "the answer says it");
	psd_is(&d, "withheld");
	mailed(&d, &overlaps, "DUPLICATE");
	mailed(&d, &after, "VALID");
	l = request(&d, 100);
	refused(&d, &l, ERR_DENIED, "withheld");
	faults_are(&d, 2, "the audit names both");
	set_psd(&d, "operational");
	faults_are(&d, 0, "a person has decided");
	mailed(&d, &again, "DUPLICATE");
	psd_is(&d, "operational");
	holder_close(&d);
}

/* Of a look whose answer was lost the same comes again, and another stamp with the
 * scanner's name of it is another one. */
static void
a_copy_does_not_pass_for_the_same_look(void **state)
{
	struct psd_stamp first, again;
	struct copy old;
	struct holder d;

	begin(*state, &d);
	old = take_copy(&d);
	first = spend(&d, 1000);
	put_back(&d, &old);
	again = spend_for(&d, 1000, 1);
	is_int(mail(&d, &first, "7").verdict, POST_VALID, "first");
	is_int(mail(&d, &again, "7").verdict, POST_DUPLICATE, "the copy's");
	is_int(mail(&d, &again, "7").verdict, POST_DUPLICATE, "once more");
	is_int(mail(&d, &first, "7").verdict, POST_VALID, "once more");
	holder_close(&d);
}

static struct psd_stamp
correct(struct holder *d, int days)
{
	return spend_as(
	    d, (struct psd_request){.kind = INDICIUM_CORRECTION,
		   .mail_date = date_add(date_local(time(NULL)), days),
		   .category = "FCM"});
}

/* Corrections move no register: they have a piece each. */
static void
corrections_are_told_by_their_piece(void **state)
{
	struct psd_stamp stamp[4], again;
	struct copy old;
	struct holder d;

	begin(*state, &d);
	stamp[0] = correct(&d, 1);
	stamp[1] = spend(&d, 100);
	old = take_copy(&d);
	stamp[2] = correct(&d, 1);
	stamp[3] = correct(&d, 2);
	put_back(&d, &old);
	again = correct(&d, 3);
	for (int i = 3; i >= 0; i--)
		mailed(&d, &stamp[i], "VALID");
	faults_are(&d, 0, "honest");
	mailed(&d, &again, "DUPLICATE");
	psd_is(&d, "withheld");
	holder_close(&d);
}

struct looker {
	struct holder *d;
	struct worker *w;
	struct psd_stamp stamp;
	enum post_verdict verdict;
};

static void *
look(void *context)
{
	struct looker *l = context;
	struct post_mark mark = {.person = clerk, .place = "A", .scan = ""};
	struct post_check check;
	struct err e = ERR_INIT;

	l->verdict = POST_VERDICTS;
	if (post_cancel(
		l->w, &mark, l->stamp.indicium, l->stamp.len, &check, &e))
		l->verdict = check.verdict;
	else
		fprintf(stderr, "%s\n", e.text);
	return NULL;
}

/* Other sums, so no index alone would tell them apart. */
static void
of_many_copies_at_once_one_is_first(void **state)
{
	struct looker looker[THREADS];
	pthread_t thread[THREADS];
	int valid = 0, duplicate = 0;
	struct copy old;
	struct holder d;

	begin(*state, &d);
	old = take_copy(&d);
	for (int i = 0; i < THREADS; i++) {
		put_back(&d, &old);
		if (i > 0)
			correct(&d, i); /* another piece count */
		for (int j = 1; j < i; j++)
			correct(&d, j);
		looker[i] = (struct looker){.d = &d,
		    .w = shop_worker(&d.h->shop, NULL),
		    .stamp = spend(&d, 100 + i)};
	}
	for (int i = 0; i < THREADS; i++)
		ok(pthread_create(&thread[i], NULL, look, &looker[i]) == 0,
		    "thread");
	for (int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		valid += looker[i].verdict == POST_VALID;
		duplicate += looker[i].verdict == POST_DUPLICATE;
		shop_worker_close(looker[i].w);
	}
	is_int(valid, 1, "valid");
	is_int(duplicate, THREADS - 1, "duplicates");
	faults_are(&d, THREADS - 1, "each is named");
	holder_close(&d);
}

/* --- registers that cannot be -------------------------------------------------------- */

static void
what_was_never_given_is_not_spent(void **state)
{
	struct psd_stamp above;
	struct post_check check;
	struct holder d;
	struct err e = ERR_INIT;

	holder_open(*state, &d);
	clerk = help_person(d.h, "clerk", PERSON_POST, NULL, d.token);
	is_ok(lab_refill(d.lab, d.v, 500, &e), &e, "filled at the desk");
	above = spend(&d, 500);
	check = mail(&d, &above, "");
	is_int(check.verdict, POST_NOT_ISSUED, check.why);
	ok(strstr(check.why, "never given") != NULL, check.why);
	psd_is(&d, "withheld");
	faults_are(&d, 1, "the audit names it");
	holder_close(&d);
}

/* A copy that somebody else filled: what it spent could have been given, what it
 * holds was not. */
static void
a_control_total_that_never_was_is_no_psds(void **state)
{
	struct psd_stamp strange, good;
	struct copy empty;
	struct holder d;
	struct err e = ERR_INIT;

	holder_open(*state, &d);
	clerk = help_person(d.h, "clerk", PERSON_POST, NULL, d.token);
	empty = take_copy(&d);
	refill(&d, 5000);
	good = spend(&d, 700);
	put_back(&d, &empty);
	is_ok(lab_refill(d.lab, d.v, 300, &e), &e, "filled at the desk");
	strange = spend(&d, 100);
	mailed(&d, &strange, "NOT-ISSUED");
	psd_is(&d, "withheld");
	/* the true one's */
	mailed(&d, &good, "VALID");
	holder_close(&d);
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

/* Whatever is under way, in whatever order it comes. */
static void
honest_stamps_are_valid(void **state)
{
	struct psd_stamp zero, early, brief, late, spoiled, last, behind;
	char *list, *answer;
	struct letter l;
	struct holder d;
	struct err e;
	size_t len;

	holder_open(*state, &d);
	clerk = help_person(d.h, "clerk", PERSON_POST, NULL, d.token);
	help_person(d.h, "boss", PERSON_ADMINISTRATOR, NULL, d.token);
	zero = correct(&d, 0); /* it never had value */
	refill(&d, 0);
	refill(&d, 1000);
	early = spend(&d, 400);
	brief = spend_as(&d, (struct psd_request){.amount = 300,
				 .mail_date = date_local(time(NULL)),
				 .category = "FCM",
				 .brief = true});
	/* answered, and on its way */
	l = request(&d, 2000);
	l = answered(&d, &l);
	last = spend(&d, 300);
	mailed(&d, &last, "VALID");
	/* it came, and nobody knows */
	applied(&d, &l);
	late = spend(&d, 1500);
	spoiled = spend(&d, 100);
	list_of(&d, &spoiled, 1, &list, &len);
	refill(&d, 0);
	mailed(&d, &late, "VALID");
	/* while the list is on its way */
	behind = spend(&d, 200);
	mailed(&d, &behind, "VALID");
	set_psd(&d, "withdrawn");
	mailed(&d, &brief, "VALID");
	mailed(&d, &early, "VALID");
	mailed(&d, &zero, "VALID");
	is_ok(asks_refund(&d, list, len, &answer, &e), &e, "asked");
	ok(answer == NULL, "persons say yes or no");
	mailed(&d, &spoiled, "REFUNDED");
	decide(&d, 1, false);
	mailed(&d, &spoiled, "VALID");
	psd_is(&d, "withdrawn");
	help_audit(d.h);
	free(list);
	holder_close(&d);
}

/* What the post saw is the PSD's word, too. */
static void
stamps_that_were_seen_tell_of_old_copies(void **state)
{
	struct psd_stamp stamp;
	struct copy old;
	struct letter l;
	struct holder d;
	struct err e;

	begin(*state, &d);
	old = take_copy(&d);
	stamp = spend(&d, 700);
	mailed(&d, &stamp, "VALID");
	put_back(&d, &old);
	l = request(&d, 1000);
	refused(&d, &l, ERR_DENIED, "an old copy of it was put back");
	l = audit(&d);
	ok(!heard(&d, &l, &e), "audit");
	is_err(&e, ERR_DENIED, "audit");
	holder_close(&d);
}

/* --- refunds --------------------------------------------------------------------------- */

static void
list_is_refused(struct holder *d, const struct psd_stamp *stamp, size_t count,
    const char *why)
{
	char *list, *answer = NULL;
	size_t len;
	struct err e;

	list_of(d, stamp, count, &list, &len);
	ok(!asks_refund(d, list, len, &answer, &e), why);
	is_err(&e, ERR_DENIED, why);
	if (strstr(e.text, why) == NULL)
		fail_at("got \"%s\", want \"%s\"", e.text, why);
	free(list);
}

static void
copies_have_no_refund(void **state)
{
	struct psd_stamp stamp, again;
	struct refund_answer a;
	char *list, *answer;
	struct copy old;
	struct holder d;
	struct err e;
	size_t len;

	begin(*state, &d);
	old = take_copy(&d);
	stamp = spend(&d, 700);
	mailed(&d, &stamp, "VALID");
	put_back(&d, &old);
	again = spend(&d, 800);
	list_of(&d, &again, 1, &list, &len);
	is_ok(asks_refund(&d, list, len, &answer, &e), &e, "asked");
	ok(answer != NULL, "nothing to decide");
	is_ok(refund_parse_answer(answer, strlen(answer), &a, &e), &e, "text");
	is_int(a.total, 0, "granted");
	is_str(a.verdicts[0].remark, "its PSD was copied", "why");
	psd_is(&d, "withheld");
	faults_are(&d, 1, "the audit names it");
	refund_free_answer(&a);
	free(answer);
	free(list);
	holder_close(&d);
}

/* The other way round: the value of one is asked back, the other one is mailed. */
static void
what_is_in_a_refund_is_not_mailed_by_a_copy(void **state)
{
	struct psd_stamp stamp, again;
	struct post_check check;
	char *list, *answer;
	struct copy old;
	struct holder d;
	struct err e;
	size_t len;

	begin(*state, &d);
	old = take_copy(&d);
	stamp = spend(&d, 700);
	list_of(&d, &stamp, 1, &list, &len);
	put_back(&d, &old);
	again = spend(&d, 600);
	is_ok(asks_refund(&d, list, len, &answer, &e), &e, "asked");
	ok(answer == NULL, "persons say yes or no");
	check = mail(&d, &again, "");
	is_int(check.verdict, POST_DUPLICATE, check.why);
	ok(strstr(check.why, "is in a refund") != NULL, check.why);
	psd_is(&d, "withheld");
	free(list);
	holder_close(&d);
}

/* One PSD cannot have issued them, by what it says itself. */
static void
lists_agree_with_themselves(void **state)
{
	struct psd_stamp stamp[2];
	struct copy old;
	struct holder d;

	begin(*state, &d);
	spend(&d, 1000);
	old = take_copy(&d);
	stamp[0] = spend(&d, 600);
	put_back(&d, &old);
	list_is_refused(&d, stamp, 1, "is not spent by what its PSD says");
	put_back(&d, &old);
	correct(&d, 1); /* its piece count is another one */
	stamp[1] = spend(&d, 700);
	list_is_refused(&d, stamp, 2, "its PSD was copied");
	holder_close(&d);
}

static void
value_of_others_is_not_given_back(void **state)
{
	struct psd_stamp stamp;
	struct holder d;
	struct err e = ERR_INIT;

	begin(*state, &d);
	is_ok(lab_refill(d.lab, d.v, 500, &e), &e, "filled at the desk");
	stamp = spend(&d, 100);
	list_is_refused(&d, &stamp, 1, "was filled elsewhere");
	holder_close(&d);
}

/* Its PSD has spent more since, and said so. */
static void
a_list_that_was_taken_is_answered(void **state)
{
	struct psd_stamp stamp;
	char *list, *answer;
	struct holder d;
	struct err e;
	size_t len;

	begin(*state, &d);
	stamp = spend(&d, 100);
	list_of(&d, &stamp, 1, &list, &len);
	is_ok(asks_refund(&d, list, len, &answer, &e), &e, "asked");
	spend(&d, 500);
	refill(&d, 100);
	decide(&d, 1, true);
	is_ok(asks_refund(&d, list, len, &answer, &e), &e, "answered");
	ok(answer != NULL, "an answer");
	free(answer);
	free(list);
	holder_close(&d);
}

/* --- the audit ---------------------------------------------------------------------------- */

static void
the_audit_compares_registers(void **state)
{
	struct psd_stamp stamp[2];
	struct holder d;

	begin(*state, &d);
	stamp[0] = spend(&d, 1000);
	stamp[1] = spend(&d, 500);
	mailed(&d, &stamp[0], "VALID");
	mailed(&d, &stamp[1], "VALID");
	help_audit(d.h);
	shop_sql(&d.h->shop,
	    "UPDATE stamp_end SET ascending = 1499 WHERE ascending = 1500");
	faults_are(&d, 1, "a mil of two");
	shop_sql(&d.h->shop,
	    "UPDATE stamp_end SET ascending = 5001 WHERE ascending = 1499");
	faults_are(&d, 1, "a mil too much");
	shop_sql(&d.h->shop,
	    "UPDATE stamp_end SET ascending = NULL WHERE ascending = 5001");
	faults_are(&d, 1, "it says nothing");
	holder_close(&d);
}

#define COMMON(on)                                           \
	on(what_two_copies_spent_counts_once),               \
	    on(a_copy_does_not_pass_for_the_same_look),      \
	    on(corrections_are_told_by_their_piece),         \
	    on(of_many_copies_at_once_one_is_first),         \
	    on(what_was_never_given_is_not_spent),           \
	    on(a_control_total_that_never_was_is_no_psds),   \
	    on(honest_stamps_are_valid),                     \
	    on(stamps_that_were_seen_tell_of_old_copies),    \
	    on(copies_have_no_refund),                       \
	    on(what_is_in_a_refund_is_not_mailed_by_a_copy), \
	    on(lists_agree_with_themselves),                 \
	    on(value_of_others_is_not_given_back),           \
	    on(a_list_that_was_taken_is_answered),           \
	    on(the_audit_compares_registers)

static const struct CMUnitTest sqlite[] = {COMMON(HELP_SQLITE)};
static const struct CMUnitTest postgresql[] = {COMMON(HELP_PG)};

HELP_MAIN(sqlite, postgresql)
