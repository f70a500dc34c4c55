/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/test.h"

#include <stdlib.h>
#include <unistd.h>

#include "dispense/settings.h"

static struct settings s;

static bool
load(const char *text, struct err *e)
{
	char path[] = "/tmp/t_settings.XXXXXX";
	int fd = mkstemp(path);
	bool done;

	is_int(write(fd, text, strlen(text)), strlen(text), "write");
	close(fd);
	done = settings_load(path, &s, e);
	unlink(path);
	return done;
}

static void
an_empty_file_gives_the_defaults(void **state)
{
	struct queue_settings q;
	struct err e = ERR_INIT;

	(void)state;
	is_ok(load("", &e), &e, "load");
	settings_queue(&s, "any", &q);
	is_str(q.name, "any", "name");
	is_str(q.symbol, "QR", "symbol");
	is_int(q.missing, MISSING_PRINT, "missing");
	is_int(q.limits.job, -1, "no limit");
	is_int(settings_mailby(&q, "letter"), -1, "no mail-by date");
	is_int(s.wait_s, 60, "wait");
	is_int(s.page_s, 30, "page-time");
}

static void
a_queue_overrides_only_what_it_names(void **state)
{
	struct queue_settings q;
	struct err e = ERR_INIT;

	(void)state;
	is_ok(load("[mail]\norigin = 62701\nclass = letter\n"
		   "[limits]\njob = 50\nstamp = 5.00\n"
		   "[queue Mailroom]\nmissing = refuse\njob = none\n"
		   "origin = 10001\nbar-reduction = 2\n",
		  &e),
	    &e, "load");
	settings_queue(&s, "Mailroom", &q);
	is_int(q.missing, MISSING_REFUSE, "missing");
	is_int(q.limits.job, -1, "limit switched off");
	is_int(q.limits.stamp, 5000, "limit inherited");
	is_int(q.mark.origin, 10001, "origin overridden");
	is_int(q.bar_reduction, 2, "dots overridden");
	is_str(q.mark.rate_class, "letter", "class inherited");
	settings_queue(&s, "Other", &q);
	is_int(q.limits.job, 50000, "limit of the others");
	is_int(q.mark.origin, 62701, "origin of the others");
	is_int(q.bar_reduction, 0, "no dots of the others");
}

static void
what_is_not_known_is_refused_by_line(void **state)
{
	static const char *const bad[] = {"[mail]\ncolour = red\n",
	    "[nonsense]\nuri = x\n", "[limits]\njob = lots\n",
	    "[mail]\nmissing = maybe\n", "[daemon]\nwait = -1\n",
	    "[daemon]\nsandbox = perhaps\n", "[daemon]\npage-time = 0\n",
	    "[queue A]\nuri = file:/x\n", "[mail]\ncutoff = 24:01\n",
	    "[mail]\ncutoff = 7:00\n", "[mail]\ncollection = monday\n",
	    "[mail]\ncollection = \n", "[mail]\ncost-required = maybe\n",
	    "[mail]\nmailby-days a b = 1\n", "[mail]\nsymbol x = QR\n",
	    "[limits]\nhours = 19:00-07:00\n", "[limits]\nheaviest = 5\n",
	    "[group x]\nconfirm = 1\n", "[group x]\nlow = 1\n",
	    "[limits]\nsizes = normal\n", "[limits]\nsizes = auto\n",
	    "[limits]\nsizes = labelsoflettersandparcels\n",
	    "[mail]\nrates-persons = 3\n", "[daemon]\nalarm = mail x\n"};
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		e = (struct err)ERR_INIT;
		ok(!load(bad[i], &e), bad[i]);
		is_err(&e, ERR_CONFIG, bad[i]);
		ok(strstr(e.text, "/tmp/t_settings.") != NULL, e.text);
	}
}

static void
values_are_what_they_say(void **state)
{
	struct queue_settings q;
	struct err e = ERR_INIT;

	(void)state;
	is_ok(load("[mail]\nmailby-days = 3\nmailby-days letter = 0\n"
		   "mailby-days Parcel = none\ncutoff = 17:30\n"
		   "collection = mon-wed, fri-sat\ncost-required = yes\n"
		   "[limits]\nhours = 07:00-24:00\nheaviest = 3.5oz\n"
		   "confirm = 20\nuser-month = 100\nsizes = small, label\n"
		   "[group office]\nmembers = anna @staff\nday = 5.00\n"
		   "[queue B]\ncutoff = none\nhours = none\n"
		   "collection = sat-mon\ncost-required = no\n"
		   "heaviest = none\nmailby-days = none\n",
		  &e),
	    &e, "load");
	settings_queue(&s, "A", &q);
	is_int(settings_mailby(&q, "letter"), 0, "letters");
	is_int(settings_mailby(&q, "parcel"), -1, "parcels");
	is_int(settings_mailby(&q, "card"), 3, "all others");
	is_int(q.cutoff_min, 17 * 60 + 30, "cut-off");
	is_int(q.collection, 0x6e, "collection");
	is_int(q.hours.from, 420, "from");
	is_int(q.hours.until, 1440, "until");
	is_int(q.heaviest_mg, 99223, "heaviest");
	is_int(q.confirm, 20000, "confirm");
	is_int(q.sizes, 1 << SIZE_SMALL | 1 << SIZE_LABEL, "sizes");
	is_int(q.approve, -1, "approve");
	is_int(q.limits.user_month, 100000, "user and month");
	ok(q.cost_required, "cost code required");
	settings_queue(&s, "B", &q);
	is_int(q.cutoff_min, -1, "no cut-off");
	is_int(q.hours.until, 0, "all hours");
	is_int(q.collection, 0x43, "over the week's end");
	is_int(q.heaviest_mg, 0, "any weight");
	is_int(settings_mailby(&q, "letter"), -1, "its own table");
	is_int(q.confirm, 20000, "inherited");
	ok(!q.cost_required, "not required");
	is_int(s.group_count, 1, "groups");
	is_str(s.groups[0].members, "anna @staff", "members");
	is_int(s.groups[0].limits.day, 5000, "limit of a day");
	is_int(s.groups[0].limits.job, -1, "no limit of a job");
}

static void
a_file_that_changed_is_seen(void **state)
{
	char path[] = "/tmp/t_settings.XXXXXX";
	int fd = mkstemp(path);
	struct err e = ERR_INIT;

	(void)state;
	is_ok(settings_load(path, &s, &e), &e, "load");
	ok(!settings_changed(path, &s), "as it was");
	is_int(write(fd, "\n", 1), 1, "write");
	close(fd);
	ok(settings_changed(path, &s), "written to");
	unlink(path);
	ok(settings_changed(path, &s), "gone");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {T(an_empty_file_gives_the_defaults),
	    T(a_queue_overrides_only_what_it_names),
	    T(values_are_what_they_say), T(a_file_that_changed_is_seen),
	    T(what_is_not_known_is_refused_by_line)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
