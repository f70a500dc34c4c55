/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hsm_child: what an hsm and its child (vault/aside.h) say to each other.  Texts
 * are u16le length and bytes.
 */
#ifndef VAULT_HSM_CHILD_H
#define VAULT_HSM_CHILD_H

#include "vault/aside.h"
#include "vault/hsm.h"

enum hsm_order {
	HSM_LIST = 1, /* n (2) -> URI, model, keys; nothing: there is no nth */
	HSM_OPEN,     /* writable, URI -> needs a PIN */
	HSM_LOGIN,    /* PIN */
	HSM_PIN,      /* old PIN, new PIN */
	HSM_TAKE,     /* label -> made, URI, point */
	HSM_DROP,
	HSM_SIGN /* message -> signature */
};

#define HSM_MESSAGE_MAX 1024 /* longest that is signed */
#define HSM_PIN_MAX	256  /* with its NUL */

extern const struct aside_part hsm_part;

#endif
