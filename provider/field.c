/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/field.h"

#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "base/text.h"
#include "provider/again.h"
#include "provider/spend.h"
#include "provider/store_field.h"
#include "provider/store_ledger.h"
#include "provider/store_psd.h"
#include "vault/crypto.h"
#include "vault/download.h"

#define TRIES 8

/* A call on its way, in a transaction that writes. */
struct talk {
	struct worker *w;
	const struct field_call *call;
	struct psd_record psd;
	struct sig_key *key;
	struct field_row row;
	char id[PSD_ID];
};

/* --- enrolment ------------------------------------------------------------------------ */

static bool
add_cert(struct cert_store *store, const struct cert *c, struct err *e)
{
	uint8_t der[CERT_MAX];
	size_t len;

	return cert_der(c, der, sizeof(der), &len, e) &&
	       cert_store_add(store, der, len, e);
}

bool
field_is_ours(struct worker *w, const struct cert *c, struct err *e)
{
	struct cert_store *store = NULL;
	char why[256] = "";
	bool good = cert_store_new(&store, e) &&
		    add_cert(store, w->provider->authority, e) &&
		    add_cert(store, w->provider->certificate, e);

	if (good &&
	    (cert_rank(c) != CERT_PSD ||
		cert_store_check(store, c, worker_today(w), why) != CERT_GOOD))
		good = err_set(e, ERR_REQUEST,
		    "%s is no PSD that this provider certified: %s",
		    cert_name(c), why);
	cert_store_free(store);
	return good;
}

bool
field_serial(
    const struct worker *w, const char *id, uint32_t *serial, struct err *e)
{
	char wanted[PSD_ID];
	uint64_t n;

	if (strlen(id) == PSD_ID - 2 && text_to_u64(id + 4, UINT32_MAX, &n) &&
	    strcmp(worker_psd_id(w, (uint32_t)n, wanted), id) == 0) {
		*serial = (uint32_t)n;
		return true;
	}
	return err_set(e, ERR_REQUEST, "\"%s\" is no PSD of this provider", id);
}

bool
field_enrol(struct worker *w, int64_t account, const struct cert *certificate,
    uint32_t *serial, struct err *e)
{
	struct psd_record psd = {.field = true}, other;
	bool found;

	if (!field_is_ours(w, certificate, e) ||
	    !field_serial(w, cert_id(certificate), serial, e))
		return false;
	psd.here.account = account;
	psd.here.serial = *serial;
	psd.here.cert_serial = cert_serial(certificate);
	if (!store_psd_find(w->store, *serial, &other, &found, e))
		return false;
	if (found)
		return err_set(
		    e, ERR_REQUEST, "there is a PSD %s", cert_id(certificate));
	return crypto_point(cert_key(certificate), psd.here.key.point, e) &&
	       cert_der(certificate, psd.here.certificate,
		   sizeof(psd.here.certificate), &psd.here.certificate_len,
		   e) &&
	       store_psd_add(w->store, &psd, NULL, worker_ms(w), e);
}

/* --- who speaks ------------------------------------------------------------------------ */

static bool
find_psd(struct talk *t, const struct message_psd *named, struct err *e)
{
	char id[PSD_ID];
	bool found;

	worker_psd_id(t->w, t->call->serial, t->id);
	if (strcmp(message_psd_id(named, id), t->id) != 0)
		return err_set(
		    e, ERR_REQUEST, "a message of %s, not of %s", id, t->id);
	if (!store_psd_find(t->w->store, t->call->serial, &t->psd, &found, e))
		return false;
	if (!found || !t->psd.field ||
	    t->psd.here.account != t->call->who->account)
		return err_set(e, ERR_DENIED,
		    "%s is no PSD of account %s in the field", t->id,
		    t->call->who->account_name);
	return crypto_from_point(t->psd.here.key.point, &t->key, e);
}

/* --- what it says ---------------------------------------------------------------------- */

/* What it spent since it was heard last. */
static bool
put_spent(struct talk *t, mils spent, struct err *e)
{
	char from[32], ref[64];
	struct transfer x = {.kind = "spend",
	    .from = from,
	    .to = "postage",
	    .ref = ref,
	    .amount = spent - t->row.spent_said,
	    .made = worker_ms(t->w)};

	if (x.amount == 0)
		return true;
	snprintf(from, sizeof(from), "psd:%lu", (unsigned long)t->call->serial);
	snprintf(ref, sizeof(ref), "spend:%lu:%lld",
	    (unsigned long)t->call->serial, (long long)spent);
	store_transfer_put(t->w->store, &x);
	return store_flush(t->w->store, e);
}

