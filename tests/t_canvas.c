/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "stamp/canvas.h"

#define PAGE 16

/* Bytes of a line whose left half is black and right half white, as
 * Ghostscript 10's cups device writes them (16 dots, banded and chunked). */
static const struct {
	enum canvas_space space;
	enum canvas_order order;
	int bits_per_color, bits_per_pixel;
	size_t bytes_per_line;
	const char *line;
} seen[] = {
    {CANVAS_W, CANVAS_CHUNKED, 1, 1, 2, "00ff"},
    {CANVAS_K, CANVAS_CHUNKED, 1, 1, 2, "ff00"},
    {CANVAS_W, CANVAS_CHUNKED, 8, 8, 16, "0000000000000000ffffffffffffffff"},
    {CANVAS_SW, CANVAS_CHUNKED, 8, 8, 16, "0000000000000000ffffffffffffffff"},
    {CANVAS_K, CANVAS_CHUNKED, 8, 8, 16, "ffffffffffffffff0000000000000000"},
    {CANVAS_RGB, CANVAS_CHUNKED, 1, 4, 8, "0000000077777777"},
    {CANVAS_RGB, CANVAS_BANDED, 1, 1, 6, "00ff00ff00ff"},
    {CANVAS_SRGB, CANVAS_CHUNKED, 8, 24, 48,
	"000000000000000000000000000000000000000000000000"
	"ffffffffffffffffffffffffffffffffffffffffffffffff"},
    {CANVAS_ADOBERGB, CANVAS_BANDED, 8, 8, 48,
	"0000000000000000ffffffffffffffff0000000000000000"
	"ffffffffffffffff0000000000000000ffffffffffffffff"},
    {CANVAS_CMY, CANVAS_CHUNKED, 1, 4, 8, "7777777700000000"},
    {CANVAS_YMC, CANVAS_BANDED, 1, 1, 6, "ff00ff00ff00"},
    {CANVAS_CMYK, CANVAS_CHUNKED, 1, 4, 8, "1111111100000000"},
    {CANVAS_CMYK, CANVAS_BANDED, 1, 1, 8, "000000000000ff00"},
    {CANVAS_CMYK, CANVAS_CHUNKED, 8, 32, 64,
	"000000ff000000ff000000ff000000ff000000ff000000ff000000ff000000ff"
	"0000000000000000000000000000000000000000000000000000000000000000"},
    {CANVAS_YMCK, CANVAS_BANDED, 8, 8, 64,
	"0000000000000000000000000000000000000000000000000000000000000000"
	"00000000000000000000000000000000ffffffffffffffff0000000000000000"},
    {CANVAS_KCMY, CANVAS_CHUNKED, 1, 4, 8, "8888888800000000"},
    {CANVAS_KCMY, CANVAS_BANDED, 1, 1, 8, "ff00000000000000"},
    {CANVAS_KCMYCM, CANVAS_CHUNKED, 1, 8, 16,
	"20202020202020200000000000000000"},
    {CANVAS_KCMYCM, CANVAS_BANDED, 1, 8, 12, "ff0000000000000000000000"},
    {CANVAS_GMCK, CANVAS_CHUNKED, 1, 4, 8, "1111111100000000"},
};

#define SEEN (sizeof seen / sizeof seen[0])

static uint8_t pixels[64 * 1024];

static struct canvas
canvas_of(
    enum canvas_space space, enum canvas_order order, int bits, int w, int h)
{
	struct err e = ERR_INIT;
	int colors = canvas_colors(space, bits);
	int spread = colors == 3 && bits < 8 ? 4 : colors == 6 ? 8 : colors;
	struct canvas c = {.width = w,
	    .height = h,
	    .bits_per_color = bits,
	    .bits_per_pixel = order == CANVAS_CHUNKED ? bits * spread : bits,
	    .order = order,
	    .space = space,
	    .pixels = pixels};

