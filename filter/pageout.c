/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/pageout.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "filter/splice.h"

#define BUFFER_BYTES ((size_t)256 * 1024)
#define POLL_MS	     500

struct pageout {
	struct pageout_setup setup;
	uint64_t written;
	unsigned pages;
	uint8_t *out;
	size_t used, room;

	/* the page */
	struct pageout_sheet sheet;
	unsigned height; /* lines that one line stands for (URF) */
	size_t lines_left;
	uint8_t *line;	/* pixels of one line of the sheet */
	uint8_t *fresh; /* its code */

	/* the line that is held back, as equal ones may follow */
	uint8_t *held;
	size_t held_len;
	unsigned repeat; /* 0: none is */
};

/* --- bytes ------------------------------------------------------------------ */

static bool
stopped(const struct pageout *p)
{
	return p->setup.stop != NULL && *p->setup.stop;
}

static bool
flush(struct pageout *p, struct err *e)
{
	size_t done = 0;

	while (done < p->used) {
		struct pollfd fd = {.fd = p->setup.fd, .events = POLLOUT};
		ssize_t n;

		if (stopped(p))
			return err_set(e, ERR_SYSTEM, "the job was cancelled");
		if (poll(&fd, 1, POLL_MS) <= 0)
			continue;
		n = write(fd.fd, p->out + done, p->used - done);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return err_system(e, "writing the page");
		if (n > 0)
			done += (size_t)n;
	}
	p->written += p->used;
	p->used = 0;
	return true;
}

static bool
put(struct pageout *p, const void *bytes, size_t len, struct err *e)
{
	while (len > 0) {
		size_t part = p->room - p->used;

		if (part > len)
			part = len;
		memcpy(p->out + p->used, bytes, part);
		p->used += part;
		bytes = (const uint8_t *)bytes + part;
		len -= part;
		if (p->used == p->room && !flush(p, e))
			return false;
	}
	return true;
}

bool
pageout_open(
    const struct pageout_setup *setup, struct pageout **out, struct err *e)
{
	static const unsigned syncs[] = {[PAGEOUT_CUPS] = CUPS_RASTER_SYNCv2,
	    [PAGEOUT_PLAIN] = CUPS_RASTER_SYNC};
	struct pageout *p = calloc(1, sizeof(*p));
	const void *begin = "RaS2"; /* of PWG raster, big-endian */

	if (p == NULL)
		return err_system(e, "memory for the pages");
	p->setup = *setup;
	p->room = BUFFER_BYTES;
	p->out = malloc(p->room);
	if (p->out == NULL) {
		free(p);
		return err_system(e, "memory for the pages");
	}
	*out = p;
	if (setup->kind == PAGEOUT_URF)
		return put(p, "UNIRAST", 8, e); /* with its zero */
	if (setup->kind != PAGEOUT_PWG)
		begin = &syncs[setup->kind];
	return put(p, begin, sizeof(syncs[0]), e);
}

void
pageout_free(struct pageout *p)
{
	if (p == NULL)
		return;
	free(p->out);
	free(p->line);
	free(p->fresh);
	free(p->held);
	free(p);
}

/* --- lines ------------------------------------------------------------------- */

/* Writes the held line, as often as it came. */
static bool
release(struct pageout *p, struct err *e)
{
	unsigned repeat = p->repeat;

	p->repeat = 0;
	if (repeat == 0)
		return true;
	if (p->setup.kind != PAGEOUT_PLAIN) {
		uint8_t first = (uint8_t)(repeat - 1);

		return put(p, &first, 1, e) && put(p, p->held, p->held_len, e);
	}
	coded_decode(&p->sheet.layout.sheet, p->held, p->held_len, p->line);
	for (; repeat > 0; repeat--)
		if (!put(p, p->line, p->sheet.layout.sheet.bytes, e))
			return false;
	return true;
}

/* Takes a line of the page that goes; equal ones become one. */
static bool
hold(struct pageout *p, const struct coded_lines *lines, struct err *e)
{
	unsigned left = lines->repeat, most;

	if (left > p->lines_left)
		return err_set(e, ERR_CORRUPT, "a page has too many lines");
	p->lines_left -= left;
	most = CODED_REPEAT_MAX / p->height * p->height;
	if (p->repeat > 0 &&
	    (p->held_len != lines->len ||
		memcmp(p->held, lines->code, lines->len) != 0) &&
	    !release(p, e))
		return false;
	while (left > 0) {
		unsigned part = (most - p->repeat) / p->height;

		if (part == 0) {
			if (!release(p, e))
				return false;
			continue;
		}
		if (p->repeat == 0) {
			memcpy(p->held, lines->code, lines->len);
			p->held_len = lines->len;
		}
		if (part > left)
			part = left;
		p->repeat += part * p->height;
		left -= part;
	}
	return p->lines_left > 0 || release(p, e);
}

static bool
white_lines(struct pageout *p, size_t count, struct err *e)
{
	struct coded_lines lines = {.code = p->fresh};

	memset(p->line, p->sheet.layout.white, p->sheet.layout.sheet.bytes);
	lines.len = coded_encode(&p->sheet.layout.sheet, p->line, p->fresh);
	while (count > 0) {
		lines.repeat = count > CODED_REPEAT_MAX ? CODED_REPEAT_MAX
							: (unsigned)count;
		count -= lines.repeat;
		if (!hold(p, &lines, e))
			return false;
	}
	return true;
}

