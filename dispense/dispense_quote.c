/* SPDX-License-Identifier: Apache-2.0 */
/* a whole document read, priced and checked, before anything is spent */
#include "dispense/dispense_own.h"
#include "dispense/policy.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/date.h"
#include "stamp/indicium.h"

#define HALF_MM_UM    500
#define REQUEST_BYTES 512

/* A quote while it is made. */
struct quoting {
	struct document *doc;
	bool has_psd;
	bool stored; /* the journal has stamps of this content */
	mils total;  /* all faces */
	mils unpaid, dearest;
	bool order; /* keep the quote, though it is refused */
};

/* Half a millimetre is less than any difference of place that a person makes,
 * and more than a renderer's rounding. */
static uint32_t
half_mm(int32_t um)
{
	int32_t down = um < 0 ? HALF_MM_UM - 1 : 0;

	return (uint32_t)((um - down) / HALF_MM_UM);
}

static void
write_request(struct bytes_writer *w, const struct stamp_request *r)
{
	char text[MARK_TEXT_MAX];

	mark_format(&r->mark, text);
	bytes_write_le(w, r->page, 4);
	bytes_write_le(w, r->place, 4);
	bytes_write_le(w, r->copy, 4);
	bytes_write_le(w, half_mm(r->x_um), 4);
	bytes_write_le(w, half_mm(r->y_um), 4);
	bytes_write_str(w, text);
	bytes_write_le(w, r->sheet_serial, 8);
	bytes_write_le(w, r->label, 2);
}

/* SHA-256 over all requests in their order. */
static bool
hash_content(const struct stamp_request *in, size_t count,
    uint8_t out[JOURNAL_HASH], struct err *e)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t buf[REQUEST_BYTES];
	struct bytes_writer w;
	bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;

	bytes_writer_init(&w, buf, sizeof(buf));
	bytes_write_le(&w, count, 4);
	ok = ok && EVP_DigestUpdate(ctx, buf, w.pos) == 1;
	for (size_t i = 0; ok && i < count; i++) {
		bytes_writer_init(&w, buf, sizeof(buf));
		write_request(&w, &in[i]);
		ok = !w.failed && EVP_DigestUpdate(ctx, buf, w.pos) == 1;
	}
	ok = ok && EVP_DigestFinal_ex(ctx, out, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	return ok || err_set(e, ERR_SYSTEM, "no hash of the document");
}

/* --- the whole document ------------------------------------------------------ */

/* Another filter finished this document in this run, and no backend came for
 * it: one was killed, the scheduler took that for success and went on.  What
 * comes now may be the next document, and must not take the place of this. */
static bool
is_orphaned(const struct quoting *q)
{
	const struct document *doc = q->doc;

	return doc->pass.finished && doc->doc.issued > 0 &&
	       (!q->stored || doc->job.documents > 1) &&
	       (doc->doc.state < DOC_SENDING ||
		   doc->doc.state == DOC_UNDELIVERED);
}

/* Paid in part, and perhaps printed: see books_adopt().  Nothing is bought. */
static bool
is_closed(const struct journal_document *doc)
{
	return doc->issued < doc->stamps &&
	       (doc->state == DOC_SENDING || doc->state == DOC_DELIVERED ||
		   doc->state == DOC_UNCERTAIN);
}

/* Which row of the journal is quoted: the one it was, another, or none. */
static bool
choose_document(struct quoting *q, const uint8_t content[JOURNAL_HASH],
    bool *discard, struct err *e)
{
	struct document *doc = q->doc;
	struct journal *j = doc->d->journal;

	*discard = false;
	if (!dispense_reload(doc, e))
		return false;
	if (!dispense_check_spoiled(doc, doc->doc.state, e))
		return false;
	q->stored = memcmp(doc->doc.content, content, JOURNAL_HASH) == 0;
	if (is_orphaned(q))
		return err_set(e, ERR_SYSTEM,
		    "a document of this job was stamped and did not get to the "
		    "printer; restart the job to print it with its stamps");
	if (q->stored) {
		*discard = is_closed(&doc->doc);
		return true;
	}
	switch (doc->doc.state) {
	case DOC_OPEN:
		memcpy(doc->doc.content, content, JOURNAL_HASH);
		return true;
	case DOC_SENDING:
	case DOC_DELIVERED:
	case DOC_UNCERTAIN: *discard = true; return true;
	default: break;
	}
	/* Some of its pages are on paper: the rest of it is what is printed. */
	if (doc->doc.spool_part > 0)
		return *discard = true;
	if (!journal_document_replace(
		j, &doc->pass, content, dispense_now(doc->d), &doc->doc, e))
		return false;
	q->stored = memcmp(doc->doc.content, content, JOURNAL_HASH) == 0;
	memcpy(doc->doc.content, content, JOURNAL_HASH);
	*discard = is_closed(&doc->doc);
	return true;
}

