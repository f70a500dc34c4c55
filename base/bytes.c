/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"

#include <ctype.h>
#include <string.h>

void
bytes_reader_init(struct bytes_reader *r, const void *ptr, size_t len)
{
	*r = (struct bytes_reader){.ptr = ptr, .len = len};
}

const uint8_t *
bytes_read(struct bytes_reader *r, size_t len)
{
	const uint8_t *at;

	if (r->failed || len > r->len - r->pos) {
		r->failed = true;
		return NULL;
	}
	at = r->ptr + r->pos;
	r->pos += len;
	return at;
}

uint64_t
bytes_read_le(struct bytes_reader *r, size_t width_bytes)
{
	const uint8_t *at = bytes_read(r, width_bytes);
	uint64_t value = 0;

	for (size_t i = width_bytes; at && i > 0; i--)
		value = value << 8 | at[i - 1];
	return value;
}

uint64_t
bytes_read_be(struct bytes_reader *r, size_t width_bytes)
{
	const uint8_t *at = bytes_read(r, width_bytes);
	uint64_t value = 0;

	for (size_t i = 0; at && i < width_bytes; i++)
		value = value << 8 | at[i];
	return value;
}

void
bytes_read_into(struct bytes_reader *r, void *out, size_t len)
{
	const uint8_t *at = bytes_read(r, len);

	if (at)
		memcpy(out, at, len);
	else
		memset(out, 0, len);
}

void
bytes_read_str(struct bytes_reader *r, char *out, size_t size)
{
	size_t len = (size_t)bytes_read_le(r, 2);
	const uint8_t *at = bytes_read(r, len);

	out[0] = '\0';
	if (at == NULL)
		return;
	if (len >= size || memchr(at, '\0', len)) {
		r->failed = true;
		return;
	}
	memcpy(out, at, len);
	out[len] = '\0';
}

size_t
bytes_left(const struct bytes_reader *r)
{
	return r->failed ? 0 : r->len - r->pos;
}

bool
bytes_reader_done(const struct bytes_reader *r)
{
	return !r->failed && r->pos == r->len;
}

void
bytes_writer_init(struct bytes_writer *w, void *ptr, size_t size)
{
	*w = (struct bytes_writer){.ptr = ptr, .size = size};
}

void
bytes_write(struct bytes_writer *w, const void *ptr, size_t len)
{
	if (w->failed || len > w->size - w->pos) {
		w->failed = true;
		return;
	}
	if (len)
		memcpy(w->ptr + w->pos, ptr, len);
	w->pos += len;
}

void
bytes_write_le(struct bytes_writer *w, uint64_t value, size_t width_bytes)
{
	uint8_t out[8];

	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(value >> (8 * i));
	bytes_write(w, out, width_bytes);
}

void
bytes_write_be(struct bytes_writer *w, uint64_t value, size_t width_bytes)
{
	uint8_t out[8];

	for (size_t i = 0; i < sizeof(out); i++)
		out[sizeof(out) - 1 - i] = (uint8_t)(value >> (8 * i));
	bytes_write(w, out + sizeof(out) - width_bytes, width_bytes);
}

void
bytes_write_str(struct bytes_writer *w, const char *s)
{
	size_t len = strlen(s);

	if (len > UINT16_MAX)
		w->failed = true;
	bytes_write_le(w, len, 2);
	bytes_write(w, s, len);
}

void
bytes_to_hex(const void *ptr, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *in = ptr;

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[in[i] >> 4];
		*out++ = digits[in[i] & 15];
	}
	*out = '\0';
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
bytes_from_hex(const char *hex, void *out, size_t size, size_t *len)
{
	uint8_t *to = out;
	size_t digits = 0;

	for (; *hex; hex++) {
		int v = hex_value(*hex);

		if (isspace((unsigned char)*hex))
			continue;
		if (v < 0 || digits / 2 >= size)
			return false;
		if (digits % 2 == 0)
			to[digits / 2] = (uint8_t)(v << 4);
		else
			to[digits / 2] |= (uint8_t)v;
		digits++;
	}
	*len = digits / 2;
	return digits % 2 == 0;
}
