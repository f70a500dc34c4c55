/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing instructions, and text that is nearly a mark: what is read of them
 * stays within its bounds. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "filter/cells.h"
#include "filter/cells_draw.h"
#include "filter/pieces.h"
#include "stamp/near.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct drawn_form forms[CELLS_MAX];
	char seen[MARK_TEXT_MAX], meant[MARK_TEXT_MAX];
	char *text = malloc(size + 1);
	size_t count = 0;

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (pieces_count((const char *)data, size) > size)
		abort();
	if (cells_draw(text, forms, CELLS_MAX, &count))
		for (size_t i = 0; i < count; i++)
			if (forms[i].name[0] != '/' || isnan(forms[i].m[0]))
				abort();
	if (count > CELLS_MAX)
		abort();
	if (near_mark(text, seen, meant) &&
	    (strncmp(text, seen, strlen(seen)) != 0 ||
		strncmp(meant, "[[postage ", 10) != 0))
		abort();
	free(text);
	return 0;
}
