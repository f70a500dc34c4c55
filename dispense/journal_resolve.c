/* SPDX-License-Identifier: Apache-2.0 */
/* a person says what became of an uncertain document */
#include "base/text.h"
#include "dispense/journal_db.h"

bool
journal_resolve(struct journal *j, int64_t document_id, enum resolution how,
    bool force, const char *note, int64_t now, struct err *e)
{
	static const enum doc_state states[] = {
	    [RESOLVE_DELIVERED] = DOC_DELIVERED,
	    [RESOLVE_REPRINT] = DOC_UNDELIVERED,
	    [RESOLVE_SPOILED] = DOC_SPOILED};
	struct journal_document doc;

	if (!journal_document_load(j, document_id, &doc, e))
		return false;
	if (doc.state != DOC_UNCERTAIN && !(force && doc.state == DOC_SENDING))
		return err_set(e, ERR_REQUEST,
		    "document %u of %s-%u is %s: only an uncertain one can be "
		    "resolved",
		    doc.ordinal + 1, doc.job.queue, doc.job.id,
		    doc_state_name(doc.state));
	doc.state = states[how];
	text_clean(note, doc.note, sizeof(doc.note));
	if (how != RESOLVE_REPRINT)
		doc.has_spool = false;
	if (how == RESOLVE_SPOILED &&
	    !db_run(j, "UPDATE stamps SET state=3 WHERE document=? AND state=2",
		DB_ARGS(DB_I(doc.id)), e))
		return false;
	return journal_document_save(j, &doc, now, e);
}
