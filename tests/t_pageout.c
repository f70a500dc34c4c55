/* SPDX-License-Identifier: Apache-2.0 */
/* Coded lines and the streams made of them: libcups reads back what it would
 * have written itself, byte for byte. */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filter/pageout.h"
#include "filter/raster_in.h"
#include "tests/test.h"

#define OURS   "/tmp/t_pageout.ours"
#define THEIRS "/tmp/t_pageout.theirs"

/* A full page without margins. */
static cups_page_header2_t
header(unsigned width, unsigned height, unsigned bits, unsigned colors)
{
	cups_page_header2_t h;

	memset(&h, 0, sizeof(h));
	h.HWResolution[0] = h.HWResolution[1] = 72;
	h.cupsPageSize[0] = (float)width;
	h.cupsPageSize[1] = (float)height;
	h.PageSize[0] = width;
	h.PageSize[1] = height;
	h.cupsImagingBBox[2] = (float)width;
	h.cupsImagingBBox[3] = (float)height;
	h.cupsWidth = width;
	h.cupsHeight = height;
	h.cupsBitsPerColor = bits;
	h.cupsBitsPerPixel = bits * colors;
	h.cupsNumColors = colors;
	h.cupsBytesPerLine = (width * bits * colors + 7) / 8;
	h.cupsColorSpace = colors == 1	 ? CUPS_CSPACE_SW
			   : colors == 3 ? CUPS_CSPACE_SRGB
					 : CUPS_CSPACE_CMYK;
	h.NumCopies = 1;
	strcpy(h.MediaType, "labels");
	return h;
}

/* Lines of runs of every length, of noise, and lines that repeat. */
static uint8_t *
picture(const cups_page_header2_t *h, unsigned seed)
{
	size_t bytes = h->cupsBytesPerLine;
	unsigned pixel = (h->cupsBitsPerPixel + 7) / 8;
	uint8_t *page = malloc(bytes * h->cupsHeight);

	ok(page != NULL, "memory");
	srand(seed);
	for (unsigned y = 0; y < h->cupsHeight; y++) {
		uint8_t *line = page + y * bytes;

		if (y > 0 && rand() % 3 > 0) {
			memcpy(line, line - bytes, bytes);
			continue;
		}
		for (size_t at = 0; at < bytes;) {
			size_t run = 1 + (size_t)rand() % (y % 7 == 0	  ? 400
							      : y % 7 < 4 ? 12
									  : 2);
			uint8_t color[16] = {0};

			for (unsigned i = 0; i < pixel; i++)
				color[i] = rand() % 2 ? 0 : (uint8_t)rand();
			for (; run > 0 && at < bytes; run--, at += pixel)
				memcpy(line + at, color, pixel);
		}
	}
	return page;
}

