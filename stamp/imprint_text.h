/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imprint_text: words as black and white dots.  Part of imprint; nothing else
 * includes it.
 *
 * A pen draws words in letters that are hinted to the dots and never smoothed;
 * dots are square.  Laying out and drawing a word costs a hundred times what
 * putting its dots down does, and stamps say much the same: a pen keeps what
 * it has measured and drawn, up to IMPRINT_WORDS words of IMPRINT_WORD_BYTES
 * in all, and forgets first what was not asked for the longest.  What it
 * writes never depends on what it wrote before.
 *
 * The pen itself is in imprint.h.
 */
#ifndef STAMP_IMPRINT_TEXT_H
#define STAMP_IMPRINT_TEXT_H

#include "stamp/imprint.h"

#define IMPRINT_WORDS	   256
#define IMPRINT_WORD_BYTES (4 << 20)

/* The greatest size in dots at which capitals are no higher than `cap` and
 * the text is no wider than `width`; at least 1. */
int imprint_pen_fit(
    struct imprint_pen *pen, const char *text, bool bold, int cap, int width);

/* The words of the last stamp as they were drawn, all of them: the next one
 * mostly says the same.  imprint_words fills it in. */
struct imprint_kept {
	struct imprint_spec spec;
	struct imprint_text text;
	struct imprint words; /* as large as the stamp; bits NULL: none */
};

struct imprint_kept *imprint_pen_kept(struct imprint_pen *pen);

enum imprint_align { ALIGN_LEFT, ALIGN_RIGHT, ALIGN_SPREAD };

struct imprint_writing {
	const char *text;
	bool bold;
	int size;  /* dots */
	int width; /* what is wider is shortened in the middle */
	enum imprint_align align;
};

/* Writes on `sheet` with the baseline on the lower edge of the row `y`, the
 * ink of the first letter at `x` or that of the last at the end of the width.
 * Ink outside of the sheet is left out.  Errors: ERR_SYSTEM. */
MUST_CHECK bool
imprint_pen_write(struct imprint_pen *pen, const struct imprint_writing *w,
    struct imprint *sheet, int x, int y, struct err *e);

#endif
