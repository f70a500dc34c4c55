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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[32];
	struct err e = ERR_INIT;
	int fd, pages = 0;

	if (size < 4 || memcmp(data, "%PDF", 4) == 0)
		return 0;
	fd = memfd_create("image", 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (write(fd, data, size) == (ssize_t)size &&
	    !image_read(path, 300, look, &pages, &e) &&
	    (e.kind == ERR_NONE || e.text[0] == '\0'))
		abort();
	close(fd);
	return 0;
}
