/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_apart: libraries that read what others made, each in a process that
 * has nothing but its input, and what it tells: one record a page, then how it
 * ended.  Both ends are this program, but the far one may have been taken
 * over: whatever it says is looked at before it is used.
 */
#include "tools/verify.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/text.h"

#define HEAD_BYTES 17 /* 'P', width, height, dpi across and down */
#define END_BYTES  2  /* 'E', kind */
#define DPI_UNITS  1000
#define DPI_MAX	   1e6
#define PAGES_MAX  10000

/* --- pages: the far end ----------------------------------------------------- */

static uint32_t
dpi_units(double dpi)
{
	return dpi > 0 && dpi < DPI_MAX ? (uint32_t)lround(dpi * DPI_UNITS) : 0;
}

static bool
send_page(void *context, const struct image *image, struct err *e)
{
	uint8_t head[HEAD_BYTES];
	struct bytes_writer w;

	(void)context;
	bytes_writer_init(&w, head, sizeof(head));
	bytes_write_le(&w, 'P', 1);
	bytes_write_le(&w, (uint64_t)image->width, 4);
	bytes_write_le(&w, (uint64_t)image->height, 4);
	bytes_write_le(&w, dpi_units(image->dpi_x), 4);
	bytes_write_le(&w, dpi_units(image->dpi_y), 4);
	return (spawn_write(head, sizeof(head)) &&
		   spawn_write(image->grey,
		       (size_t)image->width * (size_t)image->height)) ||
	       err_system(e, "a page cannot be handed on");
}

/* In the child; its exit code says nothing, its last record does. */
static int
read_pages(void *context)
{
	image_reader *const *read = context;
	struct err e = ERR_INIT;
	uint8_t end[END_BYTES] = {'E', ERR_NONE};
	FILE *f = fdopen(STDIN_FILENO, "rb");

	if (f == NULL)
		err_system(&e, "memory for a file");
	else if (!(*read)(f, 0, send_page, NULL, &e) && e.kind == ERR_NONE)
		err_set(&e, ERR_REQUEST, "cannot be read");
	end[1] = (uint8_t)e.kind;
	return !(spawn_write(end, sizeof(end)) &&
		 (e.kind == ERR_NONE || spawn_write(e.text, strlen(e.text))));
}

/* --- pages: this end ---------------------------------------------------------- */

static bool
receive_page(FILE *in, struct image *out, struct err *e)
{
	uint8_t head[HEAD_BYTES - 1];
	struct bytes_reader r;
	size_t pixels;
	uint64_t wide, high;

	if (fread(head, 1, sizeof(head), in) != sizeof(head))
		return err_set(e, ERR_REQUEST, "cut short");
	bytes_reader_init(&r, head, sizeof(head));
	wide = bytes_read_le(&r, 4);
	high = bytes_read_le(&r, 4);
	out->dpi_x = (double)bytes_read_le(&r, 4) / DPI_UNITS;
	out->dpi_y = (double)bytes_read_le(&r, 4) / DPI_UNITS;
	if (wide > IMAGE_SIDE_MAX || high > IMAGE_SIDE_MAX)
		return err_set(e, ERR_REQUEST, "a page is too large");
	out->width = (int)wide;
	out->height = (int)high;
	if (!image_new(out, e))
		return false;
	pixels = (size_t)wide * (size_t)high;
	if (fread(out->grey, 1, pixels, in) == pixels)
		return true;
	image_free(out);
	return err_set(e, ERR_REQUEST, "cut short");
}

/* How it ended; nothing may follow. */
static bool
receive_end(FILE *in, struct err *e)
{
	char said[sizeof(e->text)] = "", clean[sizeof(e->text)];
	int kind = fgetc(in);
	size_t len = fread(said, 1, sizeof(said) - 1, in);

	said[len] = '\0';
	if (kind == ERR_NONE && len == 0)
		return true;
	text_clean(said, clean, sizeof(clean));
	return err_set(e, kind == ERR_SYSTEM ? ERR_SYSTEM : ERR_REQUEST, "%s",
	    clean[0] != '\0' ? clean : "cannot be read");
}

bool
image_receive(FILE *in, image_page *page, void *context, struct err *e)
{
	for (int n = 1; n <= PAGES_MAX; n++) {
		struct image image = {.page = n};
		int tag = fgetc(in);
		bool done;

		if (tag == 'E')
			return receive_end(in, e);
		if (tag != 'P')
			return err_set(e, ERR_REQUEST,
			    "cannot be read: its reader died or was stopped");
		done = receive_page(in, &image, e) && page(context, &image, e);
		image_free(&image);
		if (!done)
			return false;
	}
	return err_set(
	    e, ERR_REQUEST, "more than %d pages are not looked at", PAGES_MAX);
}

bool
image_apart(
    int fd, image_reader *read, image_page *page, void *context, struct err *e)
{
	pid_t pid;
	FILE *in;
	bool done;

	if (!spawn_part(fd, read_pages, &read, &pid, &in, e))
		return false;
	done = image_receive(in, page, context, e);
	(void)spawn_close(pid, in);
	return done;
}
