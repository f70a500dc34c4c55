/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor_card: what stands between postage-vaultd and a vault in a smart card:
 * pcscd and its policy, the reader, the card, its PSD, its PIN, its audit, its
 * certificate.  Looked at as the daemon's user, who is let in or not.
 */
#ifndef TOOLS_DOCTOR_CARD_H
#define TOOLS_DOCTOR_CARD_H

#include "tools/rules.h"

/* `choice` is a vault "card:..."; `today` is YYYYMMDD.  No try of the PIN is
 * spent.  Each thing looked at goes to `fn`; the first that is missing is the
 * last that is looked at. */
void doctor_card(const struct settings *s, const struct vault_choice *choice,
    uint32_t today, rules_fn *fn, void *context);

#endif
