/* SPDX-License-Identifier: Apache-2.0 */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include "filter/job.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/text.h"
#include "filter/leave.h"

#define COPY_BYTES  65536
#define SERIAL_LAST (((uint64_t)1 << 56) - 1)
#define HEAD_BYTES  1024 /* of a PDF, where pdftopdf puts its comments */

/* The types that only we make, and what they hold. */
static const struct gate_kind {
	const char *type;
	enum job_output output;
	enum pageout_kind raster;
} gates[] = {
    {"application/vnd.cups-postage-raster", OUTPUT_RASTER, PAGEOUT_CUPS},
    {"application/vnd.cups-postage-pwg", OUTPUT_RASTER, PAGEOUT_PWG},
    {"application/vnd.cups-postage-urf", OUTPUT_RASTER, PAGEOUT_URF},
    {"application/vnd.cups-postage-pdf", OUTPUT_PDF, PAGEOUT_CUPS},
};

/* Options that are words of a mark. */
static const struct {
	const char *option, *key;
} mark_options[] = {{"PostageAmount", "amount"}, {"PostageClass", "class"},
    {"PostageExtra", "extra"}, {"PostageWeight", "weight"},
    {"PostageOrigin", "origin"}, {"PostageDate", "date"},
    {"PostageMailBy", "mailby"}, {"PostageCost", "cost"},
    {"PostageSize", "size"}};

static const char *
environment(const char *name)
{
	const char *value = getenv(name);

	return value != NULL ? value : "";
}

/* The choices that mean "nothing chosen" are "None" and the empty one. */
static const char *
chosen(const struct filter_job *job, const char *name)
{
	const char *value = job_value(job, name);

	if (value == NULL || value[0] == '\0' ||
	    strcasecmp(value, "None") == 0 || strcasecmp(value, "Default") == 0)
		return NULL;
	if (strncasecmp(value, "Custom.", 7) == 0)
		value += 7;
	return value;
}

static bool
bad_option(struct err *e, const char *name, const char *value, const char *want)
{
	char shown[64];

	return err_set(e, ERR_REQUEST, "option %s: \"%s\" is not %s", name,
	    text_clean(value, shown, sizeof(shown)), want);
}

static bool
number_option(const struct filter_job *job, const char *name, uint64_t max,
    uint64_t *out, struct err *e)
{
	const char *value = chosen(job, name);

	*out = 0;
	if (value != NULL && (!text_to_u64(value, max, out) || *out == 0))
		return bad_option(e, name, value, "a number in range");
	return true;
}

static bool
sheet_options(struct filter_job *job, struct err *e)
{
	const char *sheet = chosen(job, "PostageSheet");
	uint64_t first, count;

	if (sheet != NULL && !text_copy(job->sheet, sizeof(job->sheet), sheet))
		return bad_option(e, "PostageSheet", sheet, "a sheet's name");
	if (!number_option(
		job, "PostageSerial", SERIAL_LAST, &job->sheet_serial, e) ||
	    /* In queues and dialogs of before: without its number a sheet's
	     * used labels would be printed on again. */
	    (job->sheet_serial == 0 &&
		!number_option(job, "PostageSheetSerial", SERIAL_LAST,
		    &job->sheet_serial, e)) ||
	    !number_option(job, "PostageFirstLabel", 4096, &first, e) ||
	    !number_option(job, "PostageCount", STAMPS_MAX, &count, e))
		return false;
	job->first_label = (uint32_t)first;
	job->label_count = (uint32_t)count;
	return true;
}

