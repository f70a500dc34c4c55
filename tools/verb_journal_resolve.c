/* SPDX-License-Identifier: Apache-2.0 */
/* postage journal resolve: what a person saw of an uncertain document. */
#include <string.h>

#include "dispense/dispense.h"
#include "tools/out.h"
#include "tools/verb_journal.h"

/* The daemon lets go a moment after the job is held. */
#define HOLD_MS 3000

static const struct {
	const char *word, *next;
} resolutions[] = {
    [RESOLVE_DELIVERED] = {"delivered",
	"when the job is released it ends without printing"},
    [RESOLVE_REPRINT] = {"reprint", "release the job to print the same stamps"},
    [RESOLVE_SPOILED] = {"spoiled",
	"release the job to buy and print new stamps, or cancel it"},
};

static bool
parse_resolution(const char *word, enum resolution *out)
{
	for (size_t i = 0; i < sizeof(resolutions) / sizeof(resolutions[0]);
	     i++)
		if (strcmp(word, resolutions[i].word) == 0) {
			*out = (enum resolution)i;
			return true;
		}
	return false;
}

/* --- which document ------------------------------------------------------------ */

struct found {
	int count;
	int64_t id;
	bool with_sending;
};

static bool
remember(void *context, const struct journal_document *doc)
{
	struct found *f = context;

	if (doc->state == DOC_UNCERTAIN ||
	    (f->with_sending && doc->state == DOC_SENDING)) {
		f->count++;
		f->id = doc->id;
	}
	return true;
}

/* The document of that ID, or the job's only uncertain one. */
static bool
find_uncertain(struct arguments *a, struct journal *j, const char *name,
    int64_t *id, struct err *e)
{
	struct found f = {.with_sending = a->force};
	struct journal_filter filter = a->filter;
	char queue[QUEUE_MAX];

	filter.queue = queue;
	if (!books_parse_name(name, queue, &filter.job, id, e))
		return false;
	if (*id != 0)
		return true;
	if (!journal_documents(j, &filter, remember, &f, e))
		return false;
	if (f.count == 0)
		return err_set(e, ERR_REQUEST,
		    "no document of %s-%u is uncertain", queue, filter.job);
	if (f.count > 1)
		return err_set(e, ERR_REQUEST,
		    "%d documents of %s-%u are uncertain: name one by its ID",
		    f.count, queue, filter.job);
	*id = f.id;
	return true;
}

/* --- what is done to it ---------------------------------------------------------- */

static bool
resolve(struct arguments *a, struct journal *j, enum resolution how, int64_t id,
    struct journal_document *doc, struct err *e)
{
	char name[USER_MAX];
	struct books_by by = books_by_person(name);

	if (!journal_begin(j, e))
		return false;
	if (journal_resolve(
		j, id, how, a->force, a->note ? a->note : "", &by, e) &&
	    journal_document_load(j, id, doc, e))
		return journal_commit(j, e);
	journal_abort(j);
	return false;
}

/* The first pages came out: the rest is sent again. */
static bool
print_rest(struct arguments *a, struct journal *j, int64_t id,
    struct journal_document *doc, struct err *e)
{
	char name[USER_MAX];
	struct books_by by = books_by_person(name);
	struct dispense *d = NULL;
	bool done = dispense_open(&a->settings, &d, e) &&
		    dispense_print_rest(
			d, id, a->came_out, a->note ? a->note : "", &by, e) &&
		    journal_document_load(j, id, doc, e);

	dispense_close(d);
	return done;
}

/* *doc: what it is then. */
static bool
settle(struct arguments *a, struct journal *j, const char *name,
    enum resolution how, struct journal_document *doc, struct err *e)
{
	struct books_hold hold;
	int64_t id;
	bool done;

	if (!find_uncertain(a, j, name, &id, e) ||
	    !journal_document_load(j, id, doc, e) ||
	    !books_hold_job(&a->settings, &doc->job, HOLD_MS, &hold, e))
		return false;
	done = a->came_out ? print_rest(a, j, id, doc, e)
			   : resolve(a, j, how, id, doc, e);
	books_let_go(&hold);
	return done;
}

int
verb_journal_resolve(struct arguments *a, char **words)
{
	struct journal_document doc;
	struct err e = ERR_INIT;
	struct journal *j = NULL;
	enum resolution how;
	struct out *o;
	bool done;

	if (!parse_resolution(words[1], &how) ||
	    (a->came_out && (how != RESOLVE_REPRINT || a->force)))
		return out_usage(verb_journal_usage);
	done = books_open(&a->settings, false, &j, &e) &&
	       settle(a, j, words[0], how, &doc, &e);
	journal_close(j);
	if (!done)
		return out_fail(a->options, NULL, &e);
	o = out_open(a->options);
	out_number(o, "id", "ID", doc.id);
	out_text(o, "state", "State", doc_state_name(doc.state));
	out_note(o, "%s", resolutions[how].next);
	if (how != RESOLVE_DELIVERED || doc.state == DOC_DELIVERED)
		out_note(o, "lp -i %s-%u -H resume", doc.job.queue, doc.job.id);
	return out_close(o);
}
