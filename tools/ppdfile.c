/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ppdfile.h"

#include <cups/cups.h>
#include <stdlib.h>

static bool
read_file(const char *path, char **out, size_t *len, struct err *e)
{
	cups_file_t *f = cupsFileOpen(path, "r"); /* unpacks .gz */
	ssize_t got = 1;

	*len = 0;
	if (f == NULL)
		return err_system(e, "%s", path);
	*out = malloc(PPDWRAP_SIZE_MAX + 1);
	while (*out && got > 0 && *len <= PPDWRAP_SIZE_MAX) {
		got = cupsFileRead(f, *out + *len, PPDWRAP_SIZE_MAX + 1 - *len);
		if (got > 0)
			*len += (size_t)got;
	}
	cupsFileClose(f);
	return *out ? true : err_set(e, ERR_SYSTEM, "out of memory");
}

bool
ppdfile_wrap(const char *path, const struct ppdwrap_rules *rules, FILE *out,
    struct ppdwrap_report *report, struct err *e)
{
	char *text = NULL;
	size_t len;
	bool done = false;

	if (!read_file(path, &text, &len, e))
		goto out;
	done = ppdwrap(text, len, rules, out, report, e) ||
	       err_prefix(e, "%s", path);
out:
	free(text);
	return done;
}
