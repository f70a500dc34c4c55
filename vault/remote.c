/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver of vaults "https:": a user system of a provider, whose PSDs sign.
 * The provider's interface is docs/PROVIDER.md's; who it is, vault/remote_uri.h.
 *
 * Why nothing is doubled, and nothing lost:
 *
 * 1. A stamp is asked for under its key.  The provider gives one key the same
 *    bytes for ever and debits it once.  So a question is repeated at will: a
 *    lost question, a lost answer, a front that died, the same question twice
 *    at two fronts all end with one debit.
 * 2. A question bears the fence that the provider told last.  vault_find() moves
 *    the fence, and a question with an older one debits nothing.  So what is
 *    not there when it is asked for is not there later either: a question of a
 *    process that was killed, still under way in a network, is too late.  Who
 *    settles a crash may take the intents back.
 * 3. "No" means that nothing was debited, and nothing will be.  After a question
 *    whose answer was lost, a later "no" says only half of it: the first one may
 *    still arrive.  Then the keys are looked for, which moves the fence: what
 *    is found is the answer, and where nothing is found the "no" is a no.  Where
 *    that cannot be asked, the outcome is unknown, and the journal keeps its
 *    intents.
 * 4. A fence that is too old (409) is taken anew by looking for the keys as
 *    well, never by the status alone: what an earlier question did is in that
 *    answer, and what it did not do it cannot do any more.
 * 5. One process at a time asks for a user system (dispense_lock() by its name);
 *    it begins with the status, so with the newest fence.  One that is cut off
 *    from its lock by death leaves intents, and 2 holds.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "vault/driver.h"
#include "vault/remote_own.h"

#define MODEL_SYSTEM "US"
#define VENDOR_LAB   "XX"
#define SETTLE_MS    3000
#define LOOK_MS	     8000 /* a job waits for one that is away, and says so */

/* --- opening -------------------------------------------------------------------------- */

static void
remote_close(void *home)
{
	struct remote_home *h = home;

	if (h == NULL)
		return;
	remote_link_close(&h->link);
	cert_store_free(h->store);
	for (size_t i = 0; i < h->certs; i++)
		cert_free(h->cert[i]);
	free(h);
}

/* Nothing is asked yet: who is away is so at the first question. */
static bool
remote_open(const char *rest, int wait_ms, void **home, struct err *e)
{
	struct remote_home *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return err_system(e, "memory for a vault");
	if (!remote_link_open(&h->link, rest, wait_ms, e)) {
		free(h);
		return false;
	}
	*home = h;
	return true;
}

/* --- status --------------------------------------------------------------------------- */

static bool
read_status(void *context, const char *body, size_t len, struct err *e)
{
	return remote_get_status(body, len, context, e);
}

/* Stays what it is while it is open: stamps are debited for its name. */
static bool
check_status(
    const struct remote_home *h, const struct remote_status *s, struct err *e)
{
	const struct psd_status *p = &s->psd, *before = &h->seen.psd;

	if (strcmp(p->model, MODEL_SYSTEM) != 0)
		return err_set(e, ERR_CORRUPT,
		    "the provider calls this system \"%s\", which is no user "
		    "system's name",
		    p->model);
	if (p->lab != (strcmp(p->vendor, VENDOR_LAB) == 0))
		return err_set(e, ERR_CORRUPT,
		    "the provider does not say clearly whether its postage is "
		    "real");
	if (h->known &&
	    (strcmp(p->vendor, before->vendor) != 0 ||
		p->serial != before->serial || p->licence != before->licence ||
		p->currency != before->currency))
		return err_set(e, ERR_CORRUPT,
		    "the provider takes this system for another one now");
	return true;
}

