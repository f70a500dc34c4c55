/* SPDX-License-Identifier: Apache-2.0 */
/* Any text is read as a list of label sheets; what comes out is a range, and the
 * list ends. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "provider/sheet_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool what)
{
	if (!what)
		abort();
}

static void
check(const struct sheet_range *r)
{
	must(r->first >= 1 && r->first <= r->last);
	must(r->last <= SHEET_SERIAL_MAX && r->labels >= 1);
	must(memchr(r->media, '\0', sizeof(r->media)) != NULL);
	must(r->media[0] != '\0' && text_is_utf8(r->media));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sheet_list l;
	struct sheet_range r;
	struct err e = ERR_INIT;
	unsigned long line = 0;
	bool more = true;

	sheet_list_init(&l, (const char *)data, size);
	while (sheet_list_next(&l, &r, &more, &e) && more) {
		must(l.line > line);
		line = l.line;
		check(&r);
	}
	must(!more || e.kind == ERR_REQUEST);
	must(l.at <= l.end);
	return 0;
}
