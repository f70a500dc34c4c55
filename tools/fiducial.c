/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/fiducial.h"

#include <math.h>
#include <stdlib.h>

#define DARK	    128
#define DISC_MIN_MM 3.8
#define DISC_MAX_MM 6.5
#define ROUND	    0.18 /* width and height differ by less, of either */
#define FULL_MIN    0.70 /* of the box; a disc fills 0.785 */
#define FULL_MAX    0.87
#define DISCS_MAX   64
#define EDGE_LINES  61
#define EDGE_RUN_MM 1.0 /* of white, that it is paper */
#define SIZE_MM	    1.5 /* a picture of the paper's size, at most off by */
#define DPI_MIN	    200.0

void
fiducial_places(
    double page_w_mm, double page_h_mm, struct fiducial out[FIDUCIALS])
{
	double in = FIDUCIAL_INSET_MM, w = page_w_mm, h = page_h_mm;

	out[0] = (struct fiducial){in, in};
	out[1] = (struct fiducial){w - in, in};
	out[2] = (struct fiducial){in, h - in};
	out[3] = (struct fiducial){w - in, h - in};
	out[4] = (struct fiducial){in + FIDUCIAL_FIFTH_MM, in};
}

/* --- discs ------------------------------------------------------------------- */

struct blob {
	int left, top, right, bottom;
	size_t pixels;
};

struct search {
	const struct image *image;
	uint8_t *seen;
	int *stack;
};

static struct blob
flood(struct search *s, int start)
{
	int width = s->image->width, depth = 0;
	struct blob b = {
	    start % width, start / width, start % width, start / width, 0};

	s->stack[depth++] = start;
	s->seen[start] = 1;
	while (depth > 0) {
		int at = s->stack[--depth], x = at % width, y = at / width;
		const int next[4][2] = {
		    {x - 1, y}, {x + 1, y}, {x, y - 1}, {x, y + 1}};

		b.left = x < b.left ? x : b.left;
		b.right = x > b.right ? x : b.right;
		b.top = y < b.top ? y : b.top;
		b.bottom = y > b.bottom ? y : b.bottom;
		b.pixels++;
		for (int i = 0; i < 4; i++) {
			int to = next[i][1] * width + next[i][0];

			if (next[i][0] < 0 || next[i][1] < 0 ||
			    next[i][0] >= width ||
			    next[i][1] >= s->image->height || s->seen[to] ||
			    s->image->grey[to] >= DARK)
				continue;
			s->seen[to] = 1;
			s->stack[depth++] = to;
		}
	}
	return b;
}

static bool
is_disc(const struct image *image, const struct blob *b)
{
	double w = b->right - b->left + 1, h = b->bottom - b->top + 1;
	double w_mm = w / image->dpi_x * MM_PER_INCH;
	double h_mm = h / image->dpi_y * MM_PER_INCH;
	double full = (double)b->pixels / (w * h);

	return w_mm >= DISC_MIN_MM && w_mm <= DISC_MAX_MM &&
	       fabs(w_mm - h_mm) < ROUND * w_mm && full > FULL_MIN &&
	       full < FULL_MAX;
}

/* The middle of the ink, in fractions of a pixel, as millimetres. */
static struct fiducial
middle(const struct image *image, const struct blob *b)
{
	double sum = 0, x_sum = 0, y_sum = 0;

	for (int y = b->top - 1; y <= b->bottom + 1; y++)
		for (int x = b->left - 1; x <= b->right + 1; x++) {
			double ink;

			if (x < 0 || y < 0 || x >= image->width ||
			    y >= image->height)
				continue;
			ink =
			    255 - image->grey[(size_t)y * (size_t)image->width +
					      (size_t)x];
			sum += ink;
			x_sum += ink * (x + 0.5);
			y_sum += ink * (y + 0.5);
		}
	return (struct fiducial){x_sum / sum / image->dpi_x * MM_PER_INCH,
	    y_sum / sum / image->dpi_y * MM_PER_INCH};
}