bool
pageout_wide(struct pageout *p, const struct coded_lines *lines, struct err *e)
{
	struct coded_lines other = *lines;

	if (p->sheet.swap) {
		if (lines->code != p->fresh)
			memcpy(p->fresh, lines->code, lines->len);
		coded_swap(&p->sheet.layout.sheet, p->fresh, lines->len);
		other.code = p->fresh;
	}
	if (!hold(p, &other, e))
		return false;
	/* Nothing but the lower margin is left. */
	if (p->sheet.pwg.bottom > 0 && p->lines_left == p->sheet.pwg.bottom)
		return white_lines(p, p->lines_left, e);
	return true;
}

bool
pageout_lines(struct pageout *p, const struct coded_lines *lines, struct err *e)
{
	const struct pageout_layout *l = &p->sheet.layout;
	struct coded_lines wide = {.code = p->fresh, .repeat = lines->repeat};
	struct splice_from from = {.code = lines->code};
	size_t pixel = l->sheet.pixel, before = l->offset / pixel;
	size_t page = l->page.bytes / pixel, all = l->sheet.bytes / pixel;
	uint8_t white[CODED_PIXEL_MAX];
	struct splice s;

	if (page == all)
		return pageout_wide(p, lines, e);
	memset(white, l->white, pixel);
	splice_begin(&s, l->sheet.pixel, p->fresh);
	splice_run(&s, white, before);
	splice_line(&s, &from, page);
	splice_run(&s, white, all - before - page);
	wide.len = splice_end(&s);
	return pageout_wide(p, &wide, e);
}

/* --- pages ------------------------------------------------------------------- */

static bool
make_buffers(struct pageout *p, struct err *e)
{
	uint8_t **const buffers[] = {&p->line, &p->fresh, &p->held};

	for (int i = 0; i < 3; i++) {
		uint8_t *larger = realloc(
		    *buffers[i], coded_room(&p->sheet.layout.sheet) + 1);

		if (larger == NULL)
			return err_system(e, "memory for a line");
		*buffers[i] = larger;
	}
	return true;
}

static bool
is_sheet(const struct pageout *p)
{
	return p->setup.kind == PAGEOUT_PWG || p->setup.kind == PAGEOUT_URF;
}

bool
pageout_sheet(struct pageout *p, const cups_page_header2_t *h,
    struct pageout_sheet *out, struct err *e)
{
	struct pageout_layout *l = &out->layout;

	*out = (struct pageout_sheet){.header = *h, .number = ++p->pages};
	out->pwg.header = *h;
	if (is_sheet(p) &&
	    !pwgpage_make(h, out->number, p->setup.ppd, p->setup.option_count,
		p->setup.options, &out->pwg, e))
		return false;
	l->offset = out->pwg.offset;
	l->white = out->pwg.white;
	out->swap = is_sheet(p) && htonl(1) != 1 &&
		    (h->cupsBitsPerColor == 16 || h->cupsBitsPerPixel == 12 ||
			h->cupsBitsPerPixel == 16);
	if (!coded_form(h, &l->page) ||
	    !coded_form(&out->pwg.header, &l->sheet) ||
	    l->sheet.pixel > CODED_PIXEL_MAX || l->offset % l->sheet.pixel != 0)
		return err_set(e, ERR_CONFIG,
		    "lines of %u bits per pixel cannot be written",
		    h->cupsBitsPerPixel);
	return true;
}

static bool
put_header(struct pageout *p, const struct pageout_sheet *s, struct err *e)
{
	uint8_t urf[PWGPAGE_URF_PAGE];
	cups_page_header2_t pwg;
	unsigned total;

	if (p->setup.kind == PAGEOUT_PWG) {
		pwgpage_pwg(&s->pwg, &pwg);
		return put(p, &pwg, sizeof(pwg), e);
	}
	if (p->setup.kind != PAGEOUT_URF)
		return put(p, &s->header, sizeof(s->header), e);
	total = htonl(s->header.cupsInteger[CUPS_RASTER_PWG_TotalPageCount]);
	return (s->number > 1 || put(p, &total, sizeof(total), e)) &&
	       pwgpage_urf(&s->pwg, urf, &p->height, e) &&
	       put(p, urf, sizeof(urf), e);
}

bool
pageout_page(
    struct pageout *p, const struct pageout_sheet *sheet, struct err *e)
{
	p->sheet = *sheet;
	p->height = 1;
	p->lines_left = sheet->layout.sheet.lines;
	return make_buffers(p, e) && put_header(p, sheet, e) &&
	       white_lines(p, sheet->pwg.top, e);
}

bool
pageout_close(struct pageout *p, uint64_t *bytes, struct err *e)
{
	const char *trailer = p->setup.trailer != NULL ? p->setup.trailer : "";
	bool done = flush(p, e);

	*bytes = p->written;
	done = done && put(p, trailer, strlen(trailer), e) && flush(p, e);
	pageout_free(p);
	return done;
}
