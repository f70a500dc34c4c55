/* SPDX-License-Identifier: Apache-2.0 */
/*
 * postaged audit, ledger: do the books agree, and what is in them.
 */
#include "provider/verbs.h"

#include <stdio.h>
#include <time.h>

#include "base/date.h"
#include "provider/audit.h"
#include "provider/store_ledger.h"

#define TOLD_DAYS 60 /* before a PSD expires */

/* --- audit --------------------------------------------------------------------- */

static void
print_fault(void *context, const char *rule, const char *what)
{
	(void)context;
	printf("FAULT: %s: not so: %s\n", rule, what);
}

static void
print_result(const struct audit_result *r)
{
	char sum[MILS_TEXT];

	printf("%zu rules, %zu PSDs, %lld stamps of %s in all, %lld of them "
	       "not signed yet, %zu checkpoints: ",
	    store_audit_count(), r->psds, (long long)r->stamps,
	    mils_format(r->sum, sum), (long long)r->pending, r->checkpoints);
	if (r->faults == 0)
		puts("the books agree");
	else
		printf("%zu faults\n", r->faults);
}

static void
print_card(void *context, const struct audit_card *c)
{
	char spent[MILS_TEXT], left[MILS_TEXT];

	(void)context;
	if (c->away)
		printf("module %s: PSD %lu: not compared: %s\n", c->module,
		    (unsigned long)c->serial, c->why.text);
	else
		printf("module %s: PSD %lu: %lu pieces, spent %s, left %s, "
		       "%lld pieces behind the books\n",
		    c->module, (unsigned long)c->serial,
		    (unsigned long)c->status.piece_count,
		    mils_format(c->status.ascending, spent),
		    mils_format(c->status.descending, left),
		    (long long)c->behind);
}

/* No fault: value that nobody can spend, and stamps that nobody will issue. */
static void
print_expiring(void *context, const struct psd_expiring *p)
{
	const struct worker *w = context;
	char id[PSD_ID], date[DATE_TEXT], left[MILS_TEXT];

	worker_psd_id(w, p->serial, id);
	date_format(p->expires, date);
	mils_format(p->left, left);
	if (p->expires < worker_today(w))
		printf("PSD %s of account %s expired on %s, %s is left in it: "
		       "postaged psd withdraw %s\n",
		    id, p->account, date, left, id);
	else
		printf("PSD %s of account %s expires on %s, %s is left in it: "
		       "postaged psd add %s\n",
		    id, p->account, date, left, p->account);
}

static bool
tell_expiring(struct worker *w, struct err *e)
{
	uint32_t today = worker_today(w);
	bool done = store_begin(w->store, STORE_READ, e) &&
		    store_psd_expiring(w->store, today,
			date_add(today, TOLD_DAYS), print_expiring, w, e);

	store_rollback(w->store);
	return done;
}

static bool
open_worker(struct program *p, struct worker **w, struct err *e)
{
	*w = NULL;
	return program_open(p, e) && program_worker(p, w, e);
}

static bool
close_worker(struct program *p, struct worker *w, bool done)
{
	program_worker_close(w);
	program_close(p);
	return done;
}

bool
verb_audit(struct program *p, int argc, char **argv, struct err *e)
{
	bool state = verb_flag(&argc, argv, "--checkpoint");
	bool cards = verb_flag(&argc, argv, "--modules"), done;
	struct audit_result r;
	struct worker *w;

	if (!verb_words(
		argc, argv, 1, 1, "audit [--checkpoint] [--modules]", e) ||
	    !verb_needs_keys(p, e))
		return false;
	done = open_worker(p, &w, e) &&
	       audit_books(w, print_fault, NULL, &r, e) &&
	       (!cards ||
		   audit_cards(w, print_card, print_fault, NULL, &r.faults, e));
	done = done && tell_expiring(w, e);
	if (done) {
		print_result(&r);
		done = r.faults == 0 ||
		       err_set(e, ERR_CORRUPT,
			   "the books do not agree: stop the service, keep a "
			   "copy of the database, and find out why");
	}
	if (done && state) {
		done = audit_checkpoint(w, e);
		if (done)
			puts("stated how far all chains are: keep a copy of it "
			     "elsewhere (table checkpoint)");
	}
	return close_worker(p, w, done);
}

/* --- ledger --------------------------------------------------------------------- */

static void
print_account(
    void *context, const char *account, mils given, mils taken, int64_t count)
{
	char in[MILS_TEXT], out[MILS_TEXT], left[MILS_TEXT];

	(void)context;
	printf("%-20s %14s %14s %14s %9lld\n", account, mils_format(given, in),
	    mils_format(taken, out), mils_format(given - taken, left),
	    (long long)count);
}

static void
print_transfer(void *context, const struct transfer *t)
{
	char when[32], sum[MILS_TEXT];
	time_t made = t->made / 1000;
	struct tm tm;

	(void)context;
	localtime_r(&made, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	printf("%s  %-8s %-20s -> %-20s %12s  %s\n", when, t->kind, t->from,
	    t->to, mils_format(t->amount, sum), t->ref);
}

static bool
print_ledger(struct store *s, const char *account, struct err *e)
{
	if (!store_begin(s, STORE_READ, e))
		return false;
	if (account != NULL)
		return store_ledger_transfers(
		    s, account, 100, print_transfer, NULL, e);
	printf("%-20s %14s %14s %14s %9s\n", "account", "given", "taken",
	    "balance", "transfers");
	return store_ledger_accounts(s, print_account, NULL, e);
}

bool
verb_ledger(struct program *p, int argc, char **argv, struct err *e)
{
	struct worker *w;
	bool done;

	if (!verb_words(argc, argv, 1, 2, "ledger [ACCOUNT]", e))
		return false;
	done = open_worker(p, &w, e) && print_ledger(w->store, argv[1], e);
	if (w != NULL)
		store_rollback(w->store);
	return close_worker(p, w, done);
}