/* A stamp that was paid, or may have been, keeps what it was asked for; one
 * that was only priced follows the day. */
static bool
quote_one(struct quoting *q, const struct stamp_request *r, uint32_t index,
    bool discard, struct journal_stamp *s, struct err *e)
{
	struct document *doc = q->doc;
	struct journal *j = doc->d->journal;

	if (q->stored && index < doc->doc.stamps) {
		if (!journal_stamp_load(j, doc->doc.id, index, s, e))
			return false;
		if (s->state != STAMP_QUOTED)
			return true;
	}
	if (!dispense_price(doc, r, s, e)) {
		if (e->kind == ERR_REQUEST)
			err_prefix(e, "page %u, mark %u", r->page, r->place);
		return false;
	}
	if (discard)
		return true;
	s->document_id = doc->doc.id;
	s->index = index;
	q->unpaid += s->psd.amount;
	if (s->psd.amount > q->dearest)
		q->dearest = s->psd.amount;
	return journal_stamp_quote(j, s, e);
}

static bool
quote_all(struct quoting *q, const struct stamp_request *in, size_t count,
    bool discard, struct stamp_quote *out, struct err *e)
{
	struct journal_stamp s;

	for (size_t i = 0; i < count; i++) {
		if (!quote_one(q, &in[i], (uint32_t)i, discard, &s, e))
			return false;
		out[i] = s.quote;
		if (!mils_add(q->total, s.quote.amount, &q->total))
			return err_set(e, ERR_REQUEST, "too high a sum");
		if (discard)
			q->doc->discard[i] = s.quote.indicium_len;
	}
	return true;
}

/* Labels that are another document's. */
static bool
check_labels(struct document *doc, const struct stamp_request *in, size_t count,
    struct err *e)
{
	bool used[4096];
	uint64_t serial = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t s = in[i].label ? in[i].sheet_serial : 0;

		if (s == 0)
			continue;
		if (in[i].label > sizeof(used))
			return err_set(
			    e, ERR_REQUEST, "label %u of a sheet", in[i].label);
		if (s != serial && !journal_sheet_used(doc->d->journal, s,
				       doc->doc.id, used, sizeof(used), e))
			return false;
		serial = s;
		if (used[in[i].label - 1])
			return err_set(e, ERR_REQUEST,
			    "label %u of sheet %llu is used already: choose "
			    "another first label or another sheet",
			    in[i].label, (unsigned long long)s);
	}
	return true;
}

/* A piece has one date: a page, or a label, bears one correction of it. */
static bool
check_redates(const struct stamp_request *in, size_t count, struct err *e)
{
	const struct stamp_request *last = NULL;

	for (size_t i = 0; i < count; i++) {
		if (in[i].mark.kind != KIND_CORRECTION || in[i].label)
			continue;
		if (last && last->page == in[i].page &&
		    last->copy == in[i].copy)
			return err_set(e, ERR_REQUEST,
			    "page %u has two date corrections: a piece of "
			    "mail bears one",
			    in[i].page);
		last = &in[i];
	}
	return true;
}

/* The total is asked for once everything else is right; what it is made of
 * stays in the journal, to be confirmed. */
static bool
check_consent(struct quoting *q, struct err *e)
{
	const struct document *doc = q->doc;
	struct consent c = {.queue = doc->job.queue,
	    .job_id = doc->job.id,
	    .documents = doc->job.documents,
	    .total = doc->doc.total,
	    .option = doc->job.confirm,
	    .confirmed = doc->doc.confirmed,
	    .person = doc->doc.confirmed_by,
	    .user = doc->job.user};

	if (q->unpaid == 0)
		return true;
	if (!dispense_job_spent(doc, &c.before, e))
		return false;
	q->order = !policy_consent(&doc->queue, &c, e);
	return !q->order;
}

