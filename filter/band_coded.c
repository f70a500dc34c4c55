/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/band_own.h"

#include <stdlib.h>
#include <string.h>

/* Strips of a row of a stamp; what is behind is coded anew each time. */
#define ACROSS 8

/* Rows of a stamp, whatever stamp it is: those of more share strips. */
#define ROWS 512

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

/* Dots as they are in the line above or, as words are the same on most stamps,
 * as they were in this row of another stamp. */
static void
put_strip(struct splice *s, struct band_desk *desk, struct splice_strip *above,
    struct splice_strip *row, const uint8_t *bits, size_t count)
{
	if (splice_known(s, &desk->colors, above, bits, count) ||
	    splice_known(s, &desk->colors, row, bits, count))
		return;
	splice_dots(s, &desk->colors, above, bits, count);
	*row = *above;
}

/* Row `y` of the `i`th stamp from the left, cut where its symbol ends. */
static void
put_row(const struct band_drawing *d, struct splice *s, size_t i, size_t y)
{
	const struct imprint *im = &d->imprints[d->order[i]];
	const uint8_t *bits = im->bits + y * im->stride;
	struct splice_strip *above = d->desk->above + i * ACROSS;
	struct splice_strip *row = d->desk->rows + y % ROWS * ACROSS;
	size_t width = (size_t)im->width, split = (size_t)im->split / 8 * 8;

	for (size_t x = 0, k = 0, n; x < width; x += n) {
		size_t end = x < split ? split : width;

		n = end - x < SPLICE_STRIP ? end - x : SPLICE_STRIP;
		put_strip(s, d->desk, &above[k], &row[k], bits + x / 8, n);
		k += k + 1 < ACROSS;
	}
}

static size_t
put_line(const struct band_drawing *d, const uint8_t *under, int y)
{
	const struct band *b = d->b;
	const struct pageout_layout *l = &b->layout;
	size_t before = l->offset / l->page.pixel, x = 0;
	size_t width = l->page.bytes / l->page.pixel;
	struct splice_from from = {.code = under};
	uint8_t margin[CODED_PIXEL_MAX];
	struct splice s;

	memset(margin, l->white, l->page.pixel);
	splice_begin(&s, l->page.pixel, d->desk->code);
	splice_run(&s, margin, before);
	for (size_t i = 0; i < b->stamp_count; i++) {
		const struct canvas_rect *r =
		    &b->stamps[d->order[i]].plan->dots;
		int row = y - (r->y - b->top);

		if (row < 0 || row >= r->height)
			continue;
		splice_line(&s, &from, (size_t)r->x - x);
		splice_skip(&s, &from, (size_t)r->width);
		put_row(d, &s, i, (size_t)row);
		x = (size_t)r->x + (size_t)r->width;
	}
	splice_line(&s, &from, width - x);
	splice_run(
	    &s, margin, l->sheet.bytes / l->sheet.pixel - before - width);
	return splice_end(&s);
}

static bool
put_lines(const struct band_drawing *d, struct err *e)
{
	struct band *b = d->b;
	struct coded_lines under, line = {.code = d->desk->code};
	int y = 0;

	for (size_t at = 0; coded_store_next(&b->under, &at, &under);)
		for (unsigned i = 0; i < under.repeat; i++, y++) {
			if (i > 0 && line.repeat < CODED_REPEAT_MAX &&
			    is_as_above(d, y)) {
				line.repeat++;
				continue;
			}
			if (line.repeat > 0 &&
			    !coded_store_add(&b->drawn, &line, e))
				return false;
			line.len = put_line(d, under.code, y);
			line.repeat = 1;
		}
	return coded_store_add(&b->drawn, &line, e);
}

/* Strips of this band, and those kept if they have its colours. */
static bool
set_desk(const struct band_drawing *d, struct err *e)
{
	struct band_desk *desk = d->desk;
	const struct canvas *c = &d->b->canvas;
	struct canvas_color white = canvas_white(c), black = canvas_black(c);
	size_t rows = ROWS * ACROSS * sizeof(*desk->rows);
	size_t above = (d->b->stamp_count + 1) * ACROSS * sizeof(*desk->above);
	struct splice_colors colors = {{{0}}};
	uint8_t *larger = (uint8_t *)desk->above;

	if (!band_make_room(&larger, &desk->above_room, above, e))
		return false;
	desk->above = (void *)larger;
	memset(desk->above, 0, above);
	(void)canvas_dot(c, &white, colors.of[0]);
	(void)canvas_dot(c, &black, colors.of[1]);
	if (desk->rows != NULL && desk->pixel == d->b->layout.page.pixel &&
	    memcmp(&desk->colors, &colors, sizeof(colors)) == 0)
		return true;
	free(desk->rows);
	desk->rows = calloc(1, rows);
	desk->pixel = d->b->layout.page.pixel;
	desk->colors = colors;
	return desk->rows != NULL || err_system(e, "memory for stamps");
}

bool
band_draw_coded(const struct band_drawing *d, struct err *e)
{
	return set_desk(d, e) && put_lines(d, e);
}
