/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/band.h"

#include <stdlib.h>
#include <string.h>

#include "filter/band_own.h"
#include "filter/clear.h"
#include "filter/raster.h"

bool
band_begin(struct band *b, const cups_page_header2_t *h,
    const struct pageout_layout *layout, int top, int end, struct err *e)
{
	b->canvas = raster_describe(h);
	b->canvas.height = end - top;
	b->layout = *layout;
	b->top = top;
	b->clear_count = b->stamp_count = 0;
	coded_store_clear(&b->under);
	coded_store_clear(&b->drawn);
	return canvas_check(&b->canvas, e);
}

void
band_free(struct band *b)
{
	coded_store_free(&b->under);
	coded_store_free(&b->drawn);
	free(b->clear);
	free(b->stamps);
	*b = (struct band){.top = 0};
}

void
band_desk_free(struct band_desk *d)
{
	imprint_pen_free(d->pen);
	free(d->pixels);
	free(d->code);
	free(d->rows);
	free(d->above);
	*d = (struct band_desk){.pen = NULL};
}

/* Room for one more. */
static bool
grow(void **list, size_t count, size_t *room, size_t size, struct err *e)
{
	size_t wanted = *room > 0 ? 2 * *room : 8;
	void *larger;

	if (count < *room)
		return true;
	larger = realloc(*list, wanted * size);
	if (larger == NULL)
		return err_system(e, "memory for a page");
	*list = larger;
	*room = wanted;
	return true;
}

bool
band_add_clear(struct band *b, const struct canvas_rect *r, struct err *e)
{
	void *list = b->clear;

	if (!grow(&list, b->clear_count, &b->clear_room, sizeof(*r), e))
		return false;
	b->clear = list;
	b->clear[b->clear_count] = *r;
	b->clear[b->clear_count++].y -= b->top;
	return true;
}

bool
band_add_stamp(struct band *b, const struct band_stamp *stamp, struct err *e)
{
	void *list = b->stamps;

	if (!grow(&list, b->stamp_count, &b->stamp_room, sizeof(*stamp), e))
		return false;
	b->stamps = list;
	b->stamps[b->stamp_count++] = *stamp;
	return true;
}

bool
band_add_lines(struct band *b, const struct coded_lines *lines, struct err *e)
{
	return coded_store_add(&b->under, lines, e);
}

bool
band_make_room(uint8_t **bytes, size_t *room, size_t wanted, struct err *e)
{
	uint8_t *larger;

	if (wanted <= *room)
		return true;
	larger = realloc(*bytes, wanted);
	if (larger == NULL)
		return err_system(e, "memory for a page");
	*bytes = larger;
	*room = wanted;
	return true;
}

static bool
overlap(const struct canvas_rect *a, const struct canvas_rect *b)
{
	return a->x < b->x + b->width && b->x < a->x + a->width &&
	       a->y < b->y + b->height && b->y < a->y + a->height;
}

static bool
stays_coded(const struct band *b)
{
	const struct band_stamp *s = b->stamps;
	struct canvas_color white = canvas_white(&b->canvas);
	uint8_t dot[CANVAS_DOT_MAX];

	if (b->clear_count > 0 || b->canvas.order != CANVAS_CHUNKED ||
	    canvas_dot(&b->canvas, &white, dot) != b->layout.page.pixel)
		return false;
	/* Where stamps overlap the later one is seen. */
	for (size_t i = 0; i < b->stamp_count; i++) {
		struct canvas_rect r = s[i].plan->dots;

		for (size_t k = 0; k < i; k++)
			if (overlap(&r, &s[k].plan->dots))
				return false;
		r.y -= b->top;
		if (!canvas_inside(&b->canvas, &r))
			return false; /* canvas_put() has the words for it */
	}
	return true;
}

size_t
band_bytes(const struct band *b)
{
	return b->under.len;
}

size_t
band_pixels(const struct band *b)
{
	size_t lines = b->canvas.order == CANVAS_PLANAR
			   ? b->layout.page.lines
			   : (size_t)b->canvas.height;

	return stays_coded(b) ? 0 : lines * b->layout.sheet.bytes;
}

/* --- with pixels ------------------------------------------------------------- */

static void
fill_pixels(const struct band_drawing *d)
{
	const struct pageout_layout *l = &d->b->layout;
	size_t line = l->sheet.bytes;
	uint8_t *to = d->desk->pixels;
	struct coded_lines under;

	for (size_t at = 0; coded_store_next(&d->b->under, &at, &under);) {
		memset(to, l->white, line);
		coded_decode(&l->page, under.code, under.len, to + l->offset);
		for (unsigned i = 1; i < under.repeat; i++)
			memcpy(to + i * line, to, line);
		to += under.repeat * line;
	}
}

