/* SPDX-License-Identifier: Apache-2.0 */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#include "filter/document.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "dispense/calibration.h"
#include "dispense/gate.h"
#include "filter/backdrop.h"
#include "filter/pdfout.h"
#include "filter/repeats.h"
#include "filter/scan.h"

#define PDF_DPI	      600
#define PDF_DPI_MIN   203
#define SIZE_SLACK_PT 0.01
#define SILENCE_PAGES 10 /* times page-time that the renderer may be silent */
#define BACKDROPS_MAX ((size_t)32 * 1024 * 1024) /* of pages kept, bytes */

struct filter_document {
	const struct filter_job *job;
	const struct settings *settings;
	struct queue_settings rules;
	struct mark defaults;
	struct issuer *issuer;
	cups_page_header2_t header;
	struct backdrop_setup setup;
	struct backdrops *backdrops; /* Ghostscript, at work; not for PDF */
	struct scan *scan;
	int page_count;
	int *same; /* the first page that is the same, of every page */
	struct geometry *geometry; /* of every page */
	struct plan *plan;
	struct stamp_request *requests;
};

/* True if backs may be turned or mirrored for the duplex unit. */
static bool
may_flip(const struct filter_document *d)
{
	static const char *const names[] = {"cupsBackSide", "cupsFlipDuplex",
	    "APDuplexRequiresFlippedMargin", NULL};

	if (!d->header.Duplex || d->job->ppd == NULL)
		return false;
	for (const char *const *name = names; *name != NULL; name++) {
		ppd_attr_t *a = ppdFindAttr(d->job->ppd, *name, NULL);

		if (a != NULL &&
		    (a->value == NULL || strcasecmp(a->value, "Normal") != 0))
			return true;
	}
	return false;
}

/* True if the raster is the page as it stands, so that nothing need be
 * tried. */
static bool
is_plain(const struct filter_document *d, double w, double h)
{
	return d->job->ppd != NULL && !may_flip(d) &&
	       fabs((double)d->header.cupsPageSize[0] - w) < SIZE_SLACK_PT &&
	       fabs((double)d->header.cupsPageSize[1] - h) < SIZE_SLACK_PT;
}

/* One size of page, front and back, tried once. */
struct tried {
	double w, h;
	struct geometry sides[2];
};

#define TRIED_MAX 16

static bool
find_geometry(struct filter_document *d, int page, double w, double h,
    struct tried *tried, int *count, struct err *e)
{
	int i = 0;

	if (d->job->output == OUTPUT_PDF) {
		int dpi = (int)d->header.HWResolution[0];

		d->geometry[page] =
		    pdfout_geometry(w, h, dpi < PDF_DPI_MIN ? PDF_DPI : dpi);
		return true;
	}
	if (is_plain(d, w, h)) {
		geometry_plain(&d->geometry[page], &d->header, w, h);
		return true;
	}
	while (i < *count && (fabs(tried[i].w - w) > SIZE_SLACK_PT ||
				 fabs(tried[i].h - h) > SIZE_SLACK_PT))
		i++;
	if (i == TRIED_MAX)
		return err_set(e, ERR_REQUEST,
		    "pages of more than %d sizes: print it in parts",
		    TRIED_MAX);
	if (i == *count) {
		tried[i].w = w;
		tried[i].h = h;
		if (!geometry_probe(&d->setup.render, w, h, tried[i].sides, e))
			return false;
		(*count)++;
	}
	d->geometry[page] = tried[i].sides[page % 2];
	return true;
}

static bool
read_sizes(struct filter_document *d, struct err *e)
{
	struct tried tried[TRIED_MAX];
	int count = 0;
	double w, h;

	d->geometry = calloc((size_t)d->page_count, sizeof(*d->geometry));
	if (d->geometry == NULL)
		return err_system(e, "memory for pages");
	for (int i = 0; i < d->page_count; i++)
		if (!scan_page_size(d->scan, i + 1, &w, &h, e) ||
		    !find_geometry(d, i, w, h, tried, &count, e))
			return false;
	return true;
}

