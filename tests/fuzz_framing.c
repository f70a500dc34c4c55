/* SPDX-License-Identifier: Apache-2.0 */
/* The guard of the HTTP server alone.  The first line of the input is method,
 * target and version, each other one a header; what is let through keeps the rules
 * of provider/framing.h, as they are looked for here in another way. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "provider/framing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BODY_MAX 100

static void
must(bool true_here)
{
	if (!true_here)
		abort();
}

/* Cuts a line off; NULL: there is none. */
static char *
next_line(char **rest)
{
	char *line = *rest, *end;

	if (line == NULL)
		return NULL;
	end = strchr(line, '\n');
	*rest = end ? end + 1 : NULL;
	if (end != NULL)
		*end = '\0';
	return line;
}

static char *
next_word(char **rest)
{
	char *word = *rest;

	*rest += strcspn(*rest, " ");
	if (**rest)
		*(*rest)++ = '\0';
	return word;
}

static size_t
count(const struct framing_head *head, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < head->fields; i++)
		n += head->field[i].name_len == strlen(name) &&
		     strncasecmp(head->field[i].name, name, strlen(name)) == 0;
	return n;
}

static void
check_head(const struct framing_head *head)
{
	struct framing f;

	framing_check(head, BODY_MAX, &f);
	if (f.status != 0) {
		must(f.why != NULL && f.status >= 400 && f.status < 500);
		return;
	}
	must(f.why == NULL && f.body_len <= BODY_MAX);
	must(count(head, "transfer-encoding") == 0);
	must(count(head, "CONTENT-LENGTH") <= 1);
	must(count(head, "content-length") == 1 || f.body_len == 0);
	must(count(head, "host") == 1 ||
	     (count(head, "host") == 0 &&
		 strcmp(head->version, "HTTP/1.0") == 0));
	must(f.body_len == 0 ||
	     (head->method[0] == 'P' && count(head, "content-type") == 1));
	for (size_t i = 0; i < head->fields; i++) {
		const struct framing_field *h = &head->field[i];

		must(h->name_len > 0);
		for (size_t k = 0; k < h->name_len; k++)
			must(isgraph((unsigned char)h->name[k]) &&
			     h->name[k] != ':');
		for (size_t k = 0; k < h->value_len; k++)
			must(h->value[k] == '\t' ||
			     !iscntrl((unsigned char)h->value[k]));
	}
}

static void
check_target(const char *target)
{
	size_t path = strcspn(target, "?");

	if (framing_check_target(target) != NULL)
		return;
	must(target[0] == '/');
	for (const char *p = target; *p; p++)
		must(isgraph((unsigned char)*p));
	for (size_t i = 0; i + 1 < path; i++)
		must(target[i] != '/' || target[i + 1] != '/');
	must(strstr(target, "%00") == NULL && strstr(target, "%0a") == NULL);
	must(strncmp(target, "/../", 4) != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct framing_head head = {.fields = 0};
	char *text = malloc(size + 1), *rest = text, *first, *line;

	must(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	first = next_line(&rest);
	head.method = next_word(&first);
	check_target(next_word(&first));
	head.version = first;
	while (head.fields < FRAMING_FIELDS_MAX &&
	       (line = next_line(&rest)) != NULL) {
		struct framing_field *f = &head.field[head.fields++];

		f->name = line;
		f->name_len = strcspn(line, ":");
		f->value = line + f->name_len + (line[f->name_len] == ':');
		f->value_len = strlen(f->value);
	}
	check_head(&head);
	free(text);
	return 0;
}
