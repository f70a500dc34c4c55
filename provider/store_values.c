/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "provider/store_own.h"

#define ROOM_MIN 64

bool
store_array_grow(struct store_array *a, size_t more, size_t item_size)
{
	size_t room = a->room == 0 ? ROOM_MIN : a->room;
	void *ptr;

	if (more > SIZE_MAX / 4 / item_size - a->count)
		return false;
	if (a->count + more <= a->room)
		return true;
	while (room < a->count + more)
		room *= 2;
	ptr = realloc(a->ptr, room * item_size);
	if (ptr == NULL)
		return false;
	a->ptr = ptr;
	a->room = room;
	return true;
}

bool
store_dies(struct store *s, const struct err *e)
{
	if (s->died.kind == ERR_NONE)
		s->died = *e;
	return false;
}

static void
out_of_memory(struct store *s)
{
	struct err e = ERR_INIT;

	err_set(&e, ERR_SYSTEM, "database: out of memory");
	store_dies(s, &e);
}

static void
put(struct store *s, enum store_type type, int64_t number, const void *ptr,
    size_t len)
{
	struct store_value value = {type, number, s->bytes.count, len};
	char *to;

	if (!store_array_grow(&s->values, 1, sizeof(value)) ||
	    !store_array_grow(&s->bytes, len + 1, 1)) {
		out_of_memory(s);
		return;
	}
	((struct store_value *)s->values.ptr)[s->values.count++] = value;
	if (type != STORE_TEXT && type != STORE_BLOB)
		return;
	to = (char *)s->bytes.ptr + s->bytes.count;
	if (len > 0)
		memcpy(to, ptr, len);
	to[len] = '\0';
	s->bytes.count += len + 1;
}

void
store_put_int(struct store *s, int64_t value)
{
	put(s, STORE_INT, value, NULL, 0);
}

/* One engine would take any bytes for a text, the other refuses them. */
void
store_put_text(struct store *s, const char *value)
{
	struct err e = ERR_INIT;

	if (value == NULL) {
		put(s, STORE_NULL, STORE_TEXT, NULL, 0);
		return;
	}
	if (!text_is_utf8(value)) {
		err_set(
		    &e, ERR_REQUEST, "a text for the database is not UTF-8");
		store_dies(s, &e);
	}
	put(s, STORE_TEXT, 0, value, strlen(value));
}

void
store_put_blob(struct store *s, const void *ptr, size_t len)
{
	put(s, STORE_BLOB, 0, ptr, len);
}

void
store_put_no_int(struct store *s)
{
	put(s, STORE_NULL, STORE_INT, NULL, 0);
}

void
store_put_null(struct store *s)
{
	put(s, STORE_NULL, STORE_NULL, NULL, 0);
}

void
store_add_call(struct store *s, const char *sql, size_t count)
{
	struct store_call call = {sql, s->open, count};

	assert(s->inside);
	assert(count <= STORE_PARAMS_MAX);
	s->open += count;
	if (sql == NULL || !store_array_grow(&s->calls, 1, sizeof(call))) {
		out_of_memory(s);
		return;
	}
	((struct store_call *)s->calls.ptr)[s->calls.count++] = call;
}

void
store_send(struct store *s, const char *sql)
{
	store_add_call(s, sql, s->values.count - s->open);
}

const struct store_value *
store_call_values(const struct store *s, const struct store_call *call)
{
	return (const struct store_value *)s->values.ptr + call->first;
}

const char *
store_value_ptr(const struct store *s, const struct store_value *value)
{
	return (const char *)s->bytes.ptr + value->at;
}

void
store_forget_calls(struct store *s)
{
	s->values.count = s->bytes.count = s->calls.count = 0;
	s->open = s->handed = s->received = 0;
}

/* --- rows -------------------------------------------------------------------- */

bool
store_row(struct store *s)
{
	if (s->row >= s->rows)
		return false;
	s->row++;
	return true;
}

/* Of the row that store_row() moved to. */
static struct store_cell
cell(struct store *s, int i, enum store_type want)
{
	struct store_cell c = {STORE_NULL, 0, NULL, 0};

	assert(s->row > 0 && s->row <= s->rows);
	assert(i >= 0 && i < s->columns);
	s->driver->cell(s, s->row - 1, i, &c);
	assert(c.type == STORE_NULL || want == STORE_NULL || c.type == want);
	return c;
}

int64_t
store_int(struct store *s, int i)
{
	struct store_cell c = cell(s, i, STORE_INT);

	return c.type == STORE_NULL ? 0 : c.number;
}

const char *
store_text(struct store *s, int i)
{
	struct store_cell c = cell(s, i, STORE_TEXT);

	return c.type == STORE_NULL ? "" : c.ptr;
}

const uint8_t *
store_blob(struct store *s, int i, size_t *len)
{
	struct store_cell c = cell(s, i, STORE_BLOB);

	*len = c.type == STORE_NULL ? 0 : c.len;
	return c.type == STORE_NULL ? (const uint8_t *)"" : c.ptr;
}

void
store_copy_cell(
    struct store *s, enum store_type type, struct store *from, int column)
{
	struct store_cell c = cell(from, column, STORE_NULL);

	if (c.type == STORE_NULL)
		put(s, STORE_NULL, type, NULL, 0);
	else
		put(s, c.type, c.number, c.ptr, c.len);
}

bool
store_is_null(struct store *s, int i)
{
	return cell(s, i, STORE_NULL).type == STORE_NULL;
}

int64_t
store_changed(const struct store *s)
{
	return s->changed;
}

int64_t
store_changed_all(const struct store *s)
{
	return s->changed_all;
}
