/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Power ends at every word that a command writes, and leaves the word old, new,
 * or with any one of the bits that differ.  Then power comes back, and ends
 * once more within what that writes.  After it the registers are those of
 * before or of after, the control total is sound, and the command given again
 * does what is left of it: one debit, one download, one try of a PIN.
 */
#include <stdlib.h>

#include "tests/card_help.h"
#include "tests/test.h"

#define PSD(ins) (CARD_CLA_PSD << 8 | (ins))

static struct card_bench c;

/* A command, what stands before it and what must after. */
struct scene {
	const char *name;
	unsigned cla_ins, p1p2;
	uint8_t data[PSD_MESSAGE_MAX];
	size_t len;
	void (*prepare)(struct scene *s);
	/* After a cut (`whole` false) and after the command was repeated. */
	void (*look)(const struct scene *s, const struct psd_status *before,
	    const struct psd_status *now, bool whole);
	uint16_t word;	 /* of the command, also repeated */
	const char *pin; /* is given first */
};

/* --- what is looked at ------------------------------------------------------------ */

static void
look_sound(const struct psd_status *before, const struct psd_status *now)
{
	is_int(now->ascending + now->descending, now->control_total,
	    "control total");
	ok(now->ascending >= before->ascending &&
		now->control_total >= before->control_total &&
		now->piece_count >= before->piece_count,
	    "registers only grow");
}

static void
look_debit(const struct scene *s, const struct psd_status *before,
    const struct psd_status *now, bool whole)
{
	uint8_t first[CARD_REPLY_MAX];
	mils spent = now->ascending - before->ascending;
	uint16_t word;
	size_t len;

	look_sound(before, now);
	ok(spent == 780 || (!whole && spent == 0), "one debit or none");
	is_int(now->piece_count - before->piece_count, spent / 780, "pieces");
	is_int(now->control_total, before->control_total, "no value comes");
	word =
	    card_bench_send(&c, PSD(CARD_RECOVER), 0, s->data, PSD_KEY_BYTES);
	is_int(word, spent ? CARD_OK : CARD_NOT_FOUND, "recover");
	if (!spent)
		return;
	len = c.reply_len;
	memcpy(first, c.reply, len);
	is_int(card_bench_send(&c, s->cla_ins, s->p1p2, s->data, s->len),
	    CARD_OK, "the same key");
	is_int(c.reply[0], 1, "a replay");
	is_mem(c.reply + 1, first + 1, len - 1, "the same stamp");
}

static void
look_download(const struct scene *s, const struct psd_status *before,
    const struct psd_status *now, bool whole)
{
	mils came = now->control_total - before->control_total;

	(void)s;
	look_sound(before, now);
	ok(came == 5000 || (!whole && came == 0), "one download or none");
	is_int(now->download_sequence - before->download_sequence, came / 5000,
	    "numbers");
	is_int(now->ascending, before->ascending, "nothing is spent");
}

static void
look_unchanged(const struct scene *s, const struct psd_status *before,
    const struct psd_status *now, bool whole)
{
	(void)s;
	(void)whole;
	look_sound(before, now);
	is_int(now->ascending, before->ascending, "nothing is spent");
	is_int(now->control_total, before->control_total, "no value comes");
}

/* A try that was cut is a try; repeated and wrong again, two at most. */
static void
look_wrong_pin(const struct scene *s, const struct psd_status *before,
    const struct psd_status *now, bool whole)
{
	int gone = before->pin_tries_left - now->pin_tries_left;

	look_unchanged(s, before, now, whole);
	ok(whole ? gone == 1 || gone == 2 : gone == 0 || gone == 1,
	    "tries are counted");
}

static void
look_right_pin(const struct scene *s, const struct psd_status *before,
    const struct psd_status *now, bool whole)
{
	look_unchanged(s, before, now, whole);
	ok(now->pin_tries_left >= before->pin_tries_left - 1, "one try");
	if (whole)
		is_int(now->pin_tries_left, PSD_PIN_TRIES, "all are back");
}

/* --- what is done -------------------------------------------------------------------- */

static void
set_pin(const char *pin)
{
	uint8_t data[32] = {0};

	memcpy(data + 1, pin, strlen(pin));
	is_int(
	    card_bench_send(&c, CARD_CHANGE_PIN, 0x81, data, 1 + strlen(pin)),
	    CARD_OK, "a PIN");
}

static void
debit_once(uint32_t n)
{
	struct psd_request r = bench_request(n, 780);
	uint8_t bytes[CARD_REQUEST_BYTES];

	card_put_request(&r, bytes);
	is_int(card_bench_send(&c, PSD(CARD_DEBIT), 0, bytes, sizeof(bytes)),
	    CARD_OK, "a debit before");
}

