/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/card_help.h"

#include "stamp/sig.h"
#include "tests/test.h"
#include "vault/crypto.h"

/* --- the memory ----------------------------------------------------------------- */

static bool
memory_read(void *context, size_t at, void *out, size_t len)
{
	struct card_bench *c = context;

	ok(at + len <= sizeof(c->memory), "read inside of the memory");
	memcpy(out, c->memory + at, len);
	return true;
}

/* The word as power leaves it. */
static void
tear_word(struct card_bench *c, uint8_t *word, const uint8_t *wanted)
{
	unsigned differ = 0;

	c->torn = c->tear != TEAR_BIT;
	if (c->tear == TEAR_NEW)
		memcpy(word, wanted, NVM_WORD);
	for (unsigned bit = 0; c->tear == TEAR_BIT && bit < 8 * NVM_WORD; bit++)
		if (((word[bit / 8] ^ wanted[bit / 8]) >> bit % 8 & 1) &&
		    differ++ == c->tear_bit) {
			word[bit / 8] ^= (uint8_t)(1 << bit % 8);
			c->torn = true;
			break;
		}
}

static bool
memory_write(void *context, size_t at, const void *bytes, size_t len)
{
	struct card_bench *c = context;
	const uint8_t *from = bytes;

	ok(at % NVM_WORD == 0 && len % NVM_WORD == 0, "whole words");
	ok(at + len <= sizeof(c->memory), "write inside of the memory");
	for (size_t i = 0; i < len; i += NVM_WORD) {
		if (c->writes++ == c->tear_at) {
			tear_word(c, c->memory + at + i, from + i);
			longjmp(c->dark, 1);
		}
		memcpy(c->memory + at + i, from + i, NVM_WORD);
	}
	return true;
}

/* --- the crypto ------------------------------------------------------------------- */

static bool
generate(void *context, struct card_key *key)
{
	struct err e = ERR_INIT;
	struct sig_key *made = NULL;

	(void)context;
	is_ok(sig_generate(&made, &e), &e, "a key");
	is_ok(sig_store_scalar(made, key->secret, &e), &e, "its number");
	is_ok(crypto_point(made, key->point, &e), &e, "its point");
	sig_free(made);
	return true;
}

/* crypto.context is where crypto_init() puts the key. */
static bool
use_key(void *context, const struct card_key *key)
{
	struct card_bench *c = context;
	struct err e = ERR_INIT;

	if (c->key != NULL &&
	    memcmp(c->secret, key->secret, sizeof(c->secret)) == 0)
		return true;
	sig_free(c->key);
	c->key = NULL;
	memcpy(c->secret, key->secret, sizeof(c->secret));
	return sig_load_scalar(key->secret, &c->key, &e);
}

static bool
sign(void *context, const uint8_t *msg, size_t len,
    uint8_t sig[INDICIUM_SIGNATURE], struct err *e)
{
	struct card_bench *c = context;

	return c->key != NULL && sig_sign(c->key, msg, len, sig, e);
}

static bool
random_bytes(void *context, uint8_t *out, size_t len)
{
	(void)context;
	memset(out, 0x5c, len);
	return true;
}

/* --- the card ---------------------------------------------------------------------- */

void
card_bench_open(struct card_bench *c)
{
	struct err e = ERR_INIT;

	memset(c, 0, sizeof(*c));
	c->tear_at = -1;
	c->nvm = (struct nvm){.context = c,
	    .size = sizeof(c->memory),
	    .read = memory_read,
	    .write = memory_write};
	c->crypto = (struct card_crypto){
	    .generate = generate, .use_key = use_key, .random = random_bytes};
	crypto_init(&c->crypto.psd, NULL);
	c->crypto.psd.context = c;
	c->crypto.psd.sign = sign;
	memset(c->memory, 0xff, sizeof(c->memory));
	is_ok(sig_generate(&c->provider, &e), &e, "provider key");
	is_ok(card_store_format(&c->nvm, &c->app.psd, &e), &e, "format");
	c->app.nvm = &c->nvm;
	c->app.crypto = &c->crypto;
	is_int(card_bench_power(c), CARD_OK, "an empty card");
}

void
card_bench_close(struct card_bench *c)
{
	sig_free(c->key);
	sig_free(c->provider);
}

