/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trust: is the device that was opened one that the provider made?  Asked
 * before it gets a PIN or a debit: a device brings its certificate itself, and
 * anything in a reader can bring one of its own making.
 */
#ifndef VAULT_TRUST_H
#define VAULT_TRUST_H

#include "vault/vault.h"

/* The device's certificate leads to an authority in `folder` (postage.conf(5),
 * certificates) on `date`, YYYYMMDD.  A file vault is asked nothing: who can
 * exchange it can read it.  A provider's certificate must lead there, and so must
 * that of each PSD that signs for it: vault_trust().
 * Errors: ERR_DENIED (it does not; says which certificate is to blame), as
 * cert_store_open(), as vault_certificate(). */
MUST_CHECK bool
trust_check(struct vault *v, const char *folder, uint32_t date, struct err *e);

#endif
