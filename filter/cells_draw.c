/* SPDX-License-Identifier: Apache-2.0 */
#include "filter/cells_draw.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS_MAX 6
#define DEPTH_MAX   8
#define WORD_MAX    DRAWN_NAME_MAX
#define BLANKS	    " \t\r\n\f"

struct drawing_state {
	double m[DEPTH_MAX][6];
	int depth;
	double number[NUMBERS_MAX];
	int numbers;
	char name[DRAWN_NAME_MAX];
};

/* The next word into word[WORD_MAX]; false at the end.  Comments are passed
 * over; a word that is too long comes as one that means nothing. */
static bool
next_word(const char **p, char *word)
{
	size_t len;

	*p += strspn(*p, BLANKS);
	while (**p == '%') {
		*p += strcspn(*p, "\r\n");
		*p += strspn(*p, BLANKS);
	}
	len = strcspn(*p, BLANKS "%");
	if (len == 0)
		return false;
	strcpy(word, "?");
	if (len < WORD_MAX) {
		memcpy(word, *p, len);
		word[len] = '\0';
	}
	*p += len;
	return true;
}

/* The matrix given comes before the one that holds. */
static bool
concat(struct drawing_state *s)
{
	double *m = s->m[s->depth];
	const double *n = s->number;
	double r[6] = {n[0] * m[0] + n[1] * m[2], n[0] * m[1] + n[1] * m[3],
	    n[2] * m[0] + n[3] * m[2], n[2] * m[1] + n[3] * m[3],
	    n[4] * m[0] + n[5] * m[2] + m[4], n[4] * m[1] + n[5] * m[3] + m[5]};

	if (s->numbers != 6)
		return false;
	memcpy(m, r, sizeof(r));
	s->numbers = 0;
	return true;
}

static bool
operand(struct drawing_state *s, const char *word)
{
	char *end;

	if (word[0] == '/') {
		strcpy(s->name, word);
		return true;
	}
	if (s->numbers == NUMBERS_MAX)
		return false;
	s->number[s->numbers] = strtod(word, &end);
	return *end == '\0' && isfinite(s->number[s->numbers++]);
}

static bool
obey(struct drawing_state *s, const char *word, struct drawn_form *out,
    size_t max, size_t *count)
{
	if (strcmp(word, "q") == 0) {
		if (++s->depth == DEPTH_MAX)
			return false;
		memcpy(s->m[s->depth], s->m[s->depth - 1], sizeof(s->m[0]));
		return true;
	}
	if (strcmp(word, "Q") == 0)
		return s->depth-- > 0;
	if (strcmp(word, "cm") == 0)
		return concat(s);
	if (strcmp(word, "Do") != 0)
		return operand(s, word);
	if (s->name[0] == '\0' || s->numbers > 0 || *count == max)
		return false;
	strcpy(out[*count].name, s->name);
	memcpy(out[(*count)++].m, s->m[s->depth], sizeof(s->m[0]));
	s->name[0] = '\0';
	return true;
}

bool
cells_draw(
    const char *content, struct drawn_form *out, size_t max, size_t *count)
{
	struct drawing_state s = {.m = {{1, 0, 0, 1, 0, 0}}};
	char word[WORD_MAX];

	*count = 0;
	while (next_word(&content, word))
		if (!obey(&s, word, out, max, count))
			return false;
	return true;
}
