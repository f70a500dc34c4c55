/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mils.h"

#include <inttypes.h>
#include <stdio.h>

static bool
push_digit(mils *value, char c)
{
	mils next;

	if (!mils_mul(*value, 10, &next) || !mils_add(next, c - '0', &next))
		return false;
	*value = next;
	return true;
}

bool
mils_parse(const char *text, mils *out)
{
	mils value = 0;
	int digits = 0, decimals = -1;

	for (; *text; text++) {
		if (*text == '.' && decimals < 0) {
			decimals = 0;
			continue;
		}
		if (*text < '0' || *text > '9' || decimals == 3)
			return false;
		if (!push_digit(&value, *text))
			return false;
		digits++;
		if (decimals >= 0)
			decimals++;
	}
	if (digits == 0 || decimals == 0)
		return false;
	for (int i = decimals < 0 ? 0 : decimals; i < 3; i++)
		if (!push_digit(&value, '0'))
			return false;
	*out = value;
	return true;
}

const char *
mils_format(mils value, char out[MILS_TEXT])
{
	uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	uint64_t unit = size / MILS_PER_UNIT, rest = size % MILS_PER_UNIT;
	const char *sign = value < 0 ? "-" : "";

	if (rest % 10)
		snprintf(out, MILS_TEXT, "%s%" PRIu64 ".%03u", sign, unit,
		    (unsigned)rest);
	else
		snprintf(out, MILS_TEXT, "%s%" PRIu64 ".%02u", sign, unit,
		    (unsigned)rest / 10);
	return out;
}

bool
mils_add(mils a, mils b, mils *out)
{
	mils sum;

	if (__builtin_add_overflow(a, b, &sum))
		return false;
	*out = sum;
	return true;
}

bool
mils_mul(mils a, int64_t count, mils *out)
{
	mils product;

	if (__builtin_mul_overflow(a, count, &product))
		return false;
	*out = product;
	return true;
}
