/* SPDX-License-Identifier: Apache-2.0 */
/* postage-verify: see docs/postage-verify.1. */
#include "tools/verify.h"

#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/date.h"
#include "base/log.h"
#include "base/text.h"
#include "config.h"
#include "dispense/settings.h"
#include "tools/verify_qualify.h"

#define DEFAULT_DPI    300
#define BOOKS_WAIT_MS  10000
#define DEFAULT_WINDOW 30 /* days, where a stamp has no mail-by date */

/* The exit status; the greatest one that applies. */
enum { EXIT_GOOD, EXIT_NOT_VALID, EXIT_TROUBLE, EXIT_NO_STAMP };

enum {
	OPT_HEX = 256,
	OPT_SEEN,
	OPT_CANCEL,
	OPT_ONLINE,
	OPT_PLACE,
	OPT_CACHE,
	OPT_BOOKS,
	OPT_CERTIFICATES,
	OPT_CONFIG,
	OPT_DECODE,
	OPT_DECODER,
	OPT_QUALIFY,
	OPT_READERS,
	OPT_DATE,
	OPT_WINDOW,
	OPT_DPI,
	OPT_TEXT,
	OPT_JSON,
	OPT_HELP,
	OPT_VERSION
};

static const struct option long_options[] = {
    {"hex", required_argument, NULL, OPT_HEX},
    {"seen", required_argument, NULL, OPT_SEEN},
    {"cancel", no_argument, NULL, OPT_CANCEL},
    {"online", required_argument, NULL, OPT_ONLINE},
    {"place", required_argument, NULL, OPT_PLACE},
    {"cache", required_argument, NULL, OPT_CACHE},
    {"books", required_argument, NULL, OPT_BOOKS},
    {"certificates", required_argument, NULL, OPT_CERTIFICATES},
    {"config", required_argument, NULL, OPT_CONFIG},
    {"decode", no_argument, NULL, OPT_DECODE},
    {"decoder", required_argument, NULL, OPT_DECODER},
    {"qualify", required_argument, NULL, OPT_QUALIFY},
    {"readers", required_argument, NULL, OPT_READERS},
    {"date", required_argument, NULL, OPT_DATE},
    {"window", required_argument, NULL, OPT_WINDOW},
    {"resolution", required_argument, NULL, OPT_DPI},
    {"all", no_argument, NULL, OPT_TEXT},
    {"json", no_argument, NULL, OPT_JSON},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "usage: postage-verify [options] FILE...\n"
    "       postage-verify [options] --qualify QUEUE FILE...\n"
    "       postage-verify [options] --hex HEX\n"
    "\n"
    "  --certificates DIR  whom to trust (default: from the configuration)\n"
    "  --config FILE       configuration file\n"
    "  --seen FILE         table of used stamps to check against\n"
    "  --online URI        ask the provider, as a person of the post\n"
    "  --cancel            record the use of every valid stamp there\n"
    "  --place TEXT        where it is cancelled at the provider\n"
    "  --cache DIR         where its certificates are kept\n"
    "  --books FILE        journal that knows which stamps are spoiled\n"
    "  --decode            show the fields, check nothing\n"
    "  --decoder NAME      zbar, dmtx, zxing or all\n"
    "  --qualify QUEUE     measure how QUEUE's printer prints, and record it\n"
    "  --readers N         symbols read by fewer decoders are UNREADABLE\n"
    "  --date YYYY-MM-DD   check as of this day\n"
    "  --window DAYS       life of a stamp without a mail-by date (30)\n"
    "  --resolution DPI    at which PDF is rendered (300)\n"
    "  --all               list symbols that hold plain text, too\n"
    "  --json              one JSON object\n"
    "  --help, --version   what they say\n"
    "\n"
    "Exit status: 0 every stamp is valid, 1 one is not, 2 trouble with a file\n"
    "or the command line, 3 no stamp was found.\n";

struct run {
	struct check_rules check;
	struct find_rules find;
	struct report *report;
	const char *hex, *qualify, *seen_path, *books_path, *certificates,
	    *config, *online, *place, *cache;
	bool json, decode, all;
	unsigned readers;
	int dpi;
	const char *file; /* at present */
	unsigned stamps;  /* of the file */
	int status;
};

static void
raise_status(struct run *run, int status)
{
	run->status = status > run->status ? status : run->status;
}

static bool
to_number(const char *text, unsigned max, int *out)
{
	uint64_t value;

	if (!text_to_u64(text, max, &value))
		return false;
	*out = (int)value;
	return true;
}

static bool
set_decoder(struct run *run, const char *name)
{
	static const struct {
		const char *name;
		unsigned by;
	} names[] = {{"zbar", BY_ZBAR}, {"dmtx", BY_DMTX}, {"zxing", BY_ZXING},
	    {"all", BY_ALL}};

	for (size_t i = 0; i < 4; i++)
		if (strcmp(name, names[i].name) == 0) {
			run->find =
			    (struct find_rules){names[i].by, /*must*/ true};
			return true;
		}
	return false;
}

/* 1 go on, 0 stop well, -1 wrong. */
static int
take_option(struct run *run, int option)
{
	int number = 0;

	switch (option) {
	case OPT_HEX: run->hex = optarg; return 1;
	case OPT_SEEN: run->seen_path = optarg; return 1;
	case OPT_CANCEL: run->check.cancel = true; return 1;
	case OPT_ONLINE: run->online = optarg; return 1;
	case OPT_PLACE: run->place = optarg; return 1;
	case OPT_CACHE: run->cache = optarg; return 1;
	case OPT_BOOKS: run->books_path = optarg; return 1;
	case OPT_CERTIFICATES: run->certificates = optarg; return 1;
	case OPT_CONFIG: run->config = optarg; return 1;
	case OPT_DECODE: run->decode = true; return 1;
	case OPT_DECODER: return set_decoder(run, optarg) ? 1 : -1;
	case OPT_QUALIFY: run->qualify = optarg; return 1;
	case OPT_READERS:
		if (!to_number(optarg, 3, &number) || number < 1)
			return -1;
		run->readers = (unsigned)number;
		return 1;
	case OPT_DATE: return date_parse(optarg, &run->check.today) ? 1 : -1;
	case OPT_WINDOW:
		return to_number(optarg, 3650, &run->check.window_days) ? 1
									: -1;
	case OPT_DPI:
		return to_number(optarg, 2400, &run->dpi) && run->dpi >= 72
			   ? 1
			   : -1;
	case OPT_TEXT: run->all = true; return 1;
	case OPT_JSON: run->json = true; return 1;
	case OPT_HELP: fputs(usage, stdout); return 0;
	case OPT_VERSION: puts("postage-verify " PACKAGE_VERSION); return 0;
	default: return -1;
	}
}

static unsigned
count_readers(unsigned by)
{
	return (by & BY_ZBAR ? 1u : 0) + (by & BY_DMTX ? 1u : 0) +
	       (by & BY_ZXING ? 1u : 0);
}

static bool
judge(struct run *run, const struct found *found, const char *where,
    struct judged *out, struct err *e)
{
	*out = (struct judged){.verdict = VERDICT_UNREADABLE};
	if (run->decode) {
		out->decoded =
		    indicium_decode(found->bytes, found->len, &out->in, e);
		out->lab = out->decoded && check_is_lab(&out->in);
		if (!out->decoded)
			text_clean(e->text, out->why, sizeof(out->why));
		*e = (struct err)ERR_INIT;
		return true;
	}
	if (found->len == 0)
		snprintf(out->why, sizeof(out->why),
		    "a symbol too damaged to be read");
	else if (found->by && count_readers(found->by) < run->readers)
		snprintf(out->why, sizeof(out->why),
		    "read by %u of %u wanted decoders",
		    count_readers(found->by), run->readers);
	else
		return check_stamp(
		    &run->check, found->bytes, found->len, where, out, e);
	return true;
}

static bool
take_symbol(struct run *run, const struct image *image,
    const struct found *found, struct err *e)
{
	struct judged judged;
	char where[SEEN_WHERE];

	if (found->len && !run->all && check_is_text(found->bytes, found->len))
		return true;
	if (image)
		snprintf(where, sizeof(where), "%.200s, page %d", run->file,
		    image->page);
	else
		snprintf(where, sizeof(where), "--hex");
	if (!judge(run, found, where, &judged, e))
		return false;
	run->stamps++;
	report_stamp(run->report,
	    &(struct report_stamp){image, found, &judged, run->decode});
	if (run->decode ? !judged.decoded
			: judged.verdict > VERDICT_VALID_OFFLINE)
		raise_status(run, EXIT_NOT_VALID);
	return true;
}

static bool
take_page(void *context, const struct image *image, struct err *e)
{
	struct run *run = context;
	struct found_list list = {0};
	bool done = find_symbols(image, &run->find, &list, e);

	for (size_t i = 0; i < list.count && done; i++)
		done = take_symbol(run, image, &list.at[i], e);
	found_free(&list);
	return done;
}

static void
take_file(struct run *run, const char *file)
{
	struct err e = ERR_INIT;

	run->file = file;
	run->stamps = 0;
	report_file(run->report, file);
	if (!image_read(file, run->dpi, take_page, run, &e)) {
		log_error("%s: %s", file, e.text);
		report_file_error(run->report, &e);
		raise_status(run, EXIT_TROUBLE);
	} else if (run->stamps == 0) {
		raise_status(run, EXIT_NO_STAMP);
	}
}

static void
take_hex(struct run *run)
{
	struct found found = {.symbology = ""};
	struct err e = ERR_INIT;

	report_file(run->report, "--hex");
	if (!bytes_from_hex(
		run->hex, found.bytes, sizeof(found.bytes), &found.len))
		err_set(&e, ERR_REQUEST, "not hexadecimal, or over %d bytes",
		    SYMBOL_BYTES_MAX);
	else if (take_symbol(run, NULL, &found, &e))
		return;
	log_error("--hex: %s", e.text);
	report_file_error(run->report, &e);
	raise_status(run, EXIT_TROUBLE);
}

/* The folder: the option's, else the configuration's. */
static bool
open_certificates(struct run *run, struct cert_store **out, struct err *e)
{
	static struct settings settings;
	const char *folder = run->certificates;

	if (run->decode)
		return true;
	if (folder == NULL) {
		if (!settings_load(run->config ? run->config : settings_path(),
			&settings, e))
			return err_prefix(e, "no --certificates");
		folder = settings.certificates;
	}
	return cert_store_open(folder, out, e);
}

/* One table of used stamps at a time: which of two was asked first would decide
 * what a look that was cut off has done. */
static bool
rules_agree(const struct run *run, struct err *e)
{
	if (run->online != NULL && run->seen_path != NULL)
		return err_set(e, ERR_REQUEST,
		    "--online asks the provider's table of used stamps: leave "
		    "out --seen");
	if (run->check.cancel && run->online != NULL && run->place == NULL)
		return err_set(e, ERR_REQUEST,
		    "--online --cancel needs --place TEXT, where the mail is "
		    "seen");
	if (run->check.cancel && run->online == NULL && run->seen_path == NULL)
		return err_set(e, ERR_REQUEST,
		    "--cancel needs --seen FILE, or --online URI");
	if (run->place != NULL && (!run->check.cancel || run->online == NULL))
		return err_set(
		    e, ERR_REQUEST, "--place goes with --online and --cancel");
	return run->cache == NULL || run->online != NULL ||
	       err_set(e, ERR_REQUEST, "--cache goes with --online");
}

static bool
open_provider(struct run *run, struct cert_store *certificates, struct err *e)
{
	const struct online_setup setup = {.uri = run->online,
	    .cache = run->cache,
	    .place = run->check.cancel ? run->place : NULL,
	    .certificates = certificates,
	    .today = run->check.today};

	return run->online == NULL || run->decode ||
	       online_open(&setup, &run->check.online, e);
}

static bool
prepare(struct run *run, struct cert_store **certificates, struct seen **seen,
    struct seen **memory, struct err *e)
{
	if (!rules_agree(run, e) || !open_certificates(run, certificates, e) ||
	    !open_provider(run, *certificates, e))
		return false;
	if (run->seen_path &&
	    !seen_open(run->seen_path, run->check.cancel, seen, e))
		return false;
	if (run->books_path && !journal_open(run->books_path, true,
				   BOOKS_WAIT_MS, &run->check.books, e))
		return false;
	if (!seen_open(":memory:", true, memory, e))
		return false;
	run->check.certificates = *certificates;
	run->check.seen = *seen;
	run->check.run = *memory;
	return report_open(run->json, &run->report, e);
}

static int
verify(struct run *run, char **files, int count)
{
	struct cert_store *certificates = NULL;
	struct seen *seen = NULL, *memory = NULL;
	struct err e = ERR_INIT;

	if (!prepare(run, &certificates, &seen, &memory, &e)) {
		log_error("%s", e.text);
		run->status = EXIT_TROUBLE;
	} else {
		if (run->hex)
			take_hex(run);
		for (int i = 0; i < count; i++)
			take_file(run, files[i]);
		report_close(run->report);
	}
	seen_close(memory);
	seen_close(seen);
	journal_close(run->check.books);
	online_close(run->check.online);
	cert_store_free(certificates);
	return run->status;
}

static int
qualify(const struct run *run, char **files, int count)
{
	struct qualify how = {.queue = run->qualify,
	    .config = run->config ? run->config : settings_path(),
	    .files = (const char *const *)files,
	    .file_count = count,
	    .pdf_dpi = run->dpi,
	    .today = run->check.today,
	    .find = run->find,
	    .json = run->json};
	struct err e = ERR_INIT;
	char grade = 'F';

	if (!verify_qualify(&how, &grade, &e)) {
		log_error("%s", e.text);
		return EXIT_TROUBLE;
	}
	return grade <= 'C' ? EXIT_GOOD : EXIT_NOT_VALID;
}

int
main(int argc, char **argv)
{
	struct run run = {
	    .check = {.today = date_local(time(NULL)),
		.window_days = DEFAULT_WINDOW},
	    .find = {BY_ZBAR | BY_ZXING, /*must*/ false},
	    .readers = 1,
	    .dpi = DEFAULT_DPI,
	};
	int option, go = 1;

	log_open(LOG_PLAIN, "postage-verify");
	while (go > 0 &&
	       (option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		go = take_option(&run, option);
	if (go == 0)
		return EXIT_GOOD;
	if (go < 0 || (optind == argc) == (run.hex == NULL)) {
		fputs(usage, stderr);
		return EXIT_TROUBLE;
	}
	if (run.qualify != NULL && run.hex == NULL)
		return qualify(&run, argv + optind, argc - optind);
	return verify(&run, argv + optind, argc - optind);
}
