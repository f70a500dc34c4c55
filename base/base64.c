/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_encode(const uint8_t *ptr, size_t len, char *out)
{
	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t three = (uint32_t)ptr[i] << 16;

		if (left > 1)
			three |= (uint32_t)ptr[i + 1] << 8;
		if (left > 2)
			three |= ptr[i + 2];
		*out++ = digits[three >> 18];
		*out++ = digits[three >> 12 & 63];
		*out++ = digits[three >> 6 & 63];
		*out++ = digits[three & 63];
		if (left < 3)
			out[-1] = '=';
		if (left < 2)
			out[-2] = '=';
	}
	*out = '\0';
}

/* 64: none. */
static uint32_t
digit_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (uint32_t)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (uint32_t)(c - 'a') + 26;
	if (c >= '0' && c <= '9')
		return (uint32_t)(c - '0') + 52;
	return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* Four characters, the last `pad` of them '='; false: not of the alphabet, or
 * bits that no byte has. */
static bool
decode_four(const char *in, size_t pad, uint32_t *three)
{
	*three = 0;
	for (size_t i = 0; i < 4; i++) {
		uint32_t value = i < 4 - pad ? digit_value(in[i]) : 0;

		if (value == 64)
			return false;
		*three = *three << 6 | value;
	}
	return (*three & ((1u << 8 * pad) - 1)) == 0;
}

bool
base64_decode(
    const char *in, size_t in_len, uint8_t *out, size_t size, size_t *len)
{
	size_t pad = 0, n = 0;

	if (in_len % 4 != 0)
		return false;
	if (in_len > 0 && in[in_len - 1] == '=')
		pad = in[in_len - 2] == '=' ? 2 : 1;
	if (in_len / 4 * 3 - pad > size)
		return false;
	for (size_t i = 0; i < in_len; i += 4) {
		size_t mine = i + 4 == in_len ? pad : 0;
		uint32_t three;

		if (!decode_four(in + i, mine, &three))
			return false;
		for (size_t b = 0; b < 3 - mine; b++)
			out[n++] = (uint8_t)(three >> (16 - 8 * b));
	}
	*len = n;
	return true;
}
