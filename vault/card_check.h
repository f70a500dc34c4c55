/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card_check: a card is not believed.  Each indicium that comes from a device
 * is held against what was asked, the registers that were seen last, and the
 * device's certificate, before anything is drawn of it.
 */
#ifndef VAULT_CARD_CHECK_H
#define VAULT_CARD_CHECK_H

#include "stamp/cert.h"
#include "vault/psd.h"

/* `seen`: the status as it was before, moved on by each stamp that is checked.
 * A replayed stamp moves nothing; it was spent before.
 * Errors: ERR_CORRUPT (says what of it is otherwise). */
MUST_CHECK bool
card_check_stamp(const struct psd_request *asked, const struct psd_stamp *got,
    const struct cert *cert, struct psd_status *seen, struct err *e);

/* A stamp that the device remembers: its own, signed, and not beyond its
 * registers.  Errors: ERR_CORRUPT. */
MUST_CHECK bool card_check_found(const struct psd_stamp *got,
    const struct cert *cert, const struct psd_status *seen, struct err *e);

#endif
