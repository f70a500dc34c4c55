/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/compose.h"

#include <stdlib.h>
#include <string.h>

#include "filter/clear.h"
#include "filter/outbox.h"
#include "filter/raster.h"

/* Lines of a page that something is drawn on. */
struct lines {
	int top, end; /* not in it */
};

struct stream {
	struct compose *c;
	struct pageout *out;
	struct outbox *outbox;
	uint32_t *uses; /* of each source page, still to come */
	uint32_t total; /* output pages of the whole job */

	/* the page that is written */
	const struct plan_page *page;
	const struct geometry *geometry;
	cups_page_header2_t header;
	struct coded_form form;
	struct pageout_sheet sheet;
	struct band_stamp *stamps; /* page->count of them */
	struct lines *bands;
	size_t band_count;
};

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
	return clear_dots((int)s->header.cupsWidth, (int)s->header.cupsHeight,
	    s->geometry, ink);
}

static void
add_band(struct stream *s, const struct canvas_rect *r, int around_it)
{
	int height = (int)s->header.cupsHeight;
	struct lines b = {r->y - around_it, r->y + r->height + around_it};

	if (r->width <= 0 || r->height <= 0)
		return;
	/* All lines of a colour come before the next colour's first. */
	if (is_planar(s))
		b = (struct lines){0, height};
	if (b.top < 0)
		b.top = 0;
	if (b.end > height)
		b.end = height;
	s->bands[s->band_count++] = b;
}

static int
by_top(const void *a, const void *b)
{
	return ((const struct lines *)a)->top - ((const struct lines *)b)->top;
}

/* Bands of all rectangles, in order, no two on one line. */
static bool
find_bands(struct stream *s, struct err *e)
{
	const struct plan_stamp *stamps = s->c->plan->stamps;
	size_t first, end, count = 0;
	struct lines *larger;

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

			add_band(s, &r, CLEAR_AROUND);
		}
	for (size_t i = 0; i < s->page->count; i++)
		add_band(s, &stamps[s->page->first + i].dots, 0);
	qsort(s->bands, s->band_count, sizeof(*s->bands), by_top);
	for (size_t i = 0; i < s->band_count; i++) {
		const struct lines *b = &s->bands[i];

		if (count == 0 || b->top >= s->bands[count - 1].end)
			s->bands[count++] = *b;
		else if (b->end > s->bands[count - 1].end)
			s->bands[count - 1].end = b->end;
	}
	s->band_count = count;
	return true;
}

/* --- lines ------------------------------------------------------------------- */

/* What lies on the band. */
static bool
fill_band(
    struct stream *s, const struct lines *l, struct band *band, struct err *e)
{
	const struct plan_stamp *stamps = s->c->plan->stamps;
	size_t first, end;

	if (!band_begin(band, &s->header, &s->sheet.layout, l->top, l->end, e))
		return false;
	marks_of(s, &first, &end);
	for (size_t i = first; i < end; i++)
		for (int k = 0; k < stamps[i].mark.ink_count; k++) {
			struct canvas_rect r =
			    ink_dots(s, stamps[i].mark.ink[k]);

			if (r.y >= l->top && r.y < l->end &&
			    !band_add_clear(band, &r, e))
				return false;
		}
	for (size_t i = 0; i < s->page->count; i++) {
		int y = s->stamps[i].plan->dots.y;

		if (y >= l->top && y < l->end &&
		    !band_add_stamp(band, &s->stamps[i], e))
			return false;
	}
	return true;
}

/* The line of the page's planes behind the band. */
static size_t
lines_end(const struct stream *s, const struct lines *l)
{
	return is_planar(s) ? s->form.lines : (size_t)l->end;
}