static bool
postage_options(struct filter_job *job, struct err *e)
{
	const char *value;

	for (size_t i = 0; i < sizeof(mark_options) / sizeof(mark_options[0]);
	     i++) {
		value = chosen(job, mark_options[i].option);
		if (value != NULL &&
		    !mark_set(&job->mark, mark_options[i].key, value, e))
			return err_prefix(
			    e, "option %s", mark_options[i].option);
	}
	value = chosen(job, "PostageMissing");
	if (value != NULL && strcasecmp(value, "print") == 0)
		job->missing = MISSING_PRINT;
	else if (value != NULL && strcasecmp(value, "refuse") == 0)
		job->missing = MISSING_REFUSE;
	else if (value != NULL)
		return bad_option(
		    e, "PostageMissing", value, "print or refuse");
	value = chosen(job, "PostageSymbol");
	if (value != NULL &&
	    !text_copy(job->symbol, sizeof(job->symbol), value))
		return bad_option(
		    e, "PostageSymbol", value, "QR, DataMatrix, DMRE, PDF417");
	return sheet_options(job, e);
}

const char *
job_value(const struct filter_job *job, const char *name)
{
	const char *value =
	    cupsGetOption(name, job->option_count, job->options);
	ppd_choice_t *choice;

	if (value != NULL || job->ppd == NULL)
		return value;
	choice = ppdFindMarkedChoice(job->ppd, name);
	return choice != NULL ? choice->choice : NULL;
}

static uint32_t
number_value(const struct filter_job *job, const char *name)
{
	const char *text = job_value(job, name);
	uint64_t value = 0;

	if (text != NULL && !text_to_u64(text, UINT32_MAX, &value))
		value = 0;
	return (uint32_t)value;
}

static bool
read_identity(struct filter_job *job, char **argv, struct err *e)
{
	struct job *id = &job->identity;
	const char *uuid = job_value(job, "job-uuid");
	uint64_t number = 0;

	if (!text_to_u64(argv[1], UINT32_MAX, &number))
		number = 0;
	id->id = (uint32_t)number;
	if (!text_copy(id->queue, sizeof(id->queue), environment("PRINTER")) ||
	    !text_copy(id->user, sizeof(id->user), argv[2]) ||
	    !text_copy(id->uuid, sizeof(id->uuid), uuid != NULL ? uuid : ""))
		return err_set(e, ERR_REQUEST,
		    "the name of queue, user or job is too long");
	id->created = number_value(job, "time-at-creation");
	id->processing = number_value(job, "time-at-processing");
	job->real = environment("DEVICE_URI")[0] != '\0' && id->id != 0 &&
		    id->queue[0] != '\0';
	job->banner = strcmp(environment("CUPS_FILETYPE"), "job-sheet") == 0;
	return true;
}

static bool
read_ppd(struct filter_job *job, const char *path, struct err *e)
{
	int line;

	if (path[0] == '\0')
		return true;
	if (realpath(path, job->ppd_path) == NULL)
		return err_set(e, ERR_CONFIG, "%s: %s", path, strerror(errno));
	job->ppd = ppdOpenFile(job->ppd_path);
	if (job->ppd == NULL) {
		ppd_status_t status = ppdLastError(&line);

		return err_set(e, ERR_CONFIG, "%s:%d: %s", path, line,
		    ppdErrorString(status));
	}
	ppdMarkDefaults(job->ppd);
	cupsMarkOptions(job->ppd, job->option_count, job->options);
	return true;
}

/* The gate whose type `text` begins with, up to a blank or its end. */
static const struct gate_kind *
find_gate(const char *text)
{
	size_t len = strcspn(text, " \t");

	for (size_t i = 0; i < sizeof(gates) / sizeof(gates[0]); i++)
		if (strlen(gates[i].type) == len &&
		    strncmp(gates[i].type, text, len) == 0)
			return &gates[i];
	return NULL;
}

static void
set_output(struct filter_job *job)
{
	const struct gate_kind *gate =
	    find_gate(environment("FINAL_CONTENT_TYPE"));
	ppd_attr_t *version;

	/* Where no driver stands behind the gate the scheduler names the
	 * printer's own type, as cupsfilter(8) may: the PPD says the gate. */
	for (int i = 0;
	     gate == NULL && job->ppd != NULL && i < job->ppd->num_filters; i++)
		gate = find_gate(job->ppd->filters[i]);
	if (gate == NULL)
		gate = &gates[0];
	job->output = gate->output;
	job->raster = gate->raster;
	/* A driver that reads the stream by itself, without libcups. */
	version = job->ppd != NULL
		      ? ppdFindAttr(job->ppd, "cupsRasterVersion", NULL)
		      : NULL;
	if (job->raster == PAGEOUT_CUPS && version != NULL &&
	    version->value != NULL && strcmp(version->value, "3") == 0)
		job->raster = PAGEOUT_PLAIN;
}

