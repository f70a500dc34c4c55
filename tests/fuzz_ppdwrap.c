/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/ppdwrap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever a printer calls its PPD: no crash, and nothing comes out that a
 * second reading takes for another filter. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ppdwrap_rules rules = {.allow_foomatic = true};
	struct ppdwrap_report report, again;
	struct err e = ERR_INIT;
	char *text = NULL, *second = NULL;
	size_t len = 0, second_len = 0;
	FILE *out = open_memstream(&text, &len);
	bool done = ppdwrap((const char *)data, size, &rules, out, &report, &e);

	fclose(out);
	if (done) {
		out = open_memstream(&second, &second_len);
		if (ppdwrap(text, len, &rules, out, &again, &e))
			abort();
		fclose(out);
	}
	free(text);
	free(second);
	return 0;
}
