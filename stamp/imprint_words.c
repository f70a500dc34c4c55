/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/imprint_words.h"

#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "base/text.h"
#include "stamp/imprint_dots.h"

#define LINES_MAX 8
#define LINE_TEXT 128

struct line {
	char text[LINE_TEXT];
	bool bold, fine; /* fine print may be smaller than the rest */
};

struct lines {
	struct line line[LINES_MAX];
	int count;
};

static void
    PRINTF_LIKE(3, 4) add(struct lines *l, bool bold, const char *fmt, ...)
{
	struct line *line = &l->line[l->count++];
	char raw[LINE_TEXT];
	va_list args;

	va_start(args, fmt);
	vsnprintf(raw, sizeof raw, fmt, args);
	va_end(args);
	text_clean(raw, line->text, sizeof line->text);
	line->bold = bold;
	line->fine = false;
}

/* "NOV 21 2026": a month in letters cannot be read as a day. */
static const char *
spell(uint32_t date, char out[16])
{
	static const char months[] = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";

	out[0] = '\0';
	if (date_valid(date))
		snprintf(out, 16, "%.3s %u %u",
		    months + (date / 100 % 100 - 1) * 3, date % 100,
		    date / 10000);
	return out;
}

static void
collect(
    const struct imprint_text *t, enum imprint_layout layout, struct lines *l)
{
	char date[16], zip[8] = "";
	bool small = layout == LAYOUT_SMALL;

	l->count = 0;
	if (t->mail_date != 0)
		add(l, true, "%s", spell(t->mail_date, date));
	if (t->kind == KIND_CORRECTION)
		add(l, false, "Date correction");
	else if (t->class_name[0] != '\0')
		add(l, false, "%s", t->class_name);
	if (t->mailby != 0)
		add(l, false, "%s %s", small ? "by" : "Mail by",
		    spell(t->mailby, date));
	if (t->origin_zip != 0)
		snprintf(zip, sizeof zip, "%05u", t->origin_zip % 100000);
	if (t->origin_place[0] != '\0' || zip[0] != '\0')
		add(l, false, "%s%s%s", t->origin_place,
		    t->origin_place[0] != '\0' && zip[0] != '\0' ? " " : "",
		    zip);
	spell(t->psd_expires, date);
	if (small) {
		if (t->psd_id[0] != '\0')
			add(l, false, "%s", t->psd_id);
		if (date[0] != '\0')
			add(l, false, "EXP %s", date);
	} else if (t->psd_id[0] != '\0' || date[0] != '\0') {
		add(l, false, "%s%s%s", t->psd_id,
		    date[0] != '\0' ? "  EXP " : "", date);
		l->line[l->count - 1].fine = true;
	}
}

static int
lesser(int a, int b)
{
	return a < b ? a : b;
}

static int
greater(int a, int b)
{
	return a > b ? a : b;
}

/* Where the words go. */
struct paper {
	struct imprint_pen *pen;
	struct imprint *sheet;
};

/* Lines on an even grid whose last baseline is the lower edge of the box; one
 * size for all but the fine print, where no line then loses more than a fifth
 * of it.  `share` of the grid in percent is the height of capitals; `least` is
 * the smallest legible size. */
static bool
write_lines(const struct paper *p, const struct lines *l,
    const struct imprint_box *box, int pitch_max, int share, int least,
    struct err *e)
{
	int pitch = l->count > 0 ? lesser(box->h / l->count, pitch_max) : 0;
	int cap = pitch * share / 100, best, common, size[LINES_MAX] = {0};

	common = best = imprint_pen_fit(p->pen, "H", false, cap, box->w);
	for (int i = 0; i < l->count; i++) {
		const struct line *line = &l->line[i];

		size[i] = imprint_pen_fit(
		    p->pen, line->text, line->bold, cap, box->w);
		if (!line->fine)
			common = lesser(common, size[i]);
	}
	if (common < best * 4 / 5)
		common = best * 4 / 5;
	for (int i = 0; i < l->count; i++) {
		struct imprint_writing w = {.text = l->line[i].text,
		    .bold = l->line[i].bold,
		    .size = lesser(common, size[i]),
		    .width = box->w};

		if (w.size < least)
			w.size = lesser(least, best);
		if (!imprint_pen_write(p->pen, &w, p->sheet, box->x,
			box->y + box->h - pitch * (l->count - 1 - i), e))
			return false;
	}
	return true;
}

static bool
write_amount(const struct paper *p, const struct imprint_text *t,
    const struct imprint_plan *plan, struct err *e)
{
	const struct imprint_box *box = &plan->amount;
	char number[MILS_TEXT], raw[64], text[64];
	struct imprint_writing w = {.text = text,
	    .bold = true,
	    .width = box->w,
	    .align = plan->amount_right ? ALIGN_RIGHT : ALIGN_LEFT};

	snprintf(raw, sizeof raw, "%s%s",
	    t->currency[0] != '\0' ? t->currency : "$",
	    mils_format(t->amount, number));
	text_clean(raw, text, sizeof text);
	w.size = imprint_pen_fit(p->pen, text, true, box->h, box->w);
	return imprint_pen_write(
	    p->pen, &w, p->sheet, box->x, box->y + box->h, e);
}

/* SPECIMEN in white on a black bar that reads upwards.  Letters are drawn
 * level and the dots turned: hinting works along the axes only. */
