/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mils: money.  One mil is 1/1000 of the currency unit; a sum is int64, never
 * a float.  This file is the only one that reads and writes sums as text.
 */
#ifndef BASE_MILS_H
#define BASE_MILS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t mils;

#define MILS_PER_UNIT 1000
#define MILS_TEXT     32 /* bytes enough for mils_format() of any sum */

/* "0.78", "1", ".5", "12.345": at most three decimals, no sign, no exponent,
 * no grouping, the whole string.  False if it is anything else or too big. */
bool mils_parse(const char *text, mils *out);

/* "0.78", "12.345", "-3.00": two decimals, three where the third is not 0. */
const char *mils_format(mils value, char out[MILS_TEXT]);

/* *out = a + b, a * count.  False on overflow; *out is then untouched. */
bool mils_add(mils a, mils b, mils *out);
bool mils_mul(mils a, int64_t count, mils *out);

#endif
