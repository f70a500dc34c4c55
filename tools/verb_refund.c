/* SPDX-License-Identifier: Apache-2.0 */
/* postage refund: spoiled stamps on their way back to value. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/date.h"
#include "base/durable.h"
#include "base/text.h"
#include "dispense/refunds.h"
#include "tools/as_owner.h"
#include "tools/books.h"
#include "tools/out.h"
#include "tools/person.h"
#include "tools/postage.h"
#include "tools/reach.h"
#include "tools/refund_page.h"
#include "vault/lab.h"

#define PUBLIC_MODE 0644
#define NAMED_MAX   REFUND_STAMPS_MAX

static const char usage[] =
    "postage refund [--vault URI] [--pin-file FILE] [--lab FOLDER] ...\n"
    "  request [--all | IDENTITY ...]  [--out FILE] [--pdf FILE] "
    "[--media letter|a4]\n"
    "  list\n"
    "  show    NUMBER  [--out FILE] [--pdf FILE] [--media letter|a4]\n"
    "  settle  NUMBER  [--answer FILE]\n"
    "  check   FILE\n"
    "\n"
    "request collects what was spoiled into one numbered list that the PSD\n"
    "signs: FILE for the provider (refund-PSD-NUMBER.txt), a PDF to sign by\n"
    "hand.  settle takes the provider's answer; without --answer the lab of\n"
    "this computer answers, and the value is downloaded again.";

struct arguments {
	const struct options *options;
	struct settings settings;
	struct reach reach;
	struct draw_size paper;
	const char *out, *pdf, *answer;
	char lab[PATH_MAX];
};

static struct books_by
by_person(char name[USER_MAX])
{
	return (struct books_by){person_name(name), (int64_t)time(NULL)};
}

/* --- files ------------------------------------------------------------------------ */

static bool
write_file(const char *path, const void *bytes, size_t len, struct err *e)
{
	if (strcmp(path, "-") == 0)
		return fwrite(bytes, 1, len, stdout) == len ||
		       err_system(e, "standard output");
	return as_caller(e) &&
	       durable_replace(path, bytes, len, PUBLIC_MODE, e);
}

