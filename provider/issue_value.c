/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Value for an attempt that is short of it.
 */
#include "provider/issue_own.h"

#include <string.h>

#include "provider/fund.h"
#include "provider/pay.h"
#include "provider/spread.h"

/* --- what it would take ------------------------------------------------------------ */

struct plan {
	struct spread psd[PSDS_MAX];
	size_t psds;
	bool fits;	      /* into these PSDs */
	size_t of[ISSUE_MAX]; /* each fresh stamp: which of them */
	mils lack;
};

static struct spread
purse_of(const struct psd_row *row, mils debited, bool away)
{
	/* as it was before this attempt */
	mils left = psd_descending(&row->psd) + debited;

	if (away || !row->operational)
		return (struct spread){.left = -1};
	return (struct spread){
	    .left = left, .room = row->psd.max_descending - left};
}

static void
spread(const struct attempt *a, struct plan *p)
{
	mils amount[ISSUE_MAX];
	size_t count = 0;

	for (size_t i = 0; i < a->order->count; i++)
		if (!a->known[i])
			amount[count++] = a->order->item[i].request.amount;
	p->fits = p->psds > 0 && spread_stamps(amount, count, p->psd, p->psds,
				     a->chosen % p->psds, p->of, &p->lack);
}

/* Those that were taken; with `away`, as if each module were there. */
static void
plan_here(const struct attempt *a, bool away, struct plan *out)
{
	out->psds = a->psds;
	for (size_t i = 0; i < a->psds; i++)
		out->psd[i] = purse_of(
		    &a->psd[i].row, a->psd[i].sum, a->psd[i].away && !away);
	spread(a, out);
}

/* --- elsewhere ----------------------------------------------------------------------- */

/* By the credit that there is; or by a payment, where those here could not hold it. */
static bool
is_better(
    const struct attempt *a, const struct plan *p, const struct plan *here)
{
	return p->fits && (!here->fits || p->lack <= a->system.credit);
}

/* What one module could do: which of them a server has it alone knows. */
static bool
plan_module(
    struct attempt *a, const char *module, struct plan *out, struct err *e)
{
	struct psd_row row;
	bool found;

	out->psds = 0;
	for (size_t i = a->listed; i < a->listed + a->elsewhere; i++) {
		if (strcmp(a->list[i].module, module) != 0)
			continue;
		store_psd_row_ask(a->w->store, a->list[i].serial, STORE_LOOK);
		if (!store_psd_row_get(a->w->store, &row, &found, e))
			return false;
		if (found)
			out->psd[out->psds++] = purse_of(&row, 0, false);
	}
	spread(a, out);
	return true;
}

/* *module: one of another server's that would do; NULL: none.  In a transaction. */
static bool
look_elsewhere(struct attempt *a, const struct plan *here, const char **module,
    struct err *e)
{
	struct plan p;

	*module = NULL;
	for (size_t i = a->listed; i < a->listed + a->elsewhere; i++) {
		if (!plan_module(a, a->list[i].module, &p, e))
			return false;
		if (is_better(a, &p, here))
			*module = a->list[i].module;
	}
	return true;
}

/* There is enough where this server cannot have it now: nobody pays for it again. */
static bool
check_elsewhere(struct attempt *a, const struct plan *here, struct err *e)
{
	const char *module = NULL;
	struct plan all;
	bool done;

	plan_here(a, true, &all);
	if (is_better(a, &all, here))
		return err_set(e, ERR_ABSENT,
		    "the value of account %s is in a PSD whose module is away: "
		    "nothing was debited",
		    a->system.account_name);
	done = a->elsewhere == 0 || (store_begin(a->w->store, STORE_READ, e) &&
					look_elsewhere(a, here, &module, e));
	store_rollback(a->w->store);
	if (!done || module == NULL)
		return done;
	return err_set(e, ERR_ABSENT,
	    "the value of account %s is in a PSD of module %s, which another "
	    "server has: nothing was debited",
	    a->system.account_name, module);
}

/* --- too much ------------------------------------------------------------------------ */

static bool
too_much(const struct attempt *a, struct err *e)
{
	char sum[MILS_TEXT];

	return err_set(e, ERR_DENIED,
	    "stamps of %s at once are more than the PSDs of account %s may "
	    "hold: ask for fewer at once, or the provider for another PSD",
	    mils_format(a->sum, sum), a->system.account_name);
}

bool
issue_is_held(struct attempt *a, struct err *e)
{
	const char *module;
	struct plan p;

	plan_here(a, true, &p);
	if (p.fits)
		return true;
	if (!look_elsewhere(a, &p, &module, e))
		return false;
	return module != NULL || too_much(a, e);
}

/* --- finding it ---------------------------------------------------------------------- */

/* The debit follows the plan; by another one it might be short again. */
static void
keep(struct attempt *a, const struct plan *p)
{
	size_t n = 0;

	for (size_t i = 0; i < a->order->count; i++)
		if (!a->known[i])
			a->planned[i] = a->psd[p->of[n++]].here->serial;
}

/* Each gets what it lacks, and more only of what the others leave. */
static bool
fund(struct attempt *a, const struct plan *p, struct err *e)
{
	for (size_t i = 0; i < p->psds; i++) {
		struct user_system u = a->system;
		mils need = p->psd[i].lack;
		enum funded end;

		u.credit -= p->lack - need;
		if (need > 0 &&
		    !fund_psd(a->w, &u, a->psd[i].here, need, &end, e))
			return false;
	}
	return true; /* others may have been there before: the attempt sees */
}

static bool
no_funds(const struct attempt *a, mils lack, struct err *e)
{
	char want[MILS_TEXT], missing[MILS_TEXT], credit[MILS_TEXT];

	return err_set(e, ERR_FUNDS,
	    "account %s has too little: %s is needed, %s is missing (credit "
	    "outside of its PSDs: %s); pay in to the provider",
	    a->system.account_name, mils_format(a->sum, want),
	    mils_format(lack, missing), mils_format(a->system.credit, credit));
}

/* From the account's card, where it is set so. */
static bool
buy(struct attempt *a, mils lack, struct err *e)
{
	mils added;

	return pay_auto(a->w, a->system.account, lack, &added, e) &&
	       (added > 0 || no_funds(a, lack, e));
}

bool
issue_find_value(struct attempt *a, struct err *e)
{
	struct plan p;

	plan_here(a, false, &p);
	if (p.fits && p.lack <= a->system.credit) {
		keep(a, &p);
		return fund(a, &p, e);
	}
	if (!a->all && a->listed > 1) {
		a->all = true;
		return true;
	}
	return check_elsewhere(a, &p, e) &&
	       (p.fits ? buy(a, p.lack, e) : too_much(a, e));
}
