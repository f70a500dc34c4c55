/* SPDX-License-Identifier: Apache-2.0 */
/*
 * issue: debits and signs stamps for a user system.
 *
 * One transaction checks who asks and what may be spent, debits the PSDs
 * (vault/psd.h on their rows) and writes each stamp with the bytes that will be
 * signed; complete.h signs them afterwards.  So a crash leaves either nothing or
 * stamps that anybody can finish.
 *
 * A stamp's key names it for ever, per user system: asked for again it is
 * answered with the same bytes by whichever server is asked, and not debited.
 *
 * The fence.  A client that got no answer asks issue_find(), which moves its
 * user system's fence on, in a transaction that waits for the row that each debit
 * writes.  A debit bears the fence that its sender knew; one that is older than
 * the system's is refused.  So what issue_find() did not find can never be
 * debited by a request that was sent before it.
 */
#ifndef PROVIDER_ISSUE_H
#define PROVIDER_ISSUE_H

#include "provider/store_stamp.h"
#include "provider/store_system.h"
#include "provider/worker.h"

#define ISSUE_MAX 100

/* For provider->debits. */
extern const struct combine_kind issue_combined;

struct issue_item {
	struct psd_request request;
	char cost[COST_MAX]; /* cost code, "" = none */
};

struct issue_order {
	const struct user_system *who; /* as auth.h found it, seen or new */
	int64_t fence;		       /* as the client was told it last */
	mils total;   /* the sum of all, as the client has it */
	int64_t buys; /* this order of its own (order.h), 0 = none */
	size_t count; /* 1 to ISSUE_MAX */
	struct issue_item item[ISSUE_MAX];
};

struct issue_result {
	struct user_system system; /* after it */
	size_t count;
	struct stamp_row stamp[ISSUE_MAX]; /* as in the order */
	bool replayed[ISSUE_MAX];
	bool other_request; /* failed: a key was used for another stamp */
	bool stranger;	    /* failed: `who` is not known by that any more */
};

/* All new stamps of the order, or none.
 * Errors: ERR_REQUEST (total, a field, a key twice, what it buys was dropped or
 * has expired), ERR_FUNDS, ERR_DENIED (not to be spent, limits, PSD's life, sheet,
 * label), ERR_BUSY (an old fence), ERR_CORRUPT (a key with another request),
 * ERR_ABSENT: nothing is known, ask issue_find(). */
MUST_CHECK bool issue_stamps(struct worker *w, const struct issue_order *order,
    struct issue_result *out, struct err *e);

/* What it would cost now, whatever the order's total and fence are: every check of
 * issue_stamps() but that for value, and nothing is kept.  `due` is what of the
 * total was not issued before, `funds` what the account has without its card.
 * Errors: as issue_stamps(), but ERR_FUNDS. */
struct issue_price {
	mils total, due, funds;
	bool other_request; /* failed: as in struct issue_result */
};
MUST_CHECK bool issue_quote(struct worker *w, const struct issue_order *order,
    struct issue_price *out, struct err *e);

/* Has the account's card pay what is missing of `needed`, where it is set so
 * (auto-add); nothing is debited.  *out is the system then, *loaded what its
 * account's PSDs have: together with the credit it may still be too little.
 * Errors: ERR_DENIED (over a limit, not to be spent), ERR_FUNDS (the card was
 * declined), ERR_ABSENT (the payment is under way: ask again). */
MUST_CHECK bool issue_funds(struct worker *w, const struct user_system *who,
    mils needed, struct user_system *out, mils *loaded, struct err *e);

/* Those of `keys` that there are, signed; moves the fence.  out->stamp[i] has
 * been found where out->replayed[i].
 * Errors: ERR_ABSENT (also: a stamp's module is away). */
MUST_CHECK bool issue_find(struct worker *w, int64_t system,
    const uint8_t (*keys)[PSD_KEY_BYTES], size_t count,
    struct issue_result *out, struct err *e);

/* The last `max` (at most ISSUE_MAX) of a system, the oldest first: count and stamps
 * of *out alone.  No debit waits for it.
 * Errors: as issue_find(). */
MUST_CHECK bool issue_recent(struct worker *w, int64_t system, size_t max,
    struct issue_result *out, struct err *e);

#endif
