/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refunds: a refund request from journal and vault together.
 *
 * The stamps are collected and kept (journal), the PSD numbers and signs the
 * list (vault), the message is kept (journal); each step is on the medium
 * before the next.  A crash between leaves a request without a signature: the
 * next call signs that, and gets the same number for it.
 */
#ifndef DISPENSE_REFUNDS_H
#define DISPENSE_REFUNDS_H

#include "dispense/books.h"
#include "vault/vault.h"

/* Makes a request of the vault's PSD over what `choices` single out, or of
 * every spoiled stamp where there are none; or, where one waits for its
 * signature, signs that.  *id = the request.  The vault is unlocked.
 * Errors: as books_claim(), vault_refund_request(). */
MUST_CHECK bool refunds_request(struct journal *j, struct vault *v,
    const struct books_choice *choices, size_t count, uint32_t today,
    const struct books_by *by, int64_t *id, struct err *e);

#endif
