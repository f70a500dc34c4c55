/* SPDX-License-Identifier: Apache-2.0 */
/* postage refund: spoiled stamps on their way back to value. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/date.h"
#include "dispense/refunds.h"
#include "tools/verb_refund.h"

#define NAMED_MAX     REFUND_STAMPS_MAX
#define FILE_NAME_MAX 64

static const char usage[] =
    "postage refund [--vault URI] [--pin-file FILE] [--lab FOLDER] ...\n"
    "  request [--all | IDENTITY ...]  [--out FILE] [--pdf FILE] "
    "[--media letter|a4]\n"
    "  list\n"
    "  show    NUMBER  [--out FILE] [--pdf FILE] [--media letter|a4]\n"
    "  settle  NUMBER  [--provider URI | --answer FILE]\n"
    "  check   FILE\n"
    "\n"
    "request collects what was spoiled into one numbered list that the PSD\n"
    "signs: FILE for the provider (refund-PSD-NUMBER.txt), a PDF to sign by\n"
    "hand.  settle takes the provider's answer, which --provider asks for at\n"
    "https://HOST/?authority=FILE&token=FILE; without it and --answer the lab "
    "of\n"
    "this computer answers, and the value is downloaded again.\n"
    "\n"
    "Of a vault at a provider (https:) the provider is asked: request hands "
    "the\n"
    "list in, settle asks what became of it.";

/* --- request ------------------------------------------------------------------------- */

/* The named stamps, at most NAMED_MAX, or where none is named all. */
static bool
make_request(struct journal *j, struct vault *v, char **names, int64_t *id,
    struct err *e)
{
	static struct books_choice choices[NAMED_MAX];
	char name[USER_MAX];
	struct books_by by = books_by_person(name);
	size_t count;

	for (count = 0; names[count]; count++)
		if (!books_find_stamp(j, names[count], &choices[count], e))
			return false;
	return refunds_request(
	    j, v, choices, count, date_local(time(NULL)), &by, id, e);
}

static void
name_file(
    const struct books_request *r, const char *end, char out[FILE_NAME_MAX])
{
	snprintf(out, FILE_NAME_MAX, "refund-%s-%" PRIu32 "%s", r->psd_id,
	    r->number, end);
}

static int
do_request(struct arguments *a, char **words)
{
	char text[FILE_NAME_MAX], pdf[FILE_NAME_MAX];
	const char *file, *paper = a->pdf ? a->pdf : pdf;
	struct books_request r = {.id = 0};
	struct err e = ERR_INIT;
	struct journal *j = NULL;
	struct vault *v = NULL;
	struct out *o;
	int64_t id;
	bool done = reach_vault(&a->settings, true, &v, &e) &&
		    books_open(&a->settings, false, &j, &e) &&
		    make_request(j, v, words, &id, &e) &&
		    books_request_load(j, id, &r, &e);

	journal_close(j);
	vault_close(v);
	if (done) {
		name_file(&r, ".txt", text);
		name_file(&r, ".pdf", pdf);
		/* A provider that was asked needs no file. */
		file = a->out != NULL || r.by_provider ? a->out : text;
		done = verb_refund_write(a, &r, file, paper, &e);
	}
	if (!done) {
		books_request_free(&r);
		return out_fail(a->options, NULL, &e);
	}
	o = out_open(a->options);
	verb_refund_fields(o, &r);
	if (file != NULL)
		out_text(o, "file", "For the provider", file);
	out_text(o, "pdf", "To sign by hand", paper);
	if (r.by_provider)
		out_note(o, "The provider has the list: its people say yes or "
			    "no.");
	out_note(o, "When the answer is there: postage refund settle %" PRIu32,
	    r.number);
	books_request_free(&r);
	return out_close(o);
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
	OPT_PROVIDER
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
    {"provider", required_argument, NULL, OPT_PROVIDER},
    {NULL, 0, NULL, 0},
};

static bool
take_option(struct arguments *a, int option)
{
	switch (option) {
	case OPT_VAULT: a->reach.uri = optarg; return true;
	case OPT_PIN: a->reach.pin_source = optarg; return true;
	case OPT_LAB: a->reach.lab_option = optarg; return true;
	case OPT_ALL: return true;
	case OPT_OUT: a->out = optarg; return true;
	case OPT_PDF: a->pdf = optarg; return true;
	case OPT_MEDIA: return refund_paper(optarg, &a->paper);
	case OPT_ANSWER: a->answer = optarg; return true;
	case OPT_PROVIDER: a->provider = optarg; return true;
	default: return false;
	}
}

static const struct action actions[] = {
    {"request", do_request, 0, NAMED_MAX},
    {"list", verb_refund_list, 0, 0},
    {"show", verb_refund_show, 1, 1},
    {"settle", verb_refund_settle, 1, 1},
    {"check", verb_refund_check, 1, 1},
};

int
verb_refund(int argc, char **argv, const struct options *o)
{
	struct arguments a = {.options = o};
	struct err e = ERR_INIT;
	int option;

	refund_paper("letter", &a.paper);
	if (out_help(argc, argv, usage))
		return 0;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (!take_option(&a, option))
			return out_usage(usage);
	if (a.answer != NULL && a.provider != NULL)
		return out_usage(usage);
	if (!settings_load(o->config, &a.settings, &e) ||
	    !reach_settle(&a.reach, &a.settings, &e))
		return out_fail(o, NULL, &e);
	return action_run(
	    ACTIONS(actions), &a, argc - optind, argv + optind, usage);
}
