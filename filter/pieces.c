/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/pieces.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STREAM_MAX  262144 /* bytes of one stream, as stored */
#define FORMS_MAX   32	   /* of one page, nested ones included */
#define NUMBERS_MAX 6
#define WORD_MAX    24
#define LONGEST	    8.0 /* times as long as wide: a finder pattern has 7 */
#define BLANKS	    " \t\r\n\f"
#define DELIMITERS  BLANKS "()<>[]{}/%"

struct reader {
	const char *p, *end;
	double number[NUMBERS_MAX]; /* the last ones */
	int numbers;
	double line_width;
	/* the subpath */
	bool open, curved;
	double x0, y0, x1, y1;
	/* the path */
	size_t filled, stroked;
	/* all of it */
	size_t pieces;
};

static bool
is_one_of(char c, const char *set)
{
	return c == '\0' || strchr(set, c) != NULL;
}

/* --- words ------------------------------------------------------------------- */

/* From behind the opening bracket to behind its closing one. */
static void
skip_string(struct reader *r)
{
	int depth = 1;

	for (; r->p < r->end && depth > 0; r->p++) {
		if (*r->p == '\\' && r->p + 1 < r->end)
			r->p++;
		else if (*r->p == '(')
			depth++;
		else if (*r->p == ')')
			depth--;
	}
}

/* An inline picture, to behind its EI. */
static void
skip_picture(struct reader *r)
{
	for (; r->p + 3 < r->end; r->p++)
		if (is_one_of(r->p[0], BLANKS) && r->p[1] == 'E' &&
		    r->p[2] == 'I' && is_one_of(r->p[3], BLANKS)) {
			r->p += 3;
			return;
		}
	r->p = r->end;
}

/* The next number or operator into word[WORD_MAX]; all else is passed over. */
static bool
next_word(struct reader *r, char *word)
{
	size_t len;

	while (r->p < r->end) {
		char c = *r->p++;

		if (c == '(')
			skip_string(r);
		while (
		    c == '%' && r->p < r->end && *r->p != '\n' && *r->p != '\r')
			r->p++;
		while (
		    c == '/' && r->p < r->end && !is_one_of(*r->p, DELIMITERS))
			r->p++;
		while (
		    c == '<' && r->p < r->end && *r->p != '>' && *r->p != '<')
			r->p++;
		if (is_one_of(c, DELIMITERS))
			continue;
		for (len = 0, r->p--;
		     r->p < r->end && !is_one_of(*r->p, DELIMITERS); r->p++)
			if (len + 1 < WORD_MAX)
				word[len++] = *r->p;
		word[len] = '\0';
		return true;
	}
	return false;
}

/* --- paths ------------------------------------------------------------------- */

static void
end_subpath(struct reader *r)
{
	double w = r->x1 - r->x0, h = r->y1 - r->y0;
	double wide = fmax(w, h), thin = fmin(w, h);

	if (r->open && !r->curved) {
		if (thin > 0 && wide <= LONGEST * thin)
			r->filled++;
		if (wide > 0 && thin < r->line_width &&
		    wide <= LONGEST * r->line_width)
			r->stroked++;
	}
	r->open = r->curved = false;
}

static void
add_point(struct reader *r, double x, double y)
{
	if (!r->open) {
		r->x0 = r->x1 = x;
		r->y0 = r->y1 = y;
		r->open = true;
		return;
	}
	r->x0 = fmin(r->x0, x);
	r->x1 = fmax(r->x1, x);
	r->y0 = fmin(r->y0, y);
	r->y1 = fmax(r->y1, y);
}

static void
build(struct reader *r, const char *word)
{
	const double *n = r->number;

	if (strcmp(word, "re") == 0 && r->numbers == 4) {
		end_subpath(r);
		add_point(r, n[0], n[1]);
		add_point(r, n[0] + n[2], n[1] + n[3]);
		end_subpath(r);
	} else if (strcmp(word, "m") == 0 && r->numbers == 2) {
		end_subpath(r);
		add_point(r, n[0], n[1]);
	} else if (strcmp(word, "l") == 0 && r->numbers == 2) {
		add_point(r, n[0], n[1]);
	} else if (strcmp(word, "h") == 0) {
		end_subpath(r);
	} else {
		r->curved = true;
	}
}

static void
paint(struct reader *r, const char *word)
{
	end_subpath(r);
	if (strchr("fFbB", word[0]))
		r->pieces += r->filled;
	else if (strchr("sS", word[0]))
		r->pieces += r->stroked;
	r->filled = r->stroked = 0;
}

