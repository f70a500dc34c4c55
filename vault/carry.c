/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/carry.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

#define LINE_CHARS  40
#define GROUP_CHARS 5
#define CHECK_CHARS 2
#define CHARS_MAX   ((CARRY_BYTES * 8 + 4) / 5)
#define LINES_MAX   ((CHARS_MAX + LINE_CHARS - 1) / LINE_CHARS)
#define PRIME	    1021
#define WEIGHT	    33 /* of a line's first character */
#define WORDS_MAX   99

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* One line, taken apart. */
struct line {
	unsigned number, of;
	uint8_t value[LINE_CHARS + CHECK_CHARS];
	size_t count; /* of the characters before the check */
};

/* All of them. */
struct carried {
	unsigned of;
	uint8_t value[LINES_MAX * LINE_CHARS];
	size_t count[LINES_MAX]; /* 0: not there yet */
};

/* The sum without the check. */
static unsigned
weigh(const struct line *l)
{
	unsigned sum = 2 * l->number + 3 * l->of;

	for (size_t i = 0; i < l->count; i++)
		sum += (WEIGHT + (unsigned)i) * l->value[i];
	return sum % PRIME;
}

/* --- writing -------------------------------------------------------------------- */

/* The n-th five bits, zeros behind the end. */
static uint8_t
take_bits(const uint8_t *msg, size_t len, size_t n)
{
	size_t bit = 5 * n, at = bit / 8;
	unsigned two = (unsigned)msg[at] << 8;

	if (at + 1 < len)
		two |= msg[at + 1];
	return (uint8_t)(two >> (11 - bit % 8) & 31);
}

static size_t
write_line(const struct line *l, char *out, size_t size)
{
	unsigned check = (PRIME - weigh(l)) % PRIME;
	size_t n = (size_t)snprintf(out, size, "%u/%u ", l->number, l->of);

	for (size_t i = 0; i < l->count; i++) {
		if (i % GROUP_CHARS == 0)
			out[n++] = ' ';
		out[n++] = alphabet[l->value[i]];
	}
	out[n++] = ' ';
	out[n++] = ' ';
	out[n++] = alphabet[check / 32];
	out[n++] = alphabet[check % 32];
	out[n++] = '\n';
	return n;
}

size_t
carry_write(
    const uint8_t *msg, size_t len, const char *words, char out[CARRY_TEXT])
{
	size_t chars = (len * 8 + 4) / 5, n = 0;
	struct line l = {
	    .of = (unsigned)((chars + LINE_CHARS - 1) / LINE_CHARS)};

	assert(len >= 1 && len <= CARRY_BYTES && strlen(words) <= WORDS_MAX);
	if (words[0] != '\0')
		n = (size_t)snprintf(out, CARRY_TEXT, "# %s\n", words);
	for (size_t i = 0; i < chars; i++) {
		l.value[l.count++] = take_bits(msg, len, i);
		if (l.count < LINE_CHARS && i + 1 < chars)
			continue;
		l.number++;
		n += write_line(&l, out + n, CARRY_TEXT - n);
		l.count = 0;
	}
	assert(n < CARRY_TEXT);
	out[n] = '\0';
	return n;
}

/* --- reading -------------------------------------------------------------------- */

/* One or two digits, and moves on; 0: none. */
static unsigned
take_number(const char **at, const char *end)
{
	unsigned n = 0;

	for (int i = 0; i < 2 && *at < end && isdigit((unsigned char)**at); i++)
		n = 10 * n + (unsigned)(*(*at)++ - '0');
	return n;
}

/* -1: none of the alphabet. */
static int
value_of(char c)
{
	const char *found;
	int upper = toupper((unsigned char)c);

	if (upper == 'I' || upper == 'L')
		return 1;
	if (upper == 'O')
		return 0;
	found = c != '\0' ? strchr(alphabet, upper) : NULL;
	return found != NULL ? (int)(found - alphabet) : -1;
}

/* "3/5" and what is behind it. */
static bool
read_number(const char **at, const char *end, struct line *l, struct err *e)
{
	const char *begin = *at;
	int shown = end - begin < 12 ? (int)(end - begin) : 12;

	l->number = take_number(at, end);
	if (*at < end && **at == '/') {
		++*at;
		l->of = take_number(at, end);
		if (l->number >= 1 && l->number <= l->of &&
		    l->of <= LINES_MAX && *at < end && **at == ' ')
			return true;
	}
	return err_set(e, ERR_REQUEST,
	    "\"%.*s...\" is no line of a message: one begins with its number "
	    "and how many there are, as 1/4",
	    shown, begin);
}

