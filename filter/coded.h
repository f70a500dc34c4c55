/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coded: raster lines in the compressed form that CUPS raster version 2, PWG
 * raster and Apple raster share.
 *
 * A line is a row of codes, each for 1 to 128 pixels: byte n < 128 says that
 * the pixel behind it stands n + 1 times, n > 128 that 257 - n pixels follow.
 * Pages of text are a hundredth of their pixels, and a page that is only
 * passed on need never be anything else.  Equal lines have equal codes: the
 * coder is a function, and gives byte for byte what libcups gives.
 *
 * Rules: PWG 5102.4, and what libcups writes.
 *
 * Pure, without allocation, and used in Ghostscript's process too (fastraster).
 */
#ifndef FILTER_CODED_H
#define FILTER_CODED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cups/raster.h>

/* What a line is made of. */
struct coded_form {
	size_t bytes;	/* of a line's pixels: a multiple of `pixel` */
	unsigned pixel; /* bytes that repeat as one */
	size_t lines;	/* of the page, all planes of it */
};

/* Lines as they follow each other in a stream. */
struct coded_lines {
	const uint8_t *code;
	size_t len;
	unsigned repeat; /* lines that are equal, 1 to 256 */
};

enum { CODED_REPEAT_MAX = 256 };
enum { CODED_PIXEL_MAX = 30 }; /* 240 bits: see raster_check() */

/* The form of the header's page.  False: its lines are no whole pixels, and
 * nobody can read such a page. */
bool coded_form(const cups_page_header2_t *h, struct coded_form *out);

/* Bytes that hold any line's code. */
size_t coded_room(const struct coded_form *f);

/* Codes one line; returns the length, at most coded_room(). */
size_t
coded_encode(const struct coded_form *f, const uint8_t *line, uint8_t *out);

/* The length of the line's code that `code` begins with.  0: it is not whole
 * within `len` bytes.  *bad: it is no line of this form, whatever follows. */
size_t coded_measure(
    const struct coded_form *f, const uint8_t *code, size_t len, bool *bad);

/* Writes the pixels of a measured code, f->bytes of them. */
void coded_decode(
    const struct coded_form *f, const uint8_t *code, size_t len, uint8_t *line);

/* Turns each two bytes of the pixels of a measured code round: 16-bit colours
 * of the other byte order. */
void coded_swap(const struct coded_form *f, uint8_t *code, size_t len);

#endif
