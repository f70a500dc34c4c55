/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spending itself.  For each stamp, in this order and each on the medium
 * before the next: the intent (journal), the debit (vault), the result
 * (journal).  A crash leaves at most one batch of intents; whoever spends next
 * asks the vault about each before anything new is debited, so that the
 * vault's ring (one batch long at least) still knows them.
 */
#include "dispense/dispense_own.h"

#include <string.h>

#include "stamp/indicium.h"
#include "vault/stamp_check.h"

struct batch {
	struct journal_stamp stamp[VAULT_BATCH_MAX];
	struct pool_batch debit;
};

/* Work on one range of a document, the locks of the money held. */
struct issuing {
	struct document *doc;
	bool specimens;	     /* alone: no vault is asked */
	bool seen[POOL_MAX]; /* members whose register the journal has */
	uint32_t next, end;  /* what is not looked at yet */
	size_t batch;	     /* stamps that are debited in one step */
};

/* Do the signed bytes say what was asked?  If not, nothing goes on: whatever came
 * from a vault now or is found in it after a crash. */
static bool
check_answer(const struct pool_member *m, const struct psd_request *in,
    const struct psd_stamp *out, struct indicium *said, struct err *e)
{
	char id[INDICIUM_PSD_ID];
	const char *fault;

	if (!indicium_decode(out->indicium, out->len, said, e))
		return false;
	fault = memcmp(in->key, out->key, PSD_KEY_BYTES) != 0
		    ? "it is for another mark"
		    : stamp_request_fault(said, in);
	if (fault != NULL)
		return err_set(e, ERR_CORRUPT,
		    "%s signed another stamp than was asked for (%s): nothing "
		    "is printed of it",
		    m->id, fault);
	return m->status.pooled ||
	       strcmp(indicium_psd_id(said, id), m->id) == 0 ||
	       err_set(
		   e, ERR_CORRUPT, "%s answered with a stamp of %s", m->id, id);
}

/* The member's register behind the stamp.  Where its stamps are of several PSDs
 * none of them says it: it is the sum of what this journal had of it, and
 * dispense_check_ahead() holds the two together. */
static bool
find_register(struct dispense *d, const struct pool_member *m,
    const struct indicium *said, mils *out, struct err *e)
{
	mils highest;

	*out = (mils)said->ascending;
	if (!m->status.pooled)
		return true;
	return journal_psd_highest(d->journal, m->id, &highest, e) &&
	       (mils_add(highest, (mils)said->postage, out) ||
		   err_set(e, ERR_CORRUPT, "%s: sum too big", m->id));
}

static bool
note_result(struct dispense *d, const struct pool_member *m,
    const struct psd_request *in, const struct psd_stamp *out, struct err *e)
{
	struct indicium said;
	mils ascending;

	return check_answer(m, in, out, &said, e) &&
	       find_register(d, m, &said, &ascending, e) &&
	       journal_stamp_issue(d->journal, in->key, out->indicium, out->len,
		   ascending, true, dispense_now(d), e);
}

/* --- intents that a crash left ----------------------------------------------- */

/* What the vault remembers of some intents. */
struct remembered {
	struct journal_stamp stamp[VAULT_BATCH_MAX];
	struct psd_stamp found[VAULT_BATCH_MAX];
	bool known[VAULT_BATCH_MAX];
	size_t count;
};

/* A card may take its time: the journal is not held meanwhile. */
static bool
ask_vault(struct vault *v, struct remembered *r, struct err *e)
{
	for (size_t i = 0; i < r->count; i++)
		if (!vault_find(
			v, r->stamp[i].psd.key, &r->found[i], &r->known[i], e))
			return false;
	return true;
}

static bool
note_remembered(struct dispense *d, const struct pool_member *m,
    const struct remembered *r, struct err *e)
{
	bool done = journal_begin(d->journal, e);

	for (size_t i = 0; done && i < r->count; i++) {
		const struct psd_request *in = &r->stamp[i].psd;

		done = r->known[i]
			   ? note_result(d, m, in, &r->found[i], e)
			   : journal_stamp_unintend(d->journal, in->key, e);
	}
	if (done)
		return journal_commit(d->journal, e);
	journal_abort(d->journal);
	return false;
}

