/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many rows by few statements.  A statement of n rows has a text of its own, which
 * is prepared once a connection: so there are those of 1, 2, 4, 8 and 16 rows.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/store_own.h"

#define ROWS_MAX  16
#define PARAM_MAX 8 /* "($320, " at the most */

struct store_rows_text {
	struct store_rows_text *next;
	const char *head, *tail;
	size_t rows, columns;
	char sql[];
};

static size_t
write_row(char *out, size_t first, size_t columns)
{
	char *at = out;

	for (size_t i = 0; i < columns; i++)
		at += sprintf(at, "%c$%zu", i == 0 ? '(' : ',', first + i);
	return (size_t)(at + sprintf(at, ")") - out);
}

static struct store_rows_text *
make_text(struct store *s, const char *head, size_t rows, size_t columns,
    const char *tail)
{
	size_t size =
	    strlen(head) + rows * (columns * PARAM_MAX + 2) + strlen(tail) + 1;
	struct store_rows_text *t = malloc(sizeof(*t) + size);
	char *at;

	if (t == NULL)
		return NULL;
	*t = (struct store_rows_text){s->rows_texts, head, tail, rows, columns};
	at = t->sql + sprintf(t->sql, "%s", head);
	for (size_t i = 0; i < rows; i++) {
		*at++ = i == 0 ? ' ' : ',';
		at += write_row(at, 1 + i * columns, columns);
	}
	strcpy(at, tail);
	s->rows_texts = t;
	return t;
}

static const char *
text_of(struct store *s, const char *head, size_t rows, size_t columns,
    const char *tail)
{
	struct store_rows_text *t = s->rows_texts;

	while (t != NULL && (t->head != head || t->rows != rows ||
				t->columns != columns || t->tail != tail))
		t = t->next;
	if (t == NULL)
		t = make_text(s, head, rows, columns, tail);
	return t == NULL ? NULL : t->sql;
}

void
store_send_rows(
    struct store *s, const char *head, size_t columns, const char *tail)
{
	size_t left = (s->values.count - s->open) / columns, rows = ROWS_MAX;

	assert(s->values.count - s->open == left * columns);
	assert(ROWS_MAX * columns <= STORE_PARAMS_MAX);
	while (left > 0) {
		if (rows > left) {
			rows /= 2;
			continue;
		}
		store_add_call(
		    s, text_of(s, head, rows, columns, tail), rows * columns);
		left -= rows;
	}
}

const char *
store_keep_text(struct store *s, const char *text)
{
	struct store_rows_text *t = s->rows_texts;

	while (t != NULL && strcmp(t->sql, text) != 0)
		t = t->next;
	if (t != NULL)
		return t->sql;
	t = malloc(sizeof(*t) + strlen(text) + 1);
	if (t == NULL)
		return NULL;
	*t = (struct store_rows_text){.next = s->rows_texts};
	strcpy(t->sql, text);
	s->rows_texts = t;
	return t->sql;
}

void
store_forget_rows(struct store *s)
{
	while (s->rows_texts != NULL) {
		struct store_rows_text *t = s->rows_texts;

		s->rows_texts = t->next;
		free(t);
	}
}