/* Stamps that are tied to paper, on labels and envelopes, go where the queue's
 * own printer must be told to put them. */
static bool
calibrate(struct filter_document *d, struct err *e)
{
	const double pt_per_mm = 72 / 25.4;
	struct calibration c;
	char path[PATH_MAX];

	if (d->job->identity.queue[0] == '\0')
		return true;
	if (!calibration_path(settings_path(), d->job->identity.queue, path,
		sizeof(path), e) ||
	    !calibration_load(path, &c, e))
		return false;
	for (int i = 0; i < d->page_count; i++) {
		struct geometry *g = &d->geometry[i];

		g->shift_x_pt = c.offset_x_mm * pt_per_mm;
		g->shift_y_pt = c.offset_y_mm * pt_per_mm;
		g->stretch_x = c.scale_x - 1;
		g->stretch_y = c.scale_y - 1;
	}
	return true;
}

static bool
center_of_pixel(const struct filter_job *job)
{
	const char *value = job_value(job, "CenterOfPixel");
	ppd_attr_t *a;

	if (value == NULL)
		value = job_value(job, "center-of-pixel");
	if (value == NULL && job->ppd != NULL) {
		a = ppdFindAttr(job->ppd, "DefaultCenterOfPixel", NULL);
		value = a != NULL ? a->value : NULL;
	}
	return value != NULL && (strcasecmp(value, "true") == 0 ||
				    strcasecmp(value, "on") == 0 ||
				    strcasecmp(value, "yes") == 0);
}

static void
set_setup(struct filter_document *d, const volatile sig_atomic_t *stop)
{
	const struct filter_job *job = d->job;

	d->setup.budget = BACKDROPS_MAX;
	d->setup.render = (struct render_setup){.header = &d->header,
	    .file = job->input,
	    .ppd = job->ppd != NULL ? job->ppd_path : NULL,
	    .profile =
		cupsGetOption("profile", job->option_count, job->options),
	    .center_of_pixel = center_of_pixel(job),
	    .temp = job->temp,
	    .confine = strcmp(d->settings->sandbox, "off") != 0,
	    .page_seconds = d->settings->page_s * SILENCE_PAGES,
	    .writer = render_writer(),
	    .stop = stop};
}

static bool
one_size(struct filter_document *d, bool *out, struct err *e)
{
	double first_w = 0, first_h = 0, w, h;

	*out = true;
	for (int i = 1; i <= d->page_count; i++) {
		if (!scan_page_size(d->scan, i, &w, &h, e))
			return false;
		if (i == 1) {
			first_w = w;
			first_h = h;
		}
		*out = *out && fabs(w - first_w) < SIZE_SLACK_PT &&
		       fabs(h - first_h) < SIZE_SLACK_PT;
	}
	return true;
}

/* Ghostscript works while the document is scanned and quoted; nothing of what
 * it makes goes out before document_write(). */
static bool
start_rendering(struct filter_document *d, struct err *e)
{
	bool flips = may_flip(d), even;
	int n = d->page_count;

	d->same = calloc((size_t)n, sizeof(*d->same));
	if (d->same == NULL)
		return err_system(e, "memory for pages");
	for (int i = 0; i < n; i++)
		d->same[i] = i + 1;
	if (!one_size(d, &even, e) ||
	    (even && !repeats_find(d->job->input, n, flips, d->same, e)))
		return false;
	d->setup.pages = n;
	d->setup.same = d->same;
	d->setup.in_order = flips || !even;
	return d->job->output == OUTPUT_PDF ||
	       backdrops_open(&d->setup, &d->backdrops, e);
}

