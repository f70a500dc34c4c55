/* SPDX-License-Identifier: Apache-2.0 */
/* The vault at a provider: what is lost on the way is neither doubled nor lost,
 * and nothing is believed. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/date.h"
#include "base/durable.h"
#include "tests/front.h"
#include "tests/psd_help.h"
#include "tests/test.h"
#include "vault/remote_uri.h"
#include "vault/trust.h"

#define WAIT_MS 3000

static struct front f;

static int
setup(void **state)
{
	(void)state;
	front_open(&f);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	front_close(&f);
	return 0;
}

static uint32_t
today(void)
{
	return date_local(time(NULL));
}

static struct vault *
open_at(const char *uri)
{
	struct err e = ERR_INIT;
	struct vault *v = NULL;

	is_ok(vault_open(uri, WAIT_MS, &v, &e), &e, "open");
	is_ok(trust_check(v, f.certificates, today(), &e), &e, "trust");
	return v;
}

static struct vault *
open_vault(void)
{
	return open_at(f.uri);
}

static struct psd_request
request(uint32_t n, mils amount)
{
	struct psd_request r = bench_request(n, amount);

	r.mail_date = today();
	r.mailby = 0;
	return r;
}

/* What the provider has debited is what there are stamps of. */
static void
books_are(mils ascending, unsigned pieces)
{
	struct psd_status s;
	mils sum = 0;

	for (int i = 0; i < FRONT_PSDS; i++) {
		struct err e = ERR_INIT;

		is_ok(vault_status(f.psd[i], &s, &e), &e, "a PSD");
		sum += s.ascending;
	}
	is_int(sum, ascending, "the PSDs' registers");
	is_int(f.ascending, ascending, "the system's register");
	is_int(f.stamps, pieces, "stamps");
}

static bool
debit(struct vault *v, uint32_t first, size_t count, struct psd_stamp *out,
    struct err *e)
{
	struct psd_request in[PSD_BATCH_MAX];

	for (size_t i = 0; i < count; i++)
		in[i] = request(first + (uint32_t)i, 780);
	*e = (struct err)ERR_INIT;
	return vault_debit(v, in, count, out, e);
}

/* --- where it is -------------------------------------------------------------------- */

static void
a_uri_names_fronts_and_files(void **state)
{
	static const char *const wrong[] = {"", "//", "//a", "//a:8443/",
	    "//a:0/?authority=/x&token=/t", "//a:65536/?authority=/x&token=/t",
	    "//u@a/?authority=/x&token=/t", "//a/b?authority=/x&token=/t",
	    "//a/?authority=/x", "//a/?token=/t", "//a/?authority=x&token=/t",
	    "//a/?authority=/x&token=t", "//a/?authority=/x&certificate=/c",
	    "//a/?authority=/x&token=/t&token=/t",
	    "//a,/?authority=/x&token=/t", "//[::1/?authority=/x&token=/t",
	    "//[]/?authority=/x&token=/t",
	    "//a/?authority=/x&token=/t&other=/o", "/a/?authority=/x&token=/t",
	    "//a b/?authority=/x&token=/t", "//a/?authority=/x&token=/t&",
	    "//1,2,3,4,5,6,7,8,9/?authority=/x&token=/t"};
	struct remote_uri u;
	struct err e = ERR_INIT;

	(void)state;
	is_ok(remote_uri_parse("//a.example:8443,[::1]:1,b?authority=/x&token="
			       "credential:t&certificate=/c&key=/k",
		  &u, &e),
	    &e, "all of it");
	is_int(u.fronts, 3, "fronts");
	is_str(u.front[0], "https://a.example:8443", "first");
	is_str(u.front[1], "https://[::1]:1", "second");
	is_str(u.front[2], "https://b", "third");
	is_str(u.token, "credential:t", "token");
	is_str(u.key, "/k", "key");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		e = (struct err)ERR_INIT;
		ok(!remote_uri_parse(wrong[i], &u, &e), wrong[i]);
		is_err(&e, ERR_CONFIG, wrong[i]);
	}
}

