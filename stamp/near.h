/* SPDX-License-Identifier: Apache-2.0 */
/*
 * near: text that was meant to be a mark and is none, "[postage 0.78]".
 *
 * Such text would print as it stands, and a letter go out without its stamp.
 * It is told only where it is all but certain: brackets of some kind, the
 * keyword, and nothing but an amount or words of a mark up to the closing
 * bracket.  Text that merely mentions postage is none.
 */
#ifndef STAMP_NEAR_H
#define STAMP_NEAR_H

#include <stdbool.h>

#include "stamp/mark.h"

/* True if `text` begins with a near miss: plain ASCII as of typed.h, one blank
 * between words.  The first is the near miss itself, the second the mark that
 * it was to be. */
bool near_mark(
    const char *text, char seen[MARK_TEXT_MAX], char meant[MARK_TEXT_MAX]);

/* True if a near miss can begin with this character. */
bool near_begins(char c);

#endif
