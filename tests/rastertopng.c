/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rastertopng FILE PREFIX [pgm]: the pages of a CUPS, PWG or Apple raster file as
 * PREFIX-1.png, PREFIX-2.png, ... dot for dot, or grey and as they are, .pgm;
 * prints one line a page: "N WIDTHxHEIGHT XDPIxYDPI copies=C".  For the system tests: what arrived at
 * a printer is looked at as the printer would.
 */
#include <cups/raster.h>
#include <fcntl.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One dot as 0xRRGGBB. */
static uint32_t
dot(const cups_page_header2_t *h, const unsigned char *line, unsigned x)
{
	unsigned bits = h->cupsBitsPerPixel, v[4] = {0, 0, 0, 0};
	unsigned inks = 255;

	if (bits == 1) {
		v[0] = line[x / 8] >> (7 - x % 8) & 1 ? 255 : 0;
	} else {
		for (unsigned i = 0; i < bits / 8 && i < 4; i++)
			v[i] = line[x * (bits / 8) + i];
	}
	switch (h->cupsColorSpace) {
	case CUPS_CSPACE_K:
		inks = 255 - v[0];
		return inks << 16 | inks << 8 | inks;
	case CUPS_CSPACE_W:
	case CUPS_CSPACE_SW: return v[0] << 16 | v[0] << 8 | v[0];
	case CUPS_CSPACE_CMYK:
		for (int i = 0; i < 3; i++)
			v[i] = 255 - (v[i] + v[3] > 255 ? 255 : v[i] + v[3]);
		return v[0] << 16 | v[1] << 8 | v[2];
	default: return v[0] << 16 | v[1] << 8 | v[2];
	}
}

/* Banded and planar pages as chunked ones: 8-bit colours only. */
static int
read_page(cups_raster_t *ras, cups_page_header2_t *h, unsigned char **page)
{
	size_t planes =
	    h->cupsColorOrder == CUPS_ORDER_CHUNKED ? 1 : h->cupsNumColors;
	size_t per = h->cupsColorOrder == CUPS_ORDER_PLANAR
			 ? h->cupsBytesPerLine * (size_t)h->cupsHeight
			 : h->cupsBytesPerLine / planes;
	size_t line = h->cupsBytesPerLine;
	size_t bytes = line * h->cupsHeight *
		       (h->cupsColorOrder == CUPS_ORDER_PLANAR ? planes : 1);
	unsigned char *in = malloc(bytes), *out = in;

	*page = NULL;
	if (in == NULL ||
	    cupsRasterReadPixels(ras, in, (unsigned)bytes) != bytes) {
		free(in);
		return -1;
	}
	if (planes > 1) {
		out = malloc((size_t)h->cupsWidth * h->cupsHeight * planes);
		for (size_t y = 0; out != NULL && y < h->cupsHeight; y++)
			for (size_t x = 0; x < h->cupsWidth; x++)
				for (size_t k = 0; k < planes; k++)
					out[(y * h->cupsWidth + x) * planes +
					    k] = in[y * line + k * per + x];
		free(in);
		h->cupsBytesPerLine = h->cupsWidth * (unsigned)planes;
		h->cupsBitsPerPixel = 8 * (unsigned)planes;
	}
	*page = out;
	return out != NULL ? 0 : -1;
}

/* Grey where the page has no colours: what looks at it reads a third. */
static int
write_png(const cups_page_header2_t *h, const unsigned char *page, FILE *f)
{
	size_t samples = h->cupsNumColors > 1 ? 3 : 1;
	png_structp png =
	    png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png != NULL ? png_create_info_struct(png) : NULL;
	unsigned char *row = malloc(samples * h->cupsWidth);
	int result = -1;

	if (info == NULL || row == NULL || setjmp(png_jmpbuf(png)) != 0)
		goto out;
	png_init_io(png, f);
	png_set_compression_level(png, 1);
	png_set_filter(png, 0, PNG_FILTER_NONE);
	png_set_IHDR(png, info, h->cupsWidth, h->cupsHeight, 8,
	    samples == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY,
	    PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
	    PNG_FILTER_TYPE_DEFAULT);
	png_write_info(png, info);
	for (unsigned y = 0; y < h->cupsHeight; y++) {
		const unsigned char *line =
		    page + (size_t)y * h->cupsBytesPerLine;

		for (unsigned x = 0; x < h->cupsWidth; x++) {
			uint32_t rgb = dot(h, line, x);

			for (size_t i = 0; i < samples; i++)
				row[x * samples + i] =
				    (unsigned char)(rgb >> (16 - 8 * i));
		}
		png_write_row(png, row);
	}
	png_write_end(png, info);
	result = 0;
out:
	free(row);
	png_destroy_write_struct(&png, &info);
	return result;
}

/* As bright as it looks (ITU-R BT.709). */
static unsigned char
grey(uint32_t rgb)
{
	return (unsigned char)((2126 * (rgb >> 16) + 7152 * (rgb >> 8 & 255) +
				   722 * (rgb & 255) + 5000) /
			       10000);
}

static int
write_pgm(const cups_page_header2_t *h, const unsigned char *page, FILE *f)
{
	fprintf(f, "P5 %u %u 255\n", h->cupsWidth, h->cupsHeight);
	for (unsigned y = 0; y < h->cupsHeight; y++)
		for (unsigned x = 0; x < h->cupsWidth; x++)
			putc_unlocked(
			    grey(dot(
				h, page + (size_t)y * h->cupsBytesPerLine, x)),
			    f);
	return ferror(f) ? -1 : 0;
}

static int
write_page(
    cups_raster_t *ras, cups_page_header2_t *h, const char *path, int as_pgm)
{
	unsigned char *page = NULL;
	FILE *f = fopen(path, "we");
	int result = -1;

	if (f != NULL && read_page(ras, h, &page) == 0)
		result = (as_pgm ? write_pgm : write_png)(h, page, f);
	free(page);
	if (f != NULL && fclose(f) != 0)
		result = -1;
	return result;
}

int
main(int argc, char **argv)
{
	cups_page_header2_t h;
	cups_raster_t *ras;
	char path[4096];
	int fd, page = 0;
	int as_pgm = argc == 4 && strcmp(argv[3], "pgm") == 0;

	if (argc != 3 && !as_pgm) {
		fprintf(stderr, "usage: rastertopng FILE PREFIX [pgm]\n");
		return 2;
	}
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	ras = fd >= 0 ? cupsRasterOpen(fd, CUPS_RASTER_READ) : NULL;
	if (ras == NULL) {
		fprintf(stderr, "rastertopng: %s is no raster file\n", argv[1]);
		return 1;
	}
	while (cupsRasterReadHeader2(ras, &h)) {
		snprintf(path, sizeof(path), "%s-%d.%s", argv[2], ++page,
		    as_pgm ? "pgm" : "png");
		if (write_page(ras, &h, path, as_pgm) != 0) {
			fprintf(stderr, "rastertopng: page %d of %s is cut\n",
			    page, argv[1]);
			return 1;
		}
		printf("%d %ux%u %ux%u copies=%u\n", page, h.cupsWidth,
		    h.cupsHeight, h.HWResolution[0], h.HWResolution[1],
		    h.NumCopies);
	}
	cupsRasterClose(ras);
	close(fd);
	return page > 0 ? 0 : 1;
}
