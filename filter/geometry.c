/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/geometry.h"

#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter/raster.h"

#define PT 72.0

static void
set_header(struct geometry *g, const cups_page_header2_t *h)
{
	g->width = (int)h->cupsWidth;
	g->height = (int)h->cupsHeight;
	g->dpi_x = (int)h->HWResolution[0];
	g->dpi_y = (int)h->HWResolution[1];
}

void
geometry_plain(struct geometry *g, const cups_page_header2_t *header,
    double page_w_pt, double page_h_pt)
{
	*g = (struct geometry){.page_w_pt = page_w_pt, .page_h_pt = page_h_pt};
	set_header(g, header);
	if (header->cupsImagingBBox[3] > 0.0f) {
		double left = (double)header->cupsImagingBBox[0];
		double top = (double)(header->cupsPageSize[1] -
				      header->cupsImagingBBox[3]);

		g->offset_x = -left * g->dpi_x / PT;
		g->offset_y = -top * g->dpi_y / PT;
	}
}

bool
geometry_fits(const struct geometry *g, const cups_page_header2_t *header)
{
	/* A dot of rounding on either side does not move anything. */
	return abs(g->width - (int)header->cupsWidth) <= 1 &&
	       abs(g->height - (int)header->cupsHeight) <= 1 &&
	       g->dpi_x == (int)header->HWResolution[0] &&
	       g->dpi_y == (int)header->HWResolution[1];
}

/* A page of w x h turned clockwise: where the rectangle is then. */
static struct rect
turned(struct rect r, double w, double h, int turn)
{
	switch (turn) {
	case 90: return (struct rect){h - r.y - r.h, r.x, r.h, r.w};
	case 180: return (struct rect){w - r.x - r.w, h - r.y - r.h, r.w, r.h};
	case 270: return (struct rect){r.y, w - r.x - r.w, r.h, r.w};
	default: return r;
	}
}

static bool
sideways(const struct geometry *g)
{
	return g->turn == 90 || g->turn == 270;
}

/* The page as it is fed, in points; and back. */
static struct rect
to_fed(const struct geometry *g, struct rect sheet)
{
	struct rect r = turned(sheet, g->page_w_pt, g->page_h_pt, g->turn);

	if (g->mirror)
		r.x = (sideways(g) ? g->page_h_pt : g->page_w_pt) - r.x - r.w;
	return r;
}

static struct rect
from_fed(const struct geometry *g, struct rect r)
{
	double w = sideways(g) ? g->page_h_pt : g->page_w_pt;
	double h = sideways(g) ? g->page_w_pt : g->page_h_pt;

	if (g->mirror)
		r.x = w - r.x - r.w;
	return turned(r, w, h, (360 - g->turn) % 360);
}

struct rect
geometry_to_raster(const struct geometry *g, struct rect sheet)
{
	struct rect r = to_fed(g, sheet);

	r.x = r.x * g->dpi_x / PT + g->offset_x;
	r.y = r.y * g->dpi_y / PT + g->offset_y;
	r.w *= g->dpi_x / PT;
	r.h *= g->dpi_y / PT;
	return r;
}

struct rect
geometry_to_sheet(const struct geometry *g, struct rect raster)
{
	return from_fed(
	    g, (struct rect){(raster.x - g->offset_x) * PT / g->dpi_x,
		   (raster.y - g->offset_y) * PT / g->dpi_y,
		   raster.w * PT / g->dpi_x, raster.h * PT / g->dpi_y});
}

struct rect
geometry_for_paper(const struct geometry *g, struct rect paper)
{
	struct rect r = to_fed(g, paper);
	double x = 1 + g->stretch_x, y = 1 + g->stretch_y;

	return from_fed(g, (struct rect){(r.x - g->shift_x_pt) / x,
			       (r.y - g->shift_y_pt) / y, r.w / x, r.h / y});
}

struct rect
geometry_on_paper(const struct geometry *g, struct rect sheet)
{
	struct rect r = to_fed(g, sheet);
	double x = 1 + g->stretch_x, y = 1 + g->stretch_y;

	return from_fed(g, (struct rect){r.x * x + g->shift_x_pt,
			       r.y * y + g->shift_y_pt, r.w * x, r.h * y});
}

struct rect
geometry_printable(const struct geometry *g)
{
	return geometry_to_sheet(g, (struct rect){0, 0, g->width, g->height});
}

/* Down to a length that is whole dots at the common resolutions. */
static double
steps(double pt)
{
	return floor(pt / 0.72) * 0.72;
}

void
geometry_figure(double page_w_pt, double page_h_pt, struct rect out[2])
{
	double m = page_w_pt < page_h_pt ? page_w_pt : page_h_pt;
	double x = steps(0.3 * m), y = steps(0.25 * m), thick = steps(0.05 * m);

	out[0] = (struct rect){x, y, thick, steps(0.4 * m)};
	out[1] = (struct rect){x, y, steps(0.2 * m), thick};
}

static bool
is_ink(const struct canvas *page, int x, int y)
{
	struct canvas_rect dot = {x, y, 1, 1};

	return canvas_inside(page, &dot) && !canvas_is_white(page, &dot);
}

static bool
middle_is_ink(const struct canvas *page, struct rect r)
{
	return is_ink(page, (int)(r.x + r.w / 2), (int)(r.y + r.h / 2));
}

