/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_damaged: ink that nobody could read, but that has the finder patterns
 * of a symbol.  It is reported as unreadable, so that a bad print is not taken
 * for a page without stamps.
 */
#include "tools/verify.h"

#include <string.h>

#define DARK	    128
#define ASSUMED_DPI 300.0
#define SIDE_MIN_MM 7.0
#define SIDE_MAX_MM 60.0
#define RUNS	    5 /* dark, light, dark, light, dark */

static bool
dark(const struct image *image, int x, int y)
{
	return x >= 0 && y >= 0 && x < image->width && y < image->height &&
	       image->grey[(size_t)y * (size_t)image->width + (size_t)x] < DARK;
}

/* Five runs of 1:1:3:1:1 from (x, y) on in steps of (dx, dy); their sum in
 * pixels, 0 if they are none. */
static int
finder_runs(const struct image *image, int x, int y, int dx, int dy, int most)
{
	static const int want[RUNS] = {1, 1, 3, 1, 1};
	int runs[RUNS] = {0}, sum = 0, at = 0;

	for (; at < RUNS && sum <= most; x += dx, y += dy, sum++) {
		if (dark(image, x, y) != (at % 2 == 0)) {
			if (++at == RUNS)
				break;
		}
		runs[at]++;
	}
	if (at < RUNS || sum < 14)
		return 0;
	for (int i = 0; i < RUNS; i++)
		/* within half a module */
		if (14 * runs[i] < (2 * want[i] - 1) * sum ||
		    14 * runs[i] > (2 * want[i] + 1) * sum)
			return 0;
	return sum;
}

/* A QR finder pattern whose outer corner is (x, y); sx, sy point inwards.  The
 * lines run through where its middle must be, 3.5 modules in. */
static bool
finder_at(const struct image *image, int x, int y, int sx, int sy, int side)
{
	for (int module = side / 80 + 1; module <= side / 21 + 1; module++) {
		int in = module * 7 / 2;
		int h = finder_runs(image, x, y + sy * in, sx, 0, side / 2);
		int v = finder_runs(image, x + sx * in, y, 0, sy, side / 2);

		if (h && v && h > v - module && h < v + module)
			return true;
	}
	return false;
}

static bool
looks_like_qr(const struct image *image, const struct box *b)
{
	int left = (int)b->left, top = (int)b->top;
	int right = (int)b->right - 1, bottom = (int)b->bottom - 1;
	int side = right - left;
	int corners = finder_at(image, left, top, 1, 1, side) +
		      finder_at(image, right, top, -1, 1, side) +
		      finder_at(image, left, bottom, 1, -1, side) +
		      finder_at(image, right, bottom, -1, -1, side);

	return corners >= 2;
}

/* Part of an edge line that is dark, in 1/100. */
static int
dark_part(const struct image *image, int x, int y, int dx, int dy, int len)
{
	int count = 0;

	for (int i = 0; i < len; i++)
		count += dark(image, x + i * dx, y + i * dy);
	return len > 0 ? 100 * count / len : 0;
}

/* Two neighbouring edges solid, the two others dotted. */
static bool
looks_like_datamatrix(const struct image *image, const struct box *b)
{
	int left = (int)b->left, top = (int)b->top;
	int wide = (int)b->right - left, high = (int)b->bottom - top;
	int in = (wide < high ? wide : high) / 100 + 1;
	int edge[4];
	int solid = 0, dotted = 0;

	edge[0] = dark_part(image, left, top + in, 1, 0, wide);
	edge[1] = dark_part(image, left + wide - 1 - in, top, 0, 1, high);
	edge[2] = dark_part(image, left, top + high - 1 - in, 1, 0, wide);
	edge[3] = dark_part(image, left + in, top, 0, 1, high);
	for (int i = 0; i < 4; i++) {
		solid += edge[i] >= 95 && edge[(i + 1) % 4] >= 95;
		dotted += edge[i] >= 35 && edge[i] <= 65;
	}
	return solid == 1 && dotted == 2;
}

bool
find_damaged(const struct image *image, const struct box *block, unsigned by,
    struct found_list *out, struct err *e)
{
	double dpi = image->dpi_x > 0 ? image->dpi_x : ASSUMED_DPI;
	double mm = MM_PER_INCH / dpi;
	double wide = (block->right - block->left) * mm;
	double high = (block->bottom - block->top) * mm;
	double small = wide < high ? wide : high;
	double large = wide < high ? high : wide;
	struct found one = {.box = *block};

	if (small < SIDE_MIN_MM || large > SIDE_MAX_MM)
		return true;
	if (large > 1.1 * small)
		by &= BY_ZXING;
	if (by & (BY_ZBAR | BY_ZXING) && large < 1.1 * small &&
	    looks_like_qr(image, block))
		memcpy(one.symbology, "QR", 3);
	else if (by & (BY_DMTX | BY_ZXING) &&
		 looks_like_datamatrix(image, block))
		memcpy(one.symbology, "DataMatrix", 11);
	else
		return true;
	return found_add(out, &one, e);
}
