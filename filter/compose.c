/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/compose.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter/raster.h"

#define WRITE_POLL_MS 500

/* One page as the renderer gave it, and as it is stamped. */
struct sheet_of_dots {
	cups_page_header2_t header;
	uint8_t *clean; /* marks cleared */
	size_t room, bytes;
	struct canvas canvas; /* of clean */
};

/* What a stamp hides, to be put back for the next copy. */
struct hidden {
	uint8_t *lines;
	size_t room;
};

struct stream {
	struct compose *c;
	cups_raster_t *raster;
	struct imprint_pen *pen;
	struct sheet_of_dots page;
	uint32_t total; /* output pages of the whole job */
};

static ssize_t
stream_write(void *context, unsigned char *bytes, size_t len)
{
	struct stream *s = context;
	size_t done = 0;

	while (done < len) {
		struct pollfd p = {.fd = s->c->fd, .events = POLLOUT};
		ssize_t n;

		if (s->c->setup->stop != NULL && *s->c->setup->stop)
			return -1;
		if (poll(&p, 1, WRITE_POLL_MS) <= 0)
			continue;
		n = write(s->c->fd, bytes + done, len - done);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -1;
		if (n > 0)
			done += (size_t)n;
	}
	s->c->bytes += len;
	return (ssize_t)len;
}

