/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/button_uri.h"

#include <stdio.h>
#include <string.h>

bool
button_is_rom(const char *text)
{
	return strlen(text) == BUTTON_ROM - 1 &&
	       strspn(text, "0123456789ABCDEF") == 2 && text[2] == '.' &&
	       strspn(text + 3, "0123456789ABCDEF") == 12;
}

static bool
is_number(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len < 6 && strspn(text, "0123456789") == len;
}

/* Nothing that libow would take for an option. */
static bool
take_bus(const char *text, char out[BUTTON_BUS])
{
	size_t len = strlen(text);
	const char *port = strrchr(text, ':');

	if (len >= BUTTON_BUS || port == NULL || port == text ||
	    text[0] == '-' || !is_number(port + 1) ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789.-:") != len)
		return false;
	memcpy(out, text, len + 1);
	return true;
}

static bool
take_button(const char *text, struct button_uri *out)
{
	const char *page = strchr(text, '/');
	size_t len = page != NULL ? (size_t)(page - text) : strlen(text);

	if (len >= BUTTON_ROM)
		return false;
	memcpy(out->rom, text, len);
	out->rom[len] = '\0';
	if (page != NULL &&
	    (len == 0 || strlen(page) > 4 || !is_number(page + 1) ||
		sscanf(page + 1, "%u", &out->page) != 1 ||
		out->page >= BUTTON_NO_PAGE))
		return false;
	return len == 0 || button_is_rom(out->rom);
}

bool
button_uri_parse(const char *rest, struct button_uri *out, struct err *e)
{
	char button[32] = "";
	size_t len = strcspn(rest, "@");

	*out = (struct button_uri){
	    .page = BUTTON_NO_PAGE, .bus = BUTTON_BUS_DEFAULT};
	if (len < sizeof(button))
		memcpy(button, rest, len);
	if (len < sizeof(button) && take_button(button, out) &&
	    (rest[len] == '\0' || take_bus(rest + len + 1, out->bus)))
		return true;
	return err_set(e, ERR_CONFIG,
	    "\"button:%s\" names no button: write button: or "
	    "button:0C.0123456789AB, and @HOST:PORT behind it where owserver "
	    "is elsewhere",
	    rest);
}

bool
button_uri_format(const struct button_uri *in, char *out, size_t size)
{
	bool elsewhere = strcmp(in->bus, BUTTON_BUS_DEFAULT) != 0;
	char page[8] = "";
	int n;

	if (in->page != BUTTON_NO_PAGE)
		snprintf(page, sizeof(page), "/%u", in->page & 0xff);
	n = snprintf(out, size, "button:%s%s%s%s", in->rom, page,
	    elsewhere ? "@" : "", elsewhere ? in->bus : "");
	return n > 0 && (size_t)n < size;
}

bool
button_uri_is_local(const struct button_uri *in)
{
	return strncmp(in->bus, "localhost:", 10) == 0 ||
	       strncmp(in->bus, "127.0.0.1:", 10) == 0 ||
	       strncmp(in->bus, "::1:", 4) == 0;
}
