/* SPDX-License-Identifier: Apache-2.0 */
/* the card's PIN and unblocking key */
#include <string.h>

#include "vault/card_app_own.h"

/* What the PSD keeps of a PIN: a card does not tell its memory, so that this
 * need not be slow. */
static void
make_verifier(const struct card_app *a, char what, const uint8_t *secret,
    size_t len, uint8_t out[PSD_VERIFIER])
{
	uint8_t text[1 + PSD_ID + CARD_PIN_MAX] = {0};

	text[0] = (uint8_t)what;
	psd_id(&a->psd, (char *)text + 1);
	memcpy(text + 1 + PSD_ID, secret, len);
	a->crypto->psd.sha256(
	    a->crypto->psd.context, text, 1 + PSD_ID + len, out);
	memset(text, 0, sizeof(text));
}

static bool
pin_fits(size_t len)
{
	return len >= CARD_PIN_MIN && len <= CARD_PIN_MAX;
}

/* A try is gone from the memory before the comparison begins. */
static uint16_t
try_pin(struct card_app *a, const uint8_t *pin, size_t len)
{
	uint8_t verifier[PSD_VERIFIER];
	struct err e = ERR_INIT;

	a->psd.pin_verified = false;
	if (!a->psd.pin_required)
		return CARD_WRONG_STATE;
	if (!psd_pin_spend(&a->psd, &e))
		return CARD_PIN_BLOCKED;
	if (!card_app_save(a))
		return card_app_nvm_failed(a);
	make_verifier(a, 'P', pin, len, verifier);
	if (!psd_pin_compare(&a->psd, verifier, &e))
		return a->psd.pin_tries_left == 0
			   ? CARD_PIN_BLOCKED
			   : (uint16_t)(CARD_PIN_WRONG | a->psd.pin_tries_left);
	if (card_app_save(a))
		return CARD_OK;
	return card_app_nvm_failed(a);
}

static uint16_t
pin_state(const struct psd *p)
{
	if (!p->pin_required || p->pin_verified)
		return CARD_OK;
	if (p->pin_tries_left == 0)
		return CARD_PIN_BLOCKED;
	return (uint16_t)(CARD_PIN_WRONG | p->pin_tries_left);
}

uint16_t
card_app_verify(struct card_app *a, const struct apdu *in, struct reply *out)
{
	(void)out;
	if (in->p1 != 0 || in->p2 != 0x81)
		return CARD_BAD_P1P2;
	if (in->len == 0)
		return pin_state(&a->psd);
	return pin_fits(in->len) ? try_pin(a, in->data, in->len) : CARD_LENGTH;
}

static uint16_t
set_pin(struct card_app *a, const uint8_t *pin, size_t len)
{
	uint8_t verifier[PSD_VERIFIER] = {0};
	struct err e = ERR_INIT;

	if (len > 0)
		make_verifier(a, 'P', pin, len, verifier);
	if (!psd_pin_set(&a->psd, len > 0 ? verifier : NULL, &e))
		return CARD_NEEDS_PIN;
	if (!card_app_save(a))
		return card_app_nvm_failed(a);
	a->psd.pin_verified = a->psd.pin_required;
	return CARD_OK;
}

/* Old length, old PIN, new PIN: either may be none. */
uint16_t
card_app_change_pin(
    struct card_app *a, const struct apdu *in, struct reply *out)
{
	const uint8_t *old = in->data + 1, *new;
	size_t old_len, new_len;
	uint16_t word;

	(void)out;
	if (in->p1 != 0 || in->p2 != 0x81)
		return CARD_BAD_P1P2;
	if (in->len < 1 || in->data[0] > in->len - 1)
		return CARD_LENGTH;
	old_len = in->data[0];
	new = old + old_len;
	new_len = in->len - 1 - old_len;
	if ((old_len != 0 && !pin_fits(old_len)) ||
	    (new_len != 0 && !pin_fits(new_len)))
		return CARD_LENGTH;
	if (a->psd.life == PSD_CREATED || a->psd.life == PSD_INITIALISED)
		return CARD_WRONG_STATE;
	if (a->psd.pin_required) {
		if (old_len == 0)
			return CARD_NEEDS_PIN;
		word = try_pin(a, old, old_len);
		if (word != CARD_OK)
			return word;
	}
	return set_pin(a, new, new_len);
}

/* PUK, new PIN; with P1 01 the PUK alone: it is set, once, by who gave the PIN:
 * without one anybody could. */
uint16_t
card_app_unblock(struct card_app *a, const struct apdu *in, struct reply *out)
{
	uint8_t verifier[PSD_VERIFIER];
	struct err e = ERR_INIT;
	size_t new_len = in->len - CARD_PUK_BYTES;

	(void)out;
	if (in->p2 != 0x81 || in->p1 > 1)
		return CARD_BAD_P1P2;
	if (in->len < CARD_PUK_BYTES || (in->p1 == 1) != (new_len == 0) ||
	    (new_len != 0 && !pin_fits(new_len)))
		return CARD_LENGTH;
	if (a->psd.life == PSD_CREATED || a->psd.life == PSD_INITIALISED)
		return CARD_WRONG_STATE;
	make_verifier(a, 'U', in->data, CARD_PUK_BYTES, verifier);
	if (in->p1 == 1) {
		if (!a->psd.pin_required || !a->psd.pin_verified)
			return CARD_NEEDS_PIN;
		if (!psd_puk_set(&a->psd, verifier, &e))
			return CARD_WRONG_STATE;
		return card_app_save(a) ? CARD_OK : card_app_nvm_failed(a);
	}
	if (!psd_puk_spend(&a->psd, &e))
		return CARD_PIN_BLOCKED;
	if (!card_app_save(a))
		return card_app_nvm_failed(a);
	if (!psd_puk_compare(&a->psd, verifier, &e))
		return a->psd.puk_tries_left == 0
			   ? CARD_PIN_BLOCKED
			   : (uint16_t)(CARD_PIN_WRONG | a->psd.puk_tries_left);
	return set_pin(a, in->data + CARD_PUK_BYTES, new_len);
}

/* --- with the identity ---------------------------------------------------------- */

bool
card_app_secrets_fit(const uint8_t *secrets, size_t len)
{
	size_t puk;

	if (len == 0)
		return true;
	if (!pin_fits(secrets[0]) || secrets[0] > len - 1)
		return false;
	puk = len - 1 - secrets[0];
	return puk == 0 || puk == CARD_PUK_BYTES;
}

void
card_app_set_secrets(struct card_app *a, const uint8_t *secrets, size_t len)
{
	uint8_t verifier[PSD_VERIFIER];
	size_t pin_len = len > 0 ? secrets[0] : 0;
	struct err e = ERR_INIT;

	if (pin_len == 0)
		return;
	make_verifier(a, 'P', secrets + 1, pin_len, verifier);
	(void)!psd_pin_set(&a->psd, verifier, &e);
	if (1 + pin_len == len)
		return;
	make_verifier(a, 'U', secrets + 1 + pin_len, CARD_PUK_BYTES, verifier);
	(void)!psd_puk_set(&a->psd, verifier, &e);
}
