/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card_child: what a card_link and its child (vault/aside.h) say to each other.
 */
#ifndef VAULT_CARD_CHILD_H
#define VAULT_CARD_CHILD_H

#include "vault/aside.h"
#include "vault/card_link.h"

enum card_order {
	ORDER_READERS = 1, /* -> name (NUL), present, ATR length, ATR; each */
	ORDER_WAIT,	   /* milliseconds (4, le) */
	ORDER_WAKE,	   /* reader's name */
	ORDER_CONNECT,	   /* reader's name */
	ORDER_BEGIN,
	ORDER_END,
	ORDER_SEND,    /* APDU -> answer with status word */
	ORDER_PAD,     /* -> 1 where the reader takes the PIN itself, or 0 */
	ORDER_PAD_PIN, /* -> status word */
};

extern const struct aside_part card_part;

#endif
