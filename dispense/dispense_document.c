/* SPDX-License-Identifier: Apache-2.0 */
/* a document from its first sight to its settlement; no money */
#include "dispense/dispense_own.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Ends a transaction: commits what went well, undoes the rest. */
static bool
end(struct dispense *d, bool done, struct err *e)
{
	if (done)
		return journal_commit(d->journal, e);
	journal_abort(d->journal);
	return false;
}

static bool
save(struct document *doc, struct err *e)
{
	return journal_document_save(
	    doc->d->journal, &doc->doc, dispense_now(doc->d), e);
}

bool
dispense_check_spoiled(
    const struct document *doc, enum doc_state state, struct err *e)
{
	return state != DOC_SPOILED ||
	       err_set(e, ERR_DENIED,
		   "document %u of %s-%u was spoiled while it was being "
		   "printed: release the job to buy new stamps, or cancel it",
		   doc->doc.ordinal + 1, doc->job.queue, doc->job.id);
}

bool
dispense_reload(struct document *doc, struct err *e)
{
	struct journal *j = doc->d->journal;

	if (!journal_pass_load(j, doc->pass.id, &doc->pass, e))
		return false;
	/* What was seen of one row is not done to another. */
	if (doc->bound != 0 && doc->pass.document_id != doc->bound)
		return dispense_check_spoiled(doc, DOC_SPOILED, e);
	return journal_document_load(j, doc->pass.document_id, &doc->doc, e);
}