static void
obey(struct reader *r, const char *word)
{
	static const char *const builders[] = {
	    "re", "m", "l", "h", "c", "v", "y"};
	static const char *const painters[] = {
	    "f", "F", "f*", "B", "B*", "b", "b*", "S", "s", "n"};

	for (size_t i = 0; i < sizeof(builders) / sizeof(*builders); i++)
		if (strcmp(word, builders[i]) == 0)
			build(r, word);
	for (size_t i = 0; i < sizeof(painters) / sizeof(*painters); i++)
		if (strcmp(word, painters[i]) == 0)
			paint(r, word);
	if (strcmp(word, "w") == 0 && r->numbers == 1)
		r->line_width = r->number[0];
	if (strcmp(word, "BI") == 0)
		skip_picture(r);
	r->numbers = 0;
}

size_t
pieces_count(const char *content, size_t len)
{
	struct reader r = {.p = content, .end = content + len, .line_width = 1};
	char word[WORD_MAX], *rest;
	double value;

	while (next_word(&r, word)) {
		value = strtod(word, &rest);
		if (*rest != '\0' || !isfinite(value)) {
			obey(&r, word);
			continue;
		}
		if (r.numbers < NUMBERS_MAX)
			r.number[r.numbers] = value;
		r.numbers++;
	}
	return r.pieces;
}

/* --- pages ------------------------------------------------------------------- */

/* One filter makes a stream a thousand times as large at most. */
static bool
is_small(qpdf_data q, qpdf_oh dict)
{
	qpdf_oh length = qpdf_oh_get_key(q, dict, "/Length");
	qpdf_oh filter = qpdf_oh_get_key(q, dict, "/Filter");

	return qpdf_oh_is_integer(q, length) &&
	       qpdf_oh_get_int_value_as_int(q, length) <= STREAM_MAX &&
	       (!qpdf_oh_is_array(q, filter) ||
		   qpdf_oh_get_array_n_items(q, filter) <= 1);
}

static size_t
count_stream(qpdf_data q, qpdf_oh stream)
{
	unsigned char *data = NULL;
	QPDF_BOOL filtered = QPDF_FALSE;
	size_t len = 0, pieces = 0;

	if (!qpdf_oh_is_stream(q, stream) ||
	    !is_small(q, qpdf_oh_get_dict(q, stream)))
		return 0;
	if (qpdf_oh_get_stream_data(q, stream, qpdf_dl_generalized, &filtered,
		&data, &len) < QPDF_ERRORS &&
	    filtered)
		pieces = pieces_count((const char *)data, len);
	free(data);
	return pieces;
}

/* Adds the forms that `dict` has among its resources to the list. */
static void
add_forms(qpdf_data q, qpdf_oh dict, qpdf_oh forms[FORMS_MAX], int *count)
{
	qpdf_oh resources = qpdf_oh_get_key(q, dict, "/Resources");
	qpdf_oh names = qpdf_oh_get_key(q, resources, "/XObject");

	if (!qpdf_oh_is_dictionary(q, resources) ||
	    !qpdf_oh_is_dictionary(q, names))
		return;
	qpdf_oh_begin_dict_key_iter(q, names);
	while (*count < FORMS_MAX && qpdf_oh_dict_more_keys(q)) {
		qpdf_oh form =
		    qpdf_oh_get_key(q, names, qpdf_oh_dict_next_key(q));
		bool known = !qpdf_oh_is_stream(q, form) ||
			     !qpdf_oh_is_name_and_equals(q,
				 qpdf_oh_get_key(
				     q, qpdf_oh_get_dict(q, form), "/Subtype"),
				 "/Form");

		for (int i = 0; i < *count && !known; i++)
			known = qpdf_oh_get_object_id(q, forms[i]) ==
				qpdf_oh_get_object_id(q, form);
		if (!known)
			forms[(*count)++] = form;
	}
}

bool
pieces_many(qpdf_data q, qpdf_oh page)
{
	qpdf_oh forms[FORMS_MAX];
	qpdf_oh contents = qpdf_oh_get_key(q, page, "/Contents");
	int count = 0, parts;
	size_t pieces = 0;

	if (qpdf_oh_is_array(q, contents)) {
		parts = qpdf_oh_get_array_n_items(q, contents);
		for (int i = 0; i < parts && i < FORMS_MAX; i++)
			pieces += count_stream(
			    q, qpdf_oh_get_array_item(q, contents, i));
	} else {
		pieces = count_stream(q, contents);
	}
	add_forms(q, page, forms, &count);
	for (int i = 0; i < count && pieces < PIECES_MIN; i++) {
		pieces += count_stream(q, forms[i]);
		add_forms(q, qpdf_oh_get_dict(q, forms[i]), forms, &count);
	}
	return pieces >= PIECES_MIN;
}
