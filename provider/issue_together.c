/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders of several user systems that come at one time are debited by one
 * transaction: what it costs to begin and to commit is paid once.
 *
 * It does what nobody objects to and nobody else is at.  It waits for no row; an
 * order that is refused, short of value, known, of a customer with a limit over all
 * its systems, or whose rows are locked is left out and tried alone (issue.c), which
 * says what there is to say of it.  If one of them fails in the writing then none
 * is written.
 */
#include "provider/combine.h"
#include "provider/issue_own.h"

#define STAMPS_MAX 64	/* a debit of many is worth a transaction of its own */
#define LINE_MS	   1000 /* what is together takes some milliseconds */

static bool
is_plain(const struct issue_order *o)
{
	if (o->buys != 0 || o->count > STAMPS_MAX / 2)
		return false;
	for (size_t i = 0; i < o->count; i++)
		if (o->item[i].request.sheet_serial != 0)
			return false;
	return true;
}

static bool
fits(void *const *list, size_t count, const void *next)
{
	const struct attempt *n = next;
	size_t stamps = n->order->count;

	for (size_t i = 0; i < count; i++) {
		const struct attempt *a = list[i];

		stamps += a->order->count;
		if (a->order->who->id == n->order->who->id ||
		    a->psd[0].here->serial == n->psd[0].here->serial)
			return false;
	}
	return stamps <= STAMPS_MAX;
}

static void
ask(struct store *s, struct attempt *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		store_system_ask(s, list[i]->order->who->id, STORE_LOCK_FREE);
	for (size_t i = 0; i < count; i++)
		store_psd_row_ask(
		    s, list[i]->psd[0].here->serial, STORE_LOCK_FREE);
}

/* Why one does not join is found again when it is alone. */
static void
read(struct attempt *const *list, size_t count)
{
	struct err e = ERR_INIT;

	for (size_t i = 0; i < count; i++)
		list[i]->joins = issue_read_system(list[i], &e);
	for (size_t i = 0; i < count; i++)
		list[i]->joins =
		    issue_read_psds(list[i], &e) && list[i]->joins &&
		    issue_is_simple(list[i]) && issue_read_known(list[i], &e) &&
		    issue_check(list[i], &e) && issue_debit(list[i], &e);
}

static size_t
those_that_join(struct attempt *const *list, size_t count, struct attempt **out)
{
	size_t joined = 0;

	for (size_t i = 0; i < count; i++)
		if (list[i]->joins)
			out[joined++] = list[i];
	return joined;
}

static bool
debit(struct worker *w, struct attempt *const *list, size_t count)
{
	struct attempt *joined[COMBINE_MAX];
	struct err e = ERR_INIT;
	size_t n;
	bool done;

	if (!store_begin(w->store, STORE_WRITE, &e))
		return false;
	ask(w->store, list, count);
	read(list, count);
	n = those_that_join(list, count, joined);
	done = n > 0 && issue_write(w->store, joined, n, &e);
	store_rollback(w->store);
	if (store_in_doubt(w->store))
		worker_count_doubt(w);
	return done;
}

/* The leader's worker does it for all. */
static void
run(void *context, void *const *what, size_t count)
{
	struct attempt *list[COMBINE_MAX];
	struct worker *own[COMBINE_MAX], *leader = context;
	bool done, doubt;

	for (size_t i = 0; i < count; i++) {
		list[i] = what[i];
		own[i] = list[i]->w;
		list[i]->w = context;
	}
	done = debit(context, list, count);
	doubt = store_in_doubt(leader->store);
	for (size_t i = 0; i < count; i++) {
		list[i]->w = own[i];
		list[i]->done = done && list[i]->joins;
		list[i]->doubted = doubt && list[i]->joins;
	}
}

const struct combine_kind issue_combined = {
    .fits = fits, .run = run, .wait_ms = LINE_MS};

bool
issue_together(struct attempt *a)
{
	struct combine *c = a->w->provider->debits;
	struct err e = ERR_INIT; /* said where it is tried alone */

	if (c == NULL || !is_plain(a->order) || !issue_is_reached(a, &e))
		return false;
	issue_take(a);
	if (!combine_do(c, a, a->w) || !a->done) {
		a->out->stranger = false;
		return false;
	}
	a->out->system = a->system;
	a->out->count = a->order->count;
	return true;
}
