/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crl: the list of revoked certificates, as the provider last signed it.  A new
 * one is made for each new revocation, and each day.
 */
#ifndef PROVIDER_CRL_H
#define PROVIDER_CRL_H

#include "provider/worker.h"

/* The newest as DER on the heap.  Outside of a transaction.
 * Errors: ERR_ABSENT (there is none, and this server has no key to make one),
 * the store's. */
MUST_CHECK bool
crl_newest(struct worker *w, uint8_t **out, size_t *len, struct err *e);

#endif