	c.bytes_per_line = (size_t)(w * c.bits_per_pixel + 7) / 8;
	if (order == CANVAS_BANDED)
		c.bytes_per_line *= (size_t)colors;
	c.size = canvas_size(&c);
	ok(c.size <= sizeof pixels, "test's own page");
	memset(pixels, 0x5a, sizeof pixels);
	is_ok(canvas_init(&c, &e), &e, "init");
	return c;
}

static void
black_and_white_are_as_ghostscript_writes_them(void **state)
{
	struct err e = ERR_INIT;
	uint8_t want[64];
	size_t len;

	(void)state;
	for (size_t i = 0; i < SEEN; i++) {
		struct canvas c = {.width = PAGE,
		    .height = PAGE,
		    .bytes_per_line = seen[i].bytes_per_line,
		    .bits_per_color = seen[i].bits_per_color,
		    .bits_per_pixel = seen[i].bits_per_pixel,
		    .order = seen[i].order,
		    .space = seen[i].space,
		    .pixels = pixels,
		    .size = sizeof pixels};
		struct canvas_rect all = {0, 0, PAGE, PAGE};
		struct canvas_rect left = {0, 0, PAGE / 2, PAGE};
		struct canvas_color white, black;

		memset(pixels, 0, sizeof pixels);
		is_ok(canvas_init(&c, &e), &e, "init");
		white = canvas_white(&c);
		black = canvas_black(&c);
		is_ok(canvas_fill(&c, &all, &white, &e), &e, "white");
		ok(canvas_is_white(&c, &all), "white page");
		is_ok(canvas_fill(&c, &left, &black, &e), &e, "black");
		ok(bytes_from_hex(seen[i].line, want, sizeof want, &len),
		    "hex");
		is_int(len, c.bytes_per_line, "test's own line");
		is_mem(pixels + 5 * c.bytes_per_line, want, len, "line");
		ok(!canvas_is_white(&c, &all), "no white page");
	}
}

static void
planes_follow_each_other(void **state)
{
	struct err e = ERR_INIT;
	struct canvas c = canvas_of(CANVAS_KCMY, CANVAS_PLANAR, 8, 10, 4);
	struct canvas_color black = canvas_black(&c), white = canvas_white(&c);

	(void)state;
	is_int(c.size, 4 * 4 * 10, "four planes");
	is_ok(canvas_fill(&c, &(struct canvas_rect){0, 0, 10, 4}, &white, &e),
	    &e, "white");
	is_ok(canvas_fill(&c, &(struct canvas_rect){3, 2, 1, 1}, &black, &e),
	    &e, "dot");
	for (int i = 0; i < 4 * 4 * 10; i++)
		is_int(pixels[i], i == 23 ? 255 : 0, "only K");
}

/* An imprint of 11 x 7 dots, of no order. */
static struct imprint
pattern(uint8_t bits[14])
{
	struct imprint im = {11, 7, 2, bits, 0};

	srand(7);
	for (int i = 0; i < 14; i++)
		bits[i] = (uint8_t)rand();
	return im;
}

static void
check_put(struct canvas *c, const struct imprint *im, int x0)
{
	struct err e = ERR_INIT;
	struct canvas_rect all = {0, 0, c->width, c->height};
	struct canvas_color some = canvas_black(c), want, got;
	int y0 = 3;

	for (int i = 0; i < c->colors; i++)
		some.value[i] = (uint16_t)(i + 1) &
				(uint16_t)((1u << c->bits_per_color) - 1);
	is_ok(canvas_fill(c, &all, &some, &e), &e, "background");
	is_ok(canvas_put(c, im, x0, y0, &e), &e, "put");
	for (int y = 0; y < c->height; y++) {
		for (int x = 0; x < c->width; x++) {
			int u = x - x0, v = y - y0;

			want = some;
			if (u >= 0 && v >= 0 && u < im->width && v < im->height)
				want = imprint_get(im, u, v) ? canvas_black(c)
							     : canvas_white(c);
			got = canvas_sample(c, x, y);
			is_mem(&got, &want, sizeof got, "dot");
		}
	}
}

