/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as lines for hands: what is written is read, and each slip of a hand
 * is found and its line named. */
#include "vault/carry.h"

#include <ctype.h>

#include "base/bytes.h"
#include "tests/test.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static void
fill(uint8_t *msg, size_t len, unsigned seed)
{
	for (size_t i = 0; i < len; i++)
		msg[i] = (uint8_t)((seed + i) * 2654435761U >> 13);
}

static bool
reads(const char *text, const uint8_t *msg, size_t len)
{
	uint8_t back[CARRY_BYTES];
	size_t back_len = 0;
	struct err e = ERR_INIT;

	return carry_read(text, strlen(text), back, &back_len, &e) &&
	       back_len == len && memcmp(back, msg, len) == 0;
}

static void
what_is_written_is_read(void **state)
{
	uint8_t msg[CARRY_BYTES];
	char text[CARRY_TEXT];

	(void)state;
	for (size_t len = 1; len <= CARRY_BYTES; len++) {
		fill(msg, len, (unsigned)len);
		is_int(carry_write(msg, len, "a remark / of it", text),
		    strlen(text), "its length");
		ok(reads(text, msg, len), "a message of this length");
		memset(msg, (int)(len & 1) * 0xff, len);
		carry_write(msg, len, "", text);
		ok(reads(text, msg, len), "zeros, ones");
	}
}

/* By hand: 5 bits each, the check such that the weighted sum is a multiple of
 * 1021. */
static void
the_form_is_the_written_one(void **state)
{
	char text[CARRY_TEXT];
	const uint8_t msg[] = {
	    0x02, 0x01, 0x58}; /* 00000 01000 00000 10101 1 */
	unsigned sum = 2 * 1 + 3 * 1 + 34 * 8 + 36 * 21 + 37 * 16;
	unsigned check = (1021 - sum % 1021) % 1021;
	char want[64];

	(void)state;
	carry_write(msg, sizeof(msg), "w", text);
	snprintf(want, sizeof(want), "# w\n1/1  080NG  %c%c\n",
	    alphabet[check / 32], alphabet[check % 32]);
	is_str(text, want, "the line");
}

static void
hands_may_write_as_they_like(void **state)
{
	uint8_t msg[50];
	char text[CARRY_TEXT], other[2 * CARRY_TEXT], *second;
	size_t n = 0;

	(void)state;
	fill(msg, sizeof(msg), 9);
	carry_write(msg, sizeof(msg), "", text);
	second = strchr(text, '\n') + 1;
	snprintf(other, sizeof(other), "\n  %s# aside\n\r\n%.*s%s", second,
	    (int)(second - text), text, second);
	ok(reads(other, msg, sizeof(msg)), "another order, one of them twice");
	for (const char *c = text; *c != '\0'; c++) {
		bool inside = isalnum((unsigned char)*c) &&
			      isalnum((unsigned char)c[1]) && n > 4;

		other[n++] = *c == '0'	 ? 'o'
			     : *c == '1' ? 'l'
					 : (char)tolower((unsigned char)*c);
		if (*c == '\n' || c[1] == '/' || *c == '/')
			other[n - 1] = *c;
		if (inside && c[-1] != '/' && c[1] != '/')
			other[n++] = '-';
	}
	other[n] = '\0';
	ok(reads(other, msg, sizeof(msg)), "small letters, o, l and hyphens");
}

static void
hexadecimal_is_read_too(void **state)
{
	uint8_t msg[CARRY_BYTES];
	char hex[2 * CARRY_BYTES + 2];

	(void)state;
	fill(msg, sizeof(msg), 3);
	bytes_to_hex(msg, sizeof(msg), hex);
	strcat(hex, "\n");
	ok(reads(hex, msg, sizeof(msg)), "a line of hexadecimal");
}

/* Refused, and the error has these words. */
static void
refused(const char *text, const char *words)
{
	uint8_t out[CARRY_BYTES];
	struct err e = ERR_INIT;
	size_t len;

	ok(!carry_read(text, strlen(text), out, &len, &e), "refused");
	is_err(&e, ERR_REQUEST, "refused");
	if (strstr(e.text, words) == NULL)
		is_str(e.text, words, "says what is wrong");
}

