/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/http.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define RETRY_S 1

void
http_add(struct http_response *out, const char *name, const char *fmt, ...)
{
	struct http_field *field;
	va_list ap;

	if (out->headers == HTTP_HEADERS_MAX)
		return;
	field = &out->header[out->headers++];
	field->name = name;
	va_start(ap, fmt);
	vsnprintf(field->value, sizeof(field->value), fmt, ap);
	va_end(ap);
}

void
http_give(struct http_response *out, int status, const char *type, char *body,
    size_t len)
{
	free(out->body);
	out->status = status;
	out->type = type;
	out->body = body;
	out->body_len = len;
}

void
http_clear(struct http_response *out)
{
	free(out->body);
	memset(out, 0, sizeof(*out));
}

static const struct {
	int status;
	const char *title;
} kinds[ERR_KINDS] = {
    [ERR_NONE] = {500, "Internal error"},
    [ERR_REQUEST] = {400, "The request cannot be used"},
    [ERR_FUNDS] = {402, "Not enough funds"},
    [ERR_DENIED] = {403, "Not allowed"},
    [ERR_ABSENT] = {503, "Something that is needed is away"},
    [ERR_BUSY] = {409, "Somebody else is at work"},
    [ERR_CONFIG] = {500, "The service is not set up rightly"},
    [ERR_CORRUPT] = {500, "The books do not agree"},
    [ERR_SYSTEM] = {500, "Internal error"},
};

int
http_status(enum err_kind kind)
{
	return kind < ERR_KINDS ? kinds[kind].status : 500;
}

static const char *
title_of(int status)
{
	switch (status) {
	case 401: return "Who are you?";
	case 404: return "Not here";
	case 405: return "Not with this method";
	case 413: return "Too large";
	case 415: return "Not this kind of content";
	case 422: return "Another request had this key";
	case 429: return "Too many requests";
	case 503: return "Too much to do";
	default: return "Refused";
	}
}

static void
write_problem(struct http_response *out, const struct http_request *request,
    int status, const char *title, const char *kind, const char *detail)
{
	struct json *j = json_new();
	char *text;
	size_t len;

	http_clear(out);
	json_put_text(j, "type", "about:blank");
	json_put_text(j, "title", title);
	json_put_int(j, "status", status);
	json_put_text(j, "detail", detail);
	json_put_text(j, "instance", request->id);
	if (kind != NULL)
		json_put_text(j, "kind", kind);
	text = json_text(j, &len);
	http_give(
	    out, status, "application/problem+json", text, text ? len : 0);
	snprintf(out->why, sizeof(out->why), "%s", detail);
	if (status == 503 || status == 409 || status == 429)
		http_add(out, "Retry-After", "%d", RETRY_S);
}

void
http_problem(struct http_response *out, const struct http_request *request,
    const struct err *e)
{
	enum err_kind kind = e->kind < ERR_KINDS ? e->kind : ERR_SYSTEM;

	write_problem(out, request, http_status(kind), kinds[kind].title,
	    err_kind_name(kind), e->text);
}

void
http_challenge(struct http_response *out, const struct http_request *request,
    const struct err *e, const char *with)
{
	write_problem(
	    out, request, 401, title_of(401), err_kind_name(e->kind), e->text);
	http_add(out, "WWW-Authenticate", "%s", with);
}

void
http_conflict(struct http_response *out, const struct http_request *request,
    const struct err *e)
{
	write_problem(
	    out, request, 422, title_of(422), err_kind_name(e->kind), e->text);
}

void
http_refuse(struct http_response *out, const struct http_request *request,
    int status, const char *detail)
{
	write_problem(out, request, status, title_of(status), NULL, detail);
}

void
http_retry(struct http_response *out, int seconds)
{
	for (size_t i = 0; i < out->headers; i++)
		if (strcmp(out->header[i].name, "Retry-After") == 0)
			out->headers = i;
	http_add(out, "Retry-After", "%d", seconds);
}
