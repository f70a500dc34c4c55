/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nvm: the memory of a card, which keeps what was written without power.
 *
 * A word is NVM_WORD bytes, and writes go word by word, upwards.  Power may end
 * before any of them or within one: that word then holds any mixture of its old
 * and its new bits, and it reads the same until it is written again.  Nothing
 * is taken for granted beyond that; vault/cells.h keeps a state so.
 */
#ifndef VAULT_NVM_H
#define VAULT_NVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NVM_WORD 4

struct nvm {
	void *context;
	size_t size;
	bool (*read)(void *context, size_t at, void *out, size_t len);
	/* `at` and `len` are multiples of NVM_WORD.  False: the memory failed,
	 * and how far it came is unknown. */
	bool (*write)(void *context, size_t at, const void *bytes, size_t len);
};

#endif
