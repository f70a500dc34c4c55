/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/forwarded.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "stamp/sig.h"

#define FIELDS	    6
#define FIELD_MAX   80
#define VERSION	    "v1"
#define NONE	    "-"
#define HEX	    "0123456789abcdef"
#define ADDRESS_SET HEX "ABCDEF:."
#define TIME_MOST   99999999999

/* --- reading -------------------------------------------------------------------- */

/* "a; b; c": exactly FIELDS of them. */
static bool
split(const char *text, char field[FIELDS][FIELD_MAX])
{
	for (size_t i = 0; i < FIELDS; i++) {
		size_t len = strcspn(text, ";");

		if (len == 0 || len >= FIELD_MAX)
			return false;
		memcpy(field[i], text, len);
		field[i][len] = '\0';
		text += len;
		if (i + 1 == FIELDS)
			return *text == '\0';
		if (strncmp(text, "; ", 2) != 0)
			return false;
		text += 2;
	}
	return false;
}

/* A field of these bytes alone; "-" is "". */
static bool
take(const char *field, const char *set, char *out, size_t size)
{
	if (strcmp(field, NONE) == 0)
		field = "";
	return strspn(field, set) == strlen(field) &&
	       text_copy(out, size, field);
}

static bool
take_hex(const char *field, char *out, size_t size)
{
	return take(field, HEX, out, size) &&
	       (*out == '\0' || strlen(out) == size - 1);
}

bool
forwarded_parse(const char *text, struct forwarded *out)
{
	char field[FIELDS][FIELD_MAX];
	uint64_t time = 0;
	size_t len;

	*out = (struct forwarded){.time = 0};
	if (!split(text, field) || strcmp(field[0], VERSION) != 0 ||
	    !take(field[1], ADDRESS_SET, out->address, HTTP_ADDRESS) ||
	    !take_hex(field[2], out->fingerprint, HTTP_FINGERPRINT) ||
	    !text_to_u64(field[3], TIME_MOST, &time) ||
	    !take_hex(field[4], out->id, HTTP_ID) || out->id[0] == '\0' ||
	    strspn(field[5], HEX) != strlen(field[5]) ||
	    !bytes_from_hex(field[5], out->proof, FORWARDED_PROOF, &len))
		return false;
	out->time = (int64_t)time;
	return len == FORWARDED_PROOF;
}

/* --- proving -------------------------------------------------------------------- */

static const char *
or_none(const char *text)
{
	return *text != '\0' ? text : NONE;
}

/* No field of it can have a line's end in it. */
static bool
prove(const uint8_t key[FORWARDED_KEY], const struct http_request *r,
    const struct forwarded *f, uint8_t proof[FORWARDED_PROOF], struct err *e)
{
	uint8_t hash[SIG_SHA256];
	char body[2 * SIG_SHA256 + 1], *text = NULL;
	int len;
	bool done;

	sig_sha256(r->body != NULL ? r->body : "", r->body_len, hash);
	bytes_to_hex(hash, sizeof(hash), body);
	len = asprintf(&text, "%s\n%s\n%s\n%s\n%s\n%s\n%" PRId64 "\n%s\n",
	    VERSION, r->method, r->target, body, or_none(f->address),
	    or_none(f->fingerprint), f->time, f->id);
	if (len < 0)
		return err_set(e, ERR_SYSTEM, "out of memory");
	done = sig_hmac(key, FORWARDED_KEY, text, (size_t)len, proof, e);
	free(text);
	return done;
}

bool
forwarded_make(const uint8_t key[FORWARDED_KEY], const struct http_request *r,
    int64_t now, char out[FORWARDED_MAX], struct err *e)
{
	char proof[2 * FORWARDED_PROOF + 1];
	struct forwarded f = {.time = now};

	memcpy(f.address, r->address, sizeof(f.address));
	memcpy(f.fingerprint, r->fingerprint, sizeof(f.fingerprint));
	memcpy(f.id, r->id, sizeof(f.id));
	if (!prove(key, r, &f, f.proof, e))
		return false;
	bytes_to_hex(f.proof, sizeof(f.proof), proof);
	snprintf(out, FORWARDED_MAX, "%s; %s; %s; %" PRId64 "; %s; %s", VERSION,
	    or_none(f.address), or_none(f.fingerprint), f.time, f.id, proof);
	return true;
}

bool
forwarded_check(const uint8_t key[FORWARDED_KEY], const struct http_request *r,
    int64_t now, struct forwarded *out, struct err *e)
{
	const char *text = r->header(r, FORWARDED_NAME);
	uint8_t proof[FORWARDED_PROOF], differ = 0;

	if (text == NULL || !forwarded_parse(text, out))
		return err_set(
		    e, ERR_DENIED, "this is a processing server: ask a front");
	if (!prove(key, r, out, proof, e))
		return false;
	for (size_t i = 0; i < sizeof(proof); i++)
		differ |= (uint8_t)(proof[i] ^ out->proof[i]);
	if (differ != 0)
		return err_set(e, ERR_DENIED,
		    "the front that sent this has another cluster-key");
	if (out->time < now - FORWARDED_S || out->time > now + FORWARDED_S)
		return err_set(e, ERR_DENIED,
		    "the clocks of front and processing server differ by %lld "
		    "s",
		    (long long)(now - out->time));
	return true;
}
