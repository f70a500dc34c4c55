/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/imprint_text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <pango/pangocairo.h>

/* The first has the clearest hinted letters at 10 to 20 dots; any font will
 * do, as sizes are measured. */
#define FAMILY "DejaVu Sans Condensed,DejaVu Sans,Liberation Sans,Sans"

bool
imprint_pen_open(struct imprint_pen *pen, int width, int height, struct err *e)
{
	cairo_font_options_t *options;
	PangoContext *context;

	memset(pen, 0, sizeof *pen);
	pen->width = width;
	pen->height = height;
	pen->surface =
	    cairo_image_surface_create(CAIRO_FORMAT_A8, width, height);
	pen->cairo = cairo_create(pen->surface);
	pen->dots = calloc((size_t)height, (size_t)width);
	if (pen->dots == NULL) {
		err_system(e, "stamp of %d x %d dots", width, height);
		imprint_pen_close(pen);
		return false;
	}
	if (cairo_status(pen->cairo) != CAIRO_STATUS_SUCCESS) {
		err_set(e, ERR_SYSTEM, "cairo, %d x %d dots: %s", width, height,
		    cairo_status_to_string(cairo_status(pen->cairo)));
		imprint_pen_close(pen);
		return false;
	}
	cairo_set_antialias(pen->cairo, CAIRO_ANTIALIAS_NONE);
	pen->layout = pango_cairo_create_layout(pen->cairo);
	options = cairo_font_options_create();
	cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_NONE);
	cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_FULL);
	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_ON);
	context = pango_layout_get_context(pen->layout);
	pango_cairo_context_set_font_options(context, options);
	cairo_font_options_destroy(options);
	pango_layout_set_single_paragraph_mode(pen->layout, TRUE);
	return true;
}

void
imprint_pen_close(struct imprint_pen *pen)
{
	if (pen->layout != NULL)
		g_object_unref(pen->layout);
	if (pen->cairo != NULL)
		cairo_destroy(pen->cairo);
	if (pen->surface != NULL)
		cairo_surface_destroy(pen->surface);
	free(pen->dots);
	memset(pen, 0, sizeof *pen);
}

static void
set(struct imprint_pen *pen, const char *text, bool bold, int size)
{
	PangoFontDescription *font = pango_font_description_new();

	pango_font_description_set_family_static(font, FAMILY);
	pango_font_description_set_weight(
	    font, bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
	pango_font_description_set_absolute_size(
	    font, (double)size * PANGO_SCALE);
	pango_layout_set_font_description(pen->layout, font);
	pango_font_description_free(font);
	pango_layout_set_attributes(pen->layout, NULL);
	pango_layout_set_width(pen->layout, -1);
	pango_layout_set_text(pen->layout, text, -1);
}

static int
cap_height(struct imprint_pen *pen, bool bold, int size)
{
	PangoRectangle ink;

	set(pen, "H", bold, size);
	pango_layout_get_pixel_extents(pen->layout, &ink, NULL);
	return ink.height;
}

static int
ink_width(struct imprint_pen *pen)
{
	PangoRectangle ink;

	pango_layout_get_pixel_extents(pen->layout, &ink, NULL);
	return ink.width;
}

int
imprint_pen_fit(
    struct imprint_pen *pen, const char *text, bool bold, int cap, int width)
{
	int size = cap * 3 / 2 + 1, got;

	while (size > 1 && cap_height(pen, bold, size) > cap)
		size--;
	for (; size > 1; size--) {
		set(pen, text, bold, size);
		got = ink_width(pen);
		if (got <= width)
			break;
		/* a jump near to what will fit, then dot by dot */
		if ((long)size * width / got + 1 < size)
			size = (int)((long)size * width / got) + 1;
	}
	return size;
}

static void
spread(struct imprint_pen *pen, const char *text, int room)
{
	glong letters = g_utf8_strlen(text, -1);
	PangoAttrList *list;
	int gap;

	if (letters < 2 || room <= 0)
		return;
	gap = room / (int)(letters - 1);
	list = pango_attr_list_new();
	pango_attr_list_insert(
	    list, pango_attr_letter_spacing_new(gap * PANGO_SCALE));
	pango_layout_set_attributes(pen->layout, list);
	pango_attr_list_unref(list);
}

/* Moves what is in the rows from `top` to `end` of the surface to the dots, so
 * that its first or last column of ink comes to `x`: measured extents may be a
 * dot off what is drawn. */
static void
take(struct imprint_pen *pen, int top, int end, int x, bool last)
{
	size_t stride = (size_t)cairo_image_surface_get_stride(pen->surface);
	uint8_t *data = cairo_image_surface_get_data(pen->surface);
	int from = pen->width, to = -1, shift;

	for (int row = top; row < end; row++) {
		const uint8_t *line = data + (size_t)row * stride;

		for (int i = 0; i < pen->width; i++) {
			if (line[i] < 128)
				continue;
			from = i < from ? i : from;
			to = i > to ? i : to;
		}
	}
	shift = x - (last ? to : from);
	for (int row = top; row < end; row++) {
		uint8_t *line = data + (size_t)row * stride;

		for (int i = from; i <= to; i++)
			if (line[i] >= 128 && i + shift >= 0 &&
			    i + shift < pen->width)
				imprint_pen_set(pen, i + shift, row);
		memset(line, 0, stride);
	}
	cairo_surface_mark_dirty(pen->surface);
}

void
imprint_pen_write(struct imprint_pen *pen, const char *text, bool bold,
    int size, int x, int y, int width, enum imprint_align align)
{
	int top, end;

	set(pen, text, bold, size);
	if (align == ALIGN_SPREAD) {
		spread(pen, text, width - ink_width(pen));
		x += (width - ink_width(pen)) / 2;
	} else if (ink_width(pen) > width) {
		pango_layout_set_width(pen->layout, width * PANGO_SCALE);
		pango_layout_set_ellipsize(pen->layout, PANGO_ELLIPSIZE_MIDDLE);
	}
	top = y - pango_layout_get_baseline(pen->layout) / PANGO_SCALE;
	end = y + size;
	cairo_save(pen->cairo);
	cairo_rectangle(pen->cairo, 0, top, pen->width, end - top);
	cairo_clip(pen->cairo);
	cairo_move_to(pen->cairo, 0, top);
	pango_cairo_show_layout(pen->cairo, pen->layout);
	cairo_restore(pen->cairo);
	cairo_surface_flush(pen->surface);
	take(pen, top < 0 ? 0 : top, end > pen->height ? pen->height : end,
	    align == ALIGN_RIGHT ? x + width - 1 : x, align == ALIGN_RIGHT);
}

void
imprint_pen_set(struct imprint_pen *pen, int x, int y)
{
	assert(x >= 0 && y >= 0 && x < pen->width && y < pen->height);
	pen->dots[(size_t)y * (size_t)pen->width + (size_t)x] = 1;
}

bool
imprint_pen_get(const struct imprint_pen *pen, int x, int y)
{
	assert(x >= 0 && y >= 0 && x < pen->width && y < pen->height);
	return pen->dots[(size_t)y * (size_t)pen->width + (size_t)x] != 0;
}

const uint8_t *
imprint_pen_line(const struct imprint_pen *pen, int y)
{
	assert(y >= 0 && y < pen->height);
	return pen->dots + (size_t)y * (size_t)pen->width;
}
