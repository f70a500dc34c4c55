/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calendar: on which days mail is collected.
 *
 * A file of holidays holds one date a line, YYYY-MM-DD, and behind a blank or
 * tab what it is; lines that begin with "#" and empty lines are skipped.
 */
#ifndef DISPENSE_CALENDAR_H
#define DISPENSE_CALENDAR_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/err.h"

#define CALENDAR_MAX	  1024 /* holidays of a file */
#define CALENDAR_FILE_MAX 65536

struct calendar {
	size_t count;
	uint32_t holiday[CALENDAR_MAX]; /* YYYYMMDD */
};

/* Errors: ERR_CONFIG "<name>:<line>: ...". */
MUST_CHECK bool calendar_parse(const char *text, size_t len, const char *name,
    struct calendar *out, struct err *e);

/* Reads the file `path`; "" is a calendar without holidays.
 * Errors: ERR_CONFIG. */
MUST_CHECK bool
calendar_load(const char *path, struct calendar *out, struct err *e);

/* 0 = Sunday. */
int calendar_weekday(uint32_t date);

/* The first day from `date` on that is one of `weekdays` (bit 0 = Sunday) and
 * no holiday; 0 where none is within a year. */
uint32_t
calendar_collection(const struct calendar *c, unsigned weekdays, uint32_t date);

/* The local minute of the day. */
int calendar_minute(time_t when);

#endif
