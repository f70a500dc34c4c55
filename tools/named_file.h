/* SPDX-License-Identifier: Apache-2.0 */
/*
 * named_file: files that the person at the keyboard names, "-" for standard
 * input and output.  They are opened as that person: both functions call
 * as_caller() first, so as_owner() comes again before the vault's own files.
 */
#ifndef TOOLS_NAMED_FILE_H
#define TOOLS_NAMED_FILE_H

#include <stddef.h>

#include "base/err.h"

/* Writes all of it, for everyone to read (0644), in the place of what was
 * there. */
MUST_CHECK bool named_file_write(
    const char *path, const void *bytes, size_t len, struct err *e);

/* Reads the whole file, at most `max` bytes, with a NUL behind it; the caller
 * frees *out, which is NULL after an error.  Errors: as durable_load(). */
MUST_CHECK bool named_file_read(
    const char *path, size_t max, char **out, size_t *len, struct err *e);

#endif
