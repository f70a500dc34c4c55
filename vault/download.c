/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/download.h"

#include <string.h>

static bool
is_signed(const uint8_t *msg, size_t len, const struct sig_key *psd,
    const struct message_psd *name, struct err *e)
{
	size_t signed_len = len - SIG_BYTES;
	char id[PSD_ID];

	if (sig_verify(psd, msg, signed_len, msg + signed_len))
		return true;
	return err_set(e, ERR_DENIED,
	    "the message does not bear the signature of PSD %s",
	    message_psd_id(name, id));
}

bool
download_check_request(const uint8_t *msg, size_t len,
    const struct sig_key *psd, struct download_request *out, struct err *e)
{
	return message_get_request(msg, len, out, e) &&
	       is_signed(msg, len, psd, &out->psd, e);
}

bool
download_check_report(const uint8_t *msg, size_t len, const struct sig_key *psd,
    struct psd_report *out, struct err *e)
{
	return message_get_report(msg, len, out, e) &&
	       is_signed(msg, len, psd, &out->psd, e);
}

bool
download_check_refund(const uint8_t *msg, size_t len, const struct sig_key *psd,
    struct refund_request *out, struct err *e)
{
	return message_get_refund(msg, len, out, e) &&
	       is_signed(msg, len, psd, &out->psd, e);
}

bool
download_make_answer(const struct download_request *request,
    const struct download_terms *terms, const struct sig_key *provider,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	struct download_answer a = {.psd = request->psd,
	    .sequence = request->sequence + 1,
	    .control_before = request->control_total,
	    .amount = terms->amount,
	    .orders = terms->orders,
	    .audit_due = terms->audit_due};

	if (terms->amount < 0 || request->sequence == UINT32_MAX)
		return err_set(
		    e, ERR_REQUEST, "this request cannot be answered");
	*len = message_put_answer(&a, out);
	if (!sig_sign(provider, out, *len, out + *len, e))
		return false;
	*len += SIG_BYTES;
	return true;
}

bool
download_make_consent(const struct psd_report *audit,
    const struct sig_key *provider, uint8_t out[PSD_MESSAGE_MAX], size_t *len,
    struct err *e)
{
	struct audit_consent c = {.psd = audit->psd};

	memcpy(c.nonce, audit->nonce, PSD_NONCE);
	*len = message_put_consent(&c, out);
	if (!sig_sign(provider, out, *len, out + *len, e))
		return false;
	*len += SIG_BYTES;
	return true;
}
