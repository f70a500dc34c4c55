/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fastraster: Ghostscript's pages, written compressed.
 *
 * A shared object that the loader puts before libcups in Ghostscript's process
 * (LD_PRELOAD, see render.c).  A page of 600 dpi is 33 MB; moving it through a
 * pipe costs more time than drawing it.  The four functions of libcups that
 * Ghostscript's device "cups" writes with are replaced by ones that write the
 * same stream as CUPS raster version 2, a hundredth as long for a page of text.
 *
 * It runs in the sandbox, and whoever reads the stream trusts none of it.
 * Without this file libcups writes version 3, slower, and all else is equal.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cups/raster.h>

#include "filter/coded.h"

#define BUFFER_BYTES ((size_t)256 * 1024)

#define EXPORTED __attribute__((visibility("default")))

/* Ghostscript only passes the pointer around. */
struct stream {
	int fd;
	bool failed;
	struct coded_form form;
	size_t lines_left;
	uint8_t *line;	 /* the one that is repeated */
	unsigned repeat; /* how often until now */
	uint8_t *out;
	size_t used, room;
};

static struct stream *
of(cups_raster_t *r)
{
	return (struct stream *)(void *)r;
}

static void
flush(struct stream *s)
{
	size_t done = 0;

	while (done < s->used && !s->failed) {
		ssize_t n = write(s->fd, s->out + done, s->used - done);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			s->failed = true;
	}
	s->used = 0;
}

static void
put(struct stream *s, const void *bytes, size_t len)
{
	if (s->room - s->used < len)
		flush(s);
	memcpy(s->out + s->used, bytes, len);
	s->used += len;
}

static void
put_line(struct stream *s)
{
	if (s->repeat == 0)
		return;
	if (s->room - s->used < 1 + coded_room(&s->form))
		flush(s);
	s->out[s->used++] = (uint8_t)(s->repeat - 1);
	s->used += coded_encode(&s->form, s->line, s->out + s->used);
	s->repeat = 0;
}

EXPORTED cups_raster_t *
cupsRasterOpen(int fd, cups_mode_t mode)
{
	static const unsigned sync = CUPS_RASTER_SYNCv2;
	struct stream *s;

	if (mode == CUPS_RASTER_READ)
		return NULL;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return NULL;
	s->fd = fd;
	s->room = BUFFER_BYTES;
	s->out = malloc(s->room);
	if (s->out == NULL) {
		free(s);
		return NULL;
	}
	put(s, &sync, sizeof(sync));
	return (cups_raster_t *)(void *)s;
}

/* Room for the page's lines. */
static bool
begin(struct stream *s, const cups_page_header2_t *h)
{
	size_t room;
	uint8_t *larger;

	if (!coded_form(h, &s->form))
		return false;
	s->repeat = 0;
	s->lines_left = s->form.lines;
	flush(s);
	larger = realloc(s->line, s->form.bytes);
	if (larger == NULL)
		return false;
	s->line = larger;
	room = sizeof(*h) + 1 + coded_room(&s->form);
	if (room <= s->room)
		return true;
	larger = realloc(s->out, room);
	if (larger == NULL)
		return false;
	s->out = larger;
	s->room = room;
	return true;
}

EXPORTED unsigned
cupsRasterWriteHeader2(cups_raster_t *r, cups_page_header2_t *h)
{
	struct stream *s = of(r);

	if (s == NULL)
		return 0;
	s->failed = s->failed || !begin(s, h);
	if (s->failed)
		return 0;
	put(s, h, sizeof(*h));
	return 1;
}

EXPORTED unsigned
cupsRasterWritePixels(cups_raster_t *r, unsigned char *p, unsigned len)
{
	struct stream *s = of(r);

	if (s == NULL)
		return 0;
	/* The device writes whole lines, always. */
	for (unsigned left = len; left > 0 && !s->failed;
	     left -= (unsigned)s->form.bytes, p += s->form.bytes) {
		if (left < s->form.bytes || s->lines_left == 0) {
			s->failed = true;
			break;
		}
		if (s->repeat == CODED_REPEAT_MAX ||
		    (s->repeat > 0 && memcmp(p, s->line, s->form.bytes) != 0))
			put_line(s);
		if (s->repeat == 0)
			memcpy(s->line, p, s->form.bytes);
		s->repeat++;
		if (--s->lines_left == 0) {
			put_line(s);
			flush(s);
		}
	}
	return s->failed ? 0 : len;
}

EXPORTED void
cupsRasterClose(cups_raster_t *r)
{
	struct stream *s = of(r);

	if (s == NULL)
		return;
	flush(s);
	free(s->line);
	free(s->out);
	free(s);
}