static void
the_system_is_as_a_psd_is(void **state)
{
	struct vault *v = open_vault();
	struct vault_guard guard;
	struct psd_status s;
	struct err e = ERR_INIT;

	(void)state;
	is_ok(vault_status(v, &s, &e), &e, "status");
	is_str(s.model, "US", "a user system");
	is_int(s.serial, 12, "its number");
	is_int(s.descending, 100000, "what it may spend");
	is_int(s.control_total, 100000, "control total");
	ok(s.pooled && s.lab && !s.pin_required, "what it is");
	is_int(vault_batch(v), 32, "batch");
	is_ok(vault_guard(v, &guard, &e), &e, "guard");
	ok(guard.by_itself, "nobody can copy it");
	ok(strstr(vault_name(v), "token") == NULL, "its name");
	is_str(vault_reason(v), "", "no reason");
	f.life = "locked";
	f.reason = "payment returned";
	is_ok(vault_status(v, &s, &e), &e, "status");
	is_int(s.life, PSD_LOCKED, "locked");
	is_str(vault_reason(v), "payment returned", "why");
	vault_close(v);
}

static void
what_it_cannot_do_it_says(void **state)
{
	struct vault *v = open_vault();
	uint8_t out[PSD_MESSAGE_MAX], nonce[PSD_NONCE] = {0};
	const struct psd_claim claim = {.count = 1};
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	ok(!vault_download_request(v, 1, out, &len, &e), "download");
	is_err(&e, ERR_CONFIG, "download");
	ok(!vault_audit(v, nonce, out, &len, &e), "audit");
	is_err(&e, ERR_CONFIG, "audit");
	ok(!vault_refund_request(v, &claim, out, &len, &e), "refund");
	is_err(&e, ERR_CONFIG, "refund");
	ok(!vault_set_guard(v, "tpm:", NULL, &e), "guard");
	is_err(&e, ERR_CONFIG, "guard");
	ok(!vault_change_pin(v, "", "1234", &e), "PIN");
	is_err(&e, ERR_CONFIG, "PIN");
	vault_close(v);
}

static void
without_trust_nothing_is_bought(void **state)
{
	struct vault *v = NULL;
	struct psd_stamp out[1];
	struct err e = ERR_INIT;
	char folder[128];

	(void)state;
	is_ok(vault_open(f.uri, WAIT_MS, &v, &e), &e, "open");
	ok(!debit(v, 1, 1, out, &e), "nobody asked");
	is_err(&e, ERR_CONFIG, "nobody asked");
	snprintf(folder, sizeof(folder), "%s/stranger", f.dir);
	ok(!trust_check(v, folder, today(), &e), "other authorities");
	is_err(&e, ERR_DENIED, "other authorities");
	ok(!debit(v, 1, 1, out, &e), "still");
	books_are(0, 0);
	vault_close(v);
}

/* --- stamps --------------------------------------------------------------------------- */

static void
stamps_come_from_several_psds(void **state)
{
	struct vault *v = open_vault();
	struct psd_stamp out[4], again[PSD_RING], one;
	char id[2][INDICIUM_PSD_ID];
	struct psd_status s;
	struct indicium in;
	struct err e = ERR_INIT;
	size_t count;
	bool found;

	(void)state;
	is_ok(debit(v, 1, 4, out, &e), &e, "debit");
	for (size_t i = 0; i < 2; i++) {
		is_ok(indicium_decode(out[i].indicium, out[i].len, &in, &e), &e,
		    "decode");
		indicium_psd_id(&in, id[i]);
		ok(!out[i].replayed, "new");
	}
	is_str(id[0], f.id[0], "the first PSD");
	is_str(id[1], f.id[1], "the second");
	is_ok(vault_status(v, &s, &e), &e, "status");
	is_int(s.ascending, 4 * 780, "register");
	books_are(4 * 780, 4);
	is_ok(debit(v, 1, 4, again, &e), &e, "again");
	for (size_t i = 0; i < 4; i++) {
		ok(again[i].replayed, "replayed");
		is_mem(again[i].indicium, out[i].indicium, out[i].len, "bytes");
	}
	is_ok(vault_find(v, out[2].key, &one, &found, &e), &e, "find");
	ok(found, "found");
	is_mem(one.indicium, out[2].indicium, out[2].len, "bytes");
	is_ok(vault_recent(v, again, &count, &e), &e, "recent");
	is_int(count, 4, "all four");
	is_mem(again[3].key, out[3].key, PSD_KEY_BYTES, "the last is the last");
	books_are(4 * 780, 4);
	vault_close(v);
}