static bool
settle_member(struct dispense *d, const struct pool_member *m, bool *settled,
    struct err *e)
{
	struct remembered r;

	for (;;) {
		if (!journal_intents(d->journal, m->id, r.stamp,
			VAULT_BATCH_MAX, &r.count, e))
			return false;
		if (r.count == 0)
			return true;
		if (!ask_vault(m->vault, &r, e) ||
		    !note_remembered(d, m, &r, e))
			return false;
		*settled = true;
	}
}

/* Under the lock no intent is anybody's who is still at work. */
static bool
settle_intents(struct dispense *d, bool *settled, struct err *e)
{
	*settled = false;
	for (size_t i = 0; i < d->pool.count; i++)
		if (d->pool.member[i].there &&
		    !settle_member(d, &d->pool.member[i], settled, e))
			return false;
	return true;
}

static bool
has_intents(struct dispense *d, bool *out, struct err *e)
{
	struct journal_stamp one;
	size_t count;

	*out = false;
	for (size_t i = 0; i < d->pool.count && !*out; i++) {
		const struct pool_member *m = &d->pool.member[i];

		if (m->there &&
		    !journal_intents(d->journal, m->id, &one, 1, &count, e))
			return false;
		*out = m->there && count > 0;
	}
	return true;
}

bool
dispense_recover(
    struct dispense *d, const struct queue_settings *q, struct err *e)
{
	bool any, done;

	if (!has_intents(d, &any, e))
		return false;
	if (!any)
		return true;
	if (!dispense_lock(d, e))
		return false;
	done = settle_intents(d, &any, e);
	dispense_unlock_money(d);
	return done && dispense_look(d, q, e);
}

/* --- issuing ------------------------------------------------------------------- */

/* Before the first debit of this document: are its labels free? */
static bool
begin_document(struct issuing *w, struct err *e)
{
	struct document *doc = w->doc;
	struct journal *j = doc->d->journal;
	int64_t now = dispense_now(doc->d);

	if (!journal_sheet_claim(j, doc->doc.id, e))
		return false;
	if (doc->doc.state == DOC_QUOTED)
		doc->doc.state = DOC_ISSUED;
	return journal_document_save(j, &doc->doc, now, e);
}

/* Nothing is bought for what was spoiled, or may be on paper, since it was
 * priced. */
static bool
check_open(const struct document *doc, struct err *e)
{
	if (!dispense_check_spoiled(doc, doc->doc.state, e))
		return false;
	/* Another process may have bought all of it meanwhile. */
	return doc->doc.issued == doc->doc.stamps ||
	       doc->doc.state == DOC_QUOTED || doc->doc.state == DOC_ISSUED ||
	       err_set(e, ERR_DENIED,
		   "document %u of %s-%u is %s: no more of its stamps are "
		   "bought",
		   doc->doc.ordinal + 1, doc->job.queue, doc->job.id,
		   doc_state_name(doc->doc.state));
}

/* Is what is left of the whole document still within limits and funds?  Asked
 * for every range: limits hold against one who quotes many jobs at once too.
 * While nobody else writes, what was paid is only moved from one side of each
 * limit to the other. */
static bool
check_rest(struct issuing *w, struct err *e)
{
	struct document *doc = w->doc;
	struct dispense *d = doc->d;
	mils unpaid, dearest;
	int64_t version;

	if (!journal_version(d->journal, &version, e))
		return false;
	if (doc->begun && d->checked == doc && d->checked_version == version)
		return true;
	if (!dispense_reload(doc, e) || !check_open(doc, e))
		return false;
	if (!w->specimens &&
	    (!journal_unpaid(d->journal, doc->doc.id, &unpaid, &dearest, e) ||
		!dispense_check_spending(doc, unpaid, dearest, e) ||
		!dispense_check_redates(doc, e)))
		return false;
	d->checked = doc;
	d->checked_version = version;
	return doc->begun || begin_document(w, e);
}

