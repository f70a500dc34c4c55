/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imprint_words: what an imprint says, and in which lines.  Part of imprint;
 * nothing else includes it.
 */
#ifndef STAMP_IMPRINT_WORDS_H
#define STAMP_IMPRINT_WORDS_H

#include "stamp/imprint_layout.h"

/* Draws amount, lines and SPECIMEN into their boxes of `out`, which has the
 * plan's size and is white there.  Errors: ERR_SYSTEM. */
MUST_CHECK bool imprint_words_draw(const struct imprint_plan *plan,
    const struct imprint_spec *spec, const struct imprint_text *text,
    struct imprint *out, struct err *e);

/* Makes one dot black; it must be inside. */
void imprint_set(struct imprint *im, int x, int y);

#endif