static void
every_field_comes_back(void **state)
{
	struct vault *v = open_vault();
	struct psd_request in[3] = {
	    request(1, 780), request(2, 1450), request(3, 1)};
	struct psd_stamp out[3];
	struct err e = ERR_INIT;

	(void)state;
	in[0].mailby = date_add(today(), 3);
	in[0].sender_zip = 94103;
	in[0].destination = 90210123412;
	in[1].sheet_serial = (UINT64_C(1) << 55) + 7;
	in[1].label = 30;
	in[1].destination = 0;
	in[1].price_list = 3;
	in[2].brief = true;
	is_ok(vault_debit(v, in, 3, out, &e), &e, "debit");
	books_are(780 + 1450 + 1, 3);
	vault_close(v);
}

/* --- lost on the way ----------------------------------------------------------------- */

static void
a_lost_question_is_asked_again(void **state)
{
	static const enum front_fault faults[] = {
	    DO_CUT_BEFORE, DO_CUT_AFTER, DO_TRUNCATE, DO_NOT_JSON};
	struct vault *v = open_vault();
	struct psd_stamp out[4];
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		front_will(&f, AT_INDICIA, faults[i], 0);
		is_ok(debit(v, 10 * (uint32_t)i, 3, out, &e), &e, "debit");
		books_are((mils)(i + 1) * 3 * 780, 3 * (unsigned)(i + 1));
	}
	vault_close(v);
}

static void
a_busy_front_is_waited_for(void **state)
{
	static const int codes[] = {429, 503, 502};
	struct vault *v = open_vault();
	struct psd_stamp out[1];
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		front_will(&f, AT_INDICIA, DO_SAY, codes[i]);
		front_will(&f, AT_INDICIA, DO_SAY_AFTER, codes[i]);
		is_ok(debit(v, (uint32_t)i, 1, out, &e), &e, "debit");
		books_are((mils)(i + 1) * 780, (unsigned)i + 1);
	}
	vault_close(v);
}

static void
the_end_of_waiting_is_no_answer(void **state)
{
	struct vault *v = open_vault();
	struct psd_stamp out[1], one;
	struct err e = ERR_INIT;
	int64_t start = clock_ms();
	bool found;

	(void)state;
	for (int i = 0; i < 8; i++)
		front_will(&f, AT_INDICIA, DO_SAY_AFTER, 503);
	ok(!debit(v, 1, 1, out, &e), "nobody answers");
	is_err(&e, ERR_ABSENT, "unknown");
	ok(clock_ms() - start < WAIT_MS + 1500, "in time");
	books_are(780, 1);
	f.faults[AT_INDICIA] = f.done[AT_INDICIA] = 0;
	is_ok(vault_find(v, request(1, 780).key, &one, &found, &e), &e, "find");
	ok(found, "it was done");
	vault_close(v);
}

/* A question under way when its keys are looked for is too late, for ever. */
static void
a_late_question_debits_nothing(void **state)
{
	struct vault *v = open_vault(), *next;
	struct psd_stamp out[1], one;
	struct err e = ERR_INIT;
	bool found;

	(void)state;
	front_will(&f, AT_INDICIA, DO_LATE, WAIT_MS + 1500);
	ok(!debit(v, 1, 1, out, &e), "silent");
	is_err(&e, ERR_ABSENT, "unknown");
	vault_close(v);
	next = open_vault();
	is_ok(vault_find(next, request(1, 780).key, &one, &found, &e), &e,
	    "find");
	ok(!found, "it is not there");
	usleep(2000 * 1000);
	books_are(0, 0);
	is_ok(debit(next, 1, 1, out, &e), &e, "bought now");
	books_are(780, 1);
	vault_close(next);
}

