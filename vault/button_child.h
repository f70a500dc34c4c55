/* SPDX-License-Identifier: Apache-2.0 */
/*
 * button_child: the orders that a button_link gives its aside
 * (vault/aside.h).  A ROM is its BUTTON_ROM - 1 characters.
 */
#ifndef VAULT_BUTTON_CHILD_H
#define VAULT_BUTTON_CHILD_H

#include "vault/aside.h"
#include "vault/button_link.h"

enum button_order {
	ORDER_BUS = 1, /* "HOST:PORT" */
	ORDER_LIST,    /* -> ROMs */
	ORDER_READ,    /* ROM, place (4, le), length (4, le) -> bytes */
	ORDER_WRITE,   /* ROM, place (4, le), bytes */
	ORDER_COUNT    /* ROM, page (4, le) -> count (4, le) */
};

#define BUTTON_CHUNK 2048 /* bytes of one order: about a second of a bus */

extern const struct aside_part button_part;

#endif
