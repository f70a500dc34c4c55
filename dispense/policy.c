/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/policy.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "base/text.h"

#define GROUPS_MAX 1024 /* of one user */

static bool
is_member(const char *user, const char *group)
{
	struct passwd *pw = getpwnam(user);
	gid_t groups[GROUPS_MAX];
	struct group *gr;
	int count = GROUPS_MAX;

	/* A user of another computer is in no group of this one. */
	if (pw == NULL || getgrouplist(user, pw->pw_gid, groups, &count) < 0)
		return false;
	gr = getgrnam(group);
	for (int i = 0; gr && i < count; i++)
		if (groups[i] == gr->gr_gid)
			return true;
	return false;
}

bool
policy_user(
    const char *list, const char *user, const char *queue, struct err *e)
{
	char names[SETTINGS_NAMES_MAX], shown[USER_MAX];
	char *rest = NULL;
	bool any = false;

	if (!text_copy(names, sizeof(names), list))
		return err_set(e, ERR_CONFIG, "list of users is too long");
	for (char *name = strtok_r(names, " ,\t", &rest); name;
	     name = strtok_r(NULL, " ,\t", &rest)) {
		any = true;
		if (name[0] == '@' ? is_member(user, name + 1)
				   : strcmp(name, user) == 0)
			return true;
	}
	if (!any)
		return true;
	return err_set(e, ERR_DENIED,
	    "user %s may not print postage on queue %s: ask the administrator "
	    "(users in postage.conf), then release the job, or cancel it",
	    text_clean(user, shown, sizeof(shown)), queue);
}

/* `spent` + `now` within `limit`? */
static bool
within(const char *what, const char *queue, mils limit, mils spent, mils now,
    struct err *e)
{
	char l[MILS_TEXT], s[MILS_TEXT], n[MILS_TEXT];
	mils sum;

	if (limit < 0 || (mils_add(spent, now, &sum) && sum <= limit))
		return true;
	mils_format(limit, l);
	mils_format(spent, s);
	mils_format(now, n);
	if (spent == 0)
		return err_set(e, ERR_DENIED,
		    "queue %s: the limit %s is %s, and %s is asked "
		    "(postage.conf)",
		    queue, what, l, n);
	return err_set(e, ERR_DENIED,
	    "queue %s: the limit %s is %s, %s of it is spent, and %s is asked "
	    "(postage.conf)",
	    queue, what, l, s, n);
}

bool
policy_limits(
    const struct queue_settings *q, const struct spending *s, struct err *e)
{
	/* What costs nothing more breaks no limit: stamps paid before. */
	if (s->now == 0)
		return true;
	return within(
		   "of a stamp", q->name, q->limit_stamp, 0, s->dearest, e) &&
	       within("of a job", q->name, q->limit_job, s->job, s->now, e) &&
	       within("of a day", q->name, q->limit_day, s->day, s->now, e) &&
	       within("of a user and day", q->name, q->limit_user_day,
		   s->user_day, s->now, e);
}