/* Without the question after the keys, "no" would be said to a stamp that the
 * first question buys a moment later. */
static void
no_after_a_lost_question_is_asked_about(void **state)
{
	struct vault *v = open_vault();
	struct psd_stamp out[1];
	struct err e = ERR_INIT;

	(void)state;
	/* done, its answer lost; then no funds: it is there */
	front_will(&f, AT_INDICIA, DO_CUT_AFTER, 0);
	front_will(&f, AT_INDICIA, DO_SAY, 402);
	is_ok(debit(v, 1, 1, out, &e), &e, "found");
	books_are(780, 1);
	/* not done; then no funds: no */
	front_will(&f, AT_INDICIA, DO_CUT_BEFORE, 0);
	front_will(&f, AT_INDICIA, DO_SAY, 402);
	ok(!debit(v, 2, 1, out, &e), "no");
	is_err(&e, ERR_FUNDS, "no");
	is_int(f.asked[AT_FIND], 2, "looked for");
	/* and where nobody can be asked it is not known */
	front_will(&f, AT_INDICIA, DO_CUT_BEFORE, 0);
	front_will(&f, AT_INDICIA, DO_SAY, 403);
	front_will(&f, AT_FIND, DO_SAY, 403);
	ok(!debit(v, 3, 1, out, &e), "unknown");
	is_err(&e, ERR_ABSENT, "unknown");
	books_are(780, 1);
	vault_close(v);
}

static void
no_is_no(void **state)
{
	static const struct {
		int status;
		enum err_kind kind;
	} said[] = {{400, ERR_REQUEST}, {402, ERR_FUNDS}, {403, ERR_DENIED},
	    {401, ERR_DENIED}, {422, ERR_CORRUPT}, {404, ERR_CONFIG},
	    {301, ERR_CONFIG}};
	struct vault *v = open_vault();
	struct psd_stamp out[1];
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		front_will(&f, AT_INDICIA, DO_SAY, said[i].status);
		ok(!debit(v, 1, 1, out, &e), "no");
		is_err(&e, said[i].kind, "kind");
	}
	is_int(f.asked[AT_FIND], 0, "nothing was open");
	books_are(0, 0);
	vault_close(v);
}

static void
an_old_fence_is_taken_anew(void **state)
{
	struct vault *v = open_vault();
	struct psd_stamp out[2];
	struct err e = ERR_INIT;

	(void)state;
	f.fence += 5;
	is_ok(debit(v, 1, 2, out, &e), &e, "debit");
	is_int(f.asked[AT_FIND], 1, "looked for");
	books_are(2 * 780, 2);
	/* the fence moved behind a debit whose answer was lost */
	front_will(&f, AT_INDICIA, DO_CUT_AFTER, 0);
	front_will(&f, AT_INDICIA, DO_SAY, 409);
	is_ok(debit(v, 5, 2, out, &e), &e, "debit");
	books_are(4 * 780, 4);
	vault_close(v);
}

static void
one_that_is_always_busy_is_left(void **state)
{
	struct vault *v = open_vault();
	struct psd_stamp out[1];
	struct err e = ERR_INIT;

	(void)state;
	for (int i = 0; i < 8; i++)
		front_will(&f, AT_INDICIA, DO_SAY, 409);
	ok(!debit(v, 1, 1, out, &e), "busy");
	is_err(&e, ERR_BUSY, "busy");
	books_are(0, 0);
	vault_close(v);
}

/* --- fronts ------------------------------------------------------------------------------ */

static void
another_front_does_the_work(void **state)
{
	char address[32], uri[600];
	struct tls_server *second = front_again(&f, address);
	struct psd_stamp out[1];
	struct psd_status s;
	struct err e = ERR_INIT;
	struct vault *v;

	(void)state;
	snprintf(uri, sizeof(uri), "https://127.0.0.1:1,%s%s", address,
	    strchr(f.uri + 8, '/'));
	v = open_at(uri);
	is_ok(debit(v, 1, 1, out, &e), &e, "past one that is away");
	vault_close(v);
	snprintf(uri, sizeof(uri), "https://127.0.0.1:%d,%s%s",
	    tls_server_port(f.server), address, strchr(f.uri + 8, '/'));
	v = open_at(uri);
	front_will(&f, AT_INDICIA, DO_CUT_AFTER, 0);
	is_ok(debit(v, 2, 1, out, &e), &e, "its answer was lost");
	ok(tls_server_requests(second) > 0, "the second answered");
	books_are(2 * 780, 2);
	tls_server_stop(second);
	is_ok(vault_status(v, &s, &e), &e, "back to the first");
	vault_close(v);
}