static bool
copy_stdin(struct filter_job *job, struct err *e)
{
	char bytes[COPY_BYTES];
	ssize_t n = 0;
	int fd;
	bool good = true;

	if (snprintf(job->input, sizeof(job->input), "%s/in", job->temp) >=
	    (int)sizeof(job->input))
		return err_set(e, ERR_CONFIG, "TMPDIR is too long");
	fd = open(job->input, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_system(e, "%s", job->input);
	while (good && (n = read(0, bytes, sizeof(bytes))) != 0) {
		if (n < 0 && errno != EINTR)
			good = false;
		for (ssize_t done = 0; good && done < n;) {
			ssize_t m = write(fd, bytes + done, (size_t)(n - done));

			if (m > 0)
				done += m;
			else if (m < 0 && errno != EINTR)
				good = false;
		}
	}
	if (!good)
		err_system(e, "copying the document to %s", job->temp);
	if (close(fd) != 0 && good)
		good = err_system(e, "%s", job->input);
	return good;
}

/* pdftopdf leaves copies to the driver by a comment near the file's head. */
static void
read_comments(struct filter_job *job)
{
	char head[HEAD_BYTES + 1];
	FILE *f = fopen(job->input, "re");
	const char *found;
	size_t n;

	if (f == NULL)
		return;
	n = fread(head, 1, HEAD_BYTES, f);
	fclose(f);
	for (size_t i = 0; i < n; i++)
		if (head[i] == '\0')
			head[i] = ' ';
	head[n] = '\0';
	found = strstr(head, "%%PDFTOPDFNumCopies");
	if (found != NULL) {
		unsigned copies = 0;

		if (sscanf(found, "%%%%PDFTOPDFNumCopies : %4u", &copies) ==
			1 &&
		    copies >= 1)
			job->copies = copies;
	}
	found = strstr(head, "%%PDFTOPDFCollate");
	if (found != NULL) {
		char word[8] = "";

		if (sscanf(found, "%%%%PDFTOPDFCollate : %7s", word) == 1)
			job->collate = strncasecmp(word, "true", 4) == 0;
	}
}

static bool
make_folder(struct filter_job *job, struct err *e)
{
	const char *parent = environment("TMPDIR");
	int n;

	if (parent[0] != '/')
		parent = "/tmp";
	n = snprintf(job->temp, sizeof(job->temp), "%s/postage-XXXXXX", parent);
	if (n < 0 || (size_t)n >= sizeof(job->temp)) {
		job->temp[0] = '\0';
		return err_set(e, ERR_CONFIG, "TMPDIR is too long");
	}
	if (mkdtemp(job->temp) == NULL) {
		job->temp[0] = '\0';
		return err_system(e, "a folder in %s", parent);
	}
	leave_folder(job->temp);
	return true;
}

static bool
open_input(struct filter_job *job, int argc, char **argv, struct err *e)
{
	uint64_t copies;

	job->copies = 1;
	job->collate = true;
	if (!make_folder(job, e))
		return false;
	if (argc == 7) {
		if (realpath(argv[6], job->input) == NULL)
			return err_system(e, "%s", argv[6]);
		/* The first filter of a chain makes the copies (filter(7));
		 * a client that sends raster has made them already. */
		if (text_to_u64(argv[4], JOB_COPIES_MAX, &copies) &&
		    copies >= 1 &&
		    strcmp(environment("CONTENT_TYPE"), "image/urf") != 0 &&
		    strcmp(environment("CONTENT_TYPE"), "image/pwg-raster") !=
			0)
			job->copies = (uint32_t)copies;
	} else if (!copy_stdin(job, e)) {
		return false;
	}
	if (argc != 7)
		read_comments(job);
	return true;
}

bool
job_open(int argc, char **argv, struct filter_job *out, struct err *e)
{
	*out = (struct filter_job){.ppd = NULL};
	if (argc != 6 && argc != 7)
		return err_set(e, ERR_CONFIG,
		    "usage: pdftopostage job user title copies options [file]");
	out->option_count = cupsParseOptions(argv[5], 0, &out->options);
	if (!read_identity(out, argv, e) ||
	    !read_ppd(out, environment("PPD"), e) || !postage_options(out, e) ||
	    !open_input(out, argc, argv, e)) {
		job_close(out);
		return false;
	}
	set_output(out);
	if (out->banner)
		out->copies = 1;
	return true;
}

void
job_close(struct filter_job *job)
{
	if (job->temp[0] != '\0')
		leave_remove(job->temp);
	leave_folder(NULL);
	if (job->ppd != NULL)
		ppdClose(job->ppd);
	cupsFreeOptions(job->option_count, job->options);
	job->temp[0] = '\0';
	job->ppd = NULL;
	job->options = NULL;
	job->option_count = 0;
}

static bool
plain_header(
    const struct filter_job *job, cups_page_header2_t *out, struct err *e)
{
	const char *name = job_value(job, "media");
	pwg_media_t *media = NULL;

	if (name == NULL)
		name = job_value(job, "PageSize");
	if (name != NULL)
		media = pwgMediaForPWG(name);
	if (media == NULL && name != NULL)
		media = pwgMediaForPPD(name);
	if (media == NULL)
		media = pwgMediaForPPD("Letter");
	if (media == NULL || !cupsRasterInitPWGHeader(out, media, "sgray_8",
				 300, 300, "one-sided", NULL))
		return err_set(e, ERR_CONFIG, "page size of the job: %s",
		    cupsRasterErrorString());
	out->cupsPageSize[0] = (float)out->PageSize[0];
	out->cupsPageSize[1] = (float)out->PageSize[1];
	return true;
}

/* Two-sided, by any of the names that printers give the option (as libcups
 * looks for them). */
static bool
is_duplex(const struct filter_job *job)
{
	static const char *const names[] = {
	    "Duplex", "JCLDuplex", "EFDuplex", "EFDuplexing", "KD03Duplex"};
	const char *sides = job_value(job, "sides");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ppd_choice_t *c = ppdFindMarkedChoice(job->ppd, names[i]);

		if (c != NULL)
			return strcasecmp(c->choice, "None") != 0 &&
			       strcasecmp(c->choice, "False") != 0 &&
			       strcasecmp(c->choice, "Simplex") != 0;
	}
	return sides != NULL && strncmp(sides, "two-sided", 9) == 0;
}

