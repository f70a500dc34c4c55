/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever parses as a rate table answers for every price it holds. */
#include <stdlib.h>
#include <string.h>

#include "dispense/rates.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	struct rates *r;
	struct rate found;

	if (!rates_parse((const char *)data, size, "fuzz", &r, &e)) {
		if (e.kind != ERR_CONFIG || e.text[0] == '\0')
			abort();
		return 0;
	}
	for (size_t i = 0; i < rates_count(r); i++) {
		const struct rate *x = rates_at(r, i);

		if (x->class[0] == '.')
			continue;
		if (!rates_find(
			r, x->class, x->upto_mg, x->effective, &found, &e) ||
		    found.price != x->price)
			abort();
	}
	rates_free(r);
	return 0;
}
