/* SPDX-License-Identifier: Apache-2.0 */
/*
 * splice: a coded line (coded.h) put together of parts, none of which is ever
 * pixels: runs of one colour, 1-bit dots, stretches of other coded lines.
 *
 * What comes out is, byte for byte, what coded_encode() gives for the same
 * pixels, as long as the other lines were coded by it or by libcups.
 *
 *	splice_begin(&s, pixel, out)	room for coded_room() of the whole line
 *	splice_run(), splice_strip(), splice_line(), in any order, left to right
 *	len = splice_end(&s)
 *
 * Colours and lines are read until splice_end().  Pure, without allocation.
 */
#ifndef FILTER_SPLICE_H
#define FILTER_SPLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Private. */
struct splice {
	unsigned pixel; /* bytes */
	uint8_t *out, *to;
	uint8_t *head; /* code of the single pixels before `to`; or NULL */
	const uint8_t *color; /* of the run that is not written yet */
	size_t count;	      /* 0: there is none */
};

/* A place in a measured coded line. */
struct splice_from {
	const uint8_t *code; /* set this; the others to zero */
	const uint8_t *pixels;
	size_t left; /* pixels of the code that was begun */
	bool run;
};

void splice_begin(struct splice *s, unsigned pixel, uint8_t *out);
size_t splice_end(struct splice *s);

/* `count` pixels (0: none) of one colour. */
void splice_run(struct splice *s, const uint8_t *color, size_t count);

/* Dots, bits with the most significant first, as pixels of two colours.  Their
 * code is kept, as what is printed mostly repeats what is above or beside it:
 * `code` is the caller's, of SPLICE_STRIP_ROOM(pixel) bytes. */
#define SPLICE_STRIP		 256 /* dots, at most */
#define SPLICE_STRIP_ROOM(pixel) (SPLICE_STRIP * (size_t)((pixel) + 1))

struct splice_strip {
	uint8_t *code; /* of what is between the first run and the last one */
	const uint8_t *bits; /* NULL: it was not made yet */
	size_t count;

	/* private */
	const uint8_t *const *colors;
	unsigned first_color, last_color;
	size_t first, last; /* dots of these runs; last 0: there is one only */
	size_t len;
	size_t singles; /* bytes up to the end from the code of single pixels
			   that may go on; 0: none may */
};

/* 1 to SPLICE_STRIP dots; the colours, that of a clear bit first, are read as
 * long as the strip is used. */
void splice_strip_make(struct splice_strip *strip, unsigned pixel,
    const uint8_t *bits, size_t count, const uint8_t *const colors[2]);
void splice_strip(struct splice *s, const struct splice_strip *strip);

/* The next `count` pixels of the other line, which must have them; leaves them
 * out. */
void splice_line(struct splice *s, struct splice_from *from, size_t count);
void
splice_skip(const struct splice *s, struct splice_from *from, size_t count);

#endif
