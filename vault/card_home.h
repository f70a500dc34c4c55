/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card_home: the PSD in a smart card, as a home of vault/vault.h.
 *
 *	card:				the one postage card in any reader
 *	card:XXPS0000000001		this PSD, in whatever reader it is
 *	card:reader=Virtual PCD 00 00	whatever is in this reader
 *
 * Each operation is a visit: the card is locked, the application selected, the
 * PSD's name compared, the PIN given where there is one; and at its end the
 * selection is made again, so that nobody finds the PIN given.  Where the link
 * breaks in a visit, the card is looked for anew, must sign a nonce with the
 * key of its certificate, and the debit is asked for again by its key: that
 * gives the stamp that was made, or makes it, once.
 *
 * To make one: vault_card_generate(), a certificate for its point, then
 * vault_card_personalise().
 */
#ifndef VAULT_CARD_HOME_H
#define VAULT_CARD_HOME_H

#include "stamp/cert.h"
#include "vault/card_link.h"
#include "vault/vault.h"

/* A blank card makes its key; `point` is its public half.  A card whose making
 * was cut off begins again.
 * Errors: ERR_CONFIG (URI), ERR_ABSENT, ERR_BUSY, ERR_REQUEST (the card has a
 * PSD already), ERR_SYSTEM. */
MUST_CHECK bool vault_card_generate(
    const char *uri, int wait_ms, uint8_t point[PSD_POINT], struct err *e);

/* Certificate, identity, PIN (NULL or "": none).  Errors: the same. */
struct vault_card_setup {
	struct psd_setup psd;
	const struct cert *cert;
	const char *pin;
};
MUST_CHECK bool vault_card_personalise(const char *uri, int wait_ms,
    const struct vault_card_setup *setup, struct err *e);

#endif
