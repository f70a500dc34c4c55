/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ppdfile: ppdwrap() for a PPD in a file.
 */
#ifndef TOOLS_PPDFILE_H
#define TOOLS_PPDFILE_H

#include <stdio.h>

#include "base/err.h"
#include "tools/ppdwrap.h"

/* Writes what a postage queue gets for the PPD `path` (also .gz) to `out`.
 * Errors: ERR_SYSTEM, as ppdwrap(). */
MUST_CHECK bool
ppdfile_wrap(const char *path, const struct ppdwrap_rules *rules, FILE *out,
    struct ppdwrap_report *report, struct err *e);

#endif