uint16_t
card_bench_power(struct card_bench *c)
{
	static const uint8_t aid[] = CARD_AID;

	card_app_power(&c->app);
	return card_bench_send(c, CARD_SELECT, 0x0400, aid, sizeof(aid));
}

uint16_t
card_bench_send(struct card_bench *c, unsigned cla_ins, unsigned p1p2,
    const void *data, size_t len)
{
	uint8_t apdu[CARD_APDU_MAX] = {(uint8_t)(cla_ins >> 8),
	    (uint8_t)cla_ins, (uint8_t)(p1p2 >> 8), (uint8_t)p1p2};
	size_t n = 4;

	if (len > 0) {
		apdu[n++] = (uint8_t)len;
		memcpy(apdu + n, data, len);
		n += len;
	}
	apdu[n++] = 0;
	card_app_exchange(&c->app, apdu, n, c->reply, &c->reply_len);
	ok(c->reply_len >= 2, "a status word");
	c->reply_len -= 2;
	return (
	    uint16_t)(c->reply[c->reply_len] << 8 | c->reply[c->reply_len + 1]);
}

bool
card_bench_try_power(struct card_bench *c)
{
	if (setjmp(c->dark) != 0)
		return false;
	is_int(card_bench_power(c), CARD_OK, "select");
	return true;
}

bool
card_bench_try(struct card_bench *c, unsigned cla_ins, unsigned p1p2,
    const void *data, size_t len, uint16_t *word)
{
	if (setjmp(c->dark) != 0)
		return false;
	*word = card_bench_send(c, cla_ins, p1p2, data, len);
	return true;
}

#define PSD_COMMAND(ins) (CARD_CLA_PSD << 8 | (ins))

void
card_bench_status(struct card_bench *c, struct psd_status *out)
{
	struct err e = ERR_INIT;

	is_int(card_bench_send(c, PSD_COMMAND(CARD_STATUS), 0xdf10, NULL, 0),
	    CARD_OK, "status");
	is_ok(card_get_status(c->reply, c->reply_len, out, &e), &e, "status");
}

void
card_bench_personalise(struct card_bench *c, size_t cert_len)
{
	struct bench host = {.provider = c->provider};
	uint8_t bytes[CARD_SETUP_BYTES], cert[CARD_CERT_MAX];
	struct psd_setup setup;

	for (size_t i = 0; i < cert_len; i++)
		cert[i] = (uint8_t)(i * 7);
	is_int(card_bench_send(c, CARD_GENERATE_KEY, 0, NULL, 0), CARD_OK,
	    "a key");
	is_int(c->reply_len, PSD_POINT, "its point");
	for (size_t at = 0; at < cert_len; at += 128) {
		size_t n = cert_len - at < 128 ? cert_len - at : 128;
		unsigned last = at + n == cert_len ? 0x8000 : 0;

		is_int(card_bench_send(c, PSD_COMMAND(CARD_PUT_CERT),
			   (unsigned)at | last, cert + at, n),
		    CARD_OK, "a part of the certificate");
	}
	bench_setup(&host, &setup);
	card_put_setup(&setup, bytes);
	is_int(card_bench_send(
		   c, PSD_COMMAND(CARD_PERSONALISE), 0, bytes, sizeof(bytes)),
	    CARD_OK, "personalised");
}

void
card_bench_answer(struct card_bench *c, const struct download_terms *terms,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len)
{
	struct download_request request;
	struct err e = ERR_INIT;
	uint8_t want[8] = {0};

	for (int i = 0; i < 8; i++)
		want[i] = (uint8_t)((uint64_t)terms->amount >> 8 * i);
	is_int(card_bench_send(
		   c, PSD_COMMAND(CARD_VALUE_REQUEST), 0, want, sizeof(want)),
	    CARD_OK, "request");
	is_ok(download_check_request(
		  c->reply, c->reply_len, c->key, &request, &e),
	    &e, "the request's signature");
	is_ok(download_make_answer(&request, terms, c->provider, out, len, &e),
	    &e, "answer");
}

void
card_bench_refill(struct card_bench *c, mils amount)
{
	struct download_terms terms = {.amount = amount, .audit_due = 20270228};
	uint8_t answer[PSD_MESSAGE_MAX];
	size_t len;

	card_bench_answer(c, &terms, answer, &len);
	is_int(
	    card_bench_send(c, PSD_COMMAND(CARD_VALUE_APPLY), 0, answer, len),
	    CARD_OK, "apply");
}