static void
one_wrong_character_is_found_in_every_place(void **state)
{
	uint8_t msg[60];
	char text[CARRY_TEXT], name[16];
	int line = 1;
	long tried = 0;

	(void)state;
	fill(msg, sizeof(msg), 5);
	carry_write(msg, sizeof(msg), "", text);
	snprintf(name, sizeof(name), "\"%d/3\"", line);
	for (char *c = text; *c != '\0'; c++) {
		char was = *c;
		bool number = c == text || c[-1] == '\n' || c[-1] == '/';

		if (was == '\n')
			snprintf(name, sizeof(name), "\"%d/3\"", ++line);
		if (!isalnum((unsigned char)was))
			continue;
		for (const char *a = alphabet; *a != '\0'; a++) {
			if (*a == was ||
			    (number && !isdigit((unsigned char)*a)))
				continue;
			*c = *a;
			refused(text, number ? "" : name);
			tried++;
		}
		*c = '?';
		refused(text, number ? "is no line" : name);
		*c = was;
	}
	is_int(tried, (60 * 8 / 5 + 3 * 2) * 31 + 6 * 9, "places tried");
}

static void
two_exchanged_characters_are_found(void **state)
{
	uint8_t msg[60];
	char text[CARRY_TEXT], *end;
	int found = 0;

	(void)state;
	fill(msg, sizeof(msg), 7);
	carry_write(msg, sizeof(msg), "", text);
	end = strchr(text, '\n');
	for (char *a = text + 4; a < end; a++)
		for (char *b = a + 1; b < end; b++) {
			char was = *a;

			if (*a == ' ' || *b == ' ' || *a == *b)
				continue;
			*a = *b;
			*b = was;
			refused(text, "\"1/3\" has a typo");
			*b = *a;
			*a = was;
			found++;
		}
	ok(found > 700, "pairs of the line");
}

static void
what_is_left_out_or_strange_is_named(void **state)
{
	uint8_t msg[60], other_msg[60];
	char text[CARRY_TEXT], other[CARRY_TEXT], mixed[2 * CARRY_TEXT];
	char *second, *third;

	(void)state;
	fill(msg, sizeof(msg), 1);
	carry_write(msg, sizeof(msg), "", text);
	second = strchr(text, '\n') + 1;
	third = strchr(second, '\n') + 1;
	snprintf(
	    mixed, sizeof(mixed), "%.*s%s", (int)(second - text), text, third);
	refused(mixed, "line 2 of 3 is missing");
	snprintf(mixed, sizeof(mixed), "%.*s%s", (int)(second - text - 1), text,
	    second);
	refused(mixed, "\"1/3\" is too long");
	snprintf(mixed, sizeof(mixed), "%.*s\n%s", (int)(second - text - 2),
	    text, second);
	refused(mixed, "\"1/3\" is too short");
	snprintf(mixed, sizeof(mixed), "%.*sA\n%s", (int)(second - text - 1),
	    text, second);
	refused(mixed, "\"1/3\" is too long");
	fill(other_msg, sizeof(other_msg), 2);
	carry_write(other_msg, sizeof(other_msg), "", other);
	snprintf(mixed, sizeof(mixed), "%s%s", text, other);
	refused(mixed, "\"1/3\" is of another message");
	carry_write(other_msg, 20, "", other);
	snprintf(mixed, sizeof(mixed), "%s%s", text, other);
	refused(mixed, "of another message");
	refused("", "no message");
	refused("# nothing\n", "no message");
	refused("hello / world", "is no line");
	refused("0/0 11111 11", "is no line");
	refused("12/12 11111 11", "is no line");
	refused("1/1 11", "too short");
	refused("02015", "no message");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {T(what_is_written_is_read),
	    T(the_form_is_the_written_one), T(hands_may_write_as_they_like),
	    T(hexadecimal_is_read_too),
	    T(one_wrong_character_is_found_in_every_place),
	    T(two_exchanged_characters_are_found),
	    T(what_is_left_out_or_strange_is_named)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
