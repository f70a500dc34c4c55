/* SPDX-License-Identifier: Apache-2.0 */
/*
 * splice: a coded line (coded.h) put together of parts, none of which is ever
 * pixels: runs of one colour, 1-bit dots, stretches of other coded lines.
 *
 * What comes out is, byte for byte, what coded_encode() gives for the same
 * pixels, as long as the other lines were coded by it or by libcups.
 *
 *	splice_begin(&s, pixel, out)	room for coded_room() of the whole line
 *	splice_run(), splice_dots(), splice_line(), in any order, left to right
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

/* Dots and their code, which is kept: what is printed mostly repeats what is
 * above or beside it.  All zero: none. */
#define SPLICE_STRIP	  1024 /* dots, at most */
#define SPLICE_STRIP_CODE 240  /* bytes; dots with more are not kept */

struct splice_strip {
	uint16_t count;	      /* dots */
	uint16_t first, last; /* dots of these runs; last 0: there is one */
	uint16_t len;	      /* of the code of what is between them */
	uint16_t singles; /* bytes from the code of single pixels that may go on
			     up to the end; 0: none may */
	uint8_t first_color, last_color;
	uint8_t bits[SPLICE_STRIP / 8];
	uint8_t code[SPLICE_STRIP_CODE];
};

/* Pixels of two colours, for clear and for set bits.  What strips keep is of
 * these: others need other strips. */
#define SPLICE_DOT_BYTES_MAX 12

struct splice_colors {
	uint8_t of[2][SPLICE_DOT_BYTES_MAX];
};

/* `count` dots, 1 to SPLICE_STRIP: bits, the most significant first.  False:
 * they are not those of the strip, or what is behind them in the last byte is
 * not; nothing is done. */
bool splice_known(struct splice *s, const struct splice_colors *colors,
    const struct splice_strip *strip, const uint8_t *bits, size_t count);

/* Any such dots, which the strip then keeps where it can. */
void splice_dots(struct splice *s, const struct splice_colors *colors,
    struct splice_strip *strip, const uint8_t *bits, size_t count);

/* The next `count` pixels of the other line, which must have them; leaves them
 * out. */
void splice_line(struct splice *s, struct splice_from *from, size_t count);
void
splice_skip(const struct splice *s, struct splice_from *from, size_t count);

#endif
