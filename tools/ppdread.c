/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ppdread.h"

#include <string.h>

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct slice
trim(const char *from, const char *to)
{
	while (from < to && is_blank(*from))
		from++;
	while (to > from && is_blank(to[-1]))
		to--;
	return (struct slice){from, (size_t)(to - from)};
}

bool
slice_is(struct slice s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.ptr, text, s.len) == 0;
}

bool
slice_begins(struct slice s, const char *text)
{
	size_t len = strlen(text);

	return s.len >= len && memcmp(s.ptr, text, len) == 0;
}

static const char *
find(const char *from, const char *to, char c)
{
	const char *found = memchr(from, c, (size_t)(to - from));

	return found ? found : to;
}

/* What stands before the colon. */
static void
read_name(const char *from, const char *to, struct statement *out)
{
	const char *end = from, *slash;

	while (end < to && !is_blank(*end))
		end++;
	out->keyword = trim(from, end);
	slash = find(end, to, '/');
	out->option = trim(end, slash);
	out->text = trim(slash < to ? slash + 1 : to, to);
}

/* What stands after it.  Returns where the next line begins. */
static const char *
read_value(const char *from, const char *line_end, const char *end,
    struct statement *o)
{
	const char *close;

	while (from < line_end && is_blank(*from))
		from++;
	o->has_value = true;
	o->quoted = from < line_end && *from == '"';
	if (!o->quoted) {
		o->value = trim(from, line_end);
		return line_end < end ? line_end + 1 : end;
	}
	close = find(from + 1, end, '"');
	o->value = (struct slice){from + 1, (size_t)(close - from - 1)};
	if (close == end)
		return NULL;
	line_end = find(close, end, '\n');
	return line_end < end ? line_end + 1 : end;
}

bool
ppd_next(struct ppd_reader *r, struct statement *out)
{
	while (r->at < r->end) {
		const char *line = r->at, *line_end, *colon;

		line_end = find(line, r->end, '\n');
		r->at = line_end < r->end ? line_end + 1 : r->end;
		if (*line != '*' || line + 1 >= line_end || line[1] == '%')
			continue;
		*out = (struct statement){.has_value = false};
		colon = find(line, line_end, ':');
		read_name(line + 1, colon, out);
		if (out->keyword.len == 0)
			continue;
		if (colon == line_end)
			return true;
		r->at = read_value(colon + 1, line_end, r->end, out);
		if (r->at == NULL) {
			r->at = r->end;
			return false;
		}
		return true;
	}
	return false;
}
