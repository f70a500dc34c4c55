/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/rules.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/date.h"
#include "dispense/calendar.h"
#include "dispense/cost.h"
#include "dispense/rates.h"

#define WHAT_MAX   (QUEUE_MAX + 32)
#define DETAIL_MAX 512

struct rules {
	const struct settings *s;
	uint32_t today;
	rules_fn *fn;
	void *context;
	struct rates *rates; /* NULL = they cannot be read */
};

static void
check_rates(struct rules *r)
{
	const struct settings *s = r->s;
	char detail[DETAIL_MAX], date[DATE_TEXT], next[DATE_TEXT] = "no day";
	struct err e = ERR_INIT;
	uint32_t now, change;

	if (!rates_load(s->rates, &r->rates, &e)) {
		r->fn(r->context, "rates", false, e.text,
		    "set rates in postage.conf, or correct that file");
		return;
	}
	now = rates_list_on(r->rates, r->today);
	change = rates_next_change(r->rates, r->today);
	if (change)
		date_format(change, next);
	snprintf(detail, sizeof(detail),
	    "%.300s, list of %s, prices change on %s that is known", s->rates,
	    now ? date_format(now, date) : "no day", next);
	r->fn(r->context, "rates", now != 0, detail,
	    "enter the list of today: postage rates import FILE --late");
}

static void
check_lists(struct rules *r, const struct queue_settings *q)
{
	struct calendar *calendar = calloc(1, sizeof(*calendar));
	struct cost_codes *codes = NULL;
	struct err e = ERR_INIT;
	char what[WHAT_MAX];

	snprintf(what, sizeof(what), "%s: cost codes", q->name);
	if (q->cost_codes[0] && !cost_load(q->cost_codes, &codes, &e))
		r->fn(r->context, what, false, e.text,
		    "correct the file, or cost-codes in postage.conf");
	cost_free(codes);
	e = (struct err)ERR_INIT;
	snprintf(what, sizeof(what), "%s: holidays", q->name);
	if (calendar && !calendar_load(q->holidays, calendar, &e))
		r->fn(r->context, what, false, e.text,
		    "correct the file, or holidays in postage.conf");
	free(calendar);
}

static bool
has_class(const struct rules *r, const char *word)
{
	uint32_t now = rates_list_on(r->rates, r->today);

	if (strcmp(word, "amount") == 0)
		return true;
	for (size_t i = 0; i < rates_count(r->rates); i++) {
		const struct rate *x = rates_at(r->rates, i);

		if (x->effective == now &&
		    strcmp(x->class + (x->class[0] == '.'), word) == 0)
			return true;
	}
	return false;
}

/* Calls `see` for each word of a list. */
static void
each_word(struct rules *r, const char *what, const char *list,
    void (*see)(struct rules *r, const char *what, const char *word))
{
	char words[SETTINGS_NAMES_MAX], *rest = NULL;

	snprintf(words, sizeof(words), "%s", list);
	for (char *word = strtok_r(words, " ,\t", &rest); word;
	     word = strtok_r(NULL, " ,\t", &rest))
		see(r, what, word);
}

static void
see_class(struct rules *r, const char *what, const char *word)
{
	char detail[DETAIL_MAX];

	if (r->rates == NULL || has_class(r, word))
		return;
	snprintf(detail, sizeof(detail),
	    "\"%s\" is no class or surcharge of the rate table", word);
	r->fn(r->context, what, false, detail, "see postage rates show");
}

static void
see_user(struct rules *r, const char *what, const char *word)
{
	char detail[DETAIL_MAX];

	if (word[0] != '@' || getgrnam(word + 1))
		return;
	for (int i = 0; i < r->s->group_count; i++)
		if (strcmp(r->s->groups[i].name, word + 1) == 0)
			return;
	snprintf(detail, sizeof(detail),
	    "%s is no group, of postage.conf or of this computer: it lets "
	    "nobody in",
	    word);
	r->fn(r->context, what, false, detail,
	    "add [group NAME] with members to postage.conf");
}

/* Every mark without a size would be refused. */
static void
check_size(struct rules *r, const struct queue_settings *q)
{
	enum mark_size size =
	    q->mark.size == SIZE_AUTO ? SIZE_LABEL : q->mark.size;
	char what[WHAT_MAX], detail[DETAIL_MAX];

	if (q->sizes == 0 || (q->sizes >> size & 1))
		return;
	snprintf(what, sizeof(what), "%s: sizes", q->name);
	snprintf(detail, sizeof(detail),
	    "marks without a size are of size %s, which is not among them",
	    mark_size_name(size));
	r->fn(r->context, what, false, detail,
	    "set size in [mail] or [queue NAME] to one of sizes");
}

static void
check_queue(struct rules *r, const struct queue_settings *q)
{
	char what[WHAT_MAX];

	check_lists(r, q);
	snprintf(what, sizeof(what), "%s: classes", q->name);
	each_word(r, what, q->classes, see_class);
	check_size(r, q);
	snprintf(what, sizeof(what), "%s: users", q->name);
	each_word(r, what, q->users, see_user);
	if (q->approve >= 0 && q->confirm > q->approve) {
		snprintf(what, sizeof(what), "%s: confirm", q->name);
		r->fn(r->context, what, false, "confirm is above approve",
		    "a total above approve is approved, not confirmed: make "
		    "confirm the smaller one");
	}
}

static void
check_alarm(struct rules *r)
{
	char program[sizeof(r->s->alarm)];
	size_t len = strcspn(r->s->alarm, " \t");

	if (len == 0)
		return;
	snprintf(program, sizeof(program), "%.*s", (int)len, r->s->alarm);
	r->fn(r->context, "alarm", access(program, X_OK) == 0, program,
	    "it is no program that can be run: alarm in postage.conf");
}

void
rules_check(
    const struct settings *s, uint32_t today, rules_fn *fn, void *context)
{
	struct rules r = {.s = s, .today = today, .fn = fn, .context = context};
	struct queue_settings q;

	check_rates(&r);
	settings_queue(s, "all queues", &q);
	check_queue(&r, &q);
	for (int i = 0; i < s->queue_count; i++) {
		settings_queue(s, s->queues[i].name, &q);
		if (s->queues[i].set)
			check_queue(&r, &q);
	}
	for (int i = 0; i < s->group_count; i++)
		if (s->groups[i].members[0] == '\0')
			fn(context, s->groups[i].name, false,
			    "the group has no members",
			    "members in postage.conf");
	check_alarm(&r);
	rates_free(r.rates);
}
