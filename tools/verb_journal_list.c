/* SPDX-License-Identifier: Apache-2.0 */
/* postage journal list, show, log: what stands in it. */
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "stamp/indicium.h"
#include "tools/out.h"
#include "tools/verb_journal.h"

/* --- documents ------------------------------------------------------------------- */

static const struct out_column document_columns[] = {
    {"id", "ID", OUT_NUMBER},
    {"job", "Job", OUT_TEXT},
    {"document", "Doc", OUT_NUMBER},
    {"epoch", "Time", OUT_NUMBER},
    {"user", "User", OUT_TEXT},
    {"state", "State", OUT_TEXT},
    {"stamps", "Stamps", OUT_NUMBER},
    {"issued", "Paid for", OUT_NUMBER},
    {"paid", "Paid", OUT_TEXT},
    {"changed", "Changed", OUT_TEXT},
    {"note", "Note", OUT_TEXT},
};

#define JOB_NAME_MAX (QUEUE_MAX + 12)

static const char *
job_name(const struct job *job, char out[JOB_NAME_MAX])
{
	char queue[QUEUE_MAX];

	snprintf(out, JOB_NAME_MAX, "%s-%u",
	    text_clean(job->queue, queue, sizeof(queue)), job->id);
	return out;
}

static bool
list_row(void *context, const struct journal_document *doc)
{
	char job[JOB_NAME_MAX];
	struct out *o = context;

	out_cell_number(o, doc->id);
	out_cell(o, job_name(&doc->job, job));
	out_cell_number(o, (int64_t)doc->ordinal + 1);
	out_cell_number(o, (int64_t)doc->epoch + 1);
	out_cell_clean(o, doc->job.user);
	out_cell(o, doc_state_name(doc->state));
	out_cell_number(o, doc->stamps);
	out_cell_number(o, doc->issued);
	out_cell_sum(o, doc->paid);
	out_cell_time(o, doc->changed);
	out_cell_clean(o, doc->note);
	return true;
}

/* --- list, and what waits for a person --------------------------------------------- */

#define WAITING_MAX 5

static bool
waiting(void *context, const struct journal_document *doc)
{
	bool has_job = strcmp(doc->job.queue, BOOKS_ADOPTED) != 0;
	char job[JOB_NAME_MAX], note[JOURNAL_NOTE_MAX];
	long long id = doc->id;
	struct out *o = context;

	job_name(&doc->job, job);
	text_clean(doc->note, note, sizeof(note));
	out_note(o,
	    "\n%s, document %u waits for a person (%s). Look at the paper:",
	    job, doc->ordinal + 1, note[0] ? note : "not known how it ended");
	out_note(o,
	    "  all of it came out    postage journal resolve %lld delivered",
	    id);
	if (has_job)
		out_note(o,
		    "  nothing came out      postage journal resolve %lld "
		    "reprint\n"
		    "  pages 1 to N did      postage journal resolve %lld "
		    "reprint --came-out N",
		    id, id);
	if (doc->spool_part == 0)
		out_note(o,
		    "  it is of no use       postage journal resolve %lld "
		    "spoiled",
		    id);
	if (has_job)
		out_note(o, "  and then release it   lp -i %s -H resume", job);
	return true;
}

static bool
list(struct arguments *a, struct journal *j, struct out *o, struct err *e)
{
	struct journal_filter uncertain = {
	    .doc_state = DOC_UNCERTAIN, .limit = WAITING_MAX};

	return journal_documents(j, &a->filter, list_row, o, e) &&
	       (a->options->json ||
		   journal_documents(j, &uncertain, waiting, o, e));
}

int
verb_journal_list(struct arguments *a, char **words)
{
	struct err e = ERR_INIT;
	struct journal *j = NULL;
	struct out *o;
	bool done;

	(void)words;
	if (!books_open(&a->settings, true, &j, &e) && e.kind != ERR_ABSENT)
		return out_fail(a->options, NULL, &e);
	if (a->filter.limit == 0)
		a->filter.limit = JOURNAL_LIST_MAX;
	o = out_open(a->options);
	out_table(o, "documents", OUT_COLUMNS(document_columns));
	done = j == NULL || list(a, j, o, &e);
	journal_close(j);
	return done ? out_close(o) : out_fail(a->options, o, &e);
}

/* --- show ---------------------------------------------------------------------- */

static const struct out_column stamp_columns[] = {
    {"id", "ID", OUT_NUMBER}, {"page", "Page", OUT_NUMBER},
    {"mark", "Mark", OUT_NUMBER}, {"copy", "Copy", OUT_NUMBER},
    {"state", "State", OUT_TEXT}, {"amount", "Amount", OUT_TEXT},
    {"mail_date", "Mail date", OUT_TEXT}, {"class", "Class", OUT_TEXT},
    {"surcharge", "Surcharge", OUT_TEXT},
    {"surcharges", "Surcharges", OUT_TEXT}, {"cost", "Cost code", OUT_TEXT},
    {"sheet", "Sheet", OUT_NUMBER}, {"label", "Label", OUT_NUMBER},
    {"psd", "PSD", OUT_TEXT}, {"ascending", "Ascending", OUT_TEXT},
    {"issued", "Issued", OUT_TEXT}, {"reason", "Spoiled because", OUT_TEXT},
    {"person", "By", OUT_TEXT}, {"request", "Request", OUT_NUMBER},
    {"key", "Key", OUT_TEXT},
    {"indicium", "Indicium", OUT_TEXT}, /* for scripts */
};