/* "600dpi", "600x300dpi"; 0 where it is no resolution. */
static void
parse_resolution(const char *text, unsigned out[2])
{
	int x = 0, y = 0;

	if (text != NULL && sscanf(text, "%5dx%5d", &x, &y) < 2)
		y = x;
	out[0] = x > 0 ? (unsigned)x : 0;
	out[1] = y > 0 ? (unsigned)y : out[0];
}

/* A printer that gets PDF or PostScript makes its pages itself, and the code in
 * its PPD is for its own interpreter, not for libcups': of the header only size,
 * resolution and sides are wanted. */
static bool
pdf_header(
    const struct filter_job *job, cups_page_header2_t *out, struct err *e)
{
	ppd_size_t *size = ppdPageSize(job->ppd, NULL);
	ppd_attr_t *a = ppdFindAttr(job->ppd, "DefaultResolution", NULL);
	pwg_media_t *media;

	media =
	    size ? pwgMediaForSize((int)lround((double)size->width * 2540 / 72),
		       (int)lround((double)size->length * 2540 / 72))
		 : pwgMediaForPPD("Letter");
	if (media == NULL || !cupsRasterInitPWGHeader(out, media, "sgray_8",
				 300, 300, "one-sided", NULL))
		return err_set(e, ERR_CONFIG, "page size of the job: %s",
		    cupsRasterErrorString());
	out->cupsPageSize[0] = (float)out->PageSize[0];
	out->cupsPageSize[1] = (float)out->PageSize[1];
	out->Duplex = is_duplex(job);
	parse_resolution(job_value(job, "Resolution"), out->HWResolution);
	if (out->HWResolution[0] == 0)
		parse_resolution(a ? a->value : NULL, out->HWResolution);
	return true;
}