static void
prepare_debit(struct scene *s)
{
	struct psd_request r = bench_request(1000, 780);

	s->len = card_put_request(&r, s->data);
}

/* The ring is full: its oldest piece goes. */
static void
prepare_late_debit(struct scene *s)
{
	for (uint32_t n = 1; n <= PSD_RING + 2; n++)
		debit_once(n);
	prepare_debit(s);
}

static void
prepare_download(struct scene *s)
{
	struct download_terms terms = {.amount = 5000, .audit_due = 20270228};

	card_bench_answer(&c, &terms, s->data, &s->len);
}

static void
prepare_pin(struct scene *s)
{
	(void)s;
	set_pin("1234");
}

static void
prepare_change(struct scene *s)
{
	memcpy(s->data,
	    "\0"
	    "4321",
	    5);
	s->len = 5;
}

static void
prepare_puk(struct scene *s)
{
	set_pin("1234");
	memcpy(s->data, "87654321", 8);
	s->len = 8;
}

static void
prepare_unblock(struct scene *s)
{
	set_pin("1234");
	is_int(card_bench_send(&c, CARD_UNBLOCK, 0x0181, "87654321", 8),
	    CARD_OK, "a PUK");
	memcpy(s->data, "876543214321", 12);
	s->len = 12;
}

static void
prepare_refund(struct scene *s)
{
	struct psd_claim claim = {.date = TODAY, .count = 1, .total = 780};

	debit_once(1);
	s->len = card_put_claim(&claim, s->data);
}

static struct scene scenes[] = {
    {"debit", PSD(CARD_DEBIT), 0, {0}, 0, prepare_debit, look_debit, CARD_OK,
	NULL},
    {"debit, full ring", PSD(CARD_DEBIT), 0, {0}, 0, prepare_late_debit,
	look_debit, CARD_OK, NULL},
    {"download", PSD(CARD_VALUE_APPLY), 0, {0}, 0, prepare_download,
	look_download, CARD_OK, NULL},
    {"a wrong PIN", CARD_VERIFY, 0x81, "9999", 4, prepare_pin, look_wrong_pin,
	0, NULL},
    {"a right PIN", CARD_VERIFY, 0x81, "1234", 4, prepare_pin, look_right_pin,
	CARD_OK, NULL},
    {"a new PIN", CARD_CHANGE_PIN, 0x81, {0}, 0, prepare_change, look_unchanged,
	0, NULL},
    {"a PUK", CARD_UNBLOCK, 0x0181, {0}, 0, prepare_puk, look_unchanged, 0,
	"1234"},
    {"unblock", CARD_UNBLOCK, 0x81, {0}, 0, prepare_unblock, look_unchanged,
	CARD_OK, NULL},
    {"refund", PSD(CARD_REFUND), 0, {0}, 0, prepare_refund, look_unchanged,
	CARD_OK, NULL},
};

/* --- the cuts -------------------------------------------------------------------------- */

/* Power comes back and ends within what that writes, `again` words on. */
static void
come_back(long again)
{
	c.writes = 0;
	c.tear_at = again;
	c.tear = TEAR_OLD;
	if (!card_bench_try_power(&c)) {
		c.tear_at = -1;
		ok(card_bench_try_power(&c), "power");
	}
	c.tear_at = -1;
}

static void
give_pin(const struct scene *s)
{
	if (s->pin != NULL)
		is_int(card_bench_send(
			   &c, CARD_VERIFY, 0x81, s->pin, strlen(s->pin)),
		    CARD_OK, "the PIN");
}

/* One cut; false: the command wrote fewer words. */
static bool
cut(struct scene *s, const uint8_t *before, const struct psd_status *old,
    long again)
{
	struct psd_status now;
	long tear_at = c.tear_at;
	uint16_t word;
	bool whole;

	c.tear_at = -1;
	memcpy(c.memory, before, sizeof(c.memory));
	ok(card_bench_try_power(&c), "power");
	give_pin(s);
	c.tear_at = tear_at;
	c.writes = 0;
	c.torn = false;
	whole = card_bench_try(&c, s->cla_ins, s->p1p2, s->data, s->len, &word);
	c.tear_at = -1;
	if (whole) {
		card_bench_status(&c, &now);
		s->look(s, old, &now, true);
		return false;
	}
	come_back(again);
	card_bench_status(&c, &now);
	s->look(s, old, &now, false);
	give_pin(s);
	word = card_bench_send(&c, s->cla_ins, s->p1p2, s->data, s->len);
	if (s->word != 0)
		is_int(word, s->word, s->name);
	card_bench_status(&c, &now);
	s->look(s, old, &now, true);
	return true;
}

