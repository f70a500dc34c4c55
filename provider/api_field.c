/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PSDs in the field: their value and audits, by a user system of their account.
 */
#include "provider/api.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "provider/field_refund.h"

struct letter {
	uint8_t msg[PSD_MESSAGE_MAX];
	bool consent;
	struct field_call call;
};

/* Of the PSD that the path names; false: of none. */
static bool
find_serial(const struct call *c, uint32_t *out)
{
	uint64_t serial = 0;
	char id[PSD_ID];

	if (strlen(c->tail) != PSD_ID - 2 ||
	    !text_to_u64(c->tail + 4, UINT32_MAX, &serial))
		return false;
	*out = (uint32_t)serial;
	return strcmp(worker_psd_id(c->w, *out, id), c->tail) == 0;
}

/* {"<key>":"<base64>"} of the PSD that the path names; *found = false: it names
 * none. */
static bool
read_letter(struct call *c, const char *key, struct letter *out, bool *found,
    struct err *e)
{
	uint32_t serial;
	struct json *j;
	size_t len;

	*out = (struct letter){.consent = false};
	*found = find_serial(c, &serial);
	if (!*found)
		return true;
	if (!json_open(c->request->body, c->request->body_len, &j, e))
		return false;
	json_take_base64(j, key, true, out->msg, sizeof(out->msg), &len);
	json_take_bool(j, "consent", false, &out->consent);
	out->call = (struct field_call){
	    .who = &c->system, .serial = serial, .msg = out->msg, .len = len};
	return json_close(j, e);
}

static bool
give_message(struct call *c, const char *key, const uint8_t *msg, size_t len,
    struct err *e)
{
	struct json *j = json_new();

	json_put_base64(j, key, msg, len);
	return api_give(c, j, e);
}

bool
api_psd_download(struct call *c, struct err *e)
{
	uint8_t answer[PSD_MESSAGE_MAX];
	struct letter letter;
	size_t len;
	bool found;

	if (!read_letter(c, "request", &letter, &found, e))
		return false;
	if (!found)
		return api_missing(c, "PSD");
	return field_download(c->w, &letter.call, answer, &len, e) &&
	       give_message(c, "answer", answer, len, e);
}

bool
api_psd_audit(struct call *c, struct err *e)
{
	uint8_t consent[PSD_MESSAGE_MAX];
	struct letter letter;
	size_t len;
	bool found;

	if (!read_letter(c, "audit", &letter, &found, e))
		return false;
	if (!found)
		return api_missing(c, "PSD");
	if (letter.consent)
		return field_consent(c->w, &letter.call, consent, &len, e) &&
		       give_message(c, "consent", consent, len, e);
	return field_audit(c->w, &letter.call, e) && api_give(c, json_new(), e);
}

/* --- refunds ------------------------------------------------------------------------- */

static bool
give_answer(struct call *c, const char *answer, size_t len, struct err *e)
{
	struct json *j = json_new();

	json_put_text(j, "state", answer != NULL ? "answered" : "asked");
	if (answer != NULL)
		json_put_base64(j, "answer", (const uint8_t *)answer, len);
	return api_give(c, j, e);
}

static bool
refund(struct call *c, struct field_call *call, uint8_t *text, struct err *e)
{
	char *answer = NULL;
	struct json *j;
	size_t len;
	bool done;

	if (!json_open(c->request->body, c->request->body_len, &j, e))
		return false;
	json_take_base64(j, "request", true, text, HTTP_BODY_MAX, &call->len);
	if (!json_close(j, e))
		return false;
	call->msg = text;
	done = field_refund(c->w, call, &answer, &len, e) &&
	       give_answer(c, answer, len, e);
	free(answer);
	return done;
}

bool
api_psd_refund(struct call *c, struct err *e)
{
	struct field_call call = {.who = &c->system};
	uint8_t *text;
	bool done;

	if (!find_serial(c, &call.serial))
		return api_missing(c, "PSD");
	text = malloc(HTTP_BODY_MAX);
	if (text == NULL)
		return err_system(e, "memory");
	done = refund(c, &call, text, e);
	free(text);
	return done;
}
