/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imprint_sample: writes one imprint of known bytes as a PBM file, for the
 * tests that read symbols back and for the eye.
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
write_file(const char *path, const char *head, const void *ptr, size_t len)
{
	FILE *f = fopen(path, "wb");
	bool done;

	if (f == NULL)
		return false;
	done = fputs(head, f) >= 0 && fwrite(ptr, 1, len, f) == len;
	return fclose(f) == 0 && done;
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
	struct imprint im;
	struct err e = ERR_INIT;
	uint8_t data[1024];
	char head[64], path[4096];

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
	if (!imprint_draw(&spec, data, &text, &im, &e)) {
		fprintf(stderr, "imprint_sample: %s\n", e.text);
		return 1;
	}
	snprintf(head, sizeof head, "P4\n%d %d\n", im.width, im.height);
	snprintf(path, sizeof path, "%s.bin", argv[8]);
	if (!write_file(
		argv[8], head, im.bits, im.stride * (size_t)im.height) ||
	    !write_file(path, "", data, spec.indicium_len)) {
		perror(argv[8]);
		return 1;
	}
	imprint_free(&im);
	return 0;
}
