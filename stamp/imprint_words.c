/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/imprint_words.h"

#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "base/text.h"
#include "stamp/imprint_text.h"

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

/* Lines on an even grid whose last baseline is the lower edge of the box; one
 * size for all but the fine print, where no line then loses more than a fifth
 * of it.  `share` of the grid in percent is the height of capitals; `least` is
 * the smallest legible size. */
static void
write_lines(struct imprint_pen *pen, const struct lines *l,
    const struct imprint_box *box, int pitch_max, int share, int least)
{
	int pitch = l->count > 0 ? lesser(box->h / l->count, pitch_max) : 0;
	int cap = pitch * share / 100, best, common, size[LINES_MAX] = {0};

	common = best = imprint_pen_fit(pen, "H", false, cap, box->w);
	for (int i = 0; i < l->count; i++) {
		const struct line *line = &l->line[i];

		size[i] =
		    imprint_pen_fit(pen, line->text, line->bold, cap, box->w);
		if (!line->fine)
			common = lesser(common, size[i]);
	}
	if (common < best * 4 / 5)
		common = best * 4 / 5;
	for (int i = 0; i < l->count; i++) {
		const struct line *line = &l->line[i];

		size[i] = lesser(common, size[i]);
		if (size[i] < least)
			size[i] = lesser(least, best);
		imprint_pen_write(pen, line->text, line->bold, size[i], box->x,
		    box->y + box->h - pitch * (l->count - 1 - i), box->w,
		    ALIGN_LEFT);
	}
}

static void
write_amount(struct imprint_pen *pen, const struct imprint_text *t,
    const struct imprint_plan *p)
{
	char number[MILS_TEXT], raw[64], text[64];
	int size;

	snprintf(raw, sizeof raw, "%s%s",
	    t->currency[0] != '\0' ? t->currency : "$",
	    mils_format(t->amount, number));
	text_clean(raw, text, sizeof text);
	size = imprint_pen_fit(pen, text, true, p->amount.h, p->amount.w);
	imprint_pen_write(pen, text, true, size, p->amount.x,
	    p->amount.y + p->amount.h, p->amount.w,
	    p->amount_right ? ALIGN_RIGHT : ALIGN_LEFT);
}

/* SPECIMEN in white on a black bar that reads upwards.  Letters are drawn
 * level and the dots turned: hinting works along the axes only. */
static bool
write_specimen(
    struct imprint_pen *pen, const struct imprint_box *bar, struct err *e)
{
	static const char word[] = "SPECIMEN";
	struct imprint_pen level;
	int pad = bar->w / 4, width = bar->h - 2 * pad, size;

	if (!imprint_pen_open(&level, bar->h, bar->w, e))
		return false;
	size = imprint_pen_fit(&level, word, true, bar->w - 2 * pad, width);
	imprint_pen_write(
	    &level, word, true, size, pad, bar->w - pad, width, ALIGN_SPREAD);
	for (int y = 0; y < bar->h; y++)
		for (int x = 0; x < bar->w; x++)
			if (!imprint_pen_get(&level, bar->h - 1 - y, x))
				imprint_pen_set(pen, bar->x + x, bar->y + y);
	imprint_pen_close(&level);
	return true;
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
write_all(struct imprint_pen *pen, struct imprint_plan *p,
    enum imprint_layout layout, int dpi, const struct imprint_text *text,
    struct err *e)
{
	bool small = layout == LAYOUT_SMALL;
	struct imprint_box bar;
	struct lines lines;

	if (text->specimen || text->kind == KIND_SPECIMEN) {
		split_bar(p, small, dpi, &bar);
		if (!write_specimen(pen, &bar, e))
			return false;
	}
	write_amount(pen, text, p);
	collect(text, layout, &lines);
	/* letters under 9 dots or 36 mil cannot be told apart */
	write_lines(pen, &lines, &p->words, imprint_dots(110, dpi),
	    small ? 80 : 62, greater(9, imprint_dots(36, dpi)));
	return true;
}

static void
rescale(struct imprint_box *box, const struct imprint_spec *spec, int dpi)
{
	box->x = (box->x * dpi + spec->dpi_x - 1) / spec->dpi_x;
	box->y = (box->y * dpi + spec->dpi_y - 1) / spec->dpi_y;
	box->w = box->w * dpi / spec->dpi_x;
	box->h = box->h * dpi / spec->dpi_y;
}

static void
copy_line(const uint8_t *line, int dpi, int dpi_x, int y, struct imprint *out)
{
	const uint8_t *end = line + out->width, *at = line;

	if (dpi != dpi_x) {
		for (int x = 0; x < out->width; x++)
			if (line[x * dpi / dpi_x] != 0)
				imprint_set(out, x, y);
		return;
	}
	/* most of it is white */
	for (; (at = memchr(at, 1, (size_t)(end - at))) != NULL; at++)
		imprint_set(out, (int)(at - line), y);
}

/* Letters are made of square dots at the lower resolution and, where the axes
 * differ, stretched: no stroke is ever lost. */
bool
imprint_words_draw(const struct imprint_plan *plan,
    const struct imprint_spec *spec, const struct imprint_text *text,
    struct imprint *out, struct err *e)
{
	int dpi = lesser(spec->dpi_x, spec->dpi_y);
	struct imprint_plan p = *plan;
	struct imprint_pen pen;
	bool done;

	rescale(&p.words, spec, dpi);
	rescale(&p.amount, spec, dpi);
	if (!imprint_pen_open(&pen, p.width * dpi / spec->dpi_x + 1,
		p.height * dpi / spec->dpi_y + 1, e))
		return false;
	done = write_all(&pen, &p, spec->layout, dpi, text, e);
	for (int y = 0; y < p.height && done; y++)
		copy_line(imprint_pen_line(&pen, y * dpi / spec->dpi_y), dpi,
		    spec->dpi_x, y, out);
	imprint_pen_close(&pen);
	return done;
}
