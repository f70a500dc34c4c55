/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pin: reads a PIN, or another secret, from where an administrator keeps it.
 */
#ifndef VAULT_PIN_H
#define VAULT_PIN_H

#include <limits.h>
#include <stddef.h>

#include "base/err.h"

#define PIN_BYTES    65 /* longest PIN and NUL */
#define PIN_LINE_MAX 1024

/* The file of a source.  Errors: ERR_CONFIG (too long, no such credential). */
MUST_CHECK bool pin_path(const char *source, char out[PATH_MAX], struct err *e);

/* Those who are neither its owner nor of its group may not read this file.
 * Errors: ERR_CONFIG (they may, it is not there). */
MUST_CHECK bool pin_private(const char *path, struct err *e);

/* `source` is a file, or "credential:NAME" for a systemd credential of this
 * service; its first line is the PIN.  "" gives "" (no PIN).  The caller erases
 * `out`.  Errors: ERR_CONFIG. */
MUST_CHECK bool
pin_read(const char *source, char out[PIN_BYTES], struct err *e);

/* The same of any secret of less than `size` bytes, at most PIN_LINE_MAX; it must
 * be there.  Errors: ERR_CONFIG. */
MUST_CHECK bool
pin_line(const char *source, char *out, size_t size, struct err *e);

/* The same of one that everybody else may not read: pin_private(). */
MUST_CHECK bool
pin_secret(const char *source, char *out, size_t size, struct err *e);

#endif
