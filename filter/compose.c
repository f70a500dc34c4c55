/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/compose.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "filter/drawing.h"
#include "filter/raster.h"

/* Lines of a page that something is drawn on. */
struct band {
	int top, end; /* not in it */
};

struct stream {
	struct compose *c;
	struct pageout *out;
	struct drawing_work work;
	uint32_t *uses; /* of each source page, still to come */
	uint32_t total; /* output pages of the whole job */

	/* the page that is written */
	const struct plan_page *page;
	const struct geometry *geometry;
	cups_page_header2_t header;
	struct coded_form form;
	struct drawing now, next;
	struct band *bands;
	size_t band_count;
	uint8_t *pixels; /* of one band */
	size_t pixels_room;
	uint8_t *code; /* of one line */
	size_t code_room;
};

/* Whole dots that hold the rectangle, cut to the canvas. */
static struct canvas_rect
whole_dots(int width, int height, struct rect r)
{
	int x0 = (int)floor(fmax(r.x, 0)), y0 = (int)floor(fmax(r.y, 0));
	int x1 = (int)ceil(fmin(r.x + r.w, width));
	int y1 = (int)ceil(fmin(r.y + r.h, height));

	return (struct canvas_rect){x0, y0, x1 - x0, y1 - y0};
}

#define VOTES 16

/* The commonest colour on the line just outside the rectangle. */
static struct canvas_color
around(const struct canvas *page, const struct canvas_rect *r)
{
	struct {
		struct canvas_color color;
		int count;
	} votes[VOTES];
	int used = 0, best = 0, x = r->x - 1, y = r->y - 1;
	int steps = 2 * (r->width + r->height) + 4;

	for (int i = 0; i < steps; i++) {
		struct canvas_rect dot = {x, y, 1, 1};
		struct canvas_color here;
		int k = 0;

		if (i < r->width + 1)
			x++;
		else if (i < r->width + r->height + 2)
			y++;
		else if (i < 2 * r->width + r->height + 3)
			x--;
		else
			y--;
		if (!canvas_inside(page, &dot))
			continue;
		here = canvas_sample(page, dot.x, dot.y);
		while (k < used &&
		       memcmp(&votes[k].color, &here, sizeof(here)) != 0)
			k++;
		if (k == VOTES)
			continue;
		if (k == used) {
			votes[used].color = here;
			votes[used++].count = 0;
		}
		if (++votes[k].count > votes[best].count)
			best = k;
	}
	return used > 0 ? votes[best].color : canvas_white(page);
}

static bool
clear_dots(struct canvas *page, const struct canvas_rect *r, struct err *e)
{
	struct canvas_color color;

	if (r->width <= 0 || r->height <= 0)
		return true;
	color = around(page, r);
	return canvas_fill(page, r, &color, e);
}

bool
compose_clear(struct canvas *page, const struct geometry *g,
    const struct placeholder *mark, struct err *e)
{
	for (int i = 0; i < mark->ink_count; i++) {
		struct canvas_rect r = whole_dots(page->width, page->height,
		    geometry_to_raster(g, mark->ink[i]));

		if (!clear_dots(page, &r, e))
			return false;
	}
	return true;
}

/* The first page that is equal to page `source`. */
static int
key_of(const struct compose *c, int source)
{
	return c->same != NULL ? c->same[source - 1] : source;
}

/* --- what is drawn on ---------------------------------------------------------- */

static bool
is_planar(const struct stream *s)
{
	return s->header.cupsColorOrder == CUPS_ORDER_PLANAR;
}

/* The output pages made from page `source` of the document: one, or all of
 * them where one page is repeated. */
static void
pages_of(const struct plan *plan, int source, size_t *first, size_t *end)
{
	bool repeated = plan->pages[plan->page_count - 1].source == 1;

	*first = repeated ? 0 : (size_t)source - 1;
	*end = repeated ? plan->page_count : (size_t)source;
}

/* The stamps whose marks are cleared on the page: of all output pages that
 * are made from its source. */
static void
marks_of(const struct stream *s, size_t *first, size_t *end)
{
	const struct plan *plan = s->c->plan;
	size_t page, last;

	pages_of(plan, s->page->source, &page, &last);
	*first = plan->pages[page].first;
	*end = *first;
	for (; page < last; page++)
		*end += plan->pages[page].count;
}

