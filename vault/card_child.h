/* SPDX-License-Identifier: Apache-2.0 */
/*
 * card_child: what a card_link and its child say to each other over a socket of
 * whole messages.  An order is a byte and its bytes; an answer is a kind of
 * error (ERR_NONE: it was done) and bytes, or the error's text.
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
	ORDER_SEND,    /* APDU -> answer with status word */
	ORDER_PAD,     /* -> 1 where the reader takes the PIN itself, or 0 */
	ORDER_PAD_PIN, /* -> status word */
};

#define CARD_MESSAGE_MAX 4096

/* Answers orders on `fd` until it is closed, and exits. */
_Noreturn void card_child_serve(int fd);

#endif
