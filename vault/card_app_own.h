/* SPDX-License-Identifier: Apache-2.0 */
/* card_app_own: what the files of the card's application share.  For
 * vault/card_app*.c alone. */
#ifndef VAULT_CARD_APP_OWN_H
#define VAULT_CARD_APP_OWN_H

#include "vault/card_app.h"

/* A command taken apart. */
struct apdu {
	uint8_t cla, ins, p1, p2;
	const uint8_t *data;
	size_t len;
	size_t le; /* bytes that are wanted, 0 = none said */
};

struct reply {
	uint8_t bytes[CARD_REPLY_MAX];
	size_t len;
};

static inline unsigned
p1p2(const struct apdu *in)
{
	return (unsigned)in->p1 << 8 | in->p2;
}

/* The state is stored; false: how far it came, only the memory knows. */
MUST_CHECK bool card_app_save(struct card_app *a);

/* The answer to a memory that failed: what it holds now is the state. */
uint16_t card_app_nvm_failed(struct card_app *a);

/* What was changed is stored; what was only found is made sure of.  Returns the
 * status word. */
uint16_t card_app_kept(struct card_app *a, bool changed);

/* What may stand behind the setup of PERSONALISE: length of the PIN, PIN, PUK or
 * none; so no card is ever in use without the PIN it was to have. */
bool card_app_secrets_fit(const uint8_t *secrets, size_t len);
/* They fit.  Not stored yet. */
void
card_app_set_secrets(struct card_app *a, const uint8_t *secrets, size_t len);

/* A command: fills `out`, returns its status word. */
typedef uint16_t
card_app_run(struct card_app *a, const struct apdu *in, struct reply *out);

card_app_run card_app_debit, card_app_recover, card_app_recent,
    card_app_value_request, card_app_value_apply, card_app_audit,
    card_app_authenticate, card_app_refund;
card_app_run card_app_verify, card_app_change_pin, card_app_unblock;

#endif
