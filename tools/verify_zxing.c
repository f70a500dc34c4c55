/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify_zxing: QR, Data Matrix (rectangular too) and PDF417 by the program
 * ZXingReader; Debian 12's library has a C++ interface only.
 */
#include "tools/verify.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"

#define LINE_MAX_BYTES 65536

bool
zxing_installed(void)
{
	const char *path = getenv("PATH");

	while (path && *path) {
		size_t len = strcspn(path, ":");
		char file[1024];

		snprintf(
		    file, sizeof(file), "%.*s/ZXingReader", (int)len, path);
		if (access(file, X_OK) == 0)
			return true;
		path += len + (path[len] == ':');
	}
	return false;
}

static bool
write_pgm(const struct image *image, char *path, struct err *e)
{
	size_t pixels = (size_t)image->width * (size_t)image->height;
	int fd = mkstemps(path, 4);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "wb");
	bool done;

	if (f == NULL)
		return err_system(e, "%s", path);
	fprintf(f, "P5\n%d %d\n255\n", image->width, image->height);
	done = fwrite(image->grey, 1, pixels, f) == pixels;
	done = fclose(f) == 0 && done;
	if (done)
		return true;
	unlink(path);
	return err_system(e, "%s", path);
}

/* "Position:   20x20 245x20 245x245 20x245": pixels, the far ones included. */
static void
read_position(const char *text, struct box *box)
{
	int x[4], y[4];

	if (sscanf(text, "%dx%d %dx%d %dx%d %dx%d", &x[0], &y[0], &x[1], &y[1],
		&x[2], &y[2], &x[3], &y[3]) != 8)
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

	if (one->symbology[0] && one->box.right > one->box.left) {
		one->box.left += offset_x;
		one->box.right += offset_x;
		one->box.top += offset_y;
		one->box.bottom += offset_y;
		done = found_add(out, one, e);
	}
	*one = (struct found){.by = BY_ZXING};
	return done;
}

static bool
read_results(
    FILE *f, int offset_x, int offset_y, struct found_list *out, struct err *e)
{
	struct found one = {.by = BY_ZXING};
	char *line = NULL;
	size_t size = 0;
	bool done = true;

	while (done && getline(&line, &size, f) > 0) {
		const char *value = line + strcspn(line, ":") + 1;

		value += line[0] && value[-1] ? strspn(value, " ") : 0;
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
	free(line);
	return done && keep(&one, offset_x, offset_y, out, e);
}

bool
decode_zxing(const struct image *image, int offset_x, int offset_y,
    struct found_list *out, struct err *e)
{
	const char *folder = getenv("TMPDIR");
	char path[1024], formats[] = "QRCode,DataMatrix,PDF417";
	char *const argv[] = {"ZXingReader", "-errors", "-escape", "-format",
	    formats, path, NULL};
	bool done;
	FILE *f;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/postage-verify.XXXXXX.pgm",
	    folder && folder[0] ? folder : "/tmp");
	if (!write_pgm(image, path, e))
		return false;
	if (!spawn_open(argv, &pid, &f)) {
		unlink(path);
		return err_set(e, ERR_CONFIG,
		    "ZXingReader (zxing-cpp-tools) could not be started");
	}
	done = read_results(f, offset_x, offset_y, out, e);
	spawn_close(pid, f);
	unlink(path);
	return done;
}