static void
imprints_go_into_every_raster_at_every_dot(void **state)
{
	static const int bits[] = {1, 2, 4, 8, 16};
	uint8_t dots[14];
	struct imprint im = pattern(dots);

	(void)state;
	for (int space = 0; space < 21; space++)
		for (int order = 0; order < 3; order++)
			for (int b = 0; b < 5; b++) {
				struct canvas c;

				if (canvas_colors(
					(enum canvas_space)space, bits[b]) == 0)
					continue;
				c = canvas_of((enum canvas_space)space,
				    (enum canvas_order)order, bits[b], 29, 23);
				for (int x = 0; x <= 29 - im.width; x++)
					check_put(&c, &im, x);
			}
}

static void
nothing_is_clipped(void **state)
{
	static const struct {
		int x, y;
		bool fits;
	} tries[] = {{0, 0, true}, {9, 13, true}, {10, 13, false},
	    {9, 14, false}, {-1, 0, false}, {0, -1, false}};
	uint8_t dots[14];
	static uint8_t before[400];
	struct imprint im = pattern(dots);
	struct err e = ERR_INIT;
	struct canvas c = canvas_of(CANVAS_W, CANVAS_CHUNKED, 8, 20, 20);

	(void)state;
	for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
		memcpy(before, pixels, sizeof before);
		is_int(canvas_put(&c, &im, tries[i].x, tries[i].y, &e),
		    tries[i].fits, "put");
		if (tries[i].fits)
			continue;
		is_err(&e, ERR_REQUEST, "outside");
		is_mem(pixels, before, sizeof before, "nothing is drawn");
	}
}

static void
no_byte_outside_the_page_is_touched(void **state)
{
	struct err e = ERR_INIT;
	struct canvas c = canvas_of(CANVAS_K, CANVAS_CHUNKED, 1, 13, 5);
	struct canvas_color black = canvas_black(&c);

	(void)state;
	is_ok(canvas_fill(&c, &(struct canvas_rect){0, 0, 13, 5}, &black, &e),
	    &e, "all");
	for (int y = 0; y < 5; y++) {
		is_int(pixels[2 * y], 0xff, "dots");
		is_int(pixels[2 * y + 1], 0xf8 | (0x5a & 7), "spare bits");
	}
	is_int(pixels[10], 0x5a, "next byte");
}

static void
wrong_descriptions_are_refused(void **state)
{
	struct canvas good = canvas_of(CANVAS_RGB, CANVAS_CHUNKED, 8, 20, 20);
	struct err e = ERR_INIT;
	struct canvas c;

	(void)state;
#define REFUSED(change)                            \
	do {                                       \
		c = good;                          \
		change;                            \
		ok(!canvas_init(&c, &e), #change); \
		is_err(&e, ERR_CONFIG, #change);   \
	} while (0)
	REFUSED(c.space = 13);
	REFUSED(c.space = 2);
	REFUSED(c.space = 48);
	REFUSED(c.space = (enum canvas_space) - 1);
	REFUSED(c.width = 0);
	REFUSED(c.width = 21);
	REFUSED(c.height = -1);
	REFUSED(c.height = 21);
	REFUSED(c.bits_per_color = 3);
	REFUSED(c.bits_per_color = 16);
	REFUSED(c.bits_per_pixel = 16);
	REFUSED(c.bits_per_pixel = 28);
	REFUSED(c.bits_per_pixel = 1024);
	REFUSED(c.bytes_per_line = 59);
	REFUSED(c.size--);
	REFUSED(c.pixels = NULL);
	REFUSED(c.order = 3);
	REFUSED(c.order = CANVAS_BANDED; c.bytes_per_line = 61);
#undef REFUSED
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(black_and_white_are_as_ghostscript_writes_them),
	    T(planes_follow_each_other),
	    T(imprints_go_into_every_raster_at_every_dot),
	    T(nothing_is_clipped),
	    T(no_byte_outside_the_page_is_touched),
	    T(wrong_descriptions_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
