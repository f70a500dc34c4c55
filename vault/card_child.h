/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card_child: the orders that a card_link gives its worker (vault/worker.h).
 */
#ifndef VAULT_CARD_CHILD_H
#define VAULT_CARD_CHILD_H

#include "vault/card_link.h"

enum card_order {
	ORDER_READERS = 1, /* -> name (NUL), present, ATR length, ATR; each */
	ORDER_WAIT,	   /* milliseconds (4, le) */
	ORDER_WAKE,	   /* reader's name */
	ORDER_CONNECT,	   /* reader's name */
	ORDER_BEGIN,
	ORDER_END,
	ORDER_SEND /* APDU -> answer with status word */
};

/* Obeys on `fd` until it is closed, and exits. */
void card_child_serve(int fd);

#endif
