/* SPDX-License-Identifier: Apache-2.0 */
/* The postage card, command by command; power is cut in t_card_tear. */
#include <stdlib.h>

#include "base/bytes.h"
#include "tests/card_help.h"
#include "tests/test.h"

#define PSD(ins) (CARD_CLA_PSD << 8 | (ins))

static struct card_bench c;

static int
setup(void **state)
{
	(void)state;
	card_bench_open(&c);
	card_bench_personalise(&c, 401);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	card_bench_close(&c);
	return 0;
}

static uint16_t
debit(const struct psd_request *r)
{
	uint8_t bytes[CARD_REQUEST_BYTES];

	card_put_request(r, bytes);
	return card_bench_send(&c, PSD(CARD_DEBIT), 0, bytes, sizeof(bytes));
}

static uint16_t
debit_of(uint32_t n, mils amount)
{
	struct psd_request r = bench_request(n, amount);

	return debit(&r);
}

/* --- value ------------------------------------------------------------------------ */

static void
a_debit_moves_value_and_signs_it(void **state)
{
	struct psd_status s;
	struct indicium in;
	struct err e = ERR_INIT;
	uint8_t part[INDICIUM_MAX];
	size_t len;

	(void)state;
	card_bench_refill(&c, 100000);
	is_int(debit_of(1, 780), CARD_OK, "debit");
	is_int(c.reply[0], 0, "not a replay");
	is_ok(indicium_decode(c.reply + 1, c.reply_len - 1, &in, &e), &e,
	    "indicium");
	is_int(in.postage, 780, "amount");
	is_int(in.ascending, 780, "ascending");
	is_int(in.descending, 99220, "descending");
	is_ok(indicium_signed_part(&in, part, sizeof(part), &len, &e), &e,
	    "signed part");
	ok(sig_verify(c.key, part, len, in.signature), "signature");
	card_bench_status(&c, &s);
	is_int(s.ascending, 780, "register");
	is_int(s.descending, 99220, "register");
	is_int(s.piece_count, 1, "piece");
}

static void
the_same_key_gets_the_same_bytes(void **state)
{
	uint8_t first[CARD_REPLY_MAX];
	struct psd_request r = bench_request(1, 780);
	struct psd_status s;
	size_t len;

	(void)state;
	card_bench_refill(&c, 100000);
	is_int(debit(&r), CARD_OK, "debit");
	len = c.reply_len;
	memcpy(first, c.reply, len);
	is_int(debit(&r), CARD_OK, "again");
	is_int(c.reply[0], 1, "a replay");
	is_mem(c.reply + 1, first + 1, len - 1, "the same stamp");
	is_int(card_bench_power(&c), CARD_OK, "power");
	is_int(card_bench_send(&c, PSD(CARD_RECOVER), 0, r.key, sizeof(r.key)),
	    CARD_OK, "recover");
	is_mem(c.reply + 1, first + 1, len - 1, "after power was off");
	r.amount = 790;
	is_int(debit(&r), CARD_KEY_CONFLICT, "another request");
	r.key[0] = 9;
	is_int(card_bench_send(&c, PSD(CARD_RECOVER), 0, r.key, sizeof(r.key)),
	    CARD_NOT_FOUND, "an unknown key");
	card_bench_status(&c, &s);
	is_int(s.ascending, 780, "one debit");
}

static void
it_says_why_it_does_not_debit(void **state)
{
	struct psd_request r = bench_request(1, 780);

	(void)state;
	is_int(debit(&r), CARD_NO_FUNDS, "no value");
	card_bench_refill(&c, 1000000);
	is_int(debit_of(2, 9), CARD_BAD_AMOUNT, "below the least");
	is_int(debit_of(2, 100001), CARD_BAD_AMOUNT, "above the most");
	r.mail_date = 20270301;
	r.mailby = 0;
	is_int(debit(&r), CARD_AUDIT_OVERDUE, "after the audit was due");
	r.mail_date = 20261301;
	is_int(debit(&r), CARD_BAD_DATA, "no date");
	is_int(card_bench_send(&c, PSD(CARD_DEBIT), 0, "", 1), CARD_BAD_DATA,
	    "no request");
}

