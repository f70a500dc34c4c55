/* SPDX-License-Identifier: Apache-2.0 */
/* Template XML (begins with '<') and parametric sheets: no label of a sheet
 * that is accepted lies far off its page. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "stamp/sheet.h"
#include "stamp/sheet_xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct sheet *s)
{
	if (s->count < 1 || s->count > SHEET_LABELS_MAX)
		abort();
	for (int i = 0; i < s->count; i++) {
		struct rect box = sheet_label(s, i);
		struct rect area = sheet_label_area(s, i);

		if (!isfinite(box.x + box.y + box.w + box.h) ||
		    rect_empty(box) || !rect_inside(area, box))
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct template_list list = {NULL, 0, 0};
	struct err e = ERR_INIT;
	struct sheet s;
	char text[512] = "";

	if (size && data[0] == '<') {
		if (template_read(data, size, &list, &e))
			template_resolve(&list);
		template_free(&list);
		return 0;
	}
	if (size >= sizeof(text))
		size = sizeof(text) - 1;
	if (size)
		memcpy(text, data, size);
	if (sheet_parse(text, &s, &e))
		check(&s);
	return 0;
}
