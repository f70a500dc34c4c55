/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imprint_dots: what an imprint is made of: rows of bits, put down a run or a
 * row at a time.  Part of imprint; nothing else includes it.
 */
#ifndef STAMP_IMPRINT_DOTS_H
#define STAMP_IMPRINT_DOTS_H

#include "stamp/imprint.h"

/* All white; imprint_free() releases it.  Errors: ERR_SYSTEM. */
MUST_CHECK bool
imprint_make(struct imprint *out, int width, int height, struct err *e);

/* `out` as `from`; imprint_free() releases it.  Errors: ERR_SYSTEM. */
MUST_CHECK bool
imprint_copy(const struct imprint *from, struct imprint *out, struct err *e);

/* The row of bits. */
uint8_t *imprint_row(const struct imprint *im, int y);

/* Makes the dots from `x` to before `end` black; they must be inside. */
void imprint_run(struct imprint *im, int x, int end, int y);

/* The first place from `x` on, before `end`, where a row of bits is black (or
 * white); `end` if there is none. */
int imprint_seek(const uint8_t *row, int x, int end, bool black);

/* Adds the black dots of `from`, its upper left dot at (x, y); what is outside
 * of `to` is left out. */
void imprint_add(struct imprint *to, const struct imprint *from, int x, int y);

/* Black for white. */
void imprint_invert(struct imprint *im);

/* `num` dots for each `den`, and no fewer. */
struct imprint_ratio {
	int num, den;
};

/* Adds the black dots of `from`, stretched to the width and height of `to`. */
void imprint_add_stretched(struct imprint *to, const struct imprint *from,
    struct imprint_ratio across, struct imprint_ratio down);

#endif
