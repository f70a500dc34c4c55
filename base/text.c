/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <string.h>

/* Bytes of the UTF-8 sequence at `s`, 0 if it is none (overlong and surrogate
 * forms included).  RFC 3629, section 4. */
static size_t
utf8_length(const unsigned char *s)
{
	size_t n = 0;

	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* U+0080 to U+009F are control characters too. */
static size_t
shown_length(const unsigned char *s)
{
	if (*s < 0x80)
		return *s >= 0x20 && *s < 0x7f;
	return s[0] == 0xc2 && s[1] < 0xa0 ? 0 : utf8_length(s);
}

const char *
text_clean(const char *in, char *out, size_t size)
{
	const unsigned char *s = (const unsigned char *)in;
	size_t pos = 0;

	while (*s) {
		size_t n = shown_length(s);
		size_t width = n ? n : 1;

		if (pos + width + 4 > size) {
			memcpy(out + pos, "...", size - pos < 4 ? 0 : 3);
			pos += size - pos < 4 ? 0 : 3;
			break;
		}
		if (n)
			memcpy(out + pos, s, n);
		else
			out[pos] = '?';
		pos += width;
		s += width;
	}
	out[pos] = '\0';
	return out;
}

bool
text_is_utf8(const char *in)
{
	const unsigned char *s = (const unsigned char *)in;

	while (*s) {
		size_t n = *s < 0x80 ? 1 : utf8_length(s);

		if (n == 0)
			return false;
		s += n;
	}
	return true;
}

bool
text_copy(char *out, size_t size, const char *in)
{
	size_t len = strlen(in);
	bool fits = len < size;

	if (!fits)
		len = size - 1;
	memcpy(out, in, len);
	out[len] = '\0';
	return fits;
}

bool
text_to_u64(const char *in, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;

	if (*in == '\0')
		return false;
	for (; *in; in++) {
		uint64_t digit = (uint64_t)(*in - '0');

		if (*in < '0' || *in > '9' || value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	if (value > max)
		return false;
	*out = value;
	return true;
}
