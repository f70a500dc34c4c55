/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/web_own.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/bytes.h"
#include "provider/framing.h"

/* Half of what a connection has: the answer's head needs some of it, too. */
#define HEAD_MAX (WEB_MEMORY / 2)

static const char *
find_header(const struct http_request *r, const char *name)
{
	return MHD_lookup_connection_value(r->source, MHD_HEADER_KIND, name);
}

static const char *
find_query(const struct http_request *r, const char *name)
{
	return MHD_lookup_connection_value(
	    r->source, MHD_GET_ARGUMENT_KIND, name);
}

struct web_exchange *
web_exchange_new(struct web *w, struct MHD_Connection *mhd, const char *target)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct web_exchange *x;
	uint8_t id[(HTTP_ID - 1) / 2];

	if (info == NULL || info->socket_context == NULL)
		return NULL;
	x = calloc(1, sizeof(*x));
	/* the library decodes the target in its place */
	if (x == NULL || (x->target = strdup(target ? target : "")) == NULL) {
		free(x);
		return NULL;
	}
	x->web = w;
	x->connection = info->socket_context;
	x->mhd = mhd;
	x->target_wrong = target ? framing_check_target(target) : "no path";
	x->target_end = target ? target + strlen(target) : NULL;
	x->request.target = x->target;
	x->request.header = find_header;
	x->request.query = find_query;
	x->request.source = mhd;
	if (getrandom(id, sizeof(id), 0) == (ssize_t)sizeof(id))
		bytes_to_hex(id, sizeof(id), x->request.id);
	web_connection_limit(x->connection, w->setup.request_s);
	w->under_way++;
	w->requests++;
	return x;
}

void
web_exchange_free(struct web_exchange *x)
{
	if (x == NULL)
		return;
	web_connection_limit(
	    x->connection, x->web->setup.idle_s + x->web->setup.request_s);
	http_clear(&x->response);
	free(x->body);
	free(x->target);
	x->web->under_way--;
	free(x);
}

/* --- guard -------------------------------------------------------------------- */

static enum MHD_Result
collect(void *arg, enum MHD_ValueKind kind, const char *name, size_t name_len,
    const char *value, size_t value_len)
{
	struct framing_head *head = arg;

	(void)kind;
	if (head->fields == FRAMING_FIELDS_MAX)
		return MHD_NO;
	head->field[head->fields++] = (struct framing_field){
	    .name = name,
	    .name_len = name_len,
	    .value = value ? value : "",
	    .value_len = value ? value_len : 0,
	};
	return MHD_YES;
}

/* From the method to the empty line. */
static size_t
head_size(const struct web_exchange *x)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
	    x->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

	return info ? info->header_size : SIZE_MAX;
}

#if MHD_VERSION < 0x01000000
/*
 * The library joins a folded line to the header's name, and takes bare LF and NUL
 * for line ends.  Its strings stand where they came, so any of these leaves a
 * gap that is not exactly CR LF.
 */
static bool
is_laid_out(const struct web_exchange *x, const struct framing_head *head)
{
	const char *end = head->version + strlen(head->version);

	if (head->version != x->target_end + 1)
		return false;
	for (size_t i = 0; i < head->fields; i++) {
		const struct framing_field *f = &head->field[i];
		const char *p = f->name + f->name_len + 1;

		if (f->name != end + 2)
			return false;
		while (p < f->value && (*p == ' ' || *p == '\t'))
			p++;
		if (p != f->value)
			return false;
		end = f->value + f->value_len;
	}
	return head->method + head_size(x) == end + 4;
}
#else
static bool
is_laid_out(const struct web_exchange *x, const struct framing_head *head)
{
	(void)x;
	(void)head;
	return true;
}
#endif

static void
look_at_head(struct web_exchange *x, const char *version, struct framing *out)
{
	struct framing_head head = {
	    .method = x->request.method, .version = version};
	int count = MHD_get_connection_values_n(
	    x->mhd, MHD_HEADER_KIND, collect, &head);

	*out = (struct framing){0};
	if (count < 0 || (size_t)count != head.fields ||
	    head_size(x) > HEAD_MAX) {
		out->status = 431;
		out->why = "too many headers, or too long";
		return;
	}
	framing_check(&head, HTTP_BODY_MAX, out);
	if (x->target_wrong != NULL) {
		out->status = 400;
		out->why = x->target_wrong;
	}
	/* any other refusal could be of what was read wrongly */
	if (!is_laid_out(x, &head)) {
		out->status = 400;
		out->why = "a line of the head is folded, or does not end in "
			   "CR LF";
	}
}

