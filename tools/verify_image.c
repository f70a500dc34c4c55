/* SPDX-License-Identifier: Apache-2.0 */
/* verify_image: which reader a file needs; binary PGM, one page or many. */
#include "tools/verify.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool
image_new(struct image *image, struct err *e)
{
	size_t pixels = (size_t)image->width * (size_t)image->height;

	if (image->width < 1 || image->height < 1 ||
	    image->width > IMAGE_SIDE_MAX || image->height > IMAGE_SIDE_MAX ||
	    pixels > IMAGE_PIXELS_MAX)
		return err_set(e, ERR_REQUEST,
		    "a page of %d x %d pixels is not looked at", image->width,
		    image->height);
	image->grey = malloc(pixels);
	if (image->grey == NULL)
		return err_system(e, "memory for a page");
	memset(image->grey, 255, pixels);
	return true;
}

void
image_free(struct image *image)
{
	free(image->grey);
	image->grey = NULL;
}

static const struct kind {
	const char *magic;
	size_t len;
	image_reader *read;
} kinds[] = {
    {"\x89PNG\r\n\x1a\n", 8, image_png},
    {"%PDF", 4, image_pdf},
    {"II*\0", 4, image_tiff},
    {"MM\0*", 4, image_tiff},
    {"II+\0", 4, image_tiff},
    {"MM\0+", 4, image_tiff},
    {"\xff\xd8\xff", 3, image_jpeg},
    {"P5", 2, image_pgm},
    {"RaS", 3, image_raster},
    {"2SaR", 4, image_raster},
    {"3SaR", 4, image_raster},
    {"tSaR", 4, image_raster},
};

image_reader *
image_kind(const uint8_t *head, size_t len)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (len >= kinds[i].len &&
		    memcmp(head, kinds[i].magic, kinds[i].len) == 0)
			return kinds[i].read;
	return NULL;
}

static bool
read_open(FILE *f, int pdf_dpi, image_page *page, void *context, struct err *e)
{
	uint8_t head[16] = {0};
	ssize_t len = pread(fileno(f), head, sizeof(head), 0);
	image_reader *read = image_kind(head, len > 0 ? (size_t)len : 0);
	struct stat st;

	if (fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode) || read == NULL)
		return err_set(e, ERR_REQUEST,
		    "not a PNG, PDF, TIFF, JPEG, PGM or raster file");
	if (read == image_pdf)
		return image_pdf(f, pdf_dpi, page, context, e);
	return image_apart(fileno(f), read, page, context, e);
}

bool
image_read(const char *path, int pdf_dpi, image_page *page, void *context,
    struct err *e)
{
	/* A pipe must not hold us up. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "rb");
	bool done;

	if (f == NULL) {
		err_system(e, "%s", path);
		if (fd >= 0)
			close(fd);
		return false;
	}
	done = read_open(f, pdf_dpi, page, context, e);
	fclose(f);
	return done;
}

/* A number of a PGM header; comments run to the end of their line. */
static int
pgm_number(FILE *f)
{
	int c = fgetc(f), value = 0;

	while (c == '#' || c == ' ' || c == '\t' || c == '\r' || c == '\n') {
		while (c == '#' && c != EOF)
			while (c != '\n' && c != EOF)
				c = fgetc(f);
		c = fgetc(f);
	}
	if (c < '0' || c > '9')
		return -1;
	for (; c >= '0' && c <= '9' && value < 1000000; c = fgetc(f))
		value = value * 10 + (c - '0');
	return value;
}

bool
image_pgm_next(FILE *f, struct image *out, bool *end, struct err *e)
{
	int first = fgetc(f);
	size_t pixels;

	*end = first == EOF;
	if (*end)
		return true;
	if (first != 'P' || fgetc(f) != '5')
		return err_set(e, ERR_REQUEST, "not a binary PGM");
	out->width = pgm_number(f);
	out->height = pgm_number(f);
	if (pgm_number(f) != 255)
		return err_set(e, ERR_REQUEST, "a PGM must have 255 greys");
	if (!image_new(out, e))
		return false;
	pixels = (size_t)out->width * (size_t)out->height;
	if (fread(out->grey, 1, pixels, f) == pixels)
		return true;
	image_free(out);
	return err_set(e, ERR_REQUEST, "PGM cut short");
}

bool
image_pgm(FILE *f, int pdf_dpi, image_page *page, void *context, struct err *e)
{
	bool done = true, end = false;

	(void)pdf_dpi;
	for (int n = 1; done && !end; n++) {
		struct image image = {.page = n};

		done = image_pgm_next(f, &image, &end, e) &&
		       (end || page(context, &image, e));
		image_free(&image);
	}
	return done;
}
