/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scan_sim: prints a stamp's dots on imagined paper and scans it.
 *
 *	scan_sim DPI_X DPI_Y GAIN_MIL SCAN_DPI DEGREES BLUR NOISE [PERCENT]
 *		<in.pgm >out.pgm
 *
 * Every black dot grows by GAIN_MIL on its four sides, as toner and thermal
 * paper do; the scanner's pixels see the page turned by DEGREES, blurred (a
 * Gaussian of BLUR pixels) and with NOISE grey levels added.  The noise is the
 * same in every run.  PERCENT: the printer makes the page that much of its size
 * by itself ("fit to page"), by leaving dots out.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define SAMPLES	 4   /* per pixel and axis */
#define PAPER	 230 /* grey of white paper */
#define INK	 35
#define BLUR_MAX 8 /* pixels on each side */
#define PAGE_MAX 8192

struct page {
	int width, height;
	uint8_t *grey;
};

struct press {
	double dpi_x, dpi_y, gain_in;
};

static int
read_pgm(FILE *f, struct page *p)
{
	int max;

	if (fscanf(f, "P5 %d %d %d", &p->width, &p->height, &max) != 3 ||
	    max != 255 || p->width < 1 || p->height < 1 ||
	    p->width > PAGE_MAX || p->height > PAGE_MAX || getc(f) == EOF)
		return 0;
	p->grey = malloc((size_t)p->width * (size_t)p->height);
	return p->grey != NULL &&
	       fread(p->grey, (size_t)p->width, (size_t)p->height, f) ==
		   (size_t)p->height;
}

/* The nearest dot of the page for each dot of the smaller one. */
static void
shrink(struct page *p, double percent)
{
	int width = (int)(p->width * percent / 100);
	int height = (int)(p->height * percent / 100);

	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++) {
			int from_x = (int)((x + 0.5) * 100 / percent);
			int from_y = (int)((y + 0.5) * 100 / percent);

			p->grey[y * width + x] =
			    p->grey[from_y * p->width + from_x];
		}
	p->width = width;
	p->height = height;
}

static int
dark(const struct page *p, double x, double y)
{
	int col = (int)floor(x), row = (int)floor(y);

	return col >= 0 && row >= 0 && col < p->width && row < p->height &&
	       p->grey[row * p->width + col] < 128;
}

/* Is there ink at this place, in inches? */
static int
inked(const struct page *p, const struct press *press, double x, double y)
{
	double g = press->gain_in;

	for (int i = -1; i <= 1; i++)
		for (int j = -1; j <= 1; j++)
			if (dark(p, (x + i * g) * press->dpi_x,
				(y + j * g) * press->dpi_y))
				return 1;
	return 0;
}

static double *
scan(const struct page *p, const struct press *press, int dpi, double degrees,
    int *width, int *height)
{
	double c = cos(degrees * M_PI / 180), s = sin(degrees * M_PI / 180);
	double w = p->width / press->dpi_x, h = p->height / press->dpi_y;
	double *out;

	*width = (int)((w * fabs(c) + h * fabs(s)) * dpi) + 1;
	*height = (int)((h * fabs(c) + w * fabs(s)) * dpi) + 1;
	out = calloc((size_t)*width * (size_t)*height, sizeof *out);
	if (out == NULL)
		return NULL;
	for (int i = 0; i < *width * *height * SAMPLES * SAMPLES; i++) {
		int pixel = i / (SAMPLES * SAMPLES),
		    k = i % (SAMPLES * SAMPLES);
		double u = (pixel % *width + (k % SAMPLES + 0.5) / SAMPLES -
			       *width / 2.0) /
			   dpi;
		double v = (pixel / *width + (k / SAMPLES + 0.5) / SAMPLES -
			       *height / 2.0) /
			   dpi;

		out[pixel] += inked(
		    p, press, u * c + v * s + w / 2, v * c - u * s + h / 2);
	}
	for (int i = 0; i < *width * *height; i++)
		out[i] = PAPER + (INK - PAPER) * out[i] / (SAMPLES * SAMPLES);
	return out;
}

/* One axis: `step` from pixel to pixel, `count` of them. */
static void
blur_line(double *line, int count, int step, double sigma)
{
	static double copy[2 * PAGE_MAX];

	for (int i = 0; i < count; i++)
		copy[i] = line[i * step];
	for (int i = 0; i < count; i++) {
		double sum = 0, weight = 0;

		for (int k = -BLUR_MAX; k <= BLUR_MAX; k++) {
			int at = i + k < 0 ? 0 : i + k;
			double g = exp(-k * k / (2 * sigma * sigma));

			if (at >= count)
				at = count - 1;
			sum += g * copy[at];
			weight += g;
		}
		line[i * step] = sum / weight;
	}
}

static uint8_t
noisy(double value, double noise)
{
	static uint32_t x = 1;
	double sum = 0;

	for (int i = 0; i < 4; i++) {
		x = x * 1664525u + 1013904223u;
		sum += x / 4294967296.0 - 0.5;
	}
	value += noise * sum * 1.7; /* four uniforms: sigma 0.58 */
	return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

int
main(int argc, char **argv)
{
	struct page page = {0};
	struct press press;
	double *grey, sigma;
	int width, height;

	if (argc < 8 || argc > 9 || !read_pgm(stdin, &page) ||
	    (argc == 9 && !(atof(argv[8]) > 50 && atof(argv[8]) <= 100))) {
		fprintf(stderr, "scan_sim: no page, or wrong arguments\n");
		return 2;
	}
	if (argc == 9)
		shrink(&page, atof(argv[8]));
	press =
	    (struct press){atof(argv[1]), atof(argv[2]), atof(argv[3]) / 1000};
	grey =
	    scan(&page, &press, atoi(argv[4]), atof(argv[5]), &width, &height);
	free(page.grey);
	if (grey == NULL || width > 2 * PAGE_MAX || height > 2 * PAGE_MAX) {
		free(grey);
		return 1;
	}
	sigma = atof(argv[6]);
	for (int y = 0; y < height && sigma > 0; y++)
		blur_line(grey + y * width, width, 1, sigma);
	for (int x = 0; x < width && sigma > 0; x++)
		blur_line(grey + x, height, width, sigma);
	printf("P5\n%d %d\n255\n", width, height);
	for (int i = 0; i < width * height; i++)
		putchar(noisy(grey[i], atof(argv[7])));
	free(grey);
	return fflush(stdout) == 0 ? 0 : 1;
}
