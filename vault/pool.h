/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool: several vaults as one; a single vault is a pool of one.
 *
 * It is no home of its own: who spends must write down which PSD is going to
 * sign a stamp before it is asked to.  So a pool opens its members, says what
 * each has left, plans which one issues which stamp, and debits several at
 * once, each in a thread of its own, as a smart card signs slowly.
 *
 * Order of calls: pool_open(); pool_look() before each piece of work; the
 * caller may take members out of it (may_spend = false); pool_plan(), then
 * pool_choose() for stamp after stamp; pool_debit(); pool_close().
 *
 * A member that is away (ERR_ABSENT) or held by somebody else (ERR_BUSY) is left
 * out, and the others do the work.  Anything else that is wrong with one, a
 * damaged state or a certificate that nobody trusts, stops all: a person has to
 * look.
 */
#ifndef VAULT_POOL_H
#define VAULT_POOL_H

#include "vault/vault.h"

#define POOL_MAX 8

/* Which member gives the next stamp, of those that have enough left. */
enum pool_order {
	POOL_IN_ORDER,	 /* the first until it is empty, then the next */
	POOL_FULLEST,	 /* the one with the most left */
	POOL_ROUND_ROBIN /* one after the other */
};

struct pool_member {
	const char *uri;     /* the caller's */
	struct vault *vault; /* NULL: not open */
	bool there;	     /* it answered the last pool_look() */
	struct err why;	     /* if not */
	int64_t missed_ms;   /* clock_ms() of when it was looked for in vain */
	struct psd_status status;
	char id[PSD_ID];
	bool unlocked;	/* for the caller */
	bool may_spend; /* true after pool_look() where it is there */
	mils left;	/* in the plan */
};

struct pool {
	struct pool_member member[POOL_MAX];
	size_t count;
	enum pool_order order;
	int wait_ms;
	const char *certificates; /* folder, see trust_check() */
	size_t last;		  /* that was chosen */
	int again_ms;		  /* see pool_look(); 5,000 */
};

/* Names the members; nothing is opened.  The strings must live as long.
 * Errors: ERR_CONFIG (none, too many, one twice). */
struct pool_setup {
	const char *uri[POOL_MAX];
	size_t count;
	enum pool_order order;
	int wait_ms; /* for another holder of a member */
	const char *certificates;
};
MUST_CHECK bool
pool_open(const struct pool_setup *setup, struct pool *out, struct err *e);

/* Forgets PINs and keys; nothing is done to an empty pool. */
void pool_close(struct pool *p);

/* Opens what is not open, asks whether it is to be trusted, and for its status.
 * One that was away is looked for again after again_ms, or where no other is
 * there.
 * Errors: no member is there: the first one's; ERR_CONFIG (two members are one
 * PSD, or a lab's PSD is among real ones); as vault_open(), trust_check(),
 * vault_status(), but for what is said above. */
MUST_CHECK bool pool_look(struct pool *p, struct err *e);

/* Value left in those that may spend. */
mils pool_left(const struct pool *p);

/* Has `needed` left in those that may spend, where a provider can get it: see
 * vault_fund().  pool_left() says what came of it.
 * Errors: as vault_fund(). */
MUST_CHECK bool pool_fund(struct pool *p, mils needed, struct err *e);

/* All of it is at a provider (https:), where it is paid in and not loaded. */
bool pool_is_far(const struct pool *p);

/* May this PSD issue this stamp, its value apart?
 * Errors: ERR_REQUEST (amount outside of its limits, mail date after its
 * expiry), ERR_DENIED (mail date after its audit, where it has no clock). */
MUST_CHECK bool pool_may_issue(
    const struct psd_status *s, const struct psd_request *r, struct err *e);

/* Stamps of one pool_debit(): what each of those that may spend debits in one
 * step. */
size_t pool_batch_max(const struct pool *p);

/* Begins a plan with what each has left. */
void pool_plan(struct pool *p);

/* Takes the stamp's amount from the member that is to issue it.
 * Errors: ERR_FUNDS (none has enough for it), else as pool_may_issue() of the
 * first that may spend. */
MUST_CHECK bool pool_choose(
    struct pool *p, const struct psd_request *r, size_t *member, struct err *e);

/* Debits in[i] from member[i], out[i] is the stamp where done[i].  What one
 * member does is done whole or not at all; each has at most
 * pool_batch_max().
 * refused[i]: the member said no, and nothing was debited.  True where all are
 * done.  Errors: as vault_debit(), of the first member that failed. */
struct pool_batch {
	size_t count;
	struct psd_request in[VAULT_BATCH_MAX];
	size_t member[VAULT_BATCH_MAX];
	struct psd_stamp out[VAULT_BATCH_MAX];
	bool done[VAULT_BATCH_MAX], refused[VAULT_BATCH_MAX];
};
MUST_CHECK bool
pool_debit(struct pool *p, struct pool_batch *batch, struct err *e);

#endif
