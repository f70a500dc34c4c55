/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imprint_sample: writes one imprint of known bytes, a tenth of an inch of
 * paper around it, as a grey PGM file, for the tests that read symbols back
 * and for the eye.
 *
 *	imprint_sample LAYOUT SYMBOL LEN DPI_X DPI_Y REDUCTION SPECIMEN OUT
 *		[SPACE ORDER BITS ROTATION]
 *
 * LEN bytes of a fixed pseudo-random sequence (all byte values, 0 and 255
 * too) are written to OUT.bin; LEN "@FILE": the bytes of FILE.  "-" as SYMBOL
 * = the layout's own.  With SPACE and so on (CUPS's numbers) the imprint is
 * drawn on such a canvas, turned, and read back from it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stamp/canvas.h"
#include "stamp/imprint.h"

static void
fill(uint8_t *data, size_t len)
{
	uint32_t x = 20261121;

	for (size_t i = 0; i < len; i++) {
		x = x * 1664525u + 1013904223u;
		data[i] = (uint8_t)(x >> 24);
	}
	memcpy(data, "\x91\x21\0\0\xff\xff", len < 6 ? len : 6);
}

static bool
write_bytes(const char *path, const void *ptr, size_t len)
{
	FILE *f = fopen(path, "wb");
	bool done;

	if (f == NULL)
		return false;
	done = fwrite(ptr, 1, len, f) == len;
	return fclose(f) == 0 && done;
}

/* How the imprint goes onto paper: as it is, or by way of a canvas. */
struct paper {
	const struct imprint *im;
	struct canvas canvas; /* pixels NULL: none */
	int width, height;
};

static bool
black(const struct paper *p, int x, int y)
{
	struct canvas_color here, white;

	if (p->canvas.pixels == NULL)
		return imprint_get(p->im, x, y);
	if (x < 0 || y < 0 || x >= p->width || y >= p->height)
		return false;
	here = canvas_sample(&p->canvas, x, y);
	white = canvas_white(&p->canvas);
	return memcmp(&here, &white, sizeof here) != 0;
}

/* As drivers pack them: four pixels' worth of colours in whole bytes. */
static int
pixel_bits(int colors, int bits)
{
	int all = colors * bits;

	if (bits >= 8 || colors == 1)
		return all;
	return colors <= 4 ? 4 * bits : (all + 7) / 8 * 8;
}

static bool
on_canvas(struct paper *p, char **argv, struct err *e)
{
	struct canvas *c = &p->canvas;
	struct canvas_rect all;
	int colors;
	struct canvas_color white;

	c->space = (enum canvas_space)atoi(argv[0]);
	c->order = (enum canvas_order)atoi(argv[1]);
	c->bits_per_color = atoi(argv[2]);
	c->width = p->width;
	c->height = p->height;
	colors = canvas_colors(c->space, c->bits_per_color);
	c->bits_per_pixel = c->order == CANVAS_CHUNKED
				? pixel_bits(colors, c->bits_per_color)
				: c->bits_per_color;
	c->bytes_per_line =
	    ((size_t)c->width * (size_t)c->bits_per_pixel + 7) / 8;
	if (c->order == CANVAS_BANDED)
		c->bytes_per_line *= (size_t)colors;
	c->size = canvas_size(c);
	c->pixels = calloc(1, c->size + 1);
	if (c->pixels == NULL || !canvas_init(c, e))
		return false;
	all = (struct canvas_rect){0, 0, c->width, c->height};
	white = canvas_white(c);
	return canvas_fill(c, &all, &white, e) && canvas_put(c, p->im, 0, 0, e);
}

static bool
write_page(const char *path, const struct paper *p, int edge_x, int edge_y)
{
	FILE *f = fopen(path, "wb");

	if (f == NULL)
		return false;
	fprintf(f, "P5\n%d %d\n255\n", p->width + 2 * edge_x,
	    p->height + 2 * edge_y);
	for (int y = -edge_y; y < p->height + edge_y; y++)
		for (int x = -edge_x; x < p->width + edge_x; x++)
			putc(black(p, x, y) ? 0 : 255, f);
	return fclose(f) == 0;
}

/* LEN bytes, or those of a file. */
static bool
get_bytes(const char *len, uint8_t *data, size_t size, size_t *out)
{
	FILE *f;

	if (len[0] != '@') {
		*out = (size_t)atoi(len);
		if (*out <= size)
			fill(data, *out);
		return *out <= size;
	}
	f = fopen(len + 1, "rb");
	if (f == NULL)
		return false;
	*out = fread(data, 1, size, f);
	fclose(f);
	return true;
}

int
main(int argc, char **argv)
{
	struct imprint_text text = {.amount = 780,
	    .mail_date = 20261121,
	    .mailby = 20261128,
	    .psd_expires = 20281121,
	    .origin_place = "Springfield IL",
	    .origin_zip = 62701,
	    .class_name = "First-Class Letter",
	    .psd_id = "XXPS0001234567"};
	struct imprint_spec spec = {0};
	struct imprint_pen *pen;
	struct imprint im;
	struct err e = ERR_INIT;
	uint8_t data[1024];
	char path[4096];

	struct paper paper = {.im = &im};

	if (argc != 9 && argc != 13)
		return 2;
	while (spec.layout < LAYOUTS &&
	       strcmp(imprint_layout_name(spec.layout), argv[1]) != 0)
		spec.layout++;
	spec.symbol = imprint_default_symbol(spec.layout);
	if (strcmp(argv[2], "-") != 0 &&
	    !symbol_kind_parse(argv[2], &spec.symbol))
		return 2;
	if (!get_bytes(argv[3], data, sizeof data, &spec.indicium_len))
		return 2;
	spec.dpi_x = atoi(argv[4]);
	spec.dpi_y = atoi(argv[5]);
	spec.bar_reduction = atoi(argv[6]);
	text.specimen = atoi(argv[7]) != 0;
	pen = imprint_pen_new(&e);
	if (pen == NULL || !imprint_draw(pen, &spec, data, &text, &im, &e)) {
		fprintf(stderr, "imprint_sample: %s\n", e.text);
		return 1;
	}
	if (argc == 13 && !imprint_turn(&im, atoi(argv[12]), false, &e)) {
		fprintf(stderr, "imprint_sample: %s\n", e.text);
		return 1;
	}
	paper.width = im.width;
	paper.height = im.height;
	if (argc == 13 && !on_canvas(&paper, argv + 9, &e)) {
		fprintf(stderr, "imprint_sample: %s\n", e.text);
		return 1;
	}
	snprintf(path, sizeof path, "%s.bin", argv[8]);
	if (!write_page(argv[8], &paper, spec.dpi_x / 10, spec.dpi_y / 10) ||
	    !write_bytes(path, data, spec.indicium_len)) {
		perror(argv[8]);
		return 1;
	}
	imprint_free(&im);
	imprint_pen_free(pen);
	return 0;
}
