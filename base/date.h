/* SPDX-License-Identifier: Apache-2.0 */
/*
 * date: calendar dates without time or zone, as postage uses them.
 *
 * A date is its decimal number YYYYMMDD (20261121), as the indicium holds it;
 * 0 is "none".  Arithmetic is on days since 2000-01-01 (the extension fields'
 * count), proleptic Gregorian, 2000-01-01 to 2179-06-06 (u16 days).
 */
#ifndef BASE_DATE_H
#define BASE_DATE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define DATE_TEXT 11 /* "2026-11-21" and NUL */

bool date_valid(uint32_t yyyymmdd);

/* "2026-11-21" or "20261121"; the whole string; false if it is no date. */
bool date_parse(const char *text, uint32_t *yyyymmdd);
const char *date_format(uint32_t yyyymmdd, char out[DATE_TEXT]);

/* Days since 2000-01-01 of a valid date, and back. */
uint16_t date_to_days(uint32_t yyyymmdd);
uint32_t date_from_days(uint16_t days);

/* The date `days` later (or earlier); clamped to the range above. */
uint32_t date_add(uint32_t yyyymmdd, int days);

/* The local calendar date at `when`, and when a valid date begins here. */
uint32_t date_local(time_t when);
time_t date_begin(uint32_t yyyymmdd);

/* The first day of the month of this date, and of the next one. */
uint32_t date_month(uint32_t yyyymmdd);
uint32_t date_month_next(uint32_t yyyymmdd);

#endif
