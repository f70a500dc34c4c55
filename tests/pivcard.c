/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pivcard: a PIV card (NIST SP 800-73-4) as far as OpenSC needs one to sign, in
 * a virtual reader:
 *
 *	pivcard SLOT KEY.pem CERTIFICATE.der
 *
 * One key, P-256, is both "PIV authentication" (9A) and "digital signature"
 * (9C); the card wants its PIN, 271828, before each signature of 9C.  Three
 * wrong ones block it.
 */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "tools/vpcd.h"

#define TRIES	    3
#define CERT_SIZE   2048
#define ANSWER_SIZE 4096
#define PART	    256
#define OK	    0x9000
#define NOT_FOUND   0x6a82
#define NEEDS_PIN   0x6982
#define PIN_BLOCKED 0x6983
#define NO_INS	    0x6d00
#define WRONG_DATA  0x6a80
#define REFERENCE   0x80 /* of the PIN */
#define KEY_SIGNS   0x9c
#define ALGORITHM   0x11 /* ECC P-256 */

struct card {
	EVP_PKEY *key;
	uint8_t cert[CERT_SIZE];
	size_t cert_len;
	unsigned tries;
	bool verified, just_verified;
	uint8_t answer[ANSWER_SIZE];
	size_t len, at; /* what is left of it: GET RESPONSE */
};

static const uint8_t pin[8] = {'2', '7', '1', '8', '2', '8', 0xff, 0xff};

/* --- TLV ---------------------------------------------------------------------- */

static void
put_head(struct bytes_writer *w, uint8_t tag, size_t len)
{
	bytes_write_be(w, tag, 1);
	if (len > 255)
		bytes_write_be(w, 0x820000 | len, 3);
	else if (len > 127)
		bytes_write_be(w, 0x8100 | len, 2);
	else
		bytes_write_be(w, len, 1);
}

static size_t
head_len(size_t len)
{
	return len > 255 ? 4 : len > 127 ? 3 : 2;
}

/* --- objects ------------------------------------------------------------------------ */

static void
put_cert(const struct card *c, struct bytes_writer *w)
{
	size_t inner = head_len(c->cert_len) + c->cert_len + 5;

	put_head(w, 0x53, inner);
	put_head(w, 0x70, c->cert_len);
	bytes_write(w, c->cert, c->cert_len);
	bytes_write(w, "\x71\x01\x00\xfe\x00", 5);
}

static void
put_chuid(struct bytes_writer *w)
{
	static const uint8_t guid[16] = {0xc0, 0xff, 0xee, 1, 2, 3, 4, 5};
	static const uint8_t fascn[25] = {0xd4, 0xe7, 0x39, 0xda, 0x73, 0x9c,
	    0xed, 0x39, 0xce, 0x73, 0x9d, 0x83, 0x68, 0x58, 0x21, 0x08, 0x42,
	    0x10, 0x84, 0x21, 0xc8, 0x42, 0x10, 0xc3, 0xeb};

	put_head(w, 0x53, 27 + 18 + 10 + 2 + 2);
	put_head(w, 0x30, sizeof(fascn));
	bytes_write(w, fascn, sizeof(fascn));
	put_head(w, 0x34, sizeof(guid));
	bytes_write(w, guid, sizeof(guid));
	bytes_write(w,
	    "\x35\x08"
	    "20300101"
	    "\x3e\x00\xfe\x00",
	    14);
}

static unsigned
get_data(struct card *c, struct bytes_reader *data, struct bytes_writer *w)
{
	uint64_t tag = bytes_read_be(data, 2);
	uint64_t object = bytes_read_be(data, 3);

	if (data->failed || tag != 0x5c03)
		return NOT_FOUND;
	switch (object) {
	case 0x5fc102: put_chuid(w); return OK;
	case 0x5fc105: /* 9A */
	case 0x5fc10a: put_cert(c, w); return OK;
	default: return NOT_FOUND;
	}
}

/* --- PIN and signature ------------------------------------------------------------------ */

static unsigned
verify(struct card *c, unsigned p2, struct bytes_reader *data)
{
	size_t len = bytes_left(data);
	const uint8_t *got = bytes_read(data, len);

	if (p2 != REFERENCE)
		return 0x6a88;
	if (len == 0)
		return c->verified ? OK : 0x63c0 | c->tries;
	c->verified = c->just_verified = false;
	if (c->tries == 0)
		return PIN_BLOCKED;
	if (len != sizeof(pin) || memcmp(got, pin, sizeof(pin)) != 0) {
		c->tries--;
		return c->tries == 0 ? PIN_BLOCKED : 0x63c0 | c->tries;
	}
	c->tries = TRIES;
	c->verified = c->just_verified = true;
	return OK;
}

static bool
ecdsa(const struct card *c, const uint8_t *hash, size_t len, uint8_t *sig,
    size_t *sig_len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(c->key, NULL);
	bool done = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
		    EVP_PKEY_sign(ctx, sig, sig_len, hash, len) == 1;

	EVP_PKEY_CTX_free(ctx);
	return done;
}

/* 7C { 82 00, 81 hash } -> 7C { 82 signature, DER } */
static unsigned
authenticate(struct card *c, unsigned p1, unsigned p2,
    struct bytes_reader *data, struct bytes_writer *w)
{
	uint8_t hash[32], sig[80];
	size_t sig_len = sizeof(sig);
	bool may = p2 == KEY_SIGNS ? c->just_verified : c->verified;

