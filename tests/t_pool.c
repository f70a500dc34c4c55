/* SPDX-License-Identifier: Apache-2.0 */
/* several vaults as one: vault/pool.h, and what dispense makes of it */
#include "vault/pool.h"

#include <stdlib.h>
#include <unistd.h>

#include "stamp/indicium.h"
#include "tests/shop.h"
#include "tests/test.h"
#include "vault/lab.h"

#define TODAY 20261121
#define MANY  64
#define U     MILS_PER_UNIT

static struct shop shop;
static struct lab *lab;
static char uri[POOL_MAX][128];
static int made;

/* --- faults ---------------------------------------------------------------------- */

static int64_t pace_ms; /* that the clock goes on at each look at it */
static unsigned deaf;	/* bit n: the n-th look at vault 1 finds nothing */
static unsigned looks;
static bool real; /* vault 1 is no lab's */

int64_t __real_clock_ms(void);
int64_t __wrap_clock_ms(void);
bool
__real_vault_status(struct vault *v, struct psd_status *out, struct err *e);
bool
__wrap_vault_status(struct vault *v, struct psd_status *out, struct err *e);

int64_t
__wrap_clock_ms(void)
{
	static int64_t ahead;

	return __real_clock_ms() + (ahead += pace_ms);
}

static bool
is_deaf(unsigned look)
{
	return look < 32 && (deaf >> look & 1) != 0;
}

bool
__wrap_vault_status(struct vault *v, struct psd_status *out, struct err *e)
{
	if (strcmp(vault_name(v), uri[1]) == 0 && is_deaf(looks++))
		return err_set(e, ERR_ABSENT, "no contact");
	if (!__real_vault_status(v, out, e))
		return false;
	out->lab = out->lab && !(real && strcmp(vault_name(v), uri[1]) == 0);
	return true;
}

/* --- vaults ------------------------------------------------------------------------ */

/* Vault number `i` of this test, in a file of its own. */
static void
make(size_t i, mils value)
{
	struct lab_psd psd;
	struct vault *v = NULL;
	struct err e = ERR_INIT;
	char id[PSD_ID];

	snprintf(uri[i], sizeof(uri[i]), "file:%s/v%d", shop.dir, ++made);
	lab_defaults(&psd);
	psd.audit_due = 0;
	is_ok(lab_create_vault(lab, uri[i], &psd, id, &e), &e, "create");
	if (value == 0)
		return;
	is_ok(vault_open(uri[i], 0, &v, &e), &e, "open");
	is_ok(lab_refill(lab, v, value, &e), &e, "refill");
	vault_close(v);
}

static void
away(size_t i, bool gone)
{
	char path[256], hidden[256];

	snprintf(path, sizeof(path), "%s/psd.vault", &uri[i][5]);
	snprintf(hidden, sizeof(hidden), "%s/hidden", &uri[i][5]);
	is_int(gone ? rename(path, hidden) : rename(hidden, path), 0, "rename");
}

static mils
left_in(size_t i)
{
	struct psd_status s;
	struct vault *v = NULL;
	struct err e = ERR_INIT;

	is_ok(vault_open(uri[i], 0, &v, &e), &e, "open");
	is_ok(vault_status(v, &s, &e), &e, "status");
	vault_close(v);
	return s.descending;
}

static void
open_pool(struct pool *p, size_t count, enum pool_order order)
{
	struct pool_setup setup = {.count = count,
	    .order = order,
	    .wait_ms = 20,
	    .certificates = "/nowhere"};
	struct err e = ERR_INIT;

	for (size_t i = 0; i < count; i++)
		setup.uri[i] = uri[i];
	is_ok(pool_open(&setup, p, &e), &e, "open");
}

static struct psd_request
request(uint32_t n, mils amount)
{
	struct psd_request r = {
	    .amount = amount, .mail_date = TODAY, .category = "FCL1"};

	memcpy(r.key, &n, sizeof(n));
	return r;
}

/* The members that `count` stamps go to, as digits. */
static const char *
chosen(struct pool *p, size_t count, mils amount)
{
	static char out[MANY];
	struct psd_request r = request(1, amount);
	struct err e = ERR_INIT;
	size_t member;

	memset(out, 0, sizeof(out));
	pool_plan(p);
	for (size_t i = 0; i < count && pool_choose(p, &r, &member, &e); i++)
		out[i] = (char)('0' + member);
	return out;
}