static struct canvas_rect
ink_dots(const struct stream *s, struct rect ink)
{
	return whole_dots((int)s->header.cupsWidth, (int)s->header.cupsHeight,
	    geometry_to_raster(s->geometry, ink));
}

static void
add_band(struct stream *s, const struct canvas_rect *r, int around_it)
{
	int height = (int)s->header.cupsHeight;
	struct band b = {r->y - around_it, r->y + r->height + around_it};

	if (r->width <= 0 || r->height <= 0)
		return;
	/* All lines of a colour come before the next colour's first. */
	if (is_planar(s))
		b = (struct band){0, height};
	if (b.top < 0)
		b.top = 0;
	if (b.end > height)
		b.end = height;
	s->bands[s->band_count++] = b;
}

static int
by_top(const void *a, const void *b)
{
	return ((const struct band *)a)->top - ((const struct band *)b)->top;
}

/* Bands of all rectangles, in order, no two on one line. */
static bool
find_bands(struct stream *s, struct err *e)
{
	const struct plan_stamp *stamps = s->c->plan->stamps;
	size_t first, end, count = 0;
	struct band *larger;

	marks_of(s, &first, &end);
	larger = realloc(
	    s->bands, (s->page->count + 1 + (end - first) * LOCATED_INK_MAX) *
			  sizeof(*s->bands));
	if (larger == NULL)
		return err_system(e, "memory for a page");
	s->bands = larger;
	s->band_count = 0;
	for (size_t i = first; i < end; i++)
		for (int k = 0; k < stamps[i].mark.ink_count; k++) {
			struct canvas_rect r =
			    ink_dots(s, stamps[i].mark.ink[k]);

			add_band(s, &r, 1); /* whose colour is looked at */
		}
	for (size_t i = 0; i < s->page->count; i++)
		add_band(s, &stamps[s->page->first + i].dots, 0);
	qsort(s->bands, s->band_count, sizeof(*s->bands), by_top);
	for (size_t i = 0; i < s->band_count; i++) {
		const struct band *b = &s->bands[i];

		if (count == 0 || b->top >= s->bands[count - 1].end)
			s->bands[count++] = *b;
		else if (b->end > s->bands[count - 1].end)
			s->bands[count - 1].end = b->end;
	}
	s->band_count = count;
	return true;
}

/* --- lines ------------------------------------------------------------------- */

/* Clears and stamps a band whose pixels are there. */
static bool
draw_band(struct stream *s, const struct band *b, struct err *e)
{
	const struct plan_stamp *stamps = s->c->plan->stamps;
	cups_page_header2_t h = s->header;
	struct canvas canvas;
	size_t first, end;

	h.cupsHeight = (unsigned)(b->end - b->top);
	if (!raster_canvas(&h, s->pixels, s->pixels_room, &canvas, e))
		return false;
	marks_of(s, &first, &end);
	for (size_t i = first; i < end; i++)
		for (int k = 0; k < stamps[i].mark.ink_count; k++) {
			struct canvas_rect r =
			    ink_dots(s, stamps[i].mark.ink[k]);

			if (r.y < b->top || r.y >= b->end)
				continue;
			r.y -= b->top;
			if (!clear_dots(&canvas, &r, e))
				return false;
		}
	for (size_t i = 0; i < s->now.count; i++) {
		const struct plan_stamp *p = &stamps[s->page->first + i];

		if (p->dots.y >= b->top && p->dots.y < b->end &&
		    !canvas_put(&canvas, &s->now.imprints[i], p->dots.x,
			p->dots.y - b->top, e))
			return false;
	}
	return true;
}

static bool
write_pixels(struct stream *s, size_t lines, struct err *e)
{
	const uint8_t *at = s->pixels;

	while (lines > 0) {
		struct coded_lines coded = {.code = s->code, .repeat = 1};

		while (coded.repeat < lines &&
		       coded.repeat < CODED_REPEAT_MAX &&
		       memcmp(at, at + coded.repeat * s->form.bytes,
			   s->form.bytes) == 0)
			coded.repeat++;
		coded.len = coded_encode(&s->form, at, s->code);
		if (!pageout_lines(s->out, &coded, e))
			return false;
		at += coded.repeat * s->form.bytes;
		lines -= coded.repeat;
	}
	return true;
}

