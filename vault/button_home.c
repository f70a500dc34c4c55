/* SPDX-License-Identifier: Apache-2.0 */
/* the driver of button vaults: each call is one visit */
#include "vault/button_home.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/date.h"
#include "vault/button_own.h"
#include "vault/driver.h"

#define TRIES 3 /* of what a bad contact broke off */

static uint32_t
today(void)
{
	return date_local(time(NULL));
}

/* What a visit is for. */
typedef bool visit_work(struct button_home *h, struct button_visit *v,
    void *context, struct err *e);

/* Where contact was lost in the middle the button is asked again when it is
 * back, whatever it kept: each thing done twice does what it does once. */
static bool
visit(struct button_home *h, visit_work *work, void *context, struct err *e)
{
	struct button_visit v;

	for (int i = 0; i < TRIES; i++) {
		bool done;

		*e = (struct err)ERR_INIT;
		if (!button_enter(h, &v, e))
			return false;
		done = work(h, &v, context, e);
		button_leave(&v);
		/* With the link standing the PSD said no. */
		if (done || h->link != NULL || e->kind == ERR_BUSY)
			return done;
	}
	return false;
}

static bool
ask_status(
    struct button_home *h, struct button_visit *v, void *context, struct err *e)
{
	(void)h;
	(void)e;
	psd_status(&v->psd, today(), context);
	return true;
}

static bool
button_open(const char *rest, int wait_ms, void **home, struct err *e)
{
	struct button_home *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return err_system(e, "memory for a button");
	if (button_parse(rest, h, e)) {
		struct psd_status s;

		h->wait_ms = wait_ms;
		if (visit(h, ask_status, &s, e)) {
			*home = h;
			return true;
		}
	}
	button_free(h);
	return false;
}

static void
button_close(void *home)
{
	button_free(home);
}

static size_t
button_batch(const void *home)
{
	const struct button_home *h = home;

	return h->kind->remembers < VAULT_BATCH_MAX ? h->kind->remembers
						    : VAULT_BATCH_MAX;
}

static bool
button_status(void *home, struct psd_status *out, struct err *e)
{
	return visit(home, ask_status, out, e);
}

/* --- stamps -------------------------------------------------------------------------- */

struct batch {
	const struct psd_request *in;
	size_t count;
	struct psd_stamp *out;
};

static bool
debit(
    struct button_home *h, struct button_visit *v, void *context, struct err *e)
{
	const struct batch *b = context;
	struct psd_crypto crypto;
	bool changed;

	return button_take_key(h, v, &crypto, e) &&
	       psd_debit(&v->psd, &crypto, today(), b->in, b->count, b->out,
		   &changed, e) &&
	       (changed ? button_save(h, v, e) : button_settle(h, v, e));
}

static bool
button_debit(void *home, const struct psd_request *in, size_t count,
    struct psd_stamp *out, struct err *e)
{
	struct batch b = {.in = in, .count = count, .out = out};

	if (count < 1 || count > button_batch(home))
		return err_set(e, ERR_REQUEST,
		    "a batch of %zu stamps: this button takes 1 to %zu", count,
		    button_batch(home));
	if (visit(home, debit, &b, e))
		return true;
	explicit_bzero(out, count * sizeof(out[0]));
	return false;
}

/* A stamp that is looked for, or all of them. */
struct search {
	const uint8_t *key;
	struct psd_stamp *out;
	bool found;
	size_t count;
};

static bool
find(
    struct button_home *h, struct button_visit *v, void *context, struct err *e)
{
	struct search *s = context;

	s->found = psd_find(&v->psd, s->key, s->out);
	return !s->found || button_settle(h, v, e);
}

static bool
button_find(void *home, const uint8_t key[PSD_KEY_BYTES], struct psd_stamp *out,
    bool *found, struct err *e)
{
	struct search s = {.key = key, .out = out};
	bool done = visit(home, find, &s, e);

	*found = done && s.found;
	if (!done)
		explicit_bzero(out, sizeof(*out));
	return done;
}

static bool
list_ring(
    struct button_home *h, struct button_visit *v, void *context, struct err *e)
{
	struct search *s = context;

	s->count = psd_recent(&v->psd, s->out);
	return button_settle(h, v, e);
}

static bool
button_recent(void *home, struct psd_stamp *out, size_t *count, struct err *e)
{
	struct search s = {.out = out};
	bool done = visit(home, list_ring, &s, e);

	*count = done ? s.count : 0;
	return done;
}