/* --- choice ------------------------------------------------------------------- */

static void
order_says_who_is_next(void **state)
{
	struct pool p;
	struct err e = ERR_INIT;

	(void)state;
	make(0, 3 * U);
	make(1, 5 * U);
	make(2, 4 * U);
	open_pool(&p, 3, POOL_IN_ORDER);
	is_ok(pool_look(&p, &e), &e, "look");
	is_int(pool_left(&p), 12 * U, "sum");
	is_str(chosen(&p, 20, U), "000111112222", "in order");
	p.order = POOL_FULLEST;
	is_str(chosen(&p, 20, U), "112012012012", "the fullest");
	p.order = POOL_ROUND_ROBIN;
	is_str(chosen(&p, 20, U), "012012012121", "round robin");
	p.last = 0;
	is_str(chosen(&p, 4, U), "1201", "behind the last one");
	pool_close(&p);
}

static void
stamp_goes_where_it_fits(void **state)
{
	struct psd_request dear = request(1, 4 * U), big = request(2, 101 * U);
	struct pool p;
	struct err e = ERR_INIT;
	size_t member;

	(void)state;
	make(0, 3 * U);
	make(1, 5 * U);
	open_pool(&p, 2, POOL_IN_ORDER);
	is_ok(pool_look(&p, &e), &e, "look");
	pool_plan(&p);
	is_ok(pool_choose(&p, &dear, &member, &e), &e, "dear");
	is_int(member, 1, "the second has enough");
	ok(!pool_choose(&p, &dear, &member, &e), "nobody");
	is_err(&e, ERR_FUNDS, "kind");
	e = (struct err)ERR_INIT;
	ok(!pool_choose(&p, &big, &member, &e), "over the limit");
	is_err(&e, ERR_REQUEST, "kind");
	pool_close(&p);
}

static void
member_that_is_away_is_left_out(void **state)
{
	struct pool p;
	struct err e = ERR_INIT;

	(void)state;
	make(0, 3 * U);
	make(1, 5 * U);
	away(0, true);
	open_pool(&p, 2, POOL_IN_ORDER);
	is_ok(pool_look(&p, &e), &e, "look");
	ok(!p.member[0].there && p.member[1].there, "one of them");
	is_err(&p.member[0].why, ERR_ABSENT, "why");
	is_int(pool_left(&p), 5 * U, "sum");
	away(0, false);
	is_ok(pool_look(&p, &e), &e, "too soon");
	is_int(pool_left(&p), 5 * U, "not looked for");
	p.again_ms = 0;
	is_ok(pool_look(&p, &e), &e, "again");
	is_int(pool_left(&p), 8 * U, "hot-plugged");
	away(0, true);
	away(1, true);
	ok(!pool_look(&p, &e), "none");
	is_err(&e, ERR_ABSENT, "kind");
	pool_close(&p);
}

static void
damaged_member_stops_all(void **state)
{
	char path[256];
	struct pool p;
	struct err e = ERR_INIT;

	(void)state;
	make(0, 3 * U);
	make(1, 5 * U);
	snprintf(path, sizeof(path), "%s/psd.vault", &uri[1][5]);
	is_int(truncate(path, 100), 0, "damage");
	open_pool(&p, 2, POOL_IN_ORDER);
	ok(!pool_look(&p, &e), "look");
	is_err(&e, ERR_CORRUPT, "kind");
	pool_close(&p);
}

static void
one_psd_is_no_two_members(void **state)
{
	struct pool p;
	struct err e = ERR_INIT;

	(void)state;
	make(0, U);
	strcat(strcpy(uri[1], uri[0]), "/psd.vault");
	open_pool(&p, 2, POOL_IN_ORDER);
	ok(!pool_look(&p, &e), "two names of one file");
	is_err(&e, ERR_CONFIG, "kind");
	pool_close(&p);
	e = (struct err)ERR_INIT;
	ok(!pool_open(&(struct pool_setup){.uri = {uri[0], uri[0]}, .count = 2},
	       &p, &e),
	    "named twice");
	is_err(&e, ERR_CONFIG, "kind");
}

