/* SPDX-License-Identifier: Apache-2.0 */
/* what is left of each group's month, and which are nearly used up */
#include "dispense/dispense_own.h"
#include "dispense/policy.h"

#include <stdio.h>
#include <string.h>

struct adding {
	const struct settings *s;
	mils spent[SETTINGS_GROUPS_MAX];
};

static void
add(void *context, const char *queue, const char *user, mils sum)
{
	struct adding *a = context;

	(void)queue;
	for (int i = 0; i < a->s->group_count; i++)
		if (policy_member(&a->s->groups[i], user))
			a->spent[i] += sum;
}

static bool
has_alarm(const struct group_settings *g)
{
	return g->low >= 0 && g->limits.month >= 0;
}

bool
dispense_budgets(
    struct dispense *d, dispense_budget_fn *fn, void *context, struct err *e)
{
	const struct settings *s = d->settings;
	struct dispense_times t = dispense_times(d);
	struct adding a = {.s = s};
	bool any = false;

	for (int i = 0; i < s->group_count; i++)
		any |= has_alarm(&s->groups[i]);
	/* The month is read only where it counts. */
	if (!any)
		return true;
	if (!journal_spent(d->journal, /*document*/ 0, t.month, t.next_day,
		dispense_now(d), add, &a, e))
		return false;
	for (int i = 0; i < s->group_count; i++) {
		const struct group_settings *g = &s->groups[i];
		mils left = g->limits.month - a.spent[i];

		if (has_alarm(g) && !fn(context, g, left < 0 ? 0 : left, e))
			return false;
	}
	return true;
}

/* The first group that is low. */
static bool
take_low(
    void *context, const struct group_settings *g, mils left, struct err *e)
{
	struct funds *f = context;

	(void)e;
	if (left >= g->low || f->budget[0] != '\0')
		return true;
	snprintf(f->budget, sizeof(f->budget), "%s", g->name);
	f->budget_left = left;
	f->budget_low = g->low;
	return true;
}

bool
dispense_low_budget(struct dispense *d, struct funds *out, struct err *e)
{
	return dispense_budgets(d, take_low, out, e);
}

struct telling {
	struct dispense *d;
	dispense_alarm_fn *fn;
	void *context;
};

/* A month has its own alarm: the next one begins anew, whoever looks when. */
static bool
tell_low(
    void *context, const struct group_settings *g, mils left, struct err *e)
{
	const struct telling *t = context;
	char name[sizeof(g->name) + 24], text[512];
	char l[MILS_TEXT], month[MILS_TEXT], low[MILS_TEXT];
	bool tell;

	snprintf(name, sizeof(name), "budget %s %u", g->name,
	    dispense_today(t->d) / 100);
	if (!dispense_note_alarm(t->d, name, left < g->low, &tell, e))
		return false;
	snprintf(text, sizeof(text),
	    "The month of group %s is nearly used up: %s of %s is left, its "
	    "alarm is at %s ([group %s] in postage.conf)",
	    g->name, mils_format(left, l), mils_format(g->limits.month, month),
	    mils_format(g->low, low), g->name);
	if (tell)
		t->fn(t->context, text);
	return true;
}

bool
dispense_budget_alarms(
    struct dispense *d, dispense_alarm_fn *fn, void *context, struct err *e)
{
	struct telling t = {d, fn, context};

	return dispense_budgets(d, tell_low, &t, e);
}
