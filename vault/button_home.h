/* SPDX-License-Identifier: Apache-2.0 */
/*
 * button_home: the PSD in a touch-memory button, as a home of vault/vault.h.
 *
 *	button:				the one postage button on the bus
 *	button:0C.0123456789AB		the button with this ROM id
 *	button:...@HOST:PORT		on the bus of this owserver, else on that
 *					of localhost:4304
 *
 * DS1996 (8 KiB) and DS1977 (32 KiB) have room for a PSD; the first remembers
 * 16 stamps and debits 16 in one step, the second 64 and 32.  A button computes
 * nothing: this computer does, and the button keeps the bytes (button_store.h),
 * the private key under the PIN, bound to ROM id and PSD.  Without a PIN
 * whoever reads the button can spend from it.
 *
 * Each operation is a visit: a lock for this button is held, its memory looked
 * at, and ROM id and PSD compared with those of the visit before.  A button that
 * is away is waited for a second; one that went away in the middle of a debit is asked
 * again by the stamps' keys when it is back.  A 1-Wire read has no checksum: what
 * seems damaged is read until two reads agree.
 *
 * What a button cannot promise: who can copy it can put an old copy back, on the
 * same button.  The journal and the provider's books show it.  owserver asks
 * nobody who he is, so every program of this computer can erase a button.  And
 * the lock is of this computer: two that share a bus must not share a button,
 * as nothing keeps one from writing while the other does.
 */
#ifndef VAULT_BUTTON_HOME_H
#define VAULT_BUTTON_HOME_H

#include "vault/vault.h"

#endif