static bool
read_line(const char *at, const char *end, struct line *l, struct err *e)
{
	size_t n = 0;
	unsigned check;

	if (!read_number(&at, end, l, e))
		return false;
	for (; at < end; at++) {
		int value = value_of(*at);

		if (strchr(" \t\r-", *at) != NULL && *at != '\0')
			continue;
		if (value < 0)
			return err_set(e, ERR_REQUEST,
			    "the line \"%u/%u\" has a typo: its character %zu "
			    "is none that a message is written in",
			    l->number, l->of, n + 1);
		if (n == sizeof(l->value))
			return err_set(e, ERR_REQUEST,
			    "the line \"%u/%u\" is too long", l->number, l->of);
		l->value[n++] = (uint8_t)value;
	}
	if (n < CHECK_CHARS + 1 || (l->number < l->of && n < sizeof(l->value)))
		return err_set(e, ERR_REQUEST,
		    "the line \"%u/%u\" is too short", l->number, l->of);
	l->count = n - CHECK_CHARS;
	check = 32U * l->value[n - 2] + l->value[n - 1];
	return (check < PRIME && (weigh(l) + check) % PRIME == 0) ||
	       err_set(e, ERR_REQUEST, "the line \"%u/%u\" has a typo",
		   l->number, l->of);
}

/* A line that comes twice says the same both times. */
static bool
keep_line(struct carried *c, const struct line *l, struct err *e)
{
	size_t *count = &c->count[l->number - 1];
	uint8_t *value = c->value + (size_t)(l->number - 1) * LINE_CHARS;

	if ((c->of != 0 && c->of != l->of) ||
	    (*count != 0 &&
		(*count != l->count || memcmp(value, l->value, l->count) != 0)))
		return err_set(e, ERR_REQUEST,
		    "the line \"%u/%u\" is of another message", l->number,
		    l->of);
	c->of = l->of;
	*count = l->count;
	memcpy(value, l->value, l->count);
	return true;
}

static bool
join(const struct carried *c, uint8_t out[CARRY_BYTES], size_t *len,
    struct err *e)
{
	size_t chars = 0;
	unsigned bits = 0, held = 0;

	for (unsigned i = 0; i < c->of; i++) {
		if (c->count[i] == 0)
			return err_set(e, ERR_REQUEST,
			    "line %u of %u is missing", i + 1, c->of);
		chars += c->count[i];
	}
	if (chars == 0 || chars * 5 / 8 > CARRY_BYTES)
		return err_set(e, ERR_REQUEST, "there is no message in it");
	*len = 0;
	for (size_t i = 0; i < chars; i++) {
		bits = (bits << 5 | c->value[i]) & 0xfff;
		held += 5;
		if (held >= 8)
			out[(*len)++] = (uint8_t)(bits >> (held -= 8));
	}
	return (held < 5 && (bits & ((1U << held) - 1)) == 0) ||
	       err_set(e, ERR_REQUEST,
		   "the line \"%u/%u\" is too short or too long", c->of, c->of);
}

static bool
read_lines(const char *text, size_t len, struct carried *c, struct err *e)
{
	const char *end = text + len;

	while (text < end) {
		const char *next = memchr(text, '\n', (size_t)(end - text));
		const char *stop = next != NULL ? next : end;
		struct line l = {.count = 0};

		while (text < stop && strchr(" \t\r", *text) && *text != '\0')
			text++;
		if (text < stop && *text != '#' &&
		    (!read_line(text, stop, &l, e) || !keep_line(c, &l, e)))
			return false;
		text = stop + (next != NULL);
	}
	return true;
}

bool
carry_read(const char *text, size_t text_len, uint8_t out[CARRY_BYTES],
    size_t *len, struct err *e)
{
	struct carried c = {.of = 0};
	char hex[2 * CARRY_BYTES + 64];

	if (memchr(text, '/', text_len) != NULL ||
	    memchr(text, '#', text_len) != NULL)
		return read_lines(text, text_len, &c, e) &&
		       join(&c, out, len, e);
	if (text_len < sizeof(hex) && memchr(text, '\0', text_len) == NULL) {
		memcpy(hex, text, text_len);
		hex[text_len] = '\0';
		if (bytes_from_hex(hex, out, CARRY_BYTES, len) && *len > 0)
			return true;
	}
	return err_set(e, ERR_REQUEST,
	    "there is no message in it: lines such as \"1/4 ...\", or "
	    "hexadecimal");
}