/* --- answer ------------------------------------------------------------------- */

static struct MHD_Response *
make_response(struct web_exchange *x)
{
	struct http_response *out = &x->response;
	struct MHD_Response *r;

	if (out->body != NULL)
		r = MHD_create_response_from_buffer(
		    out->body_len, out->body, MHD_RESPMEM_MUST_FREE);
	else
		r = MHD_create_response_from_buffer(
		    0, NULL, MHD_RESPMEM_PERSISTENT);
	if (r == NULL)
		return NULL;
	out->body = NULL; /* the library's now */
	if (out->type != NULL && out->body_len > 0)
		MHD_add_response_header(r, "Content-Type", out->type);
	for (size_t i = 0; i < out->headers; i++)
		MHD_add_response_header(
		    r, out->header[i].name, out->header[i].value);
	MHD_add_response_header(r, "X-Request-Id", x->request.id);
	if (x->close || x->web->draining)
		MHD_add_response_header(r, "Connection", "close");
	return r;
}

static bool
answer(struct web_exchange *x)
{
	struct MHD_Response *r;
	enum MHD_Result queued;

	if (x->response.status < 200 || x->response.status > 599) {
		struct err e = ERR_INIT;

		err_set(&e, ERR_SYSTEM, "the request was not answered");
		http_problem(&x->response, &x->request, &e);
	}
	r = make_response(x);
	if (r == NULL)
		return false;
	web_connection_limit(x->connection, x->web->setup.request_s);
	queued =
	    MHD_queue_response(x->mhd, (unsigned int)x->response.status, r);
	MHD_destroy_response(r);
	return queued == MHD_YES;
}

static bool
refuse(struct web_exchange *x, const struct framing *f)
{
	x->web->refused++;
	x->close = true;
	http_refuse(&x->response, &x->request, f->status, f->why);
	if (f->status == 405)
		http_add(&x->response, "Allow",
		    "GET, HEAD, POST, PUT, PATCH, DELETE");
	return answer(x);
}

/* --- steps -------------------------------------------------------------------- */

static bool
begin(struct web_exchange *x, const char *path, const char *method,
    const char *version)
{
	struct framing f;

	x->request.method = method;
	x->request.path = path;
	memcpy(x->request.address, x->connection->address, HTTP_ADDRESS);
	look_at_head(x, version, &f);
	if (f.status != 0)
		return refuse(x, &f);
	web_tls_know_peer(x->connection, x->mhd);
	memcpy(x->request.fingerprint, x->connection->fingerprint,
	    HTTP_FINGERPRINT);
	x->body_len = f.body_len;
	x->body = calloc(1, f.body_len + 1);
	x->state = WEB_BODY;
	return x->body != NULL;
}

static bool
take_body(struct web_exchange *x, const char *data, size_t size)
{
	if (size > x->body_len - x->body_got)
		return false;
	memcpy(x->body + x->body_got, data, size);
	x->body_got += size;
	return true;
}

static bool
give_to_worker(struct web_exchange *x)
{
	struct err e = ERR_INIT;

	x->request.body = x->body;
	x->request.body_len = x->body_got;
	web_connection_limit(x->connection, 0);
	if (web_work_give(x))
		return true;
	x->web->refused++;
	x->state = WEB_DONE;
	err_set(
	    &e, ERR_ABSENT, "too many requests wait already; nothing was done");
	http_problem(&x->response, &x->request, &e);
	return answer(x);
}

bool
web_exchange_step(struct web_exchange *x, const char *path, const char *method,
    const char *version, const char *data, size_t *size)
{
	size_t got = *size;

	*size = 0;
	switch (x->state) {
	case WEB_NEW: return begin(x, path, method, version);
	case WEB_BODY:
		return got > 0 ? take_body(x, data, got) : give_to_worker(x);
	case WEB_WORK: return true; /* asked too early */
	case WEB_DONE: return answer(x);
	}
	return false;
}
