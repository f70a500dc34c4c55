/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/pay_signature.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "stamp/sig.h"

#define PART_MAX 80 /* "v1=" and 64 digits are 67 */

static bool
take_time(const char *text, struct pay_signature *out)
{
	uint64_t time;

	if (out->time_text[0] != '\0' || !text_to_u64(text, INT64_MAX, &time) ||
	    !text_copy(out->time_text, sizeof(out->time_text), text))
		return false;
	out->time = (int64_t)time;
	return true;
}

static bool
take_v1(const char *text, struct pay_signature *out)
{
	size_t len;

	if (out->count == PAY_SIGNATURES_MAX ||
	    strlen(text) != 2 * SIG_SHA256 ||
	    !bytes_from_hex(text, out->v1[out->count], SIG_SHA256, &len) ||
	    len != SIG_SHA256)
		return false;
	out->count++;
	return true;
}

static bool
take_part(const char *part, size_t len, struct pay_signature *out)
{
	char text[PART_MAX];

	if (len >= sizeof(text))
		return false;
	memcpy(text, part, len);
	text[len] = '\0';
	if (strncmp(text, "t=", 2) == 0)
		return take_time(text + 2, out);
	if (strncmp(text, "v1=", 3) == 0)
		return take_v1(text + 3, out);
	return strchr(text, '=') != NULL;
}

bool
pay_signature_parse(const char *header, struct pay_signature *out)
{
	*out = (struct pay_signature){.count = 0};
	for (;;) {
		size_t len = strcspn(header, ",");

		if (!take_part(header, len, out))
			return false;
		if (header[len] == '\0')
			return out->time_text[0] != '\0' && out->count > 0;
		header += len + 1;
	}
}

/* The bytes that are signed, on the heap. */
static char *
signed_text(
    const struct pay_signed *in, const struct pay_signature *sig, size_t *len)
{
	size_t head = strlen(sig->time_text);
	char *text = malloc(head + 1 + in->body_len + 1);

	if (text == NULL)
		return NULL;
	memcpy(text, sig->time_text, head);
	text[head] = '.';
	memcpy(text + head + 1, in->body, in->body_len);
	*len = head + 1 + in->body_len;
	return text;
}

static bool
differs(const uint8_t *a, const uint8_t *b)
{
	uint8_t any = 0;

	for (size_t i = 0; i < SIG_SHA256; i++)
		any |= a[i] ^ b[i];
	return any != 0;
}

bool
pay_signature_check(const struct pay_signed *in, const char *secret,
    int64_t now_s, struct err *e)
{
	struct pay_signature sig;
	uint8_t want[SIG_SHA256];
	bool good = false, made;
	size_t len;
	char *text;

	if (in->header == NULL || !pay_signature_parse(in->header, &sig))
		return err_set(e, ERR_DENIED,
		    "the processor's signature is missing or unreadable");
	text = signed_text(in, &sig, &len);
	if (text == NULL)
		return err_system(e, "memory");
	made = sig_hmac(secret, strlen(secret), text, len, want, e);
	free(text);
	if (!made)
		return false;
	for (size_t i = 0; i < sig.count; i++)
		if (!differs(sig.v1[i], want))
			good = true;
	if (!good)
		return err_set(e, ERR_DENIED,
		    "this is not signed by the processor, or with another "
		    "secret than that of webhook-secret-file");
	if (sig.time < now_s - PAY_SIGNATURE_AGE_S ||
	    sig.time > now_s + PAY_SIGNATURE_AGE_S)
		return err_set(e, ERR_DENIED,
		    "signed at another time than now: an old message that "
		    "somebody sends again, or a wrong clock");
	return true;
}
