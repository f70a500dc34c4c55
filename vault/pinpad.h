/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pinpad: a reader with keys of its own, on which the PIN is typed: it goes from
 * the reader to the card and is never in this computer.  The bytes of PC/SC part
 * 10 (version 2.02.09), pure; who sends them is vault/card.c.
 */
#ifndef VAULT_PINPAD_H
#define VAULT_PINPAD_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define PINPAD_VERIFY_BYTES 24

enum pinpad_feature {
	PINPAD_VERIFY = 0x06 /* FEATURE_VERIFY_PIN_DIRECT */
};

/* The reader's list of what it can do: feature, 4, control code (4, big endian);
 * each.  Is this one in it?  A list that is cut holds nothing. */
bool pinpad_find(const uint8_t *list, size_t len, enum pinpad_feature feature,
    uint32_t *control);

/* What the reader is told: a PIN of a postage card (vault/card_apdu.h), digits
 * as ASCII, ended by its OK key, into the command VERIFY. */
void pinpad_verify(uint8_t out[PINPAD_VERIFY_BYTES]);

/* The reader's own status word, of a PIN that it did not send.  True: this is
 * none, but the card's.
 * Errors: ERR_DENIED (nobody typed, cancelled, too short). */
MUST_CHECK bool pinpad_said(uint16_t word, struct err *e);

#endif
