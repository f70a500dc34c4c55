/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/device.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/durable.h"
#include "base/text.h"

#define PREFIX	    "postage:/"
#define PREFIX_LEN  (sizeof(PREFIX) - 1)
#define SCHEME_HEAD "abcdefghijklmnopqrstuvwxyz0123456789"
#define SCHEME_CHAR SCHEME_HEAD "+-."

static const char *const never[] = {"postage", "beh", "file"};

static bool
scheme_copy(const char *uri, char *out, size_t size, struct err *e)
{
	size_t len = strspn(uri, SCHEME_CHAR);

	/* A "+" in front would be taken for the form with a secret. */
	if (strspn(uri, SCHEME_HEAD) == 0 || uri[len] != ':' || len >= size)
		return err_set(e, ERR_CONFIG,
		    "the device URI does not begin with a backend's name and a "
		    "colon");
	memcpy(out, uri, len);
	out[len] = '\0';
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (strcmp(out, never[i]) == 0)
			return err_set(e, ERR_CONFIG,
			    "a postage queue cannot print through the backend "
			    "\"%s\"",
			    out);
	return true;
}

/* scheme://user:password@host/path?query -> scheme://host/path */
static void
show(const char *uri, size_t scheme_len, char *out)
{
	const char *rest = uri + scheme_len + 1;
	size_t slashes = strspn(rest, "/"), end, keep;
	const char *at = NULL;

	rest += slashes;
	end = strcspn(rest, "/?");
	/* A password may hold an "@" of its own: the last one counts. */
	for (size_t i = 0; i < end; i++)
		if (rest[i] == '@')
			at = rest + i + 1;
	keep = (size_t)(rest - uri);
	memcpy(out, uri, keep);
	if (at == NULL)
		at = rest;
	end = strcspn(at, "?");
	memcpy(out + keep, at, end);
	out[keep + end] = '\0';
}

bool
device_parse(const char *uri, struct device *out, struct err *e)
{
	if (!text_copy(out->uri, sizeof(out->uri), uri))
		return err_set(e, ERR_CONFIG,
		    "the device URI is longer than %d characters",
		    DEVICE_URI_MAX - 1);
	for (const char *s = uri; *s; s++)
		if (*s <= ' ' || *s > '~')
			return err_set(e, ERR_CONFIG,
			    "the device URI has a character that must be "
			    "written as %%XX");
	if (!scheme_copy(uri, out->scheme, sizeof(out->scheme), e))
		return false;
	show(uri, strlen(out->scheme), out->shown);
	return true;
}

bool
device_is_secret(const struct device *d)
{
	return strcmp(d->uri, d->shown) != 0;
}

bool
device_wrap(const struct device *d, char *out, size_t size, struct err *e)
{
	int len = snprintf(
	    out, size, PREFIX "%s%s", device_is_secret(d) ? "+" : "", d->shown);

	if (len < 0 || (size_t)len >= size || len >= DEVICE_URI_MAX)
		return err_set(e, ERR_CONFIG, "the device URI is too long");
	return true;
}

/* One line of a file that nobody but root can read or write. */
static bool
secret_read(const char *path, char *out, size_t size, struct err *e)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	ssize_t len;
	bool done = false;

	if (fd < 0) {
		err_system(e, "%s", path);
		e->kind = ERR_CONFIG;
		return false;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid() || (st.st_mode & 077) != 0) {
		err_set(e, ERR_CONFIG,
		    "%s must belong to root and be readable by no one else",
		    path);
		goto out;
	}
	len = read(fd, out, size - 1);
	if (len < 0) {
		err_system(e, "%s", path);
		goto out;
	}
	out[len] = '\0';
	out[strcspn(out, "\n")] = '\0';
	done = true;
out:
	close(fd);
	return done;
}

bool
device_load(const char *wrapped, const char *secret_path, struct device *out,
    struct err *e)
{
	char line[DEVICE_URI_MAX + 1], shown[DEVICE_URI_MAX];
	const char *inner = wrapped + PREFIX_LEN;

	if (strncmp(wrapped, PREFIX, PREFIX_LEN) != 0 || *inner == '/')
		return err_set(e, ERR_CONFIG,
		    "the queue's device URI is not of the form "
		    "postage:/SCHEME:...; make the queue with \"postage queue "
		    "add\"");
	if (*inner != '+')
		return device_parse(inner, out, e);
	if (!secret_read(secret_path, line, sizeof(line), e) ||
	    !device_parse(line, out, e))
		return false;
	if (!text_copy(shown, sizeof(shown), inner + 1) ||
	    strcmp(shown, out->shown) != 0)
		return err_set(e, ERR_CONFIG,
		    "%s is not of the queue's printer; add the queue again",
		    secret_path);
	return true;
}

bool
device_secret_path(const char *conf_path, const char *queue, char *out,
    size_t size, struct err *e)
{
	return conf_beside(conf_path, "devices", queue, out, size, e);
}

bool
device_store(const char *secret_path, const struct device *d, struct err *e)
{
	char folder[PATH_MAX], line[DEVICE_URI_MAX + 1];
	const char *slash = strrchr(secret_path, '/');

	if (!device_is_secret(d)) {
		if (access(secret_path, F_OK) != 0)
			return true;
		return durable_remove(secret_path, e);
	}
	snprintf(folder, sizeof(folder), "%.*s",
	    slash ? (int)(slash - secret_path) : 1, slash ? secret_path : ".");
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return err_system(e, "cannot make the folder %s", folder);
	snprintf(line, sizeof(line), "%s\n", d->uri);
	return durable_replace(secret_path, line, strlen(line), 0600, e);
}
