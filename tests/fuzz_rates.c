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
	struct rate_price found;

	if (!rates_parse((const char *)data, size, "fuzz", &r, &e)) {
		if (e.kind != ERR_CONFIG || e.text[0] == '\0')
			abort();
		return 0;
	}
	for (size_t i = 0; i < rates_count(r); i++) {
		const struct rate *x = rates_at(r, i);

		const struct rate_piece piece = {
		    x->class, "", x->upto_mg, x->effective};

		if (x->class[0] == '.')
			continue;
		if (!rates_find(r, &piece, &found, &e) ||
		    found.total != x->price || found.surcharge != 0)
			abort();
	}
	rates_free(r);
	return 0;
}
