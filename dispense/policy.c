/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/policy.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "dispense/persons.h"

#define GROUPS_MAX 1024 /* of one user */

static bool
is_unix_member(const char *user, const char *group)
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

/* With s = NULL, "@office" is the computer's group alone. */
static bool
is_listed(const struct settings *s, const char *list, const char *user,
    bool nobody_named)
{
	char names[SETTINGS_NAMES_MAX];
	char *rest = NULL;
	bool any = false;

	if (!text_copy(names, sizeof(names), list))
		return false;
	for (char *name = strtok_r(names, " ,\t", &rest); name;
	     name = strtok_r(NULL, " ,\t", &rest)) {
		const struct group_settings *g = NULL;

		any = true;
		if (name[0] != '@') {
			if (strcmp(name, user) == 0)
				return true;
			continue;
		}
		for (int i = 0; s && i < s->group_count; i++)
			if (strcmp(s->groups[i].name, name + 1) == 0)
				g = &s->groups[i];
		if (g ? policy_member(g, user) : is_unix_member(user, name + 1))
			return true;
	}
	return !any && nobody_named;
}

bool
policy_listed(const struct settings *s, const char *list, const char *user)
{
	return is_listed(s, list, user, true);
}

bool
policy_member(const struct group_settings *g, const char *user)
{
	return is_listed(NULL, g->members, user, false);
}

bool
policy_user(const struct settings *s, const struct queue_settings *q,
    const char *user, struct err *e)
{
	char shown[USER_MAX];

	if (policy_listed(s, q->users, user))
		return true;
	return err_set(e, ERR_DENIED,
	    "user %s may not print postage on queue %s: ask the administrator "
	    "(users in postage.conf), then release the job, or cancel it",
	    text_clean(user, shown, sizeof(shown)), q->name);
}

bool
policy_hours(const struct queue_settings *q, int minute, struct err *e)
{
	const struct hours *h = &q->hours;

	if (h->from == h->until || (minute >= h->from && minute < h->until))
		return true;
	return err_set(e, ERR_DENIED,
	    "queue %s prints postage from %02d:%02d to %02d:%02d only "
	    "(postage.conf): release the job then",
	    q->name, h->from / 60, h->from % 60, h->until / 60, h->until % 60);
}

/* Is the word `word` of `len` letters in the list? */
static bool
has_word(const char *list, const char *word, size_t len)
{
	for (list += strspn(list, " ,"); *list; list += strspn(list, " ,")) {
		size_t n = strcspn(list, " ,");

		if (n == len && strncmp(list, word, len) == 0)
			return true;
		list += n;
	}
	return false;
}

/* What the mark is of: its class and surcharges, or a bare amount. */
static bool
check_words(const struct queue_settings *q, const char *words, struct err *e)
{
	for (const char *at = words; *at; at += at[0] == ',') {
		size_t len = strcspn(at, ",");

		if (!has_word(q->classes, at, len))
			return err_set(e, ERR_REQUEST,
			    "queue %s prints no postage of \"%.*s\", only: %s "
			    "(classes in postage.conf)",
			    q->name, (int)len, at, q->classes);
		at += len;
	}
	return true;
}

static bool
check_size(const struct queue_settings *q, enum mark_size size, struct err *e)
{
	char allowed[64] = "";
	size_t len = 0;

	if (size == SIZE_AUTO)
		size = SIZE_LABEL;
	if (q->sizes == 0 || (q->sizes >> size & 1))
		return true;
	for (int i = SIZE_LABEL; i <= SIZE_ENVELOPE; i++)
		if (q->sizes >> i & 1)
			len += (size_t)snprintf(allowed + len,
			    sizeof(allowed) - len, "%s%s", len > 0 ? ", " : "",
			    mark_size_name((enum mark_size)i));
	return err_set(e, ERR_REQUEST,
	    "queue %s prints no stamps of size %s, only %s (sizes in "
	    "postage.conf): write size=%.*s into the mark",
	    q->name, mark_size_name(size), allowed, (int)strcspn(allowed, ","),
	    allowed);
}

