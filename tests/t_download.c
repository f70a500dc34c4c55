/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/download.h"

#include "tests/psd_help.h"
#include "tests/test.h"

static struct bench b;
static uint8_t answer[PSD_MESSAGE_MAX], receipt[PSD_MESSAGE_MAX];
static size_t answer_len, receipt_len;
static bool changed;

static int
setup(void **state)
{
	(void)state;
	bench_open(&b);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	bench_close(&b);
	return 0;
}

static bool
apply(struct err *e)
{
	e->kind = ERR_NONE;
	return psd_download_apply(&b.psd, &b.crypto, answer, answer_len,
	    receipt, &receipt_len, &changed, e);
}

static void
prepare(mils amount, uint8_t orders, uint32_t audit_due)
{
	const struct download_terms terms = {amount, orders, audit_due};

	bench_answer(&b, &terms, answer, &answer_len);
}

static void
a_request_says_what_the_registers_hold(void **state)
{
	struct psd_request r = bench_request(1, 780);
	uint8_t msg[PSD_MESSAGE_MAX];
	struct download_request request;
	struct psd_stamp out;
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	bench_refill(&b, 50000);
	is_ok(bench_debit(&b, &r, &out, &e), &e, "debit");
	is_ok(psd_download_request(&b.psd, &b.crypto, 9000, msg, &len, &e), &e,
	    "request");
	is_int(msg[0], 0x02, "its first byte");
	is_ok(download_check_request(msg, len, b.key, &request, &e), &e,
	    "the PSD's signature");
	is_int(request.amount, 9000, "amount");
	is_int(request.sequence, 1, "sequence");
	is_int(request.ascending, 780, "ascending");
	is_int(request.control_total, 50000, "control total");
	is_int(request.piece_count, 1, "pieces");
	ok(!download_check_request(msg, len, b.provider, &request, &e),
	    "another key");
	is_err(&e, ERR_DENIED, "another key");
}

static void
a_request_over_the_registers_limit_is_refused(void **state)
{
	uint8_t msg[PSD_MESSAGE_MAX];
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	bench_refill(&b, 1999000);
	is_ok(psd_download_request(&b.psd, &b.crypto, 1000, msg, &len, &e), &e,
	    "up to the limit");
	ok(!psd_download_request(&b.psd, &b.crypto, 1001, msg, &len, &e),
	    "over it");
	is_err(&e, ERR_REQUEST, "over it");
	ok(!psd_download_request(&b.psd, &b.crypto, -1, msg, &len, &e),
	    "less than nothing");
	prepare(1001, 0, 0);
	ok(!apply(&e), "an answer over it");
	is_err(&e, ERR_REQUEST, "an answer over it");
	is_int(b.psd.control_total, 1999000, "nothing changed");
}

static void
the_same_answer_twice_is_harmless(void **state)
{
	uint8_t first[PSD_MESSAGE_MAX];
	struct psd_report report;
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	prepare(7000, 0, 20270301);
	is_ok(apply(&e), &e, "apply");
	ok(changed, "changed");
	is_int(b.psd.control_total, 7000, "control total");
	is_int(b.psd.audit_due, 20270301, "the new deadline");
	memcpy(first, receipt, receipt_len);
	len = receipt_len;
	is_ok(apply(&e), &e, "again");
	ok(!changed, "nothing changed");
	is_int(b.psd.control_total, 7000, "control total");
	is_int(receipt_len, len, "the same receipt");
	is_mem(receipt, first, len, "the same receipt");
	is_ok(download_check_report(receipt, len, b.key, &report, &e), &e,
	    "the receipt");
	is_int(report.type, MESSAGE_RECEIPT, "its type");
	is_int(report.control_total, 7000, "its control total");
	is_int(report.sequence, 1, "its sequence");
}

static void
an_older_answer_is_refused(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	prepare(7000, 0, 0);
	is_ok(apply(&e), &e, "apply");
	bench_refill(&b, 1000);
	ok(!apply(&e), "the one before");
	is_err(&e, ERR_DENIED, "the one before");
	is_int(b.psd.control_total, 8000, "nothing changed");
}

static void
two_answers_of_one_number_count_once(void **state)
{
	uint8_t other[PSD_MESSAGE_MAX];
	struct err e = ERR_INIT;
	size_t other_len;

	(void)state;
	prepare(7000, 0, 0);
	memcpy(other, answer, answer_len);
	other_len = answer_len;
	prepare(5000, 0, 0);
	is_ok(apply(&e), &e, "one");
	memcpy(answer, other, other_len);
	ok(!apply(&e), "the other");
	is_err(&e, ERR_DENIED, "the other");
	is_int(b.psd.control_total, 5000, "once");
}