bool
document_open(const struct filter_job *job, const struct settings *settings,
    struct issuer *issuer, const volatile sig_atomic_t *stop,
    struct filter_document **out, struct err *e)
{
	struct filter_document *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return err_system(e, "memory for the document");
	d->job = job;
	d->settings = settings;
	d->issuer = issuer;
	settings_queue(settings, job->identity.queue, &d->rules);
	d->defaults = job->mark;
	mark_inherit(&d->defaults, &d->rules.mark);
	if (!job_header(job, &d->header, e) ||
	    !scan_open(job->input, &d->scan, e))
		goto fail;
	set_setup(d, stop);
	d->page_count = scan_page_count(d->scan);
	if (d->page_count < 1) {
		err_set(e, ERR_REQUEST, "the document has no pages");
		goto fail;
	}
	if (!start_rendering(d, e) || !read_sizes(d, e) || !calibrate(d, e))
		goto fail;
	*out = d;
	return true;
fail:
	document_close(d);
	return false;
}

void
document_close(struct filter_document *d)
{
	if (d == NULL)
		return;
	backdrops_close(d->backdrops);
	plan_free(d->plan);
	scan_close(d->scan);
	free(d->geometry);
	free(d->same);
	free(d->requests);
	free(d);
}

/* The marks of page `page`, as those of an equal page before it. */
static size_t
marks_again(
    const struct filter_document *d, int page, struct placeholder *marks)
{
	const struct plan_page *like = &d->plan->pages[d->same[page - 1] - 1];

	for (size_t i = 0; i < like->count; i++) {
		marks[i] = d->plan->stamps[like->first + i].mark;
		marks[i].page = (uint32_t)page;
	}
	return like->count;
}

/* A mark that the paper does not hold: where pages are made to fit it, the
 * document itself has it beside the page, and nobody was to see it, or across
 * the page's edge.  Else pdftopdf cut it off.  A letter would go out without
 * its stamp. */
static bool
without_cut(const struct filter_document *d, struct placeholder *marks,
    size_t *count, struct err *e)
{
	size_t kept = 0;

	for (size_t i = 0; i < *count; i++) {
		if (!marks[i].cut) {
			marks[kept] = marks[i];
			marks[kept].place = (uint32_t)kept + 1;
			kept++;
			continue;
		}
		if (!job_fits_pages(d->job))
			return err_set(e, ERR_REQUEST,
			    "page %u: %s is cut off, because its page is "
			    "larger than the paper: choose the larger paper, "
			    "or print with -o print-scaling=fit",
			    marks[i].page, marks[i].text);
		if (!marks[i].gone)
			return err_set(e, ERR_REQUEST,
			    "page %u: %s is cut off by the edge of its page: "
			    "move it into the page",
			    marks[i].page, marks[i].text);
	}
	*count = kept;
	return true;
}

static bool
plan_marks(struct filter_document *d, struct err *e)
{
	struct placeholder *marks = calloc(SCAN_MARKS_MAX, sizeof(*marks));
	bool good = true;

	if (marks == NULL)
		return err_system(e, "memory for marks");
	for (int page = 1; good && page <= d->page_count; page++) {
		size_t count = 0;

		if (d->same[page - 1] != page)
			count = marks_again(d, page, marks);
		else if (!d->job->banner)
			good = scan_page(
			    d->scan, page, marks, SCAN_MARKS_MAX, &count, e);
		if (good)
			good = without_cut(d, marks, &count, e);
		if (good)
			good = plan_scan(d->plan, marks, count, e);
	}
	free(marks);
	return good;
}

/* "Avery-5160" of a PPD, whose words hold no blanks, is "Avery 5160". */
static bool
find_sheet(const struct filter_document *d, struct sheet *out, struct err *e)
{
	char name[JOB_VALUE_MAX];
	struct err first = ERR_INIT;
	char *dash;

	if (sheet_find(d->job->sheet, d->settings->templates, out, &first))
		return true;
	memcpy(name, d->job->sheet, sizeof(name));
	dash = strchr(name, '-');
	if (dash != NULL) {
		*dash = ' ';
		if (sheet_find(name, d->settings->templates, out, e))
			return true;
	}
	*e = first;
	return false;
}

