/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/raster_in.h"

#include <stdlib.h>
#include <string.h>

#include "filter/raster.h"

#define READ_AHEAD ((size_t)256 * 1024)

void
raster_in_init(struct raster_in *in, raster_in_read *read, void *context)
{
	*in = (struct raster_in){.read = read, .context = context};
}

void
raster_in_free(struct raster_in *in)
{
	free(in->bytes);
	free(in->line);
	free(in->code);
	raster_in_init(in, in->read, in->context);
}

static bool
is_cut(struct raster_in *in, struct err *e)
{
	in->cut = true;
	return err_set(e, ERR_REQUEST, "the rendered pages are cut short");
}

static bool
make_room(uint8_t **bytes, size_t len, struct err *e)
{
	uint8_t *larger = realloc(*bytes, len);

	if (larger == NULL)
		return err_system(e, "memory for a line");
	*bytes = larger;
	return true;
}

/* Reads more behind what is there; *got = 0 at the end of the stream. */
static bool
fill(struct raster_in *in, size_t *got, struct err *e)
{
	ssize_t n;

	memmove(in->bytes, in->bytes + in->at, in->end - in->at);
	in->end -= in->at;
	in->at = 0;
	n = in->read(in->context, in->bytes + in->end, in->room - in->end);
	if (n < 0)
		return is_cut(in, e);
	*got = (size_t)n;
	in->end += *got;
	return true;
}

/* Takes `len` bytes.  *end, if not NULL: the stream ends before the first. */
static bool
take(struct raster_in *in, void *out, size_t len, bool *at_end, struct err *e)
{
	size_t done = 0;

	while (done < len) {
		size_t part = in->end - in->at, got;

		if (part > len - done)
			part = len - done;
		memcpy((uint8_t *)out + done, in->bytes + in->at, part);
		in->at += part;
		done += part;
		if (done == len)
			break;
		if (!fill(in, &got, e))
			return false;
		if (got > 0)
			continue;
		if (at_end == NULL || done > 0)
			return is_cut(in, e);
		*at_end = true;
		return true;
	}
	return true;
}

static bool
begin(struct raster_in *in, struct err *e)
{
	unsigned sync = 0;

	if (!make_room(&in->bytes, READ_AHEAD, e))
		return false;
	in->room = READ_AHEAD;
	if (!take(in, &sync, sizeof(sync), NULL, e))
		return false;
	in->compressed = sync == CUPS_RASTER_SYNCv2;
	if (!in->compressed && sync != CUPS_RASTER_SYNC)
		return err_set(
		    e, ERR_REQUEST, "the rendered pages are no CUPS raster");
	in->begun = true;
	return true;
}

/* Buffers for the page's lines. */
static bool
begin_page(struct raster_in *in, const cups_page_header2_t *h, struct err *e)
{
	size_t bytes, room = READ_AHEAD;

	if (!raster_check(h, &bytes, e))
		return false;
	if (!coded_form(h, &in->form))
		return err_set(e, ERR_REQUEST,
		    "page header: lines of %u bytes are no whole pixels",
		    h->cupsBytesPerLine);
	in->lines_left = in->form.lines;
	in->line_ahead = false;
	while (room < 2 * (1 + coded_room(&in->form)))
		room *= 2;
	if (room > in->room && !make_room(&in->bytes, room, e))
		return false;
	in->room = room > in->room ? room : in->room;
	return in->compressed ||
	       (make_room(&in->line, 2 * in->form.bytes, e) &&
		   make_room(&in->code, coded_room(&in->form), e));
}

bool
raster_in_header(
    struct raster_in *in, cups_page_header2_t *h, bool *end, struct err *e)
{
	struct coded_lines lines;

	*end = false;
	while (in->lines_left > 0)
		if (!raster_in_lines(in, &lines, e))
			return false;
	if (!in->begun && !begin(in, e))
		return false;
	if (!take(in, h, sizeof(*h), end, e))
		return false;
	return *end || begin_page(in, h, e);
}

/* Version 3: a line of pixels, and those that are equal to it. */
static bool
read_plain(struct raster_in *in, struct coded_lines *out, struct err *e)
{
	uint8_t *line = in->line, *next = in->line + in->form.bytes;

	if (in->line_ahead)
		memcpy(line, next, in->form.bytes);
	else if (!take(in, line, in->form.bytes, NULL, e))
		return false;
	in->line_ahead = false;
	out->repeat = 1;
	while (out->repeat < in->lines_left && out->repeat < CODED_REPEAT_MAX &&
	       !in->line_ahead) {
		if (!take(in, next, in->form.bytes, NULL, e))
			return false;
		if (memcmp(line, next, in->form.bytes) == 0)
			out->repeat++;
		else
			in->line_ahead = true;
	}
	out->code = in->code;
	out->len = coded_encode(&in->form, line, in->code);
	return true;
}

static bool
read_coded(struct raster_in *in, struct coded_lines *out, struct err *e)
{
	size_t len = 0, got = 1;
	bool bad = false;

	while (got > 0) {
		const uint8_t *from = in->bytes + in->at;
		size_t there = in->end - in->at;

		if (there > 1)
			len =
			    coded_measure(&in->form, from + 1, there - 1, &bad);
		if (len > 0) {
			*out =
			    (struct coded_lines){from + 1, len, from[0] + 1u};
			in->at += 1 + len;
			break;
		}
		if (bad || !fill(in, &got, e))
			break;
	}
	if (in->cut || got == 0)
		return is_cut(in, e);
	if (bad || out->repeat > in->lines_left)
		return err_set(
		    e, ERR_REQUEST, "the rendered page is not as its header");
	return true;
}

bool
raster_in_lines(struct raster_in *in, struct coded_lines *out, struct err *e)
{
	bool done =
	    in->compressed ? read_coded(in, out, e) : read_plain(in, out, e);

	if (done)
		in->lines_left -= out->repeat;
	return done;
}