/* Whole dots that hold the rectangle, cut to the canvas. */
static struct canvas_rect
whole_dots(const struct canvas *page, struct rect r)
{
	int x0 = (int)floor(fmax(r.x, 0)), y0 = (int)floor(fmax(r.y, 0));
	int x1 = (int)ceil(fmin(r.x + r.w, page->width));
	int y1 = (int)ceil(fmin(r.y + r.h, page->height));

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

bool
compose_clear(struct canvas *page, const struct geometry *g,
    const struct placeholder *mark, struct err *e)
{
	for (int i = 0; i < mark->ink_count; i++) {
		struct canvas_rect r =
		    whole_dots(page, geometry_to_raster(g, mark->ink[i]));
		struct canvas_color color;

		if (r.width <= 0 || r.height <= 0)
			continue;
		color = around(page, &r);
		if (!canvas_fill(page, &r, &color, e))
			return false;
	}
	return true;
}

static bool
put_stamp(struct stream *s, size_t stamp, uint32_t copy,
    const struct geometry *g, struct err *e)
{
	const struct plan_stamp *p = &s->c->plan->stamps[stamp];
	struct issued_stamp issued;
	struct imprint_text words;
	struct imprint im = {.bits = NULL};
	bool done;

	if (!issuer_get(s->c->issuer, plan_index(s->c->plan, stamp, copy),
		&issued, &words, e))
		return false;
	done =
	    imprint_draw(s->pen, &p->spec, issued.indicium, &words, &im, e) &&
	    imprint_turn(&im, p->rotation, g->mirror, e) &&
	    canvas_put(&s->page.canvas, &im, p->dots.x, p->dots.y, e);
	imprint_free(&im);
	return done;
}

static bool
write_page(struct stream *s, struct err *e)
{
	size_t left = s->page.bytes;
	uint8_t *from = s->page.clean;

	if (!cupsRasterWriteHeader2(s->raster, &s->page.header))
		return err_system(e, "writing the page");
	while (left > 0) {
		unsigned lines =
		    (unsigned)((left > INT_MAX / 4 ? INT_MAX / 4 : left) /
			       s->page.header.cupsBytesPerLine);
		unsigned part = lines * s->page.header.cupsBytesPerLine;

		errno = 0;
		if (cupsRasterWritePixels(s->raster, from, part) != part) {
			if (s->c->setup->stop != NULL && *s->c->setup->stop)
				return err_set(
				    e, ERR_SYSTEM, "the job was cancelled");
			return err_system(e, "writing the page");
		}
		from += part;
		left -= part;
	}
	s->c->pages++;
	return true;
}

/* The rows that the page's stamps lie on, kept before the first stamping and
 * put back before the next. */
static bool
keep_rows(const struct stream *s, const struct plan_page *page,
    struct hidden *h, bool put_back, struct err *e)
{
	const struct sheet_of_dots *d = &s->page;
	size_t line = d->header.cupsBytesPerLine, used = 0;
	size_t planes = d->header.cupsColorOrder == CUPS_ORDER_PLANAR
			    ? d->header.cupsNumColors
			    : 1;

	for (size_t i = page->first; i < page->first + page->count; i++)
		used +=
		    (size_t)s->c->plan->stamps[i].dots.height * line * planes;
	if (used == 0)
		return true;
	if (used > h->room) {
		uint8_t *larger = realloc(h->lines, used);

		if (larger == NULL)
			return err_system(e, "memory for a page");
		h->lines = larger;
		h->room = used;
	}
	used = 0;
	for (size_t i = page->first; i < page->first + page->count; i++) {
		const struct canvas_rect *r = &s->c->plan->stamps[i].dots;
		size_t len = (size_t)r->height * line;

		for (size_t k = 0; k < planes; k++) {
			uint8_t *at =
			    d->clean +
			    ((size_t)r->y + k * d->header.cupsHeight) * line;

			if (put_back)
				memcpy(at, h->lines + used, len);
			else
				memcpy(h->lines + used, at, len);
			used += len;
		}
	}
	return true;
}

/* Writes output page `index` for copy `copy`. */
static bool
stamp_and_write(struct stream *s, size_t index, uint32_t copy, struct err *e)
{
	const struct plan_page *page = &s->c->plan->pages[index];
	const struct geometry *g = &s->c->geometry[page->source - 1];

	if (s->c->progress != NULL)
		s->c->progress(s->c->context, s->c->pages + 1, s->total);
	for (size_t i = page->first; i < page->first + page->count; i++)
		if (!put_stamp(s, i, copy, g, e))
			return false;
	return write_page(s, e);
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

/* Copies first..end of every output page that the rendered page makes. */
static bool
write_source(struct stream *s, int source, uint32_t first, uint32_t end,
    struct hidden *h, struct err *e)
{
	const struct plan *plan = s->c->plan;
	size_t i, last;

	for (pages_of(plan, source, &i, &last); i < last; i++) {
		const struct plan_page *page = &plan->pages[i];

		if (!keep_rows(s, page, h, false, e))
			return false;
		for (uint32_t copy = first; copy < end; copy++)
			if (!stamp_and_write(s, i, copy, e) ||
			    !keep_rows(s, page, h, true, e))
				return false;
	}
	return true;
}

static bool
clear_marks(struct stream *s, int source, struct err *e)
{
	const struct plan *plan = s->c->plan;
	struct sheet_of_dots *d = &s->page;
	size_t i, last, stamps = 0;

	for (pages_of(plan, source, &i, &last); i < last; i++)
		stamps += plan->pages[i].count;
	/* A page without stamps may be of any kind. */
	if (stamps == 0)
		return true;
	if (!raster_canvas(&d->header, d->clean, d->bytes, &d->canvas, e))
		return false;
	for (pages_of(plan, source, &i, &last); i < last; i++) {
		const struct plan_page *page = &plan->pages[i];

		for (size_t k = page->first; k < page->first + page->count; k++)
			if (!compose_clear(&d->canvas,
				&s->c->geometry[source - 1],
				&plan->stamps[k].mark, e))
				return false;
	}
	return true;
}

static bool
read_page(
    struct stream *s, struct renderer *r, int source, bool *end, struct err *e)
{
	struct sheet_of_dots *d = &s->page;
	const struct geometry *g = &s->c->geometry[source - 1];
	cups_page_header2_t h;
	size_t bytes;

	/* At the end the last page stays: a filler is made from it. */
	if (!render_header(r, &h, &bytes, end, e) || *end)
		return *end;
	d->header = h;
	d->bytes = bytes;
	if (source > s->c->source_pages || !geometry_fits(g, &d->header))
		return err_set(e, ERR_CORRUPT,
		    "page %d came out of Ghostscript as %u x %u dots, %d x %d "
		    "were expected",
		    source, d->header.cupsWidth, d->header.cupsHeight, g->width,
		    g->height);
	if (d->bytes > d->room) {
		uint8_t *larger = realloc(d->clean, d->bytes);

		if (larger == NULL)
			return err_system(e, "memory for a page");
		d->clean = larger;
		d->room = d->bytes;
	}
	if (!render_pixels(r, d->clean, d->bytes, e))
		return false;
	d->header.NumCopies = 1;
	return clear_marks(s, source, e);
}

/* Two-sided with an odd number of pages: the next copy begins on a new
 * sheet. */
static bool
write_filler(struct stream *s, struct err *e)
{
	struct canvas_rect all = {0, 0, (int)s->page.header.cupsWidth,
	    (int)s->page.header.cupsHeight};
	struct canvas_color white;

	if (!raster_canvas(&s->page.header, s->page.clean, s->page.bytes,
		&s->page.canvas, e))
		return false;
	white = canvas_white(&s->page.canvas);
	return canvas_fill(&s->page.canvas, &all, &white, e) &&
	       write_page(s, e);
}

static bool
one_pass(struct stream *s, uint32_t first, uint32_t end, struct err *e)
{
	struct hidden h = {NULL, 0};
	struct renderer *r = NULL;
	bool at_end = false, good;
	int source = 0;

	if (!render_open(s->c->setup, &r, e))
		return false;
	do {
		good = read_page(s, r, source + 1, &at_end, e);
		if (good && !at_end)
			good = write_source(s, ++source, first, end, &h, e);
	} while (good && !at_end);
	if (good && source != s->c->source_pages)
		good =
		    err_set(e, ERR_CORRUPT, "Ghostscript gave %d pages of %d",
			source, s->c->source_pages);
	if (good && s->c->fill_back && end < s->c->plan->copies &&
	    s->c->plan->page_count % 2 == 1)
		good = write_filler(s, e);
	free(h.lines);
	if (!render_close(r, good ? e : &(struct err)ERR_INIT))
		good = false;
	return good;
}

bool
compose_write(struct compose *c, struct err *e)
{
	struct stream s = {
	    .c = c, .total = (uint32_t)c->plan->page_count * c->plan->copies};
	uint32_t passes = c->plan->collate ? c->plan->copies : 1;
	bool good = true;

	c->pages = 0;
	c->bytes = 0;
	s.pen = imprint_pen_new(e);
	if (s.pen == NULL)
		return false;
	s.raster = cupsRasterOpenIO(stream_write, &s, CUPS_RASTER_WRITE);
	if (s.raster == NULL)
		good = err_system(e, "writing the first page");
	for (uint32_t i = 0; good && i < passes; i++)
		good = c->plan->collate ? one_pass(&s, i, i + 1, e)
					: one_pass(&s, 0, c->plan->copies, e);
	cupsRasterClose(s.raster);
	imprint_pen_free(s.pen);
	free(s.page.clean);
	return good;
}
