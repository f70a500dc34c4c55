/* SPDX-License-Identifier: Apache-2.0 */
/* what is left in the vault, and what a person should be told */
#include "dispense/dispense_own.h"

#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "dispense/books.h"

#define NAME_MAX_ (QUEUE_MAX + 16)

/* Ends a transaction: commits what went well, undoes the rest. */
static bool
end(struct dispense *d, bool done, struct err *e)
{
	if (done)
		return journal_commit(d->journal, e);
	journal_abort(d->journal);
	return false;
}

/* 100 % is what was there after the last refill, as first seen. */
static bool
find_full(
    struct dispense *d, const struct pool_member *m, mils *full, struct err *e)
{
	const struct psd_status *status = &m->status;
	struct journal *j = d->journal;
	mils control = -1;

	if (!books_fill(j, m->id, &control, full, e))
		return false;
	if (control != status->control_total) {
		*full = status->descending;
		if (!journal_begin(j, e) ||
		    !end(d,
			books_set_fill(j, m->id, status->control_total, *full,
			    dispense_now(d), e),
			e))
			return false;
	}
	if (*full < status->descending)
		*full = status->descending;
	return true;
}

/* The sum of what is there. */
static bool
add_funds(struct dispense *d, const struct pool_member *m, struct funds *out,
    struct err *e)
{
	mils full;

	if (!m->there)
		return true;
	if (!find_full(d, m, &full, e))
		return false;
	if (out->psd_id[0] == '\0') {
		memcpy(out->psd_id, m->id, sizeof(m->id));
		snprintf(
		    out->vault, sizeof(out->vault), "%s", vault_name(m->vault));
	}
	return (mils_add(
		    out->descending, m->status.descending, &out->descending) &&
		   mils_add(out->full, full, &out->full)) ||
	       err_set(e, ERR_CORRUPT, "more money than can be counted");
}

bool
dispense_funds(
    struct dispense *d, const char *queue, struct funds *out, struct err *e)
{
	struct queue_settings q;
	unsigned there = 0;

	*out = (struct funds){0};
	settings_queue(d->settings, queue, &q);
	if (!dispense_look(d, &q, e))
		return false;
	for (size_t i = 0; i < d->pool.count; i++) {
		if (!add_funds(d, &d->pool.member[i], out, e))
			return false;
		there += d->pool.member[i].there;
	}
	if (there > 1)
		snprintf(out->psd_id + PSD_ID - 2,
		    sizeof(out->psd_id) - PSD_ID + 2, " and %u more",
		    (there - 1) % 100);
	out->low = q.low > 0 ? q.low : 0;
	return dispense_low_budget(d, out, e);
}

bool
dispense_note_alarm(struct dispense *d, const char *name, bool raised,
    bool *tell, struct err *e)
{
	struct dispense_times t = dispense_times(d);

	return journal_begin(d->journal, e) &&
	       end(d,
		   books_alarm(d->journal, name, raised, t.day, dispense_now(d),
		       tell, e),
		   e);
}

static bool
funds_alarm(struct dispense *d, const char *queue, char *text, size_t size,
    bool *tell, struct err *e)
{
	char name[NAME_MAX_], left[MILS_TEXT], low[MILS_TEXT];
	struct funds f;

	if (!dispense_funds(d, queue, &f, e))
		return false;
	snprintf(name, sizeof(name), "funds %s", queue);
	snprintf(text, size,
	    "Postage is low: %s has %s left, the alarm of queue %s is at %s. "
	    "%s",
	    f.psd_id, mils_format(f.descending, left), queue,
	    mils_format(f.low, low),
	    pool_is_far(&d->pool) ? "Pay in at the provider"
				  : "Refill it: postage vault refill");
	return dispense_note_alarm(d, name, f.descending < f.low, tell, e);
}

static bool
rates_alarm(
    struct dispense *d, char *text, size_t size, bool *tell, struct err *e)
{
	uint32_t today = dispense_today(d), change;
	int warn = d->settings->rates_warn_days;
	char name[NAME_MAX_], date[DATE_TEXT];

	if (!dispense_rates(d, e))
		return false;
	change = rates_next_change(d->rates, today);
	if (change == 0 || warn < 0 || change > date_add(today, warn))
		return true;
	date_format(change, date);
	snprintf(name, sizeof(name), "rates %s", date);
	snprintf(text, size,
	    "Prices change on %s: classes are priced by the mail date, amounts "
	    "that stand in documents are not. See: postage rates show --date "
	    "%s",
	    date, date);
	return dispense_note_alarm(d, name, true, tell, e);
}

bool
dispense_alarms(struct dispense *d, const char *queue, dispense_alarm_fn *fn,
    void *context, struct err *e)
{
	char text[512];
	bool tell = false;

	if (!funds_alarm(d, queue, text, sizeof(text), &tell, e))
		return false;
	if (tell)
		fn(context, text);
	if (!dispense_budget_alarms(d, fn, context, e))
		return false;
	tell = false;
	if (!rates_alarm(d, text, sizeof(text), &tell, e))
		return false;
	if (tell)
		fn(context, text);
	return true;
}