struct showing {
	struct journal *j;
	struct out *o;
	struct err *e;
	bool indicia, failed;
};

static void
cell_hex(struct out *o, const uint8_t *bytes, size_t len)
{
	char hex[2 * INDICIUM_MAX + 1];

	bytes_to_hex(bytes, len, hex);
	out_cell(o, hex);
}

static bool
show_stamp(void *context, const struct journal_stamp *s)
{
	struct books_spoiled spoiled = {.at = 0};
	struct showing *w = context;
	struct out *o = w->o;
	bool found;

	w->failed = s->state > STAMP_ISSUED &&
		    !books_spoiled(w->j, s->psd.key, &spoiled, &found, w->e);
	out_cell_some(o, s->document_id);
	out_cell_some(o, s->request.page);
	out_cell_some(o, s->request.place);
	out_cell_some(o, s->request.copy);
	out_cell(o, stamp_state_name(s->state));
	out_cell_sum(o, s->quote.amount);
	out_cell_date(o, s->quote.mail_date);
	out_cell_clean(o, s->quote.class_name);
	out_cell_sum_if(o, s->quote.surcharge != 0, s->quote.surcharge);
	out_cell(o, s->quote.surcharges);
	out_cell_clean(o, s->request.mark.cost);
	out_cell_some(o, (int64_t)s->request.sheet_serial);
	out_cell_some(o, s->request.label);
	out_cell(o, journal_stamp_psd(s));
	out_cell_sum_if(o, s->seq != 0, journal_stamp_register(s));
	out_cell_time(o, s->issued_at);
	out_cell(o, spoiled.reason);
	out_cell(o, spoiled.person);
	out_cell_some(o, spoiled.request);
	cell_hex(o, s->psd.key, PSD_KEY_BYTES);
	if (w->indicia)
		cell_hex(o, s->bytes.indicium, s->bytes.len);
	return !w->failed;
}

static bool
show(struct showing *w, const struct documents *ids)
{
	struct journal_document doc;

	out_table(w->o, "documents", OUT_COLUMNS(document_columns));
	for (int i = 0; i < ids->count; i++) {
		if (!journal_document_load(w->j, ids->id[i], &doc, w->e))
			return false;
		list_row(w->o, &doc);
	}
	out_table(w->o, "stamps", OUT_COLUMNS(stamp_columns) - !w->indicia);
	for (int i = 0; i < ids->count && !w->failed; i++)
		if (!journal_stamps(w->j, ids->id[i], show_stamp, w, w->e))
			return false;
	return !w->failed;
}

int
verb_journal_show(struct arguments *a, char **words)
{
	struct err e = ERR_INIT;
	struct showing w = {.e = &e, .indicia = a->options->json};
	struct documents ids;
	bool done;

	if (!books_open(&a->settings, true, &w.j, &e))
		return out_fail(a->options, NULL, &e);
	done = books_documents(w.j, words[0], &ids, &e);
	if (done) {
		w.o = out_open(a->options);
		done = show(&w, &ids);
	}
	journal_close(w.j);
	return done ? out_close(w.o) : out_fail(a->options, w.o, &e);
}

/* --- log ----------------------------------------------------------------------- */

static const struct out_column event_columns[] = {
    {"event", "Event", OUT_NUMBER},
    {"at", "At", OUT_TEXT},
    {"person", "Person", OUT_TEXT},
    {"what", "What", OUT_TEXT},
    {"id", "Document", OUT_NUMBER},
    {"text", "Words", OUT_TEXT},
};

static bool
log_row(void *context, const struct books_event *v)
{
	struct out *o = context;

	out_cell_number(o, v->seq);
	out_cell_time(o, v->at);
	out_cell_clean(o, v->person);
	out_cell(o, v->what);
	out_cell_some(o, v->document);
	out_cell_clean(o, v->text);
	return true;
}

int
verb_journal_log(struct arguments *a, char **words)
{
	int64_t limit = a->filter.limit ? a->filter.limit : JOURNAL_LIST_MAX;
	struct err e = ERR_INIT;
	struct journal *j = NULL;
	struct out *o;
	bool done;

	(void)words;
	if (!books_open(&a->settings, true, &j, &e))
		return out_fail(a->options, NULL, &e);
	o = out_open(a->options);
	out_table(o, "events", OUT_COLUMNS(event_columns));
	done = books_events(j, limit, log_row, o, &e);
	journal_close(j);
	return done ? out_close(o) : out_fail(a->options, o, &e);
}
