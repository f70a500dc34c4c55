/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/imprint.h"

#include <string.h>

#include "stamp/imprint_dots.h"
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

/* The row where a line `y1` and a line `y2` of modules are dark. */
static void
both_dark(const struct symbol *s, int y1, int y2, uint8_t *row)
{
	bool inside = y1 >= 0 && y2 < s->shape.height;

	for (size_t i = 0; i < sizeof s->rows[0]; i++)
		row[i] = inside ? s->rows[y1][i] & s->rows[y2][i] : 0;
}

/* A dot is black if its module is dark and, where dots grow in print, if those
 * up to `low` before and `high` after it are: each dark run loses low + high
 * dots.  A window narrower than a module is dark if its corners are.  `line` is
 * one row, for the dots of a row of modules. */
static void
draw_symbol(const struct symbol *s, const struct imprint_plan *p, int reduction,
    struct imprint *line, struct imprint *out)
{
	int low = reduction / 2, high = reduction - low, width = s->shape.width;
	int last_y1 = -2, last_y2 = -2, left = p->symbol.x % 8;
	uint8_t modules[sizeof s->rows[0]];

	for (int y = 0; y < p->symbol.h; y++) {
		/* division rounds towards 0, but -1 is light */
		int y1 = y < low ? -1 : (y - low) / p->module_y;
		int y2 = (y + high) / p->module_y;
		int from = 0, end;

		if (y1 != last_y1 || y2 != last_y2) {
			memset(line->bits, 0, line->stride);
			both_dark(s, y1, y2, modules);
			while ((from = imprint_seek(
				    modules, from, width, true)) < width) {
				end = imprint_seek(modules, from, width, false);
				imprint_run(line,
				    left + from * p->module_x + low,
				    left + end * p->module_x - high, 0);
				from = end;
			}
		}
		last_y1 = y1;
		last_y2 = y2;
		imprint_add(out, line, p->symbol.x - left, p->symbol.y + y);
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
			imprint_run(out, left, left + p->fim.w, y);
	}
}

static bool
draw_marks(const struct imprint_spec *spec, const struct imprint_plan *plan,
    const uint8_t *indicium, struct imprint *out, struct err *e)
{
	struct symbol s;
	struct imprint line;
	/* whole words of dots are added faster */
	int width = (7 + plan->symbol.w + 63) / 64 * 64;

	if (!symbol_encode(spec->symbol, indicium, spec->indicium_len, &s, e) ||
	    !imprint_make(&line, width, 1, e))
		return false;
	draw_symbol(&s, plan, spec->bar_reduction, &line, out);
	imprint_free(&line);
	if (plan->fim.w > 0) {
		if (!symbol_encode(SYMBOL_FIM_D, NULL, 0, &s, e))
			return false;
		draw_fim(&s, plan, spec->dpi_x, out);
	}
	return true;
}

bool
imprint_draw(struct imprint_pen *pen, const struct imprint_spec *spec,
    const uint8_t *indicium, const struct imprint_text *text,
    struct imprint *out, struct err *e)
{
	struct imprint_plan plan;

	memset(out, 0, sizeof *out);
	if (!imprint_plan(spec, &plan, e) ||
	    !imprint_words_draw(pen, &plan, spec, text, out, e))
		return false;
	out->split = plan.split;
	if (draw_marks(spec, &plan, indicium, out, e))
		return true;
	imprint_free(out);
	return false;
}
