/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_own.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/text.h"

/* Before the library, which goes into each level by a call of itself. */
static bool
is_deep(const char *text, size_t len)
{
	size_t depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && (text[i] == '{' || text[i] == '['))
			depth++;
		else if (!quoted && (text[i] == '}' || text[i] == ']'))
			depth -= depth > 0;
		if (depth > JSON_DEPTH)
			return true;
	}
	return false;
}

static json_t *
parse(const char *text, size_t len, struct err *e)
{
	json_error_t said;
	json_t *root;
	char clean[JSON_ERROR_TEXT_LENGTH + 4];

	if (is_deep(text, len)) {
		err_set(e, ERR_REQUEST,
		    "JSON: more than %d levels inside each other", JSON_DEPTH);
		return NULL;
	}
	root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &said);
	if (root == NULL)
		err_set(e, ERR_REQUEST, "JSON, line %d, column %d: %s",
		    said.line, said.column,
		    text_clean(said.text, clean, sizeof(clean)));
	else if (!json_is_object(root)) {
		err_set(e, ERR_REQUEST, "JSON: not an object");
		json_decref(root);
		root = NULL;
	}
	return root;
}

struct json *
json_document(json_t *root)
{
	struct json *j = calloc(1, sizeof(*j));

	if (j == NULL || root == NULL) {
		json_decref(root);
		free(j);
		return NULL;
	}
	j->root = root;
	j->level[0].value = root;
	return j;
}

bool
json_open_loosely(
    const char *text, size_t len, struct json **out, struct err *e)
{
	if (!json_open(text, len, out, e))
		return false;
	(*out)->loose = true;
	return true;
}

bool
json_open(const char *text, size_t len, struct json **out, struct err *e)
{
	json_t *root = parse(text, len, e);

	*out = NULL;
	if (root == NULL)
		return false;
	*out = json_document(root);
	if (*out == NULL)
		return err_set(e, ERR_SYSTEM, "JSON: no memory");
	(*out)->level[0].taken = json_object();
	return true;
}

void
json_free(struct json *j)
{
	if (j == NULL)
		return;
	for (size_t i = 0; i <= j->depth; i++)
		json_decref(j->level[i].taken);
	json_decref(j->root);
	free(j);
}

bool
json_good(const struct json *j)
{
	return j->wrong.kind == ERR_NONE;
}

struct json_level *
json_here(struct json *j)
{
	return &j->level[j->depth];
}

/* "stamps[3].amount"; key "" = where one is. */
static void
write_path(const struct json *j, const char *key, char *out, size_t size)
{
	size_t pos = 0;
	char clean[JSON_NAME_SHOWN];

	*out = '\0';
	for (size_t i = 1; i <= j->depth && pos < size; i++)
		pos += (size_t)snprintf(
		    out + pos, size - pos, "%s.", j->level[i].name);
	if (pos < size)
		snprintf(out + pos, size - pos, "%s",
		    text_clean(key, clean, sizeof(clean)));
}

void
json_blame(struct json *j, const char *key, const char *fmt, ...)
{
	char path[256], words[200];
	va_list ap;

	if (!json_good(j))
		return;
	va_start(ap, fmt);
	vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	write_path(j, key, path, sizeof(path));
	err_set(&j->wrong, ERR_REQUEST, "%s: %s", path, words);
}

/* The value of `key`, or NULL. */
static json_t *
take_any(struct json *j, const char *key, bool must)
{
	struct json_level *l = json_here(j);
	json_t *value;

	if (!json_good(j) || l->value == NULL)
		return NULL;
	value = json_object_get(l->value, key);
	if (j->loose && json_is_null(value))
		value = NULL;
	if (value != NULL)
		json_object_set(l->taken, key, value);
	else if (must)
		json_blame(j, key, "is missing");
	return value;
}

/* The same if it has this type. */
static json_t *
take(struct json *j, const char *key, bool must, json_type type)
{
	static const char *const names[] = {
	    [JSON_OBJECT] = "an object",
	    [JSON_ARRAY] = "an array",
	    [JSON_STRING] = "a text",
	    [JSON_INTEGER] = "a whole number",
	};
	json_t *value = take_any(j, key, must);

	if (value == NULL || json_typeof(value) == type)
		return value;
	if (must || !j->loose)
		json_blame(j, key, "must be %s", names[type]);
	return NULL;
}

void
json_take_int(struct json *j, const char *key, bool must, int64_t low,
    int64_t high, int64_t *out)
{
	json_t *value = take(j, key, must, JSON_INTEGER);
	int64_t n;

	if (value == NULL)
		return;
	n = json_integer_value(value);
	if (n < low || n > high)
		json_blame(j, key, "must be %lld to %lld", (long long)low,
		    (long long)high);
	else
		*out = n;
}

void
json_take_u32(struct json *j, const char *key, bool must, uint32_t low,
    uint32_t high, uint32_t *out)
{
	int64_t n = *out;

	json_take_int(j, key, must, low, high, &n);
	*out = (uint32_t)n;
}

void
json_take_bool(struct json *j, const char *key, bool must, bool *out)
{
	json_t *value = take_any(j, key, must);

	if (value == NULL)
		return;
	if (json_is_boolean(value))
		*out = json_is_true(value);
	else if (must || !j->loose)
		json_blame(j, key, "must be true or false");
}