bool
policy_mark(const struct queue_settings *q, const struct mark *m, struct err *e)
{
	char weight[MILS_TEXT], most[MILS_TEXT];

	if (!check_size(q, m->size, e))
		return false;
	if (q->heaviest_mg > 0 && m->weight_mg > q->heaviest_mg)
		return err_set(e, ERR_REQUEST,
		    "queue %s is for pieces of up to %s g, this one weighs "
		    "%s g (heaviest in postage.conf)",
		    q->name, mils_format(q->heaviest_mg, most),
		    mils_format(m->weight_mg, weight));
	if (q->classes[0] == '\0' || m->kind == KIND_CORRECTION)
		return true;
	return check_words(q, m->rate_class[0] ? m->rate_class : "amount", e) &&
	       check_words(q, m->extra, e);
}

/* `spent` + `now` within `limit`? */
static bool
within(const char *what, const char *whose, mils limit, mils spent, mils now,
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
		    "%s: the limit %s is %s, and %s is asked "
		    "(postage.conf)",
		    whose, what, l, n);
	return err_set(e, ERR_DENIED,
	    "%s: the limit %s is %s, %s of it is spent, and %s is asked "
	    "(postage.conf)",
	    whose, what, l, s, n);
}

bool
policy_limits(const char *whose, const struct limits *l,
    const struct spending *s, struct err *e)
{
	/* What costs nothing more breaks no limit: stamps paid before. */
	if (s->now == 0)
		return true;
	return within("of a stamp", whose, l->stamp, 0, s->dearest, e) &&
	       within("of a job", whose, l->job, s->job, s->now, e) &&
	       within("of a day", whose, l->day, s->day, s->now, e) &&
	       within("of a month", whose, l->month, s->month, s->now, e) &&
	       within("of a user and day", whose, l->user_day, s->user_day,
		   s->now, e) &&
	       within("of a user and month", whose, l->user_month,
		   s->user_month, s->now, e);
}

/* The option names the total of the job: of the only document to the mil, of
 * several what all of them may come to. */
static bool
option_agrees(
    const struct consent *c, mils sum, const char *value, struct err *e)
{
	char total[MILS_TEXT];
	mils said;

	if (mils_parse(value, &said) &&
	    (c->documents > 1 ? sum <= said : sum == said))
		return true;
	mils_format(sum, total);
	return err_set(e, ERR_DENIED,
	    "PostageConfirm is \"%s\", and the total is %s: nothing was "
	    "printed; lp -i %s-%u -o PostageConfirm=%s -H resume prints it, "
	    "or cancel the job",
	    value, total, c->queue, c->job_id, total);
}

bool
policy_consent(
    const struct queue_settings *q, const struct consent *c, struct err *e)
{
	char total[MILS_TEXT], sum_text[MILS_TEXT], limit[MILS_TEXT];
	const char *value = c->option;
	mils sum;

	if (!mils_add(c->before, c->total, &sum))
		return err_set(e, ERR_REQUEST, "too high a sum");
	if (value[0] != '\0' && !option_agrees(c, sum, value, e))
		return false;
	mils_format(sum, sum_text);
	mils_format(c->total, total);
	if (q->approve >= 0 && sum > q->approve) {
		if (c->confirmed == c->total &&
		    !persons_include(c->person, c->user))
			return true;
		return err_set(e, ERR_DENIED,
		    "the total is %s; above %s somebody other than %s approves "
		    "it: postage confirm %s-%u %s prints it, or cancel the job",
		    sum_text, mils_format(q->approve, limit), c->user, c->queue,
		    c->job_id, total);
	}
	if (q->confirm < 0 || sum <= q->confirm || value[0] != '\0' ||
	    c->confirmed == c->total)
		return true;
	return err_set(e, ERR_DENIED,
	    "the total is %s; above %s it is to be confirmed: lp -i %s-%u -o "
	    "PostageConfirm=%s -H resume prints it, or cancel the job",
	    sum_text, mils_format(q->confirm, limit), c->queue, c->job_id,
	    sum_text);
}