static bool
write_specimen(
    const struct paper *p, const struct imprint_box *bar, struct err *e)
{
	int pad = bar->w / 4;
	struct imprint_writing w = {.text = "SPECIMEN",
	    .bold = true,
	    .width = bar->h - 2 * pad,
	    .align = ALIGN_SPREAD};
	struct imprint level;
	bool done;

	if (!imprint_make(&level, bar->h, bar->w, e))
		return false;
	w.size =
	    imprint_pen_fit(p->pen, w.text, true, bar->w - 2 * pad, w.width);
	done = imprint_pen_write(p->pen, &w, &level, pad, bar->w - pad, e) &&
	       imprint_turn(&level, 270, false, e);
	if (done) {
		imprint_invert(&level);
		imprint_add(p->sheet, &level, bar->x, bar->y);
	}
	imprint_free(&level);
	return done;
}

/* Takes a bar off the right of the words (and of an amount over them). */
static void
split_bar(struct imprint_plan *p, bool small, int dpi, struct imprint_box *bar)
{
	bool over = p->amount.x == p->words.x;
	int top = over ? p->amount.y : p->words.y;

	bar->w = imprint_dots(small ? 85 : 130, dpi);
	bar->x = p->words.x + p->words.w - bar->w;
	bar->y = top;
	bar->h = p->words.y + p->words.h - top;
	p->words.w -= bar->w + imprint_dots(40, dpi);
	if (over)
		p->amount.w = p->words.w;
}

static bool
write_all(const struct paper *paper, struct imprint_plan *p,
    enum imprint_layout layout, int dpi, const struct imprint_text *text,
    struct err *e)
{
	bool small = layout == LAYOUT_SMALL;
	struct imprint_box bar;
	struct lines lines;

	if (text->specimen || text->kind == KIND_SPECIMEN) {
		split_bar(p, small, dpi, &bar);
		if (!write_specimen(paper, &bar, e))
			return false;
	}
	collect(text, layout, &lines);
	/* letters under 9 dots or 36 mil cannot be told apart */
	return write_amount(paper, text, p, e) &&
	       write_lines(paper, &lines, &p->words, imprint_dots(110, dpi),
		   small ? 80 : 62, greater(9, imprint_dots(36, dpi)), e);
}

static void
rescale(struct imprint_box *box, const struct imprint_spec *spec, int dpi)
{
	box->x = (box->x * dpi + spec->dpi_x - 1) / spec->dpi_x;
	box->y = (box->y * dpi + spec->dpi_y - 1) / spec->dpi_y;
	box->w = box->w * dpi / spec->dpi_x;
	box->h = box->h * dpi / spec->dpi_y;
}

/* Letters are made of square dots at the lower resolution and, where the axes
 * differ, stretched: no stroke is ever lost. */
static bool
draw_words(struct imprint_pen *pen, const struct imprint_plan *plan,
    const struct imprint_spec *spec, const struct imprint_text *text,
    struct imprint *out, struct err *e)
{
	int dpi = lesser(spec->dpi_x, spec->dpi_y);
	struct imprint_plan p = *plan;
	struct paper paper = {pen, out};
	struct imprint square;
	bool done;

	if (spec->dpi_x == spec->dpi_y)
		return write_all(&paper, &p, spec->layout, dpi, text, e);
	rescale(&p.words, spec, dpi);
	rescale(&p.amount, spec, dpi);
	if (!imprint_make(&square, p.width * dpi / spec->dpi_x + 1,
		p.height * dpi / spec->dpi_y + 1, e))
		return false;
	paper.sheet = &square;
	done = write_all(&paper, &p, spec->layout, dpi, text, e);
	if (done)
		imprint_add_stretched(out, &square,
		    (struct imprint_ratio){spec->dpi_x, dpi},
		    (struct imprint_ratio){spec->dpi_y, dpi});
	imprint_free(&square);
	return done;
}

static bool
same_spec(const struct imprint_spec *a, const struct imprint_spec *b)
{
	return a->layout == b->layout && a->symbol == b->symbol &&
	       a->indicium_len == b->indicium_len && a->dpi_x == b->dpi_x &&
	       a->dpi_y == b->dpi_y;
}

static bool
same_text(const struct imprint_text *a, const struct imprint_text *b)
{
	return a->amount == b->amount &&
	       strcmp(a->currency, b->currency) == 0 &&
	       a->mail_date == b->mail_date && a->mailby == b->mailby &&
	       a->psd_expires == b->psd_expires &&
	       strcmp(a->origin_place, b->origin_place) == 0 &&
	       a->origin_zip == b->origin_zip &&
	       strcmp(a->class_name, b->class_name) == 0 &&
	       strcmp(a->psd_id, b->psd_id) == 0 && a->kind == b->kind &&
	       a->specimen == b->specimen;
}

bool
imprint_words_draw(struct imprint_pen *pen, const struct imprint_plan *plan,
    const struct imprint_spec *spec, const struct imprint_text *text,
    struct imprint *out, struct err *e)
{
	struct imprint_kept *kept = imprint_pen_kept(pen);

	if (kept->words.bits == NULL || !same_spec(&kept->spec, spec) ||
	    !same_text(&kept->text, text)) {
		imprint_free(&kept->words);
		if (!imprint_make(&kept->words, plan->width, plan->height, e))
			return false;
		if (!draw_words(pen, plan, spec, text, &kept->words, e)) {
			imprint_free(&kept->words);
			return false;
		}
		kept->spec = *spec;
		kept->text = *text;
	}
	return imprint_copy(&kept->words, out, e);
}
