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
 * gives the stamp that was made, or makes it, once.  A visit has an end
 * (CARD_VISIT_MS), so that no card holds the money for long.
 *
 * A blank card makes its key itself, and gets its certificate, identity and PIN.
 */
#ifndef VAULT_CARD_HOME_H
#define VAULT_CARD_HOME_H

#include "vault/card_link.h"
#include "vault/vault.h"

#endif
