/* SPDX-License-Identifier: Apache-2.0 */
#include "base/conf.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

struct load {
	conf_handler *handler;
	void *context;
	struct err err;
};

static int
one_line(void *user, const char *section, const char *key, const char *value)
{
	struct load *l = user;

	if (l->err.kind != ERR_NONE)
		return 1;
	return l->handler(
	    l->context, section, key, value ? value : "", &l->err);
}

bool
conf_load(const char *path, conf_handler *handler, void *context, struct err *e)
{
	struct load l = {.handler = handler, .context = context};
	FILE *f = fopen(path, "re");
	int line;

	if (f == NULL)
		return err_set(
		    e, ERR_CONFIG, "cannot read %s: %s", path, strerror(errno));
	line = ini_parse_file(f, one_line, &l);
	fclose(f);
	if (line == 0)
		return true;
	/* inih gives the line of the first error, its own or the handler's */
	if (l.err.kind == ERR_NONE)
		return err_set(e, ERR_CONFIG,
		    "%s:%d: not a [section] or `key = value` line", path, line);
	return err_set(e, ERR_CONFIG, "%s:%d: %s", path, line, l.err.text);
}

bool
conf_beside(const char *conf_path, const char *folder, const char *queue,
    char *out, size_t size, struct err *e)
{
	const char *slash = strrchr(conf_path, '/');
	int head = slash ? (int)(slash - conf_path) : 1, len;

	/* CUPS's own rule for names of queues, and no file name tricks. */
	if (*queue == '\0' || *queue == '.' || strlen(queue) > 127 ||
	    strpbrk(queue, "/#? \t\n'\"\\") != NULL)
		return err_set(
		    e, ERR_CONFIG, "\"%s\" is no name of a queue", queue);
	len = snprintf(out, size, "%.*s/%s/%s", head, slash ? conf_path : ".",
	    folder, queue);
	if (len < 0 || (size_t)len >= size)
		return err_set(e, ERR_CONFIG, "%s: too long a path", conf_path);
	return true;
}