static bool
make_room(uint8_t **bytes, size_t *room, size_t wanted, struct err *e)
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

static size_t
band_lines(const struct stream *s, const struct band *b)
{
	return is_planar(s) ? s->form.lines : (size_t)(b->end - b->top);
}

/* Takes lines that all lie in the band. */
static void
fill_band(struct stream *s, const struct coded_lines *lines, size_t have)
{
	uint8_t *to = s->pixels + have * s->form.bytes;

	coded_decode(&s->form, lines->code, lines->len, to);
	for (unsigned i = 1; i < lines->repeat; i++)
		memcpy(to + i * s->form.bytes, to, s->form.bytes);
}

/* The part of `lines`, the first of which is line `at` of the page, up to the
 * next line where a band begins or ends. */
static struct coded_lines
part_of(const struct coded_lines *lines, size_t at, const struct band *b,
    size_t band_end)
{
	struct coded_lines part = *lines;
	size_t stop = b == NULL		    ? SIZE_MAX
		      : at < (size_t)b->top ? (size_t)b->top
					    : band_end;

	if (part.repeat > stop - at)
		part.repeat = (unsigned)(stop - at);
	return part;
}

/* Passes lines on, or takes them into the band at *b. */
static bool
pass_lines(struct stream *s, struct coded_lines lines, size_t *at, size_t *band,
    struct err *e)
{
	while (lines.repeat > 0) {
		const struct band *b =
		    *band < s->band_count ? &s->bands[*band] : NULL;
		size_t top = b != NULL ? (size_t)b->top : 0;
		size_t end = b != NULL ? top + band_lines(s, b) : 0;
		struct coded_lines part = part_of(&lines, *at, b, end);

		lines.repeat -= part.repeat;
		if (b == NULL || *at < top) {
			*at += part.repeat;
			if (!pageout_lines(s->out, &part, e))
				return false;
			continue;
		}
		if (!make_room(&s->pixels, &s->pixels_room,
			(end - top) * s->form.bytes, e))
			return false;
		fill_band(s, &part, *at - top);
		*at += part.repeat;
		if (*at < end)
			continue;
		if (!draw_band(s, b, e) || !write_pixels(s, end - top, e))
			return false;
		(*band)++;
	}
	return true;
}

/* --- pages ------------------------------------------------------------------- */

static bool
get_page(struct stream *s, size_t index, struct err *e)
{
	const struct plan_page *page = &s->c->plan->pages[index];
	const struct geometry *g = &s->c->geometry[page->source - 1];
	uint32_t *uses = &s->uses[key_of(s->c, page->source) - 1];

	s->page = page;
	s->geometry = g;
	--*uses;
	if (!backdrops_get(s->c->backdrops, page->source, *uses > 0, &s->header,
		&s->form, e))
		return false;
	s->header.NumCopies = 1;
	/* A page without stamps may be as it likes. */
	if (page->count > 0 && !geometry_fits(g, &s->header))
		return err_set(e, ERR_CORRUPT,
		    "page %d came out of Ghostscript as %u x %u dots, %d x %d "
		    "were expected",
		    page->source, s->header.cupsWidth, s->header.cupsHeight,
		    g->width, g->height);
	return make_room(&s->code, &s->code_room, coded_room(&s->form), e);
}

/* Which page is written: the order of the output. */
struct turn {
	size_t index;
	uint32_t copy;
};

/* False: that was the last one. */
static bool
turn_next(const struct plan *plan, struct turn *t)
{
	if (plan->collate) {
		if (++t->index == plan->page_count) {
			t->index = 0;
			t->copy++;
		}
		return t->copy < plan->copies;
	}
	if (++t->copy == plan->copies) {
		t->copy = 0;
		t->index++;
	}
	return t->index < plan->page_count;
}

/* The page's imprints; those of the next page are begun. */
static bool
take_drawing(struct stream *s, const struct turn *turn, struct err *e)
{
	struct turn next = *turn;

	if (!drawing_finish(&s->next, e))
		return false;
	drawing_free(&s->now);
	s->now = s->next;
	s->next = (struct drawing){.count = 0};
	return !turn_next(s->c->plan, &next) ||
	       drawing_start(&s->next, &s->work, next.index, next.copy, e);
}