static bool
find_discs(
    const struct image *image, struct fiducial *out, int *count, struct err *e)
{
	size_t pixels = (size_t)image->width * (size_t)image->height;
	struct search s = {.image = image,
	    .seen = calloc(pixels, 1),
	    .stack = malloc(pixels * sizeof(int))};
	bool done = s.seen != NULL && s.stack != NULL;

	*count = 0;
	for (size_t i = 0; done && i < pixels && *count < DISCS_MAX; i++) {
		struct blob b;

		if (s.seen[i] || image->grey[i] >= DARK)
			continue;
		b = flood(&s, (int)i);
		if (is_disc(image, &b))
			out[(*count)++] = middle(image, &b);
	}
	free(s.seen);
	free(s.stack);
	return done || err_system(e, "memory for a page");
}

static double
distance(struct fiducial a, struct fiducial b)
{
	return hypot(a.x_mm - b.x_mm, a.y_mm - b.y_mm);
}

/* The two nearest ones are the upper left and the fifth; the fifth is the one
 * nearer to the middle.  Then each of the others is known by its side. */
static bool
put_in_order(struct fiducial found[FIDUCIALS], struct fiducial out[FIDUCIALS],
    struct err *e)
{
	struct fiducial centre = {0, 0}, along;
	int first = 0, fifth = 1;
	bool known[FIDUCIALS] = {false};

	for (int i = 0; i < FIDUCIALS; i++) {
		centre.x_mm += found[i].x_mm / FIDUCIALS;
		centre.y_mm += found[i].y_mm / FIDUCIALS;
		for (int k = 0; k < i; k++)
			if (distance(found[i], found[k]) <
			    distance(found[first], found[fifth]))
				first = i, fifth = k;
	}
	if (distance(found[first], centre) < distance(found[fifth], centre)) {
		int swap = first;

		first = fifth;
		fifth = swap;
	}
	along.x_mm = found[fifth].x_mm - found[first].x_mm;
	along.y_mm = found[fifth].y_mm - found[first].y_mm;
	for (int i = 0; i < FIDUCIALS; i++) {
		double x = found[i].x_mm - found[first].x_mm;
		double y = found[i].y_mm - found[first].y_mm;
		double right = x * along.x_mm + y * along.y_mm;
		double down = y * along.x_mm - x * along.y_mm;
		double far = FIDUCIAL_FIFTH_MM * FIDUCIAL_FIFTH_MM * 1.5;
		int which = (right > far) + 2 * (down > far);

		if (i == fifth)
			which = 4;
		if (known[which])
			return err_set(e, ERR_REQUEST,
			    "the discs are not where the test sheet has them");
		known[which] = true;
		out[which] = found[i];
	}
	return true;
}

/* --- the paper's edges --------------------------------------------------------- */

/* A line, in millimetres: across = at + slope * along. */
struct edge {
	double at, slope;
	bool seen; /* not just the picture's own edge */
};