/* The question's answer is read into *s. */
static bool
ask_status(struct remote_home *h, const struct remote_question *q,
    const struct remote_status *s, struct psd_status *out, struct err *e)
{
	int wait = q->body == NULL && h->link.wait_ms > LOOK_MS
		       ? LOOK_MS
		       : h->link.wait_ms;
	struct remote_turn turn = {.until = clock_ms() + wait};

	if (!remote_ask(&h->link, q, &turn, e) || !check_status(h, s, e))
		return false;
	h->seen = *s;
	h->fence = s->fence;
	h->known = true;
	*out = s->psd;
	return true;
}

bool
remote_look(struct remote_home *h, struct psd_status *out, struct err *e)
{
	struct remote_status s = {.fence = 0};
	const struct remote_question q = {.method = "GET",
	    .path = "/v1/vault",
	    .read = read_status,
	    .context = &s};

	return ask_status(h, &q, &s, out, e);
}

/* Asked twice it is paid once: the second finds the first one's value. */
static bool
remote_fund(void *home, mils needed, struct psd_status *out, struct err *e)
{
	struct remote_status s = {.fence = 0};
	struct remote_question q = {.method = "POST",
	    .path = "/v1/vault/funds",
	    .read = read_status,
	    .context = &s};
	char *body = remote_put_needed(needed, &q.body_len);
	bool done;

	if (body == NULL)
		return err_system(e, "memory for a question");
	q.body = body;
	done = ask_status(home, &q, &s, out, e);
	free(body);
	return done;
}

static bool
remote_status(void *home, struct psd_status *out, struct err *e)
{
	return remote_look(home, out, e);
}

static size_t
remote_batch(const void *home)
{
	const struct remote_home *h = home;

	return h->known ? h->seen.batch : PSD_BATCH_MAX;
}

static const char *
remote_reason(const void *home)
{
	const struct remote_home *h = home;

	return h->seen.reason;
}

/* --- what there is already -------------------------------------------------------------- */

static bool
read_found(void *context, const char *body, size_t len, struct err *e)
{
	return remote_get_found(body, len, context, e);
}

/* Puts one into its place; the provider knows no other keys than were asked. */
static bool
place_found(struct remote_home *h, struct remote_work *w, bool keys_only,
    struct remote_stamp *got, struct err *e)
{
	got->stamp.replayed = true;
	for (size_t i = 0; i < w->count; i++) {
		if (memcmp(w->in[i].key, got->stamp.key, PSD_KEY_BYTES) != 0)
			continue;
		if (!remote_check(h, keys_only ? NULL : &w->in[i], got, e))
			return false;
		w->out[i] = got->stamp;
		w->found[i] = true;
		return true;
	}
	return err_set(e, ERR_CORRUPT,
	    "the provider found a stamp that nobody has asked for");
}

bool
remote_find_all(
    struct remote_home *h, struct remote_work *w, bool keys_only, struct err *e)
{
	struct remote_stamps *got = calloc(1, sizeof(*got));
	struct remote_question q = {.method = "POST",
	    .path = "/v1/vault/find",
	    .read = read_found,
	    .context = got};
	char *body = remote_put_find(w->in, w->count, &q.body_len);
	struct remote_turn turn = {.until = w->turn.until};
	bool done;

	/* What became of a debit is worth a moment more. */
	if (turn.until != 0 && turn.until < clock_ms() + SETTLE_MS)
		turn.until = clock_ms() + SETTLE_MS;
	memset(w->found, 0, sizeof(w->found));
	q.body = body;
	done = got != NULL && body != NULL ? remote_ask(&h->link, &q, &turn, e)
					   : err_system(e, "memory for stamps");
	if (done)
		h->fence = got->fence;
	for (size_t i = 0; done && i < got->count; i++)
		done = place_found(h, w, keys_only, &got->item[i], e);
	free(body);
	free(got);
	return done;
}

/* Whose stamps they are, and who is trusted, is known before the first one. */
static bool
need_trust(const struct remote_home *h, struct err *e)
{
	return h->store != NULL ||
	       err_set(e, ERR_CONFIG,
		   "nobody has said which authorities are trusted");
}

