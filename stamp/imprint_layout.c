/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/imprint_layout.h"

#include <string.h>

/* Thousandths of an inch.  Words stand beside the symbol and share its upper
 * and lower edge; the symbol's quiet zone is the outer margin. */
enum {
	WORDS_GAP = 75,	      /* symbol to words, at least */
	LABEL_W = 2500,	      /* of 2.625 in */
	LABEL_WORDS_W = 1420, /* at most */
	LABEL_WORDS_H = 600,  /* at least */
	LABEL_MARGIN = 70,
	SMALL_W = 1710, /* of 1.75 in */
	SMALL_GAP = 50,
	SMALL_WORDS_W = 500, /* at least */
	SMALL_WORDS_H = 400, /* at least */
	SMALL_MARGIN = 30,
	WIDE_WORDS_H = 420,  /* over a symbol wider than a label */
	ENVELOPE_LEFT = 100, /* clear of the facing mark */
	ENVELOPE_AMOUNT_H = 200,
	ENVELOPE_AMOUNT_W = 1000, /* right of the facing mark's clear zone */
	ENVELOPE_AMOUNT_TOP = 40, /* "$" reaches over the capitals */
	ENVELOPE_AMOUNT_GAP = 40, /* "$" reaches below, too */
	ENVELOPE_WORDS_H = 450,
	ENVELOPE_BASE = 1160, /* lower edge of symbol and words */
	/* USPS Publication 25: bars 5/8 in high, 1/32 in wide, 1/16 in apart,
	 * the last one's right edge 2 in from the envelope's */
	FIM_H = 625,
	FIM_RIGHT = 1750 /* from the imprint's right edge */
};

int
imprint_dots(int mil, int dpi)
{
	return (mil * dpi + 500) / 1000;
}

int
imprint_fim_offset(int module, int dpi)
{
	return (module * dpi + 16) / 32;
}

static int
greater(int a, int b)
{
	return a > b ? a : b;
}

static int
lesser(int a, int b)
{
	return a < b ? a : b;
}

/* Symbol at the left, words at the right, centred on each other. */
static void
plan_beside(struct imprint_plan *p, const struct imprint_spec *spec,
    const struct symbol_shape *shape)
{
	bool small = spec->layout == LAYOUT_SMALL;
	int gap = imprint_dots(small ? SMALL_GAP : WORDS_GAP, spec->dpi_x);
	int margin_x =
	    imprint_dots(small ? SMALL_MARGIN : LABEL_MARGIN, spec->dpi_x);
	int quiet_x = shape->quiet * p->module_x;
	int quiet_y = shape->quiet * p->module_y;
	int least =
	    imprint_dots(small ? SMALL_WORDS_H : LABEL_WORDS_H, spec->dpi_y);
	int words_h = greater(p->symbol.h, least);
	int rest;

	p->height = words_h + 2 * quiet_y;
	p->symbol.x = quiet_x;
	p->symbol.y = (p->height - p->symbol.h) / 2;
	p->words.x = quiet_x + p->symbol.w + greater(gap, quiet_x);
	p->split = p->words.x;
	p->words.y = quiet_y;
	p->words.h = words_h;
	rest = imprint_dots(small ? SMALL_W : LABEL_W, spec->dpi_x) -
	       p->words.x - margin_x;
	if (small)
		p->words.w =
		    greater(rest, imprint_dots(SMALL_WORDS_W, spec->dpi_x));
	else
		p->words.w =
		    lesser(rest, imprint_dots(LABEL_WORDS_W, spec->dpi_x));
	p->width = p->words.x + p->words.w + margin_x;
	p->amount = p->words;
	p->amount.h = words_h * (small ? 21 : 26) / 100;
	/* "$" reaches below the baseline */
	p->words.y += words_h * (small ? 25 : 31) / 100;
	p->words.h -= words_h * (small ? 25 : 31) / 100;
}

/* Words in a strip over a wide symbol, the amount at their left. */
static void
plan_wide(struct imprint_plan *p, const struct imprint_spec *spec,
    const struct symbol_shape *shape)
{
	int margin = imprint_dots(LABEL_MARGIN, spec->dpi_y);
	int quiet_x = shape->quiet * p->module_x;
	int strip = imprint_dots(WIDE_WORDS_H, spec->dpi_y);

	p->width = p->symbol.w + 2 * quiet_x;
	p->symbol.x = quiet_x;
	p->symbol.y = strip + 2 * margin;
	p->height = p->symbol.y + p->symbol.h + shape->quiet * p->module_y;
	p->amount = (struct imprint_box){
	    quiet_x, margin, p->symbol.w * 2 / 5, strip / 2};
	p->words = (struct imprint_box){quiet_x + p->symbol.w / 2, margin,
	    p->symbol.w - p->symbol.w / 2, strip};
}

