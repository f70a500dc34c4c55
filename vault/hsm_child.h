/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hsm_child: what an hsm and its child (vault/aside.h) say to each other.  Texts
 * are u16le length and bytes.  A key's name is hsm_taken.key; "": the one that
 * the session's URI names.
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
	HSM_TAKE,     /* label -> made, URI, key's name, point */
	HSM_DROP,
	HSM_SIGN /* key's name, messages as texts -> their signatures */
};

#define HSM_MESSAGE_MAX 1024 /* longest that is signed */
#define HSM_PIN_MAX	256  /* with its NUL */

extern const struct aside_part hsm_part;

#endif
