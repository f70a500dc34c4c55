/* SPDX-License-Identifier: Apache-2.0 */
/* Any header is read or refused; what was read is in its bounds, and written
 * again it is the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "provider/pay_signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct pay_signature *s)
{
	char text[1024], hex[65];
	struct pay_signature again;
	int n;

	if (s->count < 1 || s->count > PAY_SIGNATURES_MAX || s->time < 0)
		abort();
	n = snprintf(text, sizeof(text), "t=%s", s->time_text);
	for (size_t i = 0; i < s->count; i++) {
		bytes_to_hex(s->v1[i], sizeof(s->v1[i]), hex);
		n +=
		    snprintf(text + n, sizeof(text) - (size_t)n, ",v1=%s", hex);
	}
	if (!pay_signature_parse(text, &again) || again.time != s->time ||
	    again.count != s->count ||
	    memcmp(again.v1, s->v1, s->count * sizeof(s->v1[0])) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct pay_signature s;

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (pay_signature_parse(text, &s))
		check(&s);
	free(text);
	return 0;
}
