/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a mark. */
#include "stamp/mark.h"

#include <stdio.h>
#include <string.h>

#include "stamp/typed.h"

#define WORD_MAX MARK_TEXT_MAX

/* --- the words of a mark --------------------------------------------------- */

/* Cuts the text before the first blank or `stop`, in quotes or not, out of *p
 * into word[WORD_MAX]. */
static bool
next_word(const char **p, const char *stop, char *word, struct err *e)
{
	const char *s = *p;
	size_t len;

	if (*s == '"' || *s == '\'') {
		const char *end = strchr(s + 1, *s);

		if (!end)
			return err_set(e, ERR_REQUEST,
			    "a quotation mark is not closed: %s", s);
		len = (size_t)(end - s - 1);
		memcpy(word, s + 1, len);
		*p = end + 1;
	} else {
		len = strcspn(s, stop);
		memcpy(word, s, len);
		*p = s + len;
	}
	word[len] = '\0';
	return true;
}

static const char *
skip_blanks(const char *p)
{
	return p + strspn(p, " ");
}

/* One KEY=VALUE, or an amount where it comes `first`. */
static bool
parse_word(
    struct mark *m, const char **p, bool first, unsigned *seen, struct err *e)
{
	char word[WORD_MAX], value[WORD_MAX];
	int i;

	if (!next_word(p, " =", word, e))
		return false;
	if (*skip_blanks(*p) == '=') {
		*p = skip_blanks(skip_blanks(*p) + 1);
		if (!next_word(p, " ", value, e))
			return false;
	} else if (first && strpbrk(word, "0123456789") && mark_key(word) < 0) {
		/* Only the first word: half of a number that was torn apart
		 * further on must never be taken for an amount. */
		memcpy(value, word, sizeof(value));
		strcpy(word, "amount");
	} else {
		return err_set(e, ERR_REQUEST,
		    "the word \"%s\" is not KEY=VALUE%s; keys are " MARK_KEYS,
		    word,
		    strpbrk(word, "0123456789")
			? " (an amount comes right after " MARK_KEYWORD ")"
			: "");
	}
	i = mark_key(word);
	if (i >= 0 && *seen & 1U << i)
		return err_set(e, ERR_REQUEST, "%s is given twice", word);
	if (i >= 0)
		*seen |= 1U << i;
	return mark_set(m, word, value, e);
}

/* The text between the brackets, without the keyword, into body[]. */
static bool
open_brackets(const char *text, char body[MARK_TEXT_MAX], struct err *e)
{
	char plain[MARK_TEXT_MAX], keyword[sizeof(MARK_KEYWORD)];
	const char *p = plain, *end;
	size_t len;

	if (!typed_text(text, plain, sizeof(plain), e))
		return false;
	p = skip_blanks(p);
	end = strstr(p, "]]");
	if (strncmp(p, "[[", 2) != 0 || !end || *skip_blanks(end + 2))
		return err_set(e, ERR_REQUEST,
		    "a mark stands in double brackets: [[" MARK_KEYWORD
		    " 0.78]]");
	p = skip_blanks(p + 2);
	for (len = 0; len < sizeof(keyword) - 1 && p[len]; len++)
		keyword[len] = p[len];
	keyword[len] = '\0';
	if (!typed_same(keyword, MARK_KEYWORD) ||
	    (p + len < end && p[len] != ' '))
		return err_set(e, ERR_REQUEST,
		    "a mark begins with the word " MARK_KEYWORD
		    ": [[" MARK_KEYWORD " 0.78]]");
	memcpy(body, p + len, (size_t)(end - p) - len);
	body[(size_t)(end - p) - len] = '\0';
	if (strpbrk(body, "[]"))
		return err_set(e, ERR_REQUEST,
		    "a bracket stands inside the mark; it may have lost its "
		    "closing ]]");
	return true;
}

bool
mark_parse(const char *text, struct mark *out, struct err *e)
{
	char body[MARK_TEXT_MAX];
	struct mark m = {0};
	unsigned seen = 0;
	bool first = true;
	const char *p;

	if (!open_brackets(text, body, e))
		return false;
	for (p = skip_blanks(body); *p; p = skip_blanks(p), first = false) {
		if (!parse_word(&m, &p, first, &seen, e))
			return false;
		if (*p != ' ' && *p != '\0')
			return err_set(e, ERR_REQUEST,
			    "there is no blank before \"%s\"", p);
	}
	if (!mark_check(&m, e))
		return false;
	*out = m;
	return true;
}
