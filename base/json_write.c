/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/json_own.h"
#include "base/text.h"

struct json *
json_new(void)
{
	return json_document(json_object());
}

/* Takes the new value; NULL: there was no memory for it.  Gives it back, borrowed,
 * where it found its place. */
static json_t *
put(struct json *j, const char *key, json_t *value)
{
	json_t *place;

	if (j == NULL) {
		json_decref(value);
		return NULL;
	}
	place = json_here(j)->value;
	if (value == NULL || place == NULL) {
		json_decref(value);
		j->no_memory = true;
		return NULL;
	}
	if ((key != NULL ? json_object_set_new(place, key, value)
			 : json_array_append_new(place, value)) == 0)
		return value;
	j->no_memory = true;
	return NULL;
}

void
json_put_int(struct json *j, const char *key, int64_t value)
{
	put(j, key, json_integer(value));
}

void
json_put_bool(struct json *j, const char *key, bool value)
{
	put(j, key, json_boolean(value));
}

static json_t *
text_value(const char *text)
{
	json_t *value = json_string(text);
	size_t size = strlen(text) + 8; /* text_clean() keeps some back */
	char *clean;

	if (value != NULL)
		return value;
	clean = malloc(size);
	if (clean != NULL)
		value = json_string(text_clean(text, clean, size));
	free(clean);
	return value;
}

void
json_put_text(struct json *j, const char *key, const char *value)
{
	put(j, key, text_value(value));
}

void
json_item_put_text(struct json *j, const char *value)
{
	put(j, NULL, text_value(value));
}

void
json_item_put_int(struct json *j, int64_t value)
{
	put(j, NULL, json_integer(value));
}

void
json_put_digits(struct json *j, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	put(j, key, json_string(text));
}

void
json_put_hex(struct json *j, const char *key, const uint8_t *ptr, size_t len)
{
	char *text = malloc(2 * len + 1);

	if (text != NULL)
		bytes_to_hex(ptr, len, text);
	put(j, key, text ? json_string(text) : NULL);
	free(text);
}

void
json_put_base64(struct json *j, const char *key, const uint8_t *ptr, size_t len)
{
	char *text = malloc(BASE64_LEN(len) + 1);

	if (text != NULL)
		base64_encode(ptr, len, text);
	put(j, key, text ? json_string(text) : NULL);
	free(text);
}

/* What is put from here on goes into `value`. */
static void
begin(struct json *j, const char *key, json_t *value)
{
	json_t *placed = put(j, key, value);

	if (j == NULL)
		return;
	assert(j->depth + 1 < JSON_DEPTH);
	j->level[++j->depth].value = placed;
}

void
json_begin_object(struct json *j, const char *key)
{
	begin(j, key, json_object());
}

void
json_begin_array(struct json *j, const char *key)
{
	begin(j, key, json_array());
}

void
json_item(struct json *j)
{
	begin(j, NULL, json_object());
}

void
json_end(struct json *j)
{
	if (j == NULL)
		return;
	assert(j->depth > 0);
	j->depth--;
}

char *
json_text(struct json *j, size_t *len)
{
	char *text = NULL;

	if (j == NULL)
		return NULL;
	assert(j->depth == 0);
	if (!j->no_memory)
		text = json_dumps(j->root, JSON_COMPACT);
	if (text != NULL)
		*len = strlen(text);
	json_free(j);
	return text;
}
