/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device: the printer behind a postage queue, as the queue's device URI names
 * it.
 *
 *	postage:/socket://printer.local:9100
 *	postage:/+ipps://printer.local:631/ipp/print
 *
 * The first form holds the real device URI as it is.  CUPS writes a queue's
 * device URI into logs, and every filter of the job gets it; so a URI with
 * credentials or a query is kept in a file that only root reads, and the "+"
 * form shows the rest of it.  The file is <folder of postage.conf>/devices/
 * <queue>, one line.
 *
 * Everything here is pure but device_load() and device_store().
 */
#ifndef DISPENSE_DEVICE_H
#define DISPENSE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define DEVICE_SCHEME_MAX 32
#define DEVICE_URI_MAX	  1024 /* HTTP_MAX_URI of CUPS */

struct device {
	char scheme[DEVICE_SCHEME_MAX]; /* of the real backend */
	char uri[DEVICE_URI_MAX];	/* real, with credentials */
	char shown[DEVICE_URI_MAX];	/* without credentials and query */
};

/* Checks a real device URI and takes it apart.
 * Errors: ERR_CONFIG: no scheme, characters other than printable ASCII, too
 * long, or a scheme that must not be wrapped: our own (endless), beh (it
 * prints again by itself), file. */
MUST_CHECK bool
device_parse(const char *uri, struct device *out, struct err *e);

/* True if the URI must not stand in the queue's device URI. */
bool device_is_secret(const struct device *d);

/* The queue's device URI for `d`. */
MUST_CHECK bool
device_wrap(const struct device *d, char *out, size_t size, struct err *e);

/* The printer behind `wrapped`, reading `secret_path` for the "+" form.
 * Errors: ERR_CONFIG as device_parse(), not ours, or the file is missing, not
 * root's alone, or of another printer. */
MUST_CHECK bool device_load(const char *wrapped, const char *secret_path,
    struct device *out, struct err *e);

/* Where the URI of `queue` is kept, beside the configuration file.
 * Errors: ERR_CONFIG (a name no queue has, too long a path). */
MUST_CHECK bool device_secret_path(const char *conf_path, const char *queue,
    char *out, size_t size, struct err *e);

/* Writes the file of `d` (0600), or removes it where `d` is no secret. */
MUST_CHECK bool
device_store(const char *secret_path, const struct device *d, struct err *e);

#endif
