/* SPDX-License-Identifier: Apache-2.0 */
/*
 * message: what PSD and provider say to each other about value, as bytes.
 * Pure encoders and parsers; signatures are made and checked by the callers.
 *
 *	0x02 request   PSD -> provider   wants `amount` more (0: an audit)
 *	0x12 answer    provider -> PSD   grants it, bound to PSD, sequence number
 *					 and control total
 *	0x03 receipt   PSD -> provider   the registers after it
 *	0x04 audit     PSD -> anyone     the registers, over a nonce
 *	0x07 refund    PSD -> provider   wants the stamps of a list refunded
 *	0x14 consent   provider -> home  an audit's registers are the newest that
 *					 it knows of, over the audit's nonce
 *
 * Little endian.  Each message: type, version 1, vendor (2), model (2), PSD
 * serial (u32), its fields in the order of the structs below, and a signature
 * of 64 bytes over all before it.
 */
#ifndef VAULT_MESSAGE_H
#define VAULT_MESSAGE_H

#include "vault/psd.h"

enum message_type {
	MESSAGE_REQUEST = 0x02,
	MESSAGE_RECEIPT = 0x03,
	MESSAGE_AUDIT = 0x04,
	MESSAGE_AUTHENTICATION = 0x05, /* psd_authenticate() */
	MESSAGE_REFUND = 0x07,
	MESSAGE_ANSWER = 0x12,
	MESSAGE_CONSENT = 0x14
};

/* Orders of an answer, bits. */
enum {
	ORDER_WITHHOLD = 1, /* lock until an answer comes without this */
	ORDER_WITHDRAW = 2  /* end of life; the receipt is the last account */
};

struct message_psd {
	char vendor[3], model[3];
	uint32_t serial;
};

struct download_request {
	struct message_psd psd;
	uint32_t cert_serial;
	uint32_t sequence; /* answers applied so far */
	mils ascending, control_total;
	uint32_t piece_count;
	uint8_t life;
	uint32_t audit_due, expires;
	mils amount;
};

struct download_answer {
	struct message_psd psd;
	uint32_t sequence;   /* of the request it answers, plus 1 */
	mils control_before; /* control total that it is added to */
	mils amount;
	uint8_t orders;
	uint32_t audit_due; /* the new deadline, 0 = none */
};

/* Receipt and audit. */
struct psd_report {
	enum message_type type;
	struct message_psd psd;
	uint32_t cert_serial;
	uint32_t sequence;
	mils ascending, control_total;
	uint32_t piece_count;
	uint8_t life;
	uint32_t audit_due, expires;
	uint8_t nonce[PSD_NONCE]; /* receipt: first half of the answer's hash */
};

/* The provider's word on an audit. */
struct audit_consent {
	struct message_psd psd;
	uint8_t nonce[PSD_NONCE]; /* the audit's */
};

/* The PSD's word on a list of stamps (vault/refund.h). */
struct refund_request {
	struct message_psd psd;
	uint32_t cert_serial;
	uint32_t number; /* the PSD's own, from 1 */
	mils ascending, control_total;
	uint32_t piece_count;
	uint8_t life;
	uint32_t date; /* YYYYMMDD, as the list says */
	uint32_t count;
	mils total;
	uint8_t digest[PSD_DIGEST];
};

/* The part to be signed; returns its length, at most PSD_MESSAGE_MAX -
 * INDICIUM_SIGNATURE. */
size_t message_put_request(
    const struct download_request *in, uint8_t out[PSD_MESSAGE_MAX]);
size_t message_put_answer(
    const struct download_answer *in, uint8_t out[PSD_MESSAGE_MAX]);
size_t
message_put_report(const struct psd_report *in, uint8_t out[PSD_MESSAGE_MAX]);
size_t message_put_refund(
    const struct refund_request *in, uint8_t out[PSD_MESSAGE_MAX]);

size_t message_put_consent(
    const struct audit_consent *in, uint8_t out[PSD_MESSAGE_MAX]);

/* Parse a whole message; the signature is its last 64 bytes, not checked here.
 * Errors: ERR_REQUEST. */
MUST_CHECK bool message_get_request(const uint8_t *msg, size_t len,
    struct download_request *out, struct err *e);
MUST_CHECK bool message_get_answer(
    const uint8_t *msg, size_t len, struct download_answer *out, struct err *e);
MUST_CHECK bool message_get_report(
    const uint8_t *msg, size_t len, struct psd_report *out, struct err *e);

MUST_CHECK bool message_get_refund(
    const uint8_t *msg, size_t len, struct refund_request *out, struct err *e);
MUST_CHECK bool message_get_consent(
    const uint8_t *msg, size_t len, struct audit_consent *out, struct err *e);

/* "XXPS0001234567".  Returns out. */
const char *message_psd_id(const struct message_psd *psd, char out[PSD_ID]);

#endif
