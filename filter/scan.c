/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/scan.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <poppler.h>

#include "base/text.h"
#include "filter/bounds.h"
#include "filter/qr_marks.h"
#include "filter/scan_text.h"

#define INK_DPI	    150.0
#define WORK_PAGES  2 /* time that finding cells and text may take, as pages */
#define INK_DPI_MIN 36.0       /* less shows no thin line */
#define PIXELS_MAX  (40 << 20) /* of one ink map: 160 MB */

struct scan {
	PopplerDocument *document;
	struct scan_text *text; /* from the first page that is scanned on */
	char *path;
	int pages;
	cairo_surface_t *surface; /* of the page rendered last, or NULL */
	int surface_page;
	double surface_dpi;
};

/* --- document -------------------------------------------------------------- */

static bool
open_error(GError *why, struct err *e)
{
	char text[128];

	if (why->domain == POPPLER_ERROR &&
	    why->code == POPPLER_ERROR_ENCRYPTED)
		err_set(e, ERR_REQUEST,
		    "the document is encrypted; print it without a password");
	else
		err_set(e, ERR_REQUEST,
		    "the document cannot be read as PDF: %s",
		    text_clean(why->message, text, sizeof(text)));
	g_error_free(why);
	return false;
}

static bool
open_document(const char *path, struct scan **out, struct err *e)
{
	struct scan *s = calloc(1, sizeof(*s));
	GError *why = NULL;
	int fd;

	*out = NULL;
	if (!s)
		return err_system(e, "scan");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		free(s);
		return err_system(e, "%s", path);
	}
	/* The document closes fd, even where it fails. */
	s->document = poppler_document_new_from_fd(fd, NULL, &why);
	if (!s->document) {
		free(s);
		return open_error(why, e);
	}
	s->path = strdup(path);
	if (!s->path) {
		scan_close(s);
		return err_system(e, "scan");
	}
	s->pages = poppler_document_get_n_pages(s->document);
	if (s->pages < 1 || s->pages > SCAN_PAGES_MAX) {
		err_set(e, ERR_REQUEST,
		    "the document has %d pages; 1 to %d can be printed",
		    s->pages, SCAN_PAGES_MAX);
		scan_close(s);
		return false;
	}
	*out = s;
	return true;
}

bool
scan_open(const char *path, struct scan **out, struct err *e)
{
	bool done;

	bounds_work(1);
	done = open_document(path, out, e);
	bounds_work(0);
	return done;
}

void
scan_close(struct scan *s)
{
	if (!s)
		return;
	if (s->surface)
		cairo_surface_destroy(s->surface);
	scan_text_close(s->text);
	g_object_unref(s->document);
	free(s->path);
	free(s);
}

int
scan_page_count(const struct scan *s)
{
	return s->pages;
}

static bool
measure(PopplerPage *p, int page, double *w, double *h, struct err *e)
{
	poppler_page_get_size(p, w, h);
	if (*w >= 1 && *h >= 1 && *w <= SCAN_PAGE_MAX_PT &&
	    *h <= SCAN_PAGE_MAX_PT)
		return true;
	return err_set(e, ERR_REQUEST,
	    "page %d: its size of %g x %g pt is not between 1 and %d", page, *w,
	    *h, SCAN_PAGE_MAX_PT);
}

static PopplerPage *
get_page(struct scan *s, int page, double *w, double *h, struct err *e)
{
	PopplerPage *p = NULL;

	if (page >= 1 && page <= s->pages)
		p = poppler_document_get_page(s->document, page - 1);
	if (!p) {
		err_set(e, ERR_REQUEST, "page %d: cannot be read", page);
		return NULL;
	}
	if (measure(p, page, w, h, e))
		return p;
	g_object_unref(p);
	return NULL;
}

bool
scan_page_size(struct scan *s, int page, double *width_pt, double *height_pt,
    struct err *e)
{
	PopplerPage *p;

	bounds_work(1);
	p = get_page(s, page, width_pt, height_pt, e);
	bounds_work(0);
	if (!p)
		return false;
	g_object_unref(p);
	return true;
}

/* --- ink ------------------------------------------------------------------- */

static bool
render(struct scan *s, PopplerPage *p, int page, const double size[2],
    struct err *e)
{
	double dpi = INK_DPI, area = size[0] * size[1] / (72 * 72);
	cairo_surface_t *surface;
	cairo_status_t status;
	cairo_t *cr;

	if (area * dpi * dpi > PIXELS_MAX)
		dpi = floor(sqrt(PIXELS_MAX / area));
	if (dpi < INK_DPI_MIN)
		return err_set(e, ERR_REQUEST,
		    "page %d: %g x %g pt is too large for stamps", page,
		    size[0], size[1]);
	surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24,
	    (int)ceil(size[0] * dpi / 72), (int)ceil(size[1] * dpi / 72));
	cr = cairo_create(surface);
	cairo_set_source_rgb(cr, 1, 1, 1);
	cairo_paint(cr);
	cairo_scale(cr, dpi / 72, dpi / 72);
	poppler_page_render_for_printing(p, cr);
	status = cairo_status(cr);
	cairo_destroy(cr);
	cairo_surface_flush(surface);
	if (status == CAIRO_STATUS_SUCCESS)
		status = cairo_surface_status(surface);
	if (status != CAIRO_STATUS_SUCCESS) {
		cairo_surface_destroy(surface);
		return err_set(e, ERR_REQUEST, "page %d: cannot be drawn: %s",
		    page, cairo_status_to_string(status));
	}
	if (s->surface)
		cairo_surface_destroy(s->surface);
	s->surface = surface;
	s->surface_page = page;
	s->surface_dpi = dpi;
	return true;
}