/* The page's lines, as they are or as a part of a band. */
static bool
write_lines(struct stream *s, struct err *e)
{
	const struct lines *l = s->bands, *last = l + s->band_count;
	struct band *band = NULL; /* that is being filled */
	struct coded_lines lines = {.repeat = 0};
	size_t at = 0;

	while (at < s->form.lines) {
		size_t stop = l == last	     ? s->form.lines
			      : band == NULL ? (size_t)l->top
					     : lines_end(s, l);
		struct coded_lines part;

		if (band == NULL && l < last && at == stop) {
			if (!outbox_band(s->outbox, &band, e) ||
			    !fill_band(s, l, band, e))
				return false;
			continue;
		}
		if (lines.repeat == 0 &&
		    !backdrops_lines(s->c->backdrops, &lines, e))
			return false;
		part = lines;
		if (part.repeat > stop - at)
			part.repeat = (unsigned)(stop - at);
		if (!(band != NULL ? band_add_lines(band, &part, e)
				   : outbox_lines(s->outbox, &part, e)))
			return false;
		lines.repeat -= part.repeat;
		at += part.repeat;
		if (band != NULL && at == stop) {
			if (!outbox_draw(s->outbox, e))
				return false;
			band = NULL;
			l++;
		}
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
	return true;
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

/* The signed bytes of the page's stamps, in the order of the issuer. */
static bool
get_stamps(struct stream *s, const struct turn *turn, struct err *e)
{
	const struct plan *plan = s->c->plan;
	struct band_stamp *larger =
	    realloc(s->stamps, (s->page->count + 1) * sizeof(*s->stamps));

	if (larger == NULL)
		return err_system(e, "memory for stamps");
	s->stamps = larger;
	for (size_t i = 0; i < s->page->count; i++) {
		size_t stamp = s->page->first + i;
		struct band_stamp *b = &s->stamps[i];

		b->plan = &plan->stamps[stamp];
		b->mirror = s->geometry->mirror;
		if (!issuer_get(s->c->issuer,
			plan_index(plan, stamp, turn->copy), &b->issued,
			&b->words, e))
			return false;
	}
	return true;
}

static bool
write_page(struct stream *s, const struct turn *turn, struct err *e)
{
	if (s->c->progress != NULL)
		s->c->progress(s->c->context, s->c->pages + 1, s->total);
	if (!get_page(s, turn->index, e) || !find_bands(s, e) ||
	    !outbox_send(s->outbox, e) || !get_stamps(s, turn, e) ||
	    !pageout_sheet(s->out, &s->header, &s->sheet, e) ||
	    !outbox_page(s->outbox, &s->sheet, e) || !write_lines(s, e))
		return false;
	s->c->pages++;
	return true;
}

/* The code of a white line of each plane of the last page. */
static bool
white_lines(const struct stream *s, struct coded_store *out, struct err *e)
{
	cups_page_header2_t h = s->header;
	size_t planes = is_planar(s) ? h.cupsNumColors : 1;
	size_t size = planes * s->form.bytes;
	uint8_t *pixels = calloc(1, size);
	uint8_t *code = malloc(coded_room(&s->form));
	struct canvas line;
	bool good = false;

	h.cupsHeight = 1;
	if (pixels == NULL || code == NULL) {
		err_system(e, "memory for a page");
	} else if (raster_canvas(&h, pixels, size, &line, e)) {
		struct canvas_rect all = {0, 0, line.width, 1};
		struct canvas_color white = canvas_white(&line);

		good = canvas_fill(&line, &all, &white, e);
	}
	for (size_t i = 0; good && i < planes; i++) {
		const uint8_t *plane = pixels + i * s->form.bytes;
		struct coded_lines lines = {.code = code, .repeat = 1};

		lines.len = coded_encode(&s->form, plane, code);
		good = coded_store_add(out, &lines, e);
	}
	free(pixels);
	free(code);
	return good;
}

/* Two-sided with an odd number of pages: the next copy begins on a new
 * sheet. */
static bool
write_filler(struct stream *s, struct err *e)
{
	struct coded_store white = {.len = 0};
	struct coded_lines lines;
	bool good = white_lines(s, &white, e) &&
		    pageout_sheet(s->out, &s->header, &s->sheet, e) &&
		    outbox_page(s->outbox, &s->sheet, e);

	for (size_t at = 0; good && coded_store_next(&white, &at, &lines);)
		for (unsigned left = s->header.cupsHeight; good && left > 0;) {
			lines.repeat =
			    left < CODED_REPEAT_MAX ? left : CODED_REPEAT_MAX;
			left -= lines.repeat;
			good = outbox_lines(s->outbox, &lines, e);
		}
	coded_store_free(&white);
	s->c->pages++;
	return good;
}

static bool
write_all(struct stream *s, struct err *e)
{
	const struct plan *plan = s->c->plan;
	struct turn turn = {0, 0};
	bool more = true;

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
	return outbox_finish(s->outbox, e) &&
	       backdrops_finish(s->c->backdrops, e);
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
	good = count_uses(&s, e) && pageout_open(&c->out, &s.out, e) &&
	       outbox_open(s.out, &s.outbox, e) && write_all(&s, e);
	if (good) {
		good = pageout_close(s.out, &c->bytes, e);
		s.out = NULL;
	}
	outbox_close(s.outbox);
	pageout_free(s.out);
	free(s.uses);
	free(s.stamps);
	free(s.bands);
	return good;
}
