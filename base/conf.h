/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conf: reads a configuration file of sections and `key = value` lines.
 *
 * The caller gives a handler that knows the keys.  A key or section that the
 * handler does not know is an error that names file and line: nothing is
 * skipped in silence.
 */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include <stddef.h>

#include "base/err.h"

/* One line.  `section` is "" before the first [section].  Returns false with
 * *e set (text without file and line; conf_load() puts them before it). */
typedef bool conf_handler(void *context, const char *section, const char *key,
    const char *value, struct err *e);

/* Reads `path` to its end or the first error.
 * Errors: ERR_CONFIG "<path>:<line>: ..." (also a line, comments too, of more
 * than 199 characters); ERR_CONFIG if it cannot be read. */
MUST_CHECK bool conf_load(
    const char *path, conf_handler *handler, void *context, struct err *e);

/* The file of `queue` in `folder` beside a configuration file.
 * Errors: ERR_CONFIG (a name no queue has, too long a path). */
MUST_CHECK bool conf_beside(const char *conf_path, const char *folder,
    const char *queue, char *out, size_t size, struct err *e);

#endif
