/* SPDX-License-Identifier: Apache-2.0 */
/*
 * enrol: makes a PSD in this database: its key in a module, its certificate by
 * the provider, its first state.
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

#endif
