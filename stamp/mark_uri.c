/* SPDX-License-Identifier: Apache-2.0 */
/* A mark as the URI in a QR code, "postage:?amount=0.78&to=90210". */
#include "stamp/mark.h"

#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "stamp/typed.h"

#define SCHEME MARK_KEYWORD ":"

bool
mark_is_uri(const char *text)
{
	char head[sizeof(SCHEME)] = "";

	for (size_t i = 0; i < sizeof(head) - 1 && text[i]; i++)
		head[i] = text[i];
	return typed_same(head, SCHEME);
}

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The characters up to one of `stop` or the end, %XX undone, into word[], with
 * what ended it in *end ('\0' at the end of the text).  A '+' is itself: this
 * is a URI, no form of a web page, and dates begin with one. */
static bool
read_word(struct bytes_reader *r, const char *stop, char word[MARK_TEXT_MAX],
    char *end, struct err *e)
{
	size_t len = 0;

	*end = '\0';
	while (bytes_left(r) > 0 && len < MARK_TEXT_MAX - 1) {
		uint8_t c = (uint8_t)bytes_read_le(r, 1);

		if (strchr(stop, c) != NULL) {
			*end = (char)c;
			break;
		}
		if (c == '%') {
			int high = hex_digit((uint8_t)bytes_read_le(r, 1));
			int low = hex_digit((uint8_t)bytes_read_le(r, 1));

			if (high < 0 || low < 0)
				return err_set(e, ERR_REQUEST,
				    "%% is not followed by two digits");
			c = (uint8_t)(high << 4 | low);
		}
		if (c < ' ' || c > '~')
			return err_set(e, ERR_REQUEST,
			    "it holds a character that no mark has");
		word[len++] = (char)c;
	}
	word[len] = '\0';
	return true;
}

static bool
read_pairs(struct bytes_reader *r, struct mark *m, struct err *e)
{
	char key[MARK_TEXT_MAX], value[MARK_TEXT_MAX], end = '&';
	unsigned seen = 0;

	while (end == '&' && bytes_left(r) > 0) {
		int i;

		if (!read_word(r, "=&", key, &end, e))
			return false;
		if (end != '=')
			return err_set(e, ERR_REQUEST,
			    "the word \"%.40s\" is not KEY=VALUE", key);
		if (!read_word(r, "&", value, &end, e))
			return false;
		i = mark_key(key);
		if (i >= 0 && seen & 1U << i)
			return err_set(
			    e, ERR_REQUEST, "%.40s is given twice", key);
		if (i >= 0)
			seen |= 1U << i;
		if (!mark_set(m, key, value, e))
			return false;
	}
	return true;
}

bool
mark_parse_uri(const char *text, struct mark *out, struct err *e)
{
	struct bytes_reader r;
	struct mark m = {0};
	char rest[MARK_TEXT_MAX] = "", end;

	if (!mark_is_uri(text) || strlen(text) >= MARK_TEXT_MAX)
		return err_set(e, ERR_REQUEST,
		    "a mark in a QR code begins with " SCHEME
		    " and has at most %d characters",
		    MARK_TEXT_MAX - 1);
	text += strlen(SCHEME);
	bytes_reader_init(&r, text, strlen(text));
	if (!read_word(&r, "?", rest, &end, e))
		return false;
	if (rest[0] != '\0')
		return err_set(e, ERR_REQUEST,
		    "after " SCHEME " comes a question mark: " SCHEME
		    "?amount=0.78");
	if (!read_pairs(&r, &m, e) || !mark_check(&m, e))
		return false;
	*out = m;
	return true;
}

void
mark_format_uri(const struct mark *m, char out[MARK_TEXT_MAX])
{
	static const char open[] = "[[" MARK_KEYWORD;
	char text[MARK_TEXT_MAX];
	char *word = text + sizeof(open) - 1;

	mark_format(m, text);
	word[strlen(word) - strlen("]]")] = '\0';
	/* No value holds a character that a URI would not. */
	for (char *p = word; *p; p++)
		if (*p == ' ')
			*p = p == word ? '?' : '&';
	snprintf(out, MARK_TEXT_MAX, SCHEME "%s", word);
}