static void
every_flipped_bit_of_an_answer_is_refused(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	prepare(7000, 0, 20270301);
	for (size_t bit = 0; bit < 8 * answer_len; bit++) {
		answer[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ok(!apply(&e), "a flipped bit");
		answer[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = answer_len; answer_len-- > 0;)
		ok(!apply(&e) && len > 0, "a cut message");
	is_int(b.psd.control_total, 0, "nothing changed");
}

static void
an_answer_for_another_psd_is_refused(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	b.psd.serial = 8;
	prepare(7000, 0, 0);
	b.psd.serial = 7;
	ok(!apply(&e), "another serial");
	is_err(&e, ERR_DENIED, "another serial");
	b.psd.vendor[0] = 'Y';
	prepare(7000, 0, 0);
	b.psd.vendor[0] = 'X';
	ok(!apply(&e), "another vendor");
	b.psd.control_total = 1;
	prepare(7000, 0, 0);
	b.psd.control_total = 0;
	ok(!apply(&e), "another control total");
	is_err(&e, ERR_DENIED, "another control total");
}

static void
an_audit_moves_the_deadline_and_no_value(void **state)
{
	struct psd_request r = bench_request(1, 100);
	struct psd_stamp out;
	struct err e = ERR_INIT;

	(void)state;
	bench_refill(&b, 1000);
	b.psd.audit_due = TODAY - 1;
	ok(!bench_debit(&b, &r, &out, &e), "overdue");
	e.kind = ERR_NONE;
	prepare(0, 0, 20270520);
	is_ok(apply(&e), &e, "audit");
	is_int(b.psd.control_total, 1000, "no value");
	is_ok(bench_debit(&b, &r, &out, &e), &e, "debit again");
}

static void
the_provider_can_withhold_release_and_withdraw(void **state)
{
	struct psd_request r = bench_request(1, 100);
	struct psd_report report;
	struct psd_stamp out;
	struct err e = ERR_INIT;

	(void)state;
	bench_refill(&b, 1000);
	prepare(0, ORDER_WITHHOLD, 0);
	is_ok(apply(&e), &e, "withhold");
	is_int(b.psd.life, PSD_LOCKED, "locked");
	ok(!bench_debit(&b, &r, &out, &e), "no debit");
	is_err(&e, ERR_DENIED, "no debit");
	prepare(0, 0, 0);
	is_ok(apply(&e), &e, "release");
	e.kind = ERR_NONE;
	is_ok(bench_debit(&b, &r, &out, &e), &e, "debit");
	prepare(0, ORDER_WITHDRAW, 0);
	is_ok(apply(&e), &e, "withdraw");
	is_int(b.psd.life, PSD_WITHDRAWN, "withdrawn");
	is_ok(download_check_report(receipt, receipt_len, b.key, &report, &e),
	    &e, "the last account");
	is_int(report.ascending, 100, "spent");
	is_int(report.control_total, 1000, "bought");
	is_ok(apply(&e), &e, "the same answer is still answered");
	r.key[0]++;
	ok(!bench_debit(&b, &r, &out, &e), "no debit any more");
	is_err(&e, ERR_DENIED, "no debit any more");
	ok(!psd_download_request(&b.psd, &b.crypto, 1, answer, &answer_len, &e),
	    "no value any more");
}

static void
a_receipt_that_cannot_be_signed_changes_nothing(void **state)
{
	struct psd before;
	struct err e = ERR_INIT;

	(void)state;
	prepare(7000, 0, 0);
	before = b.psd;
	b.crypto.context = NULL; /* the key is locked */
	ok(!apply(&e), "no key");
	ok(!changed, "nothing to store");
	is_mem(&b.psd, &before, sizeof(before), "the state is as it was");
}

static void
an_audit_signs_the_registers_over_the_nonce(void **state)
{
	const uint8_t nonce[PSD_NONCE] = "sixteen bytes ..";
	struct psd_report report;
	uint8_t msg[PSD_MESSAGE_MAX];
	struct err e = ERR_INIT;
	size_t len;

	(void)state;
	bench_refill(&b, 1000);
	is_ok(psd_audit(&b.psd, &b.crypto, nonce, msg, &len, &e), &e, "audit");
	is_int(msg[0], 0x04, "its first byte");
	is_ok(download_check_report(msg, len, b.key, &report, &e), &e,
	    "its signature");
	is_mem(report.nonce, nonce, PSD_NONCE, "nonce");
	is_int(report.control_total, 1000, "control total");
}

#define TT(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TT(a_request_says_what_the_registers_hold),
	    TT(a_request_over_the_registers_limit_is_refused),
	    TT(the_same_answer_twice_is_harmless),
	    TT(an_older_answer_is_refused),
	    TT(two_answers_of_one_number_count_once),
	    TT(every_flipped_bit_of_an_answer_is_refused),
	    TT(an_answer_for_another_psd_is_refused),
	    TT(an_audit_moves_the_deadline_and_no_value),
	    TT(the_provider_can_withhold_release_and_withdraw),
	    TT(a_receipt_that_cannot_be_signed_changes_nothing),
	    TT(an_audit_signs_the_registers_over_the_nonce)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
