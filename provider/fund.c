/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/fund.h"

#include <stdio.h>
#include <string.h>

#include "provider/complete.h"
#include "provider/store_ledger.h"
#include "vault/crypto.h"
#include "vault/download.h"

#define LEFT_MAX 16 /* of one round */

/* --- the PSD's side ---------------------------------------------------------------- */

/* Signs as the PSD, by its module. */
struct lender {
	struct worker *w;
	const struct psd_here *psd;
};

static bool
sign_by_module(void *context, const uint8_t *msg, size_t len,
    uint8_t sig[INDICIUM_SIGNATURE], struct err *e)
{
	const struct lender *l = context;
	struct signer_message m = {.ptr = msg, .len = len};
	char id[PSD_ID];

	if (!signer_sign(worker_signer(l->w, l->psd->module),
		worker_psd_id(l->w, l->psd->serial, id), &l->psd->key, &m, 1,
		e))
		return false;
	memcpy(sig, m.sig, sizeof(m.sig));
	return true;
}

/* --- applying ------------------------------------------------------------------------ */

static bool
apply_locked(struct worker *w, const struct psd_here *psd, uint32_t sequence,
    struct err *e)
{
	uint8_t receipt[PSD_MESSAGE_MAX];
	struct psd_crypto crypto;
	struct psd_row row;
	struct download d;
	bool found, changed;
	size_t len;

	store_psd_row_ask(w->store, psd->serial, STORE_LOCK);
	if (!store_psd_row_get(w->store, &row, &found, e))
		return false;
	if (!found || !store_download_find(
			  w->store, psd->serial, sequence, &d, &found, e))
		return false;
	if (!found || !row.operational || row.psd.download_sequence >= sequence)
		return true;
	/* the receipt of a PSD in this database goes nowhere */
	complete_later(&crypto);
	if (!psd_download_apply(&row.psd, &crypto, d.answer, d.answer_len,
		receipt, &len, &changed, e))
		return false;
	store_psd_row_put(w->store, &row);
	store_psd_row_send(w->store);
	store_download_applied(w->store, psd->serial, sequence);
	return store_flush(w->store, e);
}

/* Twice is once: the PSD's sequence number says whether it has it. */
static bool
apply(struct worker *w, const struct psd_here *psd, uint32_t sequence,
    struct err *e)
{
	bool done = store_begin(w->store, STORE_WRITE, e) &&
		    apply_locked(w, psd, sequence, e) &&
		    store_commit(w->store, e);

	store_rollback(w->store);
	return done;
}

/* --- granting -------------------------------------------------------------------------- */

static bool
look(struct worker *w, const struct psd_here *psd, struct psd_row *row,
    bool *waits, struct err *e)
{
	struct download d;
	bool found = false, done;

	*waits = false;
	if (!store_begin(w->store, STORE_READ, e))
		return false;
	store_psd_row_ask(w->store, psd->serial, STORE_LOOK);
	done = store_psd_row_get(w->store, row, &found, e) && found &&
	       store_download_find(w->store, psd->serial,
		   row->psd.download_sequence + 1, &d, waits, e);
	store_rollback(w->store);
	return done || e->kind != ERR_NONE ||
	       err_set(e, ERR_CORRUPT, "PSD %lu has no state",
		   (unsigned long)psd->serial);
}

static mils
how_much(const struct user_system *u, const struct psd *p, mils need)
{
	mils room = p->max_descending - psd_descending(p);
	mils amount = need > u->load ? need : u->load;

	if (amount > u->credit)
		amount = u->credit;
	if (amount > room)
		amount = room;
	return amount >= need ? amount : 0;
}

/* The PSD's request, signed by its module. */
static bool
ask_module(struct worker *w, const struct psd_here *psd, const struct psd *p,
    mils amount, struct download_request *out, struct err *e)
{
	struct lender lender = {w, psd};
	struct sig_key *key = NULL;
	struct psd_crypto crypto;
	uint8_t msg[PSD_MESSAGE_MAX];
	size_t len;
	bool done;

	crypto_init(&crypto, NULL);
	crypto.context = &lender;
	crypto.sign = sign_by_module;
	if (!psd_download_request(p, &crypto, amount, msg, &len, e) ||
	    !crypto_from_point(psd->key.point, &key, e))
		return false;
	done = download_check_request(msg, len, key, out, e);
	sig_free(key);
	return done;
}

/* A card comes behind its row: the row asks for it. */
static bool
ask_row(const struct psd *p, mils amount, struct download_request *out,
    struct err *e)
{
	struct psd_crypto crypto;
	uint8_t msg[PSD_MESSAGE_MAX];
	size_t len;

