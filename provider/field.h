/* SPDX-License-Identifier: Apache-2.0 */
/*
 * field: PSDs of users in the field, cards and disks: value from their account's
 * credit, and audits.
 *
 * The rules of vault/download.h, in the database: one answer for each number,
 * for ever, written in the transaction that takes the credit.  What a PSD says to
 * have spent may only grow, by its stamps that the post saw too, and is booked; what
 * it holds in all has to be what this provider gave it.
 */
#ifndef PROVIDER_FIELD_H
#define PROVIDER_FIELD_H

#include "provider/store_system.h"
#include "provider/worker.h"
#include "stamp/cert.h"
#include "vault/message.h"

/* Is it a PSD that this provider certified, and whose time has not run out?
 * Errors: ERR_REQUEST (it is none). */
MUST_CHECK bool
field_is_ours(struct worker *w, const struct cert *certificate, struct err *e);

/* The number of "XXPS0000000001".  Errors: ERR_REQUEST (not of this provider). */
MUST_CHECK bool field_serial(
    const struct worker *w, const char *id, uint32_t *serial, struct err *e);

/* A PSD of the account, by the certificate that this provider gave it.  In a
 * transaction that writes.
 * Errors: ERR_REQUEST (not by this provider, or there is one of that number). */
MUST_CHECK bool field_enrol(struct worker *w, int64_t account,
    const struct cert *certificate, uint32_t *serial, struct err *e);

/* Who speaks for PSD `serial`: a user system of its account. */
struct field_call {
	const struct user_system *who;
	uint32_t serial;
	const uint8_t *msg;
	size_t len;
};

/* Answers a request for value (0: an audit).  Outside of a transaction.
 * Errors: ERR_REQUEST (no request, another PSD's), ERR_DENIED (not the account's,
 * signature, an old copy, value that was not given here, may not spend),
 * ERR_FUNDS. */
MUST_CHECK bool field_download(struct worker *w, const struct field_call *call,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e);

/* Takes a receipt or an audit down. */
MUST_CHECK bool
field_audit(struct worker *w, const struct field_call *call, struct err *e);

/* Consents to an audit whose registers are the newest known, for a guard.
 * Errors: likewise; ERR_DENIED (it may be an old copy). */
MUST_CHECK bool field_consent(struct worker *w, const struct field_call *call,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e);

#endif
