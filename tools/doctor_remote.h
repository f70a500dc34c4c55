/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor_remote: what stands between postage-vaultd and a vault at a provider:
 * the files that the URI names, each front, the clocks, the credential, the user
 * system's life and funds, the provider's certificate.  Looked at as the daemon's
 * user.
 */
#ifndef TOOLS_DOCTOR_REMOTE_H
#define TOOLS_DOCTOR_REMOTE_H

#include "tools/rules.h"

/* `choice` is a vault "https:..."; `today` is YYYYMMDD.  Nothing is spent.  Each
 * thing looked at goes to `fn`; what rests on a thing that is missing is not
 * looked at. */
void doctor_remote(const struct settings *s, const struct vault_choice *choice,
    uint32_t today, rules_fn *fn, void *context);

#endif
