/* SPDX-License-Identifier: Apache-2.0 */
/*
 * durable: every write that must survive a crash.
 *
 * durable_replace() gives a file new contents as one step: after a crash at
 * any instruction the old contents or the new ones are there, whole.
 * durable_write_at() writes inside an open file and returns when it is on the
 * medium; the caller owns the question of a half-written range (two slots).
 * Nothing else in the project calls fsync(2) or rename(2) (SQLite apart).
 */
#ifndef BASE_DURABLE_H
#define BASE_DURABLE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Writes a unique temporary file beside `path` with `mode`, syncs, renames it
 * over `path`, syncs the directory.
 * Errors: ERR_SYSTEM (the old file is untouched). */
MUST_CHECK bool durable_replace(
    const char *path, const void *ptr, size_t len, mode_t mode, struct err *e);

/* As durable_replace(), but ERR_SYSTEM with "exists" if `path` is there. */
MUST_CHECK bool durable_create(
    const char *path, const void *ptr, size_t len, mode_t mode, struct err *e);

/* Makes the folder `path` with `mode` and syncs the one it is in; a folder that
 * is there is no error.  Errors: ERR_SYSTEM. */
MUST_CHECK bool durable_mkdir(const char *path, mode_t mode, struct err *e);

/* Writes all of `ptr` at `offset` and syncs the file's data. */
MUST_CHECK bool durable_write_at(
    int fd, off_t offset, const void *ptr, size_t len, struct err *e);

/* Syncs what was written to `fd` by other means (a spool stream). */
MUST_CHECK bool durable_sync(int fd, struct err *e);

/* Removes `path` and syncs its directory; a missing file is no error. */
MUST_CHECK bool durable_remove(const char *path, struct err *e);

/* Reads a whole file of at most `size` bytes; *len = bytes read.
 * Errors: ERR_SYSTEM (open, read), ERR_CORRUPT (longer than `size`). */
MUST_CHECK bool durable_read(
    const char *path, void *ptr, size_t size, size_t *len, struct err *e);

/* The same on the heap, with a NUL behind it; the caller frees *out, which is
 * NULL after an error.  Errors: also ERR_SYSTEM (memory). */
MUST_CHECK bool durable_load(
    const char *path, size_t max, char **out, size_t *len, struct err *e);

#endif
