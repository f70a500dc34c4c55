/* SPDX-License-Identifier: Apache-2.0 */
/* The option string that a client sends, with and without a queue's PPD: read
 * or refused; and what reaches Ghostscript's command line is one argument for
 * each field, none that loosens it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter/gsargs.h"
#include "filter/job.h"
#include "filter/raster.h"

#define OPTIONS_MAX 4096

/* libcups forgets parts of a PPD's cache. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:_ppdCacheCreateWithPPD\nleak:cupsAddOption\n";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_arguments(const struct filter_job *job, const cups_page_header2_t *h)
{
	struct gsargs_how how = {.header = h,
	    .file = "/spool/d00001-001",
	    .pages = "",
	    .profile = job_value(job, "profile")};
	static struct gsargs a;
	struct err e = ERR_INIT;
	int programs = 0;

	if (!gsargs_make(&how, &a, &e))
		return;
	for (int i = 1; i < a.argc; i++) {
		const char *s = a.argv[i];

		programs += strcmp(s, "-c") == 0;
		if (strncmp(s, "-dNOSAFER", 9) == 0 ||
		    strncmp(s, "-dDELAYSAFER", 12) == 0 ||
		    strncmp(s, "--", 2) == 0 || s[0] == '@')
			abort();
	}
	if (programs > 1 || strcmp(a.argv[a.argc - 1], how.file) != 0)
		abort();
}

static void
check_job(const struct filter_job *job)
{
	cups_page_header2_t h;
	struct err e = ERR_INIT;
	size_t bytes;

	if (job->copies < 1 || job->copies > JOB_COPIES_MAX ||
	    strnlen(job->sheet, sizeof(job->sheet)) == sizeof(job->sheet))
		abort();
	(void)job_imageable(job, 612, 792);
	if (!job_header(job, &h, &e))
		return;
	if (h.NumCopies != 1)
		abort();
	if (raster_check(&h, &bytes, &e))
		check_arguments(job, &h);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char options[OPTIONS_MAX] = "", copies[8] = "1";
	char *argv[] = {"pdftopostage", "7", "me", "title", copies, options,
	    "/dev/null", NULL};
	struct filter_job job;
	struct err e = ERR_INIT;

	if (size < 2)
		return 0;
	setenv("PPD", data[0] & 1 ? PPD_FILE : "", 1);
	setenv("PRINTER", "Postage", 1);
	setenv("DEVICE_URI", "postage:/socket://printer", 1);
	copies[0] = (char)data[1];
	data += 2;
	size -= 2;
	if (size >= sizeof(options))
		size = sizeof(options) - 1;
	memcpy(options, data, size);
	if (!job_open(7, argv, &job, &e)) {
		if (e.kind == ERR_NONE || e.text[0] == '\0')
			abort();
		return 0;
	}
	check_job(&job);
	job_close(&job);
	return 0;
}