/* The whole file, a NUL behind it; the caller frees. */
static bool
read_file(const char *path, char **out, size_t *len, struct err *e)
{
	*out = malloc(REFUND_TEXT_MAX + 1);
	if (*out == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	if (!as_caller(e) ||
	    !durable_read(strcmp(path, "-") ? path : "/dev/stdin", *out,
		REFUND_TEXT_MAX, len, e)) {
		free(*out);
		*out = NULL;
		return false;
	}
	(*out)[*len] = '\0';
	return true;
}

static bool
write_pdf(const struct arguments *a, const char *path, const char *text,
    struct err *e)
{
	struct refund_request message;
	struct refund_list list;
	uint8_t *pdf = NULL;
	size_t len;
	bool done;

	if (!refund_parse(text, strlen(text), &list, e))
		return false;
	done =
	    message_get_refund(list.message, list.message_len, &message, e) &&
	    refund_page(&list, &message, &a->paper, &pdf, &len, e) &&
	    write_file(path, pdf, len, e);
	free(pdf);
	refund_free(&list);
	return done;
}

static void
name_file(const struct books_request *r, const char *end, char out[64])
{
	snprintf(out, 64, "refund-%s-%" PRIu32 "%s", r->psd_id, r->number, end);
}

/* --- what is shown ------------------------------------------------------------------ */

static const char *
state_name(const struct books_request *r)
{
	return r->answered ? "answered" : r->number ? "asked" : "not signed";
}

static void
show_request(struct out *o, const struct books_request *r)
{
	out_text(o, "psd", "PSD", r->psd_id);
	out_number(o, "number", "Number", r->number);
	out_text(o, "state", "State", state_name(r));
	out_date(o, "date", "Date", r->date);
	out_number(o, "stamps", "Stamps", r->count);
	out_sum(o, "total", "Asked for", r->total);
	if (r->answered)
		out_sum(o, "granted", "Granted", r->granted);
}

static const struct out_column stamp_columns[] = {
    {"stamp", "Stamp", OUT_TEXT},
    {"mail_date", "Mail date", OUT_TEXT},
    {"amount", "Amount", OUT_TEXT},
    {"class", "Class", OUT_TEXT},
    {"printed", "Printed as", OUT_TEXT},
    {"reason", "Reason", OUT_TEXT},
    {"verdict", "Answer", OUT_TEXT},
    {"granted", "Granted", OUT_TEXT},
    {"remark", "Remark", OUT_TEXT},
};

static void
show_stamps(struct out *o, const struct refund_list *list,
    const struct refund_answer *answer)
{
	char name[64], date[DATE_TEXT], sum[MILS_TEXT], granted[MILS_TEXT];

	out_table(o, "list", stamp_columns, 9);
	for (uint32_t i = 0; i < list->count; i++) {
		const struct refund_line *l = &list->lines[i];
		const struct refund_verdict *v =
		    answer ? &answer->verdicts[i] : NULL;

		snprintf(name, sizeof(name), "%s/%" PRIu64, list->psd_id,
		    l->ascending);
		out_row(
		    o, (const char *[]){name, date_format(l->mail_date, date),
			   mils_format(l->amount, sum), l->class_name, l->place,
			   l->reason,
			   v ? v->accepted ? "accepted" : "rejected" : NULL,
			   v ? mils_format(v->granted, granted) : NULL,
			   v ? v->remark : NULL});
	}
}

/* --- request ------------------------------------------------------------------------- */

static bool
find_named(struct journal *j, char **names, size_t count,
    struct books_choice *out, struct err *e)
{
	if (count > NAMED_MAX)
		return err_set(e, ERR_REQUEST,
		    "over %d stamps in one refund request", NAMED_MAX);
	for (size_t i = 0; i < count; i++)
		if (!books_find_stamp(j, names[i], &out[i], e))
			return false;
	return true;
}

static bool
make_request(struct journal *j, struct vault *v, char **names, size_t count,
    int64_t *id, struct err *e)
{
	static struct books_choice choices[NAMED_MAX];
	char name[USER_MAX];
	struct books_by by = by_person(name);

	return find_named(j, names, count, choices, e) &&
	       refunds_request(
		   j, v, choices, count, date_local(time(NULL)), &by, id, e);
}

static bool
write_request(struct arguments *a, const struct books_request *r, bool both,
    struct err *e)
{
	char text[64], pdf[64];

	name_file(r, ".txt", text);
	name_file(r, ".pdf", pdf);
	if (both && a->out == NULL)
		a->out = strdup(text);
	if (both && a->pdf == NULL)
		a->pdf = strdup(pdf);
	return (a->out == NULL ||
		   write_file(a->out, r->text, strlen(r->text), e)) &&
	       (a->pdf == NULL || write_pdf(a, a->pdf, r->text, e));
}

static int
do_request(struct arguments *a, char **words, int count)
{
	struct books_request r = {.id = 0};
	struct err e = ERR_INIT;
	struct journal *j = NULL;
	struct vault *v = NULL;
	struct out *o;
	int64_t id;
	bool done = reach_vault(&a->reach, &a->settings, true, &v, &e) &&
		    books_open(&a->settings, false, &j, &e) &&
		    make_request(j, v, words, (size_t)count, &id, &e) &&
		    books_request_load(j, id, &r, &e);

	journal_close(j);
	vault_close(v);
	done = done && write_request(a, &r, true, &e);
	if (!done) {
		books_request_free(&r);
		return out_fail(a->options, NULL, &e);
	}
	o = out_open(a->options);
	show_request(o, &r);
	out_text(o, "file", "For the provider", a->out);
	out_text(o, "pdf", "To sign by hand", a->pdf);
	out_note(o, "When the answer is there: postage refund settle %" PRIu32,
	    r.number);
	books_request_free(&r);
	return out_close(o);
}

/* --- list, show ------------------------------------------------------------------------ */

static const struct out_column request_columns[] = {
    {"number", "Number", OUT_NUMBER},
    {"psd", "PSD", OUT_TEXT},
    {"date", "Date", OUT_TEXT},
    {"stamps", "Stamps", OUT_NUMBER},
    {"total", "Asked for", OUT_TEXT},
    {"state", "State", OUT_TEXT},
    {"granted", "Granted", OUT_TEXT},
};

static bool
list_request(void *context, const struct books_request *r)
{
	char number[16], date[DATE_TEXT], count[16], total[MILS_TEXT];
	char granted[MILS_TEXT];

	snprintf(number, sizeof(number), "%" PRIu32, r->number);
	snprintf(count, sizeof(count), "%" PRIu32, r->count);
	out_row(context,
	    (const char *[]){number, r->psd_id, date_format(r->date, date),
		count, mils_format(r->total, total), state_name(r),
		r->answered ? mils_format(r->granted, granted) : NULL});
	return true;
}

static int
do_list(struct arguments *a, char **words, int count)
{
	struct err e = ERR_INIT;
	struct journal *j = NULL;
	struct out *o;
	bool done;

	(void)words;
	(void)count;
	if (!books_open(&a->settings, true, &j, &e))
		return out_fail(a->options, NULL, &e);
	o = out_open(a->options);
	out_table(o, "requests", request_columns, 7);
	done = books_requests(j, list_request, o, &e);
	journal_close(j);
	return done ? out_close(o) : out_fail(a->options, o, &e);
}

/* "2", or "XXPS0000000001/2" where several PSDs have such a one. */
static bool
load(struct journal *j, const char *word, struct books_request *out,
    struct err *e)
{
	const char *slash = strchr(word, '/');
	char psd_id[PSD_ID] = "";
	uint64_t number;
	int64_t id;

	if (slash && slash - word < PSD_ID)
		snprintf(
		    psd_id, sizeof(psd_id), "%.*s", (int)(slash - word), word);
	if (!text_to_u64(slash ? slash + 1 : word, UINT32_MAX, &number) ||
	    number == 0)
		return err_set(
		    e, ERR_REQUEST, "\"%s\" is no number of a request", word);
	return books_request_find(j, psd_id, (uint32_t)number, &id, e) &&
	       books_request_load(j, id, out, e);
}

static bool
show(struct arguments *a, const struct books_request *r, struct out *o,
    struct err *e)
{
	struct refund_answer answer = {.count = 0};
	struct refund_list list;
	bool done;

	if (!refund_parse(r->text, strlen(r->text), &list, e))
		return false;
	done = r->answer == NULL ||
	       refund_parse_answer(r->answer, strlen(r->answer), &answer, e);
	if (done) {
		show_request(o, r);
		show_stamps(o, &list, r->answer ? &answer : NULL);
	}
	refund_free_answer(&answer);
	refund_free(&list);
	return done && write_request(a, r, false, e);
}

static int
do_show(struct arguments *a, char **words, int count)
{
	struct books_request r = {.id = 0};
	struct err e = ERR_INIT;
	struct journal *j = NULL;
	struct out *o = NULL;
	bool done =
	    books_open(&a->settings, true, &j, &e) && load(j, words[0], &r, &e);

	(void)count;
	journal_close(j);
	if (done) {
		o = out_open(a->options);
		done = show(a, &r, o, &e);
	}
	books_request_free(&r);
	return done ? out_close(o) : out_fail(a->options, o, &e);
}

/* --- settle ------------------------------------------------------------------------------ */

/* The provider's signature, by its certificate here. */
static bool
check_answer(
    const struct arguments *a, const char *text, size_t len, struct err *e)
{
	struct cert_store *store = NULL;
	struct refund_answer answer;
	char vendor[3];
	bool good;

	if (!refund_parse_answer(text, len, &answer, e))
		return false;
	snprintf(vendor, sizeof(vendor), "%.2s", answer.psd_id);
	good = cert_store_open(a->settings.certificates, &store, e) &&
	       (cert_store_verify(store, vendor, date_local(time(NULL)), text,
		    answer.body_len, answer.signature) ||
		   err_set(e, ERR_DENIED,
		       "the answer does not bear the signature of provider %s",
		       vendor));
	cert_store_free(store);
	refund_free_answer(&answer);
	return good;
}

static bool
get_answer(struct arguments *a, const struct books_request *r, char **text,
    size_t *len, struct err *e)
{
	struct lab *lab = NULL;
	bool done;

	if (a->answer)
		return read_file(a->answer, text, len, e) &&
		       as_owner(a->settings.vault_uri, e);
	done = lab_open(a->lab, &lab, e) &&
	       lab_refund(lab, r->text, strlen(r->text), text, len, e);
	lab_close(lab);
	if (!done)
		return false;
	/* a NUL behind it */
	char *more = realloc(*text, *len + 1);

	if (more == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	more[*len] = '\0';
	*text = more;
	return true;
}

static bool
settle(struct arguments *a, struct journal *j, struct books_request *r,
    struct err *e)
{
	char name[USER_MAX], *text = NULL;
	struct books_by by = by_person(name);
	size_t len = 0;
	bool done;

	done = get_answer(a, r, &text, &len, e) &&
	       check_answer(a, text, len, e) && journal_begin(j, e) &&
	       books_settle(j, r, text, len, &by, e) && journal_commit(j, e);
	journal_abort(j);
	free(text);
	return done;
}

/* The granted value comes by value download; the provider knows which, and
 * gives no second one. */
static bool
fetch(struct arguments *a, struct journal *j, const struct books_request *r,
    bool *fetched, struct err *e)
{
	const struct lab_granted what = {r->psd_id, r->number, r->granted};
	struct vault *v = NULL;
	struct lab *lab = NULL;
	uint32_t sequence;

	*fetched = r->credit >= 0;
	if (r->granted == 0 || a->answer || *fetched)
		return true;
	if (!reach_vault(&a->reach, &a->settings, true, &v, e))
		return false;
	*fetched = lab_open(a->lab, &lab, e) &&
		   lab_credit(lab, v, &what, &sequence, e) &&
		   books_credit(j, r->id, sequence, e);
	lab_close(lab);
	vault_close(v);
	return *fetched;
}

static int
do_settle(struct arguments *a, char **words, int count)
{
	struct books_request r = {.id = 0}, now = {.id = 0};
	struct err e = ERR_INIT;
	struct journal *j = NULL;
	bool fetched = false;
	struct out *o;
	bool done = books_open(&a->settings, false, &j, &e) &&
		    load(j, words[0], &r, &e) && settle(a, j, &r, &e) &&
		    load(j, words[0], &now, &e) &&
		    fetch(a, j, &now, &fetched, &e);

	(void)count;
	books_request_free(&r);
	books_request_free(&now);
	journal_close(j);
	if (!done)
		return out_fail(a->options, NULL, &e);
	o = out_open(a->options);
	show_request(o, &now);
	out_flag(o, "downloaded", NULL, fetched);
	if (fetched)
		out_note(o, "The value was downloaded into the vault.");
	else if (now.granted > 0)
		out_note(o, "The provider credits it: postage vault refill");
	return out_close(o);
}

/* --- check -------------------------------------------------------------------------------- */

static int
do_check(struct arguments *a, char **words, int count)
{
	struct cert_store *store = NULL;
	struct refund_request message;
	struct refund_list list = {.count = 0};
	struct err e = ERR_INIT;
	char *text = NULL, sum[MILS_TEXT];
	struct out *o = NULL;
	size_t len;
	bool done = read_file(words[0], &text, &len, &e) &&
		    refund_parse(text, len, &list, &e) &&
		    cert_store_open(a->settings.certificates, &store, &e) &&
		    refund_check(&list, store, &message, &e);

	(void)count;
	if (done) {
		o = out_open(a->options);
		out_text(o, "psd", "PSD", list.psd_id);
		out_number(o, "number", "Number", message.number);
		out_date(o, "date", "Date", list.date);
		out_number(o, "stamps", "Stamps", list.count);
		out_sum(o, "total", "Asked for", list.total);
		out_text(o, "ascending", "Spent in all",
		    mils_format(message.ascending, sum));
		show_stamps(o, &list, NULL);
		out_flag(o, "good", NULL, true);
		out_note(o, "The PSD signed this list and each of its stamps.");
	}
	cert_store_free(store);
	refund_free(&list);
	free(text);
	return done ? out_close(o) : out_fail(a->options, o, &e);
}

/* --- the command line ----------------------------------------------------------------------- */

enum {
	OPT_VAULT = 256,
	OPT_PIN,
	OPT_LAB,
	OPT_ALL,
	OPT_OUT,
	OPT_PDF,
	OPT_MEDIA,
	OPT_ANSWER,
	OPT_HELP
};

static const struct option long_options[] = {
    {"vault", required_argument, NULL, OPT_VAULT},
    {"pin-file", required_argument, NULL, OPT_PIN},
    {"lab", required_argument, NULL, OPT_LAB},
    {"all", no_argument, NULL, OPT_ALL},
    {"out", required_argument, NULL, OPT_OUT},
    {"pdf", required_argument, NULL, OPT_PDF},
    {"media", required_argument, NULL, OPT_MEDIA},
    {"answer", required_argument, NULL, OPT_ANSWER},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static bool
take_option(struct arguments *a, int option)
{
	switch (option) {
	case OPT_VAULT:
		return text_copy(a->settings.vault_uri,
		    sizeof(a->settings.vault_uri), optarg);
	case OPT_PIN: a->reach.pin_source = optarg; return true;
	case OPT_LAB: return text_copy(a->lab, sizeof(a->lab), optarg);
	case OPT_ALL: return true;
	case OPT_OUT: a->out = optarg; return true;
	case OPT_PDF: a->pdf = optarg; return true;
	case OPT_MEDIA: return refund_paper(optarg, &a->paper);
	case OPT_ANSWER: a->answer = optarg; return true;
	default: return false;
	}
}

static const struct {
	const char *name;
	int least, most;
	int (*run)(struct arguments *a, char **words, int count);
} actions[] = {
    {"request", 0, NAMED_MAX, do_request},
    {"list", 0, 0, do_list},
    {"show", 1, 1, do_show},
    {"settle", 1, 1, do_settle},
    {"check", 1, 1, do_check},
};

static int
run(struct arguments *a, int count, char **words)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(words[0], actions[i].name) == 0 &&
		    count > actions[i].least && count - 1 <= actions[i].most)
			return actions[i].run(a, words + 1, count - 1);
	return out_usage(usage);
}

int
verb_refund(int argc, char **argv, const struct options *o)
{
	struct arguments a = {.options = o};
	struct err e = ERR_INIT;
	int option;

	if (out_help(argc, argv, usage))
		return 0;
	if (!settings_load(o->config, &a.settings, &e))
		return out_fail(o, NULL, &e);
	refund_paper("letter", &a.paper);
	snprintf(a.lab, sizeof(a.lab), "%.4000s/lab", a.settings.state_dir);
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (!take_option(&a, option))
			return out_usage(usage);
	if (optind >= argc)
		return out_usage(usage);
	return run(&a, argc - optind, argv + optind);
}
