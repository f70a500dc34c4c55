/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/raster.h"

static bool
bad(struct err *e, const char *what, double value)
{
	return err_set(
	    e, ERR_REQUEST, "page header: %s %g is out of range", what, value);
}

static bool
between(double value, double low, double high)
{
	return value >= low && value <= high; /* false for a NaN */
}

static bool
check_sizes(const cups_page_header2_t *h, struct err *e)
{
	if (!between(h->cupsWidth, 1, RASTER_SIDE_MAX))
		return bad(e, "width", h->cupsWidth);
	if (!between(h->cupsHeight, 1, RASTER_SIDE_MAX))
		return bad(e, "height", h->cupsHeight);
	for (int i = 0; i < 2; i++) {
		if (!between(h->HWResolution[i], 1, RASTER_DPI_MAX))
			return bad(e, "resolution", h->HWResolution[i]);
		if (!between(h->PageSize[i], 1, RASTER_PT_MAX))
			return bad(e, "page size", h->PageSize[i]);
		if (!between((double)h->cupsPageSize[i], 0, RASTER_PT_MAX))
			return bad(e, "page size", (double)h->cupsPageSize[i]);
	}
	for (int i = 0; i < 4; i++)
		if (!between((double)h->cupsImagingBBox[i], -RASTER_PT_MAX,
			RASTER_PT_MAX))
			return bad(
			    e, "imaging box", (double)h->cupsImagingBBox[i]);
	return true;
}

static bool
check_depth(const cups_page_header2_t *h, struct err *e)
{
	unsigned bits = h->cupsBitsPerColor;

	if (bits != 1 && bits != 2 && bits != 4 && bits != 8 && bits != 16)
		return bad(e, "bits per colour", bits);
	if (!between(h->cupsBitsPerPixel, bits, 240))
		return bad(e, "bits per pixel", h->cupsBitsPerPixel);
	if (!between(h->cupsNumColors, 1, 15))
		return bad(e, "number of colours", h->cupsNumColors);
	if ((unsigned)h->cupsColorOrder > CUPS_ORDER_PLANAR)
		return bad(e, "colour order", h->cupsColorOrder);
	if ((unsigned)h->cupsColorSpace > CUPS_CSPACE_DEVICEF)
		return bad(e, "colour space", h->cupsColorSpace);
	return true;
}

bool
raster_check(const cups_page_header2_t *h, size_t *bytes, struct err *e)
{
	size_t least, lines;

	if (!check_sizes(h, e) || !check_depth(h, e))
		return false;
	least = ((size_t)h->cupsWidth * (h->cupsColorOrder == CUPS_ORDER_CHUNKED
						? h->cupsBitsPerPixel
						: h->cupsBitsPerColor) +
		    7) /
		8;
	if (h->cupsColorOrder == CUPS_ORDER_BANDED)
		least *= h->cupsNumColors;
	lines = h->cupsHeight;
	if (h->cupsColorOrder == CUPS_ORDER_PLANAR)
		lines *= h->cupsNumColors;
	if (h->cupsBytesPerLine < least ||
	    h->cupsBytesPerLine > RASTER_PAGE_BYTES_MAX)
		return bad(e, "line length", h->cupsBytesPerLine);
	if (lines > RASTER_PAGE_BYTES_MAX / h->cupsBytesPerLine)
		return err_set(e, ERR_REQUEST,
		    "page header: a page of %u x %u dots is too large: print "
		    "at a lower resolution",
		    h->cupsWidth, h->cupsHeight);
	*bytes = lines * h->cupsBytesPerLine;
	return true;
}

struct canvas
raster_describe(const cups_page_header2_t *h)
{
	return (struct canvas){.width = (int)h->cupsWidth,
	    .height = (int)h->cupsHeight,
	    .bytes_per_line = h->cupsBytesPerLine,
	    .bits_per_color = (int)h->cupsBitsPerColor,
	    .bits_per_pixel = (int)h->cupsBitsPerPixel,
	    .order = (enum canvas_order)h->cupsColorOrder,
	    .space = (enum canvas_space)h->cupsColorSpace};
}

bool
raster_canvas(const cups_page_header2_t *h, uint8_t *pixels, size_t bytes,
    struct canvas *out, struct err *e)
{
	*out = raster_describe(h);
	out->pixels = pixels;
	out->size = bytes;
	return canvas_init(out, e);
}
