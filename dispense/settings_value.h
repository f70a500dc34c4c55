/* SPDX-License-Identifier: Apache-2.0 */
/*
 * settings_value: the values of postage.conf(5), from text.  For
 * dispense/settings.c.
 */
#ifndef DISPENSE_SETTINGS_VALUE_H
#define DISPENSE_SETTINGS_VALUE_H

#include <stddef.h>

#include "base/err.h"

enum value_type {
	VALUE_TEXT,    /* char[] */
	VALUE_MILS,    /* mils: a sum, or "none" = -1 */
	VALUE_INT,     /* int: 0 to 9999, or "none" = -1 */
	VALUE_SWITCH,  /* bool: "yes" or "no" */
	VALUE_MISSING, /* enum missing */
	VALUE_MARK,    /* struct mark: one field of it, by mark_set() */
	VALUE_WEIGHT,  /* uint32_t, milligrams, or "none" = 0 */
	VALUE_CLOCK,   /* int: minutes of the day, or "none" = -1 */
	VALUE_HOURS,   /* struct hours: "07:00-19:00", or "none" */
	VALUE_DAYS,    /* unsigned: "mon-fri sun", bit 0 = Sunday */
	VALUE_SIZES,   /* unsigned: "label small", bits of enum mark_size */
	VALUE_MAILBY,  /* struct mailby */
	VALUE_ORDER    /* enum pool_order */
};

/* Sets what lies at `at` (`size` bytes) from `value`.  `name`: the key; the
 * word behind its blank is a class, for VALUE_MAILBY.
 * Errors: ERR_CONFIG. */
MUST_CHECK bool settings_value(enum value_type type, const char *name, void *at,
    size_t size, const char *value, struct err *e);

#endif
