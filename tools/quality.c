/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/quality.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stamp/symbol.h"

#define DPI_MIN	  200.0
#define ROUNDS	  4
#define SKEW_MAX  6.0  /* degrees to each side */
#define SKEW_STEP 0.25 /* less for symbols of more than 80 modules */
#define STEPS	  16   /* of a module, along an edge's profile */
#define NEAR	  0.5  /* modules: an edge belongs to the grid's line there */
#define MATCH_MIN 0.5  /* correlation of modules and scan */
#define WORST	  0.02

/* A module's middle (u + 0.5, v + 0.5) lies at o + u * x + v * y, pixels. */
struct grid {
	double ox, oy, ux, uy, vx, vy;
};

struct look {
	const struct image *image;
	const struct symbol *symbol;
	struct grid grid;
	double light, dark, middle;
};

static double
pixel(const struct image *m, int x, int y)
{
	if (x < 0 || y < 0 || x >= m->width || y >= m->height)
		return 255;
	return m->grey[(size_t)y * (size_t)m->width + (size_t)x];
}

/* Between pixels, whose middles are at halves. */
static double
sample(const struct look *l, double u, double v)
{
	const struct grid *g = &l->grid;
	double x = g->ox + u * g->ux + v * g->vx - 0.5;
	double y = g->oy + u * g->uy + v * g->vy - 0.5;
	int left = (int)floor(x), top = (int)floor(y);
	double fx = x - left, fy = y - top;

	return (pixel(l->image, left, top) * (1 - fx) +
		   pixel(l->image, left + 1, top) * fx) *
		   (1 - fy) +
	       (pixel(l->image, left, top + 1) * (1 - fx) +
		   pixel(l->image, left + 1, top + 1) * fx) *
		   fy;
}

/* The middle of a module, over more than half of its width. */
static double
module_grey(const struct look *l, int u, int v)
{
	double sum = 0;

	for (int i = -1; i <= 1; i++)
		for (int k = -1; k <= 1; k++)
			sum +=
			    sample(l, u + 0.5 + i * 0.25, v + 0.5 + k * 0.25);
	return sum / 9;
}

/* How well modules and scan agree, -1 to 1. */
static double
match(const struct look *l)
{
	const struct symbol_shape *s = &l->symbol->shape;
	double n = s->width * s->height, a = 0, b = 0, aa = 0, bb = 0, ab = 0;

	for (int v = 0; v < s->height; v++)
		for (int u = 0; u < s->width; u++) {
			double x = symbol_get(l->symbol, u, v) ? 0 : 1;
			double y = sample(l, u + 0.5, v + 0.5);

			a += x;
			b += y;
			aa += x * x;
			bb += y * y;
			ab += x * y;
		}
	return (ab - a * b / n) /
	       sqrt((aa - a * a / n) * (bb - b * b / n) + 1e-9);
}

/* The grid in a box of ink, in the quarter `turn` and askew by `degrees`. */
static struct grid
grid_in(const struct box *box, const struct symbol_shape *s, int turn,
    double degrees)
{
	double angle = (turn * 90 + degrees) * M_PI / 180;
	double c = cos(angle), n = sin(angle), k = degrees * M_PI / 180;
	double wide = box->right - box->left, high = box->bottom - box->top;
	double along = turn % 2 == 0 ? wide : high;
	double across = turn % 2 == 0 ? high : wide;
	double t = fabs(tan(k)), w, h;
	struct grid g;

	/* the box of a rectangle that is turned by k is larger than it */
	w = (along - across * t) / (1 - t * t) / cos(k);
	h = (across - along * t) / (1 - t * t) / cos(k);
	g.ux = c * w / s->width;
	g.uy = n * w / s->width;
	g.vx = -n * h / s->height;
	g.vy = c * h / s->height;
	g.ox = (box->left + box->right) / 2 - g.ux * s->width / 2 -
	       g.vx * s->height / 2;
	g.oy = (box->top + box->bottom) / 2 - g.uy * s->width / 2 -
	       g.vy * s->height / 2;
	return g;
}

static bool
find_grid(struct look *l, const struct box *box)
{
	const struct symbol_shape *s = &l->symbol->shape;
	double step = SKEW_STEP * fmin(1, 80.0 / s->width), most = -1;
	int steps = (int)(SKEW_MAX / step);
	struct grid best = {0};

	for (int turn = 0; turn < 4; turn++)
		for (int i = -steps; i <= steps; i++) {
			double here;

			l->grid = grid_in(box, s, turn, i * step);
			here = match(l);
			if (here > most) {
				most = here;
				best = l->grid;
			}
		}
	l->grid = best;
	return most > MATCH_MIN;
}

