/* SPDX-License-Identifier: Apache-2.0 */
/* What a vault file says of its guard: decodes to one that can be, or one error;
 * what decodes encodes back to the same bytes and names a TPM of this computer.
 * The same bytes as a person's text. */
#include <stdlib.h>
#include <string.h>

#include "vault/guard.h"
#include "vault/tpm_uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
look_at(const char *uri)
{
	char again[GUARD_URI];
	struct tpm_uri parsed, twice;
	struct err e = ERR_INIT;

	if (!guard_known(uri, &e)) {
		if (e.kind != ERR_CONFIG)
			abort();
		return;
	}
	if (strncmp(uri, "tpm:", 4) != 0)
		return;
	if (!tpm_uri_parse(uri + 4, &parsed, &e) ||
	    (!parsed.software && strncmp(parsed.conf, "/dev/tpm", 8) != 0))
		abort();
	if (parsed.index != 0 &&
	    (!tpm_uri_format(&parsed, again, sizeof(again)) ||
		!tpm_uri_parse(again + 4, &twice, &e) ||
		memcmp(&parsed, &twice, sizeof(parsed)) != 0))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t in[GUARD_BYTES] = {0}, out[GUARD_BYTES];
	char text[GUARD_URI + 8] = "";
	struct guard g;
	struct err e = ERR_INIT;

	memcpy(in, data, size < sizeof(in) ? size : sizeof(in));
	if (guard_decode(in, &g, &e)) {
		guard_encode(&g, out);
		if (memcmp(in, out, sizeof(in)) != 0)
			abort();
		if (g.uri[0] != '\0')
			look_at(g.uri);
	} else if (e.kind != ERR_CORRUPT) {
		abort();
	}
	memcpy(text, data, size < sizeof(text) ? size : sizeof(text) - 1);
	look_at(text);
	return 0;
}
