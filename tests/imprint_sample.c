/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imprint_sample: writes one imprint of known bytes, a tenth of an inch of
 * paper around it, as a grey PGM file, for the tests that read symbols back
 * and for the eye.
 *
 *	imprint_sample LAYOUT SYMBOL LEN DPI_X DPI_Y REDUCTION SPECIMEN OUT
 *
 * LEN bytes of a fixed pseudo-random sequence (all byte values, 0 and 255
 * too) are written to OUT.bin.  "-" as SYMBOL = the layout's own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static bool
write_page(const char *path, const struct imprint *im, int edge_x, int edge_y)
{
	FILE *f = fopen(path, "wb");

	if (f == NULL)
		return false;
	fprintf(f, "P5\n%d %d\n255\n", im->width + 2 * edge_x,
	    im->height + 2 * edge_y);
	for (int y = -edge_y; y < im->height + edge_y; y++)
		for (int x = -edge_x; x < im->width + edge_x; x++)
			putc(imprint_get(im, x, y) ? 0 : 255, f);
	return fclose(f) == 0;
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

	if (argc != 9)
		return 2;
	while (spec.layout < LAYOUTS &&
	       strcmp(imprint_layout_name(spec.layout), argv[1]) != 0)
		spec.layout++;
	spec.symbol = imprint_default_symbol(spec.layout);
	if (strcmp(argv[2], "-") != 0 &&
	    !symbol_kind_parse(argv[2], &spec.symbol))
		return 2;
	spec.indicium_len = (size_t)atoi(argv[3]);
	spec.dpi_x = atoi(argv[4]);
	spec.dpi_y = atoi(argv[5]);
	spec.bar_reduction = atoi(argv[6]);
	text.specimen = atoi(argv[7]) != 0;
	if (spec.indicium_len > sizeof data)
		return 2;
	fill(data, spec.indicium_len);
	pen = imprint_pen_new(&e);
	if (pen == NULL || !imprint_draw(pen, &spec, data, &text, &im, &e)) {
		fprintf(stderr, "imprint_sample: %s\n", e.text);
		return 1;
	}
	snprintf(path, sizeof path, "%s.bin", argv[8]);
	if (!write_page(argv[8], &im, spec.dpi_x / 10, spec.dpi_y / 10) ||
	    !write_bytes(path, data, spec.indicium_len)) {
		perror(argv[8]);
		return 1;
	}
	imprint_free(&im);
	imprint_pen_free(pen);
	return 0;
}