/* A PPD without a resolution gets libcups' 100 dpi: take its default, or the
 * 300 dpi that the stock renderer takes. */
static void
set_resolution(const struct filter_job *job, cups_page_header2_t *h)
{
	ppd_attr_t *a;

	if (h->HWResolution[0] != 100 || h->HWResolution[1] != 100)
		return;
	a = ppdFindAttr(job->ppd, "DefaultResolution", NULL);
	parse_resolution(a ? a->value : NULL, h->HWResolution);
	if (h->HWResolution[0] == 0)
		h->HWResolution[0] = h->HWResolution[1] = 300;
	h->cupsWidth = h->HWResolution[0] * h->PageSize[0] / 72;
	h->cupsHeight = h->HWResolution[1] * h->PageSize[1] / 72;
}

bool
job_header(
    const struct filter_job *job, cups_page_header2_t *out, struct err *e)
{
	if (job->ppd == NULL) {
		if (!plain_header(job, out, e))
			return false;
	} else if (job->output == OUTPUT_PDF) {
		if (!pdf_header(job, out, e))
			return false;
	} else {
		if (cupsRasterInterpretPPD(out, job->ppd, job->option_count,
			job->options, NULL) != 0)
			return err_set(e, ERR_CONFIG, "%s: %s", job->ppd_path,
			    cupsRasterErrorString());
		set_resolution(job, out);
	}
	/* Copies are made here; the pages come turned as they shall be. */
	out->NumCopies = 1;
	out->MirrorPrint = CUPS_FALSE;
	out->Orientation = CUPS_ORIENT_0;
	return true;
}

static bool
is_yes(const char *value)
{
	return value != NULL && (strcasecmp(value, "true") == 0 ||
				    strcasecmp(value, "yes") == 0 ||
				    strcasecmp(value, "on") == 0);
}

/* The names and their order are pdftopdf's. */
bool
job_fits_pages(const struct filter_job *job)
{
	const char *scaling =
	    cupsGetOption("print-scaling", job->option_count, job->options);

	if (scaling != NULL)
		return strcasecmp(scaling, "fit") == 0;
	return is_yes(
		   cupsGetOption("fitplot", job->option_count, job->options)) ||
	       is_yes(cupsGetOption(
		   "fit-to-page", job->option_count, job->options));
}

struct rect
job_imageable(const struct filter_job *job, double w_pt, double h_pt)
{
	struct rect whole = {0, 0, w_pt, h_pt};

	for (int i = 0; job->ppd != NULL && i < job->ppd->num_sizes; i++) {
		const ppd_size_t *s = &job->ppd->sizes[i];
		double top = (double)(s->length - s->top);

		if (fabs((double)s->width - w_pt) < 2 &&
		    fabs((double)s->length - h_pt) < 2)
			return (struct rect){(double)s->left, top,
			    (double)(s->right - s->left),
			    (double)(s->top - s->bottom)};
		/* Fed sideways: the page is turned clockwise for it. */
		if (fabs((double)s->width - h_pt) < 2 &&
		    fabs((double)s->length - w_pt) < 2)
			return (struct rect){top, (double)(s->width - s->right),
			    (double)(s->top - s->bottom),
			    (double)(s->right - s->left)};
	}
	return whole;
}
