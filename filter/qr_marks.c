/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/qr_marks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <zbar.h>

#include "base/text.h"
#include "filter/bounds.h"

#define FOURCC_Y800    0x30303859 /* "Y800", grey */
#define ASKEW_DEG      3.0
#define FINDER_MODULES 7
#define PALE	       160 /* no ink, in a code that is drawn */
#define MODULES_MIN    21  /* version 1 */
#define MODULES_MAX    61  /* version 11: more than any mark needs */

struct point {
	double x, y;
};

/* The part of the page that is looked at, in pixels. */
struct view {
	const struct ink_map *map;
	int x, y, width, height;
	uint8_t *grey;
};

static bool
view_open(
    struct view *v, const struct ink_map *map, struct rect area, struct err *e)
{
	double scale = map->dpi / 72;
	double right = ceil((area.x + area.w) * scale);
	double bottom = ceil((area.y + area.h) * scale);

	*v = (struct view){.map = map,
	    .x = (int)fmax(floor(area.x * scale), 0),
	    .y = (int)fmax(floor(area.y * scale), 0)};
	v->width = (int)fmin(right, map->width) - v->x;
	v->height = (int)fmin(bottom, map->height) - v->y;
	if (v->width <= 0 || v->height <= 0)
		return true;
	v->grey = malloc((size_t)v->width * (size_t)v->height);
	if (v->grey == NULL)
		return err_system(e, "memory for a page");
	for (int y = 0; y < v->height; y++) {
		const uint32_t *from =
		    map->xrgb + (size_t)(v->y + y) * (size_t)map->stride + v->x;
		uint8_t *to = v->grey + (size_t)y * (size_t)v->width;

		for (int x = 0; x < v->width; x++)
			to[x] = (uint8_t)(((from[x] >> 16 & 0xff) * 77 +
					      (from[x] >> 8 & 0xff) * 150 +
					      (from[x] & 0xff) * 29) >>
					  8);
	}
	return true;
}

/* Ink or paper: what lies side by side is one. */
static void
close_seams(struct view *v)
{
	size_t n = (size_t)v->width * (size_t)v->height;

	for (size_t i = 0; i < n; i++)
		v->grey[i] = v->grey[i] < PALE ? 0 : 255;
}

static bool
is_dark(const struct view *v, double x, double y)
{
	int column = (int)floor(x), row = (int)floor(y);

	return column >= 0 && row >= 0 && column < v->width &&
	       row < v->height && v->grey[row * v->width + column] < 128;
}

/* Dark pixels from (x, y) on, after a few light ones. */
static double
dark_run(const struct view *v, struct point at, struct point step, double side)
{
	double begin = 0, end;

	while (begin < side / MODULES_MIN && !is_dark(v, at.x, at.y)) {
		at.x += step.x;
		at.y += step.y;
		begin++;
	}
	for (end = begin; end < side && is_dark(v, at.x, at.y); end++) {
		at.x += step.x;
		at.y += step.y;
	}
	return end - begin;
}

/* Pixels of a module.  The outer edge of a finder pattern is dark for seven of
 * them and then comes a light one; a line inside the pattern is dark for
 * less.  The corners are a pixel or two off, so several lines are tried. */
static double
module_size(const struct view *v, const struct point corner[4])
{
	double dx = corner[3].x - corner[0].x, dy = corner[3].y - corner[0].y;
	double side = hypot(dx, dy), best = 0;
	struct point along = {dx / side, dy / side};

	for (int i = -2; i < 2 * side / MODULES_MIN; i++) {
		struct point at = {corner[0].x - along.y * i / 2,
		    corner[0].y + along.x * i / 2};

		best = fmax(best, dark_run(v, at, along, side));
	}
	best /= FINDER_MODULES;
	return fmin(fmax(best, side / MODULES_MAX), side / MODULES_MIN);
}

/* zbar gives a code's own corners: upper left, lower left, lower right, upper
 * right.  False where it stands in none of the four directions. */
static bool
direction(const struct point corner[4], int *rotation)
{
	double degrees =
	    atan2(corner[3].y - corner[0].y, corner[3].x - corner[0].x) * 180 /
	    M_PI;
	int quarter = (int)lround(degrees / 90);

	*rotation = (quarter + 4) % 4 * 90;
	return fabs(degrees - quarter * 90) <= ASKEW_DEG;
}

/* A picture's compression leaves traces beyond the outermost modules; the
 * quiet zone, which nothing else may be in, holds them. */
