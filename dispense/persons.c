/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/persons.h"

#include <stdio.h>
#include <string.h>

/* Accounts that are worked as, by people who have names. */
static const char *const nobodys[] = {"root", "postage"};

static char
plain(char c)
{
	return c == ' ' || c == '/' ? '_' : c;
}

/* The next name, of *len characters; *at moves behind it.  NULL: no more. */
static const char *
next_name(const char **at, size_t *len)
{
	const char *name = *at;

	*len = strcspn(name, "/ ");
	*at = name + *len + (name[*len] == '/');
	return *len > 0 ? name : NULL;
}

static bool
is_name(const char *name, size_t len, const char *user)
{
	size_t full = strlen(user);

	if (len != (full < PERSON_NAME_MAX ? full : PERSON_NAME_MAX))
		return false;
	for (size_t i = 0; i < len; i++)
		if (name[i] != plain(user[i]))
			return false;
	return true;
}

bool
persons_include(const char *person, const char *user)
{
	const char *name;
	size_t len;

	while ((name = next_name(&person, &len)) != NULL)
		if (is_name(name, len, user))
			return true;
	return false;
}

void
persons_add(char *out, size_t size, const char *user)
{
	size_t used = strlen(out);

	if (persons_include(out, user) || used + PERSON_NAME_MAX + 2 > size)
		return;
	snprintf(out + used, size - used, "%s%.*s", used ? "/" : "",
	    PERSON_NAME_MAX, user);
	for (char *c = out + used + (used > 0); *c != '\0'; c++)
		*c = plain(*c);
}

static bool
is_nobody(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(nobodys) / sizeof(nobodys[0]); i++)
		if (is_name(name, len, nobodys[i]))
			return true;
	return false;
}

bool
persons_are_behind(const char *user)
{
	return is_nobody(user, strlen(user));
}

static bool
names_somebody(const char *person)
{
	const char *name;
	size_t len;

	while ((name = next_name(&person, &len)) != NULL)
		if (!is_nobody(name, len))
			return true;
	return false;
}

bool
persons_differ(const char *a, const char *b)
{
	char user[PERSON_NAME_MAX + 1];
	const char *name;
	size_t len;

	if (!names_somebody(a) || !names_somebody(b))
		return false;
	while ((name = next_name(&a, &len)) != NULL) {
		snprintf(user, sizeof(user), "%.*s", (int)len, name);
		if (!is_nobody(name, len) && persons_include(b, user))
			return false;
	}
	return true;
}
