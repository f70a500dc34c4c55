/* SPDX-License-Identifier: Apache-2.0 */
/* may it be spent: limits of queue, user and groups, funds */
#include "dispense/dispense_own.h"
#include "dispense/policy.h"

#include <stdio.h>
#include <string.h>

/* Adds up what the users of a queue or a group spent in some time. */
struct adding {
	const char *queue; /* NULL = all */
	const struct group_settings *group;
	const char *user; /* whose part is wanted too */
	mils sum, user_sum;
};

static void
add(void *context, const char *queue, const char *user, mils sum)
{
	struct adding *a = context;

	if (strcmp(user, a->user) == 0)
		a->user_sum += sum;
	if ((a->queue == NULL || strcmp(queue, a->queue) == 0) &&
	    (a->group == NULL || policy_member(a->group, user)))
		a->sum += sum;
}

static bool
add_up(const struct document *doc, int64_t from, int64_t until,
    struct adding *a, struct err *e)
{
	struct dispense *d = doc->d;

	a->user = doc->job.user;
	return journal_spent(
	    d->journal, doc->doc.id, from, until, dispense_now(d), add, a, e);
}

static bool
check_queue(const struct document *doc, const struct spending *today,
    const struct dispense_times *t, struct err *e)
{
	const struct limits *l = &doc->queue.limits;
	struct adding month = {.queue = doc->job.queue};
	struct spending s = *today;
	char whose[QUEUE_MAX + 8];

	/* A month is read only where it counts. */
	if ((l->month >= 0 || l->user_month >= 0) &&
	    !add_up(doc, t->month, t->next_day, &month, e))
		return false;
	s.month = month.sum;
	s.user_month = month.user_sum;
	snprintf(whose, sizeof(whose), "queue %s", doc->queue.name);
	return policy_limits(whose, l, &s, e);
}

static bool
check_group(const struct document *doc, const struct group_settings *g,
    const struct spending *today, const struct dispense_times *t, struct err *e)
{
	struct adding day = {.group = g}, month = {.group = g};
	struct spending s = *today;
	char whose[80];

	if (!add_up(doc, t->day, t->next_day, &day, e) ||
	    !add_up(doc, t->month, t->next_day, &month, e))
		return false;
	s.day = day.sum;
	s.month = month.sum;
	s.user_day = day.user_sum;
	s.user_month = month.user_sum;
	snprintf(whose, sizeof(whose), "group %s", g->name);
	return policy_limits(whose, &g->limits, &s, e);
}

static bool
check_limits(const struct document *doc, const struct spending *today,
    const struct dispense_times *t, struct err *e)
{
	const struct settings *s = doc->d->settings;

	if (!check_queue(doc, today, t, e))
		return false;
	for (int i = 0; i < s->group_count; i++)
		if (policy_member(&s->groups[i], doc->job.user) &&
		    !check_group(doc, &s->groups[i], today, t, e))
			return false;
	return true;
}

static bool
plan_one(void *context, const struct psd_request *r, struct err *e)
{
	struct pool *p = context;
	size_t member;

	return pool_choose(p, r, &member, e);
}

/* Where several vaults are to share the document: each stamp fits into one of
 * them. */
static bool
check_shares(struct document *doc, struct err *e)
{
	struct pool *p = &doc->d->pool;
	size_t last = p->last;
	bool done;

	if (p->count < 2)
		return true;
	pool_plan(p);
	done =
	    journal_unpaid_each(doc->d->journal, doc->doc.id, plan_one, p, e);
	p->last = last;
	pool_plan(p);
	return done;
}

/* What is left for this document; a provider is asked to get what is missing. */
static bool
find_left(
    struct dispense *d, mils unpaid, mils reserved, mils *left, struct err *e)
{
	char need[MILS_TEXT];

	if (unpaid > pool_left(&d->pool) - reserved && pool_is_far(&d->pool) &&
	    !pool_fund(&d->pool, unpaid + reserved, e))
		return err_prefix(
		    e, "the document needs %s", mils_format(unpaid, need));
	*left = pool_left(&d->pool) - reserved;
	if (*left < 0)
		*left = 0;
	return true;
}

static bool
too_little(const struct document *doc, mils unpaid, mils left, struct err *e)
{
	char need[MILS_TEXT], have[MILS_TEXT], missing[MILS_TEXT];
	bool far = pool_is_far(&doc->d->pool);

	return err_set(e, ERR_FUNDS,
	    "the document needs %s, the vault has %s left, %s is missing: "
	    "%s%s, then lp -i %s-%u -H resume",
	    mils_format(unpaid, need), mils_format(left, have),
	    mils_format(unpaid - left, missing),
	    far ? "pay in at the provider" : "postage vault refill ",
	    far ? "" : missing, doc->job.queue, doc->job.id);
}

bool
dispense_check_spending(
    struct document *doc, mils unpaid, mils dearest, struct err *e)
{
	struct dispense *d = doc->d;
	struct dispense_times t = dispense_times(d);
	struct journal_sums sums;
	mils left = 0;

	if (!dispense_need_spender(d, e) ||
	    !journal_sum(d->journal, &doc->doc, t.day, t.next_day,
		dispense_now(d), &sums, e) ||
	    !check_limits(doc,
		&(struct spending){.dearest = dearest,
		    .now = unpaid,
		    .job = sums.job,
		    .day = sums.day,
		    .user_day = sums.user_day},
		&t, e) ||
	    !find_left(d, unpaid, sums.reserved, &left, e))
		return false;
	return unpaid <= left ? check_shares(doc, e)
			      : too_little(doc, unpaid, left, e);
}

bool
dispense_job_spent(const struct document *doc, mils *out, struct err *e)
{
	struct dispense_times t = dispense_times(doc->d);
	struct journal_sums sums;

	if (!journal_sum(doc->d->journal, &doc->doc, t.day, t.next_day,
		dispense_now(doc->d), &sums, e))
		return false;
	*out = sums.job - doc->doc.paid;
	return true;
}

bool
dispense_check_redates(const struct document *doc, struct err *e)
{
	const struct queue_settings *q = &doc->queue;
	struct dispense_times t = dispense_times(doc->d);
	struct journal_corrections c;

	if (q->redates < 0)
		return true;
	if (!journal_corrections(doc->d->journal, &doc->doc, t.day, t.next_day,
		dispense_now(doc->d), &c, e))
		return false;
	if (c.unpaid == 0 || c.issued + c.unpaid <= q->redates)
		return true;
	return err_set(e, ERR_DENIED,
	    "queue %s: the limit of date corrections is %d a day, %lld were "
	    "printed today, and %lld are asked (redates in postage.conf)",
	    q->name, q->redates, (long long)c.issued, (long long)c.unpaid);
}
