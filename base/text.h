/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text: strings from outside made safe to show.
 *
 * CUPS obeys what a filter writes on stderr line by line ("PPD:", "STATE:"),
 * and job options and titles may hold newlines (CVE-2026-34980).  Whatever
 * comes from a job, a device or a file passes text_clean() before it is shown.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Copies `in` into `out` of `size` bytes: control characters and bytes that
 * are no valid UTF-8 become '?', too long a text ends in "...".  Returns out. */
const char *text_clean(const char *in, char *out, size_t size);

/* As snprintf of "%s"; false if it did not fit. */
bool text_copy(char *out, size_t size, const char *in);

/* Valid UTF-8: no overlong sequence, no surrogate. */
bool text_is_utf8(const char *in);

/* A whole decimal number without sign, at most `max`. */
bool text_to_u64(const char *in, uint64_t max, uint64_t *out);

#endif
