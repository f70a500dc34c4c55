/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const kind_names[ERR_KINDS] = {
    [ERR_NONE] = "ERR_NONE",
    [ERR_REQUEST] = "ERR_REQUEST",
    [ERR_FUNDS] = "ERR_FUNDS",
    [ERR_DENIED] = "ERR_DENIED",
    [ERR_ABSENT] = "ERR_ABSENT",
    [ERR_BUSY] = "ERR_BUSY",
    [ERR_CONFIG] = "ERR_CONFIG",
    [ERR_CORRUPT] = "ERR_CORRUPT",
    [ERR_SYSTEM] = "ERR_SYSTEM",
};

bool
err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	e->kind = kind;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return false;
}

bool
err_system(struct err *e, const char *fmt, ...)
{
	int saved = errno;
	size_t len;
	va_list ap;

	e->kind = ERR_SYSTEM;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	len = strlen(e->text);
	snprintf(e->text + len, sizeof(e->text) - len, ": %s", strerror(saved));
	errno = saved;
	return false;
}

bool
err_prefix(struct err *e, const char *fmt, ...)
{
	char old[sizeof(e->text)];
	size_t len;
	va_list ap;

	memcpy(old, e->text, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	len = strlen(e->text);
	snprintf(e->text + len, sizeof(e->text) - len, ": %s", old);
	return false;
}

const char *
err_kind_name(enum err_kind kind)
{
	return kind >= 0 && kind < ERR_KINDS ? kind_names[kind] : "ERR_?";
}
