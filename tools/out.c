/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/out.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/date.h"
#include "base/log.h"
#include "base/text.h"

#define LABEL_WIDTH 22
#define CLEAN_MAX   1024 /* bytes of a cell from outside */

struct out {
	bool json;
	json_t *root;
	json_t *rows; /* of the table that is open; owned by root */
	const char *key;
	const struct out_column *columns;
	int count, filled; /* filled: cells of the row that is begun */
	json_t *row;	   /* the last one; owned by rows */
};

static void *
needed(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

struct out *
out_open(const struct options *options)
{
	struct out *o = needed(calloc(1, sizeof(*o)));

	o->json = options->json;
	o->root = needed(json_object());
	return o;
}

static int
text_width(const char *s)
{
	int n = 0;

	for (; *s != '\0'; s++)
		n += (*s & 0xc0) != 0x80; /* UTF-8: count first bytes */
	return n;
}

static void
print_padded(const char *s, int width, bool right)
{
	int pad = width - text_width(s);

	printf("%*s%s%*s", right && pad > 0 ? pad : 0, "", s,
	    !right && pad > 0 ? pad : 0, "");
}

static const char *
cell(const struct out *o, size_t row, int column)
{
	json_t *v = json_object_get(
	    json_array_get(o->rows, row), o->columns[column].key);
	const char *s = json_string_value(v);

	return s != NULL ? s : "";
}

static void
print_line(const struct out *o, const int *width, ssize_t row)
{
	for (int c = 0; c < o->count; c++) {
		bool right = o->columns[c].type == OUT_NUMBER;
		bool last = c == o->count - 1;
		const char *s =
		    row < 0 ? o->columns[c].heading : cell(o, (size_t)row, c);

		print_padded(s, last && !right ? 0 : width[c], right);
		fputs(last ? "\n" : "  ", stdout);
	}
}

/* Cells are kept as strings until here, so that widths can be measured. */
static void
finish_table(struct out *o)
{
	int width[OUT_COLUMNS_MAX];

	if (o->rows == NULL)
		return;
	assert(o->filled == 0); /* every row has all its cells */
	for (int c = 0; c < o->count; c++) {
		width[c] = text_width(o->columns[c].heading);
		for (size_t r = 0; r < json_array_size(o->rows); r++) {
			int w = text_width(cell(o, r, c));

			width[c] = w > width[c] ? w : width[c];
		}
	}
	if (!o->json && json_array_size(o->rows) == 0)
		printf("no %s\n", o->key);
	else if (!o->json)
		for (ssize_t r = -1; r < (ssize_t)json_array_size(o->rows); r++)
			print_line(o, width, r);
	for (size_t r = 0; r < json_array_size(o->rows); r++)
		for (int c = 0; c < o->count; c++)
			if (o->columns[c].type == OUT_NUMBER)
				json_object_set_new(json_array_get(o->rows, r),
				    o->columns[c].key,
				    json_integer(atoll(cell(o, r, c))));
	o->rows = NULL;
}

static void
field(struct out *o, const char *key, const char *label, const char *shown,
    json_t *value)
{
	finish_table(o);
	if (!o->json && label != NULL) {
		printf("%s:%*s", label,
		    LABEL_WIDTH - 1 - text_width(label) > 0
			? LABEL_WIDTH - 1 - text_width(label)
			: 1,
		    "");
		puts(shown);
	}
	json_object_set_new(o->root, key, needed(value));
}

static json_t *
string_or_null(const char *s)
{
	json_t *v = s == NULL ? NULL : json_string(s);

	return v != NULL ? v : json_null(); /* text that is no UTF-8 */
}

void
out_text(struct out *o, const char *key, const char *label, const char *value)
{
	field(o, key, label, value == NULL ? "" : value, string_or_null(value));
}

void
out_number(struct out *o, const char *key, const char *label, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	field(o, key, label, text, json_integer(value));
}

void
out_sum(struct out *o, const char *key, const char *label, mils value)
{
	char text[MILS_TEXT];

	mils_format(value, text);
	field(o, key, label, text, json_string(text));
}

void
out_flag(struct out *o, const char *key, const char *label, bool value)
{
	field(o, key, label, value ? "yes" : "no", json_boolean(value));
}

void
out_date(struct out *o, const char *key, const char *label, uint32_t yyyymmdd)
{
	char text[DATE_TEXT];

	if (yyyymmdd == 0) {
		field(o, key, label, "none", json_null());
		return;
	}
	date_format(yyyymmdd, text);
	field(o, key, label, text, json_string(text));
}

void
out_note(struct out *o, const char *fmt, ...)
{
	va_list ap;

	finish_table(o);
	if (o->json)
		return;
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

void
out_table(
    struct out *o, const char *key, const struct out_column *columns, int count)
{
	finish_table(o);
	o->columns = columns;
	o->count = count <= OUT_COLUMNS_MAX ? count : OUT_COLUMNS_MAX;
	o->key = key;
	o->rows = needed(json_array());
	json_object_set_new(o->root, key, o->rows);
	o->filled = 0;
}

void
out_cell(struct out *o, const char *text)
{
	if (o->filled == 0) {
		o->row = needed(json_object());
		json_array_append_new(o->rows, o->row);
	}
	json_object_set_new(
	    o->row, o->columns[o->filled].key, string_or_null(text));
	o->filled = (o->filled + 1) % o->count;
}

void
out_cell_clean(struct out *o, const char *text)
{
	char clean[CLEAN_MAX];

	out_cell(o, text_clean(text, clean, sizeof(clean)));
}

void
out_cell_number(struct out *o, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	out_cell(o, text);
}

void
out_cell_some(struct out *o, int64_t value)
{
	if (value)
		out_cell_number(o, value);
	else
		out_cell(o, NULL);
}

void
out_cell_sum(struct out *o, mils value)
{
	char text[MILS_TEXT];

	out_cell(o, mils_format(value, text));
}

void
out_cell_sum_if(struct out *o, bool known, mils value)
{
	if (known)
		out_cell_sum(o, value);
	else
		out_cell(o, NULL);
}

void
out_cell_date(struct out *o, uint32_t yyyymmdd)
{
	char text[DATE_TEXT];

	out_cell(o, date_format(yyyymmdd, text));
}

void
out_cell_time(struct out *o, int64_t seconds)
{
	time_t t = (time_t)seconds;
	char text[24] = "";
	struct tm tm;

	if (seconds != 0 && localtime_r(&t, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	out_cell(o, text);
}

void
out_row(struct out *o, const char *const *values)
{
	for (int c = 0; c < o->count; c++)
		out_cell(o, values[c]);
}

static void
print_json(json_t *root)
{
	json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
}

static void
out_free(struct out *o)
{
	if (o == NULL)
		return;
	json_decref(o->root);
	free(o);
}

int
out_close(struct out *o)
{
	finish_table(o);
	if (o->json)
		print_json(o->root);
	out_free(o);
	return 0;
}

int
out_fail(const struct options *options, struct out *o, const struct err *e)
{
	json_t *root;

	log_error("%s", e->text);
	if (options->json) {
		root = json_pack("{s:{s:s,s:o}}", "error", "kind",
		    err_kind_name(e->kind), "text", string_or_null(e->text));
		print_json(needed(root));
		json_decref(root);
	}
	out_free(o);
	return 1;
}

bool
out_help(int argc, char **argv, const char *usage)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0 ||
		    strcmp(argv[i], "-h") == 0) {
			printf("Usage: %s\n", usage);
			return true;
		}
	return false;
}

int
out_usage(const char *usage)
{
	fprintf(stderr, "Usage: %s\n", usage);
	return 2;
}
