/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reach: the vault as a verb opens it, as its owner, with the PIN from where
 * the caller keeps it; and the lab of this computer, which answers where no
 * provider does.
 *
 * Order of calls: the options --vault, --pin-file and --lab fill a struct
 * reach, settings_load(), reach_settle(), then reach_vault() and lab_open().
 */
#ifndef TOOLS_REACH_H
#define TOOLS_REACH_H

#include "dispense/settings.h"
#include "vault/vault.h"

struct reach {
	const char *uri, *pin_source, *lab_option; /* NULL = not said */
	char lab[PATH_MAX];			   /* by reach_settle() */
};

/* --vault is a URI or the name of a [vault NAME].
 * What the command line says goes before the configuration: settings->vault_uri
 * and ->pin_file are what it says from then on.  r->lab = the lab's folder, the
 * one beside the journal where it was not said.
 * Errors: ERR_REQUEST (too long). */
MUST_CHECK bool
reach_settle(struct reach *r, struct settings *settings, struct err *e);

/* Opens settings->vault_uri; with `unlock` the PIN is presented where there is
 * one: settings->pin_file's, or what is typed (tools/secret.h).
 * Errors: as vault_open(), vault_unlock(), secret_read(). */
MUST_CHECK bool reach_vault(const struct settings *settings, bool unlock,
    struct vault **v, struct err *e);

#endif
