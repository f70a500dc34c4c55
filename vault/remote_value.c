/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/remote_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "vault/message.h"
#include "vault/refund.h"

#define PATH_MAX_BYTES 64

bool
remote_value_open(
    struct remote_value *out, const char *uri, int wait_ms, struct err *e)
{
	return remote_link_open_uri(&out->link, uri, wait_ms, e);
}

void
remote_value_close(struct remote_value *r)
{
	remote_link_close(&r->link);
}

/* --- one question ------------------------------------------------------------- */

/* What is read of an answer: one message, which may be missing. */
struct reply {
	const char *key;
	bool must;
	uint8_t *out;
	size_t size, len;
};

/* A newer provider may say more than is known here. */
static bool
read_reply(void *context, const char *body, size_t len, struct err *e)
{
	struct reply *r = context;
	struct json *j;

	if (!json_open(body, len, &j, e))
		return false;
	json_take_base64(j, r->key, r->must, r->out, r->size, &r->len);
	if (!json_good(j))
		return json_close(j, e);
	json_free(j);
	return true;
}

/* It goes into a path: letters and digits. */
static bool
put_path(const char *psd_id, const char *what, char out[PATH_MAX_BYTES],
    struct err *e)
{
	static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

	if (strspn(psd_id, good) != strlen(psd_id))
		return err_set(e, ERR_REQUEST, "a PSD without a name");
	snprintf(out, PATH_MAX_BYTES, "/v1/psds/%.31s/%s", psd_id, what);
	return true;
}

static bool
ask(struct remote_value *r, const char *path, struct json *j,
    struct reply *reply, struct err *e)
{
	struct remote_question q = {.method = "POST",
	    .path = path,
	    .read = read_reply,
	    .context = reply};
	struct remote_turn turn = {.until = 0};
	char *text = json_text(j, &q.body_len);
	bool done;

	if (text == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	q.body = text;
	done = remote_ask(&r->link, &q, &turn, e);
	free(text);
	return done;
}

/* --- what is asked ------------------------------------------------------------ */

bool
remote_value_answer(struct remote_value *r, const uint8_t *request,
    size_t request_len, uint8_t out[PSD_MESSAGE_MAX], size_t *len,
    struct err *e)
{
	struct reply reply = {
	    .key = "answer", .must = true, .out = out, .size = PSD_MESSAGE_MAX};
	struct download_request asked;
	char path[PATH_MAX_BYTES], id[PSD_ID];
	struct json *j;

	if (!message_get_request(request, request_len, &asked, e) ||
	    !put_path(message_psd_id(&asked.psd, id), "download", path, e))
		return false;
	j = json_new();
	json_put_base64(j, "request", request, request_len);
	if (!ask(r, path, j, &reply, e))
		return false;
	*len = reply.len;
	return true;
}

bool
remote_value_consent(void *context, const uint8_t *audit, size_t audit_len,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	struct reply reply = {.key = "consent",
	    .must = true,
	    .out = out,
	    .size = PSD_MESSAGE_MAX};
	struct psd_report said;
	char path[PATH_MAX_BYTES], id[PSD_ID];
	struct json *j;

	if (!message_get_report(audit, audit_len, &said, e) ||
	    !put_path(message_psd_id(&said.psd, id), "audit", path, e))
		return false;
	j = json_new();
	json_put_base64(j, "audit", audit, audit_len);
	json_put_bool(j, "consent", true);
	if (!ask(context, path, j, &reply, e))
		return false;
	*len = reply.len;
	return true;
}

bool
remote_value_refund(struct remote_value *r, const char *psd_id,
    const char *request, size_t request_len, char **answer, size_t *len,
    struct err *e)
{
	struct reply reply = {.key = "answer", .size = REFUND_TEXT_MAX};
	char path[PATH_MAX_BYTES];
	struct json *j;

	*answer = NULL;
	if (!put_path(psd_id, "refund", path, e))
		return false;
	reply.out = malloc(reply.size + 1);
	if (reply.out == NULL)
		return err_system(e, "memory for an answer");
	j = json_new();
	json_put_base64(j, "request", (const uint8_t *)request, request_len);
	if (!ask(r, path, j, &reply, e) || reply.len == 0) {
		free(reply.out);
		return e->kind == ERR_NONE;
	}
	reply.out[reply.len] = '\0';
	*answer = (char *)reply.out;
	*len = reply.len;
	return true;
}
