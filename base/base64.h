/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base64: bytes as text (RFC 4648, section 4), with padding.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters of `len` bytes, without the final NUL. */
#define BASE64_LEN(len) (((len) + 2) / 3 * 4)

/* `out` holds BASE64_LEN(len) + 1 characters. */
void base64_encode(const uint8_t *ptr, size_t len, char *out);

/* Only what base64_encode() writes: no blanks, padding there, its unused bits
 * zero.  False: it is something else, or more than `size` bytes. */
bool base64_decode(
    const char *in, size_t in_len, uint8_t *out, size_t size, size_t *len);

#endif
