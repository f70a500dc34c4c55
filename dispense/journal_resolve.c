/* SPDX-License-Identifier: Apache-2.0 */
/* a person says what became of an uncertain document, or that a total is right */
#include <string.h>

#include "base/text.h"
#include "dispense/books.h"
#include "dispense/journal_db.h"

/* Is it for a person to say?  Also to give up a rest that was to be sent. */
static bool
may_resolve(const struct journal_document *doc, enum resolution how, bool force)
{
	return doc->state == DOC_UNCERTAIN ||
	       (force && doc->state == DOC_SENDING) ||
	       (how == RESOLVE_DELIVERED && doc->spool_part > 0 &&
		   doc->state == DOC_UNDELIVERED);
}

bool
journal_resolve(struct journal *j, int64_t document_id, enum resolution how,
    bool force, const char *note, const struct books_by *by, struct err *e)
{
	static const enum doc_state states[] = {
	    [RESOLVE_DELIVERED] = DOC_DELIVERED,
	    [RESOLVE_REPRINT] = DOC_UNDELIVERED,
	    [RESOLVE_SPOILED] = DOC_SPOILED};
	struct journal_document doc;

	if (!journal_document_load(j, document_id, &doc, e))
		return false;
	if (!may_resolve(&doc, how, force))
		return err_set(e, ERR_REQUEST,
		    "document %u of %s-%u is %s: only an uncertain one can be "
		    "resolved",
		    doc.ordinal + 1, doc.job.queue, doc.job.id,
		    doc_state_name(doc.state));
	if (how == RESOLVE_REPRINT && strcmp(doc.job.queue, BOOKS_ADOPTED) == 0)
		return err_set(e, ERR_REQUEST,
		    "document %lld has no job that could print it: it is "
		    "delivered or spoiled",
		    (long long)document_id);
	if (how == RESOLVE_SPOILED && doc.spool_part > 0)
		return err_set(e, ERR_REQUEST,
		    "the first pages of document %lld came out: say delivered, "
		    "and spoil the pages that are missing",
		    (long long)document_id);
	if (how == RESOLVE_REPRINT && doc.spool_part > 0 && !doc.has_spool)
		return err_set(e, ERR_REQUEST,
		    "the stored bytes of the rest of document %lld are gone: "
		    "say delivered, and spoil the pages that are missing",
		    (long long)document_id);
	text_clean(note, doc.note, sizeof(doc.note));
	if (how == RESOLVE_SPOILED &&
	    !books_spoil_all(
		j, &doc, by, doc.note[0] ? doc.note : "resolved as spoiled", e))
		return false;
	doc.state = states[how];
	/* The rest of it is bought now: it never was, as a person says. */
	if (how == RESOLVE_REPRINT && doc.issued < doc.stamps)
		doc.state = DOC_ISSUED;
	if (how != RESOLVE_REPRINT)
		doc.has_spool = false;
	return books_log(j, by, "resolve", doc.id, NULL, e, "%s%s%s",
		   doc_state_name(doc.state), doc.note[0] ? ": " : "",
		   doc.note) &&
	       journal_document_save(j, &doc, by->now, e);
}

bool
journal_confirm(struct journal *j, int64_t document_id, mils total,
    const struct books_by *by, struct err *e)
{
	struct journal_document doc;
	char is[MILS_TEXT], said[MILS_TEXT];

	if (!journal_document_load(j, document_id, &doc, e))
		return false;
	if (doc.state != DOC_QUOTED)
		return err_set(e, ERR_REQUEST,
		    "document %u of %s-%u is %s: only a quoted one waits for a "
		    "word",
		    doc.ordinal + 1, doc.job.queue, doc.job.id,
		    doc_state_name(doc.state));
	if (doc.total != total)
		return err_set(e, ERR_REQUEST,
		    "document %u of %s-%u costs %s, not %s: look at it with "
		    "\"postage journal show %s-%u\"",
		    doc.ordinal + 1, doc.job.queue, doc.job.id,
		    mils_format(doc.total, is), mils_format(total, said),
		    doc.job.queue, doc.job.id);
	return db_run(j,
		   "UPDATE documents SET confirmed=?,confirmed_by=?,changed=?"
		   " WHERE id=?",
		   DB_ARGS(DB_I(total), DB_T(by->person), DB_I(by->now),
		       DB_I(document_id)),
		   e) &&
	       books_log(j, by, "confirm", document_id, NULL, e,
		   "total %s of user %s", mils_format(total, is), doc.job.user);
}
