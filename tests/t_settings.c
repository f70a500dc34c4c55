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
	is_int(q.limit_job, -1, "no limit");
	is_int(q.mailby_days, -1, "no mail-by date");
	is_int(s.wait_s, 60, "wait");
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
	is_int(q.limit_job, -1, "limit switched off");
	is_int(q.limit_stamp, 5000, "limit inherited");
	is_int(q.mark.origin, 10001, "origin overridden");
	is_int(q.bar_reduction, 2, "dots overridden");
	is_str(q.mark.rate_class, "letter", "class inherited");
	settings_queue(&s, "Other", &q);
	is_int(q.limit_job, 50000, "limit of the others");
	is_int(q.mark.origin, 62701, "origin of the others");
	is_int(q.bar_reduction, 0, "no dots of the others");
}

static void
what_is_not_known_is_refused_by_line(void **state)
{
	static const char *const bad[] = {"[mail]\ncolour = red\n",
	    "[nonsense]\nuri = x\n", "[limits]\njob = lots\n",
	    "[mail]\nmissing = maybe\n", "[daemon]\nwait = -1\n",
	    "[daemon]\nsandbox = perhaps\n", "[queue A]\nuri = file:/x\n"};
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		e = (struct err)ERR_INIT;
		ok(!load(bad[i], &e), bad[i]);
		is_err(&e, ERR_CONFIG, bad[i]);
		ok(strstr(e.text, "/tmp/t_settings.") != NULL, e.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {T(an_empty_file_gives_the_defaults),
	    T(a_queue_overrides_only_what_it_names),
	    T(what_is_not_known_is_refused_by_line)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
