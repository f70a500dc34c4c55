/* SPDX-License-Identifier: Apache-2.0 */
/* postage journal: what was asked, paid and printed. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/date.h"
#include "base/text.h"
#include "stamp/indicium.h"
#include "dispense/dispense.h"
#include "tools/as_owner.h"
#include "tools/books.h"
#include "tools/out.h"
#include "tools/person.h"
#include "tools/postage.h"

#define DAY_S	 86400
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define LIST_MAX 50 /* documents that are listed unless --count says more */

static const char usage[] =
    "postage journal\n"
    "  list    [--queue NAME] [--user NAME] [--job N] [--state STATE] "
    "[--days N] [--count N]\n"
    "  show    QUEUE-JOB | ID\n"
    "  log     [--count N]\n"
    "  check\n"
    "  adopt\n"
    "  resolve QUEUE-JOB | ID  delivered|reprint|spoiled  [--note TEXT] "
    "[--force]\n"
    "          [--came-out N]\n"
    "\n"
    "An ID is the first column of the list.  resolve says what a person saw "
    "of\n"
    "a document whose delivery is uncertain: delivered, it is all there;\n"
    "reprint, nothing came out, send the same stamps again; spoiled, it is of\n"
    "no use, buy new ones when the job runs again.  --force does it for one\n"
    "that seems to be on its way still.";

struct arguments {
	const struct options *options;
	struct settings settings;
	struct journal_filter filter;
	char queue[QUEUE_MAX]; /* of "QUEUE-JOB" */
	int64_t id;	       /* 0 = by job */
	const char *note;
	uint32_t came_out; /* 0 = not said */
	bool force;
};

/* --- list --------------------------------------------------------------------- */

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

#define DOCUMENT_COLUMNS \
	((int)(sizeof(document_columns) / sizeof(document_columns[0])))

struct texts {
	char id[24], job[QUEUE_MAX + 12], document[12], epoch[12];
	char user[USER_MAX], stamps[12], issued[12], paid[MILS_TEXT];
	char changed[BOOKS_WHEN_MAX], note[JOURNAL_NOTE_MAX];
};

static void
document_texts(const struct journal_document *doc, struct texts *t)
{
	char queue[QUEUE_MAX];

	text_clean(doc->job.queue, queue, sizeof(queue));
	text_clean(doc->job.user, t->user, sizeof(t->user));
	text_clean(doc->note, t->note, sizeof(t->note));
	snprintf(t->id, sizeof(t->id), "%lld", (long long)doc->id);
	snprintf(t->job, sizeof(t->job), "%s-%u", queue, doc->job.id);
	snprintf(t->document, sizeof(t->document), "%u", doc->ordinal + 1);
	snprintf(t->epoch, sizeof(t->epoch), "%u", doc->epoch + 1);
	snprintf(t->stamps, sizeof(t->stamps), "%u", doc->stamps);
	snprintf(t->issued, sizeof(t->issued), "%u", doc->issued);
	mils_format(doc->paid, t->paid);
	books_when(doc->changed, t->changed);
}

static bool
list_row(void *context, const struct journal_document *doc)
{
	struct texts t;

	document_texts(doc, &t);
	out_row(context, (const char *[]){t.id, t.job, t.document, t.epoch,
			     t.user, doc_state_name(doc->state), t.stamps,
			     t.issued, t.paid, t.changed, t.note});
	return true;
}

/* --- what waits for a person ----------------------------------------------------- */

#define WAITING_MAX 5

