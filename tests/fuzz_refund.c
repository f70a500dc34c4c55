/* SPDX-License-Identifier: Apache-2.0 */
/* Refund requests and answers from outside: each parses to a list or one error;
 * what parses is written back as the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "vault/refund.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must_be(const char *made, size_t len, const char *text, size_t size)
{
	if (len != size || memcmp(made, text, size) != 0)
		abort();
}

static void
request(const char *text, size_t size)
{
	struct err e = ERR_INIT;
	struct refund_list list;
	char *made;
	size_t len;
	FILE *f;

	if (!refund_parse(text, size, &list, &e))
		return;
	f = open_memstream(&made, &len);
	refund_write_list(f, &list);
	if (list.message_len > 0)
		refund_write_signed(f, list.message, list.message_len);
	fclose(f);
	must_be(made, len, text, size);
	free(made);
	refund_free(&list);
}

static void
answer(const char *text, size_t size)
{
	struct err e = ERR_INIT;
	struct refund_answer a;
	char *made;
	size_t len;
	FILE *f;

	if (!refund_parse_answer(text, size, &a, &e))
		return;
	f = open_memstream(&made, &len);
	refund_write_answer(f, &a);
	if (a.is_signed)
		refund_write_signature(f, a.signature);
	else
		refund_write_unsigned(f);
	fclose(f);
	must_be(made, len, text, size);
	free(made);
	refund_free_answer(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	request((const char *)data, size);
	answer((const char *)data, size);
	return 0;
}
