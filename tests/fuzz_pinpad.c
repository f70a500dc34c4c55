/* SPDX-License-Identifier: Apache-2.0 */
/* A reader's list of what it can do: what is found stands in it, in a list that
 * is whole. */
#include <stdlib.h>
#include <string.h>

#include "vault/pinpad.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t control;
	size_t at = 0;

	if (!pinpad_find(data, size, PINPAD_VERIFY, &control))
		return 0;
	for (bool seen = false; at < size; at += 2 + (size_t)data[at + 1]) {
		if (size - at < 2 || size - at - 2 < data[at + 1])
			abort();
		if (seen || data[at] != PINPAD_VERIFY || data[at + 1] != 4)
			continue;
		if (control != ((uint32_t)data[at + 2] << 24 |
				   (uint32_t)data[at + 3] << 16 |
				   (uint32_t)data[at + 4] << 8 | data[at + 5]))
			abort();
		seen = true;
	}
	return 0;
}