static bool
remote_find(void *home, const uint8_t key[PSD_KEY_BYTES], struct psd_stamp *out,
    bool *found, struct err *e)
{
	struct remote_home *h = home;
	struct psd_request one = {.amount = 0};
	struct remote_work w = {.in = &one, .count = 1, .out = out};

	*found = false;
	memcpy(one.key, key, PSD_KEY_BYTES);
	if (!need_trust(h, e) || !remote_find_all(h, &w, true, e))
		return false;
	*found = w.found[0];
	return true;
}

static bool
read_recent(void *context, const char *body, size_t len, struct err *e)
{
	return remote_get_recent(body, len, context, e);
}

static bool
remote_recent(void *home, struct psd_stamp *out, size_t *count, struct err *e)
{
	struct remote_home *h = home;
	struct remote_stamps *got = calloc(1, sizeof(*got));
	const struct remote_question q = {.method = "GET",
	    .path = "/v1/vault/recent",
	    .read = read_recent,
	    .context = got};
	struct remote_turn turn = {0};
	bool done = got != NULL || err_system(e, "memory for stamps");

	*count = 0;
	done = done && need_trust(h, e) && remote_ask(&h->link, &q, &turn, e);
	for (size_t i = 0; done && i < got->count; i++) {
		got->item[i].stamp.replayed = true;
		done = remote_check(h, NULL, &got->item[i], e);
		if (done)
			out[(*count)++] = got->item[i].stamp;
	}
	free(got);
	return done;
}

/* --- what a user system has not ---------------------------------------------------------- */

/* A credential took the place of a PIN when it was opened. */
static bool
remote_unlock(void *home, const char *pin, struct err *e)
{
	(void)home;
	(void)pin;
	(void)e;
	return true;
}

static bool
remote_change_pin(
    void *home, const char *old_pin, const char *new_pin, struct err *e)
{
	(void)home;
	(void)old_pin;
	(void)new_pin;
	return err_set(e, ERR_CONFIG,
	    "there is no PIN: the provider gives out tokens and certificates");
}

static bool
at_provider(struct err *e)
{
	return err_set(e, ERR_CONFIG,
	    "value is bought from the provider, whose own PSDs hold it: there "
	    "is nothing to load or to audit here");
}

static bool
remote_download_request(void *home, mils amount, uint8_t out[PSD_MESSAGE_MAX],
    size_t *len, struct err *e)
{
	(void)home;
	(void)amount;
	(void)out;
	(void)len;
	return at_provider(e);
}

static bool
remote_download_apply(void *home, const uint8_t *answer, size_t answer_len,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	(void)home;
	(void)answer;
	(void)answer_len;
	(void)out;
	(void)len;
	return at_provider(e);
}

static bool
remote_audit(void *home, const uint8_t nonce[PSD_NONCE],
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	(void)home;
	(void)nonce;
	(void)out;
	(void)len;
	return at_provider(e);
}

static bool
remote_refund_request(void *home, const struct psd_claim *claim,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	(void)home;
	(void)claim;
	(void)out;
	(void)len;
	return err_set(e, ERR_CONFIG,
	    "a refund of spoiled stamps is asked for at the provider: no PSD "
	    "here signs the request");
}

const struct vault_driver vault_remote_driver = {
    .scheme = "https",
    .open = remote_open,
    .close = remote_close,
    .batch = remote_batch,
    .unlock = remote_unlock,
    .change_pin = remote_change_pin,
    .status = remote_status,
    .fund = remote_fund,
    .debit = remote_debit,
    .find = remote_find,
    .recent = remote_recent,
    .download_request = remote_download_request,
    .download_apply = remote_download_apply,
    .refund_request = remote_refund_request,
    .refund_ask = remote_refund_ask,
    .refund_look = remote_refund_look,
    .audit = remote_audit,
    .certificate = remote_certificate,
    .trust = remote_trust,
    .reason = remote_reason,
};
