/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which PSD an attempt debits.
 *
 * A stamp that is debited waits for the module of its PSD, whatever others could do.
 * So a module that is known to be away is left out, and one of which nothing was
 * heard for a moment is asked before a debit.  Both are a matter of this server:
 * who asks hears 503, and a front asks the next one.
 */
#include "provider/issue_own.h"

#include <string.h>

static struct signer *
module_of(const struct attempt *a, size_t i)
{
	return worker_signer(a->w, a->list[i].module);
}

/* a->listed: all are away. */
static size_t
choose(const struct attempt *a, uint64_t turn)
{
	size_t there[PSDS_MAX] = {0};
	int64_t load[PSDS_MAX];
	struct choose_asked asked = {
	    .turn = turn, .who = (uint64_t)a->order->who->id, .load = load};

	for (size_t i = 0; i < a->listed; i++) {
		if (a->away[i])
			continue;
		load[asked.count] =
		    load_of(a->w->provider->load, a->list[i].serial);
		there[asked.count++] = i;
	}
	if (asked.count == 0)
		return a->listed;
	return there[choose_one(a->w->provider->choose_psd, &asked)];
}

static uint32_t
last_mail_date(const struct issue_order *o)
{
	uint32_t last = 0;

	for (size_t i = 0; i < o->count; i++)
		if (o->item[i].request.mail_date > last)
			last = o->item[i].request.mail_date;
	return last;
}

static bool
read_list(struct attempt *a, struct err *e)
{
	struct psds_found found;

	a->listed = a->elsewhere = 0;
	if (!psds_of(a->w, a->order->who->account, last_mail_date(a->order),
		&found, e))
		return false;
	a->listed = found.here_count;
	a->elsewhere = found.elsewhere_count;
	memcpy(a->list, found.here, a->listed * sizeof(*a->list));
	memcpy(a->list + a->listed, found.elsewhere,
	    a->elsewhere * sizeof(*a->list));
	memset(a->away, 0, a->listed * sizeof(*a->away));
	return true;
}

bool
issue_choose(struct attempt *a, uint64_t turn, struct err *e)
{
	if (!read_list(a, e))
		return false;
	a->chosen = choose(a, turn);
	return true;
}

/* --- who is there ------------------------------------------------------------------- */

/* What it is to sign is not debited unless there is a worker that may wait for it:
 * those of others wait for nothing. */
static bool
take_place(struct attempt *a, size_t i, struct err *e)
{
	if (!signer_follows(module_of(a, i)) || a->w->may_wait)
		return true;
	a->placed = a->w->may_wait = places_take(a->w->provider->turns);
	return a->placed || err_set(e, ERR_ABSENT,
				"many wait for the card of PSD %lu: nothing "
				"was debited",
				(unsigned long)a->list[i].serial);
}

void
issue_give_place(struct attempt *a)
{
	if (!a->placed)
		return;
	a->placed = a->w->may_wait = false;
	places_give(a->w->provider->turns);
}

static bool
reach(struct attempt *a, size_t i)
{
	char id[PSD_ID];
	struct err e = ERR_INIT;

	a->away[i] = !take_place(a, i, &e) ||
		     !signer_reach(module_of(a, i),
			 worker_psd_id(a->w, a->list[i].serial, id),
			 &a->list[i].key, &e);
	if (a->away[i]) {
		e.kind = ERR_ABSENT; /* for who asks, whatever it is */
		a->unreached = e;
	}
	return !a->away[i];
}

static bool
reach_one(struct attempt *a, uint64_t turn)
{
	bool known[PSDS_MAX];

	for (size_t i = 0; i < a->listed; i++)
		known[i] = a->away[i] = signer_is_away(module_of(a, i));
	while ((a->chosen = choose(a, turn)) < a->listed)
		if (reach(a, a->chosen))
			return true;
	/* one that was away may be back */
	for (a->chosen = 0; a->chosen < a->listed; a->chosen++)
		if (known[a->chosen] && reach(a, a->chosen))
			return true;
	a->chosen = 0;
	return false;
}

void
issue_choose_there(struct attempt *a, uint64_t turn)
{
	if (read_list(a, &a->unreached) && reach_one(a, turn))
		a->unreached = (struct err)ERR_INIT;
	else
		a->look_up = true;
}

bool
issue_is_reached(const struct attempt *a, struct err *e)
{
	if (a->unreached.kind != ERR_NONE)
		*e = a->unreached;
	return a->unreached.kind == ERR_NONE;
}

/* --- taking ------------------------------------------------------------------------- */

void
issue_take(struct attempt *a)
{
	a->psds = a->all || a->listed == 0 ? a->listed : 1;
	for (size_t n = 0; n < a->psds; n++) {
		size_t i = a->all ? n : a->chosen;

		a->psd[n] =
		    (struct taken){.here = &a->list[i], .away = a->away[i]};
	}
}
