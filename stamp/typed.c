/* SPDX-License-Identifier: Apache-2.0 */
#include "stamp/typed.h"

#include <string.h>

#include "base/text.h"

/* Ranges of characters with one ASCII text each. */
static const struct {
	uint32_t first, last;
	const char *text;
} table[] = {
    {0x0009, 0x000d, " "},  /* tab to carriage return */
    {0x0085, 0x0085, " "},  /* next line */
    {0x00a0, 0x00a0, " "},  /* no-break space */
    {0x00ab, 0x00ab, "\""}, /* guillemets */
    {0x00ad, 0x00ad, ""},   /* soft hyphen */
    {0x00bb, 0x00bb, "\""}, /* guillemets */
    {0x2000, 0x200a, " "},  /* spaces of all widths */
    {0x200b, 0x200f, ""},   /* zero width, direction */
    {0x2010, 0x2015, "-"},  /* hyphens and dashes */
    {0x2018, 0x201b, "'"},  /* single quotes */
    {0x201c, 0x201f, "\""}, /* double quotes */
    {0x2028, 0x2029, " "},  /* line, paragraph separator */
    {0x202a, 0x202e, ""},   /* direction */
    {0x202f, 0x202f, " "},  /* narrow no-break space */
    {0x2032, 0x2032, "'"},  /* prime */
    {0x2033, 0x2033, "\""}, /* double prime */
    {0x205f, 0x205f, " "},  /* mathematical space */
    {0x2060, 0x2060, ""},   /* word joiner */
    {0x2066, 0x2069, ""},   /* direction isolates */
    {0x2212, 0x2212, "-"},  /* minus */
    {0x3000, 0x3000, " "},  /* ideographic space */
    {0xfb00, 0xfb00, "ff"}, /* ligatures */
    {0xfb01, 0xfb01, "fi"}, {0xfb02, 0xfb02, "fl"}, {0xfb03, 0xfb03, "ffi"},
    {0xfb04, 0xfb04, "ffl"}, {0xfb05, 0xfb06, "st"}, {0xfe58, 0xfe58, "-"},
    {0xfe63, 0xfe63, "-"}, {0xfeff, 0xfeff, ""}, /* byte order mark */
};

#define FULL_WIDTH_FIRST 0xff01 /* "!" */
#define FULL_WIDTH_LAST	 0xff5e /* "~" */

bool
typed_char(uint32_t unicode, char out[TYPED_MAX])
{
	if (unicode >= FULL_WIDTH_FIRST && unicode <= FULL_WIDTH_LAST)
		unicode = unicode - FULL_WIDTH_FIRST + '!';
	if (unicode >= ' ' && unicode <= '~') {
		out[0] = (char)unicode;
		out[1] = '\0';
		return true;
	}
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (unicode < table[i].first || unicode > table[i].last)
			continue;
		strcpy(out, table[i].text);
		return true;
	}
	return false;
}

/* One UTF-8 character at `s`; *len = its bytes, 1 and U+FFFD if it is none. */
static uint32_t
utf8_char(const unsigned char *s, size_t *len)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t first;
	} forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800},
	    {0xf8, 0xf0, 0x10000}};
	uint32_t c;

	for (size_t n = 0; n < 4; n++) {
		if ((s[0] & forms[n].mask) != forms[n].lead)
			continue;
		c = s[0] & (unsigned char)~forms[n].mask;
		for (size_t i = 1; i <= n; i++) {
			if ((s[i] & 0xc0) != 0x80)
				goto none;
			c = c << 6 | (s[i] & 0x3f);
		}
		if (c < forms[n].first)
			break;
		*len = n + 1;
		return c;
	}
none:
	*len = 1;
	return 0xfffd;
}

bool
typed_text(const char *utf8, char *out, size_t size, struct err *e)
{
	const unsigned char *s = (const unsigned char *)utf8;
	char plain[TYPED_MAX], shown[16], raw[5];
	size_t len, pos = 0;

	for (; *s; s += len) {
		if (!typed_char(utf8_char(s, &len), plain)) {
			memcpy(raw, s, len);
			raw[len] = '\0';
			return err_set(e, ERR_REQUEST,
			    "the character \"%s\" cannot stand in a mark",
			    text_clean(raw, shown, sizeof(shown)));
		}
		if (pos + strlen(plain) >= size)
			return err_set(e, ERR_REQUEST,
			    "longer than %zu characters", size - 1);
		strcpy(out + pos, plain);
		pos += strlen(plain);
	}
	out[pos] = '\0';
	return true;
}

char
typed_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool
typed_same(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (typed_lower(*a) != typed_lower(*b))
			return false;
	return *a == *b;
}
