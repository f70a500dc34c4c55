/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/issue.h"

#include <stdlib.h>
#include <string.h>

#include "provider/complete.h"
#include "provider/issue_own.h"

/* --- before the database -------------------------------------------------------------- */

bool
issue_add_up(const struct issue_order *o, mils *sum, struct err *e)
{
	*sum = 0;
	for (size_t i = 0; i < o->count; i++) {
		if (o->item[i].request.amount < 0 ||
		    !mils_add(*sum, o->item[i].request.amount, sum))
			return err_set(e, ERR_REQUEST,
			    "stamp %zu: an amount out of range", i + 1);
		for (size_t j = 0; j < i; j++)
			if (memcmp(o->item[i].request.key,
				o->item[j].request.key, PSD_KEY_BYTES) == 0)
				return err_set(e, ERR_REQUEST,
				    "stamps %zu and %zu have the same key",
				    j + 1, i + 1);
	}
	return true;
}

static bool
check_order(const struct issue_order *o, struct err *e)
{
	char said[MILS_TEXT], is[MILS_TEXT];
	mils sum;

	if (!issue_add_up(o, &sum, e))
		return false;
	if (sum == o->total)
		return true;
	return err_set(e, ERR_REQUEST,
	    "the stamps come to %s, the request says %s: nothing was debited",
	    mils_format(sum, is), mils_format(o->total, said));
}

/* Too large to be cleared for nothing. */
struct room {
	struct attempt attempt; /* first */
	struct psd_here list[PSDS_MAX];
	bool away[PSDS_MAX];
	struct taken psd[PSDS_MAX];
};

struct attempt *
issue_attempt(struct worker *w, const struct issue_order *order,
    struct issue_result *out, struct err *e)
{
	struct room *room = malloc(sizeof(*room));

	if (room == NULL) {
		err_system(e, "memory");
		return NULL;
	}
	room->attempt = (struct attempt){.w = w,
	    .order = order,
	    .out = out,
	    .list = room->list,
	    .away = room->away,
	    .psd = room->psd};
	return &room->attempt;
}

void
issue_attempt_free(struct attempt *a)
{
	free(a);
}

/* --- attempts ------------------------------------------------------------------------------ */

enum end { DONE, AGAIN, SHORT, FAILED };

/* What failed may be a replay, which is neither short of anything nor refused:
 * the keys are looked up before anybody says no. */
static enum end
after_failure(struct attempt *a, struct err *e)
{
	const char *conflict = store_conflict(a->w->store);
	bool doubt = again_doubt(&a->again, a->w);

	if (a->out->stranger)
		return FAILED;
	if (!a->look_up && e->kind != ERR_ABSENT) {
		a->look_up = true;
		return AGAIN;
	}
	if (doubt || (e->kind == ERR_BUSY && !a->overtaken))
		return again_left(&a->again, e) ? AGAIN : FAILED;
	if (strstr(conflict, "label") != NULL)
		err_set(e, ERR_DENIED,
		    "a label of the sheet was used before: each is used once");
	return FAILED;
}

static enum end
attempt(struct attempt *a, struct err *e)
{
	bool done;

	a->asked = false;
	issue_take(a);
	done = store_begin(a->w->store, STORE_WRITE, e) && issue_ask(a, e) &&
	       (a->fresh == 0 || (issue_check(a, e) && issue_sheets(a, e) &&
				     issue_is_reached(a, e))) &&
	       issue_debit(a, e) && issue_write(a->w->store, &a, 1, e);
	if (done)
		return DONE;
	store_rollback(a->w->store);
	if (e->kind == ERR_NONE && a->look_up)
		return SHORT;
	return after_failure(a, e);
}

/* A no is none as long as it may have been done. */
static bool
failed(struct attempt *a, struct err *e)
{
	if (a->again.doubted && !a->asked) {
		a->out->stranger = false;
		e->kind = ERR_ABSENT;
	}
	return false;
}

static bool
run(struct attempt *a, struct err *e)
{
	again_begin(&a->again, ISSUE_TRIES);
	a->again.doubted = a->doubted;
	for (;;) {
		*e = (struct err)ERR_INIT;
		switch (attempt(a, e)) {
		case DONE:
			a->out->system = a->system;
			a->out->count = a->order->count;
			return true;
		case FAILED: return failed(a, e);
		case SHORT:
			if (!issue_find_value(a, e))
				return false;
			err_set(
			    e, ERR_BUSY, "others are at work on this account");
			if (!again_left(&a->again, e))
				return false;
			break;
		case AGAIN: break;
		}
	}
}

/* They are debited now: what a module says may not be taken for a refusal. */
static bool
complete(struct worker *w, struct issue_result *out, struct err *e)
{
	if (complete_stamps(w, out->stamp, out->count, e))
		return true;
	if (e->kind != ERR_CORRUPT)
		e->kind = ERR_ABSENT;
	return false;
}

static bool
run_chosen(struct attempt *a, struct err *e)
{
	struct load *load = a->w->provider->load;
	uint32_t psd = a->listed > 0 ? a->list[a->chosen].serial : 0;
	bool done;

	load_begin(load, psd, a->order->count);
	done = (issue_together(a) || run(a, e)) && complete(a->w, a->out, e);
	load_end(load, psd, a->order->count);
	return done;
}

bool
issue_stamps(struct worker *w, const struct issue_order *order,
    struct issue_result *out, struct err *e)
{
	struct attempt *a;
	bool done;

	if (!check_order(order, e))
		return false;
	a = issue_attempt(w, order, out, e);
	if (a == NULL)
		return false;
	issue_choose_there(a, w->turn++);
	done = run_chosen(a, e);
	issue_give_place(a);
	issue_attempt_free(a);
	return done;
}
