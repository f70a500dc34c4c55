/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/sheet_list.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define LINE_MAX_BYTES 256
#define HEAD	       "first,last,labels,media"

void
sheet_list_init(struct sheet_list *l, const char *text, size_t len)
{
	*l = (struct sheet_list){.at = text, .end = text + len};
}

/* The next line that says something; false behind the last. */
static bool
next_line(
    struct sheet_list *l, char line[LINE_MAX_BYTES], bool *fits, struct err *e)
{
	*fits = true;
	while (l->at < l->end) {
		size_t left = (size_t)(l->end - l->at);
		const char *nl = memchr(l->at, '\n', left);
		size_t len = nl ? (size_t)(nl - l->at) : left;
		const char *from = l->at;

		l->at += nl ? len + 1 : len;
		l->line++;
		if (len > 0 && from[len - 1] == '\r')
			len--;
		if (len >= LINE_MAX_BYTES || memchr(from, '\0', len) != NULL) {
			*fits = err_set(e, ERR_REQUEST,
			    "line %lu: too long, or no text", l->line);
			return true;
		}
		memcpy(line, from, len);
		line[len] = '\0';
		if (len > 0 && line[0] != '#' &&
		    (l->line > 1 || strcmp(line, HEAD) != 0))
			return true;
	}
	return false;
}

bool
sheet_serial_parse(const char *text, uint64_t *out)
{
	return text_to_u64(text, SHEET_SERIAL_MAX, out) && *out > 0;
}

/* Cuts `line` at the next comma; what stood before it. */
static char *
cut(char **line)
{
	char *word = *line, *comma = strchr(word, ',');

	if (comma == NULL) {
		*line = word + strlen(word);
		return word;
	}
	*comma = '\0';
	*line = comma + 1;
	return word;
}

static const char *
parse_line(char *line, struct sheet_range *out)
{
	uint64_t labels;

	*out = (struct sheet_range){.first = 0};
	if (!sheet_serial_parse(cut(&line), &out->first) ||
	    !sheet_serial_parse(cut(&line), &out->last))
		return "begins with two serial numbers of sheets, the first "
		       "and the last";
	if (out->last < out->first)
		return "its last sheet comes before its first";
	if (!text_to_u64(cut(&line), SHEET_LABELS_MAX, &labels) || labels == 0)
		return "its third word is how many labels a sheet has";
	if (*line == '\0' || strlen(line) >= sizeof(out->media) ||
	    strchr(line, ',') != NULL || !text_is_utf8(line))
		return "ends with brand and part of the sheets, at most 63 "
		       "bytes and no comma";
	out->labels = (uint16_t)labels;
	memcpy(out->media, line, strlen(line) + 1);
	return NULL;
}

bool
sheet_list_next(
    struct sheet_list *l, struct sheet_range *out, bool *more, struct err *e)
{
	char line[LINE_MAX_BYTES];
	const char *wrong;
	bool fits;

	*more = next_line(l, line, &fits, e);
	if (!*more || !fits)
		return fits;
	wrong = parse_line(line, out);
	return wrong == NULL ||
	       err_set(e, ERR_REQUEST, "line %lu: %s: \"" HEAD "\"", l->line,
		   wrong);
}
