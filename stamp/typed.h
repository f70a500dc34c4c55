/* SPDX-License-Identifier: Apache-2.0 */
/*
 * typed: what a person typed, from what an office program made of it.
 *
 * Typographic quotes, dashes, blanks, ligatures and full-width forms become
 * the plain ASCII of the keyboard; marks are read in that.
 */
#ifndef STAMP_TYPED_H
#define STAMP_TYPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TYPED_MAX 4 /* bytes enough for typed_char() */

/* The ASCII for one character, "" for one that shows nothing (zero width,
 * direction, soft hyphen), " " for any blank.  False if it has none. */
bool typed_char(uint32_t unicode, char out[TYPED_MAX]);

/* A whole UTF-8 text.
 * Errors: ERR_REQUEST (a character without ASCII, or longer than size - 1). */
MUST_CHECK bool
typed_text(const char *utf8, char *out, size_t size, struct err *e);

/* Both in lower case are equal; ASCII letters only, no locale. */
bool typed_same(const char *a, const char *b);
char typed_lower(char c);

#endif