static bool
waiting(void *context, const struct journal_document *doc)
{
	struct out *o = context;
	struct texts t;

	bool has_job = strcmp(doc->job.queue, BOOKS_ADOPTED) != 0;

	document_texts(doc, &t);
	out_note(o,
	    "\n%s, document %s waits for a person (%s). Look at the paper:",
	    t.job, t.document, t.note[0] ? t.note : "not known how it ended");
	out_note(o,
	    "  all of it came out    postage journal resolve %s delivered",
	    t.id);
	if (has_job)
		out_note(o,
		    "  nothing came out      postage journal resolve %s "
		    "reprint\n"
		    "  pages 1 to N did      postage journal resolve %s "
		    "reprint --came-out N",
		    t.id, t.id);
	if (doc->spool_part == 0)
		out_note(o,
		    "  it is of no use       postage journal resolve %s "
		    "spoiled",
		    t.id);
	if (has_job)
		out_note(
		    o, "  and then release it   lp -i %s -H resume", t.job);
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

static int
do_list(struct arguments *a, char **words)
{
	struct err e = ERR_INIT;
	struct journal *j = NULL;
	struct out *o;

	(void)words;
	if (!books_open(&a->settings, true, &j, &e) && e.kind != ERR_ABSENT)
		return out_fail(a->options, NULL, &e);
	if (a->filter.limit == 0)
		a->filter.limit = LIST_MAX;
	o = out_open(a->options);
	out_table(o, "documents", document_columns, DOCUMENT_COLUMNS);
	if (j && !list(a, j, o, &e)) {
		journal_close(j);
		return out_fail(a->options, o, &e);
	}
	journal_close(j);
	return out_close(o);
}

/* --- which document ------------------------------------------------------------ */

static bool
parse_name(struct arguments *a, const char *word, struct err *e)
{
	a->filter.queue = a->queue;
	return books_parse_name(word, a->queue, &a->filter.job, &a->id, e);
}

struct found {
	int count;
	int64_t id;
	bool uncertain_only, with_sending;
};

static bool
remember(void *context, const struct journal_document *doc)
{
	struct found *f = context;

	if (f->uncertain_only && doc->state != DOC_UNCERTAIN &&
	    !(f->with_sending && doc->state == DOC_SENDING))
		return true;
	f->count++;
	f->id = doc->id;
	return true;
}

/* The document to be resolved: the named one, or the job's only uncertain. */
static bool
find_uncertain(
    struct arguments *a, struct journal *j, int64_t *id, struct err *e)
{
	struct found f = {.uncertain_only = true, .with_sending = a->force};

	*id = a->id;
	if (a->id != 0)
		return true;
	if (!journal_documents(j, &a->filter, remember, &f, e))
		return false;
	if (f.count == 0)
		return err_set(e, ERR_REQUEST,
		    "no document of %s-%u is uncertain", a->queue,
		    a->filter.job);
	if (f.count > 1)
		return err_set(e, ERR_REQUEST,
		    "%d documents of %s-%u are uncertain: name one by its ID",
		    f.count, a->queue, a->filter.job);
	*id = f.id;
	return true;
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

#define STAMP_COLUMNS ((int)(sizeof(stamp_columns) / sizeof(stamp_columns[0])))

static const char *
number(uint64_t value, char out[24])
{
	snprintf(out, 24, "%llu", (unsigned long long)value);
	return value ? out : NULL;
}

struct showing {
	struct journal *j;
	struct out *o;
	struct err *e;
	bool failed;
};

static bool
show_stamp(void *context, const struct journal_stamp *s)
{
	char id[24], page[24], place[24], copy[24], sheet[24], label[24];
	char amount[MILS_TEXT], date[DATE_TEXT], ascending[MILS_TEXT];
	char surcharge[MILS_TEXT], class[48], cost[MARK_COST_MAX],
	    issued[BOOKS_WHEN_MAX];
	char key[2 * PSD_KEY_BYTES + 1], bytes[2 * INDICIUM_MAX + 1];
	struct books_spoiled spoiled = {.at = 0};
	struct showing *w = context;
	char request[24];
	bool found;

	bytes_to_hex(s->psd.key, PSD_KEY_BYTES, key);
	bytes_to_hex(s->bytes.indicium, s->bytes.len, bytes);
	text_clean(s->quote.class_name, class, sizeof(class));
	text_clean(s->request.mark.cost, cost, sizeof(cost));
	if (!w->failed && s->state > STAMP_ISSUED)
		w->failed =
		    !books_spoiled(w->j, s->psd.key, &spoiled, &found, w->e);
	out_row(w->o,
	    (const char *[]){number((uint64_t)s->document_id, id),
		number(s->request.page, page), number(s->request.place, place),
		number(s->request.copy, copy), stamp_state_name(s->state),
		mils_format(s->quote.amount, amount),
		date_format(s->quote.mail_date, date), class,
		s->quote.surcharge ? mils_format(s->quote.surcharge, surcharge)
				   : NULL,
		s->quote.surcharges, cost,
		number(s->request.sheet_serial, sheet),
		number(s->request.label, label), s->psd_id,
		s->seq ? mils_format(s->ascending, ascending) : NULL,
		books_when(s->issued_at, issued), spoiled.reason,
		spoiled.person, number((uint64_t)spoiled.request, request), key,
		bytes});
	return !w->failed;
}

static bool
show(struct journal *j, const struct documents *ids, struct out *o,
    const struct options *options, struct err *e)
{
	struct showing w = {.j = j, .o = o, .e = e};
	struct journal_document doc;

	out_table(o, "documents", document_columns, DOCUMENT_COLUMNS);
	for (int i = 0; i < ids->count; i++) {
		if (!journal_document_load(j, ids->id[i], &doc, e))
			return false;
		list_row(o, &doc);
	}
	/* The last column is for scripts alone. */
	out_table(o, "stamps", stamp_columns,
	    options->json ? STAMP_COLUMNS : STAMP_COLUMNS - 1);
	for (int i = 0; i < ids->count; i++)
		if (!journal_stamps(j, ids->id[i], show_stamp, &w, e))
			return false;
	return !w.failed;
}

static int
do_show(struct arguments *a, char **words)
{
	struct err e = ERR_INIT;
	struct journal *j = NULL;
	struct documents ids;
	struct out *o = NULL;
	bool done;

	if (!books_open(&a->settings, true, &j, &e))
		return out_fail(a->options, NULL, &e);
	done = books_documents(j, words[0], &ids, &e);
	if (done) {
		o = out_open(a->options);
		done = show(j, &ids, o, a->options, &e);
	}
	journal_close(j);
	return done ? out_close(o) : out_fail(a->options, o, &e);
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
	char seq[24], id[24], at[BOOKS_WHEN_MAX];
	char person[USER_MAX], text[BOOKS_EVENT_MAX];

	out_row(context, (const char *[]){number((uint64_t)v->seq, seq),
			     books_when(v->at, at),
			     text_clean(v->person, person, sizeof(person)),
			     v->what, number((uint64_t)v->document, id),
			     text_clean(v->text, text, sizeof(text))});
	return true;
}

static int
do_log(struct arguments *a, char **words)
{
	struct err e = ERR_INIT;
	struct journal *j = NULL;
	struct out *o;
	bool done;

	(void)words;
	if (!books_open(&a->settings, true, &j, &e))
		return out_fail(a->options, NULL, &e);
	o = out_open(a->options);
	out_table(o, "events", event_columns, 6);
	done = books_events(
	    j, a->filter.limit ? a->filter.limit : LIST_MAX, log_row, o, &e);
	journal_close(j);
	return done ? out_close(o) : out_fail(a->options, o, &e);
}

/* --- check ---------------------------------------------------------------------- */

static const struct out_column finding_columns[] = {
    {"finding", "Finding", OUT_TEXT},
};

static void
finding(void *context, const char *sentence)
{
	char clean[600];

	out_row(context,
	    (const char *[]){text_clean(sentence, clean, sizeof(clean))});
}

static int
do_check(struct arguments *a, char **words)
{
	struct psd_status psd, *at_hand = NULL;
	struct err e = ERR_INIT, no_vault = ERR_INIT;
	struct journal *j = NULL;
	struct vault *v = NULL;
	struct out *o;
	size_t count = 0;

	(void)words;
	if (!books_open(&a->settings, true, &j, &e) && e.kind != ERR_ABSENT)
		return out_fail(a->options, NULL, &e);
	if (vault_open(a->settings.vault_uri, a->settings.wait_s * 1000, &v,
		&no_vault) &&
	    vault_status(v, &psd, &no_vault))
		at_hand = &psd;
	vault_close(v);
	o = out_open(a->options);
	out_table(o, "findings", finding_columns, 1);
	if (j == NULL) {
		count = at_hand && psd.ascending > 0;
		if (count)
			finding(o, "the vault has spent value, and there is no "
				   "journal");
	} else if (!journal_check(j, at_hand, finding, o, &count, &e)) {
		journal_close(j);
		return out_fail(a->options, o, &e);
	}
	journal_close(j);
	if (at_hand == NULL)
		out_text(
		    o, "vault", "Not compared with the vault", no_vault.text);
	out_flag(o, "clean", count ? NULL : "The books are right", count == 0);
	out_close(o);
	return count != 0;
}

/* --- adopt ---------------------------------------------------------------------- */

static int
do_adopt(struct arguments *a, char **words)
{
	char name[USER_MAX];
	struct books_by by = {person_name(name), (int64_t)time(NULL)};
	struct books_adopted adopted;
	struct err e = ERR_INIT;
	struct dispense *d = NULL;
	struct out *o;
	bool done = as_owner(a->settings.vault_uri, &e) &&
		    dispense_open(&a->settings, &d, &e) &&
		    dispense_adopt(d, &by, &adopted, &e);

	(void)words;
	dispense_close(d);
	if (!done)
		return out_fail(a->options, NULL, &e);
	o = out_open(a->options);
	out_number(o, "stamps", "Stamps booked", adopted.count);
	out_sum(o, "sum", "Their value", adopted.sum);
	out_sum(o, "lost", "Spent, not known on what", adopted.lost);
	out_note(o,
	    "What may have been printed since is uncertain now: postage "
	    "journal list");
	return out_close(o);
}

/* --- resolve ------------------------------------------------------------------- */

/* The daemon lets go a moment after the job is held. */
#define HOLD_MS 3000

static bool
resolve(struct arguments *a, struct journal *j, enum resolution how, int64_t id,
    struct journal_document *doc, struct err *e)
{
	char name[USER_MAX];
	struct books_by by = {person_name(name), (int64_t)time(NULL)};

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
	struct books_by by = {person_name(name), (int64_t)time(NULL)};
	struct dispense *d = NULL;
	bool done = dispense_open(&a->settings, &d, e) &&
		    dispense_print_rest(
			d, id, a->came_out, a->note ? a->note : "", &by, e) &&
		    journal_document_load(j, id, doc, e);

	dispense_close(d);
	return done;
}

static bool
settle(struct arguments *a, struct journal *j, enum resolution how,
    struct journal_document *doc, struct err *e)
{
	struct books_hold hold;
	int64_t id;
	bool done;

	if (!find_uncertain(a, j, &id, e) ||
	    !journal_document_load(j, id, doc, e) ||
	    !books_hold_job(&a->settings, &doc->job, HOLD_MS, &hold, e))
		return false;
	done = a->came_out ? print_rest(a, j, id, doc, e)
			   : resolve(a, j, how, id, doc, e);
	books_let_go(&hold);
	return done;
}

static int
do_resolve(struct arguments *a, char **words)
{
	static const struct {
		const char *word, *next;
	} how[] = {
	    [RESOLVE_DELIVERED] = {"delivered",
		"when the job is released it ends without printing"},
	    [RESOLVE_REPRINT] = {"reprint",
		"release the job to print the same stamps"},
	    [RESOLVE_SPOILED] = {"spoiled",
		"release the job to buy and print new stamps, or cancel it"},
	};
	struct journal_document doc;
	struct err e = ERR_INIT;
	struct journal *j = NULL;
	struct out *o;
	size_t i;

	for (i = 0; i < 3; i++)
		if (strcmp(words[1], how[i].word) == 0)
			break;
	if (i == 3 || (a->came_out && (i != RESOLVE_REPRINT || a->force)))
		return out_usage(usage);
	if (!parse_name(a, words[0], &e) ||
	    !books_open(&a->settings, false, &j, &e))
		return out_fail(a->options, NULL, &e);
	if (!settle(a, j, (enum resolution)i, &doc, &e)) {
		journal_close(j);
		return out_fail(a->options, NULL, &e);
	}
	journal_close(j);
	o = out_open(a->options);
	out_number(o, "id", "ID", doc.id);
	out_text(o, "state", "State", doc_state_name(doc.state));
	out_note(o, "%s", how[i].next);
	if (i != RESOLVE_DELIVERED || doc.state == DOC_DELIVERED)
		out_note(o, "lp -i %s-%u -H resume", doc.job.queue, doc.job.id);
	return out_close(o);
}

/* --- the command line ----------------------------------------------------------- */

enum {
	OPT_QUEUE = 256,
	OPT_USER,
	OPT_JOB,
	OPT_STATE,
	OPT_DAYS,
	OPT_COUNT,
	OPT_NOTE,
	OPT_FORCE,
	OPT_CAME_OUT,
	OPT_HELP
};

static const struct option long_options[] = {
    {"queue", required_argument, NULL, OPT_QUEUE},
    {"user", required_argument, NULL, OPT_USER},
    {"job", required_argument, NULL, OPT_JOB},
    {"state", required_argument, NULL, OPT_STATE},
    {"days", required_argument, NULL, OPT_DAYS},
    {"count", required_argument, NULL, OPT_COUNT},
    {"note", required_argument, NULL, OPT_NOTE},
    {"force", no_argument, NULL, OPT_FORCE},
    {"came-out", required_argument, NULL, OPT_CAME_OUT},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static bool
take_state(struct arguments *a, const char *word)
{
	for (int i = 0; i < DOC_STATES; i++)
		if (strcmp(word, doc_state_name((enum doc_state)i)) == 0) {
			a->filter.doc_state = i;
			return true;
		}
	return false;
}

static bool
take_option(struct arguments *a, int option, const char *value)
{
	uint64_t n = 0;

	switch (option) {
	case OPT_QUEUE: a->filter.queue = value; return true;
	case OPT_USER: a->filter.user = value; return true;
	case OPT_NOTE: a->note = value; return true;
	case OPT_FORCE: return a->force = true;
	case OPT_STATE: return take_state(a, value);
	case OPT_CAME_OUT:
		if (!text_to_u64(value, UINT32_MAX, &n) || n == 0)
			return false;
		a->came_out = (uint32_t)n;
		return true;
	case OPT_JOB:
		if (!text_to_u64(value, UINT32_MAX, &n))
			return false;
		a->filter.job = (uint32_t)n;
		return true;
	case OPT_DAYS:
		if (!text_to_u64(value, 36500, &n))
			return false;
		a->filter.since = (int64_t)time(NULL) - (int64_t)n * DAY_S;
		return true;
	case OPT_COUNT:
		if (!text_to_u64(value, INT32_MAX, &n))
			return false;
		a->filter.limit = (int64_t)n;
		return true;
	default: return false;
	}
}

int
verb_journal(int argc, char **argv, const struct options *o)
{
	static const struct {
		const char *name;
		int words;
		int (*run)(struct arguments *a, char **words);
	} actions[] = {
	    {"list", 0, do_list},
	    {"show", 1, do_show},
	    {"log", 0, do_log},
	    {"check", 0, do_check},
	    {"adopt", 0, do_adopt},
	    {"resolve", 2, do_resolve},
	};
	struct arguments a = {.options = o, .filter = {.doc_state = -1}};
	struct err e = ERR_INIT;
	int option;

	while (
	    (option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option == OPT_HELP) {
			printf("Usage: %s\n", usage);
			return 0;
		}
		if (!take_option(&a, option, optarg))
			return out_usage(usage);
	}
	if (!settings_load(o->config, &a.settings, &e))
		return out_fail(o, NULL, &e);
	for (size_t i = 0; optind < argc && i < COUNT(actions); i++)
		if (strcmp(argv[optind], actions[i].name) == 0 &&
		    argc - optind - 1 == actions[i].words)
			return actions[i].run(&a, argv + optind + 1);
	return out_usage(usage);
}
