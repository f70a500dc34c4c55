/* SPDX-License-Identifier: Apache-2.0 */
/*
 * download: the provider's side of value download and audit.  Pure: what was
 * answered before, and whose money it is, is the caller's book-keeping.
 *
 * The rule that book must keep: one (PSD, sequence number) is answered once,
 * and asked again gets the stored answer, whatever the request's amount.
 */
#ifndef VAULT_DOWNLOAD_H
#define VAULT_DOWNLOAD_H

#include "stamp/sig.h"
#include "vault/message.h"

/* What the provider grants. */
struct download_terms {
	mils amount;
	uint8_t orders;	    /* ORDER_WITHHOLD, ORDER_WITHDRAW */
	uint32_t audit_due; /* YYYYMMDD, 0 = none */
};

/* Reads a request and checks it with the PSD's key (from the certificate of
 * the PSD that message_get_request() names).
 * Errors: ERR_REQUEST (no request), ERR_DENIED (signature). */
MUST_CHECK bool download_check_request(const uint8_t *msg, size_t len,
    const struct sig_key *psd, struct download_request *out, struct err *e);

/* Errors: ERR_REQUEST (amount), ERR_SYSTEM, ERR_CONFIG (key). */
MUST_CHECK bool download_make_answer(const struct download_request *request,
    const struct download_terms *terms, const struct sig_key *provider,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e);

/* Reads and checks a receipt or an audit.
 * Errors: ERR_REQUEST (neither), ERR_DENIED (signature). */
MUST_CHECK bool download_check_report(const uint8_t *msg, size_t len,
    const struct sig_key *psd, struct psd_report *out, struct err *e);

/* That the audit's registers are the newest known.  Errors: ERR_SYSTEM,
 * ERR_CONFIG (key). */
MUST_CHECK bool download_make_consent(const struct psd_report *audit,
    const struct sig_key *provider, uint8_t out[PSD_MESSAGE_MAX], size_t *len,
    struct err *e);

/* Reads and checks a refund request.  Errors: likewise. */
MUST_CHECK bool download_check_refund(const uint8_t *msg, size_t len,
    const struct sig_key *psd, struct refund_request *out, struct err *e);

#endif