/* A stamp that costs nothing and that no key signs. */
static bool
issue_specimen(
    struct document *doc, const struct journal_stamp *s, struct err *e)
{
	uint8_t bytes[INDICIUM_MAX];
	struct indicium in;
	size_t len;

	return dispense_specimen(s, &in, e) &&
	       indicium_encode(&in, bytes, sizeof(bytes), &len, e) &&
	       journal_stamp_issue(doc->d->journal, s->psd.key, bytes, len, 0,
		   false, dispense_now(doc->d), e);
}

/* With its first intent, the register that a PSD's stamps follow here. */
static bool
note_member(struct issuing *w, size_t member, struct err *e)
{
	struct dispense *d = w->doc->d;
	const struct pool_member *m = &d->pool.member[member];

	if (!w->seen[member] && !journal_psd_seen(d->journal, m->id,
				    m->status.ascending, dispense_now(d), e))
		return false;
	return w->seen[member] = true;
}

/* Which vault issues the stamp is written down before it is asked to. */
static bool
intend_one(struct issuing *w, struct batch *b, struct err *e)
{
	struct dispense *d = w->doc->d;
	struct pool_batch *p = &b->debit;
	struct journal_stamp *s = &b->stamp[p->count];
	size_t member;

	if (!pool_choose(&d->pool, &s->psd, &member, e) ||
	    !note_member(w, member, e) ||
	    !journal_stamp_intend(
		d->journal, s->psd.key, d->pool.member[member].id, e))
		return false;
	p->in[p->count] = s->psd;
	p->member[p->count++] = member;
	return true;
}

/* The next stamps to debit become intents; specimens on the way are done. */
static bool
intend_batch(struct issuing *w, struct batch *b, struct err *e)
{
	struct journal *j = w->doc->d->journal;

	b->debit.count = 0;
	while (w->next < w->end && b->debit.count < w->batch) {
		struct journal_stamp *s = &b->stamp[b->debit.count];

		if (!journal_stamp_load(j, w->doc->doc.id, w->next++, s, e))
			return false;
		if (s->state == STAMP_INTENT)
			return err_set(e, ERR_ABSENT,
			    "page %u, mark %u: its debit was begun from %s, "
			    "which is not there: put it back, and the job goes "
			    "on with what it has issued",
			    s->request.page, s->request.place, s->psd_id);
		if (s->state != STAMP_QUOTED)
			continue;
		if (s->psd.kind == INDICIUM_SPECIMEN
			? !issue_specimen(w->doc, s, e)
			: !intend_one(w, b, e))
			return false;
	}
	return true;
}

/* What a vault answered: its stamps are written down, and where it said no and
 * debited nothing the intents are taken back. */
static bool
note_debits(struct dispense *d, const struct batch *b, struct err *e)
{
	const struct pool_batch *p = &b->debit;

	for (size_t i = 0; i < p->count; i++)
		if (p->done[i]
			? !note_result(d, &d->pool.member[p->member[i]],
			      &p->in[i], &p->out[i], e)
			: p->refused[i] && !journal_stamp_unintend(
					       d->journal, p->in[i].key, e))
			return false;
	return true;
}

/* A batch that was not done whole.  If this fails, the next who spends asks the
 * vaults. */
static void
note_failed(struct dispense *d, const struct batch *b)
{
	struct err ignored = ERR_INIT;

	if (!journal_begin(d->journal, &ignored))
		return;
	if (!note_debits(d, b, &ignored) ||
	    !journal_commit(d->journal, &ignored))
		journal_abort(d->journal);
}

static bool
debit(struct dispense *d, struct batch *b, struct err *e)
{
	if (pool_debit(&d->pool, &b->debit, e))
		return true;
	dispense_note_refused(d, e);
	note_failed(d, b);
	return false;
}

/* One commit holds the results of a batch and the intents of the next. */
static bool
note_and_intend(struct issuing *w, struct batch *b, bool first, struct err *e)
{
	struct dispense *d = w->doc->d;

	if (!journal_begin(d->journal, e))
		return false;
	if (note_debits(d, b, e) && (!first || check_rest(w, e)) &&
	    intend_batch(w, b, e))
		return journal_commit(d->journal, e);
	journal_abort(d->journal);
	return false;
}

