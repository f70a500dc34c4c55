/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/policy.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "tests/test.h"

static bool
may(const char *list, const char *user)
{
	struct err e = ERR_INIT;
	bool yes = policy_user(list, user, "mail", &e);

	if (!yes)
		is_err(&e, ERR_DENIED, "kind");
	return yes;
}

static void
users_are_named_one_by_one(void **state)
{
	(void)state;
	ok(may("", "anna"), "nobody named: everyone");
	ok(may("anna bert", "bert"), "named");
	ok(may("anna, bert", "bert"), "named after a comma");
	ok(!may("anna bert", "ann"), "not by half a name");
	ok(!may("anna bert", "carl"), "not named");
	ok(!may("anna", ""), "no name");
}

static void
groups_are_those_of_the_computer(void **state)
{
	struct passwd *pw = getpwuid(geteuid());
	struct group *gr = getgrgid(pw->pw_gid);
	char list[128], user[64];

	(void)state;
	snprintf(user, sizeof(user), "%s", pw->pw_name);
	snprintf(list, sizeof(list), "nobody-here @%s", gr->gr_name);
	ok(may(list, user), "member");
	ok(!may(list, "no-such-user"), "unknown user");
	ok(!may("@no-such-group", user), "unknown group");
	ok(!may("root@daemon", "daemon"), "@ in the middle is no group");
}

static struct queue_settings
limits(mils stamp, mils job, mils day, mils user_day)
{
	return (struct queue_settings){.name = "mail",
	    .limit_stamp = stamp,
	    .limit_job = job,
	    .limit_day = day,
	    .limit_user_day = user_day};
}

static void
each_limit_holds_to_the_mil(void **state)
{
	struct queue_settings none = limits(-1, -1, -1, -1);
	struct queue_settings all = limits(1000, 5000, 20000, 10000);
	struct spending s = {1000, 3000, 2000, 17000, 7000};
	struct spending t;
	struct err e = ERR_INIT;

	(void)state;
	is_ok(policy_limits(&all, &s, &e), &e, "all limits just kept");
	t = s, t.dearest++;
	ok(!policy_limits(&all, &t, &e), "stamp");
	is_err(&e, ERR_DENIED, "stamp");
	is_str(e.text,
	    "queue mail: the limit of a stamp is 1.00, and 1.001 is asked "
	    "(postage.conf)",
	    "stamp");
	t = s, t.job++;
	ok(!policy_limits(&all, &t, &e), "job");
	is_str(e.text,
	    "queue mail: the limit of a job is 5.00, 2.001 of it is spent, "
	    "and 3.00 is asked (postage.conf)",
	    "job");
	t = s, t.day++;
	ok(!policy_limits(&all, &t, &e), "day");
	t = s, t.user_day++;
	ok(!policy_limits(&all, &t, &e), "user and day");
	ok(policy_limits(&none, &t, &e), "no limits");
}

static void
what_costs_nothing_more_passes(void **state)
{
	struct queue_settings all = limits(1000, 5000, 20000, 10000);
	struct spending s = {0, 0, 99000, 99000, 99000};
	struct err e = ERR_INIT;

	(void)state;
	ok(policy_limits(&all, &s, &e), "paid before the limit was set");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(users_are_named_one_by_one),
	    T(groups_are_those_of_the_computer),
	    T(each_limit_holds_to_the_mil),
	    T(what_costs_nothing_more_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
