/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json: requests as JSON, read strictly, and answers as JSON.  Over jansson.
 *
 * Reading: json_open() on the body, then one json_take_*() for each key that
 * may be there, json_close() at the end, which fails for a key that nobody took.
 * An error sticks: the first one is told, whatever is taken after it, with the
 * path of what is wrong ("stamps[3].amount: ...").  Numbers are integers only;
 * a key twice, a real, text that is not UTF-8 or has control characters, depth
 * over JSON_DEPTH and text behind the end are refused.
 *
 * Answers of others, who add to them as they like, are read by
 * json_open_loosely().
 *
 * Writing: json_new(), json_put_*(), json_text().  A writer that ran out of
 * memory gives NULL there.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define JSON_DEPTH 16

struct json; /* a document, and where in it one reads or writes */

/* --- reading ------------------------------------------------------------------ */

/* The body must be one object.  *out is NULL after an error.
 * Errors: ERR_REQUEST. */
MUST_CHECK bool
json_open(const char *text, size_t len, struct json **out, struct err *e);

/* The same of a document that is not ours: keys that nobody takes are passed
 * over; null, and a value of another type where none must be, count as missing. */
MUST_CHECK bool json_open_loosely(
    const char *text, size_t len, struct json **out, struct err *e);

/* What is wrong, if anything is; frees.  NULL is allowed (true).
 * Errors: ERR_REQUEST. */
MUST_CHECK bool json_close(struct json *j, struct err *e);

/* Frees without a question. */
void json_free(struct json *j);

/* Has nothing been wrong so far? */
bool json_good(const struct json *j);

/* Says that what was read last under `key` is wrong, for a rule of the caller. */
void json_blame(struct json *j, const char *key, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* Each takes `key` of the object where one is.  `must`: it may not be missing;
 * else *out stays as it is.  Out of range is an error. */
void json_take_int(struct json *j, const char *key, bool must, int64_t low,
    int64_t high, int64_t *out);
void json_take_u32(struct json *j, const char *key, bool must, uint32_t low,
    uint32_t high, uint32_t *out);
void json_take_bool(struct json *j, const char *key, bool must, bool *out);
/* At most size - 1 bytes. */
void json_take_text(
    struct json *j, const char *key, bool must, char *out, size_t size);
/* Words for a person, cleaned (base/text.h) and cut to size - 1 bytes. */
void json_take_words(struct json *j, const char *key, char *out, size_t size);
/* A number of up to 64 bits as a text of digits, as JavaScript cannot hold it. */
void json_take_digits(
    struct json *j, const char *key, bool must, uint64_t high, uint64_t *out);
/* Exactly `len` bytes as hexadecimal text. */
void json_take_hex(
    struct json *j, const char *key, bool must, uint8_t *out, size_t len);
/* At most `size` bytes as base64 text (RFC 4648, with padding). */
void json_take_base64(struct json *j, const char *key, bool must, uint8_t *out,
    size_t size, size_t *len);

/* Goes into the object `key`; false: missing, or an error, and nothing to leave.
 * json_leave() comes back. */
bool json_enter(struct json *j, const char *key, bool must);
/* The array `key` of objects or texts: how many; 1 to `max`, 0 where it is
 * missing or after an error. */
size_t json_count(struct json *j, const char *key, bool must, size_t max);
/* The same of one that may be empty. */
size_t json_length(struct json *j, const char *key, bool must, size_t max);
/* Goes into element i of the array `key`, an object; json_leave() comes back.
 * After an error there is nothing to take in it. */
void json_enter_item(struct json *j, const char *key, size_t i);
/* Element i of the array `key`, a text. */
void json_item_text(
    struct json *j, const char *key, size_t i, char *out, size_t size);
/* Checks that nothing in this object is left over. */
void json_leave(struct json *j);

/* --- writing -------------------------------------------------------------------- */

/* An object.  NULL: no memory, which all that follow bear. */
struct json *json_new(void);

void json_put_int(struct json *j, const char *key, int64_t value);
void json_put_bool(struct json *j, const char *key, bool value);
/* What is no UTF-8 is cleaned (base/text.h). */
void json_put_text(struct json *j, const char *key, const char *value);
void json_put_digits(struct json *j, const char *key, uint64_t value);
void
json_put_hex(struct json *j, const char *key, const uint8_t *ptr, size_t len);
void json_put_base64(
    struct json *j, const char *key, const uint8_t *ptr, size_t len);

/* Begins an object or an array of objects under `key`; what is put until
 * json_end() goes there.  In an array each object is json_item() .. json_end(). */
void json_begin_object(struct json *j, const char *key);
void json_begin_array(struct json *j, const char *key);
void json_item(struct json *j);
void json_end(struct json *j);
/* A text, a number of the array where one is. */
void json_item_put_text(struct json *j, const char *value);
void json_item_put_int(struct json *j, int64_t value);

/* The text on the heap, a NUL behind it, keys in the order they were put; frees
 * the writer.  NULL: no memory. */
char *json_text(struct json *j, size_t *len);

#endif