static void
an_earlier_mail_date_does_not_turn_the_clock_back(void **state)
{
	struct download_terms terms = {.audit_due = 20270131};
	uint8_t answer[PSD_MESSAGE_MAX];
	struct psd_request r = bench_request(1, 780);
	size_t len;

	(void)state;
	card_bench_refill(&c, 100000);
	r.mail_date = 20270228;
	r.mailby = 0;
	is_int(debit(&r), CARD_OK, "the last day");
	card_bench_answer(&c, &terms, answer, &len);
	is_int(card_bench_send(&c, PSD(CARD_VALUE_APPLY), 0, answer, len),
	    CARD_OK, "an earlier deadline");
	is_int(debit_of(2, 780), CARD_AUDIT_OVERDUE, "it is over");
}

static void
it_remembers_as_many_pieces_as_a_psd(void **state)
{
	struct psd_request r;

	(void)state;
	card_bench_refill(&c, 1000000);
	for (uint32_t i = 1; i <= 2 * PSD_RING + 3; i++)
		is_int(debit_of(i, 780), CARD_OK, "debit");
	is_int(card_bench_power(&c), CARD_OK, "power");
	for (uint32_t i = 1; i <= 2 * PSD_RING + 3; i++) {
		r = bench_request(i, 780);
		is_int(card_bench_send(
			   &c, PSD(CARD_RECOVER), 0, r.key, sizeof(r.key)),
		    i > PSD_RING + 3 ? CARD_OK : CARD_NOT_FOUND, "recover");
	}
	for (unsigned i = 0; i < PSD_RING; i++) {
		r = bench_request(2 * PSD_RING + 3 - i, 780);
		is_int(card_bench_send(&c, PSD(CARD_RECENT), i << 8, NULL, 0),
		    CARD_OK, "recent");
		is_mem(c.reply, r.key, sizeof(r.key), "its key");
	}
	is_int(card_bench_send(&c, PSD(CARD_RECENT), PSD_RING << 8, NULL, 0),
	    CARD_NOT_FOUND, "no more");
}

static void
value_comes_by_the_providers_answer_alone(void **state)
{
	struct download_terms terms = {.amount = 50000, .audit_due = 20270228};
	uint8_t answer[PSD_MESSAGE_MAX], bad[PSD_MESSAGE_MAX];
	struct psd_status s;
	size_t len, receipt;
	uint8_t first[CARD_REPLY_MAX];

	(void)state;
	card_bench_answer(&c, &terms, answer, &len);
	memcpy(bad, answer, len);
	bad[len - 1] ^= 1;
	is_int(card_bench_send(&c, PSD(CARD_VALUE_APPLY), 0, bad, len),
	    CARD_BAD_SIGNATURE, "another signature");
	is_int(card_bench_send(&c, PSD(CARD_VALUE_APPLY), 0, answer, 20),
	    CARD_BAD_DATA, "half an answer");
	is_int(card_bench_send(&c, PSD(CARD_VALUE_APPLY), 0, answer, len),
	    CARD_OK, "apply");
	receipt = c.reply_len;
	memcpy(first, c.reply, receipt);
	is_int(card_bench_send(&c, PSD(CARD_VALUE_APPLY), 0, answer, len),
	    CARD_OK, "the same answer");
	is_mem(c.reply, first, receipt, "has the same receipt");
	card_bench_refill(&c, 1000);
	is_int(card_bench_send(&c, PSD(CARD_VALUE_APPLY), 0, answer, len),
	    CARD_BAD_SEQUENCE, "an old answer");
	card_bench_status(&c, &s);
	is_int(s.control_total, 51000, "control total");
	is_int(s.download_sequence, 2, "two downloads");
}

