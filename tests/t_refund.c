/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/refund.h"

#include <stdlib.h>

#include "tests/psd_help.h"
#include "tests/test.h"
#include "tools/refund_page.h"

#define STAMPS 120

/* Pango keeps its fonts, and with them fontconfig's patterns, to the end. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libfontconfig\n";
}

static struct bench b;
static struct refund_line lines[STAMPS];

/* The PSD's answer to a claim over `list`. */
static struct refund_request
ask(struct refund_list *list, bool *changed)
{
	struct psd_claim claim = {
	    .date = list->date, .count = list->count, .total = list->total};
	struct refund_request said;
	struct err e = ERR_INIT;

	memcpy(claim.digest, list->digest, PSD_DIGEST);
	is_ok(psd_refund_request(&b.psd, &b.crypto, &claim, list->message,
		  &list->message_len, changed, &e),
	    &e, "request");
	is_ok(download_check_refund(
		  list->message, list->message_len, b.key, &said, &e),
	    &e, "signed");
	return said;
}

/* Issues stamps and lists them; the text is the caller's. */
static char *
make_list(uint32_t count, struct refund_list *list, size_t *len)
{
	struct psd_stamp stamp;
	struct err e = ERR_INIT;
	char *text;
	FILE *f = open_memstream(&text, len);

	*list =
	    (struct refund_list){.date = TODAY, .count = count, .lines = lines};
	for (uint32_t i = 0; i < count; i++) {
		struct psd_request r = bench_request(i + 1, 780);

		is_int(bench_debit(&b, &r, &stamp, &e), true, e.text);
		lines[i] =
		    (struct refund_line){.ascending = (uint64_t)b.psd.ascending,
			.mail_date = r.mail_date,
			.amount = r.amount,
			.class_name = "First-Class Letter",
			.place = "mail-12 page 1 stamp 1 copy 1",
			.reason = "a\ttab and a\nline",
			.len = stamp.len};
		memcpy(lines[i].indicium, stamp.indicium, stamp.len);
		list->total += r.amount;
	}
	psd_id(&b.psd, list->psd_id);
	refund_write_list(f, list);
	fclose(f);
	sig_sha256(text, *len, list->digest);
	return text;
}

/* --- the PSD --------------------------------------------------------------------- */

static void
requests_are_numbered_and_move_no_register(void **state)
{
	struct psd before = b.psd;
	struct refund_list list;
	struct refund_request said;
	bool changed;
	size_t len;

	(void)state;
	free(make_list(2, &list, &len));
	before = b.psd;
	said = ask(&list, &changed);
	ok(changed, "to be stored");
	is_int(said.number, 1, "first");
	is_int(said.ascending, b.psd.ascending, "registers");
	said = ask(&list, &changed);
	ok(!changed, "the same again");
	is_int(said.number, 1, "has its number");
	list.total -= 1;
	said = ask(&list, &changed);
	is_int(said.number, 2, "another one the next");
	is_int(b.psd.ascending, before.ascending, "ascending");
	is_int(b.psd.control_total, before.control_total, "control total");
	is_int(b.psd.piece_count, before.piece_count, "pieces");
}

static void
a_psd_signs_no_claim_that_cannot_be(void **state)
{
	const struct psd_claim good = {.date = TODAY, .count = 1, .total = 780};
	uint8_t out[PSD_MESSAGE_MAX], bytes[PSD_STATE_BYTES];
	struct psd_claim bad[5];
	struct refund_list list;
	struct psd stored;
	struct err e = ERR_INIT;
	bool changed;
	size_t len;

	(void)state;
	free(make_list(1, &list, &len));
	for (int i = 0; i < 5; i++)
		bad[i] = good;
	bad[0].date = 20261301;
	bad[1].count = 0;
	bad[2].count = 2;
	bad[3].total = 781;
	bad[4].total = 0;
	for (int i = 0; i < 5; i++) {
		ok(!psd_refund_request(
		       &b.psd, &b.crypto, &bad[i], out, &len, &changed, &e),
		    "refused");
		is_err(&e, ERR_REQUEST, "kind");
		ok(!changed && b.psd.refunds == 0, "nothing moved");
	}
	b.psd.pin_required = true;
	ok(!psd_refund_request(
	       &b.psd, &b.crypto, &good, out, &len, &changed, &e),
	    "PIN");
	is_err(&e, ERR_DENIED, "PIN");
	b.psd.pin_required = false;
	ask(&list, &changed);
	psd_encode(&b.psd, bytes);
	is_ok(psd_decode(bytes, &stored, &e), &e, "stored");
	is_int(stored.refunds, 1, "is kept");
	is_mem(stored.last_claim, b.psd.last_claim, PSD_HASH, "likewise");
}

/* --- the text ---------------------------------------------------------------------- */