/* --- messages -------------------------------------------------------------------------- */

/* A signed message, and what it is about. */
struct letter {
	mils amount;
	const void *in;
	size_t in_len;
	uint8_t *out;
	size_t *len;
};

static bool
ask_download(
    struct button_home *h, struct button_visit *v, void *context, struct err *e)
{
	const struct letter *l = context;
	struct psd_crypto crypto;

	return button_take_key(h, v, &crypto, e) &&
	       psd_download_request(
		   &v->psd, &crypto, l->amount, l->out, l->len, e);
}

static bool
button_download_request(void *home, mils amount, uint8_t out[PSD_MESSAGE_MAX],
    size_t *len, struct err *e)
{
	struct letter l = {.amount = amount, .out = out, .len = len};

	return visit(home, ask_download, &l, e);
}

static bool
apply_download(
    struct button_home *h, struct button_visit *v, void *context, struct err *e)
{
	const struct letter *l = context;
	struct psd_crypto crypto;
	bool changed;

	return button_take_key(h, v, &crypto, e) &&
	       psd_download_apply(&v->psd, &crypto, l->in, l->in_len, l->out,
		   l->len, &changed, e) &&
	       (changed ? button_save(h, v, e) : button_settle(h, v, e));
}

static bool
button_download_apply(void *home, const uint8_t *answer, size_t answer_len,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	struct letter l = {
	    .in = answer, .in_len = answer_len, .out = out, .len = len};

	if (visit(home, apply_download, &l, e))
		return true;
	explicit_bzero(out, PSD_MESSAGE_MAX);
	return false;
}

static bool
ask_refund(
    struct button_home *h, struct button_visit *v, void *context, struct err *e)
{
	const struct letter *l = context;
	struct psd_crypto crypto;
	bool changed;

	return button_take_key(h, v, &crypto, e) &&
	       psd_refund_request(
		   &v->psd, &crypto, l->in, l->out, l->len, &changed, e) &&
	       (changed ? button_save(h, v, e) : button_settle(h, v, e));
}

static bool
button_refund_request(void *home, const struct psd_claim *claim,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	struct letter l = {.in = claim, .out = out, .len = len};

	if (visit(home, ask_refund, &l, e))
		return true;
	explicit_bzero(out, PSD_MESSAGE_MAX);
	return false;
}

static bool
ask_audit(
    struct button_home *h, struct button_visit *v, void *context, struct err *e)
{
	const struct letter *l = context;
	struct psd_crypto crypto;

	return button_take_key(h, v, &crypto, e) &&
	       psd_audit(&v->psd, &crypto, l->in, l->out, l->len, e);
}

static bool
button_audit(void *home, const uint8_t nonce[PSD_NONCE],
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	struct letter l = {.in = nonce, .out = out, .len = len};

	return visit(home, ask_audit, &l, e);
}

static bool
read_cert(
    struct button_home *h, struct button_visit *v, void *context, struct err *e)
{
	const struct letter *l = context;

	(void)h;
	return button_store_cert(&v->store, l->out, l->len, e);
}

static bool
button_certificate(
    void *home, uint8_t *out, size_t size, size_t *len, struct err *e)
{
	uint8_t der[CERT_MAX];
	struct letter l = {.out = der, .len = len};

	if (!visit(home, read_cert, &l, e))
		return false;
	if (*len > size)
		return err_set(e, ERR_REQUEST,
		    "the certificate does not fit %zu bytes", size);
	memcpy(out, der, *len);
	return true;
}

/* An old copy of its memory is as good as the newest. */
static bool
button_guard(void *home, struct vault_guard *out, struct err *e)
{
	(void)home;
	(void)e;
	*out = (struct vault_guard){.by_itself = false};
	return true;
}

static const char *
button_caution(void *home)
{
	(void)home;
	return "A button's memory can be copied and an old copy put back; "
	       "only the journal and the provider's books would show it.";
}

const struct vault_driver vault_button_driver = {
    .scheme = "button",
    .open = button_open,
    .close = button_close,
    .create = button_create,
    .list = button_list,
    .batch = button_batch,
    .unlock = button_unlock,
    .change_pin = button_change_pin,
    .caution = button_caution,
    .status = button_status,
    .debit = button_debit,
    .find = button_find,
    .recent = button_recent,
    .download_request = button_download_request,
    .download_apply = button_download_apply,
    .refund_request = button_refund_request,
    .audit = button_audit,
    .certificate = button_certificate,
    .guard = button_guard,
};