bool
dispense_document_open(struct dispense *d, enum client_role role,
    const struct job *job, struct document **out, struct err *e)
{
	struct document *doc = calloc(1, sizeof(*doc));
	bool done;

	if (doc == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	doc->d = d;
	doc->role = role;
	doc->job = *job;
	settings_queue(d->settings, job->queue, &doc->queue);
	/* A backend removes files by what it finds. */
	done = (role == ROLE_FILTER ? journal_begin_light(d->journal, e)
				    : journal_begin(d->journal, e)) &&
	       end(d,
		   journal_enter(d->journal, job, dispense_now(d), &doc->pass,
		       &doc->doc, e),
		   e);
	if (!done) {
		dispense_document_close(doc);
		return false;
	}
	if (role == ROLE_BACKEND)
		dispense_sweep(d);
	*out = doc;
	return true;
}

void
dispense_document_close(struct document *doc)
{
	if (doc == NULL)
		return;
	if (doc->d->checked == doc)
		doc->d->checked = NULL;
	free(doc->discard);
	free(doc);
}

bool
dispense_sheet(struct document *doc, uint64_t serial, const char *media,
    bool *used, size_t count, struct err *e)
{
	struct journal *j = doc->d->journal;

	if (serial == 0 || serial >> 56 != 0)
		return err_set(e, ERR_REQUEST,
		    "a sheet's serial number is 1 to 72057594037927935");
	if (!journal_begin(j, e))
		return false;
	return end(doc->d,
	    journal_sheet_add(j, serial, media, dispense_now(doc->d), e) &&
		dispense_reload(doc, e) &&
		journal_sheet_used(j, serial, doc->doc.id, used, count, e),
	    e);
}

static bool
finish(struct document *doc, uint32_t pages, uint64_t bytes, struct err *e)
{
	if (!dispense_reload(doc, e) ||
	    !dispense_check_spoiled(doc, doc->doc.state, e))
		return false;
	if (doc->discard == NULL && doc->doc.issued != doc->doc.stamps)
		return err_set(e, ERR_REQUEST,
		    "%u of %u stamps were not asked for",
		    doc->doc.stamps - doc->doc.issued, doc->doc.stamps);
	/* What no key signed is nothing to send, also where a person says
	 * meanwhile that the document is to be printed after all. */
	doc->pass.finished = doc->discard == NULL;
	doc->pass.refusal = (struct err)ERR_INIT;
	if (doc->pass.finished && doc->doc.state < DOC_FINISHED)
		doc->doc.state = DOC_FINISHED;
	if (doc->pass.finished && doc->doc.state == DOC_FINISHED) {
		doc->doc.pages = pages;
		doc->doc.bytes = bytes;
	}
	return journal_pass_save(doc->d->journal, &doc->pass, e) &&
	       save(doc, e);
}

bool
dispense_finish(
    struct document *doc, uint32_t pages, uint64_t bytes, struct err *e)
{
	struct quote_common common;

	/* A document without any mark is a document too. */
	if (!doc->quoted && !dispense_quote(doc, NULL, 0, NULL, &common, e))
		return false;
	return journal_begin(doc->d->journal, e) &&
	       end(doc->d, finish(doc, pages, bytes, e), e);
}

static bool
refuse(struct document *doc, const struct err *why, struct err *e)
{
	if (!dispense_reload(doc, e))
		return false;
	doc->pass.finished = false;
	doc->pass.refusal.kind = why->kind > ERR_NONE && why->kind < ERR_KINDS
				     ? why->kind
				     : ERR_SYSTEM;
	text_clean(
	    why->text, doc->pass.refusal.text, sizeof(doc->pass.refusal.text));
	return journal_pass_save(doc->d->journal, &doc->pass, e);
}

bool
dispense_refuse(struct document *doc, const struct err *why, struct err *e)
{
	return journal_begin(doc->d->journal, e) &&
	       end(doc->d, refuse(doc, why, e), e);
}

/* Whoever was sending this is gone: its lock is ours.  What it did is not
 * known; a page without stamps may simply come twice. */
static bool
find_interrupted(struct document *doc, struct err *e)
{
	if (doc->doc.state != DOC_SENDING)
		return true;
	doc->doc.state = doc->doc.issued ? DOC_UNCERTAIN : DOC_UNDELIVERED;
	text_copy(
	    doc->doc.note, sizeof(doc->doc.note), "sending was interrupted");
	return save(doc, e);
}

/* Stored bytes that are gone or cut short are made again, with the same
 * stamps: nothing of them was sent, or a person said so. */
static bool
find_damaged(struct document *doc, struct err *e)
{
	if (!doc->doc.has_spool ||
	    (doc->doc.state != DOC_FINISHED &&
		doc->doc.state != DOC_UNDELIVERED) ||
	    dispense_spool_is_whole(doc->d, &doc->doc))
		return true;
	doc->doc.has_spool = false;
	/* What was made again would be all of it, the printed pages too. */
	if (doc->doc.spool_part > 0)
		doc->doc.state = DOC_UNCERTAIN;
	text_copy(doc->doc.note, sizeof(doc->doc.note),
	    "the stored bytes were damaged");
	return save(doc, e);
}

static bool
outcome(struct document *doc, struct outcome *out, struct err *e)
{
	if (!dispense_reload(doc, e) || !find_interrupted(doc, e) ||
	    !find_damaged(doc, e))
		return false;
	*out = (struct outcome){.finished = doc->pass.finished,
	    .delivered = doc->doc.state == DOC_DELIVERED,
	    .uncertain = doc->doc.state == DOC_UNCERTAIN,
	    .spooled =
		doc->doc.has_spool && (doc->doc.state == DOC_FINISHED ||
					  doc->doc.state == DOC_UNDELIVERED),
	    .stamps = doc->doc.issued,
	    .refusal = doc->pass.refusal};
	doc->bound = doc->doc.id;
	doc->pass.closed = true;
	doc->pass.settled |= out->delivered;
	return journal_pass_save(doc->d->journal, &doc->pass, e);
}

bool
dispense_outcome(struct document *doc, struct outcome *out, struct err *e)
{
	return journal_begin(doc->d->journal, e) &&
	       end(doc->d, outcome(doc, out, e), e);
}

static bool
sending(struct document *doc, struct err *e)
{
	if (!dispense_reload(doc, e) ||
	    !dispense_check_spoiled(doc, doc->doc.state, e))
		return false;
	/* Raw data and pages without marks need no filter to have finished. */
	if (doc->doc.state != DOC_FINISHED &&
	    doc->doc.state != DOC_UNDELIVERED &&
	    !(doc->doc.stamps == 0 && doc->doc.state < DOC_FINISHED))
		return err_set(e, ERR_REQUEST,
		    "document %u of %s-%u is %s: it cannot be sent",
		    doc->doc.ordinal + 1, doc->job.queue, doc->job.id,
		    doc_state_name(doc->doc.state));
	if (doc->doc.stamps > 0 && !doc->pass.finished && !doc->doc.has_spool)
		return err_set(e, ERR_REQUEST,
		    "document %u of %s-%u is not whole", doc->doc.ordinal + 1,
		    doc->job.queue, doc->job.id);
	doc->doc.state = DOC_SENDING;
	doc->doc.note[0] = '\0';
	return save(doc, e);
}

bool
dispense_sending(struct document *doc, struct err *e)
{
	return journal_begin(doc->d->journal, e) &&
	       end(doc->d, sending(doc, e), e);
}

/* What `how` makes of a document in its state; its own state: nothing. */
static enum doc_state
settled_state(const struct journal_document *doc, enum settle how)
{
	bool was_sent = doc->state == DOC_SENDING;

	if (doc->stamps == 0 && doc->state < DOC_DELIVERED)
		return how == SETTLE_DELIVERED ? DOC_DELIVERED
					       : DOC_UNDELIVERED;
	if (!was_sent)
		return doc->state;
	if (how == SETTLE_DELIVERED)
		return DOC_DELIVERED;
	return how == SETTLE_UNDELIVERED ? DOC_UNDELIVERED : DOC_UNCERTAIN;
}

static bool
settle(struct document *doc, enum settle how, const char *note, struct err *e)
{
	if (!dispense_reload(doc, e))
		return false;
	doc->doc.state = settled_state(&doc->doc, how);
	if (how == SETTLE_DELIVERED) {
		if (doc->doc.state != DOC_DELIVERED)
			return err_set(e, ERR_REQUEST,
			    "document %u of %s-%u is %s: it was not being sent",
			    doc->doc.ordinal + 1, doc->job.queue, doc->job.id,
			    doc_state_name(doc->doc.state));
		doc->pass.settled = true;
		doc->doc.has_spool = false;
	}
	if (note)
		text_clean(note, doc->doc.note, sizeof(doc->doc.note));
	return journal_pass_save(doc->d->journal, &doc->pass, e) &&
	       save(doc, e);
}

bool
dispense_settle(
    struct document *doc, enum settle how, const char *note, struct err *e)
{
	if (!journal_begin(doc->d->journal, e) ||
	    !end(doc->d, settle(doc, how, note, e), e))
		return false;
	if (how == SETTLE_DELIVERED)
		dispense_sweep(doc->d);
	return true;
}
