/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/remote_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "vault/pin.h"
#include "vault/remote_wire.h"

#define CONNECT_MS  4000  /* of one front */
#define ANSWER_MS   15000 /* likewise */
#define WAIT_LEAST  2000  /* one round of the fronts, however hurried */
#define PAUSE_FIRST 100
#define PAUSE_MOST  2000
#define PAUSE_ASKED 10000 /* the longest Retry-After that is obeyed */
#define TOKEN_MAX   200
#define HEADERS_MAX 3

/* --- opening ---------------------------------------------------------------------- */

static bool
take_token(struct remote_link *l, struct err *e)
{
	static const char head[] = "Authorization: Bearer ";
	char token[TOKEN_MAX];
	bool done;

	if (l->uri.token[0] == '\0')
		return true;
	if (!pin_secret(l->uri.token, token, sizeof(token), e))
		return err_prefix(e, "token of the provider");
	l->authorization = malloc(sizeof(head) + strlen(token));
	done = l->authorization != NULL;
	if (done)
		sprintf(l->authorization, "%s%s", head, token);
	else
		err_system(e, "memory for a token");
	explicit_bzero(token, sizeof(token));
	return done;
}

bool
remote_link_open(
    struct remote_link *out, const char *rest, int wait_ms, struct err *e)
{
	struct https_setup setup = {
	    .connect_ms = CONNECT_MS, .answer_ms = ANSWER_MS};

	memset(out, 0, sizeof(*out));
	out->wait_ms = wait_ms > WAIT_LEAST ? wait_ms : WAIT_LEAST;
	if (!remote_uri_parse(rest, &out->uri, e) || !take_token(out, e))
		return false;
	setup.authority = out->uri.authority;
	if (out->uri.certificate[0] != '\0') {
		setup.certificate = out->uri.certificate;
		setup.key = out->uri.key;
	}
	if (https_open(&setup, &out->https, e))
		return true;
	remote_link_close(out);
	return false;
}

bool
remote_link_open_uri(
    struct remote_link *out, const char *uri, int wait_ms, struct err *e)
{
	static const char scheme[] = "https:";
	size_t len = sizeof(scheme) - 1;

	if (strncmp(uri, scheme, len) == 0)
		return remote_link_open(out, uri + len, wait_ms, e);
	memset(out, 0, sizeof(*out));
	return err_set(e, ERR_CONFIG,
	    "a provider is https://HOST/?authority=FILE&token=FILE");
}

void
remote_link_close(struct remote_link *l)
{
	https_close(l->https);
	if (l->authorization != NULL)
		explicit_bzero(l->authorization, strlen(l->authorization));
	free(l->authorization);
	memset(l, 0, sizeof(*l));
}

/* --- one front ---------------------------------------------------------------------- */

enum outcome {
	READ,	 /* an answer of 200 */
	REFUSED, /* another answer: it is final */
	AGAIN,	 /* the next front, or later */
	STRANGER /* likewise: it is not the provider's */
};

/* The time that is left limits each wait. */
static void
set_waits(struct remote_link *l, const struct remote_turn *t)
{
	int64_t left = t->until - clock_ms();
	int all = CONNECT_MS + ANSWER_MS, connect;

	if (left < all)
		all = left < 2 ? 2 : (int)left;
	connect = all / 2 < CONNECT_MS ? all / 2 : CONNECT_MS;
	https_hurry(l->https, connect, all - connect);
}

static bool
is_passing(int status)
{
	return status == 429 || status >= 500;
}

static void
name_token(const struct remote_link *l, struct err *e)
{
	struct err said = *e;

	err_set(e, said.kind,
	    "%.300s: put the token that the provider gave this system into %s",
	    said.text, l->uri.token);
}

static enum outcome
weigh(const struct remote_link *l, const struct remote_question *q,
    const struct https_answer *a, struct remote_turn *t, struct err *e)
{
	t->status = a->status;
	if (a->status == 200) {
		if (q->read(q->context, a->body, a->body_len, e))
			return READ;
		t->status = 0;
		t->open = true;
		e->kind = ERR_ABSENT;
		return AGAIN;
	}
	remote_get_problem(a->status, a->body, a->body_len, e);
	if (a->status == 401 && l->uri.token[0] != '\0')
		name_token(l, e);
	if (a->retry_s * 1000 > t->pause_ms)
		t->pause_ms = a->retry_s * 1000 < PAUSE_ASKED
				  ? a->retry_s * 1000
				  : PAUSE_ASKED;
	if (a->status >= 500)
		t->open = true;
	if (!is_passing(a->status) || e->kind == ERR_CORRUPT)
		return REFUSED;
	t->status = 0;
	return AGAIN;
}

static enum outcome
ask_front(struct remote_link *l, const struct remote_question *q,
    struct remote_turn *t, struct err *e)
{
	const char *headers[HEADERS_MAX] = {"Accept: application/json"};
	struct https_answer answer;
	struct https_request r = {.method = q->method,
	    .type = q->body != NULL ? "application/json" : NULL,
	    .body = q->body,
	    .body_len = q->body_len,
	    .headers = headers};
	char url[REMOTE_FRONT + 64];
	bool sent;

	headers[1] = l->authorization;
	snprintf(url, sizeof(url), "%s%s", l->uri.front[l->front], q->path);
	r.url = url;
	t->status = 0;
	set_waits(l, t);
	if (https_ask(l->https, &r, &answer, &sent, e))
		return weigh(l, q, &answer, t, e);
	t->open = t->open || sent;
	if (e->kind == ERR_DENIED)
		return STRANGER;
	if (e->kind == ERR_REQUEST) /* an answer that is too long */
		e->kind = ERR_ABSENT;
	return e->kind == ERR_ABSENT ? AGAIN : REFUSED;
}

/* --- all of them ---------------------------------------------------------------------- */

bool
remote_pause(struct remote_turn *t)
{
	int64_t left = t->until - clock_ms();
	int ms = t->pause_ms > 0 ? t->pause_ms : PAUSE_FIRST;
	struct timespec rest;

	if (left <= ms)
		return false;
	rest.tv_sec = ms / 1000;
	rest.tv_nsec = ms % 1000 * 1000000L;
	nanosleep(&rest, NULL);
	t->pause_ms = ms < PAUSE_MOST / 2 ? 2 * ms : PAUSE_MOST;
	return true;
}

/* Each front once, beginning with the one that answered last. */
static enum outcome
ask_round(struct remote_link *l, const struct remote_question *q,
    struct remote_turn *t, struct err *e)
{
	enum outcome result = STRANGER;

	for (size_t i = 0; i < l->uri.fronts; i++) {
		struct err why = ERR_INIT;
		enum outcome one = ask_front(l, q, t, &why);

		*e = why;
		if (one == READ || one == REFUSED)
			return one;
		if (one == AGAIN)
			result = AGAIN;
		l->front = (l->front + 1) % l->uri.fronts;
		if (clock_ms() >= t->until)
			break;
	}
	/* It may have been done, or be done by one that comes back. */
	if (result == AGAIN || t->open)
		e->kind = ERR_ABSENT;
	return result;
}

bool
remote_ask(struct remote_link *l, const struct remote_question *q,
    struct remote_turn *t, struct err *e)
{
	if (t->until == 0)
		t->until = clock_ms() + l->wait_ms;
	for (;;) {
		enum outcome got = ask_round(l, q, t, e);

		if (got == READ)
			*e = (struct err)ERR_INIT;
		if (got != AGAIN)
			return got == READ;
		if (!remote_pause(t))
			return false;
	}
}
