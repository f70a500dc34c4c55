/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/calendar.h"

#include <stdlib.h>

#include "tests/test.h"

#define MON_FRI 0x3e
#define ALL	0x7f

static bool
parse(const char *text, struct calendar *c, struct err *e)
{
	return calendar_parse(text, strlen(text), "days", c, e);
}

static void
weekdays_are_those_of_the_calendar(void **state)
{
	(void)state;
	is_int(calendar_weekday(20000101), 6, "a Saturday");
	is_int(calendar_weekday(20261125), 3, "a Wednesday");
	is_int(calendar_weekday(20280229), 2, "a leap day, a Tuesday");
}

static void
mail_waits_for_the_next_collection(void **state)
{
	struct calendar c;
	struct err e = ERR_INIT;

	(void)state;
	is_ok(parse("# 2026\n2026-11-26 Thanksgiving Day\r\n\n"
		    "2026-12-25\tChristmas Day\n2027-01-01",
		  &c, &e),
	    &e, "parse");
	is_int(c.count, 3, "holidays");
	is_int(calendar_collection(&c, ALL, 20261125), 20261125, "today");
	is_int(calendar_collection(&c, ALL, 20261126), 20261127, "holiday");
	is_int(
	    calendar_collection(&c, MON_FRI, 20261128), 20261130, "Saturday");
	is_int(calendar_collection(&c, MON_FRI, 20261225), 20261228,
	    "a holiday before a week's end");
	is_int(calendar_collection(&c, 1U << 5, 20261225), 20270108,
	    "two Fridays in a row");
	is_int(calendar_collection(&c, 0, 20261125), 0, "never");
}

static void
faults_name_file_and_line(void **state)
{
	static const char *const bad[] = {"2026-02-30\n", "26-12-25\n",
	    "2026-12-25x\n", " 2026-12-25\n", "Christmas\n"};
	struct calendar c;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		e = (struct err)ERR_INIT;
		ok(!parse(bad[i], &c, &e), bad[i]);
		is_err(&e, ERR_CONFIG, bad[i]);
		is_mem(e.text, "days:1: ", 8, e.text);
	}
	ok(!calendar_load("/nonexistent", &c, &e), "no file");
	is_ok(calendar_load("", &c, &e), &e, "none named");
	is_int(c.count, 0, "no holidays");
}

static void
minutes_are_local(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	is_int(calendar_minute(1795262400 + 61 * 60), 13 * 60 + 1, "UTC");
	setenv("TZ", "EST5", 1);
	tzset();
	is_int(calendar_minute(1795262400), 7 * 60, "New York");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(weekdays_are_those_of_the_calendar),
	    T(mail_waits_for_the_next_collection),
	    T(faults_name_file_and_line),
	    T(minutes_are_local),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
