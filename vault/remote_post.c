/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/remote_post.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define NAME_BYTES   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
#define MS_HIGH	     ((int64_t)1 << 53)
#define NOT_FOUND    404
#define PATH_LENGTH  64
#define MS_OF_SECOND 1000

bool
remote_post_open(
    struct remote_post *out, const char *uri, int wait_ms, struct err *e)
{
	memset(out, 0, sizeof(*out));
	return remote_link_open_uri(&out->link, uri, wait_ms, e);
}

void
remote_post_close(struct remote_post *p)
{
	remote_link_close(&p->link);
}

/* --- a stamp ------------------------------------------------------------------- */

/* A newer provider may say more than is known here. */
bool
remote_get_check(
    const char *text, size_t len, struct remote_check *out, struct err *e)
{
	struct json *j;

	memset(out, 0, sizeof(*out));
	if (!json_open_loosely(text, len, &j, e))
		return false;
	json_take_text(j, "verdict", true, out->verdict, sizeof(out->verdict));
	json_take_words(j, "why", out->why, sizeof(out->why));
	if (json_enter(j, "first", false)) {
		json_take_int(j, "at", true, 0, MS_HIGH, &out->at);
		json_take_words(j, "place", out->place, sizeof(out->place));
		json_leave(j);
		out->seen = true;
		out->at /= MS_OF_SECOND;
	}
	return json_close(j, e);
}

static bool
read_check(void *context, const char *body, size_t len, struct err *e)
{
	return remote_get_check(body, len, context, e);
}

bool
remote_post_ask(struct remote_post *p, const struct remote_look *look,
    struct remote_check *out, struct err *e)
{
	struct remote_question q = {.method = "POST",
	    .path = look->place != NULL ? "/v1/cancel" : "/v1/verify",
	    .read = read_check,
	    .context = out};
	struct remote_turn turn = {0};
	struct json *j = json_new();
	char *text;
	bool done;

	json_put_base64(j, "indicium", look->bytes, look->len);
	if (look->place != NULL) {
		json_put_text(j, "place", look->place);
		json_put_text(j, "scan", look->scan);
	}
	text = json_text(j, &q.body_len);
	if (text == NULL)
		return err_system(e, "memory for a question");
	q.body = text;
	done = remote_ask(&p->link, &q, &turn, e);
	free(text);
	return done;
}

/* --- what it is checked with ------------------------------------------------------ */

struct bytes_answer {
	uint8_t *out;
	size_t size, len;
};

static bool
read_bytes(void *context, const char *body, size_t len, struct err *e)
{
	struct bytes_answer *a = context;

	if (len == 0 || len > a->size)
		return err_set(e, ERR_REQUEST, "an answer of %zu bytes", len);
	memcpy(a->out, body, len);
	a->len = len;
	return true;
}

static bool
get(struct remote_post *p, const char *path, struct bytes_answer *a,
    bool *found, struct err *e)
{
	const struct remote_question q = {
	    .method = "GET", .path = path, .read = read_bytes, .context = a};
	struct remote_turn turn = {0};

	*found = remote_ask(&p->link, &q, &turn, e);
	if (*found || turn.status != NOT_FOUND)
		return *found;
	*e = (struct err)ERR_INIT;
	return true;
}

bool
remote_post_certificate(struct remote_post *p, const char *id,
    uint8_t out[CERT_MAX], size_t *len, bool *found, struct err *e)
{
	struct bytes_answer a = {.out = out, .size = CERT_MAX};
	char path[PATH_LENGTH];

	/* It goes into a path. */
	if (id[0] == '\0' || strspn(id, NAME_BYTES) != strlen(id))
		return err_set(e, ERR_REQUEST, "a PSD without a name");
	snprintf(path, sizeof(path), "/v1/certificates/%.31s", id);
	if (!get(p, path, &a, found, e))
		return err_prefix(e, "certificate of %s", id);
	*len = a.len;
	return true;
}

bool
remote_post_list(
    struct remote_post *p, uint8_t **out, size_t *len, struct err *e)
{
	struct bytes_answer a = {
	    .out = malloc(REMOTE_LIST), .size = REMOTE_LIST};
	bool found = false;
	bool done = a.out != NULL ? get(p, "/v1/crl", &a, &found, e)
				  : err_system(e, "memory for a list");

	if (done && !found)
		done = err_set(e, ERR_CONFIG, "there is none");
	if (!done) {
		free(a.out);
		return err_prefix(e, "list of revoked certificates");
	}
	*out = a.out;
	*len = a.len;
	return true;
}
