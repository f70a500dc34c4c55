/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/cost.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/durable.h"
#include "base/text.h"

#define COLUMNS	  3
#define LINE_MAX_ 256
#define NEAR	  3 /* codes that are named */
#define FAR	  2 /* more slips than these make another word */

struct cost_codes {
	size_t count;
	struct cost_code code[COST_MAX];
};

static bool
take(char *out, size_t size, const char *text, const char *what, struct err *e)
{
	text_clean(text, out, size);
	if (strcmp(out, text) == 0)
		return true;
	return err_set(e, ERR_CONFIG,
	    "%s is longer than %zu bytes or not plain text", what, size - 1);
}

static bool
parse_line(char *line, struct cost_code *out, struct err *e)
{
	char *column[COLUMNS] = {line, "", ""};
	struct mark word = {0};

	for (int n = 1; (line = strchr(line, '\t')) != NULL; n++) {
		if (n == COLUMNS)
			return err_set(
			    e, ERR_CONFIG, "more than %d columns", COLUMNS);
		*line++ = '\0';
		column[n] = line;
	}
	/* As in a mark. */
	if (!mark_set(&word, "cost", column[0], e)) {
		e->kind = ERR_CONFIG;
		return false;
	}
	memcpy(out->code, word.cost, sizeof(out->code));
	return take(out->text, sizeof(out->text), column[1], "the text", e) &&
	       take(out->users, sizeof(out->users), column[2],
		   "the list of users", e);
}

static bool
add_line(struct cost_codes *c, const char *at, size_t len, struct err *e)
{
	char line[LINE_MAX_];

	if (len > 0 && at[len - 1] == '\r')
		len--;
	if (len == 0 || at[0] == '#')
		return true;
	if (len >= sizeof(line) || memchr(at, '\0', len))
		return err_set(e, ERR_CONFIG,
		    "line longer than %zu bytes, or with a NUL",
		    sizeof(line) - 1);
	memcpy(line, at, len);
	line[len] = '\0';
	if (c->count == COST_MAX)
		return err_set(e, ERR_CONFIG, "over %d cost codes", COST_MAX);
	if (!parse_line(line, &c->code[c->count], e))
		return false;
	if (cost_find(c, c->code[c->count].code))
		return err_set(e, ERR_CONFIG, "code %s stands twice",
		    c->code[c->count].code);
	c->count++;
	return true;
}

bool
cost_parse(const char *text, size_t len, const char *name,
    struct cost_codes **out, struct err *e)
{
	struct cost_codes *c = calloc(1, sizeof(*c));
	size_t pos = 0;

	if (c == NULL)
		return err_set(e, ERR_SYSTEM, "out of memory");
	for (int line = 1; pos < len; line++) {
		const char *end = memchr(text + pos, '\n', len - pos);
		size_t part = end ? (size_t)(end - text) - pos : len - pos;

		if (!add_line(c, text + pos, part, e)) {
			err_prefix(e, "%s:%d", name, line);
			cost_free(c);
			return false;
		}
		pos += part + (end != NULL);
	}
	*out = c;
	return true;
}

bool
cost_load(const char *path, struct cost_codes **out, struct err *e)
{
	char *text;
	size_t len;
	bool done;

	if (!durable_load(path, COST_FILE_MAX, &text, &len, e)) {
		e->kind = ERR_CONFIG;
		return err_prefix(e, "cost codes");
	}
	done = cost_parse(text, len, path, out, e);
	free(text);
	return done;
}

void
cost_free(struct cost_codes *c)
{
	free(c);
}

const struct cost_code *
cost_find(const struct cost_codes *c, const char *code)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->code[i].code, code) == 0)
			return &c->code[i];
	return NULL;
}

static size_t
least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* How many letters to change, add or leave out make b of a. */
static size_t
slips(const char *a, const char *b)
{
	size_t row[MARK_COST_MAX], n = strlen(b);

	for (size_t k = 0; k <= n; k++)
		row[k] = k;
	for (size_t i = 0; a[i]; i++) {
		size_t corner = row[0];

		row[0] = i + 1;
		for (size_t k = 1; k <= n; k++) {
			size_t above = row[k];

			row[k] = least(above + 1, row[k - 1] + 1,
			    corner + (lower(a[i]) != lower(b[k - 1])));
			corner = above;
		}
	}
	return row[n];
}

static size_t
distance(const char *given, const char *code)
{
	size_t n = strlen(given), far = slips(given, code);

	/* The beginning of a longer code. */
	if (far > FAR && n >= 3 && strncasecmp(given, code, n) == 0)
		return FAR;
	return far;
}

void
cost_near(const struct cost_codes *c, const char *code, char out[COST_NEAR_MAX])
{
	size_t used = 0, named = 0;

	out[0] = '\0';
	for (size_t d = 0; d <= FAR; d++)
		for (size_t i = 0; i < c->count && named < NEAR; i++) {
			if (distance(code, c->code[i].code) != d)
				continue;
			used +=
			    (size_t)snprintf(out + used, COST_NEAR_MAX - used,
				"%s%s", named ? ", " : "", c->code[i].code);
			named++;
		}
}

size_t
cost_count(const struct cost_codes *c)
{
	return c->count;
}

const struct cost_code *
cost_at(const struct cost_codes *c, size_t index)
{
	return index < c->count ? &c->code[index] : NULL;
}