/* Lightest and darkest module, without the odd speck. */
static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void
find_levels(struct look *l, double *greys)
{
	const struct symbol_shape *s = &l->symbol->shape;
	int n = 0;

	for (int v = 0; v < s->height; v++)
		for (int u = 0; u < s->width; u++)
			greys[n++] = module_grey(l, u, v);
	qsort(greys, (size_t)n, sizeof(*greys), by_value);
	l->dark = greys[n / 50];
	l->light = greys[n - 1 - n / 50];
	l->middle = (l->dark + l->light) / 2;
}

/* --- edges --------------------------------------------------------------------- */

/* Where an edge is, less where it belongs, is fitted by
 * a[0] + a[1] * u + a[2] * v + a[3] * outwards: moved, stretched, askew, grown;
 * all in modules, u and v from the symbol's middle. */
#define TERMS 4

struct fit {
	double m[TERMS][TERMS + 1];
	double a[TERMS];
	double *rest; /* what is left of each edge, in the last round */
	int count, room;
};

static void
fit_add(struct fit *f, const double term[TERMS], double off)
{
	for (int i = 0; i < TERMS; i++) {
		for (int k = 0; k < TERMS; k++)
			f->m[i][k] += term[i] * term[k];
		f->m[i][TERMS] += term[i] * off;
	}
}

/* Gauss's elimination; false where the edges do not tell. */
static bool
fit_solve(struct fit *f)
{
	for (int i = 0; i < TERMS; i++) {
		if (fabs(f->m[i][i]) < 1e-6)
			return false;
		for (int k = 0; k < TERMS; k++) {
			double by = f->m[k][i] / f->m[i][i];

			for (int j = i; k != i && j <= TERMS; j++)
				f->m[k][j] -= by * f->m[i][j];
		}
	}
	for (int i = 0; i < TERMS; i++)
		f->a[i] = f->m[i][TERMS] / f->m[i][i];
	return true;
}

/* Along one line of modules: `across` is u and `line` v, or the reverse. */
struct walk {
	const struct look *l;
	bool down;
	int line, length;
	double middle_u, middle_v;
};

static double
walk_grey(const struct walk *w, double at)
{
	return w->down ? sample(w->l, w->line + 0.5, at)
		       : sample(w->l, at, w->line + 0.5);
}

static bool
walk_dark(const struct walk *w, int module)
{
	return w->down ? symbol_get(w->l->symbol, w->line, module)
		       : symbol_get(w->l->symbol, module, w->line);
}

/* Where the scan passes from light to dark, or back, near the grid's line
 * before `module`; false where it does not, or more than once. */
static bool
find_edge(const struct walk *w, int module, bool to_dark, double *off)
{
	double before = walk_grey(w, module - NEAR);
	int found = 0;

	for (int i = 1; i <= STEPS; i++) {
		double at = module - NEAR + 2 * NEAR * i / STEPS;
		double here = walk_grey(w, at);
		bool a = before < w->l->middle, b = here < w->l->middle;

		if (a != b) {
			if (b != to_dark)
				return false;
			*off = at - module -
			       2 * NEAR / STEPS * (w->l->middle - here) /
				   (before - here);
			found++;
		}
		before = here;
	}
	return found == 1;
}

static void
walk_line(const struct walk *w, struct fit *f, const double *known)
{
	for (int i = 0; i <= w->length; i++) {
		bool before = walk_dark(w, i - 1), after = walk_dark(w, i);
		double along = w->down ? i - w->middle_v : i - w->middle_u;
		double side = w->down ? w->line + 0.5 - w->middle_u
				      : w->line + 0.5 - w->middle_v;
		double term[TERMS] = {1, w->down ? side : along,
		    w->down ? along : side, after ? -1 : 1};
		double off;

		if (before == after || !find_edge(w, i, after, &off))
			continue;
		fit_add(f, term, off);
		if (known == NULL || f->count == f->room)
			continue;
		for (int k = 0; k < TERMS; k++)
			off -= known[k] * term[k];
		f->rest[f->count++] = fabs(off);
	}
}

static bool
walk_all(const struct look *l, bool down, struct fit *f, const double *known)
{
	const struct symbol_shape *s = &l->symbol->shape;
	struct walk w = {.l = l,
	    .down = down,
	    .length = down ? s->height : s->width,
	    .middle_u = s->width / 2.0,
	    .middle_v = s->height / 2.0};
	int lines = down ? s->width : s->height;

	for (w.line = 0; w.line < lines; w.line++)
		walk_line(&w, f, known);
	return fit_solve(f);
}

