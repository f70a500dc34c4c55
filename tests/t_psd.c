/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/psd.h"

#include <stdlib.h>

#include "tests/psd_help.h"
#include "tests/test.h"

static struct bench b;

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

/* --- life ------------------------------------------------------------------- */

static void
a_psd_is_personalised_once(void **state)
{
	struct psd_setup s;
	struct psd p;
	struct err e = ERR_INIT;

	(void)state;
	bench_setup(&b, &s);
	ok(!psd_personalise(&b.psd, &s, &e), "a second time");
	is_err(&e, ERR_DENIED, "a second time");
	ok(!psd_initialise(&b.psd, &e), "a second key");
	psd_init(&p);
	ok(!psd_personalise(&p, &s, &e), "without a key");
	is_int(p.life, PSD_CREATED, "still blank");
}

static void
a_setup_that_makes_no_sense_is_refused(void **state)
{
	struct psd_setup good, s;
	struct psd p;
	struct err e = ERR_INIT;

	(void)state;
	bench_setup(&b, &good);
#define REFUSED(change)                                           \
	do {                                                      \
		s = good;                                         \
		s.change;                                         \
		psd_init(&p);                                     \
		is_ok(psd_initialise(&p, &e), &e, "initialise");  \
		ok(!psd_personalise(&p, &s, &e), #change);        \
		is_err(&e, ERR_REQUEST, #change);                 \
		is_int(p.life, PSD_INITIALISED, "nothing stays"); \
		e.kind = ERR_NONE;                                \
	} while (0)
	REFUSED(vendor[1] = '\0');
	REFUSED(model[0] = ' ');
	REFUSED(min_stamp = -1);
	REFUSED(min_stamp = 100001);
	REFUSED(max_stamp = 0x1000000);
	REFUSED(max_descending = (mils)UINT32_MAX + 1);
	REFUSED(expires = 20290231);
	REFUSED(audit_due = 1);
	REFUSED(provider_key[0] = 0);
#undef REFUSED
}

static void
a_blank_psd_issues_nothing(void **state)
{
	struct psd_request r = bench_request(1, 780);
	struct psd_stamp out;
	struct err e = ERR_INIT;
	uint8_t msg[PSD_MESSAGE_MAX];
	size_t len;

	(void)state;
	psd_init(&b.psd);
	r.mail_date = r.mailby = 0;
	ok(!bench_debit(&b, &r, &out, &e), "debit");
	ok(!psd_download_request(&b.psd, &b.crypto, 1, msg, &len, &e),
	    "download");
	is_err(&e, ERR_DENIED, "download");
	ok(!psd_audit(&b.psd, &b.crypto, msg, msg, &len, &e), "audit");
}

/* --- debit ------------------------------------------------------------------- */

static void
debit_moves_value_between_registers(void **state)
{
	struct psd_request r = bench_request(1, 780);
	struct psd_stamp out;
	struct err e = ERR_INIT;

	(void)state;
	bench_refill(&b, 50000);
	is_ok(bench_debit(&b, &r, &out, &e), &e, "debit");
	is_int(b.psd.ascending, 780, "ascending");
	is_int(psd_descending(&b.psd), 49220, "descending");
	is_int(b.psd.control_total, 50000, "control total");
	is_int(b.psd.piece_count, 1, "pieces");
	ok(!out.replayed, "issued now");
}

static void
the_indicium_shows_the_registers_and_is_signed(void **state)
{
	struct psd_request r = bench_request(1, 780);
	struct psd_stamp out;
	struct indicium in;
	struct err e = ERR_INIT;
	size_t len;
	struct psd_status status;

	(void)state;
	bench_refill(&b, 50000);
	r.sender_zip = 10001;
	is_ok(bench_debit(&b, &r, &out, &e), &e, "debit");
	is_ok(indicium_decode(out.indicium, out.len, &in, &e), &e, "decode");
	is_int(in.version, IBI_VERSION, "version");
	is_int(in.algorithm, IBI_ALGORITHM, "algorithm");
	is_str(in.vendor, "XX", "vendor");
	is_int(in.cert_serial, 7, "certificate");
	is_int(in.psd_serial, 7, "serial");
	is_int(in.ascending, 780, "ascending");
	is_int(in.descending, 49220, "descending");
	is_int(in.postage, 780, "postage");
	is_int(in.mail_date, TODAY, "mail date");
	is_int(in.mailby, 20261128, "mail-by date");
	is_int(in.psd_expires, 20291231, "expiry");
	is_int(in.piece_count, 1, "piece");
	is_int(in.licence, 1, "licence");
	is_int(in.origin_zip, 62704, "origin");
	is_int(in.sender_zip, 10001, "sender");
	ok(in.destination == 90210123400, "destination");
	is_mem(in.category, "FCL1", 4, "category");
	is_mem(in.software_id, "\1\2\3\4\5\6", 6, "software id");
	ok(sig_verify(
	       b.key, out.indicium, out.len - 64, out.indicium + out.len - 64),
	    "signature");
	psd_status(&b.psd, TODAY, &status);
	is_ok(psd_indicium_len(&status, &r, &len, &e), &e, "length");
	is_int(out.len, len, "length known before");
}

static void
a_stamp_on_a_numbered_sheet_is_bound_to_its_label(void **state)
{
	struct psd_request r = bench_request(1, 780);
	struct psd_stamp out;
	struct indicium in;
	struct err e = ERR_INIT;

	(void)state;
	bench_refill(&b, 50000);
	r.sheet_serial = 0x123456789abcde;
	r.label = 29;
	is_ok(bench_debit(&b, &r, &out, &e), &e, "debit");
	is_ok(indicium_decode(out.indicium, out.len, &in, &e), &e, "decode");
	is_int(in.version, IBI_VERSION_SHEET, "version");
	ok(in.sheet_serial == 0x123456789abcde, "sheet");
	is_int(in.label, 29, "label");
}

static void
the_same_key_and_request_is_replayed_bit_for_bit(void **state)
{
	struct psd_request r = bench_request(1, 780);
	struct psd_stamp first, again, found;
	struct err e = ERR_INIT;
	bool changed = true;

	(void)state;
	bench_refill(&b, 50000);
	is_ok(bench_debit(&b, &r, &first, &e), &e, "debit");
	is_ok(psd_debit(&b.psd, &b.crypto, TODAY, &r, 1, &again, &changed, &e),
	    &e, "again");
	ok(again.replayed && !changed, "nothing is debited");
	is_int(again.len, first.len, "length");
	is_mem(again.indicium, first.indicium, first.len, "bytes");
	is_int(b.psd.ascending, 780, "ascending");
	ok(psd_find(&b.psd, r.key, &found), "found");
	is_mem(found.indicium, first.indicium, first.len, "found bytes");
	r.key[3] ^= 1;
	ok(!psd_find(&b.psd, r.key, &found), "another key");
}

static void
the_same_key_with_another_request_is_an_alarm(void **state)
{
	struct psd_request r, good = bench_request(1, 780);
	struct psd_stamp out;
	struct err e = ERR_INIT;

	(void)state;
	bench_refill(&b, 50000);
	is_ok(bench_debit(&b, &good, &out, &e), &e, "debit");
#define ALARM(change)                                        \
	do {                                                 \
		r = good;                                    \
		r.change;                                    \
		ok(!bench_debit(&b, &r, &out, &e), #change); \
		is_err(&e, ERR_CORRUPT, #change);            \
		e.kind = ERR_NONE;                           \
	} while (0)
	ALARM(amount = 781);
	ALARM(mail_date++);
	ALARM(mailby++);
	ALARM(origin_zip++);
	ALARM(destination++);
	ALARM(sender_zip++);
	ALARM(category[3] = '2');
	ALARM(kind++);
	ALARM(price_list++);
	ALARM(sheet_serial++);
	ALARM(label++);
#undef ALARM
	is_int(b.psd.ascending, 780, "nothing was debited");
}

static void
a_small_stamp_is_fixed_part_and_signature(void **state)
{
	struct psd_request r = bench_request(1, 780);
	struct psd_stamp out;
	struct indicium in;
	struct err e = ERR_INIT;
	size_t len;
	struct psd_status status;

	(void)state;
	bench_refill(&b, 50000);
	r.brief = true;
	psd_status(&b.psd, TODAY, &status);
	is_ok(psd_indicium_len(&status, &r, &len, &e), &e, "length");
	is_int(len, 50 + INDICIUM_SIGNATURE, "length");
	is_ok(bench_debit(&b, &r, &out, &e), &e, "debit");
	is_int(out.len, len, "as quoted");
	is_ok(indicium_decode(out.indicium, out.len, &in, &e), &e, "decode");
	is_int(in.has, 0, "no extension");
	is_int(in.ascending, 780, "ascending");
	r.brief = false;
	ok(!bench_debit(&b, &r, &out, &e), "the long form is another request");
	is_err(&e, ERR_CORRUPT, "the long form");
	r = bench_request(2, 0);
	r.brief = true;
	r.kind = INDICIUM_CORRECTION;
	e = (struct err)ERR_INIT;
	ok(!bench_debit(&b, &r, &out, &e), "a correction");
	is_err(&e, ERR_REQUEST, "a correction");
}

static void
a_batch_is_debited_as_a_whole(void **state)
{
	struct psd_request in[PSD_BATCH_MAX];
	struct psd_stamp out[PSD_BATCH_MAX];
	struct err e = ERR_INIT;
	bool changed;

	(void)state;
	bench_refill(&b, 1000);
	for (uint32_t i = 0; i < PSD_BATCH_MAX; i++)
		in[i] = bench_request(i + 1, 20);
	in[5] = in[4]; /* a twin within the batch */
	is_ok(psd_debit(&b.psd, &b.crypto, TODAY, in, PSD_BATCH_MAX, out,
		  &changed, &e),
	    &e, "batch");
	is_int(b.psd.ascending, 31 * 20, "31 of 32 were new");
	is_int(b.psd.piece_count, 31, "pieces");
	ok(out[5].replayed && !out[4].replayed, "the twin is a replay");
	is_mem(out[5].indicium, out[4].indicium, out[4].len, "twins");
	for (size_t i = 0; i < PSD_BATCH_MAX; i++)
		is_mem(out[i].key, in[i].key, PSD_KEY_BYTES, "order");
	is_ok(psd_debit(&b.psd, &b.crypto, TODAY, in, PSD_BATCH_MAX, out,
		  &changed, &e),
	    &e, "again");
	ok(!changed, "all were replays");
}

static void
a_batch_with_one_bad_stamp_debits_nothing(void **state)
{
	struct psd_request in[3];
	struct psd_stamp out[3];
	struct psd before;
	struct err e = ERR_INIT;
	bool changed;

	(void)state;
	bench_refill(&b, 1000);
	for (uint32_t i = 0; i < 3; i++)
		in[i] = bench_request(i + 1, 400);
	before = b.psd;
	ok(!psd_debit(&b.psd, &b.crypto, TODAY, in, 3, out, &changed, &e),
	    "the sum is too much");
	is_err(&e, ERR_FUNDS, "the sum is too much");
	ok(strstr(e.text, "0.20 is missing") != NULL, "says how much");
	in[2].amount = 5;
	ok(!psd_debit(&b.psd, &b.crypto, TODAY, in, 3, out, &changed, &e),
	    "one is too small");
	is_err(&e, ERR_REQUEST, "one is too small");
	in[2] = in[1];
	in[2].amount = 20;
	ok(!psd_debit(&b.psd, &b.crypto, TODAY, in, 3, out, &changed, &e),
	    "twins that differ");
	is_err(&e, ERR_CORRUPT, "twins that differ");
	is_mem(&b.psd, &before, sizeof(before), "the state is as it was");
	ok(!psd_debit(&b.psd, &b.crypto, TODAY, in, 0, out, &changed, &e),
	    "an empty batch");
	ok(!psd_debit(&b.psd, &b.crypto, TODAY, in, PSD_BATCH_MAX + 1, out,
	       &changed, &e),
	    "too long a batch");
}

static bool
no_signature(void *context, const uint8_t *msg, size_t len,
    uint8_t sig[INDICIUM_SIGNATURE], struct err *e)
{
	int *left = context;

	(void)msg;
	(void)len;
	memset(sig, 1, INDICIUM_SIGNATURE);
	return --*left >= 0 || err_set(e, ERR_SYSTEM, "no signature");
}

static void
a_signature_that_fails_debits_nothing(void **state)
{
	struct psd_request in[3];
	struct psd_stamp out[3];
	struct psd before;
	struct err e = ERR_INIT;
	bool changed;
	int left = 2;

	(void)state;
	bench_refill(&b, 1000);
	before = b.psd;
	for (uint32_t i = 0; i < 3; i++)
		in[i] = bench_request(i + 1, 100);
	b.crypto.sign = no_signature;
	b.crypto.context = &left;
	ok(!psd_debit(&b.psd, &b.crypto, TODAY, in, 3, out, &changed, &e),
	    "the third signature fails");
	is_err(&e, ERR_SYSTEM, "the signer's own error");
	is_mem(&b.psd, &before, sizeof(before), "the state is as it was");
}

static void
fields_out_of_range_are_refused(void **state)
{
	struct psd_request r, good = bench_request(1, 780);
	struct psd_stamp out;
	struct err e = ERR_INIT;

	(void)state;
	bench_refill(&b, 500000);
#define REFUSED(change)                                               \
	do {                                                          \
		r = good;                                             \
		r.change;                                             \
		ok(!bench_debit(&b, &r, &out, &e), #change);          \
		is_err(&e, ERR_REQUEST, #change);                     \
		e.kind = ERR_NONE;                                    \
		ok(!psd_would_issue(&b.psd, TODAY, &r, &e), #change); \
		is_err(&e, ERR_REQUEST, #change);                     \
		e.kind = ERR_NONE;                                    \
	} while (0)
	REFUSED(amount = 9);
	REFUSED(amount = 100001);
	REFUSED(amount = -780);
	REFUSED(mail_date = 20261131);
	REFUSED(mail_date = 20300101);
	REFUSED(mailby = 20261120);
	REFUSED(destination = 100000000000);
	REFUSED(category[0] = '\n');
	REFUSED(category[4] = 'X');
	REFUSED(kind = INDICIUM_CORRECTION); /* with a value */
	REFUSED(kind = INDICIUM_SPECIMEN);
	REFUSED(label = 1);
	REFUSED(sheet_serial = 1);
	REFUSED(sheet_serial = (uint64_t)1 << 56);
#undef REFUSED
	is_int(b.psd.piece_count, 0, "nothing was issued");
}

static void
a_correction_costs_nothing_but_a_piece(void **state)
{
	struct psd_request r = bench_request(1, 0);
	struct psd_stamp out;
	struct indicium in;
	struct err e = ERR_INIT;

	(void)state;
	r.kind = INDICIUM_CORRECTION;
	is_ok(bench_debit(&b, &r, &out, &e), &e, "correction");
	is_ok(indicium_decode(out.indicium, out.len, &in, &e), &e, "decode");
	is_int(in.kind, INDICIUM_CORRECTION, "kind");
	is_int(in.postage, 0, "postage");
	is_int(b.psd.piece_count, 1, "piece");
}

static void
only_the_price_list_may_be_left_out(void **state)
{
	struct psd_request r = bench_request(1, 100);
	struct psd_stamp out;
	struct indicium in;
	struct err e = ERR_INIT;

	(void)state;
	bench_refill(&b, 1000);
	r.price_list = 12;
	is_ok(bench_debit(&b, &r, &out, &e), &e, "fits");
	is_ok(indicium_decode(out.indicium, out.len, &in, &e), &e, "decode");
	is_int(in.price_list, 12, "price list");
	r = bench_request(2, 100);
	r.price_list = 12;
	r.sender_zip = 10001;
	is_ok(bench_debit(&b, &r, &out, &e), &e, "sender, too");
	is_ok(indicium_decode(out.indicium, out.len, &in, &e), &e, "decode");
	is_int(in.sender_zip, 10001, "sender");
	ok((in.has & HAS_PRICE_LIST) == 0, "price list left out");
	r = bench_request(3, 0);
	r.sender_zip = 10001;
	r.kind = INDICIUM_CORRECTION;
	ok(!bench_debit(&b, &r, &out, &e), "no room for the sender");
	is_err(&e, ERR_REQUEST, "no room for the sender");
}

static void
what_would_be_issued_needs_no_value(void **state)
{
	struct psd_request r = bench_request(1, 780);
	struct psd before = b.psd;
	struct psd_stamp out;
	struct err e = ERR_INIT;

	(void)state;
	is_ok(psd_would_issue(&b.psd, TODAY, &r, &e), &e, "no value yet");
	is_int(b.psd.ascending, before.ascending, "nothing is debited");
	is_int(b.psd.piece_count, before.piece_count, "nothing is issued");
	ok(!bench_debit(&b, &r, &out, &e), "there is none");
	is_err(&e, ERR_FUNDS, "there is none");
	e.kind = ERR_NONE;
	ok(!psd_would_issue(&b.psd, 20270301, &r, &e), "audit");
	is_err(&e, ERR_DENIED, "audit");
	b.psd.life = PSD_WITHDRAWN;
	ok(!psd_would_issue(&b.psd, TODAY, &r, &e), "withdrawn");
	r.brief = true;
	r.kind = INDICIUM_CORRECTION;
	r.amount = 0;
	r.sender_zip = 10001;
	b.psd.life = PSD_OPERATIONAL;
	e.kind = ERR_NONE;
	ok(!psd_would_issue(&b.psd, TODAY, &r, &e), "no room");
	is_err(&e, ERR_REQUEST, "no room");
}

static void
an_expired_or_unaudited_psd_issues_nothing(void **state)
{
	struct psd_request r = bench_request(1, 100);
	struct psd_stamp out;
	struct psd_status status;
	struct err e = ERR_INIT;
	bool changed;

	(void)state;
	bench_refill(&b, 1000);
	is_ok(psd_debit(&b.psd, &b.crypto, 20270228, &r, 1, &out, &changed, &e),
	    &e, "on the last day");
	r.key[0]++;
	ok(!psd_debit(&b.psd, &b.crypto, 20270301, &r, 1, &out, &changed, &e),
	    "a day late");
	is_err(&e, ERR_DENIED, "a day late");
	ok(strstr(e.text, "audit") != NULL, "says why");
	psd_status(&b.psd, 20270301, &status);
	is_int(status.life, PSD_LOCKED, "shown as locked");
	b.psd.audit_due = 0;
	ok(!psd_debit(&b.psd, &b.crypto, 20300101, &r, 1, &out, &changed, &e),
	    "expired");
	ok(strstr(e.text, "expired") != NULL, "says why");
	r.key[0]--;
	is_ok(psd_debit(&b.psd, &b.crypto, 20300101, &r, 1, &out, &changed, &e),
	    &e, "a known key is answered for ever");
	ok(out.replayed, "replay");
}

static void
the_ring_remembers_the_last_sixty_four(void **state)
{
	struct psd_stamp out;
	struct psd_request r;
	struct err e = ERR_INIT;

	(void)state;
	bench_refill(&b, 100000);
	for (uint32_t i = 1; i <= PSD_RING + 1; i++) {
		r = bench_request(i, 10);
		is_ok(bench_debit(&b, &r, &out, &e), &e, "debit");
	}
	r = bench_request(1, 10);
	ok(!psd_find(&b.psd, r.key, &out), "the oldest is forgotten");
	r = bench_request(2, 10);
	ok(psd_find(&b.psd, r.key, &out), "the next is not");
	is_int(b.psd.ascending, 10 * (PSD_RING + 1), "ascending");
}

/* A home with room for few pieces. */
static void
a_shorter_ring_remembers_as_many_as_it_says(void **state)
{
	struct psd_request in[5];
	struct psd_stamp out[PSD_RING];
	struct err e = ERR_INIT;
	bool changed;

	(void)state;
	b.psd.remembers = 4;
	bench_refill(&b, 100000);
	for (uint32_t i = 0; i < 5; i++)
		in[i] = bench_request(i + 1, 10);
	ok(!psd_debit(&b.psd, &b.crypto, TODAY, in, 5, out, &changed, &e),
	    "more than it would remember");
	is_err(&e, ERR_REQUEST, "more than it would remember");
	is_ok(psd_debit(&b.psd, &b.crypto, TODAY, in, 4, out, &changed, &e), &e,
	    "as many");
	for (uint32_t i = 0; i < 4; i++)
		ok(psd_find(&b.psd, in[i].key, out), "all are remembered");
	is_ok(bench_debit(&b, &in[4], out, &e), &e, "one more");
	ok(!psd_find(&b.psd, in[0].key, out), "the oldest is forgotten");
	is_int(psd_recent(&b.psd, out), 4, "the list");
	is_mem(out[0].key, in[1].key, PSD_KEY_BYTES, "the oldest first");
	is_mem(out[3].key, in[4].key, PSD_KEY_BYTES, "the newest last");
	is_ok(psd_check(&b.psd, &e), &e, "the rules");
}

/* --- the state as bytes ------------------------------------------------------ */

static void
the_state_survives_its_bytes(void **state)
{
	uint8_t bytes[PSD_STATE_BYTES], again[PSD_STATE_BYTES];
	uint8_t verifier[PSD_VERIFIER] = {9};
	struct psd_request r = bench_request(1, 780);
	struct psd_stamp out;
	struct psd p;
	struct err e = ERR_INIT;

	(void)state;
	bench_refill(&b, 50000);
	is_ok(bench_debit(&b, &r, &out, &e), &e, "debit");
	is_ok(psd_pin_set(&b.psd, verifier, &e), &e, "PIN");
	psd_encode(&b.psd, bytes);
	is_ok(psd_decode(bytes, &p, &e), &e, "decode");
	is_mem(&p, &b.psd, sizeof(p), "every field");
	psd_encode(&p, again);
	is_mem(again, bytes, sizeof(bytes), "every byte");
}

static void
a_damaged_state_is_refused(void **state)
{
	struct psd_request r = bench_request(1, 780);
	struct psd_stamp out;
	struct psd good;
	struct err e = ERR_INIT;

	(void)state;
	bench_refill(&b, 50000);
	is_ok(bench_debit(&b, &r, &out, &e), &e, "debit");
	good = b.psd;
#define DAMAGED(change)                              \
	do {                                         \
		b.psd = good;                        \
		b.psd.change;                        \
		ok(!psd_check(&b.psd, &e), #change); \
		is_err(&e, ERR_CORRUPT, #change);    \
		e.kind = ERR_NONE;                   \
	} while (0)
	DAMAGED(ascending = 50001);
	DAMAGED(ascending = 0);
	DAMAGED(ascending = -1);
	DAMAGED(control_total = 779);
	DAMAGED(control_total = 2000781);
	DAMAGED(piece_count = 0);
	DAMAGED(piece_count = 2);
	DAMAGED(download_sequence = 0);
	DAMAGED(life = 0x55);
	DAMAGED(life = PSD_CREATED);
	DAMAGED(serial = 8);
	DAMAGED(pin_tries_left = 6);
	DAMAGED(ring[0].len = 0);
	DAMAGED(ring[0].indicium[14]++);
	DAMAGED(ring[1] = good.ring[0]);
	DAMAGED(expires = 0);
	b.psd = good;
	is_ok(psd_check(&b.psd, &e), &e, "the good one");
#undef DAMAGED
}

/* --- PIN ------------------------------------------------------------------------ */

static void
a_pin_is_blocked_after_five_wrong_tries(void **state)
{
	const uint8_t right[PSD_VERIFIER] = {1}, wrong[PSD_VERIFIER] = {2};
	struct psd_request r = bench_request(1, 100);
	struct psd_stamp out;
	struct err e = ERR_INIT;

	(void)state;
	bench_refill(&b, 1000);
	is_ok(psd_pin_set(&b.psd, right, &e), &e, "set");
	ok(!bench_debit(&b, &r, &out, &e), "locked");
	is_err(&e, ERR_DENIED, "locked");
	ok(!psd_pin_set(&b.psd, NULL, &e), "cannot be taken away");
	for (int i = 4; i >= 1; i--) {
		is_ok(psd_pin_spend(&b.psd, &e), &e, "a try");
		is_int(b.psd.pin_tries_left, i, "spent before compared");
		ok(!psd_pin_compare(&b.psd, wrong, &e), "wrong");
		is_err(&e, ERR_DENIED, "wrong");
	}
	is_str(e.text, "PIN wrong, 1 try left", "says how many");
	e.kind = ERR_NONE;
	is_ok(psd_pin_spend(&b.psd, &e), &e, "the last try");
	is_ok(psd_pin_compare(&b.psd, right, &e), &e, "right");
	is_int(b.psd.pin_tries_left, PSD_PIN_TRIES, "all tries are back");
	is_ok(bench_debit(&b, &r, &out, &e), &e, "unlocked");
	for (int i = 0; i < PSD_PIN_TRIES; i++)
		is_ok(psd_pin_spend(&b.psd, &e), &e, "a try");
	ok(!psd_pin_spend(&b.psd, &e), "blocked");
	is_err(&e, ERR_DENIED, "blocked");
}

/* --- everything at once --------------------------------------------------------- */

static void
random_operations_keep_the_sum(void **state)
{
	uint8_t bytes[PSD_STATE_BYTES];
	mils spent = 0, bought = 0;
	uint32_t pieces = 0;
	struct err e = ERR_INIT;

	(void)state;
	srand(20261121);
	for (int step = 0; step < 600; step++) {
		struct psd_request in[4];
		struct psd_stamp out[4];
		size_t count = 1 + (size_t)rand() % 4;
		bool changed;

		if (rand() % 10 == 0) {
			mils more = rand() % 20000;

			bench_refill(&b, more);
			bought += more;
		}
		for (size_t i = 0; i < count; i++)
			in[i] = bench_request(
			    (uint32_t)rand() % 100, 10 + rand() % 2 * 500);
		e.kind = ERR_NONE;
		if (psd_debit(
			&b.psd, &b.crypto, TODAY, in, count, out, &changed, &e))
			for (size_t i = 0; i < count; i++)
				if (!out[i].replayed)
					spent += in[i].amount, pieces++;
		ok(e.kind == ERR_NONE || e.kind == ERR_FUNDS ||
			e.kind == ERR_CORRUPT,
		    "only funds and known keys may refuse");
		is_int(b.psd.ascending, spent, "ascending");
		is_int(b.psd.control_total, bought, "control total");
		is_int(psd_descending(&b.psd), bought - spent, "descending");
		is_int(b.psd.piece_count, pieces, "pieces");
		psd_encode(&b.psd, bytes);
		is_ok(psd_decode(bytes, &b.psd, &e), &e, "stored and read");
	}
	ok(pieces > PSD_RING && spent > 0, "the test did something");
}

#define TT(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {TT(a_psd_is_personalised_once),
	    TT(a_setup_that_makes_no_sense_is_refused),
	    TT(a_blank_psd_issues_nothing),
	    TT(debit_moves_value_between_registers),
	    TT(the_indicium_shows_the_registers_and_is_signed),
	    TT(a_stamp_on_a_numbered_sheet_is_bound_to_its_label),
	    TT(the_same_key_and_request_is_replayed_bit_for_bit),
	    TT(the_same_key_with_another_request_is_an_alarm),
	    TT(a_small_stamp_is_fixed_part_and_signature),
	    TT(a_batch_is_debited_as_a_whole),
	    TT(a_batch_with_one_bad_stamp_debits_nothing),
	    TT(a_signature_that_fails_debits_nothing),
	    TT(fields_out_of_range_are_refused),
	    TT(a_correction_costs_nothing_but_a_piece),
	    TT(only_the_price_list_may_be_left_out),
	    TT(what_would_be_issued_needs_no_value),
	    TT(an_expired_or_unaudited_psd_issues_nothing),
	    TT(the_ring_remembers_the_last_sixty_four),
	    TT(a_shorter_ring_remembers_as_many_as_it_says),
	    TT(the_state_survives_its_bytes), TT(a_damaged_state_is_refused),
	    TT(a_pin_is_blocked_after_five_wrong_tries),
	    TT(random_operations_keep_the_sum)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