static bool
book(struct talk *t, uint32_t sequence, mils ascending, mils control_total,
    struct err *e)
{
	char says[MILS_TEXT], said[MILS_TEXT];
	bool found;

	if (!store_field_lock(
		t->w->store, t->call->serial, sequence, &t->row, &found, e))
		return false;
	if (!found)
		return err_set(e, ERR_CORRUPT, "PSD %s has gone", t->id);
	if (ascending < t->row.known)
		return err_set(e, ERR_DENIED,
		    "%s says that it has spent %s in all, and %s is known of: "
		    "an old copy of it was put back",
		    t->id, mils_format(ascending, says),
		    mils_format(t->row.known, said));
	if (control_total != t->row.given)
		return err_set(e, ERR_DENIED,
		    "%s holds %s in all, this provider gave it %s: it was "
		    "filled elsewhere, or is another PSD",
		    t->id, mils_format(control_total, says),
		    mils_format(t->row.given, said));
	if (!put_spent(t, ascending, e) ||
	    !store_field_heard(
		t->w->store, t->call->serial, ascending, worker_ms(t->w), e))
		return false;
	t->row.spent_said = ascending;
	t->row.audited = worker_ms(t->w);
	return store_field_said(
	    t->w->store, t->call->serial, sequence, &t->row, e);
}

/* --- value ------------------------------------------------------------------------------- */

static uint8_t
orders_of(const struct talk *t)
{
	if (strcmp(t->psd.state, "operational") == 0)
		return 0;
	return strcmp(t->psd.state, "withheld") == 0 ? ORDER_WITHHOLD
						     : ORDER_WITHDRAW;
}

/* What it takes away counts as spent: nobody sees when it spends it. */
static bool
spend(struct talk *t, mils amount, struct err *e)
{
	struct store *s = t->w->store;
	const struct spend more = {.sum = amount};
	struct user_system who;
	bool found;

	store_system_ask(s, t->call->who->id, STORE_LOCK);
	if (!store_system_get(s, &who, &found, e))
		return false;
	if (!found || !store_system_agrees(t->call->who, &who))
		return err_set(e, ERR_DENIED,
		    "user system %s has changed: nothing was given",
		    t->call->who->name);
	if (who.why[0] != '\0')
		return err_set(e, ERR_DENIED, "%s", who.why);
	if (!spend_allowed(t->w, &who, &more, false, e))
		return false;
	spend_count(&who, &more);
	store_system_put(s, &who);
	store_system_send(s);
	return store_flush(s, e);
}

static bool
may_have(struct talk *t, const struct download_request *r, struct err *e)
{
	if (r->amount == 0)
		return true;
	if (orders_of(t) != 0)
		return err_set(e, ERR_DENIED,
		    "%s is %s: it gets no value; ask the provider", t->id,
		    t->psd.state);
	return spend(t, r->amount, e);
}

static bool
take_credit(struct talk *t, const struct download *d, struct err *e)
{
	char from[32], to[32], ref[48], text[MILS_TEXT];
	struct transfer x = {.kind = "load",
	    .from = from,
	    .to = to,
	    .ref = ref,
	    .amount = d->amount,
	    .made = d->made};

	if (d->amount == 0)
		return true;
	store_credit_take(t->w->store, d->account, d->amount);
	if (!store_receive(t->w->store, e))
		return false;
	if (store_changed(t->w->store) == 0)
		return err_set(e, ERR_FUNDS,
		    "account %s has no %s: pay in to the provider",
		    t->call->who->account_name, mils_format(d->amount, text));
	snprintf(from, sizeof(from), "credit:%lld", (long long)d->account);
	snprintf(to, sizeof(to), "psd:%lu", (unsigned long)d->psd);
	snprintf(ref, sizeof(ref), "load:%lu:%lu", (unsigned long)d->psd,
	    (unsigned long)d->sequence);
	store_transfer_put(t->w->store, &x);
	return store_flush(t->w->store, e);
}