/* Moves the grid by what the edges say. */
static void
adjust(struct look *l, const double x[TERMS], const double y[TERMS])
{
	const struct symbol_shape *s = &l->symbol->shape;
	struct grid g = l->grid, n;
	double mu = s->width / 2.0, mv = s->height / 2.0;
	/* u' = u + x0 + x1 (u - mu) + x2 (v - mv); v' alike */
	double cu = x[0] - x[1] * mu - x[2] * mv;
	double cv = y[0] - y[1] * mu - y[2] * mv;

	n.ox = g.ox + cu * g.ux + cv * g.vx;
	n.oy = g.oy + cu * g.uy + cv * g.vy;
	n.ux = g.ux * (1 + x[1]) + g.vx * y[1];
	n.uy = g.uy * (1 + x[1]) + g.vy * y[1];
	n.vx = g.ux * x[2] + g.vx * (1 + y[2]);
	n.vy = g.uy * x[2] + g.vy * (1 + y[2]);
	l->grid = n;
}

/* --- figures -------------------------------------------------------------------- */

/* Code words that only correct others. */
static int
correction_words(enum symbol_kind kind, const struct symbol_shape *s)
{
	/* level M, version 1 on; Data Matrix by side, in twos and fours */
	static const int qr[] = {10, 16, 26, 36, 48, 64, 72, 88, 110, 130, 150,
	    176, 198, 216, 240, 280, 308, 338, 364, 416};
	static const int matrix[][2] = {{10, 5}, {12, 7}, {14, 10}, {16, 12},
	    {18, 14}, {20, 18}, {22, 20}, {24, 24}, {26, 28}, {32, 36},
	    {36, 42}, {40, 48}, {44, 56}, {48, 68}, {52, 84}};
	size_t version = (size_t)(s->width - 21) / 4;

	if (kind == SYMBOL_QR)
		return version < sizeof(qr) / sizeof(qr[0]) ? qr[version] : 0;
	if (kind == SYMBOL_DMRE)
		return 50; /* 26 x 64 */
	for (size_t i = 0; i < sizeof(matrix) / sizeof(matrix[0]); i++)
		if (matrix[i][0] == s->width)
			return matrix[i][1];
	return 0;
}

static void
look_at_modules(const struct look *l, enum symbol_kind kind, double *room,
    struct quality *out)
{
	const struct symbol_shape *s = &l->symbol->shape;
	int words = correction_words(kind, s), wrong = 0, n = 0;
	double half = (l->light - l->dark) / 2;

	for (int v = 0; v < s->height; v++)
		for (int u = 0; u < s->width; u++) {
			double grey = module_grey(l, u, v) - l->middle;

			if (symbol_get(l->symbol, u, v))
				grey = -grey;
			if (grey <= 0)
				wrong++;
			room[n++] = fmin(fmax(grey / half, 0), 1);
		}
	qsort(room, (size_t)n, sizeof(*room), by_value);
	out->modulation = room[(int)(n * WORST)];
	out->contrast = (l->light - l->dark) / 255;
	/* Two words of correction for each that is wrong, at worst as many of
	 * them as modules. */
	out->unused = words > 0 ? fmax(0, 1 - 2.0 * wrong / words) : 0;
}

static int
grade_of(double value, const double least[4], bool high_is_good)
{
	int grade = 4;

	while (grade > 0 && (high_is_good ? value < least[4 - grade]
					  : value > least[4 - grade]))
		grade--;
	return grade;
}

static void
set_grade(struct quality *q)
{
	static const double contrast[] = {0.70, 0.55, 0.40, 0.20},
			    modulation[] = {0.50, 0.40, 0.30, 0.20},
			    axial[] = {0.06, 0.08, 0.10, 0.12},
			    grid[] = {0.38, 0.50, 0.63, 0.75},
			    unused[] = {0.62, 0.50, 0.37, 0.25};
	int grades[] = {grade_of(q->contrast, contrast, true),
	    grade_of(q->modulation, modulation, true),
	    grade_of(q->axial, axial, false), grade_of(q->grid, grid, false),
	    grade_of(q->unused, unused, true)};
	int worst = 4;

	for (size_t i = 0; i < sizeof(grades) / sizeof(grades[0]); i++)
		worst = grades[i] < worst ? grades[i] : worst;
	q->grade = "FDCBA"[worst];
}

static double
percentile(double *values, int count, double part)
{
	if (count == 0)
		return 1;
	qsort(values, (size_t)count, sizeof(*values), by_value);
	return values[(int)((count - 1) * part)];
}

