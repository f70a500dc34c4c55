/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/psd_help.h"

#include "tests/test.h"
#include "vault/crypto.h"

void
bench_setup(const struct bench *b, struct psd_setup *out)
{
	struct err e = ERR_INIT;

	*out = (struct psd_setup){.vendor = "XX",
	    .model = "PS",
	    .serial = 7,
	    .cert_serial = 7,
	    .licence = 1,
	    .software_id = {1, 2, 3, 4, 5, 6},
	    .min_stamp = 10,
	    .max_stamp = 100000,
	    .max_descending = 2000000,
	    .expires = 20291231,
	    .audit_due = 20270228};
	is_ok(
	    crypto_point(b->provider, out->provider_key, &e), &e, "the point");
}

void
bench_open(struct bench *b)
{
	struct psd_setup setup;
	struct err e = ERR_INIT;

	is_ok(sig_generate(&b->key, &e), &e, "PSD key");
	is_ok(sig_generate(&b->provider, &e), &e, "provider key");
	crypto_init(&b->crypto, b->key);
	bench_setup(b, &setup);
	psd_init(&b->psd);
	is_ok(psd_initialise(&b->psd, &e), &e, "initialise");
	is_ok(psd_personalise(&b->psd, &setup, &e), &e, "personalise");
}

void
bench_close(struct bench *b)
{
	sig_free(b->key);
	sig_free(b->provider);
}

struct psd_request
bench_request(uint32_t n, mils amount)
{
	struct psd_request r = {.amount = amount,
	    .mail_date = TODAY,
	    .mailby = 20261128,
	    .origin_zip = 62704,
	    .destination = 90210123400,
	    .category = "FCL1"};

	memcpy(r.key, &n, sizeof(n));
	r.key[15] = 0x5a;
	return r;
}

void
bench_answer(const struct bench *b, const struct download_terms *terms,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len)
{
	uint8_t msg[PSD_MESSAGE_MAX];
	struct download_request request;
	struct err e = ERR_INIT;
	size_t msg_len;

	is_ok(psd_download_request(&b->psd, &b->crypto, 0, msg, &msg_len, &e),
	    &e, "request");
	is_ok(download_check_request(msg, msg_len, b->key, &request, &e), &e,
	    "check of the request");
	is_ok(download_make_answer(&request, terms, b->provider, out, len, &e),
	    &e, "answer");
}

void
bench_refill(struct bench *b, mils amount)
{
	struct download_terms terms = {amount, 0, 20270228};
	uint8_t answer[PSD_MESSAGE_MAX], receipt[PSD_MESSAGE_MAX];
	size_t answer_len, receipt_len;
	struct err e = ERR_INIT;
	bool changed;

	bench_answer(b, &terms, answer, &answer_len);
	is_ok(psd_download_apply(&b->psd, &b->crypto, answer, answer_len,
		  receipt, &receipt_len, &changed, &e),
	    &e, "apply");
	ok(changed, "the answer changes the state");
}

bool
bench_debit(struct bench *b, const struct psd_request *r, struct psd_stamp *out,
    struct err *e)
{
	bool changed;

	return psd_debit(&b->psd, &b->crypto, TODAY, r, 1, out, &changed, e);
}
