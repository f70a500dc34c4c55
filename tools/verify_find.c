/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_find: every symbol of a page, by every decoder that is wanted.
 *
 * First the whole page, then, for what a decoder has not read, each block of
 * ink by itself.
 */
#include "tools/verify.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS_MAX   1024
#define GAPS	     3
#define MARGIN_MM    1.7 /* white around a block given to a decoder */
#define SNAP_MM	     1.0 /* a decoder's idea of an edge may be this far off */
#define DARK	     128
#define LEAST_MM     5.0 /* 26 rows of the smallest modules there are */
#define SQUARE_MM    6.0
#define SQUARE_RATIO 1.4
#define DAMAGED_MM   7.0 /* smallest symbol reported without its bytes */
#define ASSUMED_DPI  300.0
#define ROW_PX	     64 /* what begins within it is one row */

/* Under the quiet zone of a Data Matrix, over one module; then wider, for
 * symbols in large or light print. */
static const double gaps_mm[GAPS] = {0.42, 0.3, 0.75};

static bool
inside(const struct box *box, double x, double y)
{
	return x >= box->left && x < box->right && y >= box->top &&
	       y < box->bottom;
}

static bool
overlap(const struct box *a, const struct box *b)
{
	return inside(a, (b->left + b->right) / 2, (b->top + b->bottom) / 2) ||
	       inside(b, (a->left + a->right) / 2, (a->top + a->bottom) / 2);
}

bool
found_add(struct found_list *list, const struct found *one, struct err *e)
{
	for (size_t i = 0; i < list->count; i++) {
		struct found *old = &list->at[i];

		if (old->len != one->len || !overlap(&old->box, &one->box) ||
		    memcmp(old->bytes, one->bytes, one->len) != 0)
			continue;
		/* zxing's corners are the best of the three. */
		if (one->by == BY_ZXING)
			old->box = one->box;
		old->by |= one->by;
		return true;
	}
	if (list->count == list->size) {
		size_t size = list->size ? 2 * list->size : 16;
		struct found *more = realloc(list->at, size * sizeof(*more));

		if (more == NULL)
			return err_system(e, "memory for symbols");
		list->at = more;
		list->size = size;
	}
	list->at[list->count++] = *one;
	return true;
}

void
found_free(struct found_list *list)
{
	free(list->at);
	*list = (struct found_list){0};
}

static double
px_per_mm(const struct image *image)
{
	return (image->dpi_x > 0 ? image->dpi_x : ASSUMED_DPI) / MM_PER_INCH;
}

/* zbar and libdmtx read square symbols alone, and libdmtx takes its time to
 * find nothing in a line of text. */
static bool
is_square(const struct image *image, const struct box *block)
{
	double wide = block->right - block->left;
	double high = block->bottom - block->top;
	double least = SQUARE_MM * px_per_mm(image);

	return wide >= least && high >= least && wide < SQUARE_RATIO * high &&
	       high < SQUARE_RATIO * wide;
}

/* A line of text is lower than the lowest symbol that holds an indicium. */
static bool
is_large(const struct image *image, const struct box *block)
{
	double dpi = image->dpi_y > 0 ? image->dpi_y : ASSUMED_DPI;

	return block->right - block->left >= LEAST_MM * px_per_mm(image) &&
	       block->bottom - block->top >= LEAST_MM * dpi / MM_PER_INCH;
}

/* Half of a symbol's modules are dark; of a block of text, much less. */
static bool
is_dense(const struct image *image, const struct box *block)
{
	int left = (int)block->left, right = (int)block->right;
	size_t dark = 0, all = 0;

	for (int y = (int)block->top; y < (int)block->bottom; y++) {
		const uint8_t *row =
		    image->grey + (size_t)y * (size_t)image->width;

		for (int x = left; x < right; x++)
			dark += row[x] < DARK;
		all += (size_t)(right - left);
	}
	return 4 * dark >= all && 4 * dark <= 3 * all;
}

/* Which of the wanted decoders may still read something in this block. */
static unsigned
still_wanted(
    const struct found_list *list, const struct box *block, unsigned by)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct found *f = &list->at[i];

		if (f->len == 0 || !overlap(&f->box, block))
			continue;
		by &= ~f->by;
		if (strcmp(f->symbology, "QR") != 0)
			by &= ~(unsigned)BY_ZBAR;
		if (strcmp(f->symbology, "DataMatrix") != 0)
			by &= ~(unsigned)BY_DMTX;
	}
	return by;
}

/* The block's pixels in a white frame. */
static bool
cut_out(const struct image *image, const struct box *block, int margin,
    struct image *out, struct err *e)
{
	int left = (int)block->left, top = (int)block->top;
	int wide = (int)block->right - left, high = (int)block->bottom - top;

	*out = (struct image){.width = wide + 2 * margin,
	    .height = high + 2 * margin,
	    .dpi_x = image->dpi_x,
	    .dpi_y = image->dpi_y};
	if (!image_new(out, e))
		return false;
	for (int y = 0; y < high; y++)
		memcpy(out->grey + (size_t)(y + margin) * (size_t)out->width +
			   (size_t)margin,
		    image->grey + (size_t)(top + y) * (size_t)image->width +
			(size_t)left,
		    (size_t)wide);
	return true;
}

/* zxing is a program, and has its own sandbox. */
static bool
look(const struct image *image, unsigned by, int x, int y,
    struct found_list *out, struct err *e)
{
	struct symbol_search zbar = {decode_zbar, BY_ZBAR, image, x, y};
	struct symbol_search dmtx = {decode_dmtx, BY_DMTX, image, x, y};

	return (!(by & BY_ZXING) || decode_zxing(image, x, y, out, e)) &&
	       (!(by & BY_ZBAR) || found_apart(&zbar, out, e)) &&
	       (!(by & BY_DMTX) || found_apart(&dmtx, out, e));
}

