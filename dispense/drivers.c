/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/drivers.h"

#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Where drivers lie, by shell patterns; a "*" is one name. */
static const char *const folders[] = {"/usr/lib/cups/filter",
    "/usr/lib64/cups/filter", "/usr/libexec/cups/filter", "/opt/*/cups/filter",
    "/opt/*/cups/lib/filter", "/opt/*/lib/cups/filter"};

bool
drivers_is_clean(const char *name, size_t len)
{
	static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "abcdefghijklmnopqrstuvwxyz"
				   "0123456789._+-/";
	const char *slash = memchr(name, '/', len);
	bool begins = slash == NULL;

	if (len == 0 || (slash != NULL && slash != name))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (name[i] == '\0' || strchr(good, name[i]) == NULL ||
		    (begins && strchr("./-", name[i]) != NULL) ||
		    (i > 0 && name[i] == '.' && name[i - 1] == '.'))
			return false;
		begins = name[i] == '/';
	}
	if (slash == NULL)
		return name[0] != '.' && name[0] != '-';
	return !begins;
}

static bool
is_listed(const char *name, const char *folder, const char *more)
{
	while (more != NULL && *more != '\0') {
		size_t len;

		more += strspn(more, " \t");
		len = strcspn(more, " \t");
		if (len > 1 && drivers_is_clean(more, len) && *more == '/' &&
		    ((strncmp(more, name, len) == 0 && name[len] == '\0') ||
			(strncmp(more, folder, len) == 0 &&
			    folder[len] == '\0')))
			return true;
		more += len;
	}
	return false;
}

bool
drivers_allow(const char *name, const char *serverbin, const char *more)
{
	const char *slash = strrchr(name, '/');
	char folder[PATH_MAX], own[PATH_MAX];

	if (!drivers_is_clean(name, strlen(name)))
		return false;
	if (slash == NULL)
		return true;
	if (snprintf(folder, sizeof(folder), "%.*s", (int)(slash - name),
		name) >= (int)sizeof(folder) ||
	    snprintf(own, sizeof(own), "%s/filter",
		serverbin != NULL ? serverbin : POSTAGE_SERVERBIN) >=
		(int)sizeof(own))
		return false;
	if (strcmp(folder, own) == 0)
		return true;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (fnmatch(folders[i], folder, FNM_PATHNAME) == 0)
			return true;
	return is_listed(name, folder, more);
}
