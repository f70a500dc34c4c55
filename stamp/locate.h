/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locate: finds marks "[[postage ...]]" among the glyphs of one page.
 *
 * Pure: the caller gives the glyphs in text order with their boxes in sheet
 * space (stamp/rect.h).  A mark may be broken over lines and spans, in any
 * fonts, and stand in any of four directions.  Where a mark is broken over
 * lines, blank and no blank are both tried: the one reading that is a mark is
 * taken, two that differ are refused.
 */
#ifndef STAMP_LOCATE_H
#define STAMP_LOCATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "stamp/mark.h"
#include "stamp/rect.h"

#define LOCATED_INK_MAX 8 /* lines that one mark may be broken over */

struct glyph {
	uint32_t unicode; /* '\n' and ' ' may stand with an empty box */
	struct rect box;
};

/* A found mark. */
struct located {
	char text[MARK_TEXT_MAX]; /* as read, one blank between words */
	struct mark mark;
	struct rect box;		  /* of the whole mark */
	struct rect ink[LOCATED_INK_MAX]; /* per line, what is to be cleared */
	int ink_count;
	int rotation; /* 0, 90, 180, 270 clockwise; 0 = left to right */
	bool cut;     /* the paper does not hold all of it: the caller's */
	bool gone;    /* ... and nothing of it */
};

/* CUPS's texttopdf writes plain text as numbers of glyphs, without their
 * characters.  In the order that TrueType fonts have in common the number is
 * the ASCII code less 29: "[[postage" comes as ">>SRVWDJH".  Such marks get
 * their characters back; all else stays as it is. */
void locate_restore(struct glyph *glyphs, size_t n);

/* Finds all marks of a page, in reading order (top to bottom, then left to
 * right by their boxes), at most `max`.
 * Errors: ERR_REQUEST (a mark that is not closed, cannot be read or runs over
 * too many lines; more than `max`): the text quotes the mark. */
MUST_CHECK bool locate_marks(const struct glyph *glyphs, size_t n,
    struct located *out, size_t max, size_t *count, struct err *e);

/* That order, for marks of several calls. */
void locate_sort(struct located *marks, size_t count);

#endif
