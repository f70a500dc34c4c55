/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/report_plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/text.h"
#include "tools/draw.h"

#define WIDTH	 1280.0
#define HEIGHT	 680.0
#define LEFT	 96.0
#define RIGHT	 236.0 /* the legend's */
#define TOP	 76.0
#define BOTTOM	 66.0
#define KEY_MAX	 64
#define KEYS_MAX 4096
#define SHOWN	 8 /* keys with a colour */
#define TICKS	 6
#define BAR_MAX	 64.0
#define LABEL_PX 74.0 /* room of a date below the axis */
#define INK	 0x222222u
#define GREY	 0x777777u
#define GRID	 0xe4e4e4u
#define REST	 0xb4b4b4u

struct key {
	char name[KEY_MAX];
	mils sum;
	uint32_t place; /* in plot.sums */
};

struct plot {
	uint32_t first;
	uint32_t days;
	struct key *keys;
	uint32_t count;
	mils *sums; /* KEYS of each day: sums[place * days + day] */
	uint32_t room;
};

/* Distinct in hue and lightness, on paper too. */
static const uint32_t colours[SHOWN] = {0x2f6db5, 0xe08a1e, 0x3c9a5f, 0xb6443f,
    0x7a5aa6, 0x58b3c9, 0xd3b53a, 0x8c6d52};

bool
plot_new(uint32_t first, uint32_t last, struct plot **out, struct err *e)
{
	struct plot *p = calloc(1, sizeof(*p));

	if (p)
		p->keys = calloc(KEYS_MAX, sizeof(*p->keys));
	if (p == NULL || p->keys == NULL) {
		plot_free(p);
		return err_set(e, ERR_SYSTEM, "out of memory");
	}
	p->first = first;
	p->days = (uint32_t)(date_to_days(last) - date_to_days(first)) + 1;
	*out = p;
	return true;
}

void
plot_free(struct plot *p)
{
	if (p == NULL)
		return;
	free(p->keys);
	free(p->sums);
	free(p);
}

/* The key of this name; the last one takes what finds no room. */
static struct key *
find_key(struct plot *p, const char *name, struct err *e)
{
	char clean[KEY_MAX];
	mils *more;

	text_clean(name[0] ? name : "-", clean, sizeof(clean));
	for (uint32_t i = 0; i < p->count; i++)
		if (strcmp(p->keys[i].name, clean) == 0)
			return &p->keys[i];
	if (p->count == KEYS_MAX)
		return &p->keys[KEYS_MAX - 1];
	if (p->count == p->room) {
		uint32_t room = p->room ? 2 * p->room : 16;

		more = realloc(p->sums, (size_t)room * p->days * sizeof(*more));
		if (more == NULL) {
			err_set(e, ERR_SYSTEM, "out of memory");
			return NULL;
		}
		memset(more + (size_t)p->room * p->days, 0,
		    (size_t)(room - p->room) * p->days * sizeof(*more));
		p->sums = more;
		p->room = room;
	}
	memcpy(p->keys[p->count].name, clean, sizeof(clean));
	p->keys[p->count].place = p->count;
	return &p->keys[p->count++];
}

bool
plot_add(struct plot *p, uint32_t day, const char *key, mils sum, struct err *e)
{
	int index = date_to_days(day) - date_to_days(p->first);
	struct key *k;

	if (index < 0 || (uint32_t)index >= p->days)
		return true;
	k = find_key(p, key, e);
	if (k == NULL)
		return false;
	k->sum += sum;
	p->sums[(size_t)k->place * p->days + (uint32_t)index] += sum;
	return true;
}

/* --- the axes ---------------------------------------------------------------------- */

static double
at(const struct plot *p, const struct key *k, uint32_t day)
{
	return (double)p->sums[(size_t)k->place * p->days + day] /
	       MILS_PER_UNIT;
}

static double
highest_day(const struct plot *p)
{
	double most = 0;

	for (uint32_t day = 0; day < p->days; day++) {
		double sum = 0;

		for (uint32_t i = 0; i < p->count; i++)
			sum += at(p, &p->keys[i], day);
		most = fmax(most, sum);
	}
	return most;
}

/* 1, 2 or 5 times a power of ten, so that about TICKS steps reach `most`. */
static double
nice_step(double most)
{
	double raw = fmax(most, 0.01) / TICKS;
	double power = pow(10, floor(log10(raw)));

	for (int i = 0; i < 3; i++) {
		static const double steps[] = {1, 2, 5};

		if (steps[i] * power >= raw)
			return steps[i] * power;
	}
	return 10 * power;
}

static double
y_of(double value, double top)
{
	return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM);
}

