/* SPDX-License-Identifier: Apache-2.0 */
#include "vault/pin.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/durable.h"

static const char scheme[] = "credential:";

bool
pin_path(const char *source, char out[PATH_MAX], struct err *e)
{
	const char *folder = "", *name = source, *slash = "";
	int n;

	if (strncmp(source, scheme, sizeof(scheme) - 1) == 0) {
		name = source + sizeof(scheme) - 1;
		folder = secure_getenv("CREDENTIALS_DIRECTORY");
		slash = "/";
		if (folder == NULL || strchr(name, '/') != NULL)
			return err_set(e, ERR_CONFIG,
			    "no systemd credential \"%s\": see "
			    "LoadCredential= in systemd.exec(5)",
			    name);
	}
	n = snprintf(out, PATH_MAX, "%s%s%s", folder, slash, name);
	if (n < 0 || n >= PATH_MAX)
		return err_set(e, ERR_CONFIG, "PIN file: name too long");
	return true;
}

bool
pin_private(const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return err_set(e, ERR_CONFIG, "%s: %s", path, strerror(errno));
	return (st.st_mode & S_IRWXO) == 0 ||
	       err_set(e, ERR_CONFIG,
		   "%s: everybody may read this secret: `chmod 0600` it, and "
		   "find out whether somebody did",
		   path);
}

bool
pin_line(const char *source, char *out, size_t size, struct err *e)
{
	char path[PATH_MAX], text[PIN_LINE_MAX + 2];
	size_t len = 0;
	bool done;

	memset(out, 0, size);
	if (!pin_path(source, path, e))
		return false;
	done = durable_read(path, text, sizeof(text) - 1, &len, e);
	if (done) {
		text[len] = '\0';
		len = strcspn(text, "\r\n");
		done = (len > 0 && len < size) ||
		       err_set(e, ERR_CONFIG,
			   "%s: its first line is empty, or too long", path);
	}
	if (done)
		memcpy(out, text, len);
	else
		e->kind = ERR_CONFIG;
	explicit_bzero(text, sizeof(text));
	return done;
}

bool
pin_secret(const char *source, char *out, size_t size, struct err *e)
{
	char path[PATH_MAX];

	memset(out, 0, size);
	return pin_path(source, path, e) && pin_private(path, e) &&
	       pin_line(source, out, size, e);
}

bool
pin_read(const char *source, char out[PIN_BYTES], struct err *e)
{
	memset(out, 0, PIN_BYTES);
	return source[0] == '\0' || pin_line(source, out, PIN_BYTES, e) ||
	       err_prefix(e, "PIN file");
}