static bool
code_pixels(const struct band_drawing *d, size_t lines, struct err *e)
{
	const struct coded_form *form = &d->b->layout.sheet;
	const uint8_t *at = d->desk->pixels;

	while (lines > 0) {
		struct coded_lines coded = {.code = d->desk->code, .repeat = 1};

		while (
		    coded.repeat < lines && coded.repeat < CODED_REPEAT_MAX &&
		    memcmp(at, at + coded.repeat * form->bytes, form->bytes) ==
			0)
			coded.repeat++;
		coded.len = coded_encode(form, at, d->desk->code);
		if (!coded_store_add(&d->b->drawn, &coded, e))
			return false;
		at += coded.repeat * form->bytes;
		lines -= coded.repeat;
	}
	return true;
}

static bool
draw_pixels(const struct band_drawing *d, size_t size, struct err *e)
{
	struct band *b = d->b;
	struct band_desk *desk = d->desk;
	struct canvas canvas = b->canvas;
	size_t line = b->layout.sheet.bytes, offset = b->layout.offset;

	/* The canvas begins behind the left margin. */
	if (!band_make_room(
		&desk->pixels, &desk->pixels_room, size + offset, e))
		return false;
	canvas.pixels = desk->pixels + offset;
	canvas.bytes_per_line = line;
	canvas.size = size;
	if (!canvas_init(&canvas, e))
		return false;
	fill_pixels(d);
	for (size_t i = 0; i < b->clear_count; i++)
		if (!clear_rect(&canvas, &b->clear[i], e))
			return false;
	for (size_t i = 0; i < b->stamp_count; i++) {
		const struct canvas_rect *r = &b->stamps[i].plan->dots;

		if (!canvas_put(
			&canvas, &d->imprints[i], r->x, r->y - b->top, e))
			return false;
	}
	return code_pixels(d, size / line, e);
}

/* --- both -------------------------------------------------------------------- */

static bool
draw_imprints(const struct band_drawing *d, struct err *e)
{
	if (d->desk->pen == NULL && d->b->stamp_count > 0) {
		d->desk->pen = imprint_pen_new(e);
		if (d->desk->pen == NULL)
			return false;
		imprint_pen_share(d->desk->pen, d->desk->fonts);
	}
	for (size_t i = 0; i < d->b->stamp_count; i++) {
		const struct band_stamp *s = &d->b->stamps[i];
		struct imprint *im = &d->imprints[i];

		if (!imprint_draw(d->desk->pen, &s->plan->spec,
			s->issued.indicium, &s->words, im, e) ||
		    !imprint_turn(im, s->plan->rotation, s->mirror, e))
			return false;
		if (im->width != s->plan->dots.width ||
		    im->height != s->plan->dots.height)
			return err_set(e, ERR_CORRUPT,
			    "a stamp of %d x %d dots, %d x %d were planned",
			    im->width, im->height, s->plan->dots.width,
			    s->plan->dots.height);
	}
	return true;
}

static void
put_in_order(const struct band_drawing *d)
{
	const struct band_stamp *s = d->b->stamps;

	for (size_t i = 0; i < d->b->stamp_count; i++) {
		size_t k = i;

		for (; k > 0 &&
		       s[d->order[k - 1]].plan->dots.x > s[i].plan->dots.x;
		     k--)
			d->order[k] = d->order[k - 1];
		d->order[k] = i;
	}
}

bool
band_draw(struct band *b, struct band_desk *desk, struct err *e)
{
	size_t pixels = band_pixels(b), count = b->stamp_count + 1;
	struct band_drawing d = {.b = b,
	    .desk = desk,
	    .imprints = calloc(count, sizeof(*d.imprints)),
	    .order = calloc(count, sizeof(*d.order))};
	bool good = false;

	if (d.imprints == NULL || d.order == NULL) {
		err_system(e, "memory for stamps");
	} else {
		put_in_order(&d);
		good = band_make_room(&desk->code, &desk->code_room,
			   coded_room(&b->layout.sheet), e) &&
		       draw_imprints(&d, e) &&
		       (pixels > 0 ? draw_pixels(&d, pixels, e)
				   : band_draw_coded(&d, e));
	}
	for (size_t i = 0; d.imprints != NULL && i < count; i++)
		imprint_free(&d.imprints[i]);
	free(d.imprints);
	free(d.order);
	return good;
}
