/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dispense_own: what the files of dispense share.  For dispense/dispense*.c
 * alone.
 */
#ifndef DISPENSE_DISPENSE_OWN_H
#define DISPENSE_DISPENSE_OWN_H

#include "dispense/calendar.h"
#include "dispense/cost.h"
#include "dispense/dispense.h"
#include "dispense/journal.h"
#include "dispense/rates.h"
#include "stamp/indicium.h"
#include "vault/pool.h"

#define PIN_MARK 96 /* names a state of a PIN's file */

/* A PSD that this process alone spends from. */
struct money_lock {
	int fd;
	char id[PSD_ID];
};

struct dispense {
	const struct settings *settings;
	struct journal *journal;
	struct pool pool;		/* of one queue; empty until needed */
	const char *pin_file[POOL_MAX]; /* of its members */
	char pin_mark[POOL_MAX][PIN_MARK]; /* those files as they were read */
	struct money_lock lock[POOL_MAX];
	size_t locks;		   /* that are held */
	struct rates *rates;	   /* NULL until needed */
	struct cost_codes *costs;  /* likewise, those of one queue */
	struct calendar *calendar; /* likewise */
	int spool;		   /* the spool folder: the money's lock too */
	time_t time;		   /* 0 = the clock's */
	/* the document whose limits were looked at last, with the journal's
	 * version then; NULL once another one was quoted or closed */
	const struct document *checked;
	int64_t checked_version;
	char folder[PATH_MAX]; /* of the spool */
	char books[PATH_MAX];  /* the journal's file, as it was opened */
	dev_t books_dev;
	ino_t books_ino;
};

struct document {
	struct dispense *d;
	enum client_role role;
	struct job job;
	struct queue_settings queue;
	struct journal_pass pass;
	struct journal_document doc;
	int64_t bound; /* the row that was quoted, or whose outcome was told */
	bool quoted, begun;
	size_t count;	   /* stamps of the quote */
	uint16_t *discard; /* lengths, where nothing is to be printed */
};

time_t dispense_now(const struct dispense *d);
uint32_t dispense_today(const struct dispense *d);

/* First second of this month, of today and of tomorrow. */
struct dispense_times {
	int64_t month, day, next_day;
};
struct dispense_times dispense_times(const struct dispense *d);

/* --- vaults (dispense_pool.c) ----------------------------------------------- */

/* Opens the vaults of the queue where they are not, asks each, and holds its
 * registers against the journal's.  A member whose life, audit or PIN forbids
 * spending has may_spend = false, and says why.
 * Errors: as pool_look(); ERR_CORRUPT (an old copy was put back). */
MUST_CHECK bool dispense_look(
    struct dispense *d, const struct queue_settings *q, struct err *e);

/* One of them may spend.  Errors: what keeps the first of them from it. */
MUST_CHECK bool dispense_need_spender(const struct dispense *d, struct err *e);

/* Is every stamp of the vaults in the journal?  After dispense_look().
 * Errors: ERR_CORRUPT (the journal is older, and the command that heals it). */
MUST_CHECK bool dispense_check_ahead(struct dispense *d, struct err *e);

/* Presents its PIN to each that may spend and wants one; one that does not take
 * it has may_spend = false, and says why.  The last tries are a person's: with two
 * or fewer left nothing is presented. */
MUST_CHECK bool dispense_unlock(struct dispense *d, struct err *e);

/* After a debit that failed with `why`: a PIN that was refused in it is remembered
 * as one that was refused when it was presented first. */
void dispense_note_refused(struct dispense *d, const struct err *why);

MUST_CHECK bool dispense_rates(struct dispense *d, struct err *e);

/* Locks around every debit, over all processes: of each PSD that is there, after
 * dispense_look().  Look again behind it: what came since then is not locked, and
 * dispense_look() leaves it out.
 * Errors: ERR_BUSY (settings->wait_s is over). */
MUST_CHECK bool dispense_lock(struct dispense *d, struct err *e);
bool dispense_has_lock(const struct dispense *d, const char *id);
/* Gives back the locks of those that dispense_look() did not find. */
void dispense_unlock_absent(struct dispense *d);
void dispense_unlock_money(struct dispense *d);

/* Reads pass and document again, inside a transaction.
 * Errors: ERR_DENIED (a person spoiled the one that was quoted, or told of, and
 * the pass has another one by now). */
MUST_CHECK bool dispense_reload(struct document *doc, struct err *e);

/* Nothing is done with a document, now in `state`, that a person spoiled under
 * the hands of its job.  Errors: ERR_DENIED. */
MUST_CHECK bool dispense_check_spoiled(
    const struct document *doc, enum doc_state state, struct err *e);

/* May a vault spend, and do the document's unpaid stamps keep all limits and
 * fit the funds? */
MUST_CHECK bool dispense_check_spending(
    struct document *doc, mils unpaid, mils dearest, struct err *e);

/* What the other documents of the job have cost in this epoch. */
MUST_CHECK bool
dispense_job_spent(const struct document *doc, mils *out, struct err *e);

/* May the queue issue the document's unpaid date corrections today? */
MUST_CHECK bool
dispense_check_redates(const struct document *doc, struct err *e);

/* For each group with an alarm: what is left of its month. */
typedef bool dispense_budget_fn(
    void *context, const struct group_settings *g, mils left, struct err *e);
MUST_CHECK bool dispense_budgets(
    struct dispense *d, dispense_budget_fn *fn, void *context, struct err *e);

/* The first group that is low, into `budget...` of *out. */
MUST_CHECK bool
dispense_low_budget(struct dispense *d, struct funds *out, struct err *e);
MUST_CHECK bool dispense_budget_alarms(
    struct dispense *d, dispense_alarm_fn *fn, void *context, struct err *e);

/* *tell: the alarm `name` has just begun, and nobody was told of it today. */
MUST_CHECK bool dispense_note_alarm(struct dispense *d, const char *name,
    bool raised, bool *tell, struct err *e);

/* Asks the vaults that are there about every debit that a crash cut off, and
 * looks at them again where there was one. */
MUST_CHECK bool dispense_recover(
    struct dispense *d, const struct queue_settings *q, struct err *e);

/* Prices request `r`: everything of *s but its place in the journal.  The
 * vaults were looked at, but where specimens alone are wanted. */
MUST_CHECK bool dispense_price(const struct document *doc,
    const struct stamp_request *r, struct journal_stamp *s, struct err *e);

/* The unsigned indicium of a specimen. */
MUST_CHECK bool dispense_specimen(
    const struct journal_stamp *s, struct indicium *out, struct err *e);

/* Are the stored bytes there, all of them? */
bool dispense_spool_is_whole(
    const struct dispense *d, const struct journal_document *doc);

/* Removes stored bytes that nothing will send again. */
void dispense_sweep(struct dispense *d);

#endif