static void
place(
    const struct view *v, const struct point corner[4], struct placeholder *out)
{
	double pixel = 72 / v->map->dpi, grow;
	struct point low = corner[0], high = corner[0];

	for (int i = 1; i < 4; i++) {
		low.x = fmin(low.x, corner[i].x);
		low.y = fmin(low.y, corner[i].y);
		high.x = fmax(high.x, corner[i].x);
		high.y = fmax(high.y, corner[i].y);
	}
	grow = QR_MARK_QUIET * module_size(v, corner);
	out->box = rect_grow(
	    (struct rect){(low.x + v->x) * pixel, (low.y + v->y) * pixel,
		(high.x - low.x) * pixel, (high.y - low.y) * pixel},
	    grow * pixel);
	out->ink[0] = out->box;
	out->ink_count = 1;
}

static bool
take(const struct view *v, const zbar_symbol_t *symbol, int page,
    struct placeholder *out, struct err *e)
{
	struct point corner[4];
	char shown[64];

	memset(out, 0, sizeof(*out));
	out->page = (uint32_t)page;
	text_clean(zbar_symbol_get_data(symbol), out->text, sizeof(out->text));
	text_clean(out->text, shown, sizeof(shown));
	if (!mark_parse_uri(zbar_symbol_get_data(symbol), &out->mark, e))
		return err_prefix(e, "page %d: QR code %s", page, shown);
	for (unsigned i = 0; i < 4; i++)
		corner[i] = (struct point){zbar_symbol_get_loc_x(symbol, i),
		    zbar_symbol_get_loc_y(symbol, i)};
	if (!direction(corner, &out->rotation))
		return err_set(e, ERR_REQUEST,
		    "page %d: QR code %s stands askew: turn it upright, or by "
		    "a quarter",
		    page, shown);
	place(v, corner, out);
	return true;
}

/* zbar reads what nobody would see on paper. */
static bool
is_visible(const struct view *v, const struct placeholder *one)
{
	return !ink_map_is_free(v->map, one->box, NULL, 0, NULL);
}

/* zbar may give one code twice. */
static bool
is_known(
    const struct placeholder *list, size_t count, const struct placeholder *one)
{
	for (size_t i = 0; i < count; i++)
		if (rect_overlap(list[i].box, one->box) &&
		    strcmp(list[i].text, one->text) == 0)
			return true;
	return false;
}

static bool
take_all(const struct view *v, const zbar_symbol_t *symbol, int page,
    struct placeholder *out, size_t max, size_t *count, struct err *e)
{
	for (; symbol != NULL; symbol = zbar_symbol_next(symbol)) {
		struct placeholder one;

		if (!mark_is_uri(zbar_symbol_get_data(symbol)) ||
		    zbar_symbol_get_loc_size(symbol) != 4)
			continue;
		if (!take(v, symbol, page, &one, e))
			return false;
		if (!is_visible(v, &one) || is_known(out, *count, &one))
			continue;
		if (*count == max)
			return err_set(e, ERR_REQUEST,
			    "page %d: more than %zu marks", page, max);
		out[(*count)++] = one;
	}
	return true;
}

static int
by_place(const void *a, const void *b)
{
	const struct rect *p = &((const struct placeholder *)a)->box;
	const struct rect *q = &((const struct placeholder *)b)->box;

	if (p->y + p->h / 2 < q->y || q->y + q->h / 2 < p->y)
		return p->y < q->y ? -1 : 1;
	return p->x < q->x ? -1 : p->x > q->x;
}

/* In reading order, whatever order zbar found them in. */
static void
number(struct placeholder *list, size_t first, size_t count)
{
	if (count > first)
		qsort(list + first, count - first, sizeof(*list), by_place);
	for (size_t i = first; i < count; i++)
		list[i].place = (uint32_t)i + 1;
}

bool
qr_marks_find(const struct ink_map *map, struct rect area, enum qr_kind kind,
    int page, struct placeholder *out, size_t max, size_t *count, struct err *e)
{
	zbar_image_scanner_t *scanner;
	zbar_image_t *frame;
	struct view v;
	size_t first = *count;
	bool done = true;

	if (!view_open(&v, map, area, e))
		return false;
	if (v.grey == NULL)
		return true;
	if (kind == QR_DRAWN)
		close_seams(&v);
	scanner = zbar_image_scanner_create();
	frame = zbar_image_create();
	zbar_image_scanner_set_config(scanner, 0, ZBAR_CFG_ENABLE, 0);
	zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
	zbar_image_set_format(frame, FOURCC_Y800);
	zbar_image_set_size(frame, (unsigned)v.width, (unsigned)v.height);
	zbar_image_set_data(frame, v.grey,
	    (unsigned long)v.width * (unsigned long)v.height, NULL);
	bounds_work(1);
	if (zbar_scan_image(scanner, frame) < 0)
		done = err_set(e, ERR_SYSTEM, "zbar failed on page %d", page);
	bounds_work(0);
	if (done)
		done = take_all(&v, zbar_image_first_symbol(frame), page, out,
		    max, count, e);
	number(out, first, *count);
	zbar_image_destroy(frame);
	zbar_image_scanner_destroy(scanner);
	free(v.grey);
	return done;
}