static void
write_theirs(
    cups_mode_t mode, const cups_page_header2_t *h, uint8_t *page, int pages)
{
	int fd = open(THEIRS, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	cups_raster_t *r = cupsRasterOpen(fd, mode);
	unsigned bytes = h->cupsBytesPerLine * h->cupsHeight;

	for (int i = 0; i < pages; i++) {
		cups_page_header2_t copy = *h;

		ok(cupsRasterWriteHeader2(r, &copy), "header");
		is_int(cupsRasterWritePixels(r, page, bytes), bytes, "pixels");
	}
	cupsRasterClose(r);
	close(fd);
}

static void
write_ours(enum pageout_kind kind, const cups_page_header2_t *h,
    const uint8_t *page, int pages)
{
	struct pageout_setup setup = {
	    .kind = kind, .fd = open(OURS, O_WRONLY | O_CREAT | O_TRUNC, 0600)};
	struct coded_form form;
	struct pageout_sheet sheet;
	struct pageout *out = NULL;
	struct err e = ERR_INIT;
	uint64_t bytes;
	struct stat st;
	uint8_t *code;

	ok(coded_form(h, &form), "form");
	code = malloc(coded_room(&form));
	ok(code != NULL, "memory");
	is_ok(pageout_open(&setup, &out, &e), &e, "open");
	for (int i = 0; i < pages; i++) {
		is_ok(pageout_sheet(out, h, &sheet, &e), &e, "sheet");
		is_ok(pageout_page(out, &sheet, &e), &e, "page");
		for (unsigned y = 0; y < h->cupsHeight; y++) {
			struct coded_lines line = {.code = code, .repeat = 1};

			line.len =
			    coded_encode(&form, page + y * form.bytes, code);
			is_ok(pageout_lines(out, &line, &e), &e, "line");
		}
	}
	is_ok(pageout_close(out, &bytes, &e), &e, "close");
	ok(fstat(setup.fd, &st) == 0, "size");
	is_int(bytes, st.st_size, "bytes reported");
	close(setup.fd);
	free(code);
}

static uint8_t *
read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "re");
	struct stat st;
	uint8_t *bytes;

	ok(f != NULL && fstat(fileno(f), &st) == 0, path);
	*len = (size_t)st.st_size;
	bytes = malloc(*len);
	ok(bytes != NULL && fread(bytes, 1, *len, f) == *len, path);
	fclose(f);
	unlink(path);
	return bytes;
}

/* libcups keeps of a PWG header what belongs there, and the image box from
 * the margins; so it is given the header that rastertopwg would make. */
static void
compare(enum pageout_kind kind, cups_mode_t mode, cups_page_header2_t h)
{
	cups_page_header2_t theirs = h;
	uint8_t *page = picture(&h, h.cupsBitsPerPixel), *a, *b;
	size_t a_len, b_len;

	if (kind == PAGEOUT_PWG || kind == PAGEOUT_URF) {
		theirs.cupsInteger[CUPS_RASTER_PWG_CrossFeedTransform] = 1;
		theirs.cupsInteger[CUPS_RASTER_PWG_FeedTransform] = 1;
		strcpy(theirs.cupsPageSizeName,
		    pwgMediaForSize((int)(h.PageSize[0] * 2540 / 72),
			(int)(h.PageSize[1] * 2540 / 72))
			->pwg);
	}
	write_theirs(mode, &theirs, page, 2);
	write_ours(kind, &h, page, 2);
	a = read_file(OURS, &a_len);
	b = read_file(THEIRS, &b_len);
	is_int(a_len, b_len, "length");
	is_mem(a, b, b_len, "bytes");
	free(a);
	free(b);
	free(page);
}

static void
streams_are_those_of_libcups(void **state)
{
	static const struct {
		unsigned bits, colors;
	} pages[] = {{1, 1}, {8, 1}, {16, 1}, {8, 3}, {16, 3}, {8, 4}, {16, 4}};

	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		cups_page_header2_t h =
		    header(612, 792, pages[i].bits, pages[i].colors);

		compare(PAGEOUT_CUPS, CUPS_RASTER_WRITE_COMPRESSED, h);
		compare(PAGEOUT_PLAIN, CUPS_RASTER_WRITE, h);
		compare(PAGEOUT_PWG, CUPS_RASTER_WRITE_PWG, h);
		compare(PAGEOUT_URF, CUPS_RASTER_WRITE_APPLE, h);
	}
}

static void
lower_lines_of_apple_raster_are_repeated(void **state)
{
	cups_page_header2_t h = header(612, 792, 8, 1);

	(void)state;
	h.HWResolution[0] = 144;
	h.cupsWidth = h.cupsBytesPerLine = 1224;
	compare(PAGEOUT_URF, CUPS_RASTER_WRITE_APPLE, h);
}

static ssize_t
read_fd(void *context, uint8_t *out, size_t len)
{
	/* Little at a time: lines are cut wherever it may be. */
	return read(*(int *)context, out, len > 77 ? 77 : len);
}

