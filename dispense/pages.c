/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/pages.h"

#include <string.h>

#include "base/bytes.h"

#define RASTER_HEADER  1796
#define URF_HEADER     32
#define LINE_MAX_BYTES (1u << 24)
#define LINES_MAX      (1u << 24)

/* What one page's data is made of. */
struct page {
	uint64_t lines;
	uint32_t line_bytes, pixel_bytes;
	bool packed;
};

struct walk {
	FILE *f;
	uint64_t at;
	bool urf, big_endian, packed;
	bool failed; /* the file ended, or says nonsense */
};

static void
read_bytes(struct walk *w, void *out, size_t len)
{
	if (fread(out, 1, len, w->f) != len)
		w->failed = true;
	w->at += len;
}

static uint8_t
read_byte(struct walk *w)
{
	int c = getc(w->f);

	w->failed |= c == EOF;
	w->at++;
	return c == EOF ? 0 : (uint8_t)c;
}

static void
skip(struct walk *w, uint64_t len)
{
	uint8_t buf[4096];

	while (len > 0 && !w->failed) {
		size_t part = len < sizeof(buf) ? (size_t)len : sizeof(buf);

		read_bytes(w, buf, part);
		len -= part;
	}
}

/* --- headers ----------------------------------------------------------------------- */

static uint32_t
field(const struct walk *w, const uint8_t *header, size_t offset)
{
	struct bytes_reader r;

	bytes_reader_init(&r, header + offset, 4);
	return (uint32_t)(w->big_endian ? bytes_read_be(&r, 4)
					: bytes_read_le(&r, 4));
}

/* Offsets of cups_page_header2_t. */
static void
read_raster_header(struct walk *w, const uint8_t *h, struct page *p)
{
	uint32_t height = field(w, h, 376), order = field(w, h, 396);
	uint32_t colours = field(w, h, 420);
	uint32_t bits = field(w, h, order == 0 ? 388 : 384);

	p->packed = w->packed;
	p->line_bytes = field(w, h, 392);
	p->pixel_bytes = (bits + 7) / 8 ? (bits + 7) / 8 : 1;
	p->lines = height;
	if (order == 2) /* one plane behind the other */
		p->lines *= colours ? colours : 1;
	w->failed |= colours > 16 || bits > 240 || order > 2;
}

static void
read_urf_header(struct walk *w, const uint8_t *h, struct page *p)
{
	uint32_t width = field(w, h, 12);

	p->packed = true;
	p->pixel_bytes = h[0] / 8 ? h[0] / 8 : 1;
	w->failed |= width > LINE_MAX_BYTES / 16 || p->pixel_bytes > 16;
	p->line_bytes = width * p->pixel_bytes;
	p->lines = field(w, h, 16);
}

/* --- a page -------------------------------------------------------------------------- */

/* Runs of pixels: 128 fills the line, more is literal, less is repeated. */
static void
skip_line(struct walk *w, const struct page *p)
{
	uint32_t left = p->line_bytes;

	while (left > 0 && !w->failed) {
		uint8_t code = read_byte(w);
		uint32_t count = code > 128 ? 257u - code : code + 1u;
		uint64_t bytes = (uint64_t)count * p->pixel_bytes;

		if (code == 128)
			return;
		/* A run may end with half a pixel of padding. */
		if (bytes > left)
			bytes = left;
		skip(w, code > 128 ? bytes : p->pixel_bytes);
		left -= (uint32_t)bytes;
	}
}

static void
skip_page(struct walk *w)
{
	uint8_t header[RASTER_HEADER];
	struct page p;
	uint64_t left;

	read_bytes(w, header, w->urf ? URF_HEADER : RASTER_HEADER);
	if (w->failed)
		return;
	if (w->urf)
		read_urf_header(w, header, &p);
	else
		read_raster_header(w, header, &p);
	w->failed |= p.line_bytes == 0 || p.line_bytes > LINE_MAX_BYTES ||
		     p.lines == 0 || p.lines > LINES_MAX;
	if (!p.packed && !w->failed) {
		skip(w, p.lines * p.line_bytes);
		return;
	}
	for (left = p.lines; left > 0 && !w->failed;) {
		uint64_t repeat = (uint64_t)read_byte(w) + 1;

		w->failed |= repeat > left;
		left -= repeat < left ? repeat : left;
		skip_line(w, &p);
	}
}

/* --- the file ------------------------------------------------------------------------ */

static bool
read_head(struct walk *w, struct pages_cut *out)
{
	uint8_t *h = out->head;

	read_bytes(w, h, 4);
	out->head_len = 4;
	if (w->failed)
		return false;
	w->big_endian = h[0] == 'R' || h[0] == 'U';
	if (memcmp(h, "RaS2", 4) == 0 || memcmp(h, "2SaR", 4) == 0)
		return w->packed = true;
	if (memcmp(h, "RaS3", 4) == 0 || memcmp(h, "3SaR", 4) == 0)
		return true;
	if (memcmp(h, "UNIR", 4) != 0)
		return false;
	read_bytes(w, h + 4, 8);
	out->head_len = 12;
	w->urf = true;
	return !w->failed && memcmp(h + 4, "AST", 4) == 0;
}

static bool
at_end(struct walk *w)
{
	int c = getc(w->f);

	if (c != EOF)
		ungetc(c, w->f);
	return c == EOF;
}

bool
pages_find(FILE *f, uint32_t printed, struct pages_cut *out, struct err *e)
{
	struct walk w = {.f = f};
	struct bytes_writer count;

	*out = (struct pages_cut){.pages = 0};
	if (!read_head(&w, out))
		return err_set(e, ERR_REQUEST,
		    "the printer's language has no pages that can be sent one "
		    "by one: say delivered, and spoil the pages that are "
		    "missing (postage spoil --page)");
	for (; !at_end(&w); out->pages++) {
		if (out->pages == printed)
			out->offset = w.at;
		skip_page(&w);
		if (w.failed)
			return err_set(e, ERR_CORRUPT,
			    "page %u of the stored bytes cannot be read",
			    out->pages + 1);
	}
	if (ferror(f))
		return err_system(e, "read the stored bytes");
	if (printed == 0 || printed >= out->pages)
		return err_set(e, ERR_REQUEST,
		    "the document has %u pages: 1 to %u of them can have come "
		    "out in part",
		    out->pages, out->pages ? out->pages - 1 : 0);
	if (w.urf) {
		bytes_writer_init(&count, out->head + 8, 4);
		bytes_write_be(&count, out->pages - printed, 4);
	}
	return true;
}
