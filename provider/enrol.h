/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enrol: a new PSD in this database: its key in a module, its certificate by the
 * provider, its first state.  A card has all of that already, and is taken in.
 */
#ifndef PROVIDER_ENROL_H
#define PROVIDER_ENROL_H

#include "provider/store_psd.h"
#include "provider/worker.h"
#include "vault/authority.h"

struct enrol {
	const struct authority *authority;
	int64_t account;
	struct signer *signer;
	mils min_stamp, max_stamp, max_descending;
	int years; /* until it expires */
};

/* In a transaction that writes; *serial of the new PSD.
 * Errors: as signer_make(), authority_certify(), psd_personalise(). */
MUST_CHECK bool enrol_psd(struct worker *w, const struct enrol *setup,
    uint32_t *serial, struct err *e);

/* The PSD on the card of a module that follows: certified by this provider, under
 * its licence, and without any value yet, for the books have to know all of it.
 * The first value, of 0, makes sure that it takes this provider's answers and
 * needs no audit: each of its stamps is in the books.  In a transaction that
 * writes.
 * Errors: as signer_take(), ERR_REQUEST (says what of it is otherwise). */
MUST_CHECK bool enrol_card(struct worker *w, int64_t account,
    struct signer *signer, uint32_t *serial, struct err *e);

#endif
