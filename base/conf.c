/* SPDX-License-Identifier: Apache-2.0 */
#include "base/conf.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

struct load {
	conf_handler *handler;
	void *context;
	FILE *file;
	int line;
	int limit; /* of characters; 0: no line was longer */
	struct err err;
};

/* The rest of a line that is too long for inih would be one of its own. */
static char *
read_line(char *out, int size, void *context)
{
	struct load *l = context;
	char *read = fgets(out, size, l->file);
	size_t len = read ? strlen(read) : 0;
	int next;

	l->line++;
	if (len == 0 || read[len - 1] == '\n' || (int)len < size - 1)
		return read;
	next = fgetc(l->file);
	if (next == EOF || next == '\n')
		return read;
	l->limit = size - 1;
	return NULL;
}

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
	struct load l = {
	    .handler = handler, .context = context, .file = fopen(path, "re")};
	int line;

	if (l.file == NULL)
		return err_set(
		    e, ERR_CONFIG, "cannot read %s: %s", path, strerror(errno));
	line = ini_parse_stream(read_line, &l, one_line, &l);
	fclose(l.file);
	if (line == 0 && l.limit > 0)
		return err_set(e, ERR_CONFIG,
		    "%s:%d: longer than %d characters", path, l.line, l.limit);
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
