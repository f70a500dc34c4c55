/* SPDX-License-Identifier: Apache-2.0 */
/* What postage-verify is asked to look at: PNG, TIFF, JPEG, PGM, raster.  Pages
 * are whole and within their limits.  (Built with small limits, that time is
 * not spent on white.)  PDF is another program's. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/verify.h"

#define PAGES_MAX  4
#define BLOCKS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
look(void *context, const struct image *image, struct err *e)
{
	struct box blocks[BLOCKS_MAX];
	int *pages = context;

	if (image->width < 1 || image->height < 1 ||
	    (size_t)image->width * (size_t)image->height > IMAGE_PIXELS_MAX ||
	    !isfinite(image->dpi_x) || !isfinite(image->dpi_y))
		abort();
	if (find_blocks(image, 1.0, blocks, BLOCKS_MAX) > BLOCKS_MAX)
		abort();
	if (++*pages < PAGES_MAX)
		return true;
	return err_set(e, ERR_REQUEST, "enough");
}

/* The same bytes as what a reader sends that was taken over. */
static void
receive(const uint8_t *data, size_t size)
{
	uint8_t one = 0, *copy = malloc(size ? size : 1);
	struct found_list list = {0};
	struct err e = ERR_INIT;
	int pages = 0;
	FILE *f;

	if (copy == NULL)
		abort();
	memcpy(copy, data, size);
	f = fmemopen(size ? copy : &one, size ? size : 1, "rb");
	if (f == NULL ||
	    (!image_receive(f, look, &pages, &e) && e.kind == ERR_NONE))
		abort();
	rewind(f);
	e = (struct err)ERR_INIT;
	if (!found_receive(f, BY_ZBAR, &list, &e) && e.kind == ERR_NONE)
		abort();
	for (size_t i = 0; i < list.count; i++)
		if (list.at[i].len > SYMBOL_BYTES_MAX ||
		    !isfinite(list.at[i].box.left))
			abort();
	found_free(&list);
	fclose(f);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	image_reader *read = image_kind(data, size);
	struct err e = ERR_INIT;
	int fd, pages = 0;
	FILE *f;

	receive(data, size);
	if (read == NULL || read == image_pdf)
		return 0;
	fd = memfd_create("image", 0);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size ||
	    lseek(fd, 0, SEEK_SET) != 0 || (f = fdopen(fd, "rb")) == NULL)
		abort();
	if (!read(f, 300, look, &pages, &e) &&
	    (e.kind == ERR_NONE || e.text[0] == '\0'))
		abort();
	fclose(f);
	return 0;
}
