/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever parses as a mark, in brackets or as a URI, is written as text, and
 * as a URI, that parse to the same. */
#include <stdlib.h>
#include <string.h>

#include "stamp/mark.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[2 * MARK_TEXT_MAX] = "", formatted[MARK_TEXT_MAX];
	struct err e = ERR_INIT;
	struct mark m, again;

	if (size >= sizeof(text))
		size = sizeof(text) - 1;
	if (size)
		memcpy(text, data, size);
	if (!(mark_is_uri(text) ? mark_parse_uri(text, &m, &e)
				: mark_parse(text, &m, &e)))
		return 0;
	mark_format(&m, formatted);
	if (!mark_parse(formatted, &again, &e) ||
	    memcmp(&m, &again, sizeof(m)) != 0)
		abort();
	mark_format_uri(&m, formatted);
	if (!mark_parse_uri(formatted, &again, &e) ||
	    memcmp(&m, &again, sizeof(m)) != 0)
		abort();
	return 0;
}
