/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the renderer sends, as it is read: no line leaves its page, and each line
 * that is let through has the pixels that libcups finds in the same bytes.
 *
 * Byte 0: how the rest is read (HOW_...).  Then a stream; or, HOW_SHORT, width,
 * height, depth, colours and order of one page, and its lines.
 */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "filter/raster.h"
#include "filter/raster_in.h"

#define HELD_MAX ((size_t)1 << 14) /* larger pages are right, but slow to try */

enum {
	HOW_PART = 0x1f,  /* bytes of one read; 0: what fits */
	HOW_SKIP = 0x20,  /* the page's lines are passed over after the first */
	HOW_PLAIN = 0x40, /* of a short one: version 3 */
	HOW_SHORT = 0x80
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct source {
	struct bytes_reader r;
	size_t part;
};

static ssize_t
read_part(void *context, uint8_t *out, size_t len)
{
	struct source *s = context;
	size_t part = s->part > 0 && s->part < len ? s->part : len;
	const uint8_t *from;

	if (part > bytes_left(&s->r))
		part = bytes_left(&s->r);
	from = bytes_read(&s->r, part);
	if (from != NULL)
		memcpy(out, from, part);
	return (ssize_t)part;
}

static void
must(bool what)
{
	if (!what)
		abort();
}

/* The pixels are coded again, into no more room than was promised. */
static void
code_again(const struct coded_form *f, const uint8_t *line, uint8_t *again)
{
	uint8_t *code = malloc(coded_room(f));
	bool bad;
	size_t len;

	must(code != NULL);
	len = coded_encode(f, line, code);
	must(len <= coded_room(f));
	must(coded_measure(f, code, len, &bad) == len && !bad);
	must(len < 2 || coded_measure(f, code, len - 1, &bad) == 0);
	coded_decode(f, code, len, again);
	must(memcmp(line, again, f->bytes) == 0);
	free(code);
}

static void
look_at_lines(const struct raster_in *in, const struct coded_lines *lines,
    cups_raster_t *other)
{
	uint8_t *line = malloc(in->form.bytes), *again = malloc(in->form.bytes);

	must(line != NULL && again != NULL);
	must(lines->repeat >= 1 && lines->repeat <= CODED_REPEAT_MAX);
	coded_decode(&in->form, lines->code, lines->len, line);
	code_again(&in->form, line, again);
	for (unsigned i = 0; other != NULL && i < lines->repeat; i++) {
		must(cupsRasterReadPixels(other, again,
			 (unsigned)in->form.bytes) == in->form.bytes);
		must(memcmp(line, again, in->form.bytes) == 0);
	}
	free(line);
	free(again);
}

/* False: no more of it can be read. */
static bool
read_page(struct raster_in *in, cups_raster_t *other, bool skip)
{
	struct err e = ERR_INIT;
	struct coded_lines lines;
	size_t left = in->lines_left;

	do {
		if (!raster_in_lines(in, &lines, &e))
			return false;
		must(in->lines_left + lines.repeat == left);
		left = in->lines_left;
		look_at_lines(in, &lines, other);
	} while (left > 0 && !skip);
	return true;
}

static void
read_stream(const uint8_t *data, size_t size, unsigned how)
{
	struct source ours = {.part = how & HOW_PART}, theirs = {.part = 0};
	struct err e = ERR_INIT;
	cups_page_header2_t h, h2;
	cups_raster_t *other;
	struct raster_in in;
	size_t bytes;
	bool end;

	bytes_reader_init(&ours.r, data, size);
	bytes_reader_init(&theirs.r, data, size);
	raster_in_init(&in, read_part, &ours);
	other = cupsRasterOpenIO(read_part, &theirs, CUPS_RASTER_READ);
	while (raster_in_header(&in, &h, &end, &e) && !end) {
		must(raster_check(&h, &bytes, &e));
		if (bytes > HELD_MAX)
			break;
		if (how & HOW_SKIP) {
			cupsRasterClose(other);
			other = NULL;
		}
		must((how & HOW_SKIP) ||
		     (other != NULL && cupsRasterReadHeader2(other, &h2)));
		if (!read_page(&in, other, how & HOW_SKIP))
			break;
	}
	raster_in_free(&in);
	cupsRasterClose(other);
}

static unsigned
byte(struct bytes_reader *r)
{
	return (unsigned)bytes_read_le(r, 1);
}

/* A header that describes a page of these few bytes. */
static void
short_header(struct bytes_reader *r, cups_page_header2_t *h)
{
	static const uint8_t depths[] = {1, 2, 4, 8, 16};

	memset(h, 0, sizeof(*h));
	h->HWResolution[0] = h->HWResolution[1] = 300;
	h->PageSize[0] = 612;
	h->PageSize[1] = 792;
	h->cupsWidth = byte(r) + 1u;
	h->cupsHeight = byte(r) + 1u;
	h->cupsBitsPerColor = depths[byte(r) % sizeof(depths)];
	h->cupsNumColors = byte(r) % 15 + 1u;
	h->cupsColorOrder = (cups_order_t)(byte(r) % 3);
	h->cupsBitsPerPixel = h->cupsBitsPerColor;
	if (h->cupsColorOrder == CUPS_ORDER_CHUNKED)
		h->cupsBitsPerPixel *= h->cupsNumColors;
	h->cupsBytesPerLine = (h->cupsWidth * h->cupsBitsPerPixel + 7) / 8;
	if (h->cupsColorOrder == CUPS_ORDER_BANDED)
		h->cupsBytesPerLine *= h->cupsNumColors;
	while (h->cupsBytesPerLine % ((h->cupsBitsPerPixel + 7) / 8) != 0)
		h->cupsBytesPerLine++;
}

static void
read_short(const uint8_t *data, size_t size, unsigned how)
{
	unsigned sync = how & HOW_PLAIN ? CUPS_RASTER_SYNC : CUPS_RASTER_SYNCv2;
	struct bytes_reader r;
	cups_page_header2_t h;
	uint8_t *stream;
	size_t lines;

	bytes_reader_init(&r, data, size);
	short_header(&r, &h);
	lines = bytes_left(&r);
	stream = malloc(sizeof(sync) + sizeof(h) + lines);
	must(stream != NULL);
	memcpy(stream, &sync, sizeof(sync));
	memcpy(stream + sizeof(sync), &h, sizeof(h));
	if (lines > 0)
		memcpy(stream + sizeof(sync) + sizeof(h), bytes_read(&r, lines),
		    lines);
	read_stream(stream, sizeof(sync) + sizeof(h) + lines, how);
	free(stream);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	if (data[0] & HOW_SHORT)
		read_short(data + 1, size - 1, data[0]);
	else
		read_stream(data + 1, size - 1, data[0]);
	return 0;
}