static void
look_at_grid(const struct look *l, struct fit fits[2], struct quality *out)
{
	const struct grid *g = &l->grid;
	double mil_x = 1000 / l->image->dpi_x, mil_y = 1000 / l->image->dpi_y;
	double angle = atan2(g->uy * mil_y, g->ux * mil_x) * 180 / M_PI;

	out->module_x_mil = hypot(g->ux * mil_x, g->uy * mil_y);
	out->module_y_mil = hypot(g->vx * mil_x, g->vy * mil_y);
	out->gain_x_mil = fits[0].a[3] * out->module_x_mil;
	out->gain_y_mil = fits[1].a[3] * out->module_y_mil;
	out->axial = fabs(out->module_x_mil - out->module_y_mil) /
		     ((out->module_x_mil + out->module_y_mil) / 2);
	out->grid = fmax(percentile(fits[0].rest, fits[0].count, 0.99),
	    percentile(fits[1].rest, fits[1].count, 0.99));
	out->skew_degrees = angle - round(angle / 90) * 90;
}

static bool
measure(struct look *l, enum symbol_kind kind, double *room, int count,
    struct quality *out, struct err *e)
{
	struct fit fits[2] = {{.count = 0}, {.count = 0}};

	for (int round = 0; round < ROUNDS; round++) {
		double known[2][TERMS] = {{0}};
		bool last = round + 1 == ROUNDS;

		for (int i = 0; last && i < 2; i++)
			known[i][3] = fits[i].a[3];
		find_levels(l, room);
		for (int i = 0; i < 2; i++) {
			fits[i] = (struct fit){
			    .rest = room + i * count, .room = count};
			if (!walk_all(
				l, i == 1, &fits[i], last ? known[i] : NULL))
				return err_set(e, ERR_REQUEST,
				    "the symbol has too few edges");
		}
		if (!last)
			adjust(l, fits[0].a, fits[1].a);
	}
	look_at_grid(l, fits, out);
	look_at_modules(l, kind, room, out);
	set_grade(out);
	return true;
}

static enum symbol_kind
kind_of(const struct found *f)
{
	double ratio =
	    (f->box.right - f->box.left) / (f->box.bottom - f->box.top + 1e-9);

	if (strcmp(f->symbology, "QR") == 0)
		return SYMBOL_QR;
	if (strcmp(f->symbology, "PDF417") == 0)
		return SYMBOL_PDF417;
	return ratio > 1.5 || ratio < 1 / 1.5 ? SYMBOL_DMRE : SYMBOL_DATAMATRIX;
}

bool
quality_measure(const struct image *image, const struct found *found,
    struct quality *out, struct err *e)
{
	struct symbol *symbol = malloc(sizeof(*symbol));
	enum symbol_kind kind = kind_of(found);
	struct look l = {.image = image, .symbol = symbol};
	double *room = NULL;
	bool done = false;
	int count;

	memset(out, 0, sizeof(*out));
	if (symbol == NULL)
		return err_system(e, "memory for a symbol");
	if (image->dpi_x < DPI_MIN || image->dpi_y < DPI_MIN) {
		err_set(e, ERR_REQUEST,
		    "the scan says %.0f dpi: 300 or more are wanted, and in "
		    "the file",
		    image->dpi_x);
		goto out;
	}
	/* Decoders tell a few of its rows' places, not its edges. */
	if (kind == SYMBOL_PDF417) {
		err_set(e, ERR_REQUEST,
		    "PDF417 is not measured: print a test sheet with QR or "
		    "DataMatrix");
		goto out;
	}
	if (!symbol_encode(kind, found->bytes, found->len, symbol, e))
		goto out;
	/* an edge on each side of every module, for both axes */
	count = (symbol->shape.width + 1) * (symbol->shape.height + 1);
	room = calloc(2 * (size_t)count, sizeof(*room));
	if (room == NULL)
		err_system(e, "memory for a symbol");
	else if (!find_grid(&l, &found->box))
		err_set(e, ERR_REQUEST, "the symbol's modules are not found");
	else
		done = measure(&l, kind, room, count, out, e);
out:
	free(room);
	free(symbol);
	return done;
}

void
quality_worse(struct quality *of, const struct quality *other)
{
	of->contrast = fmin(of->contrast, other->contrast);
	of->modulation = fmin(of->modulation, other->modulation);
	of->unused = fmin(of->unused, other->unused);
	of->axial = fmax(of->axial, other->axial);
	of->grid = fmax(of->grid, other->grid);
	of->gain_x_mil = fmax(of->gain_x_mil, other->gain_x_mil);
	of->gain_y_mil = fmax(of->gain_y_mil, other->gain_y_mil);
	if (fabs(other->skew_degrees) > fabs(of->skew_degrees))
		of->skew_degrees = other->skew_degrees;
	if (other->grade > of->grade)
		of->grade = other->grade;
}
