/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PSD that is on a card.
 */
#include "provider/enrol.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/complete.h"
#include "provider/field.h"
#include "vault/crypto.h"
#include "vault/download.h"

/* A card on its way in. */
struct newcomer {
	struct worker *w;
	struct signer_taken taken;
	struct psd_record psd;
	struct psd_row row;
	struct download first;
};

/* --- may it come in? -------------------------------------------------------------- */

static bool
is_certified(struct newcomer *n, const struct signer_taken *t, struct err *e)
{
	struct psd_here *here = &n->psd.here;
	struct cert *cert = NULL;
	bool done = cert_parse(t->certificate, t->certificate_len, &cert, e) &&
		    field_is_ours(n->w, cert, e) &&
		    field_serial(n->w, cert_id(cert), &here->serial, e);

	if (done)
		here->cert_serial = cert_serial(cert);
	cert_free(cert);
	return done;
}

static const char *
fault_of(const struct worker *w, const struct psd_status *s)
{
	const struct licence *l = &w->provider->licence;

	if (s->licence != l->number || s->currency != l->currency)
		return "it is of another licence or currency";
	if (s->control_total != 0 || s->piece_count != 0)
		return "it had value, or issued stamps, before: these books "
		       "know nothing of them";
	if (s->refunds != 0)
		return "it asked for refunds before";
	return NULL;
}

static bool
is_new(struct newcomer *n, const struct signer_taken *t, struct err *e)
{
	const char *fault = fault_of(n->w, &t->status);
	struct psd_record other;
	bool found;

	if (fault != NULL)
		return err_set(e, ERR_REQUEST, "PSD %s: %s", t->id, fault);
	if (!store_psd_find(n->w->store, n->psd.here.serial, &other, &found, e))
		return false;
	return !found || err_set(e, ERR_REQUEST, "there is a PSD %s", t->id);
}

/* Before it is given the PIN. */
static bool
knows(void *context, struct signer_taken *t, struct err *e)
{
	struct newcomer *n = context;

	return is_certified(n, t, e) && is_new(n, t, e);
}

/* Whether a module is away is known of the module: it has one card. */
static bool
is_free(struct worker *w, const struct signer *signer, struct err *e)
{
	const char *module = signer_name(signer);
	char id[PSD_ID];
	uint32_t serial;
	bool found;

	if (!store_psd_of_module(w->store, module, &serial, &found, e))
		return false;
	return !found ||
	       err_set(e, ERR_REQUEST,
		   "module %s has PSD %s: each card is a [module NAME] of its "
		   "own; a PSD that has come to its end makes room",
		   module, worker_psd_id(w, serial, id));
}

/* --- its row --------------------------------------------------------------------------- */

/* As the card is now; it does not tell its software id, and a first stamp that
 * shows another one is not taken. */
static bool
copy_state(struct newcomer *n, const struct psd_status *s, struct err *e)
{
	struct psd *p = &n->row.psd;
	struct psd_setup setup = {.serial = s->serial,
	    .cert_serial = s->cert_serial,
	    .licence = s->licence,
	    .currency = s->currency,
	    .software_id = PSD_SOFTWARE,
	    .min_stamp = s->min_stamp,
	    .max_stamp = s->max_stamp,
	    .max_descending = s->max_descending,
	    .expires = s->expires,
	    .audit_due = s->audit_due,
	    .answers = s->download_sequence};

	memcpy(setup.vendor, s->vendor, sizeof(setup.vendor));
	memcpy(setup.model, s->model, sizeof(setup.model));
	psd_init(p);
	p->remembers = 1;
	return crypto_point(
		   n->w->provider->answer_key, setup.provider_key, e) &&
	       psd_initialise(p, e) && psd_personalise(p, &setup, e);
}

/* --- the first value --------------------------------------------------------------------- */

/* What it shows anybody can change on the way, what it signs nobody. */
static bool
says_the_same(const struct signer_taken *t, const struct download_request *r,
    struct err *e)
{
	const struct psd_status *s = &t->status;

	return (r->control_total == s->control_total &&
		   r->ascending == s->ascending &&
		   r->piece_count == s->piece_count &&
		   r->sequence == s->download_sequence) ||
	       err_set(e, ERR_CORRUPT,
		   "PSD %s shows registers that it does not sign: another "
		   "program is at work on it, or somebody changes what it "
		   "says",
		   t->id);
}

static bool
make_answer(struct newcomer *n, struct signer_taken *t, struct err *e)
{
	struct download_terms none = {.amount = 0};
	struct download_request request;
	struct sig_key *key = NULL;
	bool done;

	if (!crypto_from_point(t->key.point, &key, e))
		return false;
	done = download_check_request(
		   t->request, t->request_len, key, &request, e) &&
	       says_the_same(t, &request, e) &&
	       download_make_answer(&request, &none, n->w->provider->answer_key,
		   t->answer, &t->answer_len, e);
	sig_free(key);
	n->first = (struct download){.psd = n->psd.here.serial,
	    .sequence = request.sequence + 1,
	    .applied = true,
	    .made = worker_ms(n->w)};
	return done;
}

static bool
apply_to_row(struct newcomer *n, const struct signer_taken *t, struct err *e)
{
	uint8_t receipt[PSD_MESSAGE_MAX];
	struct psd_crypto crypto;
	bool changed;
	size_t len;

	complete_later(&crypto);
	memcpy(n->first.answer, t->answer, t->answer_len);
	n->first.answer_len = t->answer_len;
	return psd_download_apply(&n->row.psd, &crypto, t->answer,
	    t->answer_len, receipt, &len, &changed, e);
}

/* Before the card hears anything. */
static bool
judge(void *context, struct signer_taken *t, struct err *e)
{
	struct newcomer *n = context;

	return copy_state(n, &t->status, e) && make_answer(n, t, e) &&
	       apply_to_row(n, t, e);
}

/* --- the whole ---------------------------------------------------------------------------- */

static bool
write(struct newcomer *n, struct err *e)
{
	struct psd_here *here = &n->psd.here;
	const struct signer_taken *t = &n->taken;

	here->key = t->key;
	memcpy(here->certificate, t->certificate, t->certificate_len);
	here->certificate_len = t->certificate_len;
	n->first.account = here->account;
	if (!store_psd_add(n->w->store, &n->psd, &n->row, worker_ms(n->w), e))
		return false;
	store_download_put(n->w->store, &n->first);
	return store_flush(n->w->store, e);
}

bool
enrol_card(struct worker *w, int64_t account, struct signer *signer,
    uint32_t *serial, struct err *e)
{
	struct newcomer *n = calloc(1, sizeof(*n));
	struct signer_judge how = {knows, judge, n};
	bool done;

	if (n == NULL)
		return err_system(e, "memory");
	n->w = w;
	n->psd.here.account = account;
	n->psd.here.card = true;
	snprintf(n->psd.here.module, sizeof(n->psd.here.module), "%s",
	    signer_name(signer));
	done = is_free(w, signer, e) &&
	       signer_take(signer, &how, &n->taken, e) && write(n, e);
	*serial = n->psd.here.serial;
	free(n);
	return done;
}
