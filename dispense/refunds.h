/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refunds: a refund request from journal and vault together.
 *
 * The stamps are collected and kept (journal), the PSD numbers and signs the
 * list (vault), the message is kept (journal); each step is on the medium
 * before the next.  A crash between leaves a request without a signature: the
 * next call signs that, and gets the same number for it.
 *
 * Where the registers are at a provider, that is asked in place of the PSD, and
 * numbers the request.  A provider that is away, or whose answer was lost,
 * leaves a request without a number: the next call asks again, and the same
 * stamps are the same refund there.  What it refuses is free for another
 * request.
 */
#ifndef DISPENSE_REFUNDS_H
#define DISPENSE_REFUNDS_H

#include "dispense/books.h"
#include "vault/vault.h"

/* Makes a request of the vault's PSD over what `choices` single out, or of
 * every spoiled stamp where there are none; or, where one waits for its
 * signature, signs that.  *id = the request.  The vault is unlocked.
 * Errors: as books_claim(), vault_refund_request(), vault_refund_ask(). */
MUST_CHECK bool refunds_request(struct journal *j, struct vault *v,
    const struct books_choice *choices, size_t count, uint32_t today,
    const struct books_by *by, int64_t *id, struct err *e);

/* What became of a request that the vault's provider numbered: *answer is the
 * text for books_settle(), on the heap; NULL as long as *now says that people
 * there have to decide.
 * Errors: ERR_REQUEST (another vault's), ERR_CORRUPT (the provider means other
 * stamps), as vault_refund_look(). */
MUST_CHECK bool refunds_look(struct vault *v, const struct books_request *r,
    struct vault_refund *now, char **answer, size_t *len, struct err *e);

#endif
