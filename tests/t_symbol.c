/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <stdlib.h>

#include "stamp/symbol.h"

/* Bytes that tempt an encoder to leave byte mode, by `style`. */
static void
fill(uint8_t *data, size_t len, unsigned style)
{
	for (size_t i = 0; i < len; i++) {
		unsigned r = (unsigned)rand();

		switch (style % 6) {
		case 0: data[i] = (uint8_t)r; break;
		case 1: data[i] = (uint8_t)('0' + r % 10); break;
		case 2:
			data[i] = (uint8_t)(r % 3 ? 'A' + r % 26 : r >> 8);
			break;
		case 3: data[i] = (uint8_t)(r & 0x100 ? r : r % 96 + 32); break;
		case 4:
			data[i] =
			    (uint8_t)(i / (2 + style % 9) & 1 ? r | 128
							      : 'a' + r % 26);
			break;
		default: data[i] = i < 50 && i % 7 ? 0 : (uint8_t)r; break;
		}
	}
}

static void
size_is_known_before_the_bytes(void **state)
{
	struct err e = ERR_INIT;
	uint8_t data[256];
	static struct symbol s;
	struct symbol_shape shape;

	(void)state;
	srand(1);
	for (unsigned kind = 0; kind < SYMBOL_FIM_D; kind++) {
		size_t max = symbol_capacity(kind);

		for (size_t len = 1; len <= max && len <= 256; len++) {
			for (unsigned style = 0; style < 12; style++) {
				fill(data, len, style);
				is_ok(symbol_size(kind, len, &shape, &e), &e,
				    "size");
				is_ok(symbol_encode(kind, data, len, &s, &e),
				    &e, symbol_kind_name(kind));
				is_mem(&s.shape, &shape, sizeof shape, "shape");
			}
		}
	}
}

static void
sizes_are_those_of_the_format(void **state)
{
	static const struct {
		enum symbol_kind kind;
		size_t len;
		int width, height, quiet;
	} want[] = {
	    {SYMBOL_QR, 114, 45, 45, 4},
	    {SYMBOL_QR, 122, 45, 45, 4},
	    {SYMBOL_QR, 123, 49, 49, 4},
	    {SYMBOL_QR, 142, 49, 49, 4},
	    {SYMBOL_QR, 20, 25, 25, 4},
	    {SYMBOL_DATAMATRIX, 114, 44, 44, 2},
	    {SYMBOL_DATAMATRIX, 142, 44, 44, 2},
	    {SYMBOL_DATAMATRIX, 42, 26, 26, 2},
	    {SYMBOL_DATAMATRIX, 20, 20, 20, 2},
	    {SYMBOL_DMRE, 114, 64, 26, 2},
	    {SYMBOL_DMRE, 116, 64, 26, 2},
	    {SYMBOL_DMRE, 20, 36, 12, 2},
	    {SYMBOL_PDF417, 114, 205, 60, 2},
	    {SYMBOL_FIM_D, 0, 17, 1, 0},
	};
	struct err e = ERR_INIT;
	struct symbol_shape s;

	(void)state;
	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
		is_ok(symbol_size(want[i].kind, want[i].len, &s, &e), &e, "");
		is_int(s.width, want[i].width, "width");
		is_int(s.height, want[i].height, "height");
		is_int(s.quiet, want[i].quiet, "quiet zone");
	}
}

static void
too_many_bytes_are_refused(void **state)
{
	struct err e = ERR_INIT;
	uint8_t data[1024] = {0};
	static struct symbol s;

	(void)state;
	for (unsigned kind = 0; kind < SYMBOL_FIM_D; kind++) {
		size_t max = symbol_capacity(kind);

		ok(!symbol_encode(kind, data, max + 1, &s, &e), "too many");
		is_err(&e, ERR_REQUEST, "too many");
		ok(!symbol_encode(kind, data, 0, &s, &e), "none");
	}
	is_int(symbol_capacity(SYMBOL_DMRE), 116, "26 x 64");
}

static void
fim_is_the_mark_of_indicia(void **state)
{
	struct err e = ERR_INIT;
	static struct symbol s;
	static const char bars[] = "111010111"; /* Publication 25: FIM D */

	(void)state;
	is_ok(symbol_encode(SYMBOL_FIM_D, NULL, 0, &s, &e), &e, "FIM");
	for (int i = 0; i < 9; i++) {
		is_int(symbol_get(&s, 2 * i, 0), bars[i] == '1', "bar");
		ok(!symbol_get(&s, 2 * i + 1, 0), "gap");
	}
}

static void
modules_are_whole_dots_near_16_7_mil(void **state)
{
	static const struct {
		int dpi, dots;
	} want[] = {{100, 3}, {150, 3}, {180, 3}, {200, 3}, {203, 3}, {204, 3},
	    {240, 4}, {300, 5}, {360, 6}, {400, 7}, {600, 10}, {720, 12},
	    {1200, 20}, {2400, 40}};
	struct err e = ERR_INIT;
	int dots;

	(void)state;
	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
		is_ok(symbol_module_dots(want[i].dpi, &dots, &e), &e, "dots");
		is_int(dots, want[i].dots, "dots");
	}
	for (int dpi = 100; dpi <= 4800; dpi++) {
		is_ok(symbol_module_dots(dpi, &dots, &e), &e, "dots");
		ok(dots >= 3, "3 dots");
		ok(dots * 10000 >= (dpi < 300 ? 147 : 130) * dpi, "least");
	}
	ok(!symbol_module_dots(72, &dots, &e), "72 dpi");
	is_err(&e, ERR_CONFIG, "72 dpi");
}

static void
names_are_read_in_any_case(void **state)
{
	enum symbol_kind kind;

	(void)state;
	for (unsigned i = 0; i < SYMBOL_FIM_D; i++) {
		ok(symbol_kind_parse(symbol_kind_name(i), &kind), "name");
		is_int(kind, i, "kind");
	}
	ok(symbol_kind_parse("datamatrix", &kind), "lower case");
	ok(!symbol_kind_parse("FIM-D", &kind), "no symbol for data");
	ok(!symbol_kind_parse("", &kind), "empty");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(size_is_known_before_the_bytes),
	    T(sizes_are_those_of_the_format),
	    T(too_many_bytes_are_refused),
	    T(fim_is_the_mark_of_indicia),
	    T(modules_are_whole_dots_near_16_7_mil),
	    T(names_are_read_in_any_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