/* What was quoted as a specimen must not be paid with real postage. */
static void
lab_and_real_postage_do_not_mix(void **state)
{
	struct pool p;
	struct err e = ERR_INIT;

	(void)state;
	make(0, U);
	make(1, U);
	real = true;
	open_pool(&p, 2, POOL_IN_ORDER);
	ok(!pool_look(&p, &e), "both at once");
	is_err(&e, ERR_CONFIG, "kind");
	pool_close(&p);
	away(1, true);
	open_pool(&p, 2, POOL_IN_ORDER);
	e = (struct err)ERR_INIT;
	is_ok(pool_look(&p, &e), &e, "the lab's alone");
	away(0, true);
	away(1, false);
	ok(!pool_look(&p, &e), "the real one in its place");
	is_err(&e, ERR_CONFIG, "kind");
	pool_close(&p);
	real = false;
}

/* --- debits --------------------------------------------------------------------- */

static void
parts_of_a_batch_are_debited_each(void **state)
{
	struct pool_batch b = {.count = 6};
	struct indicium said;
	struct pool p;
	struct err e = ERR_INIT;

	(void)state;
	make(0, 3 * U);
	make(1, 3 * U);
	open_pool(&p, 2, POOL_FULLEST);
	is_ok(pool_look(&p, &e), &e, "look");
	pool_plan(&p);
	for (uint32_t i = 0; i < 6; i++) {
		b.in[i] = request(i + 1, U);
		is_ok(pool_choose(&p, &b.in[i], &b.member[i], &e), &e, "who");
	}
	is_ok(pool_debit(&p, &b, &e), &e, "debit");
	for (uint32_t i = 0; i < 6; i++) {
		ok(b.done[i], "done");
		is_mem(b.out[i].key, b.in[i].key, PSD_KEY_BYTES, "its key");
		is_ok(
		    indicium_decode(b.out[i].indicium, b.out[i].len, &said, &e),
		    &e, "bytes");
		is_int(said.psd_serial, p.member[b.member[i]].status.serial,
		    "its PSD");
	}
	pool_close(&p);
	is_int(left_in(0), 0, "first");
	is_int(left_in(1), 0, "second");
}

static void
part_that_fails_leaves_the_others(void **state)
{
	struct pool_batch b = {.count = 4, .member = {0, 1, 0, 1}};
	struct pool p;
	struct err e = ERR_INIT;

	(void)state;
	make(0, 3 * U);
	make(1, 3 * U);
	open_pool(&p, 2, POOL_FULLEST);
	is_ok(pool_look(&p, &e), &e, "look");
	for (uint32_t i = 0; i < 4; i++)
		b.in[i] = request(i + 1, U);
	away(1, true);
	ok(!pool_debit(&p, &b, &e), "debit");
	is_err(&e, ERR_ABSENT, "kind");
	ok(b.done[0] && b.done[2] && !b.done[1] && !b.done[3], "parts");
	ok(!b.refused[1] && !b.refused[3], "nobody knows");
	away(1, false);
	b.in[1].amount = 4 * U;
	e = (struct err)ERR_INIT;
	ok(!pool_debit(&p, &b, &e), "too dear");
	is_err(&e, ERR_FUNDS, "kind");
	ok(b.done[0] && b.out[0].replayed, "as before");
	ok(b.refused[1] && b.refused[3], "it said no");
	pool_close(&p);
	is_int(left_in(0), U, "first");
	is_int(left_in(1), 3 * U, "second");
}

/* --- jobs ------------------------------------------------------------------------ */

static struct stamp_request in[MANY];
static struct stamp_quote quotes[MANY];
static struct issued_stamp out[MANY];
static struct quote_common common;

static const struct job letter = {.queue = "mail",
    .id = 12,
    .uuid = "urn:uuid:0001",
    .created = SHOP_NOW - 10,
    .processing = SHOP_NOW,
    .user = "anna",
    .documents = 1};

static void
want(size_t count, const char *mark)
{
	struct err e = ERR_INIT;

	for (size_t i = 0; i < count; i++) {
		in[i] = (struct stamp_request){.page = (uint32_t)i + 1,
		    .place = 1,
		    .copy = 1,
		    .x_um = 10000,
		    .y_um = 20000};
		is_ok(mark_parse(mark, &in[i].mark, &e), &e, mark);
	}
}

static void
pull_first(void)
{
	away(0, true);
}

static void
exchange_them(void)
{
	away(0, true);
	away(1, false);
}

static void (*change)(void) = pull_first;

