/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_blocks: connected ink of a page that could be a symbol.
 *
 * Decoders look for one Data Matrix at a time and get lost on a page; a page
 * is therefore laid out in cells as wide as the gap that separates a symbol
 * from what is beside it, and cells with ink that touch become one block.
 */
#include "tools/verify.h"

#include <stdlib.h>

#define DARK	    128
#define SIDE_MIN_MM 4.0
#define SIDE_MAX_MM 130.0
#define INK_MIN	    0.25 /* of the block's cells */
#define ASSUMED_DPI 300.0

struct grid {
	int cell, wide, high; /* pixels; cells */
	uint8_t *ink;	      /* 1 = has ink, 2 = has ink and was visited */
	int *stack;
};

static bool
grid_new(struct grid *g, const struct image *image, double gap_mm)
{
	double dpi = image->dpi_x > 0 ? image->dpi_x : ASSUMED_DPI;

	g->cell = (int)(gap_mm / MM_PER_INCH * dpi);
	g->cell = g->cell < 1 ? 1 : g->cell;
	g->wide = (image->width + g->cell - 1) / g->cell;
	g->high = (image->height + g->cell - 1) / g->cell;
	g->ink = calloc((size_t)g->wide * (size_t)g->high, 1);
	g->stack = calloc((size_t)g->wide * (size_t)g->high, sizeof(int));
	if (g->ink == NULL || g->stack == NULL)
		return false;
	for (int y = 0; y < image->height; y++) {
		const uint8_t *row =
		    image->grey + (size_t)y * (size_t)image->width;
		uint8_t *cells =
		    g->ink + (size_t)(y / g->cell) * (size_t)g->wide;

		for (int x = 0; x < image->width; x++)
			if (row[x] < DARK)
				cells[x / g->cell] = 1;
	}
	return true;
}

/* A block in cells, and how many of them have ink. */
struct block {
	int left, top, right, bottom, inked;
};

static struct block
flood(struct grid *g, int start)
{
	int x = start % g->wide, y = start / g->wide, depth = 0;
	struct block b = {x, y, x, y, 0};

	g->stack[depth++] = start;
	g->ink[start] = 2;
	while (depth > 0) {
		int at = g->stack[--depth];

		x = at % g->wide;
		y = at / g->wide;
		b.left = x < b.left ? x : b.left;
		b.right = x > b.right ? x : b.right;
		b.top = y < b.top ? y : b.top;
		b.bottom = y > b.bottom ? y : b.bottom;
		b.inked++;
		for (int i = 0; i < 9; i++) {
			int nx = x + i % 3 - 1, ny = y + i / 3 - 1;
			int next = ny * g->wide + nx;

			if (nx < 0 || ny < 0 || nx >= g->wide ||
			    ny >= g->high || g->ink[next] != 1)
				continue;
			g->ink[next] = 2;
			g->stack[depth++] = next;
		}
	}
	return b;
}

static bool
row_has_ink(const struct image *image, int y, int left, int right)
{
	const uint8_t *row = image->grey + (size_t)y * (size_t)image->width;

	for (int x = left; x < right; x++)
		if (row[x] < DARK)
			return true;
	return false;
}

static bool
column_has_ink(const struct image *image, int x, int top, int bottom)
{
	for (int y = top; y < bottom; y++)
		if (image->grey[(size_t)y * (size_t)image->width + (size_t)x] <
		    DARK)
			return true;
	return false;
}

/* The ink's own edges inside the block's cells. */
static struct box
shrink(const struct image *image, const struct grid *g, const struct block *b)
{
	int left = b->left * g->cell, top = b->top * g->cell;
	int right = (b->right + 1) * g->cell,
	    bottom = (b->bottom + 1) * g->cell;

	right = right > image->width ? image->width : right;
	bottom = bottom > image->height ? image->height : bottom;
	while (top < bottom && !row_has_ink(image, top, left, right))
		top++;
	while (bottom > top && !row_has_ink(image, bottom - 1, left, right))
		bottom--;
	while (left < right && !column_has_ink(image, left, top, bottom))
		left++;
	while (right > left && !column_has_ink(image, right - 1, top, bottom))
		right--;
	return (struct box){left, top, right, bottom};
}

static bool
plausible(
    const struct image *image, const struct grid *g, const struct block *b)
{
	double dpi = image->dpi_x > 0 ? image->dpi_x : ASSUMED_DPI;
	double mm = g->cell * MM_PER_INCH / dpi;
	int wide = b->right - b->left + 1, high = b->bottom - b->top + 1;

	return wide * mm >= SIDE_MIN_MM && high * mm >= SIDE_MIN_MM &&
	       wide * mm <= SIDE_MAX_MM && high * mm <= SIDE_MAX_MM &&
	       b->inked >= INK_MIN * wide * high;
}

size_t
find_blocks(
    const struct image *image, double gap_mm, struct box *out, size_t max)
{
	struct grid g = {0};
	size_t count = 0;

	if (grid_new(&g, image, gap_mm))
		for (int i = 0; i < g.wide * g.high && count < max; i++) {
			struct block b;

			if (g.ink[i] != 1)
				continue;
			b = flood(&g, i);
			if (plausible(image, &g, &b))
				out[count++] = shrink(image, &g, &b);
		}
	free(g.ink);
	free(g.stack);
	return count;
}