static bool
draw(struct scan *s, int page, struct err *e)
{
	double size[2];
	PopplerPage *p = get_page(s, page, &size[0], &size[1], e);
	bool done;

	if (!p)
		return false;
	done = render(s, p, page, size, e);
	g_object_unref(p);
	return done;
}

bool
scan_ink(struct scan *s, int page, struct ink_map *out, struct err *e)
{
	bool done = true;

	if (!s->surface || s->surface_page != page) {
		bounds_work(1);
		done = draw(s, page, e);
		bounds_work(0);
	}
	if (!done)
		return false;
	out->width = cairo_image_surface_get_width(s->surface);
	out->height = cairo_image_surface_get_height(s->surface);
	out->dpi = s->surface_dpi;
	out->stride = cairo_image_surface_get_stride(s->surface) /
		      (int)sizeof(*out->xrgb);
	out->xrgb = (const void *)cairo_image_surface_get_data(s->surface);
	out->owner = cairo_surface_reference(s->surface);
	return true;
}

void
ink_map_free(struct ink_map *map)
{
	if (map->owner)
		cairo_surface_destroy(map->owner);
	memset(map, 0, sizeof(*map));
}

/* --- marks ----------------------------------------------------------------- */

/* What the pictures of a page cover, all together; empty where none are.  A
 * picture may be cut into strips, so their own sizes say nothing. */
static struct rect
pictures(PopplerPage *p)
{
	struct rect all = {0, 0, 0, 0};
	GList *list;

	bounds_work(1);
	list = poppler_page_get_image_mapping(p);
	bounds_work(0);
	for (GList *l = list; l != NULL; l = l->next) {
		const PopplerImageMapping *m = l->data;

		all = rect_union(all, scan_text_rect(&m->area));
	}
	poppler_page_free_image_mapping(list);
	return all;
}

/* QR marks, after those in text: in pictures, and on the whole page where one
 * may be drawn in lines. */
static bool
scan_codes(struct scan *s, PopplerPage *p, int page, struct placeholder *out,
    size_t max, size_t *count, struct err *e)
{
	struct rect area = pictures(p), all = {0, 0, 0, 0};
	bool drawn = scan_text_pieces(s->text, page);
	bool pixels = area.w >= QR_MARK_MIN_PT && area.h >= QR_MARK_MIN_PT;
	struct ink_map map = {0};
	bool done = true;

	if (!drawn && !pixels)
		return true;
	if (!scan_ink(s, page, &map, e))
		return false;
	poppler_page_get_size(p, &all.w, &all.h);
	if (pixels)
		done = qr_marks_find(
		    &map, area, QR_PIXELS, page, out, max, count, e);
	if (done && drawn)
		done = qr_marks_find(
		    &map, all, QR_DRAWN, page, out, max, count, e);
	ink_map_free(&map);
	return done;
}

static bool
is_visible(const struct ink_map *map, const struct located *l)
{
	for (int i = 0; i < l->ink_count; i++)
		if (!ink_map_is_free(map, l->ink[i], NULL, 0, NULL))
			return true;
	return false;
}

static void
make_placeholder(const struct ink_map *map, const struct located *l, int page,
    size_t place, struct placeholder *out)
{
	memset(out, 0, sizeof(*out));
	out->page = (uint32_t)page;
	out->place = (uint32_t)place;
	memcpy(out->text, l->text, sizeof(out->text));
	out->mark = l->mark;
	out->box = l->box;
	out->rotation = l->rotation;
	out->cut = l->cut;
	out->gone = l->gone;
	if (out->cut)
		return;
	out->ink_count = l->ink_count;
	for (int i = 0; i < l->ink_count; i++)
		out->ink[i] = ink_map_fit(map, l->ink[i], l->rotation);
}

static bool
read_text(struct scan *s, PopplerPage *p, int page, struct located *out,
    size_t *count, struct err *e)
{
	bool done;

	bounds_work(WORK_PAGES);
	done = (s->text || scan_text_open(s->path, s->pages, &s->text, e)) &&
	       scan_text_find(s->text, p, page, out, SCAN_MARKS_MAX, count, e);
	bounds_work(0);
	return done;
}

bool
scan_page(struct scan *s, int page, struct placeholder *out, size_t max,
    size_t *count, struct err *e)
{
	struct located *found = NULL;
	struct ink_map map = {0};
	PopplerPage *p;
	double w, h;
	size_t n = 0;
	bool done = false;

	*count = 0;
	p = get_page(s, page, &w, &h, e);
	if (!p)
		return false;
	found = calloc(SCAN_MARKS_MAX, sizeof(*found));
	if (!found) {
		err_system(e, "page %d", page);
		goto out;
	}
	if (!read_text(s, p, page, found, &n, e) ||
	    (n > 0 && !scan_ink(s, page, &map, e)))
		goto out;
	for (size_t i = 0; i < n; i++) {
		if (!is_visible(&map, &found[i])) {
			if (!found[i].cut)
				continue;
			found[i].gone = true;
		}
		if (*count == max) {
			err_set(e, ERR_REQUEST, "page %d: more than %zu marks",
			    page, max);
			goto out;
		}
		make_placeholder(
		    &map, &found[i], page, *count + 1, &out[*count]);
		(*count)++;
	}
	done = scan_codes(s, p, page, out, max, count, e);
out:
	ink_map_free(&map);
	free(found);
	g_object_unref(p);
	return done;
}
