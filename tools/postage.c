/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "dispense/settings.h"
#include "tools/out.h"
#include "tools/postage.h"

/* In the order of postage(1); a script compares the two. */
static const struct verb verbs[] = {
    {"vault", verb_vault,
	"list|create|status|log|refill|audit|pin|lock|unlock|withdraw|answer",
	"the vault and its life: registers, value, PIN, orders"},
    {"queue", verb_queue, "add|list|remove|ppd",
	"postage queues around the printers' own"},
    {"print", verb_print, "[--sheet NAME] [--amount SUM] ...",
	"a sheet of stamps or single ones, through the queue"},
    {"preview", verb_preview, "FILE [-o OUT.png|OUT.pdf]",
	"the printed document with specimen stamps; nothing is spent"},
    {"calibrate", verb_calibrate, "QUEUE [--measured L,R,T,B | --scan FILE]",
	"where the printer puts ink: a test sheet, and what it shows"},
    {"mark", verb_mark, "[--qr OUT.png] [SUM] [KEY=VALUE]...",
	"a mark as text and as a QR code"},
    {"confirm", verb_confirm, "QUEUE-JOB TOTAL",
	"says yes to the total of a job that is held for it"},
    {"journal", verb_journal, "list|show|log|check|adopt|resolve",
	"what was asked, paid and printed"},
    {"spoil", verb_spoil, "QUEUE-JOB [--page N] [--stamp N] --reason WORDS",
	"stamps that are of no use, for a refund"},
    {"unspoil", verb_unspoil, "QUEUE-JOB [--page N] [--stamp N]",
	"takes it back, until the refund is asked for"},
    {"refund", verb_refund, "request|list|show|settle|check",
	"spoiled stamps on their way back to value"},
    {"report", verb_report, "[--from DATE] [--by KEY] [--plot OUT.png] ...",
	"what was spent, by whom and what for"},
    {"rates", verb_rates, "list|show|price|diff|import|approve",
	"prices, and how new ones come into force"},
    {"sheet", verb_sheet, "list|show",
	"label sheets, and what is left of numbered ones"},
    {"doctor", verb_doctor, "", "what is wrong here, and what to do about it"},
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static int
help(FILE *to)
{
	fprintf(to, "Usage: postage [--json] [--config FILE] VERB ...\n\n");
	for (size_t i = 0; i < VERBS; i++)
		fprintf(to, "  postage %s %s\n\t%s\n", verbs[i].name,
		    verbs[i].arguments, verbs[i].help);
	fprintf(to, "\n`postage VERB --help` lists a verb's options; "
		    "see also postage(1).\n");
	return to == stdout ? 0 : 2;
}

/* Takes the common options out of argv; returns what is left of argc, -1 if
 * --config lacks its file. */
static int
take_options(int argc, char **argv, struct options *o)
{
	int kept = 1, i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			o->json = true;
		} else if (strcmp(argv[i], "--config") == 0) {
			if (++i == argc)
				return -1;
			o->config = argv[i];
		} else if (strncmp(argv[i], "--config=", 9) == 0) {
			o->config = argv[i] + 9;
		} else {
			argv[kept++] = argv[i];
		}
	}
	while (i < argc)
		argv[kept++] = argv[i++];
	argv[kept] = NULL;
	return kept;
}

int
main(int argc, char **argv)
{
	struct options o = {false, settings_path()};

	log_open(LOG_PLAIN, "postage");
	argc = take_options(argc, argv, &o);
	if (argc < 2)
		return help(stderr);
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
		return help(stdout);
	if (strcmp(argv[1], "--version") == 0) {
		puts("postage " PACKAGE_VERSION);
		return 0;
	}
	for (size_t i = 0; i < VERBS; i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run(argc - 1, argv + 1, &o);
	log_error("no verb \"%s\": see postage --help", argv[1]);
	return 2;
}