/* The sheet is as large as the page it is printed on, turned or not. */
static bool
check_paper(
    const struct filter_document *d, const struct sheet *sheet, struct err *e)
{
	for (int i = 0; i < d->page_count; i++) {
		const struct geometry *g = &d->geometry[i];

		if (fabs(g->page_w_pt - sheet->page_w_pt) > 3 ||
		    fabs(g->page_h_pt - sheet->page_h_pt) > 3)
			return err_set(e, ERR_REQUEST,
			    "page %d is %.0f x %.0f mm, the label sheet %s "
			    "%.0f x %.0f mm: choose its paper size",
			    i + 1, g->page_w_pt * 25.4 / 72,
			    g->page_h_pt * 25.4 / 72, sheet->name,
			    sheet->page_w_pt * 25.4 / 72,
			    sheet->page_h_pt * 25.4 / 72);
	}
	if (d->header.Duplex && d->job->output == OUTPUT_RASTER)
		return err_set(e, ERR_REQUEST,
		    "labels are printed on one side: switch two-sided "
		    "printing off");
	return true;
}

static bool
plan_sheet(struct filter_document *d, struct err *e)
{
	struct sheet *sheet = calloc(1, sizeof(*sheet));
	bool used[SHEET_LABELS_MAX] = {false}, good;
	struct plan_sheet how = {.sheet = sheet,
	    .serial = d->job->sheet_serial,
	    .used = used,
	    .first = d->job->first_label,
	    .count = d->job->label_count};

	if (sheet == NULL)
		return err_system(e, "memory for the label sheet");
	good = find_sheet(d, sheet, e) && check_paper(d, sheet, e);
	if (good && how.serial != 0)
		good = issuer_sheet(d->issuer, how.serial, sheet->name, used,
		    (size_t)sheet->count, e);
	good = good && plan_labels(d->plan, &how, e);
	free(sheet);
	return good;
}

bool
document_plan(struct filter_document *d, struct err *e)
{
	enum missing missing = d->job->missing;
	bool collate = d->job->collate || d->header.Duplex;

	d->plan = plan_new(d->job->copies, collate, e);
	if (d->plan == NULL || !plan_marks(d, e))
		return false;
	if (d->job->sheet[0] != '\0' && !d->job->banner)
		return plan_sheet(d, e);
	if (missing == 0)
		missing = d->rules.missing;
	if (d->plan->stamp_count == 0 && !d->job->banner &&
	    missing == MISSING_REFUSE)
		return err_set(e, ERR_REQUEST,
		    "the document has no mark and no label sheet was chosen: "
		    "write [[postage 0.78]] where the stamp shall be, or print "
		    "with PostageMissing=print");
	return true;
}

bool
document_quote(struct filter_document *d, struct err *e)
{
	size_t total = plan_total(d->plan);

	d->requests = calloc(total + 1, sizeof(*d->requests));
	if (d->requests == NULL)
		return err_system(e, "memory for stamps");
	plan_requests(d->plan, &d->defaults, d->requests);
	return issuer_quote(d->issuer, d->requests, total, e);
}

/* The quotes of the first copy, in the plan's order.  Every copy of a stamp
 * has as many bytes: checked, because places depend on it. */
static bool
first_quotes(
    const struct filter_document *d, struct stamp_quote **out, struct err *e)
{
	const struct plan *p = d->plan;
	const struct stamp_quote *all = issuer_quotes(d->issuer);
	struct stamp_quote *quotes =
	    calloc(p->stamp_count + 1, sizeof(*quotes));

	if (quotes == NULL)
		return err_system(e, "memory for stamps");
	*out = quotes;
	for (size_t i = 0; i < p->stamp_count; i++) {
		quotes[i] = all[plan_index(p, i, 0)];
		for (uint32_t copy = 1; copy < p->copies; copy++)
			if (all[plan_index(p, i, copy)].indicium_len !=
			    quotes[i].indicium_len)
				return err_set(e, ERR_CORRUPT,
				    "copies of a stamp differ in length");
	}
	return true;
}

