/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote_value: carries what a PSD and its provider say about value over HTTPS.
 * The PSD is any vault of this computer; a user system of its account speaks for
 * it (the token of the URI).
 *
 * A question may be put several times: a provider answers one number once.
 */
#ifndef VAULT_REMOTE_VALUE_H
#define VAULT_REMOTE_VALUE_H

#include "vault/remote_link.h"
#include "vault/vault.h"

struct remote_value {
	struct remote_link link;
};

/* `uri` as a vault's: "https://HOST/?authority=FILE&token=FILE".
 * Errors: ERR_CONFIG (URI, a file). */
MUST_CHECK bool remote_value_open(
    struct remote_value *out, const char *uri, int wait_ms, struct err *e);
void remote_value_close(struct remote_value *r);

/* The provider's answer to a request for value (or an audit) of a PSD.
 * Errors: as remote_ask(); ERR_REQUEST (no request). */
MUST_CHECK bool remote_value_answer(struct remote_value *r,
    const uint8_t *request, size_t request_len, uint8_t out[PSD_MESSAGE_MAX],
    size_t *len, struct err *e);

/* The provider's consent to an audit, for a guard: a struct vault_judge with a
 * struct remote_value as its context.  Errors: likewise. */
MUST_CHECK bool remote_value_consent(void *context, const uint8_t *audit,
    size_t audit_len, uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e);

/* The provider's signed answer to a list that PSD `psd_id` signed
 * (vault/refund.h), on the heap; NULL as long as nobody there said yes or no.
 * Errors: likewise. */
MUST_CHECK bool remote_value_refund(struct remote_value *r, const char *psd_id,
    const char *request, size_t request_len, char **answer, size_t *len,
    struct err *e);

#endif
