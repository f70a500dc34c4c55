/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/imprint_dots.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

static int
lesser(int a, int b)
{
	return a < b ? a : b;
}

bool
imprint_make(struct imprint *out, int width, int height, struct err *e)
{
	size_t stride = ((size_t)width + 7) / 8;

	*out = (struct imprint){
	    .width = width, .height = height, .stride = stride};
	out->bits = calloc((size_t)height, stride + 1); /* never of 0 bytes */
	if (out->bits != NULL)
		return true;
	memset(out, 0, sizeof *out);
	return err_system(e, "stamp of %d x %d dots", width, height);
}

bool
imprint_copy(const struct imprint *from, struct imprint *out, struct err *e)
{
	size_t size = from->stride * (size_t)from->height;

	*out = *from;
	out->bits = malloc(size + 1);
	if (out->bits == NULL) {
		memset(out, 0, sizeof *out);
		return err_system(
		    e, "stamp of %d x %d dots", from->width, from->height);
	}
	memcpy(out->bits, from->bits, size);
	return true;
}

void
imprint_free(struct imprint *im)
{
	free(im->bits);
	memset(im, 0, sizeof *im);
}

uint8_t *
imprint_row(const struct imprint *im, int y)
{
	assert(y >= 0 && y < im->height);
	return im->bits + (size_t)y * im->stride;
}

bool
imprint_get(const struct imprint *im, int x, int y)
{
	if (x < 0 || y < 0 || x >= im->width || y >= im->height)
		return false;
	return imprint_row(im, y)[x / 8] & (0x80 >> x % 8);
}

void
imprint_run(struct imprint *im, int x, int end, int y)
{
	uint8_t *row = imprint_row(im, y), first, last;

	assert(x >= 0 && end <= im->width);
	if (x >= end)
		return;
	first = (uint8_t)(0xff >> x % 8);
	last = (uint8_t) ~(0xff >> end % 8);
	if (x / 8 == end / 8) {
		row[x / 8] |= first & last;
		return;
	}
	row[x / 8] |= first;
	memset(row + x / 8 + 1, 0xff, (size_t)(end / 8 - x / 8 - 1));
	if (last != 0)
		row[end / 8] |= last;
}

int
imprint_seek(const uint8_t *row, int x, int end, bool black)
{
	unsigned flip = black ? 0 : 0xff;

	while (x < end) {
		unsigned left = (row[x / 8] ^ flip) & 0xffu >> x % 8;

		if (left != 0) {
			x = x / 8 * 8 + __builtin_clz(left << 24);
			return x < end ? x : end;
		}
		x = x / 8 * 8 + 8;
	}
	return end;
}

/* `count` (1 to 8) bits of a row, from bit `at` on, as the high ones. */
static unsigned
fetch(const uint8_t *row, int at, int count)
{
	unsigned bits = (unsigned)row[at / 8] << 8;

	if (at % 8 + count > 8)
		bits |= row[at / 8 + 1];
	return bits << at % 8 >> 8 & 0xff & ~(0xffu >> count);
}

static uint64_t
load(const uint8_t *from)
{
	uint64_t bits;

	memcpy(&bits, from, sizeof bits);
	return be64toh(bits);
}

static void
store(uint8_t *to, uint64_t bits)
{
	bits = htobe64(bits);
	memcpy(to, &bits, sizeof bits);
}

static void
add_word(uint8_t *to, const uint8_t *from)
{
	uint64_t a, b;

	memcpy(&a, to, sizeof a);
	memcpy(&b, from, sizeof b);
	a |= b;
	memcpy(to, &a, sizeof a);
}

/* `count` bits of `from`, from bit `at` on, to those of `to` from `x` on. */
static void
add_bits(uint8_t *to, int x, const uint8_t *from, int at, int count)
{
	int head = -x & 7;

	if (head > count)
		head = count;
	if (head > 0)
		to[x / 8] |= (uint8_t)(fetch(from, at, head) >> x % 8);
	to += (x + head) / 8;
	at += head;
	count -= head;
	/* bytes as they are */
	for (; at % 8 == 0 && count >= 64; count -= 64, at += 64, to += 8)
		add_word(to, from + at / 8);
	/* eight bytes at a time where the ninth is there too */
	for (; count > 64; count -= 64, at += 64, to += 8)
		store(to, load(to) | load(from + at / 8) << at % 8 |
			      (uint64_t)from[at / 8 + 8] >> (8 - at % 8));
	for (; count >= 8; count -= 8, at += 8, to++)
		*to |= (uint8_t)fetch(from, at, 8);
	if (count > 0)
		*to |= (uint8_t)fetch(from, at, count);
}

