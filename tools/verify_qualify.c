/* SPDX-License-Identifier: Apache-2.0 */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* libppd */
#include "tools/verify_qualify.h"

#include <cups/ppd.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/date.h"
#include "base/text.h"
#include "dispense/qualification.h"
#include "dispense/settings.h"
#include "tools/cupsd.h"
#include "tools/fiducial.h"
#include "tools/note.h"
#include "tools/out.h"
#include "tools/quality.h"

/* Everything that was measured. */
struct session {
	const struct qualify *how;
	struct quality worst;
	int stamps;
	bool placed; /* a test sheet's discs were found */
	double off_mm;
	int printer_dpi, reduction, wanted; /* dots */
	struct qualification record;
};

/* Papers that test sheets are printed on, millimetres. */
static const double papers[][2] = {{215.9, 279.4}, {210, 297}};

/* How far the worst disc is from its place. */
static void
look_at_discs(struct session *s, const struct image *image)
{
	for (size_t i = 0; i < sizeof(papers) / sizeof(papers[0]); i++) {
		double w = papers[i][0], h = papers[i][1], off = 0;
		struct fiducial wanted[FIDUCIALS];
		struct fiducial_scan got;
		struct err e = ERR_INIT;

		if (!fiducial_find(image, w, h, &got, &e))
			continue;
		fiducial_places(w, h, wanted);
		for (int k = 0; k < FIDUCIALS; k++)
			off = fmax(off, hypot(got.at[k].x_mm - wanted[k].x_mm,
					    got.at[k].y_mm - wanted[k].y_mm));
		if (!s->placed || off < s->off_mm)
			s->off_mm = off;
		s->placed = true;
	}
}

static bool
take_page(void *context, const struct image *image, struct err *e)
{
	struct session *s = context;
	struct found_list list = {0};
	bool done = find_symbols(image, &s->how->find, &list, e);

	for (size_t i = 0; done && i < list.count; i++) {
		struct quality one;

		if (list.at[i].len == 0 ||
		    check_is_text(list.at[i].bytes, list.at[i].len))
			continue;
		done = quality_measure(image, &list.at[i], &one, e);
		if (!done)
			break;
		if (s->stamps++ == 0)
			s->worst = one;
		else
			quality_worse(&s->worst, &one);
	}
	if (done)
		look_at_discs(s, image);
	found_free(&list);
	return done;
}

/* --- the queue ------------------------------------------------------------------- */

static void
read_resolution(struct session *s, const char *path)
{
	ppd_file_t *ppd = ppdOpenFile(path);
	ppd_attr_t *a =
	    ppd != NULL ? ppdFindAttr(ppd, "DefaultResolution", NULL) : NULL;

	if (a != NULL && a->value != NULL) {
		text_clean(a->value, s->record.resolution,
		    sizeof(s->record.resolution));
		s->printer_dpi = atoi(a->value);
	}
	if (ppd != NULL)
		ppdClose(ppd);
}

static bool
ask_scheduler(struct session *s, struct err *e)
{
	struct qualification *r = &s->record;
	struct cupsd_queue q;
	char path[PATH_MAX] = "";
	http_t *http = NULL;
	struct err none = ERR_INIT;
	bool done;

	if (!cupsd_connect(&http, e))
		return false;
	done = cupsd_queue_get(http, s->how->queue, &q, e);
	if (done) {
		text_clean(q.model, r->model, sizeof(r->model));
		text_clean(q.device_uri, r->uri, sizeof(r->uri));
		strcpy(r->resolution, "-");
		if (cupsd_ppd(http, q.name, path, sizeof(path), &none))
			read_resolution(s, path);
		if (path[0] != '\0')
			unlink(path);
	}
	httpClose(http);
	return done;
}

/* A dark bar grows by twice its edge; that many dots less is right. */
static bool
recommend(struct session *s, struct err *e)
{
	static struct settings settings;
	struct queue_settings rules;
	double module = (s->worst.module_x_mil + s->worst.module_y_mil) / 2;
	double gain = (s->worst.gain_x_mil + s->worst.gain_y_mil) / 2;
	int most;

	if (!settings_load(s->how->config, &settings, e))
		return false;
	settings_queue(&settings, s->how->queue, &rules);
	s->reduction = rules.bar_reduction;
	s->wanted = s->reduction;
	if (s->printer_dpi < 100)
		return true;
	most = (int)lround(module * s->printer_dpi / 1000) / 3;
	s->wanted += (int)lround(2 * gain * s->printer_dpi / 1000);
	s->wanted = s->wanted < 0 ? 0 : s->wanted > most ? most : s->wanted;
	return true;
}

