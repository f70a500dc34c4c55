/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_indicium: what decodes encodes to the same bytes, and lists fields. */
#include <stdlib.h>
#include <string.h>

#include "stamp/indicium.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
look(void *context, const struct indicium_field *field)
{
	size_t *count = context;

	if (strlen(field->value) >= sizeof(field->value) || !field->name[0])
		abort();
	return ++*count < 64;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t back[INDICIUM_FOREIGN_MAX], part[INDICIUM_FOREIGN_MAX];
	char id[INDICIUM_PSD_ID], frankier[21];
	struct indicium in;
	struct err e = ERR_INIT;
	size_t len, part_len, fields = 0;

	if (!indicium_decode(data, size, &in, &e)) {
		if (e.kind != ERR_REQUEST || e.text[0] == '\0')
			abort();
		return 0;
	}
	if (!indicium_encode(&in, back, sizeof(back), &len, &e) ||
	    len != size || memcmp(back, data, size) != 0)
		abort();
	if (!indicium_signed_part(&in, part, sizeof(part), &part_len, &e) ||
	    part_len > len || memcmp(part, data, part_len) != 0)
		abort();
	indicium_psd_id(&in, id);
	dea_frankier_id(&in, frankier);
	indicium_fields(&in, look, &fields);
	if (fields < 5 || strlen(id) < 10)
		abort();
	return 0;
}
