/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_stamp: CPU milliseconds that drawing one stamp takes: sheets of 30
 * labels, put into 8-bit grey dots a row of labels at a time, as the filter
 * does it.
 *
 *	bench_stamp [SHEETS [DPI [SYMBOL]]]	100 sheets, 600 dpi, QR
 *
 * Each stamp has bytes of its own.  Prints the best of three runs: in all, and
 * what of it is the symbol, the drawing of it and the words, and the putting
 * down into the page.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/text.h"
#include "stamp/canvas.h"
#include "stamp/imprint.h"

#define LABELS	       3 /* across */
#define LABELS_A_SHEET 30
#define LENGTH	       124 /* bytes of an indicium with its usual extensions */
#define RUNS	       3
#define SECONDS	       1e-9

enum { SYMBOL, DRAW, PUT, PARTS };

static double
cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return ((double)t.tv_sec + (double)t.tv_nsec * SECONDS) * 1e3;
}

static bool
one_stamp(struct imprint_pen *pen, const struct imprint_spec *spec,
    struct canvas *page, int place, double *ms, struct err *e)
{
	static const struct imprint_text words = {.amount = 780,
	    .mail_date = 20261121,
	    .mailby = 20261128,
	    .psd_expires = 20281121,
	    .origin_place = "Springfield IL",
	    .origin_zip = 62701,
	    .class_name = "First-Class Letter",
	    .psd_id = "XXPS0001234567",
	    .specimen = true};
	uint8_t bytes[LENGTH];
	struct symbol symbol;
	struct imprint im;
	double t[PARTS + 1];
	bool done;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)rand();
	t[SYMBOL] = cpu_ms();
	if (!symbol_encode(spec->symbol, bytes, sizeof(bytes), &symbol, e))
		return false;
	t[DRAW] = cpu_ms();
	if (!imprint_draw(pen, spec, bytes, &words, &im, e))
		return false;
	t[PUT] = cpu_ms();
	done = canvas_put(
	    page, &im, page->width / LABELS * (place % LABELS) + 13, 0, e);
	t[PARTS] = cpu_ms();
	imprint_free(&im);
	for (int i = 0; i < PARTS; i++)
		ms[i] += t[i + 1] - t[i];
	return done;
}

static bool
run(int sheets, const struct imprint_spec *spec, struct canvas *page,
    double *best, struct err *e)
{
	struct imprint_pen *pen = imprint_pen_new(e);
	double ms[PARTS] = {0};
	bool good = pen != NULL;

	for (int i = 0; good && i < sheets * LABELS_A_SHEET; i++)
		good = one_stamp(pen, spec, page, i, ms, e);
	imprint_pen_free(pen);
	for (int i = 0; i < PARTS; i++) {
		double each = ms[i] / (sheets * LABELS_A_SHEET);

		best[i] = best[i] == 0 || each < best[i] ? each : best[i];
	}
	return good;
}

int
main(int argc, char **argv)
{
	int sheets = argc > 1 ? atoi(argv[1]) : 100;
	int dpi = argc > 2 ? atoi(argv[2]) : 600;
	struct imprint_spec spec = {.layout = LAYOUT_LABEL,
	    .symbol = SYMBOL_QR,
	    .indicium_len = LENGTH,
	    .dpi_x = dpi,
	    .dpi_y = dpi};
	struct canvas page = {.width = 17 * dpi / 2,
	    .height = dpi,
	    .bytes_per_line = (size_t)(17 * dpi / 2),
	    .bits_per_color = 8,
	    .bits_per_pixel = 8,
	    .space = CANVAS_K};
	struct err e = ERR_INIT;
	double best[PARTS] = {0};
	bool good = sheets > 0;

	if (argc > 3)
		good = good && symbol_kind_parse(argv[3], &spec.symbol);
	if (!good)
		return 2;
	page.size = canvas_size(&page);
	page.pixels = calloc(1, page.size);
	good = canvas_init(&page, &e);
	for (int i = 0; good && i < RUNS; i++)
		good = run(sheets, &spec, &page, best, &e);
	free(page.pixels);
	if (!good) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	/* imprint_draw() makes the symbol once more */
	printf("CPU of a stamp, %d of them, %s, %d dpi: %.2f ms (symbol %.2f, "
	       "dots and words %.2f, into the page %.2f)\n",
	    sheets * LABELS_A_SHEET, symbol_kind_name(spec.symbol), dpi,
	    best[DRAW] + best[PUT], best[SYMBOL], best[DRAW] - best[SYMBOL],
	    best[PUT]);
	return 0;
}