/* --- PIN ------------------------------------------------------------------------------ */

static uint16_t
change_pin(const char *old, const char *new)
{
	uint8_t data[64];
	size_t n = strlen(old), m = strlen(new);

	data[0] = (uint8_t)n;
	memcpy(data + 1, old, n);
	memcpy(data + 1 + n, new, m);
	return card_bench_send(&c, CARD_CHANGE_PIN, 0x81, data, 1 + n + m);
}

static uint16_t
verify(const char *pin)
{
	return card_bench_send(&c, CARD_VERIFY, 0x81, pin, strlen(pin));
}

static void
a_pin_guards_value_until_the_next_selection(void **state)
{
	(void)state;
	card_bench_refill(&c, 100000);
	is_int(verify("1234"), CARD_WRONG_STATE, "there is none yet");
	is_int(change_pin("", "1234"), CARD_OK, "the first PIN");
	is_int(card_bench_power(&c), CARD_OK, "power");
	is_int(verify(""), CARD_PIN_WRONG | PSD_PIN_TRIES, "tries left");
	is_int(debit_of(1, 780), CARD_NEEDS_PIN, "without it");
	is_int(change_pin("", "9999"), CARD_NEEDS_PIN, "a new one without it");
	is_int(verify("1234"), CARD_OK, "the PIN");
	is_int(debit_of(1, 780), CARD_OK, "with it");
	is_int(card_bench_power(&c), CARD_OK, "select");
	is_int(debit_of(2, 780), CARD_NEEDS_PIN, "after a selection");
	is_int(change_pin("1234", ""), CARD_OK, "none from now on");
	is_int(debit_of(2, 780), CARD_OK, "without one");
}

static void
wrong_pins_block_and_the_puk_brings_it_back(void **state)
{
	(void)state;
	card_bench_refill(&c, 100000);
	is_int(change_pin("", "1234"), CARD_OK, "the first PIN");
	is_int(card_bench_send(&c, CARD_UNBLOCK, 0x0181, "87654321", 8),
	    CARD_OK, "the PUK is set");
	is_int(card_bench_send(&c, CARD_UNBLOCK, 0x0181, "11111111", 8),
	    CARD_WRONG_STATE, "once");
	for (int left = PSD_PIN_TRIES - 1; left > 0; left--)
		is_int(verify("9999"), CARD_PIN_WRONG | left, "a wrong one");
	is_int(verify("9999"), CARD_PIN_BLOCKED, "the last one");
	is_int(verify("1234"), CARD_PIN_BLOCKED, "the right one, too late");
	is_int(debit_of(1, 780), CARD_PIN_BLOCKED, "blocked");
	is_int(card_bench_send(&c, CARD_UNBLOCK, 0x81, "000000005555", 12),
	    CARD_PIN_WRONG | (PSD_PUK_TRIES - 1), "a wrong PUK");
	is_int(card_bench_send(&c, CARD_UNBLOCK, 0x81, "876543215555", 12),
	    CARD_OK, "the PUK and a new PIN");
	is_int(debit_of(1, 780), CARD_OK, "at once");
	is_int(card_bench_power(&c), CARD_OK, "power");
	is_int(verify("5555"), CARD_OK, "the new PIN");
}

/* --- reading -------------------------------------------------------------------------- */

static void
the_certificate_comes_in_pieces(void **state)
{
	size_t at = 0;

	(void)state;
	do {
		is_int(card_bench_send(
			   &c, PSD(CARD_CERTIFICATE), (unsigned)at, NULL, 0),
		    CARD_OK, "a piece");
		for (size_t i = 0; i < c.reply_len; i++)
			is_int(c.reply[i], (uint8_t)((at + i) * 7), "a byte");
		at += c.reply_len;
	} while (c.reply_len > 0);
	is_int(at, 401, "all of it");
}