/* The filter's part; page by page, and a change() before page `gone`. */
static bool
print(const struct job *job, size_t count, size_t gone, struct err *e)
{
	struct dispense *d = shop_spender(&shop, SHOP_NOW);
	struct document *doc = NULL;
	struct err none = ERR_INIT;
	bool done;

	*e = none;
	is_ok(dispense_document_open(d, ROLE_FILTER, job, &doc, e), e, "open");
	done = dispense_quote(doc, in, count, quotes, &common, e);
	for (size_t i = 0; done && i < count; i++) {
		if (i + 1 == gone)
			change();
		done = dispense_issue(doc, i, 1, &out[i], e);
	}
	done = done && dispense_finish(doc, 1, 1000, e);
	if (!done)
		is_ok(dispense_refuse(doc, e, &none), &none, "refuse");
	dispense_document_close(doc);
	dispense_close(d);
	return done;
}

/* This many stamps are of vault `i`. */
static size_t
issued_by(size_t i, size_t count)
{
	struct psd_status s;
	struct vault *v = NULL;
	struct indicium said;
	struct err e = ERR_INIT;
	size_t n = 0;

	is_ok(vault_open(uri[i], 0, &v, &e), &e, "open");
	is_ok(vault_status(v, &s, &e), &e, "status");
	vault_close(v);
	for (size_t k = 0; k < count; k++) {
		is_ok(indicium_decode(out[k].indicium, out[k].len, &said, &e),
		    &e, "bytes");
		n += said.psd_serial == s.serial;
	}
	return n;
}

/* The shop spends from vaults 0 and 1. */
static void
two_vaults(mils first, mils second, enum pool_order order)
{
	shop_reset(&shop);
	make(0, first);
	make(1, second);
	strcpy(shop.settings.vault_uri, uri[0]);
	strcpy(shop.settings.more[0].name, "second");
	strcpy(shop.settings.more[0].uri, uri[1]);
	shop.settings.more_count = 1;
	shop.settings.order = order;
}

static void
job_is_split_where_no_vault_holds_it(void **state)
{
	struct err e;

	(void)state;
	two_vaults(3 * U, 2 * U, POOL_FULLEST);
	want(5, "[[postage 1.00]]");
	is_ok(print(&letter, 5, 0, &e), &e, "print");
	is_int(common.descending, 5 * U, "sum of both");
	is_str(common.psd_id, "", "each stamp says its own");
	is_int(issued_by(0, 5), 3, "first");
	is_int(issued_by(1, 5), 2, "second");
	is_int(left_in(0) + left_in(1), 0, "all is spent");
}

static void
job_that_does_not_fit_is_refused_whole(void **state)
{
	struct job other = letter;
	struct err e;

	(void)state;
	two_vaults(3 * U, 2 * U, POOL_FULLEST);
	want(2, "[[postage 2.50]]");
	ok(!print(&letter, 2, 0, &e), "the sum is there, not the places");
	is_err(&e, ERR_FUNDS, "kind");
	is_int(left_in(0) + left_in(1), 5 * U, "nothing was spent");
	other.id++;
	other.uuid[9]++;
	want(6, "[[postage 1.00]]");
	ok(!print(&other, 6, 0, &e), "too little");
	is_err(&e, ERR_FUNDS, "kind");
	is_int(left_in(0) + left_in(1), 5 * U, "nothing was spent");
}

static void
vault_that_is_pulled_between_pages_is_replaced(void **state)
{
	struct err e;

	(void)state;
	two_vaults(9 * U, 9 * U, POOL_IN_ORDER);
	want(6, "[[postage 1.00]]");
	is_ok(print(&letter, 6, 4, &e), &e, "print");
	away(0, false);
	is_int(issued_by(0, 6), 3, "before");
	is_int(issued_by(1, 6), 3, "after");
	is_int(left_in(0), 6 * U, "first");
	is_int(left_in(1), 6 * U, "second");
}

static void
round_robin_goes_on_from_job_to_job(void **state)
{
	struct job job = letter;
	struct err e;

	(void)state;
	two_vaults(9 * U, 9 * U, POOL_ROUND_ROBIN);
	want(1, "[[postage 1.00]]");
	for (uint32_t i = 0; i < 4; i++) {
		job.id = 20 + i;
		job.uuid[9] = (char)('a' + i);
		is_ok(print(&job, 1, 0, &e), &e, "print");
	}
	is_int(left_in(0), 7 * U, "first");
	is_int(left_in(1), 7 * U, "second");
}

