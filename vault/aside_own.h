/* SPDX-License-Identifier: Apache-2.0 */
/* aside_own: what aside.c and nursery.c share. */
#ifndef VAULT_ASIDE_OWN_H
#define VAULT_ASIDE_OWN_H

#include "vault/aside.h"

/* The life of a child, of which `fd` is the end.  `dies`: with its parent, at
 * once; only where a whole process, not a thread of it, is the parent. */
_Noreturn void aside_be_child(const struct aside_part *part, int fd, bool dies);

#endif
