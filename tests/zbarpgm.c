/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zbarpgm FILE STEP: the bytes of each QR code that libzbar reads on a grey
 * picture (P5, 255), as zbarimg prints them, in a third of its time: that one
 * loads ImageMagick for each page.  STEP: each so-many-th row and column.
 */
#include <stdio.h>
#include <stdlib.h>
#include <zbar.h>

#define FOURCC_Y800 0x30303859 /* "Y800", grey */

static unsigned char *
read_picture(const char *path, unsigned *wide, unsigned *high)
{
	FILE *f = fopen(path, "re");
	unsigned char *grey = NULL;
	size_t len;

	if (f == NULL)
		return NULL;
	if (fscanf(f, "P5 %5u %5u 255", wide, high) == 2 && fgetc(f) != EOF) {
		len = (size_t)*wide * *high;
		grey = malloc(len + 1);
		if (grey != NULL && fread(grey, 1, len, f) != len) {
			free(grey);
			grey = NULL;
		}
	}
	fclose(f);
	return grey;
}

int
main(int argc, char **argv)
{
	zbar_image_scanner_t *scanner = zbar_image_scanner_create();
	zbar_image_t *frame = zbar_image_create();
	unsigned char *grey;
	unsigned wide, high;
	int step = argc == 3 ? atoi(argv[2]) : 0;

	grey = step > 0 ? read_picture(argv[1], &wide, &high) : NULL;
	if (grey == NULL) {
		fprintf(stderr, "usage: zbarpgm FILE STEP; FILE is P5\n");
		return 2;
	}
	zbar_image_scanner_set_config(scanner, 0, ZBAR_CFG_ENABLE, 0);
	zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1);
	zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_BINARY, 1);
	zbar_image_scanner_set_config(scanner, 0, ZBAR_CFG_X_DENSITY, step);
	zbar_image_scanner_set_config(scanner, 0, ZBAR_CFG_Y_DENSITY, step);
	zbar_image_set_format(frame, FOURCC_Y800);
	zbar_image_set_size(frame, wide, high);
	zbar_image_set_data(frame, grey, (unsigned long)wide * high, NULL);
	if (zbar_scan_image(scanner, frame) < 0)
		return 1;
	for (const zbar_symbol_t *s = zbar_image_first_symbol(frame); s != NULL;
	     s = zbar_symbol_next(s))
		fwrite(zbar_symbol_get_data(s), 1,
		    zbar_symbol_get_data_length(s), stdout);
	zbar_image_destroy(frame);
	zbar_image_scanner_destroy(scanner);
	free(grey);
	return ferror(stdout) != 0;
}
