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

struct batch {
	struct journal_stamp stamp[VAULT_BATCH_MAX];
	size_t count;
};

/* Work on one range of a document, the money's lock held. */
struct issuing {
	struct document *doc;
	struct psd_status psd;
	char psd_id[32];
	uint32_t next, end; /* what is not looked at yet */
	size_t batch;	    /* stamps that the vault debits in one step */
};

/* Do the signed bytes say what was asked?  If not, nothing goes on. */
static bool
check_answer(const struct psd_request *in, const struct psd_stamp *out,
    struct indicium *said, struct err *e)
{
	if (!indicium_decode(out->indicium, out->len, said, e) ||
	    memcmp(in->key, out->key, PSD_KEY_BYTES) != 0 ||
	    (mils)said->postage != in->amount ||
	    said->mail_date != in->mail_date ||
	    said->sheet_serial != in->sheet_serial)
		return err_set(e, ERR_CORRUPT,
		    "the vault signed another stamp than was asked for");
	return true;
}

static bool
note_result(struct dispense *d, const struct psd_request *in,
    const struct psd_stamp *out, struct err *e)
{
	struct indicium said;

	return check_answer(in, out, &said, e) &&
	       journal_stamp_issue(d->journal, in->key, out->indicium, out->len,
		   (mils)said.ascending, true, dispense_now(d), e);
}

/* --- intents that a crash left ----------------------------------------------- */

static bool
settle_intent(struct dispense *d, const struct psd_request *in, struct err *e)
{
	struct psd_stamp stamp;
	bool known;

	if (!vault_find(d->vault, in->key, &stamp, &known, e))
		return false;
	return known ? note_result(d, in, &stamp, e)
		     : journal_stamp_unintend(d->journal, in->key, e);
}

/* Under the lock no intent is anybody's who is still at work. */
static bool
settle_intents(struct dispense *d, const char *psd_id, struct err *e)
{
	struct batch b;
	bool done = true;

	for (;;) {
		if (!journal_intents(d->journal, psd_id, b.stamp,
			VAULT_BATCH_MAX, &b.count, e))
			return false;
		if (b.count == 0)
			return true;
		if (!journal_begin(d->journal, e))
			return false;
		for (size_t i = 0; done && i < b.count; i++)
			done = settle_intent(d, &b.stamp[i].psd, e);
		if (!done) {
			journal_abort(d->journal);
			return false;
		}
		if (!journal_commit(d->journal, e))
			return false;
	}
}

bool
dispense_recover(struct dispense *d, struct err *e)
{
	struct psd_status psd;
	struct journal_stamp one;
	char psd_id[32];
	size_t count;
	bool done;

	if (!dispense_vault(d, &psd, psd_id, e) ||
	    !journal_intents(d->journal, psd_id, &one, 1, &count, e))
		return false;
	if (count == 0)
		return true;
	if (!dispense_lock(d, e))
		return false;
	done = settle_intents(d, psd_id, e);
	dispense_unlock_money(d);
	return done;
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
	if (w->psd_id[0] != '\0' &&
	    !journal_psd_seen(j, w->psd_id, w->psd.ascending, now, e))
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
	if (w->psd_id[0] != '\0' &&
	    (!journal_unpaid(d->journal, doc->doc.id, &unpaid, &dearest, e) ||
		!dispense_check_spending(doc, &w->psd, unpaid, dearest, e) ||
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

/* The next stamps to debit become intents; specimens on the way are done. */
static bool
intend_batch(struct issuing *w, struct batch *b, struct err *e)
{
	struct journal *j = w->doc->d->journal;

	b->count = 0;
	while (w->next < w->end && b->count < w->batch) {
		struct journal_stamp *s = &b->stamp[b->count];

		if (!journal_stamp_load(j, w->doc->doc.id, w->next++, s, e))
			return false;
		if (s->state == STAMP_INTENT)
			return err_set(e, ERR_ABSENT,
			    "page %u, mark %u: its debit was begun from %s, "
			    "which is not the vault at hand",
			    s->request.page, s->request.place, s->psd_id);
		if (s->state != STAMP_QUOTED)
			continue;
		if (s->psd.kind == INDICIUM_SPECIMEN) {
			if (!issue_specimen(w->doc, s, e))
				return false;
			continue;
		}
		if (!journal_stamp_intend(j, s->psd.key, w->psd_id, e))
			return false;
		b->count++;
	}
	return true;
}

/* The vault said no, and debited nothing. */
static void
undo_intents(struct dispense *d, const struct batch *b)
{
	struct err ignored = ERR_INIT;

	if (!journal_begin(d->journal, &ignored))
		return;
	for (size_t i = 0; i < b->count; i++)
		if (!journal_stamp_unintend(
			d->journal, b->stamp[i].psd.key, &ignored)) {
			journal_abort(d->journal);
			return;
		}
	/* If this fails the next spender asks the vault. */
	if (!journal_commit(d->journal, &ignored))
		return;
}

static bool
debit(struct dispense *d, const struct batch *b,
    struct psd_stamp out[VAULT_BATCH_MAX], struct err *e)
{
	struct psd_request in[VAULT_BATCH_MAX];

	for (size_t i = 0; i < b->count; i++)
		in[i] = b->stamp[i].psd;
	if (vault_debit(d->vault, in, b->count, out, e))
		return true;
	if (e->kind == ERR_FUNDS || e->kind == ERR_REQUEST ||
	    e->kind == ERR_DENIED)
		undo_intents(d, b);
	return false;
}

/* One commit holds the results of a batch and the intents of the next. */
static bool
note_and_intend(struct issuing *w, struct batch *b,
    const struct psd_stamp *results, bool first, struct err *e)
{
	struct dispense *d = w->doc->d;
	bool done = true;

	if (!journal_begin(d->journal, e))
		return false;
	for (size_t i = 0; done && i < b->count; i++)
		done = note_result(d, &b->stamp[i].psd, &results[i], e);
	done = done && (!first || check_rest(w, e)) && intend_batch(w, b, e);
	if (done)
		return journal_commit(d->journal, e);
	journal_abort(d->journal);
	return false;
}

static bool
spend(struct issuing *w, struct err *e)
{
	struct psd_stamp results[VAULT_BATCH_MAX];
	struct batch b = {.count = 0};

	if (!note_and_intend(w, &b, NULL, true, e))
		return false;
	while (b.count > 0)
		if (!debit(w->doc->d, &b, results, e) ||
		    !note_and_intend(w, &b, results, false, e))
			return false;
	return true;
}

/* Debits what of the range is not paid yet. */
static bool
pay(struct document *doc, uint32_t first, uint32_t count, bool specimens,
    struct err *e)
{
	struct issuing w = {.doc = doc,
	    .next = first,
	    .end = first + count,
	    .batch = VAULT_BATCH_MAX};
	struct dispense *d = doc->d;
	bool done;

	if (!dispense_lock(d, e))
		return false;
	done =
	    specimens || (dispense_vault(d, &w.psd, w.psd_id, e) &&
			     dispense_unlock(d, &w.psd, e) &&
			     settle_intents(d, w.psd_id, e) &&
			     /* what was settled may have moved the registers */
			     dispense_vault(d, &w.psd, w.psd_id, e) &&
			     dispense_check_ahead(d, &w.psd, w.psd_id, e));
	if (done && !specimens)
		w.batch = vault_batch(d->vault);
	done = done && spend(&w, e);
	dispense_unlock_money(d);
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