/* Every way in which power leaves the n-th word. */
static bool
cut_at(struct scene *s, const uint8_t *before, const struct psd_status *old,
    long n)
{
	long again = n % 3 == 0 ? -1 : n * 7 % 140;

	for (enum tear tear = TEAR_OLD; tear <= TEAR_NEW; tear++) {
		c.tear = tear;
		c.tear_at = n;
		if (!cut(s, before, old, again))
			return false;
	}
	for (unsigned bit = 0; bit < 8 * NVM_WORD; bit++) {
		c.tear = TEAR_BIT;
		c.tear_bit = bit;
		c.tear_at = n;
		cut(s, before, old, again);
		if (!c.torn)
			break;
	}
	return true;
}

static void
power_may_end_at_any_word(void **state)
{
	static uint8_t before[CARD_NVM_BYTES];
	long n;

	(void)state;
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		struct psd_status old;

		card_bench_open(&c);
		card_bench_personalise(&c, 200);
		card_bench_refill(&c, 100000);
		scenes[i].prepare(&scenes[i]);
		card_bench_status(&c, &old);
		memcpy(before, c.memory, sizeof(before));
		for (n = 0; cut_at(&scenes[i], before, &old, n); n++)
			;
		print_message("%s: %ld words\n", scenes[i].name, n);
		ok(n > 20, "it was cut");
		card_bench_close(&c);
	}
}

/* Until it has a name, a card begins anew, also one that has a key. */
static void
cut_manufacture(bool again)
{
	static uint8_t blank[CARD_NVM_BYTES];
	uint16_t word;
	long n = 0;
	bool whole;

	card_bench_open(&c);
	if (again)
		is_int(card_bench_send(&c, CARD_GENERATE_KEY, 0, NULL, 0),
		    CARD_OK, "a key");
	memcpy(blank, c.memory, sizeof(blank));
	do {
		memcpy(c.memory, blank, sizeof(c.memory));
		ok(card_bench_try_power(&c), "power");
		c.writes = 0;
		c.tear = TEAR_OLD;
		c.tear_at = n++;
		whole =
		    card_bench_try(&c, CARD_GENERATE_KEY, 0, NULL, 0, &word);
		c.tear_at = -1;
		come_back(-1);
		if (!whole)
			card_bench_personalise(&c, 100);
	} while (!whole);
	ok(n > 100, "it was cut");
	card_bench_close(&c);
}

static void
manufacture_may_end_at_any_word(void **state)
{
	(void)state;
	cut_manufacture(false);
	cut_manufacture(true);
}

/* A setup, the PIN 1234 and the PUK 87654321. */
static size_t
put_setup(uint8_t out[CARD_SETUP_BYTES + 13])
{
	struct bench host = {.provider = c.provider};
	struct psd_setup setup;

	bench_setup(&host, &setup);
	card_put_setup(&setup, out);
	memcpy(out + CARD_SETUP_BYTES, "\004123487654321", 13);
	return CARD_SETUP_BYTES + 13;
}

static void
a_card_in_use_has_its_pin(void **state)
{
	static uint8_t before[CARD_NVM_BYTES];
	uint8_t bytes[CARD_SETUP_BYTES + 13];
	struct psd_status now;
	uint16_t word;
	long n = 0, blank = 0;
	size_t len;
	bool whole;

	(void)state;
	card_bench_open(&c);
	len = put_setup(bytes);
	is_int(card_bench_send(&c, CARD_GENERATE_KEY, 0, NULL, 0), CARD_OK,
	    "a key");
	is_int(card_bench_send(&c, PSD(CARD_PUT_CERT), 0x8000, "cert", 4),
	    CARD_OK, "a certificate");
	memcpy(before, c.memory, sizeof(before));
	do {
		memcpy(c.memory, before, sizeof(c.memory));
		ok(card_bench_try_power(&c), "power");
		c.writes = 0;
		c.tear = TEAR_OLD;
		c.tear_at = n++;
		whole = card_bench_try(
		    &c, PSD(CARD_PERSONALISE), 0, bytes, len, &word);
		c.tear_at = -1;
		come_back(-1);
		card_bench_status(&c, &now);
		blank += now.life == PSD_INITIALISED;
		ok(now.life == PSD_INITIALISED ||
			(now.life == PSD_OPERATIONAL && now.pin_required &&
			    now.puk_tries_left == PSD_PUK_TRIES),
		    "blank as before, or with its PIN and PUK");
		if (now.life == PSD_INITIALISED)
			is_int(card_bench_send(
				   &c, PSD(CARD_PERSONALISE), 0, bytes, len),
			    CARD_OK, "again");
		is_int(card_bench_send(&c, CARD_VERIFY, 0x81, "1234", 4),
		    CARD_OK, "the PIN");
	} while (!whole);
	ok(blank > 100, "it was cut");
	card_bench_close(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {T(power_may_end_at_any_word),
	    T(manufacture_may_end_at_any_word), T(a_card_in_use_has_its_pin)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
