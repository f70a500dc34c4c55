/* SPDX-License-Identifier: Apache-2.0 */
/* The renderer's stream: a header that passes raster_check() describes a page
 * that can be held, read and drawn on without leaving it. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "filter/raster.h"

#define HELD_MAX (1 << 20) /* larger pages are right, but slow to try */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ssize_t
read_memory(void *context, unsigned char *out, size_t len)
{
	struct bytes_reader *r = context;
	size_t part = bytes_left(r) < len ? bytes_left(r) : len;
	const uint8_t *from = bytes_read(r, part);

	if (from != NULL)
		memcpy(out, from, part);
	return (ssize_t)part;
}

static void
draw(const cups_page_header2_t *h, size_t bytes)
{
	struct err e = ERR_INIT;
	struct canvas c;
	struct canvas_rect all = {0, 0, (int)h->cupsWidth, (int)h->cupsHeight};
	struct canvas_color black;
	uint8_t *pixels = calloc(1, bytes);

	if (pixels != NULL && raster_canvas(h, pixels, bytes, &c, &e)) {
		black = canvas_black(&c);
		if (!canvas_fill(&c, &all, &black, &e) ||
		    canvas_is_white(&c, &all))
			abort();
	}
	free(pixels);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes_reader r;
	struct err e = ERR_INIT;
	cups_page_header2_t h;
	cups_raster_t *stream;
	size_t bytes;

	bytes_reader_init(&r, data, size);
	stream = cupsRasterOpenIO(read_memory, &r, CUPS_RASTER_READ);
	if (stream == NULL)
		return 0;
	while (cupsRasterReadHeader2(stream, &h)) {
		if (!raster_check(&h, &bytes, &e) || bytes > HELD_MAX)
			break;
		draw(&h, bytes);
		for (unsigned char line[4096]; bytes > 0;) {
			unsigned part = bytes < sizeof(line)
					    ? (unsigned)bytes
					    : (unsigned)sizeof(line);

			if (cupsRasterReadPixels(stream, line, part) == 0)
				break;
			bytes -= part;
		}
	}
	cupsRasterClose(stream);
	return 0;
}
