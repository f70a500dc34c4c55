/* SPDX-License-Identifier: Apache-2.0 */
/* Coded lines put together of parts: the coder itself is the judge. */
#include "config.h"

#include <stdlib.h>

#include "filter/coded.h"
#include "filter/coded_store.h"
#include "filter/splice.h"
#include "tests/test.h"

#define PIXELS 3000
#define BYTES  12 /* of a pixel, at most */
#define ROUNDS 400

/* A line as pixels, and as it is put together. */
struct both {
	struct coded_form form;
	uint8_t pixels[PIXELS * BYTES];
	uint8_t code[2 * PIXELS * BYTES], want[2 * PIXELS * BYTES];
	size_t at; /* pixels */
	struct splice_colors colors, more;
	uint8_t bits[PIXELS / 8 + 1];
	struct splice_strip kept[3];
	int known; /* strips that were */
	/* another line */
	uint8_t other[PIXELS * BYTES], other_code[2 * PIXELS * BYTES];
	struct splice_from from;
	size_t other_at;
};

static size_t
below(size_t n)
{
	return (size_t)rand() % n;
}

/* Mostly short runs, some that need several codes. */
static size_t
length(size_t most)
{
	static const size_t lengths[] = {1, 2, 3, 20, 127, 128, 129, 130, 600};
	size_t n = rand() % 2 == 0 ? 1 + below(4) : lengths[below(9)];

	return n < most ? n : most;
}

static void
paint(const struct both *b, uint8_t *line, size_t at, const uint8_t *color)
{
	memcpy(line + at * b->form.pixel, color, b->form.pixel);
}

static const uint8_t *
any_color(const struct both *b)
{
	return rand() % 2 ? b->colors.of[below(2)] : b->more.of[below(2)];
}

static void
make_other(struct both *b)
{
	for (size_t at = 0, n; at < PIXELS; at += n) {
		const uint8_t *color = any_color(b);

		n = length(PIXELS - at);
		for (size_t i = 0; i < n; i++)
			paint(b, b->other, at + i, color);
	}
	coded_encode(&b->form, b->other, b->other_code);
	b->from = (struct splice_from){.code = b->other_code};
	b->other_at = 0;
}

/* New dots, or those that were there last. */
static size_t
add_dots(struct both *b, struct splice *s, size_t most)
{
	struct splice_strip *kept = &b->kept[below(3)];
	size_t n = 1 + below(most < SPLICE_STRIP ? most : SPLICE_STRIP);
	bool set = rand() % 2, again = kept->count > 0 && kept->count <= most;

	if (again && rand() % 2) {
		n = kept->count;
		memcpy(b->bits, kept->bits, sizeof(kept->bits));
	} else {
		memset(b->bits, rand(), sizeof(b->bits));
		for (size_t i = 0, end = 0; i < n; i++) {
			if (i == end) {
				end += length(n);
				set = !set;
			}
			b->bits[i / 8] &= (uint8_t) ~(0x80 >> i % 8);
			if (set)
				b->bits[i / 8] |= (uint8_t)(0x80 >> i % 8);
		}
	}
	for (size_t i = 0; i < n; i++)
		paint(b, b->pixels, b->at + i,
		    b->colors.of[b->bits[i / 8] >> (7 - i % 8) & 1]);
	if (splice_known(s, &b->colors, kept, b->bits, n))
		b->known++;
	else
		splice_dots(s, &b->colors, kept, b->bits, n);
	return n;
}

static void
add_part(struct both *b, struct splice *s)
{
	size_t left = PIXELS - b->at, n = length(left);
	const uint8_t *color = any_color(b);
	size_t bytes = b->form.pixel;

	switch (below(3)) {
	case 0:
		for (size_t i = 0; i < n; i++)
			paint(b, b->pixels, b->at + i, color);
		splice_run(s, color, n);
		break;
	case 1: n = add_dots(b, s, left); break;
	default:
		/* It is read until the end: no other one before. */
		n = n < (PIXELS - b->other_at) / 2 ? n
						   : (PIXELS - b->other_at) / 2;
		splice_skip(s, &b->from, n / 2);
		b->other_at += n / 2;
		memcpy(b->pixels + b->at * bytes,
		    b->other + b->other_at * bytes, n * bytes);
		splice_line(s, &b->from, n);
		b->other_at += n;
	}
	b->at += n;
}

static void
check_line(struct both *b, unsigned pixel)
{
	struct splice s;
	size_t len, want;

	b->form = (struct coded_form){
	    .bytes = PIXELS * (size_t)pixel, .pixel = pixel, .lines = 1};
	b->at = 0;
	make_other(b);
	splice_begin(&s, pixel, b->code);
	while (b->at < PIXELS)
		add_part(b, &s);
	len = splice_end(&s);
	want = coded_encode(&b->form, b->pixels, b->want);
	is_int(len, want, "length");
	is_mem(b->code, b->want, want, "code");
}

static void
a_line_of_parts_is_coded_as_its_pixels(void **state)
{
	static const unsigned pixels[] = {1, 2, 3, 4, 6, 8, 12};
	struct both *b = calloc(1, sizeof(*b));

	(void)state;
	ok(b != NULL, "memory");
	srand(1);
	for (size_t k = 0; k < sizeof(pixels) / sizeof(pixels[0]); k++) {
		memset(&b->colors, 0, sizeof(b->colors));
		memset(&b->more, 0xff, sizeof(b->more));
		for (int i = 0; i < BYTES; i++)
			b->colors.of[1][i] = b->more.of[1][i] = (uint8_t)rand();
		b->more.of[1][0] ^= 1;
		memset(b->kept, 0, sizeof(b->kept));
		b->known = 0;
		for (int i = 0; i < ROUNDS; i++)
			check_line(b, pixels[k]);
		ok(b->known > ROUNDS, "strips are found again");
	}
	free(b);
}

static void
a_store_gives_back_what_it_got(void **state)
{
	struct coded_store s = {.len = 0};
	struct coded_lines lines;
	struct err e = ERR_INIT;
	uint8_t code[5000];
	size_t at, count;

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 3000; i++) {
			memset(code, (int)i, sizeof(code));
			lines = (struct coded_lines){
			    code, 1 + i % sizeof(code), 1 + i % 256};
			is_ok(coded_store_add(&s, &lines, &e), &e, "add");
		}
		count = 0;
		for (at = 0; coded_store_next(&s, &at, &lines); count++) {
			is_int(lines.len, 1 + count % sizeof(code), "length");
			is_int(lines.repeat, 1 + count % 256, "repeat");
			is_int(lines.code[lines.len - 1], count & 0xff, "code");
		}
		is_int(count, 3000, "lines");
		coded_store_clear(&s);
		at = 0;
		ok(!coded_store_next(&s, &at, &lines), "empty");
	}
	coded_store_free(&s);
}

static void
colours_of_the_other_byte_order(void **state)
{
	const struct coded_form form = {.bytes = 12, .pixel = 2, .lines = 1};
	uint8_t line[12] = {1, 2, 1, 2, 1, 2, 3, 4, 5, 6, 7, 8}, code[24];
	size_t len = coded_encode(&form, line, code);

	(void)state;
	coded_swap(&form, code, len);
	coded_decode(&form, code, len, line);
	is_mem(line, "\2\1\2\1\2\1\4\3\6\5\10\7", 12, "swapped");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(a_line_of_parts_is_coded_as_its_pixels),
	    T(a_store_gives_back_what_it_got),
	    T(colours_of_the_other_byte_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
