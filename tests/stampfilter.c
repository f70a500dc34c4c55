/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stampfilter: stands where pdftopostage stands and asks the daemon for stamps
 * as it does, but draws nothing: the document is lines of text.  So the tests
 * of the backend choose what the filter does, by job options:
 *
 *	lab-stamps=N	stamps of 0.78 (default 1)
 *	lab-pad=N	more bytes after them
 *	lab-empty=1	writes nothing at all
 *	lab-die=SIGNAL	kills itself after half of it
 *	lab-refuse=KIND	stops with an error of this number
 */
#include <cups/cups.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/text.h"
#include "dispense/client.h"
#include "dispense/settings.h"

#define COUNT_MAX 100
#define PRICE	  780

struct wish {
	uint64_t stamps, pad, empty, die, refuse;
};

static uint64_t
number(const char *name, uint64_t other, int count, cups_option_t *options)
{
	const char *text = cupsGetOption(name, count, options);
	uint64_t value;

	return text && text_to_u64(text, UINT32_MAX, &value) ? value : other;
}

static void
read_job(char **argv, struct job *job, struct wish *wish)
{
	cups_option_t *options = NULL;
	int count = cupsParseOptions(argv[5], 0, &options);
	const char *uuid = cupsGetOption("job-uuid", count, options);

	memset(job, 0, sizeof(*job));
	text_copy(job->queue, sizeof(job->queue), getenv("PRINTER"));
	text_copy(job->uuid, sizeof(job->uuid), uuid ? uuid : "");
	job->id = (uint32_t)atoi(argv[1]);
	job->created = (uint32_t)number("time-at-creation", 0, count, options);
	job->processing =
	    (uint32_t)number("time-at-processing", 0, count, options);
	*wish = (struct wish){number("lab-stamps", 1, count, options),
	    number("lab-pad", 0, count, options),
	    number("lab-empty", 0, count, options),
	    number("lab-die", 0, count, options),
	    number("lab-refuse", 0, count, options)};
	cupsFreeOptions(count, options);
}

static bool
stamp(struct client *c, const struct wish *wish, struct err *e)
{
	static struct stamp_request requests[COUNT_MAX];
	static struct stamp_quote quotes[COUNT_MAX];
	static struct issued_stamp stamps[COUNT_MAX];
	struct quote_common common;
	char hex[2 * INDICIUM_MAX + 1];
	size_t count = wish->stamps < COUNT_MAX ? wish->stamps : COUNT_MAX;

	for (size_t i = 0; i < count; i++) {
		requests[i].page = (uint32_t)i + 1;
		requests[i].place = requests[i].copy = 1;
		requests[i].mark.has_amount = true;
		requests[i].mark.amount = PRICE;
	}
	if (!client_quote(c, requests, count, quotes, &common, e) ||
	    (count > 0 && !client_issue(c, 0, count, stamps, e)))
		return false;
	/* Like pdftopdf's, no two runs give the same bytes. */
	if (!wish->empty)
		printf("run %ld\n", (long)getpid());
	for (size_t i = 0; i < count && !wish->empty; i++) {
		bytes_to_hex(stamps[i].indicium, stamps[i].len, hex);
		printf("stamp %s\n", hex);
	}
	fflush(stdout);
	if (wish->die)
		raise((int)wish->die);
	for (uint64_t i = 0; i < wish->pad && !wish->empty; i++)
		putchar(i % 64 == 63 ? '\n' : 'x');
	fflush(stdout);
	return client_finish(c, (uint32_t)count, 1, e);
}

int
main(int argc, char **argv)
{
	static struct settings settings;
	struct err e = ERR_INIT;
	struct client *c = NULL;
	struct wish wish;
	struct job job;
	char skipped[4096];

	log_open(LOG_CUPS, "stampfilter");
	if (argc < 6)
		return 2;
	while (argc == 6 && read(STDIN_FILENO, skipped, sizeof(skipped)) > 0)
		;
	if (strcmp(getenv("CUPS_FILETYPE"), "job-sheet") == 0) {
		puts("banner");
		return 0;
	}
	read_job(argv, &job, &wish);
	if (!settings_load(settings_path(), &settings, &e) ||
	    !client_open(settings.socket, ROLE_FILTER, &job, &c, &e))
		goto fail;
	if (wish.refuse) {
		err_set(&e, (enum err_kind)wish.refuse, "refused on purpose");
		client_refuse(c, &e);
		goto fail;
	}
	if (!stamp(c, &wish, &e))
		goto fail;
	client_close(c);
	return 0;
fail:
	log_error("%s", e.text);
	client_close(c);
	return 1;
}