static void
one_that_is_away_is_absent(void **state)
{
	struct psd_status s;
	struct err e = ERR_INIT;
	struct vault *v = NULL;
	char uri[600];

	(void)state;
	snprintf(
	    uri, sizeof(uri), "https://127.0.0.1:1%s", strchr(f.uri + 8, '/'));
	is_ok(vault_open(uri, 0, &v, &e), &e, "open");
	ok(!vault_status(v, &s, &e), "status");
	is_err(&e, ERR_ABSENT, "away");
	vault_close(v);
}

static void
a_server_of_another_authority_gets_no_token(void **state)
{
	char uri[600], ca[96];
	struct tls_authority *other;
	struct psd_status s;
	struct err e = ERR_INIT;
	struct vault *v = NULL;

	(void)state;
	snprintf(ca, sizeof(ca), "%s/other", f.dir);
	other = tls_authority_new("Other", ca);
	snprintf(uri, sizeof(uri),
	    "https://127.0.0.1:%d/?authority=%s&token=%s/token",
	    tls_server_port(f.server), ca, f.dir);
	is_ok(vault_open(uri, WAIT_MS, &v, &e), &e, "open");
	ok(!vault_status(v, &s, &e), "status");
	is_err(&e, ERR_DENIED, "not the provider");
	is_int(tls_server_requests(f.server), 0, "nothing was sent");
	vault_close(v);
	tls_authority_free(other);
}

static void
a_wrong_token_names_its_file(void **state)
{
	struct psd_status s;
	struct err e = ERR_INIT;
	struct vault *v = NULL;
	char path[96];

	(void)state;
	snprintf(path, sizeof(path), "%s/token", f.dir);
	is_ok(durable_replace(path, "x.y\n", 4, 0600, &e), &e, "token");
	is_ok(vault_open(f.uri, WAIT_MS, &v, &e), &e, "open");
	ok(!vault_status(v, &s, &e), "status");
	is_err(&e, ERR_DENIED, "wrong");
	ok(strstr(e.text, path) != NULL, "the file");
	vault_close(v);
	ok(chmod(path, 0644) == 0, "mode");
	ok(!vault_open(f.uri, WAIT_MS, &v, &e), "for all to read");
	is_err(&e, ERR_CONFIG, "others spend with it");
	ok(strstr(e.text, path) != NULL, e.text);
	unlink(path);
	ok(!vault_open(f.uri, WAIT_MS, &v, &e), "open");
	is_err(&e, ERR_CONFIG, "no token");
}

/* --- lies --------------------------------------------------------------------------------- */

static void
a_stamp_that_is_none_is_not_taken(void **state)
{
	static const enum front_fault lies[] = {DO_OTHER_SIGNATURE,
	    DO_OTHER_AMOUNT, DO_OTHER_KEY, DO_DOUBLE, DO_FEWER, DO_OTHER_PSD};
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct psd_stamp out[2];
		struct vault *v = open_vault();

		front_will(&f, AT_INDICIA, lies[i], 0);
		ok(!debit(v, 10 * (uint32_t)i, 2, out, &e), "a lie");
		is_err(&e, ERR_CORRUPT, "a lie");
		for (size_t k = 0; k < 2; k++)
			is_int(out[k].len, 0, "nothing leaves");
		vault_close(v);
	}
}

