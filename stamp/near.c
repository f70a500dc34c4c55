/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/near.h"

#include <stdio.h>
#include <string.h>

#include "stamp/typed.h"

#define OPENING "[{<("
#define CLOSING "]}>)"
#define DIGITS	"0123456789"
#define WORD	24 /* longest word that is compared */

bool
near_begins(char c)
{
	return c != '\0' && strchr(OPENING, c) != NULL;
}

/* A letter left out, put in or changed, or two exchanged. */
static bool
is_misspelt(const char *word, size_t len)
{
	static const char right[] = MARK_KEYWORD;
	size_t n = sizeof(right) - 1, head = 0, tail = 0;

	while (head < len && head < n && word[head] == right[head])
		head++;
	while (tail + head < len && tail + head < n &&
	       word[len - 1 - tail] == right[n - 1 - tail])
		tail++;
	if (len + 1 == n || len == n + 1)
		return head + tail + 1 >= (len > n ? len : n);
	if (len != n)
		return false;
	return head + tail + 1 >= n ||
	       (head + tail + 2 == n && word[head] == right[head + 1] &&
		   word[head + 1] == right[head]);
}

static bool
is_keyword(const char *word, size_t len)
{
	return len == sizeof(MARK_KEYWORD) - 1 &&
	       memcmp(word, MARK_KEYWORD, len) == 0;
}

/* "0.78", "0,78", "$1", "1.05 " */
static bool
is_amount(const char *word, size_t len)
{
	size_t at = len > 0 && word[0] == '$', digits = 0;

	for (; at < len; at++) {
		if (strchr(DIGITS, word[at]))
			digits++;
		else if (word[at] != '.' && word[at] != ',')
			return false;
	}
	return digits > 0;
}

static bool
is_pair(const char *word, size_t len)
{
	const char *equals = memchr(word, '=', len);
	char key[WORD];
	size_t n = equals ? (size_t)(equals - word) : 0;

	if (n == 0 || n >= sizeof(key))
		return false;
	memcpy(key, word, n);
	key[n] = '\0';
	return mark_key(key) >= 0;
}

/* The words between the brackets: an amount, pairs, at least one. */
static bool
is_body(const char *body, size_t len)
{
	const char *p = body, *end = body + len;
	bool first = true;

	while (p < end) {
		size_t word = 0;

		if (*p == ' ') {
			p++;
			continue;
		}
		while (p + word < end && p[word] != ' ')
			word++;
		if (!(first && is_amount(p, word)) && !is_pair(p, word))
			return false;
		first = false;
		p += word;
	}
	return !first;
}

/* The mark, with the amount as it is written here. */
static void
write_meant(const char *body, size_t len, char out[MARK_TEXT_MAX])
{
	char *word, *comma;

	while (len > 0 && *body == ' ')
		body++, len--;
	while (len > 0 && body[len - 1] == ' ')
		len--;
	if (*body == '$')
		body++, len--;
	snprintf(out, MARK_TEXT_MAX, "[[" MARK_KEYWORD " %.*s]]",
	    (int)(len < MARK_TEXT_MAX ? len : MARK_TEXT_MAX), body);
	word = out + sizeof("[[" MARK_KEYWORD);
	comma = strchr(DIGITS ".,", *word) ? strchr(word, ',') : NULL;
	if (comma && comma < word + strcspn(word, " ]"))
		*comma = '.';
}

bool
near_mark(const char *text, char seen[MARK_TEXT_MAX], char meant[MARK_TEXT_MAX])
{
	const char *open = near_begins(*text) ? strchr(OPENING, *text) : NULL;
	const char *body, *end;
	char word[WORD];
	size_t len = 0, all;
	bool two = open && text[1] == text[0], right;

	if (!open || (!two && *open != '['))
		return false;
	body = text + 1 + two;
	for (; len < sizeof(word) && body[len] && !strchr(" ]}>)", body[len]);
	     len++)
		word[len] = typed_lower(body[len]);
	if (len == sizeof(word) || body[len] != ' ')
		return false;
	right = is_keyword(word, len);
	if (right ? *open == '[' && two
		  : *open != '[' || !two || !is_misspelt(word, len))
		return false;
	body += len + 1;
	end = strchr(body, CLOSING[open - OPENING]);
	if (!end || !is_body(body, (size_t)(end - body)))
		return false;
	all = (size_t)(end - text) + 1 + (end[1] == end[0]);
	if (all >= MARK_TEXT_MAX)
		return false;
	memcpy(seen, text, all);
	seen[all] = '\0';
	write_meant(body, (size_t)(end - body), meant);
	return true;
}
