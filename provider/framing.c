/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/framing.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

/* RFC 9110, section 5.6.2 */
static bool
is_token(const char *s, size_t len)
{
	static const char also[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < len; i++) {
		char c = s[i];
		bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9');

		if (!alnum && (c == '\0' || strchr(also, c) == NULL))
			return false;
	}
	return len > 0;
}

static bool
is_clean(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static bool
named(const struct framing_field *f, const char *name)
{
	return strlen(name) == f->name_len &&
	       strncasecmp(f->name, name, f->name_len) == 0;
}

/* The one with this name, or NULL. */
static const struct framing_field *
find(const struct framing_head *head, const char *name)
{
	for (size_t i = 0; i < head->fields; i++)
		if (named(&head->field[i], name))
			return &head->field[i];
	return NULL;
}

static const char *
check_fields(const struct framing_head *head)
{
	static const char *const once[] = {"Host", "Content-Length",
	    "Transfer-Encoding", "Authorization", "Content-Type"};

	for (size_t i = 0; i < head->fields; i++) {
		const struct framing_field *f = &head->field[i];

		if (!is_token(f->name, f->name_len))
			return "the name of a header is no token";
		if (!is_clean(f->value, f->value_len))
			return "a header has control characters";
	}
	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++) {
		const struct framing_field *f = find(head, once[i]);

		for (size_t k = 0; f != NULL && k < head->fields; k++)
			if (&head->field[k] != f &&
			    named(&head->field[k], once[i]))
				return "a header that may come once came "
				       "twice";
	}
	return NULL;
}

static const char *
check_host(const struct framing_head *head)
{
	const struct framing_field *host = find(head, "Host");

	if (host == NULL)
		return strcmp(head->version, "HTTP/1.0") == 0
			   ? NULL
			   : "there is no Host";
	for (size_t i = 0; i < host->value_len; i++)
		if (host->value[i] == '\0' ||
		    strchr(" \t,/@\\?#", host->value[i]) != NULL)
			return "Host names no host";
	return NULL;
}

/* False: not a number, or one that no body has. */
static bool
read_length(const struct framing_field *f, size_t *out)
{
	size_t n = 0;

	if (f->value_len == 0 || f->value_len > 18)
		return false;
	for (size_t i = 0; i < f->value_len; i++) {
		if (f->value[i] < '0' || f->value[i] > '9')
			return false;
		n = n * 10 + (size_t)(f->value[i] - '0');
	}
	*out = n;
	return true;
}

static bool
is_json(const struct framing_field *type)
{
	static const char json[] = "application/json";
	size_t len = sizeof(json) - 1;

	return type != NULL && type->value_len >= len &&
	       strncasecmp(type->value, json, len) == 0 &&
	       (type->value_len == len || type->value[len] == ';' ||
		   type->value[len] == ' ');
}

static void
refuse(struct framing *out, int status, const char *why)
{
	out->status = status;
	out->why = why;
}

static bool
is_one_of(const char *const *list, const char *word)
{
	for (; *list; list++)
		if (strcmp(*list, word) == 0)
			return true;
	return false;
}

static void
check_body(
    const struct framing_head *head, size_t body_max, struct framing *out)
{
	static const char *const with_body[] = {"POST", "PUT", "PATCH", NULL};

	if (out->body_len == 0)
		return;
	if (!is_one_of(with_body, head->method))
		refuse(out, 400, "this method has no body");
	else if (out->body_len > body_max)
		refuse(out, 413, "the body is too large");
	else if (!is_json(find(head, "Content-Type")))
		refuse(out, 415, "the body must be application/json");
}

void
framing_check(
    const struct framing_head *head, size_t body_max, struct framing *out)
{
	static const char *const methods[] = {
	    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", NULL};
	const struct framing_field *length = find(head, "Content-Length");
	const struct framing_field *expect = find(head, "Expect");
	const char *wrong = check_fields(head);

	*out = (struct framing){0};
	if (wrong == NULL)
		wrong = check_host(head);
	if (wrong == NULL && find(head, "Transfer-Encoding") != NULL)
		wrong = "a body must have its length said: no "
			"Transfer-Encoding";
	if (wrong == NULL && length != NULL &&
	    !read_length(length, &out->body_len))
		wrong = "Content-Length is no number";
	if (wrong != NULL)
		refuse(out, 400, wrong);
	else if (!is_one_of(methods, head->method))
		refuse(out, 405, "not a method of this service");
	else if (expect != NULL &&
		 (expect->value_len != 12 ||
		     strncasecmp(expect->value, "100-continue", 12) != 0))
		refuse(out, 417, "nothing but 100-continue can be expected");
	else
		check_body(head, body_max, out);
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The next character, decoded, and where the one behind it is; -1: a wrong
 * escape. */
static int
decode_one(const char **s)
{
	int high, low;

	if (**s != '%')
		return (unsigned char)*(*s)++;
	high = hex_value((*s)[1]);
	low = high < 0 ? -1 : hex_value((*s)[2]);
	if (low < 0)
		return -1;
	*s += 3;
	return high * 16 + low;
}

/* Dots alone, one or two, between slashes. */
struct segment {
	size_t len;
	bool dots;
};

static bool
is_bad_end(const struct segment *g, bool last)
{
	return (g->len == 0 && !last) || (g->dots && g->len > 0 && g->len < 3);
}

const char *
framing_check_target(const char *target)
{
	const char *s = target;
	struct segment g = {0, true};
	bool in_path = true;

	if (*s++ != '/')
		return "not a path";
	while (*s) {
		bool plain = *s != '%';
		int c;

		if (*s <= ' ' || *s > '~' || *s == '#' || *s == '\\')
			return "a character of the path must be escaped";
		c = decode_one(&s);
		if (c < ' ' || c == 0x7f)
			return "a wrong escape in the path";
		if (!in_path)
			continue;
		if (plain && (c == '?' || c == '/')) {
			if (is_bad_end(&g, c == '?'))
				return "a path with \"//\", \".\" or \"..\"";
			g = (struct segment){0, true};
			in_path = c == '/';
			continue;
		}
		if (c == '/')
			return "a wrong escape in the path";
		g.len++;
		g.dots = g.dots && c == '.';
	}
	if (in_path && is_bad_end(&g, true))
		return "a path with \"//\", \".\" or \"..\"";
	return NULL;
}
