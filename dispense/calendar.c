/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/calendar.h"

#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/durable.h"
#include "base/text.h"

#define SATURDAY 6 /* 2000-01-01, day 0 of base/date.h */

static bool
add_line(struct calendar *c, const char *at, size_t len, struct err *e)
{
	char word[16] = "", shown[16];
	size_t n = 0;

	while (n < len && !strchr(" \t\r", at[n]))
		n++;
	if (len == 0 || at[0] == '#' || (n == 0 && at[0] == '\r'))
		return true;
	if (n < sizeof(word))
		memcpy(word, at, n);
	if (n != 10 || !date_parse(word, &c->holiday[c->count]))
		return err_set(e, ERR_CONFIG,
		    "\"%s\" is not a date such as 2026-12-25",
		    text_clean(word, shown, sizeof(shown)));
	c->count++;
	return true;
}

bool
calendar_parse(const char *text, size_t len, const char *name,
    struct calendar *out, struct err *e)
{
	size_t pos = 0;

	out->count = 0;
	for (int line = 1; pos < len; line++) {
		const char *end = memchr(text + pos, '\n', len - pos);
		size_t part = end ? (size_t)(end - text) - pos : len - pos;

		if (out->count == CALENDAR_MAX)
			return err_set(e, ERR_CONFIG, "%s: over %d holidays",
			    name, CALENDAR_MAX);
		if (!add_line(out, text + pos, part, e))
			return err_prefix(e, "%s:%d", name, line);
		pos += part + (end != NULL);
	}
	return true;
}

bool
calendar_load(const char *path, struct calendar *out, struct err *e)
{
	char *text;
	size_t len;
	bool done;

	out->count = 0;
	if (path[0] == '\0')
		return true;
	if (!durable_load(path, CALENDAR_FILE_MAX, &text, &len, e)) {
		e->kind = ERR_CONFIG;
		return err_prefix(e, "holidays");
	}
	done = calendar_parse(text, len, path, out, e);
	free(text);
	return done;
}

int
calendar_weekday(uint32_t date)
{
	return (date_to_days(date) + SATURDAY) % 7;
}

static bool
is_holiday(const struct calendar *c, uint32_t date)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->holiday[i] == date)
			return true;
	return false;
}

uint32_t
calendar_collection(const struct calendar *c, unsigned weekdays, uint32_t date)
{
	for (int i = 0; i < 366; i++, date = date_add(date, 1))
		if (weekdays >> calendar_weekday(date) & 1 &&
		    !is_holiday(c, date))
			return date;
	return 0;
}

int
calendar_minute(time_t when)
{
	struct tm tm;

	localtime_r(&when, &tm);
	return tm.tm_hour * 60 + tm.tm_min;
}