void
imprint_add(struct imprint *to, const struct imprint *from, int x, int y)
{
	int left = x < 0 ? -x : 0, top = y < 0 ? -y : 0;
	int right = to->width - x < from->width ? to->width - x : from->width;
	int end = to->height - y < from->height ? to->height - y : from->height;

	for (int v = top; v < end && left < right; v++)
		add_bits(imprint_row(to, y + v), x + left, imprint_row(from, v),
		    left, right - left);
}

void
imprint_invert(struct imprint *im)
{
	int spare = (int)im->stride * 8 - im->width;

	for (int y = 0; y < im->height; y++) {
		uint8_t *row = imprint_row(im, y);

		for (size_t i = 0; i < im->stride; i++)
			row[i] = (uint8_t)~row[i];
		row[im->stride - 1] &= (uint8_t)(0xff << spare);
	}
}

/* The first dot of `to` that stands for dot `i`. */
static int
stretched(int i, struct imprint_ratio r)
{
	return (i * r.num + r.den - 1) / r.den;
}

void
imprint_add_stretched(struct imprint *to, const struct imprint *from,
    struct imprint_ratio across, struct imprint_ratio down)
{
	for (int y = 0; y < to->height; y++) {
		const uint8_t *row = imprint_row(from, y * down.den / down.num);
		int x = 0, end;

		while ((x = imprint_seek(row, x, from->width, true)) <
		       from->width) {
			end = imprint_seek(row, x, from->width, false);
			imprint_run(to, lesser(stretched(x, across), to->width),
			    lesser(stretched(end, across), to->width), y);
			x = end;
		}
	}
}

/* Turns a square of 8 x 8 bits over its diagonal from the upper left. */
static uint64_t
over_diagonal(uint64_t b)
{
	uint64_t t;

	t = (b ^ b >> 7) & 0x00aa00aa00aa00aau;
	b ^= t ^ t << 7;
	t = (b ^ b >> 14) & 0x0000cccc0000ccccu;
	b ^= t ^ t << 14;
	t = (b ^ b >> 28) & 0x00000000f0f0f0f0u;
	return b ^ t ^ t << 28;
}

/* Rows become columns: those of `from`, from the last where `up`, to the
 * columns of `to`, and the other way round where `back`. */
static void
transpose(const struct imprint *from, bool up, bool back, struct imprint *to)
{
	for (int y = 0; y < from->height; y += 8)
		for (int x = 0; x < from->width; x += 8) {
			uint64_t square = 0;

			for (int i = 0; i < 8 && y + i < from->height; i++) {
				int row = up ? from->height - 1 - y - i : y + i;

				square |=
				    (uint64_t)imprint_row(from, row)[x / 8]
				    << (56 - 8 * i);
			}
			square = over_diagonal(square);
			for (int i = 0; i < 8 && x + i < to->height; i++) {
				int row = back ? to->height - 1 - x - i : x + i;

				imprint_row(to, row)[y / 8] =
				    (uint8_t)(square >> (56 - 8 * i));
			}
		}
}

static uint8_t
reversed(unsigned byte)
{
	byte = (byte & 0xf0) >> 4 | (byte & 0x0f) << 4;
	byte = (byte & 0xcc) >> 2 | (byte & 0x33) << 2;
	return (uint8_t)((byte & 0xaa) >> 1 | (byte & 0x55) << 1);
}

/* Copies rows, from the last where `up`, each from its end where `back`. */
static void
reflect(const struct imprint *from, bool up, bool back, struct imprint *to)
{
	int spare = (int)from->stride * 8 - from->width;

	for (int y = 0; y < from->height; y++) {
		const uint8_t *in =
		    imprint_row(from, up ? from->height - 1 - y : y);
		uint8_t *out = imprint_row(to, y);

		if (!back) {
			memcpy(out, in, from->stride);
			continue;
		}
		for (size_t i = 0; i < from->stride; i++) {
			unsigned two = in[from->stride - 1 - i];

			if (i + 1 < from->stride)
				two |= (unsigned)in[from->stride - 2 - i] << 8;
			out[i] = reversed(two >> spare & 0xff);
		}
	}
}

bool
imprint_turn(struct imprint *im, int rotation, bool mirror, struct err *e)
{
	bool across = rotation == 90 || rotation == 270;
	struct imprint out;

	if (rotation != 0 && rotation != 180 && !across)
		return err_set(
		    e, ERR_REQUEST, "stamp turned by %d degrees", rotation);
	if (rotation == 0 && !mirror)
		return true;
	if (!imprint_make(&out, across ? im->height : im->width,
		across ? im->width : im->height, e))
		return false;
	if (im->split > 0 && !across)
		out.split = (rotation == 180) != mirror ? im->width - im->split
							: im->split;
	if (across)
		transpose(
		    im, rotation == 90, (rotation == 270) != mirror, &out);
	else
		reflect(im, rotation == 180, (rotation == 180) != mirror, &out);
	imprint_free(im);
	*im = out;
	return true;
}
