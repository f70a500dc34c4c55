/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cards, by Stripe: a page of theirs for a person, a saved card for the rest.  A
 * card's number is typed into their page and never comes here.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/pay_stripe_wire.h"
#include "vault/https.h"
#include "vault/pin.h"

#define SECRET_MAX 256
/* Both together are less than a front waits; what was not answered by then the
 * keeper asks again. */
#define CONNECT_MS 1500
#define ANSWER_MS  4500
#define FORM	   "application/x-www-form-urlencoded"

/* The shapes that pay_stripe_wire.c reads. */
#define VERSION "Stripe-Version: 2024-06-20"

struct stripe {
	struct https *https;
	char base[256], authority[PATH_MAX];
	char paid_url[PAY_BACK], cancelled_url[PAY_BACK];
	char authorization[SECRET_MAX + 32];
	char webhook_secret[SECRET_MAX];
};

/* --- opening --------------------------------------------------------------------- */

static void
close_stripe(void *home)
{
	struct stripe *c = home;

	if (c == NULL)
		return;
	https_close(c->https);
	explicit_bzero(c, sizeof(*c));
	free(c);
}

static bool
read_secrets(struct stripe *c, const struct pay_setup *setup, struct err *e)
{
	char key[SECRET_MAX];
	bool done = pin_secret(setup->key_file, key, sizeof(key), e);

	if (done)
		snprintf(c->authorization, sizeof(c->authorization),
		    "Authorization: Bearer %s", key);
	explicit_bzero(key, sizeof(key));
	return done &&
	       (setup->webhook_secret_file[0] == '\0' ||
		   pin_secret(setup->webhook_secret_file, c->webhook_secret,
		       sizeof(c->webhook_secret), e));
}

static bool
open_link(struct stripe *c, struct err *e)
{
	bool plain = strncmp(c->base, "http:", 5) == 0;
	struct https_setup setup = {.authority = plain ? NULL : c->authority,
	    .connect_ms = CONNECT_MS,
	    .answer_ms = ANSWER_MS};

	return https_open(&setup, &c->https, e);
}

/* Paths begin with their own slash. */
static void
copy_base(struct stripe *c, const char *url)
{
	size_t len;

	snprintf(c->base, sizeof(c->base), "%s", url);
	len = strlen(c->base);
	while (len > 0 && c->base[len - 1] == '/')
		c->base[--len] = '\0';
}

static bool
open_stripe(const struct pay_setup *setup, void **home, struct err *e)
{
	struct stripe *c;

	*home = NULL;
	if (setup->key_file[0] == '\0')
		return true;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return err_system(e, "memory");
	copy_base(c, setup->base_url);
	snprintf(c->authority, sizeof(c->authority), "%s", setup->authority);
	snprintf(c->paid_url, sizeof(c->paid_url), "%s", setup->paid_url);
	snprintf(c->cancelled_url, sizeof(c->cancelled_url), "%s",
	    setup->cancelled_url);
	if (read_secrets(c, setup, e) && open_link(c, e)) {
		*home = c;
		return true;
	}
	close_stripe(c);
	return err_prefix(e, "stripe");
}

/* --- asking ------------------------------------------------------------------------ */

struct question {
	const char *method, *path;
	const struct pay_form *form; /* NULL: none */
	const char *key;	     /* of idempotency; NULL: none */
};

static bool
talk(struct stripe *c, const struct question *q, struct https_answer *answer,
    bool *sent, struct err *e)
{
	char url[1024], idempotency[64];
	const char *headers[] = {c->authorization, VERSION, NULL, NULL};
	struct https_request request = {
	    .method = q->method, .url = url, .headers = headers};
	int n = snprintf(url, sizeof(url), "%s%s", c->base, q->path);

	*sent = false;
	if (n < 0 || n >= (int)sizeof(url) ||
	    (q->form != NULL && q->form->full))
		return err_set(e, ERR_CONFIG,
		    "a request to the processor is too long, or its currency "
		    "is not taken");
	if (q->key != NULL) {
		snprintf(idempotency, sizeof(idempotency),
		    "Idempotency-Key: %s", q->key);
		headers[2] = idempotency;
	}
	if (q->form != NULL) {
		request.type = FORM;
		request.body = q->form->text;
		request.body_len = q->form->len;
	}
	return https_ask(c->https, &request, answer, sent, e);
}

