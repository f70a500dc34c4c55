/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules: what of postage.conf cannot be meant so: lists that are missing,
 * groups without members, classes that the rate table lacks.
 */
#ifndef TOOLS_RULES_H
#define TOOLS_RULES_H

#include "dispense/settings.h"

/* One thing looked at; `remedy` where it is not good. */
typedef void rules_fn(void *context, const char *what, bool good,
    const char *detail, const char *remedy);

/* `today` is YYYYMMDD. */
void rules_check(
    const struct settings *s, uint32_t today, rules_fn *fn, void *context);

#endif