	c->just_verified = false;
	if (p1 != ALGORITHM || bytes_read_be(data, 1) != 0x7c)
		return WRONG_DATA;
	bytes_read_be(data, 1);
	if (bytes_read_be(data, 2) != 0x8200 ||
	    bytes_read_be(data, 2) != (0x8100 | sizeof(hash)))
		return WRONG_DATA;
	bytes_read_into(data, hash, sizeof(hash));
	if (!bytes_reader_done(data))
		return WRONG_DATA;
	if (!may)
		return NEEDS_PIN;
	if (!ecdsa(c, hash, sizeof(hash), sig, &sig_len))
		return 0x6f00;
	put_head(w, 0x7c, 2 + sig_len);
	put_head(w, 0x82, sig_len);
	bytes_write(w, sig, sig_len);
	return OK;
}

/* --- commands ----------------------------------------------------------------------------- */

static unsigned
do_select(struct card *c, struct bytes_reader *data, struct bytes_writer *w)
{
	static const uint8_t aid[] = {0xa0, 0, 0, 3, 8, 0, 0, 0x10, 0};
	static const uint8_t about[] = {0x61, 0x11, 0x4f, 0x06, 0, 0, 0x10, 0,
	    1, 0, 0x79, 0x07, 0x4f, 0x05, 0xa0, 0, 0, 3, 8};
	size_t len = bytes_left(data);
	const uint8_t *got = bytes_read(data, len);

	if (len > 11 || len < 5 ||
	    memcmp(got, aid, len < sizeof(aid) ? len : sizeof(aid)) != 0)
		return NOT_FOUND;
	c->verified = c->just_verified = false;
	bytes_write(w, about, sizeof(about));
	return OK;
}

static unsigned
obey(struct card *c, const uint8_t *apdu, size_t len, struct bytes_writer *w)
{
	struct bytes_reader r, data;
	unsigned ins, p1, p2;
	size_t data_len;

	bytes_reader_init(&r, apdu, len);
	bytes_read_be(&r, 1);
	ins = (unsigned)bytes_read_be(&r, 1);
	p1 = (unsigned)bytes_read_be(&r, 1);
	p2 = (unsigned)bytes_read_be(&r, 1);
	data_len = len > 5 ? (size_t)bytes_read_be(&r, 1) : 0;
	if (r.failed || data_len > bytes_left(&r))
		return 0x6700;
	bytes_reader_init(&data, apdu + r.pos, data_len);
	switch (ins) {
	case 0xa4: return p1 == 4 ? do_select(c, &data, w) : NOT_FOUND;
	case 0xcb: return get_data(c, &data, w);
	case 0x20: return verify(c, p2, &data);
	case 0x87: return authenticate(c, p1, p2, &data, w);
	default: return NO_INS;
	}
}

/* As much of the answer as one APDU holds, and its status word. */
static size_t
next_part(struct card *c, unsigned word, uint8_t *out)
{
	size_t left = c->len - c->at, n = left < PART ? left : PART;

	memcpy(out, c->answer + c->at, n);
	c->at += n;
	if (left > n)
		word = 0x6100 | (left - n > 255 ? 0 : (unsigned)(left - n));
	out[n] = (uint8_t)(word >> 8);
	out[n + 1] = (uint8_t)word;
	return n + 2;
}

static size_t
exchange(struct card *c, const uint8_t *apdu, size_t len, uint8_t *out)
{
	struct bytes_writer w;
	unsigned word;

	if (len >= 2 && apdu[1] == 0xc0)
		return next_part(c, OK, out);
	bytes_writer_init(&w, c->answer, sizeof(c->answer));
	word = obey(c, apdu, len, &w);
	c->len = w.pos;
	c->at = 0;
	return next_part(c, word, out);
}

/* --- in the reader -------------------------------------------------------------------------- */

static bool
serve(struct card *c, struct vpcd *v, struct err *e)
{
	/* T=1: TS, T0, TD1, TD2, "PIVt", TCK. */
	static const uint8_t atr[] = {
	    0x3b, 0x84, 0x80, 0x01, 'P', 'I', 'V', 't', 0x3e};
	uint8_t out[PART + 2];
	const uint8_t *bytes;
	enum vpcd_kind kind;
	size_t len;

	if (!vpcd_read(v, &kind, &bytes, &len, e))
		return false;
	if (kind == VPCD_ATR)
		return vpcd_answer(v, atr, sizeof(atr), e);
	if (kind == VPCD_COMMAND)
		return vpcd_answer(v, out, exchange(c, bytes, len, out), e);
	c->verified = c->just_verified = false;
	return true;
}

static bool
load(struct card *c, const char *key, const char *cert)
{
	FILE *f = fopen(key, "r");

	c->tries = TRIES;
	c->key = f != NULL ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : NULL;
	if (f != NULL)
		fclose(f);
	f = fopen(cert, "rb");
	c->cert_len = f != NULL ? fread(c->cert, 1, sizeof(c->cert), f) : 0;
	if (f != NULL)
		fclose(f);
	return c->key != NULL && c->cert_len > 0;
}

int
main(int argc, char **argv)
{
	static struct card c;
	static struct vpcd v;
	struct err e = ERR_INIT;

	if (argc != 4 || !load(&c, argv[2], argv[3])) {
		fputs("usage: pivcard SLOT KEY.pem CERTIFICATE.der\n", stderr);
		return 2;
	}
	if (!vpcd_connect(&v, "localhost",
		VPCD_PORT + (unsigned)strtoul(argv[1], NULL, 10), &e)) {
		fprintf(stderr, "pivcard: %s\n", e.text);
		return 1;
	}
	while (serve(&c, &v, &e))
		;
	vpcd_close(&v);
	EVP_PKEY_free(c.key);
	return 0;
}