static bool
store_quote(struct quoting *q, const struct stamp_request *in, size_t count,
    const uint8_t content[JOURNAL_HASH], struct stamp_quote *out, struct err *e)
{
	struct document *doc = q->doc;
	struct journal *j = doc->d->journal;
	bool discard;

	free(doc->discard);
	doc->discard = NULL;
	if (!choose_document(q, content, &discard, e))
		return false;
	if (discard) {
		doc->discard = calloc(count + 1, sizeof(*doc->discard));
		if (doc->discard == NULL)
			return err_set(e, ERR_SYSTEM, "out of memory");
		return quote_all(q, in, count, true, out, e);
	}
	if (!quote_all(q, in, count, false, out, e) ||
	    !check_labels(doc, in, count, e))
		return false;
	if ((q->unpaid > 0 &&
		!dispense_check_spending(doc, q->unpaid, q->dearest, e)) ||
	    !dispense_check_redates(doc, e))
		return false;
	if (doc->doc.state == DOC_OPEN)
		doc->doc.state = DOC_QUOTED;
	if (!journal_document_save(j, &doc->doc, dispense_now(doc->d), e) ||
	    !journal_document_load(j, doc->doc.id, &doc->doc, e))
		return false;
	if (doc->doc.stamps != count)
		return err_set(
		    e, ERR_REQUEST, "two stamps for one page, place and copy");
	return check_consent(q, e);
}

/* What all vaults of the queue say alike; else the stamp itself has to. */
static void
fill_psd(const struct pool *p, struct quote_common *out)
{
	bool any = false;

	for (size_t i = 0; i < p->count; i++) {
		const struct pool_member *m = &p->member[i];

		if (!m->there)
			continue;
		if (!any) {
			memcpy(out->psd_id, m->id, sizeof(m->id));
			out->psd_expires = m->status.expires;
			out->specimen = m->status.lab;
		} else {
			out->psd_id[0] = '\0';
			if (out->psd_expires != m->status.expires)
				out->psd_expires = 0;
		}
		any = true;
	}
}

static void
fill_common(const struct quoting *q, struct quote_common *out)
{
	const struct pool *p = &q->doc->d->pool;

	*out = (struct quote_common){.specimen = true, .total = q->total};
	if (q->has_psd) {
		fill_psd(p, out);
		out->descending = pool_left(p);
	}
	memcpy(out->origin_place, q->doc->queue.origin_place,
	    sizeof(out->origin_place));
}

/* A document of specimens, or without marks, needs no vault. */
static bool
needs_vault(
    const struct document *doc, const struct stamp_request *in, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct mark m = in[i].mark;

		mark_inherit(&m, &doc->queue.mark);
		if (m.kind != KIND_SPECIMEN)
			return true;
	}
	return false;
}

bool
dispense_quote(struct document *doc, const struct stamp_request *in,
    size_t count, struct stamp_quote *out, struct quote_common *common,
    struct err *e)
{
	struct quoting q = {.doc = doc};
	struct dispense *d = doc->d;
	uint8_t content[JOURNAL_HASH];

	doc->quoted = doc->begun = false;
	d->checked = NULL;
	if (count > STAMPS_MAX)
		return err_set(e, ERR_REQUEST,
		    "%zu stamps in one document: at most %d", count,
		    STAMPS_MAX);
	if (count > 0 &&
	    (!policy_user(d->settings, &doc->queue, doc->job.user, e) ||
		!policy_hours(
		    &doc->queue, calendar_minute(dispense_now(d)), e)))
		return false;
	if (!check_redates(in, count, e))
		return false;
	q.has_psd = needs_vault(doc, in, count);
	if (q.has_psd && (!dispense_look(d, &doc->queue, e) ||
			     !dispense_recover(d, &doc->queue, e) ||
			     !dispense_check_ahead(d, e)))
		return false;
	/* The first intents take it to the medium with them. */
	if (!hash_content(in, count, content, e) ||
	    !journal_begin_light(d->journal, e))
		return false;
	if (!store_quote(&q, in, count, content, out, e)) {
		struct err second = ERR_INIT;

		if (!q.order || !journal_commit(d->journal, &second))
			journal_abort(d->journal);
		else
			doc->bound = doc->doc.id;
		return false;
	}
	if (!journal_commit(d->journal, e))
		return false;
	fill_common(&q, common);
	doc->quoted = true;
	doc->bound = doc->doc.id;
	doc->count = count;
	return true;
}
