/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/band_own.h"

#include <stdlib.h>
#include <string.h>

struct coded {
	const struct band_drawing *d;
	uint8_t margin[CODED_PIXEL_MAX];
	uint8_t dots[2][CANVAS_DOT_MAX]; /* white, black */
	const uint8_t *colors[2];	 /* they */
	size_t across; /* strips of a row of the widest stamp */
};

/* The stamp's row of dots in line `y` of the band, or NULL. */
static const uint8_t *
row_of(const struct band_drawing *d, size_t i, int y)
{
	const struct imprint *im = &d->imprints[i];
	int row = y - (d->b->stamps[i].plan->dots.y - d->b->top);

	if (row < 0 || row >= im->height)
		return NULL;
	return im->bits + (size_t)row * im->stride;
}

/* True if the stamps' dots in the line are those of the line above. */
static bool
is_as_above(const struct band_drawing *d, int y)
{
	for (size_t i = 0; i < d->b->stamp_count; i++) {
		const uint8_t *row = row_of(d, i, y);
		const uint8_t *above = row_of(d, i, y - 1);

		if ((row == NULL) != (above == NULL) ||
		    (row != NULL &&
			memcmp(row, above, d->imprints[i].stride) != 0))
			return false;
	}
	return true;
}

/* A strip for each SPLICE_STRIP dots of each stamp, with its code. */
static bool
make_strips(struct coded *c, struct err *e)
{
	struct band_desk *desk = c->d->desk;
	size_t room = SPLICE_STRIP_ROOM(c->d->b->layout.page.pixel), count;
	uint8_t *strips = (uint8_t *)desk->strips;

	c->across = 0;
	for (size_t i = 0; i < c->d->b->stamp_count; i++) {
		size_t n =
		    ((size_t)c->d->imprints[i].width + SPLICE_STRIP - 1) /
		    SPLICE_STRIP;

		c->across = n > c->across ? n : c->across;
	}
	count = c->across * c->d->b->stamp_count;
	if (!band_make_room(
		&strips, &desk->strips_room, count * sizeof(*desk->strips), e))
		return false;
	desk->strips = (void *)strips;
	if (!band_make_room(
		&desk->strip_codes, &desk->strip_codes_room, count * room, e))
		return false;
	for (size_t i = 0; i < count; i++)
		desk->strips[i] =
		    (struct splice_strip){.code = desk->strip_codes + i * room};
	return true;
}

static bool
is_made_of(const struct splice_strip *s, const uint8_t *bits, size_t count)
{
	return s->bits != NULL && s->count == count &&
	       memcmp(s->bits, bits, (count + 7) / 8) == 0;
}

/* The row of the `i`th stamp from the left: strips as they are in the line
 * above or in the stamp to the left, where they can be. */
static void
put_row(const struct coded *c, struct splice *s, size_t i, const uint8_t *row,
    size_t width)
{
	struct splice_strip *above = c->d->desk->strips + i * c->across;
	const struct splice_strip *left = i > 0 ? above - c->across : above;

	for (; width > 0; above++, left++) {
		size_t count = width < SPLICE_STRIP ? width : SPLICE_STRIP;

		if (is_made_of(above, row, count)) {
			splice_strip(s, above);
		} else if (is_made_of(left, row, count)) {
			splice_strip(s, left);
		} else {
			splice_strip_make(
			    above, s->pixel, row, count, c->colors);
			splice_strip(s, above);
		}
		row += count / 8;
		width -= count;
	}
}

static size_t
put_line(const struct coded *c, const uint8_t *under, int y)
{
	const struct band *b = c->d->b;
	const struct pageout_layout *l = &b->layout;
	size_t before = l->offset / l->page.pixel, x = 0;
	size_t width = l->page.bytes / l->page.pixel;
	struct splice_from from = {.code = under};
	struct splice s;

	splice_begin(&s, l->page.pixel, c->d->desk->code);
	splice_run(&s, c->margin, before);
	for (size_t i = 0; i < b->stamp_count; i++) {
		size_t stamp = c->d->order[i];
		const struct canvas_rect *r = &b->stamps[stamp].plan->dots;
		const uint8_t *row = row_of(c->d, stamp, y);

		if (row == NULL)
			continue;
		splice_line(&s, &from, (size_t)r->x - x);
		splice_skip(&s, &from, (size_t)r->width);
		put_row(c, &s, i, row, (size_t)r->width);
		x = (size_t)(r->x + r->width);
	}
	splice_line(&s, &from, width - x);
	splice_run(
	    &s, c->margin, l->sheet.bytes / l->sheet.pixel - before - width);
	return splice_end(&s);
}

static bool
put_lines(const struct coded *c, struct err *e)
{
	struct band *b = c->d->b;
	struct coded_lines under, line = {.code = c->d->desk->code};
	int y = 0;

	for (size_t at = 0; coded_store_next(&b->under, &at, &under);)
		for (unsigned i = 0; i < under.repeat; i++, y++) {
			if (i > 0 && line.repeat < CODED_REPEAT_MAX &&
			    is_as_above(c->d, y)) {
				line.repeat++;
				continue;
			}
			if (line.repeat > 0 &&
			    !coded_store_add(&b->drawn, &line, e))
				return false;
			line.len = put_line(c, under.code, y);
			line.repeat = 1;
		}
	return coded_store_add(&b->drawn, &line, e);
}

bool
band_draw_coded(const struct band_drawing *d, struct err *e)
{
	struct canvas_color white = canvas_white(&d->b->canvas);
	struct canvas_color black = canvas_black(&d->b->canvas);
	struct coded c = {.d = d};

	memset(c.margin, d->b->layout.white, sizeof(c.margin));
	(void)canvas_dot(&d->b->canvas, &white, c.dots[0]);
	(void)canvas_dot(&d->b->canvas, &black, c.dots[1]);
	c.colors[0] = c.dots[0];
	c.colors[1] = c.dots[1];
	return make_strips(&c, e) && put_lines(&c, e);
}
