/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/testsheet.h"

#include <stdlib.h>
#include <string.h>

#include "stamp/mark.h"
#include "tools/blankpdf.h"
#include "tools/fiducial.h"

#define PT(mm)	    ((mm)*72 / 25.4)
#define KAPPA	    0.5523 /* of a quarter of a circle as a Bezier curve */
#define SIDE_MIN_MM 90.0
#define RULER_MM    100.0

/* A page's drawing instructions; all places in millimetres from the upper left
 * corner of the paper. */
struct pen {
	FILE *out;
	double high_pt;
};

static void
line(const struct pen *p, double x0, double y0, double x1, double y1)
{
	fprintf(p->out, "%.3f %.3f m %.3f %.3f l S\n", PT(x0),
	    p->high_pt - PT(y0), PT(x1), p->high_pt - PT(y1));
}

static void
words(const struct pen *p, double x, double y, double size_pt, const char *text)
{
	fprintf(p->out, "BT /F1 %.1f Tf %.3f %.3f Td (%s) Tj ET\n", size_pt,
	    PT(x), p->high_pt - PT(y), text);
}

static void
disc(const struct pen *p, const struct fiducial *at)
{
	double x = PT(at->x_mm), y = p->high_pt - PT(at->y_mm);
	double r = PT(FIDUCIAL_RADIUS_MM), k = r * KAPPA;

	fprintf(p->out, "%.3f %.3f m\n", x + r, y);
	fprintf(p->out, "%.3f %.3f %.3f %.3f %.3f %.3f c\n", x + r, y + k,
	    x + k, y + r, x, y + r);
	fprintf(p->out, "%.3f %.3f %.3f %.3f %.3f %.3f c\n", x - k, y + r,
	    x - r, y + k, x - r, y);
	fprintf(p->out, "%.3f %.3f %.3f %.3f %.3f %.3f c\n", x - r, y - k,
	    x - k, y - r, x, y - r);
	fprintf(p->out, "%.3f %.3f %.3f %.3f %.3f %.3f c f\n", x + k, y - r,
	    x + r, y - k, x + r, y);
}

/* The four lines whose distances from the paper's edges a person measures. */
static void
measured_lines(const struct pen *p, double w, double h)
{
	double in = FIDUCIAL_INSET_MM;

	fputs("0.2 w\n", p->out);
	line(p, in, 28, in, 48);
	words(p, in + 1, 34, 8, "LEFT");
	line(p, w - in, 28, w - in, 48);
	words(p, w - in - 12, 34, 8, "RIGHT");
	line(p, 45, in, 65, in);
	words(p, 50, in - 1, 8, "TOP");
	line(p, 45, h - in, 65, h - in);
	words(p, 50, h - in - 1, 8, "BOTTOM");
}

/* A ruler from the first disc's level on, to see the scale at a glance. */
static void
ruler(const struct pen *p, double w, double h)
{
	double y = h - FIDUCIAL_INSET_MM - 10, x0 = (w - RULER_MM) / 2;
	char text[8];

	if (w < RULER_MM + 20)
		return;
	for (int mm = 0; mm <= (int)RULER_MM; mm++) {
		double high = mm % 10 == 0 ? 5 : mm % 5 == 0 ? 3.5 : 2.5;

		line(p, x0 + mm, y, x0 + mm, y - high);
		if (mm % 10 == 0) {
			snprintf(text, sizeof(text), "%d", mm);
			words(p, x0 + mm + 0.4, y - 4, 5, text);
		}
	}
}

static void
outlines(const struct pen *p, const struct testsheet *t)
{
	const struct calibration *c = t->calibration;

	fputs("0.5 G 0.3 w\n", p->out);
	for (int i = 0; i < t->labels->count; i++) {
		struct rect r = sheet_label(t->labels, i);
		double x = (r.x - PT(c->offset_x_mm)) / c->scale_x;
		double y = (r.y - PT(c->offset_y_mm)) / c->scale_y;
		double w = r.w / c->scale_x, h = r.h / c->scale_y;

		fprintf(p->out, "%.3f %.3f %.3f %.3f re S\n", x,
		    p->high_pt - y - h, w, h);
	}
	fputs("0 G\n", p->out);
}

static void
legend(const struct pen *p, const struct testsheet *t, double w, double h)
{
	double right = w - FIDUCIAL_INSET_MM, low = h - FIDUCIAL_INSET_MM;
	char text[512];
	/* In PDF these would end the words. */
	const char *queue =
	    strpbrk(t->queue, "()\\") == NULL ? t->queue : "QUEUE";

	snprintf(text, sizeof(text),
	    "Test sheet of %.60s.  Distances should be: "
	    "LEFT %.1f  RIGHT %.1f  TOP %.1f  BOTTOM %.1f mm.",
	    queue, FIDUCIAL_INSET_MM, right, FIDUCIAL_INSET_MM, low);
	words(p, 25, h / 2 - 6, 9, text);
	words(p, 25, h / 2, 9,
	    "Measure LEFT and RIGHT from the paper's left edge, TOP and BOTTOM "
	    "from its upper edge, then:");
	snprintf(text, sizeof(text),
	    "postage calibrate %.60s --measured LEFT,RIGHT,TOP,BOTTOM", queue);
	words(p, 25, h / 2 + 6, 9, text);
	snprintf(text, sizeof(text),
	    "or scan this sheet on a black background: postage calibrate %.60s "
	    "--scan FILE",
	    queue);
	words(p, 25, h / 2 + 12, 9, text);
}

static void
specimens(const struct pen *p, double h)
{
	static const char mark[] =
	    "[[" MARK_KEYWORD " amount=0.01 kind=specimen size=label]]";

	words(p, 45, 60, 4, mark);
	words(p, 45, h - 80, 4, mark);
}

static void
draw(const struct pen *p, const struct testsheet *t)
{
	double w = t->w_pt * 25.4 / 72, h = t->h_pt * 25.4 / 72;
	struct fiducial discs[FIDUCIALS];

	fputs("0 g 0 G\n", p->out);
	fiducial_places(w, h, discs);
	for (int i = 0; i < FIDUCIALS; i++)
		disc(p, &discs[i]);
	measured_lines(p, w, h);
	if (t->labels != NULL) {
		outlines(p, t);
		return;
	}
	ruler(p, w, h);
	legend(p, t, w, h);
	specimens(p, h);
}

bool
testsheet_write(const struct testsheet *t, FILE *out, struct err *e)
{
	struct blankpdf b = {.w_pt = t->w_pt, .h_pt = t->h_pt, .pages = 1};
	struct pen p = {.high_pt = t->h_pt};
	char *content = NULL;
	size_t len;
	bool done;

	if (t->w_pt < PT(SIDE_MIN_MM) || t->h_pt < PT(SIDE_MIN_MM))
		return err_set(e, ERR_REQUEST,
		    "the test sheet needs paper of %.0f mm or more on each "
		    "side",
		    SIDE_MIN_MM);
	p.out = open_memstream(&content, &len);
	if (p.out == NULL)
		return err_system(e, "memory for a page");
	draw(&p, t);
	if (fclose(p.out) != 0) {
		free(content);
		return err_system(e, "memory for a page");
	}
	b.content = content;
	done = blankpdf_write(&b, out, e);
	free(content);
	return done;
}