typedef bool
read_fn(const char *text, size_t len, struct pay_said *out, struct err *e);

/* An answer that cannot be read leaves open what was done. */
static bool
read_with(read_fn *read, const struct https_answer *answer,
    struct pay_said *out, struct err *e)
{
	if (read(answer->body, answer->body_len, out, e))
		return true;
	e->kind = ERR_ABSENT;
	return err_prefix(e, "the processor's answer");
}

static bool
ask(void *home, const struct payment *p, struct pay_said *out, bool *sent,
    struct err *e)
{
	struct stripe *c = home;
	bool page = p->kind == PAY_CHECKOUT;
	const struct stripe_back back = {c->paid_url, c->cancelled_url};
	struct pay_form form;
	struct question q = {.method = "POST",
	    .path = page ? "/v1/checkout/sessions" : "/v1/payment_intents",
	    .form = &form,
	    .key = p->key};
	struct https_answer answer;

	*sent = false;
	if (!page && p->method[0] == '\0')
		return err_set(e, ERR_CORRUPT, "no saved card to take it from");
	if (page)
		stripe_page_form(p, &back, &form);
	else
		stripe_charge_form(p, &form);
	if (!talk(c, &q, &answer, sent, e))
		return false;
	if (answer.status != 200)
		return stripe_read_error(
		    answer.status, answer.body, answer.body_len, out, e);
	return read_with(
	    page ? stripe_read_session : stripe_read_intent, &answer, out, e);
}

/* --- looking -------------------------------------------------------------------------- */

static bool
look_at(struct stripe *c, const char *path, struct https_answer *answer,
    struct err *e)
{
	struct question q = {.method = "GET", .path = path};
	bool sent;

	if (!talk(c, &q, answer, &sent, e))
		return false;
	return answer->status == 200 ||
	       err_set(e, ERR_ABSENT,
		   "the processor answers a question for a payment with "
		   "status %d",
		   answer->status);
}

/* The number is put into a path. */
static bool
is_plain(const char *id)
{
	return *id != '\0' &&
	       strspn(id,
		   "abcdefghijklmnopqrstuvwxyz"
		   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == strlen(id);
}

static bool
look_at_intent(
    struct stripe *c, const char *id, struct pay_said *out, struct err *e)
{
	struct https_answer answer;
	char path[PAY_REF + 64];

	snprintf(path, sizeof(path),
	    "/v1/payment_intents/%s?expand%%5B%%5D=payment_method", id);
	return look_at(c, path, &answer, e) &&
	       read_with(stripe_read_intent, &answer, out, e);
}

static bool
look_at_page(
    struct stripe *c, const char *id, struct pay_said *out, struct err *e)
{
	struct https_answer answer;
	char path[PAY_REF + 32];

	snprintf(path, sizeof(path), "/v1/checkout/sessions/%s", id);
	return look_at(c, path, &answer, e) &&
	       read_with(stripe_read_session, &answer, out, e);
}

static bool
look(void *home, const struct payment *p, struct pay_said *out, struct err *e)
{
	struct stripe *c = home;
	bool page = p->kind == PAY_CHECKOUT &&
		    (pay_is_open(p->state) || p->processor_id[0] == '\0');
	const char *id = page ? p->page : p->processor_id;

	if (!is_plain(id))
		return err_set(e, ERR_ABSENT,
		    "payment %lld has no number of the processor",
		    (long long)p->id);
	return page ? look_at_page(c, id, out, e)
		    : look_at_intent(c, id, out, e);
}

/* --- hearing ---------------------------------------------------------------------------- */

static bool
hear(void *home, const struct pay_signed *in, int64_t now_s,
    struct pay_said *out, struct err *e)
{
	struct stripe *c = home;

	if (c->webhook_secret[0] == '\0')
		return err_set(e, ERR_DENIED,
		    "[stripe] has no webhook-secret-file: webhooks cannot be "
		    "believed");
	return pay_signature_check(in, c->webhook_secret, now_s, e) &&
	       stripe_read_event(in->body, in->body_len, out, e);
}

const struct pay_driver pay_stripe_driver = {
    .name = "stripe",
    .ledger = "processor",
    .open = open_stripe,
    .close = close_stripe,
    .ask = ask,
    .look = look,
    .hear = hear,
};
