/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bytes: the one way bytes from outside are read, and bytes for outside are
 * written.
 *
 * A reader walks a caller's buffer; the first read past its end sets `failed`
 * for good, and every later read gives zero.  A parser reads all its fields
 * and asks once.  A writer fills a caller's buffer; the first write past its
 * end sets `failed` for good.  Neither allocates, neither owns the buffer.
 *
 * Names say the byte order: le = least significant byte first.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes_reader {
	const uint8_t *ptr;
	size_t len, pos;
	bool failed;
};

struct bytes_writer {
	uint8_t *ptr;
	size_t size, pos;
	bool failed;
};

void bytes_reader_init(struct bytes_reader *r, const void *ptr, size_t len);

/* An unsigned integer of `width_bytes` (1 to 8) bytes; 0 once failed. */
uint64_t bytes_read_le(struct bytes_reader *r, size_t width_bytes);
uint64_t bytes_read_be(struct bytes_reader *r, size_t width_bytes);

/* The next `len` bytes, inside the reader's buffer; NULL once failed. */
const uint8_t *bytes_read(struct bytes_reader *r, size_t len);

/* Copies the next `len` bytes to `out`; zeroes `out` once failed. */
void bytes_read_into(struct bytes_reader *r, void *out, size_t len);

/* A string stored as u16le length and bytes, copied with a final NUL into
 * `out` of `size` bytes.  Fails (sticky) if it holds a NUL or does not fit. */
void bytes_read_str(struct bytes_reader *r, char *out, size_t size);

size_t bytes_left(const struct bytes_reader *r);

/* True if nothing failed and every byte was read. */
bool bytes_reader_done(const struct bytes_reader *r);

void bytes_writer_init(struct bytes_writer *w, void *ptr, size_t size);
void bytes_write_le(struct bytes_writer *w, uint64_t value, size_t width_bytes);
void bytes_write_be(struct bytes_writer *w, uint64_t value, size_t width_bytes);
void bytes_write(struct bytes_writer *w, const void *ptr, size_t len);
void bytes_write_str(struct bytes_writer *w, const char *s);

/* Lower-case hexadecimal; `out` holds 2*len+1 characters. */
void bytes_to_hex(const void *ptr, size_t len, char *out);

/* Hexadecimal of either case, blanks skipped.  False if a character is not
 * hexadecimal, the count is odd or it does not fit; *len = bytes written. */
bool bytes_from_hex(const char *hex, void *out, size_t size, size_t *len);

#endif