/* What raster_in gives of a stream, as pixels. */
static void
read_back(const char *path, const cups_page_header2_t *h, const uint8_t *page)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct raster_in in;
	cups_page_header2_t got;
	struct err e = ERR_INIT;
	uint8_t *line = malloc(h->cupsBytesPerLine);
	bool end;

	ok(line != NULL, "memory");
	raster_in_init(&in, read_fd, &fd);
	for (int i = 0; i < 2; i++) {
		const uint8_t *at = page;

		is_ok(raster_in_header(&in, &got, &end, &e), &e, "header");
		ok(!end && memcmp(&got, h, sizeof(got)) == 0, "as it was");
		while (in.lines_left > 0) {
			struct coded_lines lines;

			is_ok(raster_in_lines(&in, &lines, &e), &e, "lines");
			coded_decode(&in.form, lines.code, lines.len, line);
			for (unsigned k = 0; k < lines.repeat; k++) {
				is_mem(line, at, in.form.bytes, "line");
				at += in.form.bytes;
			}
		}
	}
	is_ok(raster_in_header(&in, &got, &end, &e), &e, "end");
	ok(end, "end");
	raster_in_free(&in);
	close(fd);
	free(line);
}

static void
both_versions_are_read(void **state)
{
	cups_page_header2_t h = header(612, 792, 8, 3);
	uint8_t *page = picture(&h, 7);

	(void)state;
	write_theirs(CUPS_RASTER_WRITE_COMPRESSED, &h, page, 2);
	read_back(THEIRS, &h, page);
	write_theirs(CUPS_RASTER_WRITE, &h, page, 2);
	read_back(THEIRS, &h, page);
	unlink(THEIRS);
	free(page);
}

static void
a_stream_that_is_cut_is_an_error(void **state)
{
	cups_page_header2_t h = header(100, 50, 8, 1), got;
	uint8_t *page = picture(&h, 9);
	struct stat st;

	(void)state;
	write_theirs(CUPS_RASTER_WRITE_COMPRESSED, &h, page, 1);
	ok(stat(THEIRS, &st) == 0, "size");
	for (off_t len = 0; len < st.st_size; len += 1 + len / 97) {
		struct raster_in in;
		struct err e = ERR_INIT;
		bool end = false, good = true;
		int fd;

		write_theirs(CUPS_RASTER_WRITE_COMPRESSED, &h, page, 1);
		ok(truncate(THEIRS, len) == 0, "cut");
		fd = open(THEIRS, O_RDONLY | O_CLOEXEC);
		raster_in_init(&in, read_fd, &fd);
		while (good && !end)
			good = raster_in_header(&in, &got, &end, &e);
		/* Right behind the first word a stream may end: no page. */
		ok(len == 4 ? good : !good && in.cut, "cut is seen");
		raster_in_free(&in);
		close(fd);
	}
	unlink(THEIRS);
	free(page);
}

static void
codes_that_are_no_line_are_refused(void **state)
{
	struct coded_form f = {.bytes = 6, .pixel = 1, .lines = 1};
	bool bad;

	(void)state;
	is_int(coded_measure(&f, (const uint8_t *)"\5a", 2, &bad), 2, "a run");
	is_int(coded_measure(&f, (const uint8_t *)"\5", 1, &bad), 0, "cut");
	ok(!bad, "more may come");
	is_int(coded_measure(&f, (const uint8_t *)"\6a", 2, &bad), 0, "long");
	ok(bad, "longer than the line");
	is_int(coded_measure(&f, (const uint8_t *)"\x80", 1, &bad), 0, "128");
	ok(bad, "a code that means something else elsewhere");
	is_int(coded_measure(&f,
		   (const uint8_t *)"\xfb"
				    "abcdef",
		   7, &bad),
	    7, "six pixels");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(streams_are_those_of_libcups),
	    T(lower_lines_of_apple_raster_are_repeated),
	    T(both_versions_are_read),
	    T(a_stream_that_is_cut_is_an_error),
	    T(codes_that_are_no_line_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
