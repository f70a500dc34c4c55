/* SPDX-License-Identifier: Apache-2.0 */
/*
 * imprint_words: what an imprint says, and in which lines.  Part of imprint;
 * nothing else includes it.
 */
#ifndef STAMP_IMPRINT_WORDS_H
#define STAMP_IMPRINT_WORDS_H

#include "stamp/imprint_layout.h"
#include "stamp/imprint_text.h"

/* Makes `out`, of the plan's size, with amount, lines and SPECIMEN in their
 * boxes; imprint_free() releases it.  Errors: ERR_SYSTEM. */
MUST_CHECK bool imprint_words_draw(struct imprint_pen *pen,
    const struct imprint_plan *plan, const struct imprint_spec *spec,
    const struct imprint_text *text, struct imprint *out, struct err *e);

#endif
