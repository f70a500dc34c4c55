/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_zxing: QR, Data Matrix (rectangular too) and PDF417 by the program
 * ZXingReader; Debian 12's library has a C++ interface only.
 */
#include "tools/verify.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"

#define LINE_MAX_BYTES 16384
#define RESULTS_MAX    4096 /* of one picture */

/* The picture as a file in memory. */
static bool
write_pgm(const struct image *image, int *fd, struct err *e)
{
	size_t pixels = (size_t)image->width * (size_t)image->height;
	FILE *f;
	bool done;
	int copy;

	*fd = memfd_create("picture", MFD_CLOEXEC);
	copy = *fd < 0 ? -1 : dup(*fd);
	f = copy < 0 ? NULL : fdopen(copy, "wb");
	if (f == NULL)
		return err_system(e, "memory for a picture");
	fprintf(f, "P5\n%d %d\n255\n", image->width, image->height);
	done = fwrite(image->grey, 1, pixels, f) == pixels;
	done = fclose(f) == 0 && done && lseek(*fd, 0, SEEK_SET) == 0;
	return done || err_system(e, "memory for a picture");
}

/* "Position:   20x20 245x20 245x245 20x245": pixels, the far ones included. */
static void
read_position(const char *text, struct box *box)
{
	int x[4], y[4];

	if (sscanf(text, "%6dx%6d %6dx%6d %6dx%6d %6dx%6d", &x[0], &y[0], &x[1],
		&y[1], &x[2], &y[2], &x[3], &y[3]) != 8)
		return;
	*box = (struct box){x[0], y[0], x[0], y[0]};
	for (int i = 1; i < 4; i++) {
		box->left = x[i] < box->left ? x[i] : box->left;
		box->right = x[i] > box->right ? x[i] : box->right;
		box->top = y[i] < box->top ? y[i] : box->top;
		box->bottom = y[i] > box->bottom ? y[i] : box->bottom;
	}
}

static void
read_format(const char *text, struct found *one)
{
	static const char *const names[][2] = {{"QRCode", "QR"},
	    {"DataMatrix", "DataMatrix"}, {"PDF417", "PDF417"}};

	for (size_t i = 0; i < 3; i++)
		if (strncmp(text, names[i][0], strlen(names[i][0])) == 0)
			snprintf(one->symbology, sizeof(one->symbology), "%s",
			    names[i][1]);
}

/* Results come one after the other, each from a "Text:" line on. */
static bool
keep(struct found *one, int offset_x, int offset_y, struct found_list *out,
    struct err *e)
{
	bool done = true;

	if (out->count >= RESULTS_MAX)
		return err_set(e, ERR_REQUEST, "a page with too many symbols");
	if (one->symbology[0] && one->box.right > one->box.left) {
		one->box.left += offset_x;
		one->box.right += offset_x;
		one->box.top += offset_y;
		one->box.bottom += offset_y;
		done = !found_sound(one, BY_ZXING) || found_add(out, one, e);
	}
	*one = (struct found){.by = BY_ZXING};
	return done;
}

/* A line without its end; what is too long for us is not looked at. */
static bool
next_line(FILE *f, char *line, size_t size)
{
	size_t len = 0;
	int c;

	while ((c = fgetc(f)) != EOF && c != '\n')
		if (len < size)
			line[len++] = (char)c;
	if (len == size)
		len = 0;
	line[len] = '\0';
	return c != EOF || len > 0;
}

static bool
read_results(
    FILE *f, int offset_x, int offset_y, struct found_list *out, struct err *e)
{
	struct found one = {.by = BY_ZXING};
	char line[LINE_MAX_BYTES];
	bool done = true;

	while (done && next_line(f, line, sizeof(line))) {
		const char *value = line + strcspn(line, ":");

		value += value[0] == ':';
		value += strspn(value, " ");
		if (strncmp(line, "Text:", 5) == 0)
			done = keep(&one, offset_x, offset_y, out, e);
		else if (strncmp(line, "Bytes:", 6) == 0) {
			if (!bytes_from_hex(
				value, one.bytes, sizeof(one.bytes), &one.len))
				one.len = 0;
		} else if (strncmp(line, "Format:", 7) == 0)
			read_format(value, &one);
		else if (strncmp(line, "Position:", 9) == 0)
			read_position(value, &one.box);
		else if (strncmp(line, "Error:", 6) == 0)
			one.len = 0;
	}
	return done && keep(&one, offset_x, offset_y, out, e);
}

bool
decode_zxing(const struct image *image, int offset_x, int offset_y,
    struct found_list *out, struct err *e)
{
	char path[] = SPAWN_INPUT, formats[] = "QRCode,DataMatrix,PDF417";
	char name[] = "ZXingReader", errors[] = "-errors", escape[] = "-escape",
	     format[] = "-format";
	char *const argv[] = {
	    name, errors, escape, format, formats, path, NULL};
	int fd = -1;
	bool done;
	FILE *f;
	pid_t pid;

	done = write_pgm(image, &fd, e) && spawn_open(argv, fd, &pid, &f, e);
	if (fd >= 0)
		close(fd);
	if (!done)
		return err_prefix(e, "zxing");
	done = read_results(f, offset_x, offset_y, out, e);
	spawn_close(pid, f);
	return done;
}