static void
the_same_card_can_be_told_from_another(void **state)
{
	uint8_t nonce[PSD_NONCE] = {1, 2, 3};
	size_t len;

	(void)state;
	is_int(card_bench_send(&c, CARD_AUTHENTICATE, 0, nonce, sizeof(nonce)),
	    CARD_OK, "authenticate");
	len = c.reply_len - INDICIUM_SIGNATURE;
	is_int(len, 1 + 2 + 2 + 4 + PSD_NONCE, "its bytes");
	is_int(c.reply[0], 0x05, "what it is");
	is_mem(c.reply + 9, nonce, sizeof(nonce), "over the nonce");
	ok(sig_verify(c.key, c.reply, len, c.reply + len), "signature");
}

static void
what_is_no_command_is_refused(void **state)
{
	uint8_t out[CARD_REPLY_MAX + 2];
	size_t len;

	(void)state;
	is_int(card_bench_send(&c, 0x8011, 0, NULL, 0), CARD_NO_INS, "INS");
	is_int(card_bench_send(&c, 0x9010, 0, NULL, 0), CARD_NO_CLA, "CLA");
	is_int(card_bench_send(&c, 0x8110, 0, NULL, 0), CARD_NO_CHANNEL,
	    "channel");
	card_app_exchange(&c.app, (const uint8_t *)"\x80\x10", 2, out, &len);
	is_int(out[0] << 8 | out[1], CARD_LENGTH, "half a header");
	card_app_exchange(
	    &c.app, (const uint8_t *)"\x80\x10\0\0\5\1", 6, out, &len);
	is_int(out[0] << 8 | out[1], CARD_LENGTH, "data that are missing");
	is_int(card_bench_send(&c, CARD_SELECT, 0x0400, "other", 5),
	    CARD_NO_APPLICATION, "another application");
	is_int(card_bench_send(&c, PSD(CARD_STATUS), 0xdf10, NULL, 0),
	    CARD_NO_APPLICATION, "nothing is selected");
}

static void
t0_fetches_answers_and_asks_again_for_lengths(void **state)
{
	uint8_t apdu[5 + CARD_REQUEST_BYTES] = {
	    0x80, CARD_DEBIT, 0, 0, CARD_REQUEST_BYTES};
	struct psd_request r = bench_request(1, 780);
	uint8_t out[CARD_REPLY_MAX + 2];
	size_t len, waits;

	(void)state;
	card_bench_refill(&c, 100000);
	c.app.t0 = true;
	card_put_request(&r, apdu + 5);
	card_app_exchange(&c.app, apdu, sizeof(apdu), out, &len);
	is_int(len, 2, "only a word");
	is_int(out[0], 0x61, "there is more");
	waits = out[1];
	card_app_exchange(
	    &c.app, (const uint8_t *)"\0\xc0\0\0\5", 5, out, &len);
	is_int(out[0], 0x6c, "another length");
	is_int(out[1], waits, "this one");
	apdu[0] = 0;
	apdu[1] = CARD_GET_RESPONSE;
	apdu[4] = (uint8_t)waits;
	card_app_exchange(&c.app, apdu, 5, out, &len);
	is_int(len, waits + 2, "the answer");
	is_int(out[0], 0, "no replay");
	card_app_exchange(&c.app, apdu, 5, out, &len);
	is_int(out[0] << 8 | out[1], CARD_WRONG_STATE, "once");
	card_app_exchange(
	    &c.app, (const uint8_t *)"\x80\xca\xdf\x10\1", 5, out, &len);
	is_int(out[0] << 8 | out[1], CARD_WRONG_LE | CARD_STATUS_BYTES,
	    "the status has its length");
}

static void
damage_is_no_new_beginning(void **state)
{
	(void)state;
	card_bench_refill(&c, 100000);
	memset(c.memory, 0, 2 * CARD_CORE_CELL);
	is_int(card_bench_power(&c), CARD_OK, "it can be selected");
	is_int(debit_of(1, 780), CARD_DAMAGED, "but spends nothing");
	is_int(card_bench_send(&c, CARD_GENERATE_KEY, 0, NULL, 0), CARD_DAMAGED,
	    "nor begins again");
}

