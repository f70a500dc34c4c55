/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locate_lines: the glyphs of a page as lines, and the way from line to line.
 * For stamp/locate.c.
 */
#ifndef STAMP_LOCATE_LINES_H
#define STAMP_LOCATE_LINES_H

#include <stddef.h>

#include "base/err.h"
#include "stamp/locate.h"

#define ANY (-1)

/* A line of text, or a cell of one.  Its box is in the reading frame: u grows
 * as one reads, v from line to line. */
struct segment {
	size_t first, end;
	size_t ink;   /* its first glyph with ink, `end` if there is none */
	int rotation; /* ANY where one glyph alone does not tell */
	bool askew;
	double u0, u1, v0, v1;
};

struct lines {
	struct segment *segments; /* in text order */
	size_t count;
};

struct lines_page {
	const struct glyph *glyphs;
	struct lines whole; /* as the stream has them */
	struct lines cells; /* cut where there is more than a blank */
	size_t steps;	    /* lines followed so far */
};

/* Frees with lines_free(); where it fails nothing is held.
 * Errors: ERR_SYSTEM. */
MUST_CHECK bool lines_split(
    struct lines_page *p, const struct glyph *glyphs, size_t n, struct err *e);
void lines_free(struct lines_page *p);

/* False for blanks and line ends, whose boxes mean nothing. */
bool glyph_is_ink(const struct glyph *g);

/* The way from glyph a to glyph b as a rotation. */
int glyph_direction(const struct glyph *a, const struct glyph *b, bool *askew);

/* The line that follows: in the stream; below on the page.  NULL = none. */
const struct segment *line_after(
    const struct lines_page *p, const struct lines *l, const struct segment *s);
const struct segment *line_below(
    const struct lines_page *p, const struct lines *l, const struct segment *s);

/* The nearest text to the right of a line, and its box in the line's frame. */
const struct segment *line_right_of(const struct lines_page *p,
    const struct lines *l, const struct segment *s, struct segment *frame);

/* True if another line near it begins below or above this one. */
bool line_in_column(const struct lines_page *p, const struct lines *l,
    const struct segment *s, const struct segment *frame, int rotation);

#endif