static bool
try_block(const struct image *image, const struct box *block, unsigned by,
    int margin, struct found_list *out, struct err *e)
{
	int x = (int)block->left - margin, y = (int)block->top - margin;
	struct image piece;
	bool done;

	if (!cut_out(image, block, margin, &piece, e))
		return false;
	done = look(&piece, by, x, y, out, e);
	image_free(&piece);
	return done;
}

static double
distance(const struct box *a, const struct box *b)
{
	return fmax(fmax(fabs(a->left - b->left), fabs(a->right - b->right)),
	    fmax(fabs(a->top - b->top), fabs(a->bottom - b->bottom)));
}

/* A symbol stands alone in its quiet zone: the ink's edges are its edges. */
static void
snap(const struct image *image, struct found_list *list,
    const struct box *blocks, size_t count, double *best)
{
	for (size_t i = 0; i < list->count; i++) {
		for (size_t k = 0; k < count; k++) {
			double far = distance(&list->at[i].box, &blocks[k]);

			if (far < SNAP_MM * px_per_mm(image) && far < best[i]) {
				best[i] = far;
				list->at[i].box = blocks[k];
			}
		}
	}
}

/* Drops damaged symbols that another look did read, and specks. */
static void
drop_damaged(const struct image *image, struct found_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct found *f = &list->at[i];
		double least = DAMAGED_MM * px_per_mm(image);
		bool keep =
		    f->len > 0 || (f->box.right - f->box.left >= least &&
				      f->box.bottom - f->box.top >= least);

		for (size_t k = 0; k < list->count && keep && f->len == 0; k++)
			if (k != i && overlap(&f->box, &list->at[k].box) &&
			    (list->at[k].len > 0 || k < i))
				keep = false;
		if (keep)
			list->at[kept++] = *f;
	}
	list->count = kept;
}

/* By rows from the top, in a row from the left. */
static int
by_place(const void *a, const void *b)
{
	const struct box *p = &((const struct found *)a)->box;
	const struct box *q = &((const struct found *)b)->box;

	int row_p = (int)p->top / ROW_PX, row_q = (int)q->top / ROW_PX;

	if (row_p != row_q)
		return row_p - row_q;
	return p->left < q->left ? -1 : p->left > q->left;
}

/* The same ink at another gap is not tried again. */
static bool
tried(const struct box *blocks, size_t count, const struct box *block)
{
	for (size_t i = 0; i < count; i++)
		if (distance(&blocks[i], block) < 2)
			return true;
	return false;
}

static bool
was_read(const struct found_list *list, const struct box *block)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->at[i].len && overlap(&list->at[i].box, block))
			return true;
	return false;
}

/* Once more with a wider margin where nobody could read it: zxing samples rows
 * at steps that depend on the height. */
static bool
look_at_block(const struct image *image, const struct box *block, unsigned by,
    struct found_list *out, struct err *e)
{
	int margin = (int)ceil(MARGIN_MM * px_per_mm(image));
	unsigned left = still_wanted(out, block, by);

	if (!is_square(image, block))
		left &= BY_ZXING;
	if (left == 0 || !is_large(image, block) || !is_dense(image, block))
		return true;
	if (!try_block(image, block, left, margin, out, e))
		return false;
	if (was_read(out, block))
		return true;
	if (by & BY_ZXING &&
	    !try_block(image, block, BY_ZXING, margin * 5 / 3, out, e))
		return false;
	return was_read(out, block) || find_damaged(image, block, by, out, e);
}

static bool
look_at_blocks(const struct image *image, unsigned by, struct found_list *out,
    struct err *e)
{
	struct box *blocks = calloc(BLOCKS_MAX, sizeof(*blocks));
	size_t count = 0;
	bool done = blocks || err_system(e, "memory for a page");

	for (size_t g = 0; g < GAPS && done; g++) {
		size_t first = count;

		count += find_blocks(
		    image, gaps_mm[g], blocks + first, BLOCKS_MAX - first);
		for (size_t i = first; i < count && done; i++) {
			if (!tried(blocks, first, &blocks[i]))
				done = look_at_block(
				    image, &blocks[i], by, out, e);
		}
	}
	free(blocks);
	return done;
}

static bool
snap_all(const struct image *image, struct found_list *out, struct err *e)
{
	struct box *blocks = calloc(BLOCKS_MAX, sizeof(*blocks));
	double *best = calloc(out->count + 1, sizeof(*best));
	bool done = blocks && best;

	for (size_t i = 0; done && i < out->count; i++)
		best[i] = 1e9;
	for (size_t g = 0; done && g < GAPS; g++) {
		size_t count =
		    find_blocks(image, gaps_mm[g], blocks, BLOCKS_MAX);

		snap(image, out, blocks, count, best);
	}
	free(blocks);
	free(best);
	return done || err_system(e, "memory for a page");
}

bool
find_symbols(const struct image *image, const struct find_rules *rules,
    struct found_list *out, struct err *e)
{
	unsigned by = rules->by;

	if (by & BY_ZXING && !spawn_installed("ZXingReader")) {
		if (rules->must)
			return err_set(e, ERR_CONFIG,
			    "ZXingReader is not installed (zxing-cpp-tools)");
		by = (by & ~(unsigned)BY_ZXING) | BY_DMTX;
	}
	/* libdmtx gets lost on a page. */
	if (!look(image, by & ~(unsigned)BY_DMTX, 0, 0, out, e))
		return false;
	if (!look_at_blocks(image, by, out, e) || !snap_all(image, out, e))
		return false;
	drop_damaged(image, out);
	if (out->count)
		qsort(out->at, out->count, sizeof(*out->at), by_place);
	return true;
}