static void
draw_values(struct draw *d, double step, double top)
{
	struct draw_style style = {
	    .size = 14, .align = DRAW_RIGHT, .colour = GREY};
	char text[48];

	for (int i = 0; i * step <= top * 1.0001; i++) {
		double y = y_of(i * step, top);
		struct draw_box line = {
		    LEFT, floor(y) + 0.5, WIDTH - LEFT - RIGHT, 0};

		draw_line(d, &line, 1, i == 0 ? INK : GRID);
		snprintf(text, sizeof(text),
		    step < 0.1 ? "%.2f"
		    : step < 1 ? "%.1f"
			       : "%.0f",
		    i * step);
		draw_text(d, LEFT - 10, y - 10, &style, text);
	}
}

static void
draw_days(struct draw *d, const struct plot *p, double pitch)
{
	struct draw_style style = {
	    .size = 14, .align = DRAW_MIDDLE, .colour = GREY};
	uint32_t every = (uint32_t)ceil(LABEL_PX / pitch);
	char date[DATE_TEXT], year[5] = "";

	for (uint32_t day = 0; day < p->days; day += every) {
		double x = LEFT + (day + 0.5) * pitch;
		struct draw_box tick = {floor(x) + 0.5, HEIGHT - BOTTOM, 0, 6};

		draw_line(d, &tick, 1, INK);
		date_format(date_add(p->first, (int)day), date);
		draw_text(d, x, HEIGHT - BOTTOM + 8, &style, date + 5);
		date[4] = '\0';
		if (strcmp(date, year) != 0)
			draw_text(d, x, HEIGHT - BOTTOM + 26, &style, date);
		memcpy(year, date, sizeof(year));
	}
}

/* --- bars and legend ------------------------------------------------------------------ */

static int
by_sum(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	return x->sum < y->sum	 ? 1
	       : x->sum > y->sum ? -1
				 : strcmp(x->name, y->name);
}

/* One part of a day's bar, upon what is there. */
static void
draw_part(struct draw *d, struct draw_box *bar, double value, double top,
    uint32_t colour)
{
	double height = value / top * (HEIGHT - TOP - BOTTOM);

	bar->y -= height;
	bar->height = height;
	if (value > 0)
		draw_fill(d, bar, colour);
}

static void
draw_bars(struct draw *d, const struct plot *p, double pitch, double top)
{
	double width = pitch < 4 ? pitch : fmin(BAR_MAX, pitch * 0.78);

	for (uint32_t day = 0; day < p->days; day++) {
		struct draw_box bar = {LEFT + (day + 0.5) * pitch - width / 2,
		    y_of(0, top), width, 0};
		double rest = 0;

		for (uint32_t i = 0; i < p->count; i++) {
			if (i < SHOWN)
				draw_part(d, &bar, at(p, &p->keys[i], day), top,
				    colours[i]);
			else
				rest += at(p, &p->keys[i], day);
		}
		draw_part(d, &bar, rest, top, REST);
	}
}

static void
draw_key(struct draw *d, double y, uint32_t colour, const char *name, mils sum)
{
	double x = WIDTH - RIGHT + 28;
	struct draw_box box = {x, y + 3, 14, 14};
	struct draw_style label = {.size = 15, .width = 104, .colour = INK};
	struct draw_style value = {
	    .size = 15, .align = DRAW_RIGHT, .colour = GREY};
	char text[MILS_TEXT];

	draw_fill(d, &box, colour);
	draw_text(d, x + 22, y, &label, name);
	draw_text(d, WIDTH - 20, y, &value, mils_format(sum, text));
}

static void
draw_legend(struct draw *d, const struct plot *p)
{
	double y = TOP;
	mils rest = 0;
	char text[32];

	for (uint32_t i = 0; i < p->count; i++) {
		if (i >= SHOWN) {
			rest += p->keys[i].sum;
			continue;
		}
		draw_key(d, y, colours[i], p->keys[i].name, p->keys[i].sum);
		y += 26;
	}
	snprintf(text, sizeof(text), "%u others",
	    p->count > SHOWN ? p->count - SHOWN : 0);
	if (p->count > SHOWN)
		draw_key(d, y, REST, text, rest);
}

bool
plot_draw(const struct plot *p, const char *title, uint8_t **png, size_t *len,
    struct err *e)
{
	const struct draw_size size = {WIDTH, HEIGHT};
	struct draw_style head = {.size = 24, .bold = true, .colour = INK};
	double pitch = (WIDTH - LEFT - RIGHT) / p->days;
	double most = highest_day(p), step = nice_step(most);
	double top = fmax(step, ceil(most / step - 1e-9) * step);
	struct draw *d;

	if (!draw_png(&size, &d, e))
		return false;
	qsort(p->keys, p->count, sizeof(*p->keys), by_sum);
	draw_text(d, LEFT, 22, &head, title);
	draw_values(d, step, top);
	draw_bars(d, p, pitch, top);
	draw_days(d, p, pitch);
	draw_legend(d, p);
	return draw_end(d, png, len, e);
}