static void
a_request_is_read_as_it_was_written(void **state)
{
	struct refund_list list, read;
	struct err e = ERR_INIT;
	size_t len;
	char *text = make_list(3, &list, &len);

	(void)state;
	is_ok(refund_parse(text, len, &read, &e), &e, "parse");
	is_int(read.count, 3, "count");
	is_int(read.total, 3 * 780, "total");
	is_mem(read.digest, list.digest, PSD_DIGEST, "digest");
	is_str(read.lines[1].reason, "a?tab and a?line", "cleaned");
	is_int(read.lines[2].ascending, 3 * 780, "stamp");
	refund_free(&read);
	for (size_t cut = 0; cut < len; cut++)
		ok(!refund_parse(text, cut, &read, &e), "cut short");
	free(text);
}

/* Each change of the text must be found by form, sum, order or digest. */
static void
no_byte_of_a_request_can_be_changed(void **state)
{
	struct refund_list list, read;
	struct err e = ERR_INIT;
	size_t len;
	char *text = make_list(2, &list, &len);

	(void)state;
	for (size_t i = 0; i < len; i++) {
		text[i] ^= 1;
		if (refund_parse(text, len, &read, &e)) {
			ok(memcmp(read.digest, list.digest, PSD_DIGEST) != 0,
			    "another digest");
			refund_free(&read);
		}
		text[i] ^= 1;
	}
	free(text);
}

static void
an_answer_is_read_as_it_was_written(void **state)
{
	struct refund_verdict v[2] = {
	    {780, true, 700, "ninety in the hundred"}, {1560, false, 0, ""}};
	struct refund_answer a = {.psd_id = "XXPS0000000007",
	    .number = 4,
	    .count = 2,
	    .total = 700,
	    .verdicts = v};
	struct refund_answer read;
	struct err e = ERR_INIT;
	uint8_t sig[SIG_BYTES] = {1, 2, 3};
	char *text;
	size_t len, body;
	FILE *f = open_memstream(&text, &len);

	(void)state;
	refund_write_answer(f, &a);
	fflush(f);
	body = len;
	refund_write_signature(f, sig);
	fclose(f);
	is_ok(refund_parse_answer(text, len, &read, &e), &e, "parse");
	is_int(read.body_len, body, "what is signed");
	is_int(read.number, 4, "number");
	is_int(read.verdicts[0].granted, 700, "granted");
	ok(!read.verdicts[1].accepted, "rejected");
	ok(read.is_signed, "signed");
	is_mem(read.signature, sig, SIG_BYTES, "signature");
	refund_free_answer(&read);
	for (size_t cut = 0; cut < len; cut++)
		ok(!refund_parse_answer(text, cut, &read, &e), "cut short");
	ok(read.verdicts == NULL, "nothing is left");
	free(text);
	f = open_memstream(&text, &len);
	refund_write_answer(f, &a);
	refund_write_unsigned(f);
	fclose(f);
	is_ok(refund_parse_answer(text, len, &read, &e), &e, "parse");
	ok(!read.is_signed, "nobody signed");
	is_int(read.total, a.total, "total");
	refund_free_answer(&read);
	ok(!refund_parse_answer(text, len - 1, &read, &e), "cut short");
	free(text);
}

/* --- on paper -------------------------------------------------------------------------- */

static void
any_number_of_stamps_has_pages(void **state)
{
	static const uint32_t counts[] = {1, 24, 31, 32, 33, 34, STAMPS};
	struct draw_size paper;

	(void)state;
	ok(refund_paper("letter", &paper), "letter");
	ok(!refund_paper("b5", &paper), "no other");
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct refund_list list;
		struct refund_request said;
		struct refund_print print = {.list = &list, .size = paper};
		struct err e = ERR_INIT;
		uint8_t *pdf;
		bool changed;
		size_t len;

		bench_close(&b);
		bench_open(&b);
		bench_refill(&b, 1000000);
		free(make_list(counts[i], &list, &len));
		said = ask(&list, &changed);
		print.number = said.number;
		print.message = i % 2 == 0 ? &said : NULL;
		is_ok(refund_page(&print, &pdf, &len, &e), &e, "page");
		is_mem(pdf, "%PDF-", 5, "a PDF");
		free(pdf);
	}
}

static int
open_bench(void **state)
{
	(void)state;
	bench_open(&b);
	bench_refill(&b, 1000000);
	return 0;
}

static int
close_bench(void **state)
{
	(void)state;
	bench_close(&b);
	return 0;
}

#define WITH(f) cmocka_unit_test_setup_teardown(f, open_bench, close_bench)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH(requests_are_numbered_and_move_no_register),
	    WITH(a_psd_signs_no_claim_that_cannot_be),
	    WITH(a_request_is_read_as_it_was_written),
	    WITH(no_byte_of_a_request_can_be_changed),
	    WITH(an_answer_is_read_as_it_was_written),
	    WITH(any_number_of_stamps_has_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
