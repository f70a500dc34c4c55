/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/draw.h"

#include <cairo/cairo-pdf.h>
#include <cairo/cairo.h>
#include <pango/pangocairo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FONT "Liberation Sans, DejaVu Sans, Sans"

struct draw {
	cairo_surface_t *surface;
	cairo_t *cr;
	PangoLayout *layout;
	bool png;
	FILE *to;
	char *bytes; /* behind `to` */
	size_t len;
};

static cairo_status_t
write_bytes(void *context, const unsigned char *bytes, unsigned int len)
{
	FILE *to = context;

	return fwrite(bytes, 1, len, to) == len ? CAIRO_STATUS_SUCCESS
						: CAIRO_STATUS_WRITE_ERROR;
}

/* Everything of *d but the surface, which is made by then. */
static bool
begin(struct draw *d, struct err *e)
{
	d->cr = cairo_create(d->surface);
	d->layout = pango_cairo_create_layout(d->cr);
	if (cairo_status(d->cr) == CAIRO_STATUS_SUCCESS)
		return true;
	return err_set(e, ERR_SYSTEM, "drawing: %s",
	    cairo_status_to_string(cairo_status(d->cr)));
}

static void
drop(struct draw *d)
{
	if (d->layout)
		g_object_unref(d->layout);
	if (d->cr)
		cairo_destroy(d->cr);
	if (d->surface)
		cairo_surface_destroy(d->surface);
	if (d->to)
		fclose(d->to);
	free(d->bytes);
	free(d);
}

static struct draw *
make(struct err *e)
{
	struct draw *d = calloc(1, sizeof(*d));

	if (d)
		d->to = open_memstream(&d->bytes, &d->len);
	if (d && d->to)
		return d;
	free(d);
	err_set(e, ERR_SYSTEM, "out of memory");
	return NULL;
}

bool
draw_pdf(const struct draw_size *page, const char *title, struct draw **out,
    struct err *e)
{
	struct draw *d = make(e);

	if (d == NULL)
		return false;
	d->surface = cairo_pdf_surface_create_for_stream(
	    write_bytes, d->to, page->width, page->height);
	cairo_pdf_surface_set_metadata(
	    d->surface, CAIRO_PDF_METADATA_TITLE, title);
	if (begin(d, e)) {
		*out = d;
		return true;
	}
	drop(d);
	return false;
}

bool
draw_png(const struct draw_size *page, struct draw **out, struct err *e)
{
	struct draw *d = make(e);

	if (d == NULL)
		return false;
	d->png = true;
	d->surface = cairo_image_surface_create(
	    CAIRO_FORMAT_RGB24, (int)page->width, (int)page->height);
	if (begin(d, e)) {
		cairo_set_source_rgb(d->cr, 1, 1, 1);
		cairo_paint(d->cr);
		*out = d;
		return true;
	}
	drop(d);
	return false;
}

void
draw_next_page(struct draw *d)
{
	cairo_show_page(d->cr);
}

static void
set_colour(struct draw *d, uint32_t rgb)
{
	cairo_set_source_rgb(d->cr, (rgb >> 16 & 255) / 255.0,
	    (rgb >> 8 & 255) / 255.0, (rgb & 255) / 255.0);
}

static void
set_layout(struct draw *d, const struct draw_style *style, const char *text)
{
	PangoFontDescription *font = pango_font_description_from_string(FONT);

	pango_font_description_set_absolute_size(
	    font, style->size * PANGO_SCALE);
	if (style->bold)
		pango_font_description_set_weight(font, PANGO_WEIGHT_BOLD);
	pango_layout_set_font_description(d->layout, font);
	pango_font_description_free(font);
	pango_layout_set_width(d->layout,
	    style->width > 0 ? (int)(style->width * PANGO_SCALE) : -1);
	pango_layout_set_ellipsize(d->layout,
	    style->width > 0 ? PANGO_ELLIPSIZE_END : PANGO_ELLIPSIZE_NONE);
	pango_layout_set_single_paragraph_mode(d->layout, TRUE);
	pango_layout_set_alignment(
	    d->layout, style->align == DRAW_RIGHT    ? PANGO_ALIGN_RIGHT
		       : style->align == DRAW_MIDDLE ? PANGO_ALIGN_CENTER
						     : PANGO_ALIGN_LEFT);
	pango_layout_set_text(d->layout, text, -1);
}

void
draw_text(struct draw *d, double x, double y, const struct draw_style *style,
    const char *text)
{
	if (style->width <= 0 && style->align != DRAW_LEFT)
		x -= draw_text_width(d, style, text) /
		     (style->align == DRAW_MIDDLE ? 2 : 1);
	set_layout(d, style, text);
	set_colour(d, style->colour);
	cairo_move_to(d->cr, x, y);
	pango_cairo_show_layout(d->cr, d->layout);
}

double
draw_text_width(
    struct draw *d, const struct draw_style *style, const char *text)
{
	int width, height;

	set_layout(d, style, text);
	pango_layout_get_size(d->layout, &width, &height);
	return (double)width / PANGO_SCALE;
}

void
draw_fill(struct draw *d, const struct draw_box *b, uint32_t colour)
{
	set_colour(d, colour);
	cairo_rectangle(d->cr, b->x, b->y, b->width, b->height);
	cairo_fill(d->cr);
}

void
draw_line(
    struct draw *d, const struct draw_box *b, double thick, uint32_t colour)
{
	set_colour(d, colour);
	cairo_set_line_width(d->cr, thick);
	cairo_move_to(d->cr, b->x, b->y);
	cairo_rel_line_to(d->cr, b->width, b->height);
	cairo_stroke(d->cr);
}

void
draw_symbol(
    struct draw *d, const struct symbol *s, double x, double y, double side)
{
	int modules = s->shape.width + 2 * s->shape.quiet;
	double step = side / modules;

	set_colour(d, 0);
	for (int row = 0; row < s->shape.height; row++)
		for (int column = 0; column < s->shape.width; column++)
			if (symbol_get(s, column, row))
				cairo_rectangle(d->cr,
				    x + (column + s->shape.quiet) * step,
				    y + (row + s->shape.quiet) * step, step,
				    step);
	cairo_fill(d->cr);
}

bool
draw_end(struct draw *d, uint8_t **bytes, size_t *len, struct err *e)
{
	cairo_status_t status = cairo_status(d->cr);

	if (d->png && status == CAIRO_STATUS_SUCCESS)
		status = cairo_surface_write_to_png_stream(
		    d->surface, write_bytes, d->to);
	cairo_surface_finish(d->surface);
	if (status == CAIRO_STATUS_SUCCESS)
		status = cairo_surface_status(d->surface);
	if (status != CAIRO_STATUS_SUCCESS || fflush(d->to) != 0) {
		err_set(e, ERR_SYSTEM, "drawing: %s",
		    cairo_status_to_string(status));
		drop(d);
		return false;
	}
	fclose(d->to);
	d->to = NULL;
	*bytes = (uint8_t *)d->bytes;
	*len = d->len;
	d->bytes = NULL;
	drop(d);
	return true;
}
