/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postage calibrate: prints a test sheet, and from what is measured on it keeps
 * where the queue's printer puts ink.  Nothing is spent.
 */
#include <cups/cups.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "base/durable.h"
#include "base/text.h"
#include "dispense/calibration.h"
#include "stamp/sheet.h"
#include "tools/cupsd.h"
#include "tools/fiducial.h"
#include "tools/note.h"
#include "tools/out.h"
#include "tools/paper.h"
#include "tools/postage.h"
#include "tools/testsheet.h"

#define USAGE                                                                  \
	"postage calibrate QUEUE [--media NAME|WIDTHxHEIGHT] [--sheet NAME]\n" \
	"                        [--output FILE.pdf]\n"                        \
	"       postage calibrate QUEUE --measured LEFT,RIGHT,TOP,BOTTOM\n"    \
	"                        [--media NAME]\n"                             \
	"       postage calibrate QUEUE --scan FILE [--media NAME]\n"          \
	"       postage calibrate QUEUE --show | --clear\n"                    \
	"\nPrints the test sheet (or writes it to FILE.pdf); then takes "      \
	"either\n"                                                             \
	"what a ruler says, in millimetres from the paper's left edge to "     \
	"the\n"                                                                \
	"lines LEFT and RIGHT and from its top to TOP and BOTTOM, or a scan "  \
	"of\n"                                                                 \
	"the sheet at 300 dpi or more.\n"

#define MM_PER_PT (25.4 / 72)
#define SCAN_DPI  300 /* of a scan that is a PDF */
#define SKEW_WARN 0.5 /* degrees */

struct calibrate {
	const char *queue, *media, *sheet, *output, *measured, *scan;
	const char *config;
	bool show, clear;
	double w_pt, h_pt;
	char path[4096];
	struct calibration found;
	double skew_degrees;
	int job;
	bool scanned;
};

/* --- the test sheet ------------------------------------------------------------ */

static bool
print_file(struct calibrate *c, const char *file, struct err *e)
{
	const char *media = paper_name(c->w_pt, c->h_pt);
	cups_option_t *options = NULL;
	http_t *http = NULL;
	int count = 0;

	if (!cupsd_connect(&http, e))
		return false;
	if (media != NULL)
		count = cupsAddOption("media", media, count, &options);
	count = cupsAddOption("print-scaling", "none", count, &options);
	c->job = cupsPrintFile2(
	    http, c->queue, file, "Postage test sheet", count, options);
	cupsFreeOptions(count, options);
	httpClose(http);
	return c->job != 0 || err_set(e, ERR_CONFIG, "queue %s: %s", c->queue,
				  cupsLastErrorString());
}

static bool
write_sheet(struct calibrate *c, const struct sheet *labels, struct err *e)
{
	char path[4096] = "/tmp/postage-test.XXXXXX";
	struct testsheet t = {.w_pt = c->w_pt,
	    .h_pt = c->h_pt,
	    .queue = c->queue,
	    .labels = labels,
	    .calibration = &c->found};
	int fd = -1;
	FILE *f;
	bool done;

	if (c->output != NULL && text_copy(path, sizeof(path), c->output))
		f = fopen(path, "we");
	else
		f = (fd = mkstemp(path)) < 0 ? NULL : fdopen(fd, "w");
	if (f == NULL)
		return err_system(e, "%s", path);
	done = testsheet_write(&t, f, e);
	if (fclose(f) != 0 && done)
		done = err_system(e, "%s", path);
	if (c->output != NULL)
		return done;
	done = done && print_file(c, path, e);
	unlink(path);
	return done;
}

static bool
print_sheet(struct calibrate *c, struct err *e)
{
	struct sheet *labels = NULL;
	bool done = true;

	if (!calibration_load(c->path, &c->found, e))
		return false;
	if (c->sheet != NULL) {
		labels = malloc(sizeof(*labels));
		if (labels == NULL)
			return err_system(e, "memory for a sheet");
		done = sheet_find(c->sheet, NULL, labels, e);
		if (done) {
			c->w_pt = labels->page_w_pt;
			c->h_pt = labels->page_h_pt;
		}
	}
	done = done && write_sheet(c, labels, e);
	free(labels);
	return done;
}

/* --- what was measured --------------------------------------------------------- */

/* The file, and the journal's event of it. */
static bool
store(const struct calibrate *c, struct err *e)
{
	const struct calibration *f = &c->found;
	struct note *note;
	char text[256];

	snprintf(text, sizeof(text),
	    "queue %s: right by %.2f mm, down by %.2f mm, width %.2f %%, "
	    "height %.2f %%",
	    c->queue, f->offset_x_mm, f->offset_y_mm, f->scale_x * 100,
	    f->scale_y * 100);
	return note_open(c->config, &note, e) &&
	       note_close(note, calibration_store(c->path, f, e), "calibrate",
		   text, e);
}

static bool
keep(struct calibrate *c, const struct calibration_point *across,
    const struct calibration_point *down, size_t count, struct err *e)
{
	struct calibration *f = &c->found;

	f->date = date_local(time(NULL));
	return calibration_line(
		   across, count, &f->offset_x_mm, &f->scale_x, e) &&
	       calibration_line(down, count, &f->offset_y_mm, &f->scale_y, e) &&
	       store(c, e);
}

static bool
clear(struct calibrate *c, struct err *e)
{
	struct note *note;
	char text[256];

	snprintf(text, sizeof(text), "queue %s: cleared", c->queue);
	return note_open(c->config, &note, e) &&
	       note_close(
		   note, durable_remove(c->path, e), "calibrate", text, e) &&
	       calibration_load(c->path, &c->found, e);
}

