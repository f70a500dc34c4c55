/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reach: the vault as a verb opens it, as its owner, with the PIN from where
 * the caller keeps it.
 */
#ifndef TOOLS_REACH_H
#define TOOLS_REACH_H

#include "dispense/settings.h"
#include "vault/vault.h"

struct reach {
	const char *pin_source; /* NULL = the configuration's */
};

/* Opens settings->vault_uri; with `unlock` the PIN is presented where there is
 * one.  Errors: as vault_open(), vault_unlock(), pin_read(). */
MUST_CHECK bool
reach_vault(const struct reach *r, const struct settings *settings, bool unlock,
    struct vault **v, struct err *e);

#endif
