/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lab_own: what the files of the lab share.  For vault/lab*.c alone.
 */
#ifndef VAULT_LAB_OWN_H
#define VAULT_LAB_OWN_H

#include <limits.h>

#include "vault/lab.h"

struct lab {
	char folder[PATH_MAX];
	struct sig_key *authority_key, *provider_key, *download_key;
	struct cert *authority, *provider;
};

/* Errors: ERR_CONFIG (too long). */
MUST_CHECK bool lab_path(
    const struct lab *lab, const char *name, char out[PATH_MAX], struct err *e);

#endif