static bool
take_measured(struct calibrate *c, struct err *e)
{
	double mm[4], in = FIDUCIAL_INSET_MM;
	const char *p = c->measured;
	char *end;

	for (int i = 0; i < 4; i++, p = end + 1) {
		mm[i] = strtod(p, &end);
		if (end == p || *end != (i < 3 ? ',' : '\0'))
			return err_set(e, ERR_REQUEST,
			    "--measured \"%s\": four lengths in millimetres, "
			    "as 20.5,196,19.5,259.0",
			    c->measured);
	}
	return keep(c,
	    (struct calibration_point[]){
		{in, mm[0]}, {c->w_pt * MM_PER_PT - in, mm[1]}},
	    (struct calibration_point[]){
		{in, mm[2]}, {c->h_pt * MM_PER_PT - in, mm[3]}},
	    2, e);
}

static bool
take_page(void *context, const struct image *image, struct err *e)
{
	struct calibrate *c = context;
	struct calibration_point across[4], down[4];
	struct fiducial wanted[FIDUCIALS];
	struct fiducial_scan got;
	double w = c->w_pt * MM_PER_PT, h = c->h_pt * MM_PER_PT;

	if (c->scanned)
		return err_set(e, ERR_REQUEST, "%s has several pages", c->scan);
	c->scanned = true;
	if (!fiducial_find(image, w, h, &got, e))
		return err_prefix(e, "%s", c->scan);
	fiducial_places(w, h, wanted);
	for (int i = 0; i < 4; i++) {
		across[i] =
		    (struct calibration_point){wanted[i].x_mm, got.at[i].x_mm};
		down[i] =
		    (struct calibration_point){wanted[i].y_mm, got.at[i].y_mm};
	}
	c->skew_degrees = got.skew_degrees;
	return keep(c, across, down, 4, e);
}

/* --- the command --------------------------------------------------------------- */

static int
report(const struct calibrate *c, const struct options *options)
{
	const struct calibration *f = &c->found;
	struct out *o = out_open(options);
	char text[64];

	out_text(o, "queue", "Queue", c->queue);
	if (c->job != 0)
		out_number(o, "job", "Job", c->job);
	if (c->output != NULL)
		out_text(o, "output", "Test sheet", c->output);
	out_date(o, "measured", "Measured", f->date);
	snprintf(text, sizeof(text), "%.2f", f->offset_x_mm);
	out_text(o, "offset_x_mm", "Right by, mm", text);
	snprintf(text, sizeof(text), "%.2f", f->offset_y_mm);
	out_text(o, "offset_y_mm", "Down by, mm", text);
	snprintf(text, sizeof(text), "%.2f", f->scale_x * 100);
	out_text(o, "scale_x_percent", "Width, %", text);
	snprintf(text, sizeof(text), "%.2f", f->scale_y * 100);
	out_text(o, "scale_y_percent", "Height, %", text);
	if (c->scan != NULL) {
		snprintf(text, sizeof(text), "%.2f", c->skew_degrees);
		out_text(o, "skew_degrees", "Askew by, degrees", text);
		if (fabs(c->skew_degrees) > SKEW_WARN)
			out_note(o, "The paper went in askew: that differs "
				    "from sheet to sheet; look at the guides.");
	}
	return out_close(o);
}

static bool
run(struct calibrate *c, const struct options *options, struct err *e)
{
	if (!calibration_path(
		options->config, c->queue, c->path, sizeof(c->path), e) ||
	    !paper_size(c->media, &c->w_pt, &c->h_pt, e))
		return false;
	c->config = options->config;
	if (c->clear)
		return clear(c, e);
	if (c->show)
		return calibration_load(c->path, &c->found, e);
	if (c->measured != NULL)
		return take_measured(c, e);
	if (c->scan != NULL)
		return image_read(c->scan, SCAN_DPI, take_page, c, e);
	return print_sheet(c, e);
}

static bool
read_arguments(struct calibrate *c, int argc, char **argv)
{
	static const struct option known[] = {
	    {"media", required_argument, NULL, 'm'},
	    {"sheet", required_argument, NULL, 's'},
	    {"output", required_argument, NULL, 'o'},
	    {"measured", required_argument, NULL, 'M'},
	    {"scan", required_argument, NULL, 'S'},
	    {"show", no_argument, NULL, 'w'}, {"clear", no_argument, NULL, 'c'},
	    {NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 'm': c->media = optarg; break;
		case 's': c->sheet = optarg; break;
		case 'o': c->output = optarg; break;
		case 'M': c->measured = optarg; break;
		case 'S': c->scan = optarg; break;
		case 'w': c->show = true; break;
		case 'c': c->clear = true; break;
		default: return false;
		}
	}
	if (optind + 1 != argc ||
	    (c->measured != NULL) + (c->scan != NULL) + c->show + c->clear > 1)
		return false;
	c->queue = argv[optind];
	return true;
}

int
verb_calibrate(int argc, char **argv, const struct options *options)
{
	struct calibrate c = {.media = "Letter"};
	struct err e = ERR_INIT;

	if (out_help(argc, argv, USAGE))
		return 0;
	if (!read_arguments(&c, argc, argv))
		return out_usage(USAGE);
	if (!run(&c, options, &e))
		return out_fail(options, NULL, &e);
	return report(&c, options);
}