static void
a_found_stamp_that_is_none_is_not_taken(void **state)
{
	static const enum front_fault lies[] = {
	    DO_OTHER_SIGNATURE, DO_OTHER_PSD, DO_OTHER_KEY};
	struct vault *v = open_vault();
	struct psd_stamp out[1], ring[PSD_RING];
	struct err e = ERR_INIT;
	size_t count;
	bool found;

	(void)state;
	is_ok(debit(v, 1, 1, out, &e), &e, "debit");
	for (size_t i = 0; i < 3; i++) {
		front_will(&f, AT_FIND, lies[i], 0);
		ok(!vault_find(v, request(1, 780).key, out, &found, &e), "lie");
		is_err(&e, ERR_CORRUPT, "a lie");
		ok(!found, "not found");
	}
	front_will(&f, AT_RECENT, DO_OTHER_SIGNATURE, 0);
	ok(!vault_recent(v, ring, &count, &e), "lie");
	is_err(&e, ERR_CORRUPT, "a lie");
	vault_close(v);
}

static void
a_psd_of_a_stranger_signs_nothing(void **state)
{
	struct vault *v = open_vault();
	struct psd_stamp out[1];
	struct err e = ERR_INIT;

	(void)state;
	front_will(&f, AT_CERT, DO_STRANGER, 0);
	ok(!debit(v, 1, 1, out, &e), "a stranger's certificate");
	is_err(&e, ERR_CORRUPT, "a stranger");
	vault_close(v);
}

/* What is paid for is not denied because its certificate is. */
static void
a_certificate_that_is_refused_is_waited_for(void **state)
{
	struct vault *v = open_vault();
	struct psd_stamp out[1];
	struct err e = ERR_INIT;

	(void)state;
	front_will(&f, AT_CERT, DO_SAY, 403);
	ok(!debit(v, 1, 1, out, &e), "not now");
	is_err(&e, ERR_ABSENT, "unknown");
	is_ok(debit(v, 1, 1, out, &e), &e, "now");
	ok(out[0].replayed, "paid before");
	books_are(780, 1);
	vault_close(v);
}

static void
lab_and_real_and_licences_are_not_mixed(void **state)
{
	struct vault *v;
	struct psd_stamp out[1];
	struct psd_status s;
	struct err e = ERR_INIT;

	(void)state;
	is_ok(vault_open(f.uri, WAIT_MS, &v, &e), &e, "open");
	front_will(&f, AT_STATUS, DO_REAL, 0);
	ok(!vault_status(v, &s, &e), "a lab's, said to be real");
	is_err(&e, ERR_CORRUPT, "real");
	front_will(&f, AT_STATUS, DO_LICENCE, 0);
	is_ok(trust_check(v, f.certificates, today(), &e), &e, "trust");
	ok(!debit(v, 1, 1, out, &e), "another licence");
	is_err(&e, ERR_CORRUPT, "licence");
	vault_close(v);
	v = open_vault();
	front_will(&f, AT_STATUS, DO_NAME, 0);
	ok(!vault_status(v, &s, &e), "another system now");
	is_err(&e, ERR_CORRUPT, "name");
	vault_close(v);
}

int
main(void)
{
#define F(t) cmocka_unit_test_setup_teardown(t, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(a_uri_names_fronts_and_files),
	    F(the_system_is_as_a_psd_is),
	    F(what_it_cannot_do_it_says),
	    F(without_trust_nothing_is_bought),
	    F(stamps_come_from_several_psds),
	    F(every_field_comes_back),
	    F(a_lost_question_is_asked_again),
	    F(a_busy_front_is_waited_for),
	    F(the_end_of_waiting_is_no_answer),
	    F(a_late_question_debits_nothing),
	    F(no_after_a_lost_question_is_asked_about),
	    F(no_is_no),
	    F(an_old_fence_is_taken_anew),
	    F(one_that_is_always_busy_is_left),
	    F(another_front_does_the_work),
	    F(one_that_is_away_is_absent),
	    F(a_server_of_another_authority_gets_no_token),
	    F(a_wrong_token_names_its_file),
	    F(a_stamp_that_is_none_is_not_taken),
	    F(a_found_stamp_that_is_none_is_not_taken),
	    F(a_psd_of_a_stranger_signs_nothing),
	    F(a_certificate_that_is_refused_is_waited_for),
	    F(lab_and_real_and_licences_are_not_mixed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