/* The record, and the journal's event of it. */
static bool
add_record(const struct session *s, const char *path, struct err *e)
{
	const struct qualification *r = &s->record;
	char hash[QUALIFICATION_HASH] = "", date[DATE_TEXT], text[512];
	struct note *note;
	bool done;

	if (!note_open(s->how->config, &note, e))
		return false;
	done = qualification_add(path, r, hash, e);
	snprintf(text, sizeof(text), "queue %s: grade %c on %s, %s, record %s",
	    s->how->queue, r->grade, date_format(r->date, date), r->model,
	    hash);
	return note_close(note, done, "qualify", text, e);
}

static bool
keep(struct session *s, struct err *e)
{
	struct qualification *r = &s->record;
	char path[PATH_MAX];

	r->date = s->how->today;
	r->grade = s->worst.grade;
	snprintf(r->figures, sizeof(r->figures),
	    "module %.1f mil, contrast %.0f %%, gain %.1f x %.1f mil, "
	    "correction left %.0f %%, skew %.1f, bar-reduction %d",
	    (s->worst.module_x_mil + s->worst.module_y_mil) / 2,
	    s->worst.contrast * 100, s->worst.gain_x_mil, s->worst.gain_y_mil,
	    s->worst.unused * 100, s->worst.skew_degrees, s->reduction);
	return qualification_path(
		   s->how->config, s->how->queue, path, sizeof(path), e) &&
	       add_record(s, path, e);
}

/* --- the report --------------------------------------------------------------------- */

static void
figure(struct out *o, const char *key, const char *label, double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.2f", value);
	out_text(o, key, label, text);
}

static void
report(const struct session *s)
{
	struct options options = {s->how->json, s->how->config};
	const struct quality *q = &s->worst;
	struct out *o = out_open(&options);
	char grade[2] = {q->grade, '\0'};

	out_text(o, "queue", "Queue", s->how->queue);
	out_text(o, "printer", "Printer", s->record.model);
	out_text(o, "resolution", "Resolution", s->record.resolution);
	out_number(o, "stamps", "Stamps", s->stamps);
	out_text(o, "grade", "Grade (estimate)", grade);
	figure(o, "module_x_mil", "Module, mil", q->module_x_mil);
	figure(o, "module_y_mil", "... down", q->module_y_mil);
	figure(o, "contrast", "Contrast", q->contrast);
	figure(o, "modulation", "Modulation", q->modulation);
	figure(o, "axial", "Axes differ by", q->axial);
	figure(o, "grid", "Off the grid by", q->grid);
	figure(o, "unused", "Correction left", q->unused);
	figure(o, "gain_x_mil", "Edges grow, mil", q->gain_x_mil);
	figure(o, "gain_y_mil", "... down", q->gain_y_mil);
	figure(o, "skew_degrees", "Askew, degrees", q->skew_degrees);
	if (s->placed)
		figure(o, "off_mm", "Off its place, mm", s->off_mm);
	out_number(o, "bar_reduction", "bar-reduction now", s->reduction);
	out_number(
	    o, "bar_reduction_wanted", "bar-reduction wanted", s->wanted);
	if (s->wanted != s->reduction)
		out_note(o, "In postage.conf, [queue %s]: bar-reduction = %d",
		    s->how->queue, s->wanted);
	out_note(o, "The grade is after ISO/IEC 15415, but estimated from a "
		    "scan: no verifier's certificate.");
	(void)out_close(o);
}

bool
verify_qualify(const struct qualify *how, char *grade, struct err *e)
{
	struct session s = {.how = how};

	for (int i = 0; i < how->file_count; i++)
		if (!image_read(how->files[i], how->pdf_dpi, take_page, &s, e))
			return err_prefix(e, "%s", how->files[i]);
	if (s.stamps == 0)
		return err_set(e, ERR_REQUEST,
		    "no stamp was found: print the test sheet with postage "
		    "calibrate %s and scan it",
		    how->queue);
	if (!ask_scheduler(&s, e) || !recommend(&s, e) || !keep(&s, e))
		return false;
	report(&s);
	*grade = s.worst.grade;
	return true;
}
