/* SPDX-License-Identifier: Apache-2.0 */
/* verify_raster: CUPS and PWG raster, what a printer gets. */
#include "tools/verify.h"

#include <cups/raster.h>
#include <stdlib.h>

#define LINE_BYTES_MAX (IMAGE_SIDE_MAX * 16u) /* 15 colours and some slack */

static bool
is_additive(cups_cspace_t space)
{
	return space == CUPS_CSPACE_W || space == CUPS_CSPACE_RGB ||
	       space == CUPS_CSPACE_SW || space == CUPS_CSPACE_SRGB ||
	       space == CUPS_CSPACE_ADOBERGB;
}

/* One row to grey: the darkest colour counts, since stamps are black. */
static void
grey_row(const cups_page_header2_t *h, const uint8_t *row, uint8_t *grey)
{
	bool additive = is_additive(h->cupsColorSpace);
	unsigned bytes = h->cupsBitsPerPixel / 8;

	for (unsigned x = 0; x < h->cupsWidth; x++) {
		unsigned ink = 0;

		if (h->cupsBitsPerPixel == 1) {
			ink = row[x / 8] >> (7 - x % 8) & 1 ? 255 : 0;
			ink = additive ? 255 - ink : ink;
		}
		for (unsigned i = 0; i < bytes; i++) {
			unsigned v = row[x * bytes + i];

			v = additive ? 255 - v : v;
			ink = v > ink ? v : ink;
		}
		grey[x] = (uint8_t)(255 - ink);
	}
}

static bool
read_page(cups_raster_t *raster, const cups_page_header2_t *h,
    struct image *image, struct err *e)
{
	uint8_t *row;
	bool done = true;

	if (h->cupsColorOrder != CUPS_ORDER_CHUNKED ||
	    (h->cupsBitsPerPixel != 1 && h->cupsBitsPerColor != 8) ||
	    h->cupsWidth > IMAGE_SIDE_MAX || h->cupsHeight > IMAGE_SIDE_MAX ||
	    h->cupsBytesPerLine > LINE_BYTES_MAX ||
	    h->cupsBytesPerLine < (h->cupsWidth * h->cupsBitsPerPixel + 7) / 8)
		return err_set(e, ERR_REQUEST,
		    "raster: only chunky pages of 1 or 8 bits are read");
	image->width = (int)h->cupsWidth;
	image->height = (int)h->cupsHeight;
	image->dpi_x = h->HWResolution[0];
	image->dpi_y = h->HWResolution[1];
	if (!image_new(image, e))
		return false;
	row = malloc(h->cupsBytesPerLine);
	if (row == NULL)
		return err_system(e, "memory for a raster");
	for (unsigned y = 0; y < h->cupsHeight && done; y++) {
		done = cupsRasterReadPixels(raster, row, h->cupsBytesPerLine) ==
		       h->cupsBytesPerLine;
		if (done)
			grey_row(h, row,
			    image->grey + (size_t)y * (size_t)image->width);
	}
	free(row);
	return done || err_set(e, ERR_REQUEST, "raster: cut short");
}

bool
image_raster(
    FILE *f, int pdf_dpi, image_page *page, void *context, struct err *e)
{
	cups_raster_t *raster = cupsRasterOpen(fileno(f), CUPS_RASTER_READ);
	cups_page_header2_t header;
	bool done = true;

	(void)pdf_dpi;
	if (raster == NULL)
		return err_set(e, ERR_REQUEST, "raster: damaged");
	for (int n = 1; done && cupsRasterReadHeader2(raster, &header); n++) {
		struct image image = {.page = n};

		done = read_page(raster, &header, &image, e) &&
		       page(context, &image, e);
		image_free(&image);
	}
	cupsRasterClose(raster);
	return done;
}
