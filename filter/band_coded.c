/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/band_own.h"

#include <stdlib.h>
#include <string.h>

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
		size_t stamp = d->order[i];
		const struct canvas_rect *r = &b->stamps[stamp].plan->dots;
		const uint8_t *row = row_of(d, stamp, y);

		if (row == NULL)
			continue;
		splice_line(&s, &from, (size_t)r->x - x);
		splice_skip(&s, &from, (size_t)r->width);
		splice_dots(&s, d->desk->cache, row, (size_t)r->width);
		x = (size_t)(r->x + r->width);
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

bool
band_draw_coded(const struct band_drawing *d, struct err *e)
{
	struct canvas_color white = canvas_white(&d->b->canvas);
	struct canvas_color black = canvas_black(&d->b->canvas);
	uint8_t dots[2][CANVAS_DOT_MAX];

	if (d->desk->cache == NULL) {
		d->desk->cache = calloc(1, sizeof(*d->desk->cache));
		if (d->desk->cache == NULL)
			return err_system(e, "memory for stamps");
	}
	(void)canvas_dot(&d->b->canvas, &white, dots[0]);
	(void)canvas_dot(&d->b->canvas, &black, dots[1]);
	splice_colors(
	    d->desk->cache, d->b->layout.page.pixel, dots[0], dots[1]);
	return put_lines(d, e);
}