static void
queue_has_vaults_of_its_own(void **state)
{
	struct queue_settings *sales = &shop.settings.queues[0];
	struct job job = letter;
	struct err e;

	(void)state;
	two_vaults(9 * U, 9 * U, POOL_IN_ORDER);
	settings_queue(&shop.settings, "sales", sales);
	strcpy(sales->vaults, "second");
	sales->set = ~(uint64_t)0;
	shop.settings.queue_count = 1;
	strcpy(job.queue, "sales");
	want(2, "[[postage 1.00]]");
	is_ok(print(&job, 2, 0, &e), &e, "print");
	shop.settings.queue_count = 0;
	is_int(left_in(0), 9 * U, "first");
	is_int(left_in(1), 7 * U, "second");
}

/* Two vaults that want PINs; only the second one's is there. */
static void
pin_of_one_stops_not_the_other(void **state)
{
	struct settings *s = &shop.settings;
	struct psd_status status;
	char path[256];
	struct vault *v = NULL;
	struct err e = ERR_INIT;
	FILE *f;

	(void)state;
	two_vaults(9 * U, 9 * U, POOL_IN_ORDER);
	for (size_t i = 0; i < 2; i++) {
		is_ok(vault_open(uri[i], 0, &v, &e), &e, "open");
		is_ok(vault_change_pin(v, NULL, "2718", &e), &e, "PIN");
		vault_close(v);
	}
	snprintf(path, sizeof(path), "%s/wrong", shop.dir);
	strcpy(s->pin_file, path);
	f = fopen(path, "we");
	fputs("3141\n", f);
	fclose(f);
	snprintf(path, sizeof(path), "%s/right", shop.dir);
	strcpy(s->more[0].pin_file, path);
	f = fopen(path, "we");
	fputs("2718\n", f);
	fclose(f);
	want(3, "[[postage 1.00]]");
	is_ok(print(&letter, 3, 0, &e), &e, "print");
	is_int(left_in(0), 9 * U, "first");
	is_int(left_in(1), 6 * U, "second");
	is_ok(vault_open(uri[0], 0, &v, &e), &e, "open");
	is_ok(vault_status(v, &status, &e), &e, "status");
	vault_close(v);
	is_int(status.pin_tries_left, PSD_PIN_TRIES - 1, "one try");
	s->pin_file[0] = s->more[0].pin_file[0] = '\0';
}

/* Quotes the letter; its stamps are the journal's document 1. */
static void
quote_letter(void)
{
	struct dispense *d = shop_spender(&shop, SHOP_NOW);
	struct document *doc = NULL;
	struct err e = ERR_INIT;

	is_ok(dispense_document_open(d, ROLE_FILTER, &letter, &doc, &e), &e,
	    "open");
	is_ok(dispense_quote(doc, in, 2, quotes, &common, &e), &e, "quote");
	dispense_document_close(doc);
	dispense_close(d);
}

static void
name_vault(size_t i, char id[32])
{
	struct vault *v = NULL;
	struct psd_status status;
	struct err e = ERR_INIT;

	is_ok(vault_open(uri[i], 0, &v, &e), &e, "open");
	is_ok(vault_status(v, &status, &e), &e, "status");
	vault_close(v);
	journal_psd_id(&status, id);
}

/* A crash: the intent of the letter's stamp `i`, from vault `i`, is on the
 * medium, and its debit is not known. */
static void
crash_after_intent(uint32_t i)
{
	struct journal *j = NULL;
	struct journal_stamp s;
	struct err e = ERR_INIT;
	char id[32];

	name_vault(i, id);
	is_ok(journal_open(shop.journal, false, 1000, &j, &e), &e, "journal");
	is_ok(journal_begin(j, &e), &e, "begin");
	is_ok(journal_stamp_load(j, 1, i, &s, &e), &e, "stamp");
	is_ok(journal_stamp_intend(j, s.psd.key, id, &e), &e, "intent");
	is_ok(journal_commit(j, &e), &e, "commit");
	journal_close(j);
}