static void
a_card_is_personalised_once(void **state)
{
	uint8_t bytes[CARD_SETUP_BYTES] = {0};

	(void)state;
	is_int(card_bench_send(&c, CARD_GENERATE_KEY, 0, NULL, 0),
	    CARD_WRONG_STATE, "another key");
	is_int(card_bench_send(&c, PSD(CARD_PUT_CERT), 0x8000, "a", 1),
	    CARD_WRONG_STATE, "another certificate");
	is_int(
	    card_bench_send(&c, PSD(CARD_PERSONALISE), 0, bytes, sizeof(bytes)),
	    CARD_WRONG_STATE, "another name");
}

static void
identity_pin_and_puk_come_together(void **state)
{
	static const struct {
		const char *secrets, *what;
		size_t len;
		uint16_t word;
	} tries[] = {
	    {"\003123", "a PIN of three", 4, CARD_BAD_DATA},
	    {"\005", "no PIN", 1, CARD_BAD_DATA},
	    {"\005123", "a PIN that is cut", 4, CARD_BAD_DATA},
	    {"\00087654321", "a PUK without a PIN", 9, CARD_BAD_DATA},
	    {"\0041234876", "a PUK that is cut", 8, CARD_BAD_DATA},
	    {"\004123487654321", "both", 13, CARD_OK},
	};
	struct bench host = {.provider = NULL};
	uint8_t bytes[CARD_SETUP_BYTES + 13];
	struct psd_setup setup;
	struct psd_status s;

	(void)state;
	card_bench_close(&c);
	card_bench_open(&c);
	host.provider = c.provider;
	is_int(card_bench_send(&c, CARD_GENERATE_KEY, 0, NULL, 0), CARD_OK,
	    "a key");
	bench_setup(&host, &setup);
	card_put_setup(&setup, bytes);
	is_int(card_bench_send(
		   &c, PSD(CARD_PERSONALISE), 0, bytes, CARD_SETUP_BYTES - 1),
	    CARD_BAD_DATA, "a setup that is cut");
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		memcpy(
		    bytes + CARD_SETUP_BYTES, tries[i].secrets, tries[i].len);
		is_int(card_bench_send(&c, PSD(CARD_PERSONALISE), 0, bytes,
			   CARD_SETUP_BYTES + tries[i].len),
		    tries[i].word, tries[i].what);
	}
	card_bench_status(&c, &s);
	ok(s.pin_required, "the PIN is required at once");
	is_int(s.puk_tries_left, PSD_PUK_TRIES, "the PUK is there");
	is_int(debit_of(1, 780), CARD_NEEDS_PIN, "it was not given");
	is_int(card_bench_send(&c, CARD_UNBLOCK, 0x81, "876543215555", 12),
	    CARD_OK, "the PUK and a new PIN");
	is_int(verify("5555"), CARD_OK, "the new PIN");
}

#define CARD(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CARD(a_debit_moves_value_and_signs_it),
	    CARD(the_same_key_gets_the_same_bytes),
	    CARD(it_says_why_it_does_not_debit),
	    CARD(an_earlier_mail_date_does_not_turn_the_clock_back),
	    CARD(it_remembers_as_many_pieces_as_a_psd),
	    CARD(value_comes_by_the_providers_answer_alone),
	    CARD(a_pin_guards_value_until_the_next_selection),
	    CARD(wrong_pins_block_and_the_puk_brings_it_back),
	    CARD(the_certificate_comes_in_pieces),
	    CARD(the_same_card_can_be_told_from_another),
	    CARD(what_is_no_command_is_refused),
	    CARD(t0_fetches_answers_and_asks_again_for_lengths),
	    CARD(damage_is_no_new_beginning),
	    CARD(a_card_is_personalised_once),
	    CARD(identity_pin_and_puk_come_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
