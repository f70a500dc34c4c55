/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as lines: any text is read to bytes or one error; what was read is
 * written to lines that read the same. */
#include <stdlib.h>
#include <string.h>

#include "vault/carry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t msg[CARRY_BYTES], again[CARRY_BYTES];
	char text[CARRY_TEXT];
	struct err e = ERR_INIT;
	size_t len, again_len, text_len;

	if (!carry_read((const char *)data, size, msg, &len, &e)) {
		if (e.kind != ERR_REQUEST || e.text[0] == '\0')
			abort();
		return 0;
	}
	if (len < 1 || len > CARRY_BYTES)
		abort();
	text_len = carry_write(msg, len, "again", text);
	if (!carry_read(text, text_len, again, &again_len, &e) ||
	    again_len != len || memcmp(msg, again, len) != 0)
		abort();
	return 0;
}