static size_t
intents_of(size_t i)
{
	struct journal *j = shop_journal(&shop);
	struct journal_stamp s;
	struct err e = ERR_INIT;
	size_t count;
	char id[32];

	name_vault(i, id);
	is_ok(journal_intents(j, id, &s, 1, &count, &e), &e, "intents");
	journal_close(j);
	return count;
}

/* It was there, was away while the others were settled, and is back: what it may
 * have debited was not asked for, so it is not spent from. */
static void
vault_that_missed_the_settling_takes_no_part(void **state)
{
	struct dispense *d;
	struct document *doc = NULL;
	struct job other = letter;
	struct err e = ERR_INIT;

	(void)state;
	two_vaults(3 * U, 9 * U, POOL_FULLEST);
	want(2, "[[postage 1.00]]");
	quote_letter();
	other.id++;
	other.uuid[9]++;
	d = shop_spender(&shop, SHOP_NOW);
	is_ok(dispense_document_open(d, ROLE_FILTER, &other, &doc, &e), &e,
	    "open");
	is_ok(dispense_quote(doc, in, 1, quotes, &common, &e), &e, "quote");
	crash_after_intent(0);
	crash_after_intent(1);
	pace_ms = 6000;
	looks = 0;
	deaf = 1 << 1;
	is_ok(dispense_issue(doc, 0, 1, out, &e), &e, "issue");
	deaf = 0;
	pace_ms = 0;
	dispense_document_close(doc);
	dispense_close(d);
	ok(looks > 2, "it was looked at again");
	is_int(intents_of(0), 0, "the first is settled");
	is_int(intents_of(1), 1, "the second is not");
	is_int(issued_by(0, 1), 1, "the first has issued it");
}

static void
vault_that_joins_in_the_middle_is_in_the_books(void **state)
{
	struct err e;

	(void)state;
	two_vaults(9 * U, 9 * U, POOL_IN_ORDER);
	away(1, true);
	want(2, "[[postage 1.00]]");
	change = exchange_them;
	is_ok(print(&letter, 2, 2, &e), &e, "print");
	change = pull_first;
	away(0, false);
	is_int(issued_by(0, 2), 1, "first");
	is_int(issued_by(1, 2), 1, "second");
	is_int(shop_check(&shop), 0, shop_findings);
}

/* What a vault that left may have debited is asked of it alone. */
static void
intent_waits_for_its_own_vault(void **state)
{
	struct job next = letter;
	struct err e;

	(void)state;
	two_vaults(9 * U, 9 * U, POOL_IN_ORDER);
	want(2, "[[postage 1.00]]");
	quote_letter();
	crash_after_intent(0);
	away(0, true);
	next.processing += 60;
	ok(!print(&next, 2, 0, &e), "not from the other one");
	is_err(&e, ERR_ABSENT, "kind");
	is_int(left_in(1), 9 * U, "nothing was spent");
	away(0, false);
	next.processing += 60;
	is_ok(print(&next, 2, 0, &e), &e, "it is back");
	is_int(left_in(0), 7 * U, "first");
	is_int(left_in(1), 9 * U, "second");
}

static int
open_all(void **state)
{
	char folder[128];
	struct err e = ERR_INIT;

	(void)state;
	shop_open(&shop, 0, NULL, NULL);
	snprintf(folder, sizeof(folder), "%s/lab", shop.dir);
	is_ok(lab_open(folder, &lab, &e), &e, "lab");
	return 0;
}

static int
close_all(void **state)
{
	(void)state;
	lab_close(lab);
	shop_close(&shop);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {T(order_says_who_is_next),
	    T(stamp_goes_where_it_fits), T(member_that_is_away_is_left_out),
	    T(damaged_member_stops_all), T(one_psd_is_no_two_members),
	    T(lab_and_real_postage_do_not_mix),
	    T(parts_of_a_batch_are_debited_each),
	    T(part_that_fails_leaves_the_others),
	    T(job_is_split_where_no_vault_holds_it),
	    T(job_that_does_not_fit_is_refused_whole),
	    T(vault_that_is_pulled_between_pages_is_replaced),
	    T(round_robin_goes_on_from_job_to_job),
	    T(queue_has_vaults_of_its_own), T(pin_of_one_stops_not_the_other),
	    T(intent_waits_for_its_own_vault),
	    T(vault_that_missed_the_settling_takes_no_part),
	    T(vault_that_joins_in_the_middle_is_in_the_books)};

	return cmocka_run_group_tests(tests, open_all, close_all);
}
