/* SPDX-License-Identifier: Apache-2.0 */
#include "base/date.h"

#include <stdio.h>
#include <string.h>

#define DAYS_MAX UINT16_MAX

static bool
leap(uint32_t y)
{
	return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static uint32_t
month_days(uint32_t y, uint32_t m)
{
	static const uint8_t days[] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return m == 2 && leap(y) ? 29 : days[m - 1];
}

static uint32_t
join(uint32_t y, uint32_t m, uint32_t d)
{
	return y * 10000 + m * 100 + d;
}

bool
date_valid(uint32_t yyyymmdd)
{
	uint32_t y = yyyymmdd / 10000, m = yyyymmdd / 100 % 100;
	uint32_t d = yyyymmdd % 100;

	return y >= 2000 && yyyymmdd <= 21790606 && m >= 1 && m <= 12 &&
	       d >= 1 && d <= month_days(y, m);
}

bool
date_parse(const char *text, uint32_t *yyyymmdd)
{
	bool dashed = strlen(text) == 10;
	uint32_t value = 0;

	if (!dashed && strlen(text) != 8)
		return false;
	for (int i = 0; text[i]; i++) {
		if (dashed && (i == 4 || i == 7)) {
			if (text[i] != '-')
				return false;
			continue;
		}
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (uint32_t)(text[i] - '0');
	}
	if (!date_valid(value))
		return false;
	*yyyymmdd = value;
	return true;
}

const char *
date_format(uint32_t yyyymmdd, char out[DATE_TEXT])
{
	snprintf(out, DATE_TEXT, "%04u-%02u-%02u", yyyymmdd / 10000 % 10000,
	    yyyymmdd / 100 % 100, yyyymmdd % 100);
	return out;
}

uint16_t
date_to_days(uint32_t yyyymmdd)
{
	uint32_t y = yyyymmdd / 10000, m = yyyymmdd / 100 % 100;
	uint32_t days = yyyymmdd % 100 - 1;

	for (uint32_t i = 2000; i < y; i++)
		days += leap(i) ? 366 : 365;
	for (uint32_t i = 1; i < m; i++)
		days += month_days(y, i);
	return (uint16_t)days;
}

uint32_t
date_from_days(uint16_t days)
{
	uint32_t left = days, y = 2000, m = 1;

	for (; left >= (leap(y) ? 366U : 365U); y++)
		left -= leap(y) ? 366 : 365;
	for (; left >= month_days(y, m); m++)
		left -= month_days(y, m);
	return join(y, m, left + 1);
}

uint32_t
date_add(uint32_t yyyymmdd, int days)
{
	int64_t sum = (int64_t)date_to_days(yyyymmdd) + days;

	if (sum < 0)
		sum = 0;
	if (sum > DAYS_MAX)
		sum = DAYS_MAX;
	return date_from_days((uint16_t)sum);
}

uint32_t
date_local(time_t when)
{
	struct tm tm;

	localtime_r(&when, &tm);
	return join((uint32_t)tm.tm_year + 1900, (uint32_t)tm.tm_mon + 1,
	    (uint32_t)tm.tm_mday);
}

time_t
date_begin(uint32_t yyyymmdd)
{
	struct tm tm = {.tm_year = (int)(yyyymmdd / 10000) - 1900,
	    .tm_mon = (int)(yyyymmdd / 100 % 100) - 1,
	    .tm_mday = (int)(yyyymmdd % 100),
	    .tm_isdst = -1};

	return mktime(&tm);
}

uint32_t
date_month(uint32_t yyyymmdd)
{
	return yyyymmdd / 100 * 100 + 1;
}

uint32_t
date_month_next(uint32_t yyyymmdd)
{
	return date_month(date_add(date_month(yyyymmdd), 31));
}