/* Facing mark at the left, amount over the symbol at the right, words under
 * the mark. */
static void
plan_envelope(struct imprint_plan *p, const struct imprint_spec *spec,
    const struct symbol_shape *shape)
{
	int dpi_x = spec->dpi_x, dpi_y = spec->dpi_y;
	int quiet_x = shape->quiet * p->module_x;
	int quiet_y = shape->quiet * p->module_y;
	int over =
	    imprint_dots(ENVELOPE_AMOUNT_TOP + ENVELOPE_AMOUNT_H, dpi_y) +
	    imprint_dots(ENVELOPE_AMOUNT_GAP, dpi_y) + quiet_y;
	int base =
	    greater(imprint_dots(ENVELOPE_BASE, dpi_y), over + p->symbol.h);
	int fim_w = imprint_fim_offset(17, dpi_x);

	p->fim.x = imprint_dots(ENVELOPE_LEFT, dpi_x);
	p->fim.y = 0;
	p->fim.w = imprint_fim_offset(1, dpi_x);
	p->fim.h = imprint_dots(FIM_H, dpi_y);
	p->width = p->fim.x + fim_w + imprint_dots(FIM_RIGHT, dpi_x);
	p->height = base + quiet_y;
	p->symbol.x = p->width - quiet_x - p->symbol.w;
	p->symbol.y = base - p->symbol.h;
	p->amount.w = imprint_dots(ENVELOPE_AMOUNT_W, dpi_x) - quiet_x;
	p->amount.h = imprint_dots(ENVELOPE_AMOUNT_H, dpi_y);
	p->amount.x = p->width - quiet_x - p->amount.w;
	p->amount.y =
	    p->symbol.y - over + imprint_dots(ENVELOPE_AMOUNT_TOP, dpi_y);
	p->amount_right = true;
	p->words.x = p->fim.x;
	p->words.w = p->symbol.x -
		     greater(quiet_x, imprint_dots(WORDS_GAP, dpi_x)) -
		     p->words.x;
	p->words.h = imprint_dots(ENVELOPE_WORDS_H, dpi_y);
	p->words.y = base - p->words.h;
	p->split = p->symbol.x;
}

bool
imprint_plan(
    const struct imprint_spec *spec, struct imprint_plan *out, struct err *e)
{
	struct symbol_shape shape;

	memset(out, 0, sizeof *out);
	if ((unsigned)spec->symbol >= SYMBOL_FIM_D ||
	    (unsigned)spec->layout >= LAYOUTS)
		return err_set(e, ERR_REQUEST,
		    "no stamp of symbol %d, layout "
		    "%d",
		    (int)spec->symbol, (int)spec->layout);
	if ((spec->symbol == SYMBOL_PDF417 && spec->layout != LAYOUT_LABEL) ||
	    (spec->symbol == SYMBOL_DMRE && spec->layout == LAYOUT_ENVELOPE))
		return err_set(e, ERR_REQUEST,
		    "%s is too wide for a stamp of size %s; choose QR or "
		    "DataMatrix",
		    symbol_kind_name(spec->symbol),
		    imprint_layout_name(spec->layout));
	if (!symbol_size(spec->symbol, spec->indicium_len, &shape, e) ||
	    !symbol_module_dots(spec->dpi_x, &out->module_x, e) ||
	    !symbol_module_dots(spec->dpi_y, &out->module_y, e))
		return false;
	if (spec->bar_reduction < 0 ||
	    spec->bar_reduction > out->module_x / 3 ||
	    spec->bar_reduction > out->module_y / 3)
		return err_set(e, ERR_CONFIG,
		    "bar reduction of %d dots: at most a third of a module of "
		    "%d x %d dots",
		    spec->bar_reduction, out->module_x, out->module_y);
	out->symbol.w = shape.width * out->module_x;
	out->symbol.h = shape.height * out->module_y;
	if (spec->symbol == SYMBOL_PDF417)
		plan_wide(out, spec, &shape);
	else if (spec->layout == LAYOUT_ENVELOPE)
		plan_envelope(out, spec, &shape);
	else
		plan_beside(out, spec, &shape);
	return true;
}
