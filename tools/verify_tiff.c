/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <tiffio.h>
#include <unistd.h>

#include "tools/verify.h"

#define CM_PER_INCH 2.54
#define DPI_MAX	    19200 /* more is a mistake, or meant to hurt */

static double
dpi_of(TIFF *t, uint32_t tag)
{
	uint16_t unit = RESUNIT_INCH;
	float value = 0;

	TIFFGetFieldDefaulted(t, TIFFTAG_RESOLUTIONUNIT, &unit);
	if (!TIFFGetField(t, tag, &value) || unit == RESUNIT_NONE ||
	    !(value > 0 && value < DPI_MAX))
		return 0;
	return (double)value * (unit == RESUNIT_CENTIMETER ? CM_PER_INCH : 1);
}

/* Over white, by the weights of ITU-R BT.601. */
static uint8_t
grey_of(uint32_t abgr)
{
	unsigned r = TIFFGetR(abgr), g = TIFFGetG(abgr), b = TIFFGetB(abgr);
	unsigned grey = (299 * r + 587 * g + 114 * b) / 1000;

	/* libtiff gives colours multiplied by alpha already */
	return (uint8_t)(grey + 255 - TIFFGetA(abgr));
}

static bool
read_page(TIFF *t, struct image *image, struct err *e)
{
	uint32_t wide = 0, high = 0;
	uint32_t *rgba;
	size_t pixels;
	bool done;

	if (!TIFFGetField(t, TIFFTAG_IMAGEWIDTH, &wide) ||
	    !TIFFGetField(t, TIFFTAG_IMAGELENGTH, &high) ||
	    wide > IMAGE_SIDE_MAX || high > IMAGE_SIDE_MAX)
		return err_set(e, ERR_REQUEST, "TIFF: no size, or too large");
	image->width = (int)wide;
	image->height = (int)high;
	image->dpi_x = dpi_of(t, TIFFTAG_XRESOLUTION);
	image->dpi_y = dpi_of(t, TIFFTAG_YRESOLUTION);
	if (!image_new(image, e))
		return false;
	pixels = (size_t)wide * high;
	rgba = calloc(pixels, sizeof(*rgba));
	if (rgba == NULL)
		return err_system(e, "memory for a TIFF");
	done = TIFFReadRGBAImageOriented(
		   t, wide, high, rgba, ORIENTATION_TOPLEFT, 1) == 1;
	for (size_t i = 0; i < pixels && done; i++)
		image->grey[i] = grey_of(rgba[i]);
	free(rgba);
	return done || err_set(e, ERR_REQUEST, "TIFF: damaged");
}

bool
image_tiff(FILE *f, int pdf_dpi, image_page *page, void *context, struct err *e)
{
	int fd = dup(fileno(f)); /* libtiff's own */
	TIFF *t;
	bool done = true;

	(void)pdf_dpi;
	TIFFSetErrorHandler(NULL);
	TIFFSetWarningHandler(NULL);
	t = fd < 0 ? NULL : TIFFFdOpen(fd, "scan", "r");
	if (t == NULL) {
		if (fd >= 0)
			close(fd);
		return err_set(e, ERR_REQUEST, "TIFF: cannot be read");
	}
	for (int n = 1; done && (n == 1 || TIFFReadDirectory(t) == 1); n++) {
		struct image image = {.page = n};

		done = read_page(t, &image, e) && page(context, &image, e);
		image_free(&image);
	}
	TIFFClose(t);
	return done;
}