	complete_later(&crypto);
	return psd_download_request(p, &crypto, amount, msg, &len, e) &&
	       message_get_request(msg, len, out, e);
}

static bool
make_answer(struct worker *w, const struct psd_here *psd, const struct psd *p,
    struct download *d, struct err *e)
{
	bool follows = signer_follows(worker_signer(w, psd->module));
	struct download_request request;
	struct download_terms terms = {.amount = d->amount,
	    .orders = d->orders,
	    .audit_due = p->audit_due};

	if (!(follows ? ask_row(p, d->amount, &request, e)
		      : ask_module(w, psd, p, d->amount, &request, e)))
		return false;
	d->sequence = request.sequence + 1;
	return download_make_answer(&request, &terms, w->provider->answer_key,
	    d->answer, &d->answer_len, e);
}

/* Who ends a PSD has its row locked too. */
static bool
may_have(struct worker *w, const struct download *d, bool *may, struct err *e)
{
	struct psd_row row;
	bool found;

	store_psd_row_ask(w->store, d->psd, STORE_LOCK);
	if (!store_psd_row_get(w->store, &row, &found, e))
		return false;
	*may = found && row.operational;
	return true;
}

static bool
write_grant(
    struct worker *w, const struct download *d, bool *granted, struct err *e)
{
	char from[32], to[32], ref[48];
	struct transfer t = {.kind = "load",
	    .from = from,
	    .to = to,
	    .ref = ref,
	    .amount = d->amount,
	    .made = d->made};
	bool may;

	snprintf(from, sizeof(from), "credit:%lld", (long long)d->account);
	snprintf(to, sizeof(to), "psd:%lu", (unsigned long)d->psd);
	snprintf(ref, sizeof(ref), "load:%lu:%lu", (unsigned long)d->psd,
	    (unsigned long)d->sequence);
	*granted = false;
	if (!store_begin(w->store, STORE_WRITE, e) || !may_have(w, d, &may, e))
		return false;
	if (!may)
		return true;
	store_credit_take(w->store, d->account, d->amount);
	store_download_put(w->store, d);
	store_transfer_put(w->store, &t);
	if (!store_receive(w->store, e))
		return false;
	if (store_changed(w->store) == 0)
		return true; /* somebody else took it */
	*granted = store_flush(w->store, e) && store_commit(w->store, e);
	return *granted;
}

/* A grant that another one made at the same time, or whose commit is in doubt,
 * is found by its number. */
static bool
grant(struct worker *w, const struct download *d, bool *granted, struct err *e)
{
	bool done = write_grant(w, d, granted, e);
	bool again = !done && (store_in_doubt(w->store) ||
				  store_conflict(w->store)[0] != '\0');

	store_rollback(w->store);
	if (!again)
		return done;
	*e = (struct err)ERR_INIT;
	*granted = true;
	return true;
}

bool
fund_psd(struct worker *w, const struct user_system *u,
    const struct psd_here *psd, mils need, enum funded *end, struct err *e)
{
	struct download d = {
	    .psd = psd->serial, .account = u->account, .made = worker_ms(w)};
	struct psd_row row;
	bool waits, granted;

	*end = FUND_CHANGED;
	if (!look(w, psd, &row, &waits, e))
		return false;
	if (waits)
		return apply(w, psd, row.psd.download_sequence + 1, e);
	d.amount = how_much(u, &row.psd, need);
	if (d.amount == 0) {
		*end = FUND_SHORT;
		return true;
	}
	if (!make_answer(w, psd, &row.psd, &d, e) || !grant(w, &d, &granted, e))
		return false;
	return !granted || apply(w, psd, d.sequence, e);
}

/* --- what was left --------------------------------------------------------------------- */

bool
fund_pending(struct worker *w, int64_t age_ms, size_t *count, struct err *e)
{
	struct download list[LEFT_MAX];
	size_t found;
	bool good = store_begin(w->store, STORE_READ, e) &&
		    store_download_waits(w->store, worker_ms(w) - age_ms, list,
			LEFT_MAX, &found, e);

	store_rollback(w->store);
	*count = 0;
	/* one that fails does not hold up the others */
	for (size_t i = 0; good && i < found; i++) {
		const struct psd_here psd = {.serial = list[i].psd};
		struct err wrong = ERR_INIT;

		if (apply(w, &psd, list[i].sequence, &wrong))
			++*count;
		else
			*e = wrong;
	}
	return good && e->kind == ERR_NONE;
}