static bool
spend(struct issuing *w, struct err *e)
{
	struct batch b = {.debit.count = 0};

	pool_plan(&w->doc->d->pool);
	w->batch = pool_batch_max(&w->doc->d->pool);
	if (!note_and_intend(w, &b, true, e))
		return false;
	while (b.debit.count > 0)
		if (!debit(w->doc->d, &b, e) ||
		    !note_and_intend(w, &b, false, e))
			return false;
	return true;
}

/* Only members that answer now take part: one that comes back behind the settling
 * may have intents that nobody asked it about. */
static bool
settle_those_there(struct document *doc, struct err *e)
{
	struct dispense *d = doc->d;
	bool settled;

	dispense_unlock_absent(d);
	if (!dispense_unlock(d, e) || !settle_intents(d, &settled, e))
		return false;
	/* What was settled may have moved the registers. */
	return !settled ||
	       (dispense_look(d, &doc->queue, e) && dispense_unlock(d, e));
}

/* The vaults are ready: nothing is open from before, and they may spend. */
static bool
prepare(struct document *doc, struct err *e)
{
	struct dispense *d = doc->d;

	return dispense_look(d, &doc->queue, e) && dispense_lock(d, e) &&
	       dispense_look(d, &doc->queue, e) && settle_those_there(doc, e) &&
	       dispense_need_spender(d, e) && dispense_check_ahead(d, e);
}

/* Debits what of the range is not paid yet. */
static bool
pay(struct document *doc, uint32_t first, uint32_t count, bool specimens,
    struct err *e)
{
	struct issuing w = {.doc = doc,
	    .specimens = specimens,
	    .next = first,
	    .end = first + count};
	bool done = (specimens || prepare(doc, e)) && spend(&w, e);

	dispense_unlock_money(doc->d);
	doc->begun |= done && !specimens;
	return done;
}

/* Copies what the journal has of the range; how many are not paid, and whether
 * those are specimens alone. */
static bool
collect(struct document *doc, uint32_t first, uint32_t count,
    struct issued_stamp *out, uint32_t *unpaid, bool *specimens, struct err *e)
{
	struct journal_stamp s;

	*unpaid = 0;
	*specimens = true;
	for (uint32_t i = 0; i < count; i++) {
		if (!journal_stamp_load(doc->d->journal, doc->pass.document_id,
			first + i, &s, e))
			return false;
		out[i] = s.bytes;
		if (s.state < STAMP_ISSUED) {
			++*unpaid;
			*specimens &= s.psd.kind == INDICIUM_SPECIMEN;
		}
	}
	return true;
}

bool
dispense_issue(struct document *doc, size_t first, size_t count,
    struct issued_stamp *out, struct err *e)
{
	enum doc_state state;
	uint32_t unpaid;
	bool specimens;

	if (!doc->quoted || first > doc->count || count > doc->count - first)
		return err_set(
		    e, ERR_REQUEST, "stamps were asked for that have no quote");
	if (doc->discard) {
		for (size_t i = 0; i < count; i++) {
			memset(&out[i], 0, sizeof(out[i]));
			out[i].len = doc->discard[first + i];
		}
		return true;
	}
	if (!journal_document_state(
		doc->d->journal, doc->pass.document_id, &state, e) ||
	    !dispense_check_spoiled(doc, state, e) ||
	    !collect(doc, (uint32_t)first, (uint32_t)count, out, &unpaid,
		&specimens, e))
		return false;
	if (unpaid == 0)
		return true;
	if (!pay(doc, (uint32_t)first, (uint32_t)count, specimens, e) ||
	    !collect(doc, (uint32_t)first, (uint32_t)count, out, &unpaid,
		&specimens, e))
		return false;
	return unpaid == 0 ||
	       err_set(e, ERR_CORRUPT, "%u stamps were not issued", unpaid);
}
