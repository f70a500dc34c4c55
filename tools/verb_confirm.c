/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postage confirm: a person says yes to the total of a job that is held for
 * it, and lets it go.
 */
#include <cups/cups.h>
#include <stdio.h>

#include "tools/books.h"
#include "tools/cupsd.h"
#include "tools/out.h"
#include "tools/postage.h"

static const char usage[] =
    "postage confirm QUEUE-JOB TOTAL\n"
    "\n"
    "Says yes to the total of a job that is held because of it, and releases\n"
    "the job.  TOTAL is the sum that the job's message names; of a job of\n"
    "several documents each is confirmed by its own.  Who said so is kept.";

/* The document of the job that waits for this total; else the first that
 * waits, for the message. */
static bool
find_waiting(struct journal *j, const struct documents *all, mils total,
    int64_t *id, struct err *e)
{
	struct journal_document doc;
	int64_t first = 0;

	for (int i = 0; i < all->count; i++) {
		if (!journal_document_load(j, all->id[i], &doc, e))
			return false;
		if (doc.state != DOC_QUOTED)
			continue;
		if (first == 0)
			first = doc.id;
		*id = doc.id;
		if (doc.total == total)
			return true;
	}
	*id = first ? first : all->id[all->count - 1];
	return true;
}

static bool
confirm(struct journal *j, const char *word, mils total,
    struct journal_document *doc, struct err *e)
{
	char person[USER_MAX];
	const struct books_by by = books_by_person(person);
	struct documents all;
	int64_t id;

	if (!books_documents(j, word, &all, e) ||
	    !find_waiting(j, &all, total, &id, e) || !journal_begin(j, e))
		return false;
	if (journal_confirm(j, id, total, &by, e) && journal_commit(j, e))
		return journal_document_load(j, id, doc, e);
	journal_abort(j);
	return false;
}

/* False where cupsd did not do it: the person then reads how. */
static bool
release(const struct journal_document *doc)
{
	ipp_t *request = ippNewRequest(IPP_OP_RELEASE_JOB);
	struct err e = ERR_INIT;
	char uri[64];
	http_t *http = NULL;
	bool done;

	snprintf(uri, sizeof(uri), "ipp://localhost/jobs/%u", doc->job.id);
	ippAddString(
	    request, IPP_TAG_OPERATION, IPP_TAG_URI, "job-uri", NULL, uri);
	ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_NAME,
	    "requesting-user-name", NULL, cupsUser());
	if (!cupsd_connect(&http, &e)) {
		ippDelete(request);
		return false;
	}
	done = cupsd_send(http, request, "/jobs", NULL, &e);
	httpClose(http);
	return done;
}

int
verb_confirm(int argc, char **argv, const struct options *o)
{
	struct journal_document doc;
	struct settings settings;
	struct journal *j = NULL;
	struct err e = ERR_INIT;
	struct out *out;
	mils total;
	bool done;

	if (out_help(argc, argv, usage))
		return 0;
	if (argc != 3 || !mils_parse(argv[2], &total))
		return out_usage(usage);
	if (!settings_load(o->config, &settings, &e) ||
	    !books_open(&settings, false, &j, &e))
		return out_fail(o, NULL, &e);
	done = confirm(j, argv[1], total, &doc, &e);
	journal_close(j);
	if (!done)
		return out_fail(o, NULL, &e);
	done = release(&doc);
	out = out_open(o);
	out_number(out, "id", "ID", doc.id);
	out_sum(out, "total", "Total", doc.total);
	out_text(out, "by", "Confirmed by", doc.confirmed_by);
	out_flag(out, "released", NULL, done);
	if (!done)
		out_note(out, "Now release it: lp -i %s-%u -H resume",
		    doc.job.queue, doc.job.id);
	return out_close(out);
}