static bool
write_page(struct stream *s, const struct turn *turn, struct err *e)
{
	size_t at = 0, band = 0;

	if (s->c->progress != NULL)
		s->c->progress(s->c->context, s->c->pages + 1, s->total);
	if (!get_page(s, turn->index, e) || !find_bands(s, e) ||
	    !take_drawing(s, turn, e) || !pageout_page(s->out, &s->header, e))
		return false;
	while (at < s->form.lines) {
		struct coded_lines lines;

		if (!backdrops_lines(s->c->backdrops, &lines, e) ||
		    !pass_lines(s, lines, &at, &band, e))
			return false;
	}
	s->c->pages++;
	return true;
}

/* Two-sided with an odd number of pages: the next copy begins on a new
 * sheet. */
static bool
write_filler(struct stream *s, struct err *e)
{
	cups_page_header2_t h = s->header;
	struct coded_lines lines = {.code = s->code};
	struct canvas line;
	struct canvas_color white;
	bool planar = is_planar(s);
	size_t planes = planar ? s->header.cupsNumColors : 1;

	h.cupsHeight = 1;
	if (!make_room(
		&s->pixels, &s->pixels_room, planes * s->form.bytes, e) ||
	    !raster_canvas(&h, s->pixels, s->pixels_room, &line, e))
		return false;
	memset(s->pixels, 0, planes * s->form.bytes);
	white = canvas_white(&line);
	if (!canvas_fill(
		&line, &(struct canvas_rect){0, 0, line.width, 1}, &white, e) ||
	    !pageout_page(s->out, &s->header, e))
		return false;
	for (size_t i = 0; i < planes; i++) {
		lines.len = coded_encode(
		    &s->form, s->pixels + i * s->form.bytes, s->code);
		for (unsigned left = s->header.cupsHeight; left > 0;) {
			lines.repeat =
			    left < CODED_REPEAT_MAX ? left : CODED_REPEAT_MAX;
			left -= lines.repeat;
			if (!pageout_lines(s->out, &lines, e))
				return false;
		}
	}
	s->c->pages++;
	return true;
}

static bool
write_all(struct stream *s, struct err *e)
{
	const struct plan *plan = s->c->plan;
	struct turn turn = {0, 0};
	bool more = true;

	if (!drawing_start(&s->next, &s->work, 0, 0, e))
		return false;
	while (more) {
		uint32_t copy = turn.copy;

		if (!write_page(s, &turn, e))
			return false;
		more = turn_next(plan, &turn);
		if (more && plan->collate && turn.copy > copy &&
		    s->c->fill_back && plan->page_count % 2 == 1 &&
		    !write_filler(s, e))
			return false;
	}
	return backdrops_finish(s->c->backdrops, e);
}

static bool
count_uses(struct stream *s, struct err *e)
{
	const struct plan *plan = s->c->plan;

	s->uses = calloc((size_t)s->c->source_pages, sizeof(*s->uses));
	if (s->uses == NULL)
		return err_system(e, "memory for pages");
	for (size_t i = 0; i < plan->page_count; i++)
		s->uses[key_of(s->c, plan->pages[i].source) - 1] +=
		    plan->copies;
	return true;
}

bool
compose_write(struct compose *c, struct err *e)
{
	struct stream s = {
	    .c = c, .total = (uint32_t)c->plan->page_count * c->plan->copies};
	bool good;

	c->pages = 0;
	c->bytes = 0;
	s.work = (struct drawing_work){.plan = c->plan,
	    .geometry = c->geometry,
	    .issuer = c->issuer,
	    .pen = imprint_pen_new(e)};
	if (s.work.pen == NULL)
		return false;
	good = count_uses(&s, e) && pageout_open(&c->out, &s.out, e) &&
	       write_all(&s, e);
	if (good) {
		good = pageout_close(s.out, &c->bytes, e);
		s.out = NULL;
	}
	pageout_free(s.out);
	drawing_free(&s.next);
	drawing_free(&s.now);
	imprint_pen_free(s.work.pen);
	free(s.uses);
	free(s.bands);
	free(s.pixels);
	free(s.code);
	return good;
}
