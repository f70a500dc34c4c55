/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/named_file.h"

#include <stdio.h>
#include <string.h>

#include "base/durable.h"
#include "tools/as_owner.h"

#define PUBLIC_MODE 0644

bool
named_file_write(const char *path, const void *bytes, size_t len, struct err *e)
{
	if (strcmp(path, "-") == 0)
		return fwrite(bytes, 1, len, stdout) == len ||
		       err_system(e, "standard output");
	return as_caller(e) &&
	       durable_replace(path, bytes, len, PUBLIC_MODE, e);
}

bool
named_file_read(
    const char *path, size_t max, char **out, size_t *len, struct err *e)
{
	*out = NULL;
	if (strcmp(path, "-") == 0)
		path = "/dev/stdin";
	return as_caller(e) && durable_load(path, max, out, len, e);
}
