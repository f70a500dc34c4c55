/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A postage card under any bytes, power cuts among them: the control total is
 * sound, registers only grow, a stamp goes out when the memory has its debit,
 * and a key gets one stamp.
 *
 * Steps: a byte that says what comes (STEP_...), a length, and so many bytes.
 */
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "vault/card_app.h"
#include "vault/crypto.h"
#include "vault/message.h"

#define STEPS_MAX 64

enum {
	STEP_COMMAND, /* an APDU as it is */
	STEP_DEBIT,  /* key's first byte and amount: a debit that makes sense */
	STEP_POWER,  /* power off and on */
	STEP_TEAR,   /* power ends so many words on */
	STEP_REFILL, /* an answer that makes sense */
	STEP_PROTOCOL, /* T=0 or T=1 */
	STEPS
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct card {
	struct card_app app;
	struct nvm nvm;
	struct card_crypto crypto;
	uint8_t memory[CARD_NVM_BYTES];
	long words_left; /* until power ends; -1 = it stays */
	jmp_buf dark;
	uint8_t reply[CARD_REPLY_MAX + 2];
	size_t reply_len;	     /* without the status word */
	struct psd_stamp given[256]; /* by the key's first byte */
};

static struct sig_key *the_key;
static struct card c;

static void
must(bool what)
{
	if (!what)
		abort();
}

/* --- memory and crypto --------------------------------------------------------- */

static bool
memory_read(void *context, size_t at, void *out, size_t len)
{
	struct card *card = context;

	must(at <= sizeof(card->memory) && len <= sizeof(card->memory) - at);
	memcpy(out, card->memory + at, len);
	return true;
}

static bool
memory_write(void *context, size_t at, const void *bytes, size_t len)
{
	struct card *card = context;
	const uint8_t *from = bytes;

	must(at % NVM_WORD == 0 && len % NVM_WORD == 0);
	must(at <= sizeof(card->memory) && len <= sizeof(card->memory) - at);
	for (size_t i = 0; i < len; i += NVM_WORD) {
		if (card->words_left == 0)
			longjmp(card->dark, 1);
		card->words_left -= card->words_left > 0;
		memcpy(card->memory + at + i, from + i, NVM_WORD);
	}
	return true;
}

static bool
generate(void *context, struct card_key *key)
{
	struct err e = ERR_INIT;

	(void)context;
	return sig_store_scalar(the_key, key->secret, &e) &&
	       crypto_point(the_key, key->point, &e);
}

static bool
use_key(void *context, const struct card_key *key)
{
	(void)context;
	(void)key;
	return true;
}

static bool
sign(void *context, const uint8_t *msg, size_t len,
    uint8_t sig[INDICIUM_SIGNATURE], struct err *e)
{
	(void)context;
	return sig_sign(the_key, msg, len, sig, e);
}

/* Any signature counts: else no answer would ever be applied. */
static bool
verify(void *context, const uint8_t key[PSD_POINT], const uint8_t *msg,
    size_t len, const uint8_t sig[INDICIUM_SIGNATURE])
{
	(void)context;
	(void)key;
	(void)msg;
	(void)len;
	return sig[0] == 0;
}

static bool
random_bytes(void *context, uint8_t *out, size_t len)
{
	(void)context;
	memset(out, 0x5c, len);
	return true;
}

/* --- the card -------------------------------------------------------------------- */

static uint16_t
exchange(const uint8_t *in, size_t len)
{
	card_app_exchange(&c.app, in, len, c.reply, &c.reply_len);
	must(c.reply_len >= 2 && c.reply_len <= sizeof(c.reply));
	c.reply_len -= 2;
	return (uint16_t)(c.reply[c.reply_len] << 8 | c.reply[c.reply_len + 1]);
}

static void
power(void)
{
	static const uint8_t select[] = {0, CARD_SELECT, 4, 0, CARD_AID_BYTES,
	    0xf0, 'C', 'U', 'P', 'S', 'P', 'S', 'D', 0x01};

	c.words_left = -1;
	card_app_power(&c.app);
	must(exchange(select, sizeof(select)) == CARD_OK || c.app.t0);
	must(c.app.sound && c.app.selected);
}

static void
personalise(void)
{
	static const uint8_t make[] = {0, CARD_GENERATE_KEY, 0, 0, 0};
	uint8_t apdu[5 + CARD_SETUP_BYTES] = {
	    CARD_CLA_PSD, CARD_PERSONALISE, 0, 0, CARD_SETUP_BYTES};
	struct psd_setup setup = {.vendor = "XX",
	    .model = "PS",
	    .serial = 7,
	    .cert_serial = 7,
	    .licence = 1,
	    .max_stamp = 100000,
	    .max_descending = 2000000,
	    .expires = 20291231};
	struct err e = ERR_INIT;

	must(crypto_point(the_key, setup.provider_key, &e));
	must(exchange(make, sizeof(make)) == CARD_OK);
	card_put_setup(&setup, apdu + 5);
	must(exchange(apdu, sizeof(apdu)) == CARD_OK);
}

static void
begin(void)
{
	struct err e = ERR_INIT;

	if (the_key == NULL)
		must(sig_generate(&the_key, &e));
	memset(&c, 0, sizeof(c));
	c.words_left = -1;
	c.nvm = (struct nvm){&c, sizeof(c.memory), memory_read, memory_write};
	c.crypto = (struct card_crypto){
	    .generate = generate, .use_key = use_key, .random = random_bytes};
	crypto_init(&c.crypto.psd, NULL);
	c.crypto.psd.context = &c;
	c.crypto.psd.sign = sign;
	c.crypto.psd.verify = verify;
	c.app.nvm = &c.nvm;
	c.app.crypto = &c.crypto;
	must(card_store_format(&c.nvm, &c.app.psd, &e));
	power();
	personalise();
}

/* --- steps ------------------------------------------------------------------------- */

/* Fewer steps than the ring holds: what was given once is given again. */
static void
keep_stamp(struct psd_stamp *given)
{
	size_t len = c.reply_len - 1;

	must(c.reply_len > 1 && len <= INDICIUM_MAX);
	if (given->len > 0)
		must(c.reply[0] == 1 && given->len == len &&
		     memcmp(given->indicium, c.reply + 1, len) == 0);
	given->len = len;
	memcpy(given->indicium, c.reply + 1, len);
}

static void
refill(struct bytes_reader *r)
{
	uint8_t apdu[5 + PSD_MESSAGE_MAX] = {CARD_CLA_PSD, CARD_VALUE_APPLY};
	struct download_answer a = {.psd = {"XX", "PS", 7},
	    .sequence = c.app.psd.download_sequence + 1,
	    .control_before = c.app.psd.control_total,
	    .amount = (mils)bytes_read_le(r, 3),
	    .orders = (uint8_t)bytes_read_le(r, 1)};
	size_t len = message_put_answer(&a, apdu + 5) + INDICIUM_SIGNATURE;

	apdu[4] = (uint8_t)len;
	exchange(apdu, 5 + len);
}

static void
debit(struct bytes_reader *r)
{
	uint8_t apdu[5 + CARD_REQUEST_BYTES] = {
	    CARD_CLA_PSD, CARD_DEBIT, 0, 0, CARD_REQUEST_BYTES};
	struct psd_request request = {
	    .mail_date = 20261121, .origin_zip = 62704};

	request.key[0] = (uint8_t)bytes_read_le(r, 1);
	request.amount = (mils)bytes_read_le(r, 2);
	card_put_request(&request, apdu + 5);
	if (exchange(apdu, sizeof(apdu)) == CARD_OK)
		keep_stamp(&c.given[request.key[0]]);
}

static void
step(unsigned what, const uint8_t *bytes, size_t len)
{
	struct bytes_reader r;

	bytes_reader_init(&r, bytes, len);
	switch (what % STEPS) {
	case STEP_COMMAND: exchange(bytes, len); break;
	case STEP_DEBIT: debit(&r); break;
	case STEP_POWER: power(); break;
	case STEP_REFILL: refill(&r); break;
	case STEP_TEAR: c.words_left = (long)bytes_read_le(&r, 2) % 400; break;
	case STEP_PROTOCOL: c.app.t0 = !c.app.t0; break;
	default: break;
	}
}

/* What the card says of itself now, and that it never goes back. */
static void
look(struct psd_status *last)
{
	struct psd_status now;
	struct err e = ERR_INIT;

	if (!c.app.sound)
		return;
	must(psd_check(&c.app.psd, &e));
	psd_status(&c.app.psd, 20261121, &now);
	must(now.ascending + now.descending == now.control_total);
	must(now.ascending >= last->ascending);
	must(now.control_total >= last->control_total);
	must(now.piece_count >= last->piece_count);
	*last = now;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct psd_status last;
	struct bytes_reader r;

	begin();
	memset(&last, 0, sizeof(last));
	bytes_reader_init(&r, data, size);
	for (int i = 0; i < STEPS_MAX && bytes_left(&r) >= 2; i++) {
		unsigned what = (unsigned)bytes_read_le(&r, 1);
		size_t len = (size_t)bytes_read_le(&r, 1);
		const uint8_t *bytes;

		len = len < bytes_left(&r) ? len : bytes_left(&r);
		bytes = bytes_read(&r, len);
		if (setjmp(c.dark) == 0)
			step(what, bytes, len);
		else
			power();
		look(&last);
	}
	power();
	look(&last);
	return 0;
}
