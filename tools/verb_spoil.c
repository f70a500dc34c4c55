/* SPDX-License-Identifier: Apache-2.0 */
/* postage spoil, unspoil: stamps that are of no use. */
#include <getopt.h>
#include <time.h>

#include "base/date.h"
#include "base/text.h"
#include "tools/books.h"
#include "tools/out.h"
#include "tools/postage.h"

static const char usage[] =
    "postage spoil   QUEUE-JOB | ID  [--page N] [--stamp N] [--copy N] "
    "--reason WORDS\n"
    "       postage spoil   --id IDENTITY --reason WORDS\n"
    "       postage unspoil QUEUE-JOB | ID  [--page N] [--stamp N] [--copy N]\n"
    "       postage unspoil --id IDENTITY\n"
    "\n"
    "spoil says that a stamp, a page's stamps or a whole job's are of no use:\n"
    "they are never printed again and wait for `postage refund request`.  An\n"
    "ID is a document's, from `postage journal list`; an IDENTITY is a\n"
    "stamp's, as XXPS0000000001/780.  unspoil takes it back until a refund\n"
    "was asked for.";

struct arguments {
	const struct options *options;
	struct settings settings;
	struct books_choice choice;
	const char *identity, *reason;
	bool undo;
};

static bool
open_seen(const struct arguments *a, struct seen **out, struct err *e)
{
	*out = NULL;
	return a->settings.seen[0] == '\0' ||
	       seen_open(a->settings.seen, false, out, e);
}

/* One document, inside the transaction. */
static bool
act(struct arguments *a, struct journal *j, const struct books_choice *choice,
    struct books_sum *sum, struct err *e)
{
	char name[USER_MAX];
	struct books_by by = books_by_person(name);
	struct books_rules rules = {.today = date_local(time(NULL))};
	struct queue_settings queue;
	struct journal_document doc;
	struct books_hold hold;
	bool done;

	if (!journal_document_load(j, choice->document, &doc, e) ||
	    !books_hold_job(&a->settings, &doc.job, 0, &hold, e))
		return false;
	settings_queue(&a->settings, doc.job.queue, &queue);
	rules.window_days = queue.refund_days;
	if (a->undo)
		done = books_unspoil(j, choice, &by, sum, e);
	else
		done = open_seen(a, &rules.seen, e) &&
		       books_spoil(j, choice, &rules, &by, a->reason, sum, e);
	seen_close(rules.seen);
	books_let_go(&hold);
	return done;
}

/* Is one of a job's documents to be passed over, the whole job being meant? */
static bool
has_none(struct journal *j, const struct arguments *a, int64_t id, bool *none,
    struct err *e)
{
	struct journal_document doc;

	if (!journal_document_load(j, id, &doc, e))
		return false;
	*none = doc.issued == 0 || (!a->undo && doc.state == DOC_SPOILED);
	return true;
}

static bool
act_on_all(struct arguments *a, struct journal *j, const struct documents *docs,
    struct books_sum *out, struct err *e)
{
	for (int i = 0; i < docs->count; i++) {
		struct books_choice choice = a->choice;
		struct books_sum sum;
		bool none = false;

		choice.document = docs->id[i];
		if (docs->count > 1 &&
		    !has_none(j, a, choice.document, &none, e))
			return false;
		if (none)
			continue;
		if (!act(a, j, &choice, &sum, e))
			return false;
		out->count += sum.count;
		out->sum += sum.sum;
	}
	return out->count > 0 ||
	       err_set(e, ERR_REQUEST, "no stamp of that job was paid for");
}

static bool
find_documents(struct arguments *a, struct journal *j, const char *word,
    struct documents *docs, struct err *e)
{
	bool part = a->choice.page || a->choice.place || a->choice.copy;

	if (a->identity) {
		docs->count = 1;
		if (!books_find_stamp(j, a->identity, &a->choice, e))
			return false;
		docs->id[0] = a->choice.document;
		return true;
	}
	if (!books_documents(j, word, docs, e))
		return false;
	return docs->count == 1 || (!part && !docs->many_jobs) ||
	       err_set(e, ERR_REQUEST,
		   "%s names %d documents: say which by its ID, from \"postage "
		   "journal show %s\"",
		   word, docs->count, word);
}

static int
run(struct arguments *a, const char *word)
{
	struct documents docs = {.count = 0};
	struct books_sum sum = {.count = 0};
	struct err e = ERR_INIT;
	struct journal *j = NULL;
	struct out *o;
	bool done;

	if (!books_open(&a->settings, false, &j, &e))
		return out_fail(a->options, NULL, &e);
	done = journal_begin(j, &e) && find_documents(a, j, word, &docs, &e) &&
	       act_on_all(a, j, &docs, &sum, &e) && journal_commit(j, &e);
	journal_close(j);
	if (!done)
		return out_fail(a->options, NULL, &e);
	o = out_open(a->options);
	out_number(o, "stamps", "Stamps", sum.count);
	out_sum(o, "sum", "Value", sum.sum);
	if (a->undo)
		out_note(o, "They are as they were before.");
	else
		out_note(o, "Keep the paper; then: postage refund request");
	return out_close(o);
}

/* --- the command line ------------------------------------------------------------ */

enum { OPT_PAGE = 256, OPT_STAMP, OPT_COPY, OPT_ID, OPT_REASON };

static const struct option long_options[] = {
    {"page", required_argument, NULL, OPT_PAGE},
    {"stamp", required_argument, NULL, OPT_STAMP},
    {"copy", required_argument, NULL, OPT_COPY},
    {"id", required_argument, NULL, OPT_ID},
    {"reason", required_argument, NULL, OPT_REASON},
    {NULL, 0, NULL, 0},
};

static bool
take_number(const char *text, uint32_t *out)
{
	uint64_t n;

	if (!text_to_u64(text, UINT32_MAX, &n) || n == 0)
		return false;
	*out = (uint32_t)n;
	return true;
}

static bool
take_option(struct arguments *a, int option)
{
	switch (option) {
	case OPT_PAGE: return take_number(optarg, &a->choice.page);
	case OPT_STAMP: return take_number(optarg, &a->choice.place);
	case OPT_COPY: return take_number(optarg, &a->choice.copy);
	case OPT_ID: a->identity = optarg; return true;
	case OPT_REASON: a->reason = optarg; return true;
	default: return false;
	}
}

static int
main_of(int argc, char **argv, const struct options *o, bool undo)
{
	struct arguments a = {.options = o, .undo = undo};
	struct err e = ERR_INIT;
	int option;

	if (out_help(argc, argv, usage))
		return 0;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (!take_option(&a, option))
			return out_usage(usage);
	if (argc - optind != (a.identity ? 0 : 1) || (a.reason != NULL) == undo)
		return out_usage(usage);
	if (!settings_load(o->config, &a.settings, &e))
		return out_fail(o, NULL, &e);
	return run(&a, argv[optind]);
}

int
verb_spoil(int argc, char **argv, const struct options *o)
{
	return main_of(argc, argv, o, false);
}

int
verb_unspoil(int argc, char **argv, const struct options *o)
{
	return main_of(argc, argv, o, true);
}
