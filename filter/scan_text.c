/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/scan_text.h"

#include <math.h>
#include <stdlib.h>

#include "filter/cells.h"

#define GLYPHS_MAX 400000 /* of one page */
#define CUT_ALONG  0.15	  /* heights of a line that its ends may be cut by */
#define CUT_ACROSS 0.5	  /* ... and its top or bottom */

struct scan_text {
	struct cells *cells;	   /* or NULL */
	PopplerDocument *document; /* of the cells, or NULL */
};

bool
scan_text_open(
    const char *path, int pages, struct scan_text **out, struct err *e)
{
	struct scan_text *t = calloc(1, sizeof(*t));
	const void *pdf;
	size_t bytes;
	int count;
	GBytes *all;

	if (!t)
		return err_system(e, "scan");
	*out = t;
	t->cells = cells_open(path, pages);
	if (!t->cells)
		return true;
	pdf = cells_pdf(t->cells, &bytes, &count);
	if (!pdf)
		return true;
	all = g_bytes_new_static(pdf, bytes);
	t->document = poppler_document_new_from_bytes(all, NULL, NULL);
	g_bytes_unref(all);
	if (t->document && poppler_document_get_n_pages(t->document) != count) {
		g_object_unref(t->document);
		t->document = NULL;
	}
	return true;
}

void
scan_text_close(struct scan_text *t)
{
	if (!t)
		return;
	if (t->document)
		g_object_unref(t->document);
	cells_close(t->cells);
	free(t);
}

bool
scan_text_pieces(const struct scan_text *t, int page)
{
	return t->cells && cells_pieces(t->cells, page);
}

struct rect
scan_text_rect(const PopplerRectangle *r)
{
	return (struct rect){fmin(r->x1, r->x2), fmin(r->y1, r->y2),
	    fabs(r->x2 - r->x1), fabs(r->y2 - r->y1)};
}

/* The characters of the page with their boxes, in text order. */
static bool
read_glyphs(
    PopplerPage *p, int page, struct glyph **out, size_t *count, struct err *e)
{
	char *text = poppler_page_get_text(p);
	PopplerRectangle *boxes = NULL;
	guint n = 0;
	size_t chars = text ? (size_t)g_utf8_strlen(text, -1) : 0;
	bool done = false;

	*count = 0;
	*out = NULL;
	if (chars > GLYPHS_MAX) {
		err_set(e, ERR_REQUEST, "page %d: more than %d characters",
		    page, GLYPHS_MAX);
		goto out;
	}
	if (chars > 0 && !poppler_page_get_text_layout(p, &boxes, &n))
		n = 0;
	if (n != chars) {
		err_set(e, ERR_REQUEST,
		    "page %d: its text has %zu characters in %u places", page,
		    chars, n);
		goto out;
	}
	*out = calloc(chars ? chars : 1, sizeof(**out));
	if (!*out) {
		err_system(e, "page %d", page);
		goto out;
	}
	for (char *c = text; *count < chars; c = g_utf8_next_char(c)) {
		(*out)[*count].unicode = g_utf8_get_char(c);
		(*out)[*count].box = scan_text_rect(&boxes[*count]);
		(*count)++;
	}
	done = true;
out:
	g_free(boxes);
	g_free(text);
	return done;
}

/* The marks of a page; where it is a cell, on its sheet. */
static bool
locate(PopplerPage *p, const struct cell *cell, int page, struct located *out,
    size_t max, size_t *count, struct err *e)
{
	struct glyph *glyphs;
	size_t n;
	bool done;

	if (!read_glyphs(p, page, &glyphs, &n, e)) {
		free(glyphs);
		return false;
	}
	for (size_t i = 0; cell && i < n; i++)
		glyphs[i].box = cell_to_sheet(cell, glyphs[i].box);
	locate_restore(glyphs, n);
	done = locate_marks(glyphs, n, out, max, count, e);
	free(glyphs);
	return done || err_prefix(e, "page %d", page);
}

/* True if a line of the mark loses a bracket or half its height outside of
 * `area`. */
static bool
is_cut(const struct located *l, struct rect area)
{
	bool upright = l->rotation == 0 || l->rotation == 180;

	for (int i = 0; i < l->ink_count; i++) {
		struct rect all = l->ink[i], left = rect_cut(all, area);
		double height = upright ? all.h : all.w;
		double along = upright ? all.w - left.w : all.h - left.h;
		double across = upright ? all.h - left.h : all.w - left.w;

		if (along > CUT_ALONG * height || across > CUT_ACROSS * height)
			return true;
	}
	return false;
}

/* True if no line of it shows more than a sliver inside of `area`. */
static bool
is_gone(const struct located *l, struct rect area)
{
	bool upright = l->rotation == 0 || l->rotation == 180;

	for (int i = 0; i < l->ink_count; i++) {
		struct rect all = l->ink[i], left = rect_cut(all, area);
		double sliver = CUT_ALONG * (upright ? all.h : all.w);

		if (left.w > sliver && left.h > sliver)
			return false;
	}
	return true;
}

static bool
find_in_cell(struct scan_text *t, const struct cell *cell, int page,
    struct located *out, size_t max, size_t *count, struct err *e)
{
	PopplerPage *p = poppler_document_get_page(t->document, cell->page - 1);
	bool done;

	*count = 0;
	if (!p)
		return err_set(e, ERR_REQUEST, "page %d: cannot be read", page);
	done = locate(p, cell, page, out, max, count, e);
	g_object_unref(p);
	for (size_t i = 0; done && i < *count; i++) {
		out[i].cut = is_cut(&out[i], cell->area);
		out[i].gone = out[i].cut && is_gone(&out[i], cell->area);
		if (!out[i].gone && cell_is_mirrored(cell))
			return err_set(e, ERR_REQUEST,
			    "page %d: %.200s is mirrored, and no scanner reads "
			    "a mirrored stamp: print without -o mirror",
			    page, out[i].text);
	}
	return done;
}

bool
scan_text_find(struct scan_text *t, PopplerPage *p, int page,
    struct located *out, size_t max, size_t *count, struct err *e)
{
	const struct cell *cells = NULL;
	size_t n = 0, more;

	*count = 0;
	if (t->document)
		cells = cells_of(t->cells, page, &n);
	if (n == 0)
		return locate(p, NULL, page, out, max, count, e);
	for (size_t i = 0; i < n; i++) {
		if (!find_in_cell(t, &cells[i], page, out + *count,
			max - *count, &more, e))
			return false;
		*count += more;
	}
	locate_sort(out, *count);
	return true;
}
