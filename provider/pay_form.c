/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/pay_form.h"

#include <stdio.h>
#include <string.h>

static void
put_char(struct pay_form *out, char c)
{
	if (out->len + 1 >= sizeof(out->text)) {
		out->full = true;
		return;
	}
	out->text[out->len++] = c;
	out->text[out->len] = '\0';
}

static bool
stays(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c != '\0' && strchr("-._*", c));
}

static void
put_escaped(struct pay_form *out, const char *s)
{
	static const char hex[] = "0123456789ABCDEF";

	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (stays(*s)) {
			put_char(out, *s);
		} else if (c == ' ') {
			put_char(out, '+');
		} else {
			put_char(out, '%');
			put_char(out, hex[c >> 4]);
			put_char(out, hex[c & 15]);
		}
	}
}

void
pay_form_put(struct pay_form *out, const char *name, const char *value)
{
	if (out->len > 0)
		put_char(out, '&');
	put_escaped(out, name);
	put_char(out, '=');
	put_escaped(out, value);
}

void
pay_form_put_int(struct pay_form *out, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	pay_form_put(out, name, text);
}
