/* SPDX-License-Identifier: Apache-2.0 */
/* Pages as libcups writes them are found, and what is cut libcups reads. */
#include "dispense/pages.h"

#include <cups/raster.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/test.h"

#define PAGES 5

static char path[] = "/tmp/t_pages.XXXXXX";

static const cups_mode_t modes[] = {
    CUPS_RASTER_WRITE, CUPS_RASTER_WRITE_COMPRESSED, CUPS_RASTER_WRITE_PWG};

/* A page whose size, noise and depth depend on its number. */
static void
write_page(cups_raster_t *r, unsigned page, unsigned bits)
{
	cups_page_header2_t h = {.cupsWidth = 64 + page * 8,
	    .cupsHeight = 40 + page,
	    .cupsBitsPerColor = bits == 1 ? 1 : 8,
	    .cupsBitsPerPixel = bits,
	    .cupsNumColors = bits == 24 ? 3 : 1,
	    .HWResolution = {300, 300},
	    .PageSize = {100, 100},
	    .cupsColorSpace = bits == 24 ? CUPS_CSPACE_SRGB : CUPS_CSPACE_K};
	unsigned char line[1024];

	h.cupsBytesPerLine = (h.cupsWidth * bits + 7) / 8;
	is_int(cupsRasterWriteHeader2(r, &h), 1, "header");
	for (unsigned y = 0; y < h.cupsHeight; y++) {
		for (unsigned x = 0; x < h.cupsBytesPerLine; x++)
			line[x] = y % 3 == 0   ? 0
				  : y % 3 == 1 ? (unsigned char)(page * 31)
					       : (unsigned char)(rand() >> 7);
		is_int(cupsRasterWritePixels(r, line, h.cupsBytesPerLine),
		    h.cupsBytesPerLine, "line");
	}
}

static FILE *
make(cups_mode_t mode, unsigned bits)
{
	FILE *f = fopen(path, "wb+");
	cups_raster_t *r = cupsRasterOpen(fileno(f), mode);

	for (unsigned page = 1; page <= PAGES; page++)
		write_page(r, page, bits);
	cupsRasterClose(r);
	rewind(f);
	return f;
}

static void
every_cut_leaves_the_pages_behind_it(void **state)
{
	static const unsigned depths[] = {1, 8, 24};

	(void)state;
	for (int m = 0; m < 9; m++) {
		FILE *f = make(modes[m / 3], depths[m % 3]);

		for (uint32_t n = 1; n < PAGES; n++) {
			struct pages_cut cut;
			struct err e = ERR_INIT;
			cups_page_header2_t h;
			unsigned char line[1024];
			cups_raster_t *r;
			FILE *rest = tmpfile();
			int c;

			rewind(f);
			is_ok(pages_find(f, n, &cut, &e), &e, "find");
			is_int(cut.pages, PAGES, "pages");
			fwrite(cut.head, 1, cut.head_len, rest);
			fseek(f, (long)cut.offset, SEEK_SET);
			while ((c = getc(f)) != EOF)
				putc(c, rest);
			fflush(rest);
			lseek(fileno(rest), 0, SEEK_SET);
			r = cupsRasterOpen(fileno(rest), CUPS_RASTER_READ);
			for (uint32_t page = n + 1; page <= PAGES; page++) {
				is_int(cupsRasterReadHeader2(r, &h), 1, "page");
				is_int(h.cupsWidth, 64 + page * 8, "width");
				for (unsigned y = 0; y < h.cupsHeight; y++)
					is_int(cupsRasterReadPixels(
						   r, line, h.cupsBytesPerLine),
					    h.cupsBytesPerLine, "line");
				is_int(line[0] == (unsigned char)(page * 31) ||
					   (h.cupsHeight - 1) % 3 != 1,
				    1, "its pixels");
			}
			is_int(cupsRasterReadHeader2(r, &h), 0, "the end");
			cupsRasterClose(r);
			fclose(rest);
		}
		fclose(f);
	}
}

static void
what_cannot_be_cut_is_refused(void **state)
{
	FILE *f = make(CUPS_RASTER_WRITE_PWG, 8);
	struct pages_cut cut;
	struct err e = ERR_INIT;
	long size;

	(void)state;
	ok(!pages_find(f, PAGES, &cut, &e), "no page is left");
	is_err(&e, ERR_REQUEST, "kind");
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	for (long cut_at = 0; cut_at < size; cut_at += 7) {
		is_int(ftruncate(fileno(f), size - 1 - cut_at), 0, "cut");
		rewind(f);
		ok(!pages_find(f, PAGES - 1, &cut, &e), "cut short");
	}
	fclose(f);
	f = fopen(path, "wb+");
	fputs("%PDF-1.4 or any other language", f);
	rewind(f);
	ok(!pages_find(f, 1, &cut, &e), "no raster");
	is_err(&e, ERR_REQUEST, "kind");
	ok(strstr(e.text, "postage spoil --page"), e.text);
	fclose(f);
}

/* URF: a page of one grey line repeated, and its count of pages. */
static void
urf_counts_its_pages(void **state)
{
	static const unsigned char head[] = {
	    'U', 'N', 'I', 'R', 'A', 'S', 'T', 0, 0, 0, 0, 3};
	unsigned char page[32] = {8, 0, 1, 4};
	static const unsigned char data[] = {9, 3, 0xff, 0x80};
	struct pages_cut cut;
	struct err e = ERR_INIT;
	FILE *f = fopen(path, "wb+");

	(void)state;
	page[15] = 100; /* width */
	page[19] = 10;	/* height */
	fwrite(head, 1, sizeof(head), f);
	for (int i = 0; i < 3; i++) {
		fwrite(page, 1, sizeof(page), f);
		fwrite(data, 1, sizeof(data), f);
	}
	rewind(f);
	is_ok(pages_find(f, 1, &cut, &e), &e, "find");
	is_int(cut.pages, 3, "pages");
	is_int(cut.offset, 12 + 36, "second page");
	is_int(cut.head[11], 2, "pages of the rest");
	fclose(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(every_cut_leaves_the_pages_behind_it),
	    T(what_cannot_be_cut_is_refused),
	    T(urf_counts_its_pages),
	};
	int fd = mkstemp(path), failed;

	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