/* Millimetres from the picture's edge to the paper, on one line of pixels. */
static double
to_paper(const struct image *image, bool left, int line)
{
	int length = left ? image->width : image->height;
	double dpi = left ? image->dpi_x : image->dpi_y;
	int need = (int)(EDGE_RUN_MM / MM_PER_INCH * dpi), run = 0;

	for (int i = 0; i < length / 4; i++) {
		size_t at =
		    left ? (size_t)line * (size_t)image->width + (size_t)i
			 : (size_t)i * (size_t)image->width + (size_t)line;

		run = image->grey[at] >= DARK ? run + 1 : 0;
		if (run == need)
			return (i + 1 - need) / dpi * MM_PER_INCH;
	}
	return -1;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double
median(double *values, int count)
{
	qsort(values, (size_t)count, sizeof(*values), by_value);
	return values[count / 2];
}

/* Theil and Sen's line: a stain or a torn corner does not move it. */
static struct edge
find_edge(const struct image *image, bool left)
{
	int length = left ? image->height : image->width, count = 0, n = 0;
	double dpi = left ? image->dpi_y : image->dpi_x;
	double along[EDGE_LINES], across[EDGE_LINES], rest[EDGE_LINES];
	static double slopes[EDGE_LINES * EDGE_LINES];
	struct edge edge = {0, 0, false};

	for (int i = 0; i < EDGE_LINES; i++) {
		int line = length / 8 + i * (length * 3 / 4) / EDGE_LINES;
		double at = to_paper(image, left, line);

		if (at < 0)
			continue;
		along[count] = (line + 0.5) / dpi * MM_PER_INCH;
		across[count++] = at;
	}
	for (int i = 0; i < count; i++)
		for (int k = 0; k < i; k++)
			slopes[n++] =
			    (across[i] - across[k]) / (along[i] - along[k]);
	if (n == 0)
		return edge;
	edge.slope = median(slopes, n);
	for (int i = 0; i < count; i++)
		rest[i] = across[i] - edge.slope * along[i];
	edge.at = median(rest, count);
	edge.seen = edge.at > 0 || edge.slope > 0.0005 || edge.slope < -0.0005;
	return edge;
}

static void
half_turn(struct image *image)
{
	size_t n = (size_t)image->width * (size_t)image->height;

	for (size_t i = 0; i < n / 2; i++) {
		uint8_t swap = image->grey[i];

		image->grey[i] = image->grey[n - 1 - i];
		image->grey[n - 1 - i] = swap;
	}
}

/* Without edges the picture must be the paper. */
static bool
check_size(const struct image *image, double w_mm, double h_mm,
    const struct edge *left, const struct edge *top, struct err *e)
{
	double w = image->width / image->dpi_x * MM_PER_INCH;
	double h = image->height / image->dpi_y * MM_PER_INCH;

	if ((left->seen || fabs(w - w_mm) <= SIZE_MM) &&
	    (top->seen || fabs(h - h_mm) <= SIZE_MM))
		return true;
	return err_set(e, ERR_REQUEST,
	    "the paper's edges cannot be seen: scan it on a black background "
	    "with some of that around it, or cut to the paper (%.0f x %.0f mm, "
	    "the picture has %.0f x %.0f)",
	    w_mm, h_mm, w, h);
}

static bool
find_upright(const struct image *image, double w_mm, double h_mm,
    struct fiducial found[FIDUCIALS], struct fiducial_scan *out, struct err *e)
{
	struct edge left = find_edge(image, true);
	struct edge top = find_edge(image, false);
	struct fiducial at[FIDUCIALS];

	if (!check_size(image, w_mm, h_mm, &left, &top, e) ||
	    !put_in_order(found, at, e))
		return false;
	/* Distances from the two edges, along the paper. */
	for (int i = 0; i < FIDUCIALS; i++) {
		out->at[i].x_mm =
		    (at[i].x_mm - left.at - left.slope * at[i].y_mm) /
		    hypot(1, left.slope);
		out->at[i].y_mm =
		    (at[i].y_mm - top.at - top.slope * at[i].x_mm) /
		    hypot(1, top.slope);
	}
	out->skew_degrees = atan2(out->at[1].y_mm - out->at[0].y_mm,
				out->at[1].x_mm - out->at[0].x_mm) *
			    180 / M_PI;
	return true;
}

bool
fiducial_find(const struct image *scan, double page_w_mm, double page_h_mm,
    struct fiducial_scan *out, struct err *e)
{
	struct fiducial found[DISCS_MAX], at[FIDUCIALS];
	struct image turned = *scan;
	int count;

	if (scan->dpi_x < DPI_MIN || scan->dpi_y < DPI_MIN)
		return err_set(e, ERR_REQUEST,
		    "the scan says %.0f dpi: 300 or more are wanted, and in "
		    "the file",
		    scan->dpi_x);
	if (!find_discs(scan, found, &count, e))
		return false;
	if (count != FIDUCIALS)
		return err_set(e, ERR_REQUEST,
		    "%d of the test sheet's five discs were found", count);
	if (!put_in_order(found, at, e))
		return false;
	if (at[1].x_mm > at[0].x_mm)
		return find_upright(scan, page_w_mm, page_h_mm, found, out, e);
	/* Upside down: look at it the other way round. */
	half_turn(&turned);
	for (int i = 0; i < FIDUCIALS; i++) {
		found[i].x_mm =
		    scan->width / scan->dpi_x * MM_PER_INCH - found[i].x_mm;
		found[i].y_mm =
		    scan->height / scan->dpi_y * MM_PER_INCH - found[i].y_mm;
	}
	return find_upright(&turned, page_w_mm, page_h_mm, found, out, e);
}
