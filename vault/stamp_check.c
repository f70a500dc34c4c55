/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/stamp_check.h"

#include <string.h>

/* The certificate says who it is, not the device. */
static const char *
identity_fault(const struct indicium *in, const struct cert *cert)
{
	char id[INDICIUM_PSD_ID];

	if (!indicium_is_ours(in) || in->algorithm != IBI_ALGORITHM)
		return "it is no indicium of a PSD";
	if (strcmp(indicium_psd_id(in, id), cert_id(cert)) != 0 ||
	    in->cert_serial != cert_serial(cert))
		return "it is of another PSD";
	return NULL;
}

static bool
is_signed(const struct indicium *in, const struct cert *cert)
{
	uint8_t part[INDICIUM_MAX];
	struct err e = ERR_INIT;
	size_t len;

	return indicium_signed_part(in, part, sizeof(part), &len, &e) &&
	       sig_verify(cert_key(cert), part, len, in->signature);
}

const char *
stamp_own_fault(
    const struct psd_stamp *got, const struct cert *cert, struct indicium *in)
{
	struct err e = ERR_INIT;
	const char *fault;

	if (!indicium_decode(got->indicium, got->len, in, &e))
		return "it cannot be read";
	fault = identity_fault(in, cert);
	if (fault == NULL && !is_signed(in, cert))
		fault = "its signature is not its PSD's";
	return fault;
}

const char *
stamp_request_fault(const struct indicium *in, const struct psd_request *asked)
{
	char category[4];
	size_t len = strnlen(asked->category, sizeof(category));

	memset(category, ' ', sizeof(category));
	memcpy(category, asked->category, len);
	if (in->postage != (uint64_t)asked->amount)
		return "its value is another one";
	if (in->mail_date != asked->mail_date ||
	    (!asked->brief && in->mailby != asked->mailby))
		return "its dates are others";
	if (in->origin_zip != asked->origin_zip ||
	    (asked->sheet_serial == 0 &&
		in->destination != asked->destination) ||
	    (!asked->brief && in->sender_zip != asked->sender_zip) ||
	    in->sheet_serial != asked->sheet_serial ||
	    in->label != asked->label)
		return "its places are others";
	if (memcmp(in->category, category, sizeof(category)) != 0 ||
	    in->kind != asked->kind)
		return "its kind is another one";
	return NULL;
}
