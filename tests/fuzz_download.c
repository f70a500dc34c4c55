/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of value download and audit: each parses to fields or one error;
 * what parses encodes back to the same bytes.  A PSD whose provider signs
 * everything applies what it can and keeps its rules. */
#include <stdlib.h>
#include <string.h>

#include "vault/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
sign(void *context, const uint8_t *msg, size_t len,
    uint8_t sig[INDICIUM_SIGNATURE], struct err *e)
{
	(void)context;
	(void)e;
	memset(sig, len > 0 ? msg[0] : 0, INDICIUM_SIGNATURE);
	return true;
}

static bool
verify(void *context, const uint8_t key[PSD_POINT], const uint8_t *msg,
    size_t len, const uint8_t sig[INDICIUM_SIGNATURE])
{
	(void)context;
	(void)key;
	return len == 0 || sig[0] == sig[1] || msg[0] != 0;
}

static void
sha256(void *context, const uint8_t *msg, size_t len, uint8_t hash[32])
{
	(void)context;
	memset(hash, 0, 32);
	for (size_t i = 0; i < len; i++)
		hash[i % 32] ^= msg[i];
}

static void
must_equal(const uint8_t *data, size_t size, const uint8_t *made, size_t len)
{
	if (len != size - INDICIUM_SIGNATURE || memcmp(data, made, len) != 0)
		abort();
}

static void
apply(const uint8_t *data, size_t size)
{
	static struct psd p;
	const struct psd_crypto crypto = {NULL, sign, verify, sha256};
	const struct psd_setup setup = {.vendor = "XX",
	    .model = "PS",
	    .serial = 7,
	    .max_stamp = 1000,
	    .max_descending = 2000000,
	    .expires = 20291231,
	    .provider_key = {4}};
	uint8_t out[PSD_MESSAGE_MAX];
	struct err e = ERR_INIT;
	size_t len;
	bool changed;

	psd_init(&p);
	if (!psd_initialise(&p, &e) || !psd_personalise(&p, &setup, &e))
		abort();
	if (psd_download_apply(
		&p, &crypto, data, size, out, &len, &changed, &e) &&
	    (!changed || p.download_sequence != 1))
		abort();
	if (!psd_check(&p, &e))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct download_request request;
	struct download_answer answer;
	struct refund_request refund;
	struct psd_report report;
	struct audit_consent consent;
	uint8_t out[PSD_MESSAGE_MAX];
	struct err e = ERR_INIT;

	if (message_get_request(data, size, &request, &e))
		must_equal(data, size, out, message_put_request(&request, out));
	if (message_get_answer(data, size, &answer, &e))
		must_equal(data, size, out, message_put_answer(&answer, out));
	if (message_get_report(data, size, &report, &e))
		must_equal(data, size, out, message_put_report(&report, out));
	if (message_get_refund(data, size, &refund, &e))
		must_equal(data, size, out, message_put_refund(&refund, out));
	if (message_get_consent(data, size, &consent, &e))
		must_equal(data, size, out, message_put_consent(&consent, out));
	apply(data, size);
	return 0;
}
