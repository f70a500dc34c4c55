/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postage mark: writes a mark as text, as a URI and as a picture of its QR
 * code, for documents that are made of pixels.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "stamp/mark.h"
#include "stamp/symbol.h"
#include "tools/out.h"
#include "tools/postage.h"

#define USAGE                                                               \
	"postage mark [--qr OUT.png [--width MM]] [SUM] [KEY=VALUE]...\n"   \
	"\nKeys: " MARK_KEYS "\n"                                           \
	"--width: of the picture with its white margin when it is printed " \
	"at\n"                                                              \
	"its own size (30).\n"

#define MODULE_PX 10
#define WIDTH_MM  30.0
#define WIDTH_MIN 15.0
#define WIDTH_MAX 200.0

struct picture {
	const char *file; /* or NULL */
	double width_mm;
};

/* All that must outlive longjmp(). */
struct writing {
	png_structp png;
	png_infop info;
	const struct symbol *symbol;
	double width_mm;
	struct err *e;
};

static void
on_error(png_structp png, png_const_charp text)
{
	struct writing *w = png_get_error_ptr(png);

	err_set(w->e, ERR_SYSTEM, "PNG: %s", text);
	png_longjmp(png, 1);
}

static void
write_rows(struct writing *w, FILE *f)
{
	const struct symbol_shape *s = &w->symbol->shape;
	png_uint_32 side = (png_uint_32)(s->width + 2 * s->quiet) * MODULE_PX;
	png_uint_32 per_m = (png_uint_32)(side / w->width_mm * 1000 + 0.5);
	png_byte row[(SYMBOL_WIDTH_MAX + 8) * MODULE_PX];

	png_init_io(w->png, f);
	png_set_IHDR(w->png, w->info, side, side, 8, PNG_COLOR_TYPE_GRAY,
	    PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
	    PNG_FILTER_TYPE_DEFAULT);
	png_set_pHYs(w->png, w->info, per_m, per_m, PNG_RESOLUTION_METER);
	png_write_info(w->png, w->info);
	for (int y = 0; y < (int)side; y++) {
		for (int x = 0; x < (int)side; x++)
			row[x] = symbol_get(w->symbol, x / MODULE_PX - s->quiet,
				     y / MODULE_PX - s->quiet)
				     ? 0
				     : 255;
		png_write_row(w->png, row);
	}
	png_write_end(w->png, NULL);
}

static bool
write_png(struct writing *w, FILE *f)
{
	w->png =
	    png_create_write_struct(PNG_LIBPNG_VER_STRING, w, on_error, NULL);
	w->info = w->png ? png_create_info_struct(w->png) : NULL;
	if (w->info == NULL) {
		png_destroy_write_struct(&w->png, NULL);
		return err_system(w->e, "memory for a PNG");
	}
	if (setjmp(png_jmpbuf(w->png))) {
		png_destroy_write_struct(&w->png, &w->info);
		return false;
	}
	write_rows(w, f);
	png_destroy_write_struct(&w->png, &w->info);
	return true;
}

static bool
draw(const struct picture *p, const char *uri, struct err *e)
{
	struct symbol *s = malloc(sizeof(*s));
	struct writing w = {.symbol = s, .width_mm = p->width_mm, .e = e};
	FILE *f = NULL;
	bool done = false;

	if (s == NULL)
		return err_system(e, "memory for a symbol");
	if (!symbol_encode(SYMBOL_QR, (const uint8_t *)uri, strlen(uri), s, e))
		goto out;
	f = fopen(p->file, "wbe");
	if (f == NULL) {
		err_system(e, "%s", p->file);
		goto out;
	}
	done = write_png(&w, f);
	if (fclose(f) != 0 && done)
		done = err_system(e, "%s", p->file);
out:
	free(s);
	return done;
}

/* The arguments as the words of a mark. */
static bool
read_mark(char **words, int count, struct mark *m, struct err *e)
{
	char text[MARK_TEXT_MAX] = "[[" MARK_KEYWORD;
	size_t len = strlen(text);

	for (int i = 0; i < count; i++) {
		int n = snprintf(
		    text + len, sizeof(text) - len - 2, " %s", words[i]);

		if (n < 0 || (size_t)n >= sizeof(text) - len - 2)
			return err_set(e, ERR_REQUEST, "the mark is too long");
		len += (size_t)n;
	}
	strcpy(text + len, "]]");
	return mark_parse(text, m, e);
}

static bool
read_options(struct picture *p, int argc, char **argv)
{
	static const struct option known[] = {
	    {"qr", required_argument, NULL, 'q'},
	    {"width", required_argument, NULL, 'w'}, {NULL, 0, NULL, 0}};
	char *end;
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c == 'q') {
			p->file = optarg;
		} else if (c == 'w') {
			p->width_mm = strtod(optarg, &end);
			if (*end != '\0' || !(p->width_mm >= WIDTH_MIN) ||
			    !(p->width_mm <= WIDTH_MAX))
				return false;
		} else {
			return false;
		}
	}
	return true;
}

int
verb_mark(int argc, char **argv, const struct options *options)
{
	struct picture p = {.width_mm = WIDTH_MM};
	char text[MARK_TEXT_MAX], uri[MARK_TEXT_MAX];
	struct err e = ERR_INIT;
	struct out *o;
	struct mark m;

	if (out_help(argc, argv, USAGE))
		return 0;
	if (!read_options(&p, argc, argv))
		return out_usage(USAGE);
	if (!read_mark(argv + optind, argc - optind, &m, &e))
		return out_fail(options, NULL, &e);
	mark_format(&m, text);
	mark_format_uri(&m, uri);
	if (p.file != NULL && !draw(&p, uri, &e))
		return out_fail(options, NULL, &e);
	o = out_open(options);
	out_text(o, "text", "Text", text);
	out_text(o, "uri", "URI", uri);
	if (p.file != NULL)
		out_text(o, "picture", "Picture", p.file);
	return out_close(o);
}
