/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/imprint.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "stamp/imprint_layout.h"
#include "stamp/imprint_words.h"

static const char *const names[LAYOUTS] = {
    [LAYOUT_LABEL] = "label",
    [LAYOUT_SMALL] = "small",
    [LAYOUT_ENVELOPE] = "envelope",
};

const char *
imprint_layout_name(enum imprint_layout layout)
{
	return (unsigned)layout < LAYOUTS ? names[layout] : "?";
}

enum imprint_layout
imprint_choose(enum mark_size size, double width_pt, double height_pt)
{
	switch (size) {
	case SIZE_LABEL: return LAYOUT_LABEL;
	case SIZE_SMALL: return LAYOUT_SMALL;
	case SIZE_ENVELOPE: return LAYOUT_ENVELOPE;
	case SIZE_AUTO: break;
	}
	if (width_pt <= 0 || height_pt <= 0)
		return LAYOUT_LABEL;
	/* 17 mm: lower labels hold no square symbol with its quiet zone */
	return height_pt < 17 / 25.4 * 72 ? LAYOUT_SMALL : LAYOUT_LABEL;
}

enum symbol_kind
imprint_default_symbol(enum imprint_layout layout)
{
	return layout == LAYOUT_SMALL ? SYMBOL_DMRE : SYMBOL_QR;
}

bool
imprint_size(const struct imprint_spec *spec, int *width_px, int *height_px,
    struct err *e)
{
	struct imprint_plan plan;

	if (!imprint_plan(spec, &plan, e))
		return false;
	*width_px = plan.width;
	*height_px = plan.height;
	return true;
}

bool
imprint_get(const struct imprint *im, int x, int y)
{
	if (x < 0 || y < 0 || x >= im->width || y >= im->height)
		return false;
	return im->bits[(size_t)y * im->stride + (size_t)x / 8] &
	       (0x80 >> x % 8);
}

void
imprint_set(struct imprint *im, int x, int y)
{
	assert(x >= 0 && y >= 0 && x < im->width && y < im->height);
	im->bits[(size_t)y * im->stride + (size_t)x / 8] |=
	    (uint8_t)(0x80 >> x % 8);
}

/* A dot is black if its module is dark and, where dots grow in print, if those
 * up to `low` before and `high` after it are: each dark run loses low + high
 * dots.  A window narrower than a module is dark if its corners are. */
static void
draw_symbol(const struct symbol *s, const struct imprint_plan *p, int reduction,
    struct imprint *out)
{
	int low = reduction / 2, high = reduction - low;
	int last_y1 = -2, last_y2 = -2;
	uint8_t *row = out->bits + (size_t)p->symbol.y * out->stride;

	for (int y = 0; y < p->symbol.h; y++, row += out->stride) {
		/* division rounds towards 0, but -1 is light */
		int y1 = y < low ? -1 : (y - low) / p->module_y;
		int y2 = (y + high) / p->module_y;

		if (y1 == last_y1 && y2 == last_y2) {
			memcpy(row, row - out->stride, out->stride);
			continue;
		}
		last_y1 = y1;
		last_y2 = y2;
		for (int x = 0; x < p->symbol.w; x++) {
			int x1 = x < low ? -1 : (x - low) / p->module_x;
			int x2 = (x + high) / p->module_x;

			if (symbol_get(s, x1, y1) && symbol_get(s, x2, y1) &&
			    symbol_get(s, x1, y2) && symbol_get(s, x2, y2))
				imprint_set(
				    out, p->symbol.x + x, p->symbol.y + y);
		}
	}
}

static void
draw_fim(const struct symbol *s, const struct imprint_plan *p, int dpi_x,
    struct imprint *out)
{
	for (int i = 0; i < s->shape.width; i++) {
		int left = p->fim.x + imprint_fim_offset(i, dpi_x);

		if (!symbol_get(s, i, 0))
			continue;
		for (int y = p->fim.y; y < p->fim.y + p->fim.h; y++)
			for (int x = left; x < left + p->fim.w; x++)
				imprint_set(out, x, y);
	}
}

static bool
draw(const struct imprint_spec *spec, const struct imprint_plan *plan,
    const uint8_t *indicium, const struct imprint_text *text,
    struct imprint *out, struct err *e)
{
	struct symbol s;

	if (!symbol_encode(spec->symbol, indicium, spec->indicium_len, &s, e))
		return false;
	draw_symbol(&s, plan, spec->bar_reduction, out);
	if (plan->fim.w > 0) {
		if (!symbol_encode(SYMBOL_FIM_D, NULL, 0, &s, e))
			return false;
		draw_fim(&s, plan, spec->dpi_x, out);
	}
	return imprint_words_draw(plan, spec, text, out, e);
}

bool
imprint_draw(const struct imprint_spec *spec, const uint8_t *indicium,
    const struct imprint_text *text, struct imprint *out, struct err *e)
{
	struct imprint_plan plan;

	memset(out, 0, sizeof *out);
	if (!imprint_plan(spec, &plan, e))
		return false;
	out->width = plan.width;
	out->height = plan.height;
	out->stride = ((size_t)plan.width + 7) / 8;
	out->bits = calloc((size_t)plan.height, out->stride);
	if (out->bits == NULL) {
		memset(out, 0, sizeof *out);
		return err_system(
		    e, "stamp of %d x %d dots", plan.width, plan.height);
	}
	if (!draw(spec, &plan, indicium, text, out, e)) {
		imprint_free(out);
		return false;
	}
	return true;
}

void
imprint_free(struct imprint *im)
{
	free(im->bits);
	memset(im, 0, sizeof *im);
}