/* *like: the page made from an equal one that was fitted last, or SIZE_MAX. */
static bool
fit_page(struct filter_document *d, size_t index,
    const struct plan_rules *rules, const struct stamp_quote *quotes,
    size_t *like, struct err *e)
{
	int source = d->plan->pages[index].source;
	const struct geometry *g = &d->geometry[source - 1];
	struct ink_map ink;
	struct plan_sight sight = {.geometry = g,
	    .printable = rect_cut(geometry_printable(g),
		job_imageable(d->job, g->page_w_pt, g->page_h_pt)),
	    .ink = &ink,
	    .quotes = quotes};
	bool good;

	if (d->plan->pages[index].count == 0 ||
	    plan_fit_again(d->plan, index, *like, quotes))
		return true;
	*like = index;
	if (!scan_ink(d->scan, source, &ink, e))
		return false;
	good = plan_fit(d->plan, index, rules, &sight, e);
	ink_map_free(&ink);
	return good;
}

static bool
fit_pages(struct filter_document *d, const struct plan_rules *rules,
    const struct stamp_quote *quotes, struct err *e)
{
	size_t *like = calloc((size_t)d->page_count, sizeof(*like));
	bool good = like != NULL || err_system(e, "memory for pages");

	for (int i = 0; good && i < d->page_count; i++)
		like[i] = SIZE_MAX;
	for (size_t i = 0; good && i < d->plan->page_count; i++)
		good = fit_page(d, i, rules, quotes,
		    &like[d->same[d->plan->pages[i].source - 1] - 1], e);
	free(like);
	return good;
}

bool
document_fit(struct filter_document *d, struct err *e)
{
	const char *symbol = d->job->symbol;
	struct plan_rules rules = {
	    .defaults = &d->defaults, .bar_reduction = d->rules.bar_reduction};
	struct stamp_quote *quotes = NULL;
	bool good = true;

	/* QR, the setting's default, leaves low labels their own symbol. */
	if (symbol[0] == '\0' && strcasecmp(d->rules.symbol, "QR") != 0)
		symbol = d->rules.symbol;
	if (symbol[0] != '\0') {
		rules.symbol_is_set = true;
		if (!symbol_kind_parse(symbol, &rules.symbol))
			return err_set(e, ERR_REQUEST,
			    "symbol \"%.15s\": QR, DataMatrix, DMRE and PDF417 "
			    "are known",
			    symbol);
	}
	good = first_quotes(d, &quotes, e) && fit_pages(d, &rules, quotes, e);
	free(quotes);
	return good;
}

bool
document_write(struct filter_document *d, int fd, compose_progress *progress,
    void *context, uint32_t *pages, uint64_t *bytes, struct err *e)
{
	/* No driver follows that would say that it wrote everything. */
	bool for_printer =
	    d->job->raster == PAGEOUT_PWG || d->job->raster == PAGEOUT_URF;
	struct compose c = {.plan = d->plan,
	    .geometry = d->geometry,
	    .source_pages = d->page_count,
	    .same = d->same,
	    .backdrops = d->backdrops,
	    .issuer = d->issuer,
	    .out = {.kind = d->job->raster,
		.fd = fd,
		.trailer = for_printer && d->job->real ? GATE_TRAILER : NULL,
		.stop = d->setup.render.stop,
		.ppd = d->job->ppd,
		.options = d->job->options,
		.option_count = d->job->option_count},
	    .fill_back = d->header.Duplex != 0,
	    .progress = progress,
	    .context = context};
	struct pdfout p = {.plan = d->plan,
	    .file = d->job->input,
	    .temp = d->job->temp,
	    .issuer = d->issuer,
	    .fill_back = d->header.Duplex != 0,
	    .fd = fd,
	    .stop = d->setup.render.stop,
	    .progress = progress,
	    .context = context};
	bool pdf = d->job->output == OUTPUT_PDF;
	bool good = pdf ? pdfout_write(&p, e) : compose_write(&c, e);

	*pages = pdf ? p.pages : c.pages;
	*bytes = pdf ? p.bytes : c.bytes;
	return good;
}

const struct plan *
document_get_plan(const struct filter_document *d)
{
	return d->plan;
}