/* The smallest box around all ink. */
static bool
ink_box(const struct canvas *page, struct rect *out)
{
	int left = INT_MAX, top = -1, right = -1, bottom = -1;

	for (int y = 0; y < page->height; y++) {
		struct canvas_rect line = {0, y, page->width, 1};

		if (canvas_is_white(page, &line))
			continue;
		if (top < 0)
			top = y;
		bottom = y;
		for (int x = 0; x < page->width; x++)
			if (is_ink(page, x, y)) {
				left = x < left ? x : left;
				right = x > right ? x : right;
			}
	}
	*out = (struct rect){left, top, right - left + 1, bottom - top + 1};
	return top >= 0;
}

bool
geometry_find(struct geometry *g, const cups_page_header2_t *header,
    const struct canvas *page, struct err *e)
{
	struct rect figure[2], box, ink;

	set_header(g, header);
	geometry_figure(g->page_w_pt, g->page_h_pt, figure);
	if (!ink_box(page, &ink))
		return err_set(e, ERR_CONFIG, "the test page came out empty");
	for (int i = 0; i < 8; i++) {
		struct rect gap;

		g->turn = i % 4 * 90;
		g->mirror = i >= 4;
		g->offset_x = g->offset_y = 0;
		box = geometry_to_raster(g, rect_union(figure[0], figure[1]));
		if (fabs(box.w - ink.w) > 2.5 || fabs(box.h - ink.h) > 2.5)
			continue;
		g->offset_x = round(ink.x + ink.w / 2 - box.x - box.w / 2);
		g->offset_y = round(ink.y + ink.h / 2 - box.y - box.h / 2);
		gap = figure[0];
		gap.x += figure[1].w / 2;
		gap.y += figure[0].h / 2;
		if (middle_is_ink(page, geometry_to_raster(g, figure[0])) &&
		    middle_is_ink(page, geometry_to_raster(g, figure[1])) &&
		    !middle_is_ink(page, geometry_to_raster(g, gap)))
			return true;
	}
	return err_set(e, ERR_CONFIG,
	    "the printer's driver wants pages in a way that is not known "
	    "here: no stamp can be placed");
}

/* A PDF of two equal pages with the figure. */
static bool
write_probe(const char *path, double w, double h, struct err *e)
{
	static const char *const form =
	    "%%PDF-1.4\n"
	    "1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
	    "2 0 obj<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>endobj\n"
	    "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 %.4f %.4f]"
	    "/Contents 5 0 R>>endobj\n"
	    "4 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 %.4f %.4f]"
	    "/Contents 5 0 R>>endobj\n"
	    "5 0 obj<</Length %d>>stream\n%s\nendstream endobj\n"
	    "trailer<</Size 6/Root 1 0 R>>\n%%%%EOF\n";
	char content[256];
	struct rect f[2];
	FILE *out = fopen(path, "wxe");
	int n;

	if (out == NULL)
		return err_system(e, "%s", path);
	geometry_figure(w, h, f);
	n = snprintf(content, sizeof(content),
	    "0 g %.4f %.4f %.4f %.4f re f %.4f %.4f %.4f %.4f re f", f[0].x,
	    h - f[0].y - f[0].h, f[0].w, f[0].h, f[1].x, h - f[1].y - f[1].h,
	    f[1].w, f[1].h);
	fprintf(out, form, w, h, w, h, n, content);
	if (fclose(out) != 0)
		return err_system(e, "%s", path);
	return true;
}

static bool
probe_page(struct renderer *r, struct geometry *g, struct err *e)
{
	cups_page_header2_t h;
	struct canvas page;
	uint8_t *pixels = NULL;
	size_t bytes;
	bool end, done = false;

	if (!render_header(r, &h, &bytes, &end, e))
		return false;
	if (end)
		return err_set(e, ERR_CONFIG, "the test page did not come out");
	pixels = malloc(bytes);
	if (pixels == NULL)
		return err_system(e, "memory for a page");
	done = render_pixels(r, pixels, bytes, e) &&
	       raster_canvas(&h, pixels, bytes, &page, e) &&
	       geometry_find(g, &h, &page, e);
	free(pixels);
	return done;
}

bool
geometry_probe(const struct render_setup *setup, double page_w_pt,
    double page_h_pt, struct geometry out[2], struct err *e)
{
	struct render_setup own = *setup;
	struct renderer *r = NULL;
	char path[PATH_MAX];
	bool done = false;

	snprintf(path, sizeof(path), "%s/postage-probe-%ld.pdf", setup->temp,
	    (long)getpid());
	own.file = path;
	own.pages = NULL;
	own.page_count = 0;
	own.processes = 1;
	own.center_of_pixel = true;
	if (!write_probe(path, page_w_pt, page_h_pt, e))
		return false;
	if (!render_open(&own, &r, e))
		goto out;
	done = true;
	for (int i = 0; done && i < 2; i++) {
		out[i] = (struct geometry){
		    .page_w_pt = page_w_pt, .page_h_pt = page_h_pt};
		done = probe_page(r, &out[i], e);
	}
	if (!done)
		err_prefix(
		    e, "page of %.0f x %.0f points", page_w_pt, page_h_pt);
out:
	if (r != NULL)
		(void)render_close(r, &(struct err)ERR_INIT);
	(void)unlink(path);
	return done;
}