static bool
has_control(const char *s)
{
	for (const unsigned char *p = (const unsigned char *)s; *p; p++)
		if (*p < 0x20 || *p == 0x7f ||
		    (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0))
			return true;
	return false;
}

/* Says what is wrong with a text, if anything is. */
static void
copy_text(
    struct json *j, const char *key, json_t *value, char *out, size_t size)
{
	const char *text = json_string_value(value);

	if (json_string_length(value) >= size)
		json_blame(j, key, "longer than %zu bytes", size - 1);
	else if (has_control(text))
		json_blame(j, key, "has control characters");
	else
		memcpy(out, text, json_string_length(value) + 1);
}

void
json_take_text(
    struct json *j, const char *key, bool must, char *out, size_t size)
{
	json_t *value = take(j, key, must, JSON_STRING);

	if (value != NULL)
		copy_text(j, key, value, out, size);
}

void
json_take_words(struct json *j, const char *key, char *out, size_t size)
{
	json_t *value = take(j, key, false, JSON_STRING);

	if (value != NULL)
		text_clean(json_string_value(value), out, size);
}

void
json_take_digits(
    struct json *j, const char *key, bool must, uint64_t high, uint64_t *out)
{
	json_t *value = take(j, key, must, JSON_STRING);

	if (value != NULL && !text_to_u64(json_string_value(value), high, out))
		json_blame(j, key, "must be a text of digits, at most \"%llu\"",
		    (unsigned long long)high);
}

void
json_take_hex(
    struct json *j, const char *key, bool must, uint8_t *out, size_t len)
{
	json_t *value = take(j, key, must, JSON_STRING);
	size_t got;

	if (value == NULL)
		return;
	/* as long as it must be: bytes_from_hex() would skip blanks */
	if (json_string_length(value) != 2 * len ||
	    !bytes_from_hex(json_string_value(value), out, len, &got) ||
	    got != len)
		json_blame(j, key, "must be %zu hexadecimal digits", 2 * len);
}

void
json_take_base64(struct json *j, const char *key, bool must, uint8_t *out,
    size_t size, size_t *len)
{
	json_t *value = take(j, key, must, JSON_STRING);

	if (value != NULL && !base64_decode(json_string_value(value),
				 json_string_length(value), out, size, len))
		json_blame(j, key, "must be base64 of at most %zu bytes", size);
}

static void
go_into(struct json *j, const char *name, json_t *value)
{
	struct json_level *l;

	assert(j->depth + 1 < JSON_DEPTH);
	l = &j->level[++j->depth];
	l->value = value;
	l->taken = json_object();
	snprintf(l->name, sizeof(l->name), "%s", name);
}

bool
json_enter(struct json *j, const char *key, bool must)
{
	json_t *value = take(j, key, must, JSON_OBJECT);

	if (value == NULL)
		return false;
	go_into(j, key, value);
	return true;
}

static size_t
count(struct json *j, const char *key, bool must, size_t min, size_t max)
{
	json_t *value = take(j, key, must, JSON_ARRAY);

	if (value == NULL)
		return 0;
	if (json_array_size(value) >= min && json_array_size(value) <= max)
		return json_array_size(value);
	json_blame(j, key, "must have %zu to %zu elements", min, max);
	return 0;
}

size_t
json_count(struct json *j, const char *key, bool must, size_t max)
{
	return count(j, key, must, 1, max);
}

size_t
json_length(struct json *j, const char *key, bool must, size_t max)
{
	return count(j, key, must, 0, max);
}

static json_t *
take_item(struct json *j, const char *key, size_t i, char *name, size_t size)
{
	json_t *array = take(j, key, true, JSON_ARRAY);
	json_t *value = array ? json_array_get(array, i) : NULL;

	snprintf(name, size, "%.*s[%zu]", JSON_NAME_SHOWN, key, i);
	if (array != NULL && value == NULL)
		json_blame(j, name, "is missing");
	return value;
}

void
json_enter_item(struct json *j, const char *key, size_t i)
{
	char name[sizeof(j->level[0].name)];
	json_t *value = take_item(j, key, i, name, sizeof(name));

	if (value != NULL && !json_is_object(value)) {
		json_blame(j, name, "must be an object");
		value = NULL;
	}
	go_into(j, name, value);
}

void
json_item_text(
    struct json *j, const char *key, size_t i, char *out, size_t size)
{
	char name[sizeof(j->level[0].name)];
	json_t *value = take_item(j, key, i, name, sizeof(name));

	if (value == NULL)
		return;
	if (json_is_string(value))
		copy_text(j, name, value, out, size);
	else
		json_blame(j, name, "must be a text");
}

static void
check_all_taken(struct json *j)
{
	struct json_level *l = json_here(j);
	const char *key;
	json_t *value;

	if (l->value == NULL || j->loose)
		return;
	json_object_foreach(l->value, key, value)
	{
		if (json_object_get(l->taken, key) == NULL)
			json_blame(j, key, "is not known here");
	}
}

void
json_leave(struct json *j)
{
	assert(j->depth > 0);
	check_all_taken(j);
	json_decref(json_here(j)->taken);
	json_here(j)->taken = NULL;
	j->depth--;
}

bool
json_close(struct json *j, struct err *e)
{
	bool good;

	if (j == NULL)
		return true;
	assert(j->depth == 0);
	check_all_taken(j);
	good = json_good(j);
	if (!good)
		*e = j->wrong;
	json_free(j);
	return good;
}
