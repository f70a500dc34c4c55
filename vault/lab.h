/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lab: a stand-alone provider in a folder, for labs and tests.
 *
 * It has an authority, a provider (vendor id "XX") with a certificate and a
 * key for value downloads, certifies PSDs and answers their requests.  Its
 * postage is worth nothing: every imprint of an "XX" PSD says SPECIMEN.
 *
 *	authority.* provider.* download.key   see vault/authority.h
 *	psd/XXPS0000000001.pem        each PSD's certificate
 *	answers/XXPS0000000001-1      each answer that was given
 *	books/XXPS0000000001          what it said to have spent, the highest
 *	books/XXPS0000000001-1        and when download 1 got a consent
 *	refunds/XXPS0000000001-1      likewise, to a refund request
 *	refunds/XXPS0000000001-1-credit  the answer that brings its value
 *	refunds/XXPS0000000001-stamp-780  each stamp that was refunded
 */
#ifndef VAULT_LAB_H
#define VAULT_LAB_H

#include "stamp/cert.h"
#include "vault/vault.h"

struct lab;

/* Opens the lab in `folder`, making what is missing of it; the caller closes.
 * Errors: ERR_SYSTEM, ERR_CONFIG (a file there is no key or certificate). */
MUST_CHECK bool lab_open(const char *folder, struct lab **out, struct err *e);
/* NULL is allowed. */
void lab_close(struct lab *lab);

/* A new PSD; zeros are filled by lab_defaults(). */
struct lab_psd {
	uint32_t serial; /* 0 = the next free one */
	uint32_t licence;
	uint16_t currency; /* as struct psd_status */
	mils min_stamp, max_stamp, max_descending;
	uint32_t expires, audit_due; /* YYYYMMDD; audit_due 0 = none */
	const char *pin;	     /* NULL or "": none */
	const char *puk;	     /* NULL: none; see vault/vault.h */
	const char *guard;	     /* likewise: vault/guard.h */
	const char *token;	     /* as in struct vault_setup */
};

/* Licence 1, 0.001 to 100.00 a stamp, 2000.00 in all, three years, audit in 90 days. */
void lab_defaults(struct lab_psd *out);

/* A new PSD at `uri` with a certificate of this lab: vault_create();
 * `id` gets the PSD's name.  Errors: as vault_create(). */
MUST_CHECK bool lab_create_vault(struct lab *lab, const char *uri,
    const struct lab_psd *psd, char id[PSD_ID], struct err *e);

/* Answers a download request: grants what it asks, next audit in 90 days.  The
 * same sequence number gets the same answer for ever.
 * Errors: ERR_REQUEST, ERR_DENIED (unknown PSD, signature, an old copy of it),
 * ERR_SYSTEM. */
MUST_CHECK bool
lab_answer(struct lab *lab, const uint8_t *request, size_t request_len,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e);

/* The same with orders of enum in vault/message.h: ORDER_WITHHOLD locks the PSD
 * until an answer comes without it, ORDER_WITHDRAW ends it.  A number that was
 * answered before keeps that answer's orders. */
MUST_CHECK bool lab_answer_ordering(struct lab *lab, uint8_t orders,
    const uint8_t *request, size_t request_len, uint8_t out[PSD_MESSAGE_MAX],
    size_t *len, struct err *e);

/* Gives orders, 0 = none any more, by a download of nothing; an answer that
 * still waited for the PSD goes first.  Errors: as lab_refill(). */
MUST_CHECK bool
lab_order(struct lab *lab, struct vault *v, uint8_t orders, struct err *e);

/* Request, answer and apply in one, for a vault that is open (and unlocked);
 * amount 0 is an audit.
 * Errors: as vault_download_request(), lab_answer(), vault_download_apply(). */
MUST_CHECK bool
lab_refill(struct lab *lab, struct vault *v, mils amount, struct err *e);

/* Answers a refund request (vault/refund.h) with a signed text on the heap, a
 * NUL behind it, which the caller frees, also after an error: the same request
 * gets the same answer, a stamp is granted once, and one whose mail date is
 * over 90 days past is not.  Errors: as refund_check(). */
MUST_CHECK bool lab_refund(struct lab *lab, const char *request,
    size_t request_len, char **out, size_t *len, struct err *e);

/* Brings what refund request `number` of PSD `id` was granted into the vault
 * (open and unlocked), by one download of its own: however often it is called,
 * or cut off, and whatever is downloaded beside it.  *sequence is that one's.
 * Errors: as lab_refill(). */
struct lab_granted {
	const char *id;
	uint32_t number;
	mils amount;
};
MUST_CHECK bool lab_credit(struct lab *lab, struct vault *v,
    const struct lab_granted *what, uint32_t *sequence, struct err *e);

/* Consents to an audit whose registers are the newest that the lab knows of.
 * Errors: as lab_answer(). */
MUST_CHECK bool lab_consent(struct lab *lab, const uint8_t *audit,
    size_t audit_len, uint8_t *out, size_t *len, struct err *e);

/* A new guard for a vault (open, unlocked) whose old one is gone or says that
 * the vault is an old copy, if the lab consents; an audit follows, so that no
 * other copy is consented to.
 * Errors: as vault_set_guard(), lab_consent(). */
MUST_CHECK bool
lab_rebind(struct lab *lab, struct vault *v, const char *guard, struct err *e);

/* Writes the certificates of authority, provider and PSD `id` into `folder`
 * (made if missing), where postage-verify(1) looks.
 * Errors: ERR_SYSTEM, ERR_CONFIG (a certificate of the lab cannot be read). */
MUST_CHECK bool
lab_publish(struct lab *lab, const char *id, const char *folder, struct err *e);

#endif
