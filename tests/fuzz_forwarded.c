/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a front's proof: what is read is written the same way again, and
 * none is believed that was not made with the key. */
#include <stdlib.h>
#include <string.h>

#include "provider/forwarded.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool true_here)
{
	if (!true_here)
		abort();
}

static const char *
header(const struct http_request *r, const char *name)
{
	return strcmp(name, FORWARDED_NAME) == 0 ? r->source : NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[FORWARDED_KEY] = {1};
	struct http_request r = {.method = "GET",
	    .path = "/",
	    .target = "/",
	    .body = "",
	    .header = header};
	char made[FORWARDED_MAX], *text;
	struct forwarded f;
	struct err e = ERR_INIT;

	if (size > 4096)
		return 0;
	text = calloc(1, size + 1);
	must(text != NULL);
	memcpy(text, data, size);
	r.source = text;
	if (forwarded_parse(text, &f)) {
		memcpy(r.address, f.address, sizeof(f.address));
		memcpy(r.fingerprint, f.fingerprint, sizeof(f.fingerprint));
		memcpy(r.id, f.id, sizeof(f.id));
		must(!forwarded_check(key, &r, f.time, &f, &e));
		must(forwarded_make(key, &r, f.time, made, &e));
		must(strlen(text) < FORWARDED_MAX);
		r.source = made;
		must(forwarded_check(key, &r, f.time, &f, &e));
	}
	free(text);
	return 0;
}