static bool
new_answer(struct talk *t, const struct download_request *r, struct download *d,
    struct err *e)
{
	const struct provider *p = t->w->provider;
	struct download_terms terms = {.amount = r->amount,
	    .orders = orders_of(t),
	    .audit_due = date_add(worker_today(t->w), p->audit_days)};

	*d = (struct download){.psd = t->call->serial,
	    .sequence = r->sequence + 1,
	    .account = t->psd.here.account,
	    .system = t->call->who->id,
	    .amount = r->amount,
	    .orders = terms.orders,
	    .made = worker_ms(t->w)};
	if (!may_have(t, r, e) || !take_credit(t, d, e) ||
	    !download_make_answer(
		r, &terms, p->answer_key, d->answer, &d->answer_len, e))
		return false;
	store_download_put(t->w->store, d);
	return store_flush(t->w->store, e);
}

static bool
download(struct talk *t, struct download *d, struct err *e)
{
	const struct field_call *c = t->call;
	struct download_request r;
	bool known;

	if (!message_get_request(c->msg, c->len, &r, e) ||
	    !find_psd(t, &r.psd, e) ||
	    !download_check_request(c->msg, c->len, t->key, &r, e) ||
	    !book(t, r.sequence, r.ascending, r.control_total, e) ||
	    !store_download_find(
		t->w->store, c->serial, r.sequence + 1, d, &known, e))
		return false;
	return (known || new_answer(t, &r, d, e)) &&
	       store_commit(t->w->store, e);
}

bool
field_download(struct worker *w, const struct field_call *call,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	struct download d;
	struct again a;
	bool done;

	/* what is in doubt is asked again: its number has its answer, or not */
	again_begin(&a, TRIES);
	do {
		struct talk t = {.w = w, .call = call};

		done = store_begin(w->store, STORE_WRITE, e) &&
		       download(&t, &d, e);
		store_rollback(w->store);
		sig_free(t.key);
	} while (!done && again(&a, w, e));
	if (!done)
		return false;
	memcpy(out, d.answer, d.answer_len);
	*len = d.answer_len;
	return true;
}

/* --- audits ------------------------------------------------------------------------------- */

static bool
hear(struct talk *t, struct psd_report *r, struct err *e)
{
	const struct field_call *c = t->call;

	return store_begin(t->w->store, STORE_WRITE, e) &&
	       message_get_report(c->msg, c->len, r, e) &&
	       find_psd(t, &r->psd, e) &&
	       download_check_report(c->msg, c->len, t->key, r, e) &&
	       book(t, r->sequence, r->ascending, r->control_total, e);
}

bool
field_audit(struct worker *w, const struct field_call *call, struct err *e)
{
	struct talk t = {.w = w, .call = call};
	struct psd_report r;
	bool done = hear(&t, &r, e) && store_commit(w->store, e);

	store_rollback(w->store);
	sig_free(t.key);
	return done;
}

/* As vault/lab_books.c: an answer that the PSD knows nothing of was given to a
 * newer state than this, or never came. */
static bool
is_newest(struct talk *t, const struct psd_report *r, struct err *e)
{
	struct download d;
	bool known, same;

	if (r->type != MESSAGE_AUDIT)
		return err_set(e, ERR_REQUEST, "this is no audit of a PSD");
	if (!store_download_find(
		t->w->store, t->call->serial, r->sequence + 1, &d, &known, e))
		return false;
	if (known)
		return err_set(e, ERR_DENIED,
		    "value was downloaded since this copy was made, or is "
		    "still on its way: it cannot be told from an old copy");
	if (!store_field_consent(t->w->store, t->call->serial, r->sequence,
		r->ascending, &same, e))
		return false;
	return same || err_set(e, ERR_DENIED,
			   "another copy of %s was consented to, and has not "
			   "been audited since",
			   t->id);
}

bool
field_consent(struct worker *w, const struct field_call *call,
    uint8_t out[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	struct talk t = {.w = w, .call = call};
	struct psd_report r;
	bool done =
	    hear(&t, &r, e) && is_newest(&t, &r, e) &&
	    download_make_consent(&r, w->provider->answer_key, out, len, e) &&
	    store_commit(w->store, e);

	store_rollback(w->store);
	sig_free(t.key);
	return done;
}
