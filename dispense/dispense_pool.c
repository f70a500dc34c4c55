/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vaults of a queue: which of them are there, whether their registers and
 * the journal agree, and which may spend.
 */
#include "dispense/dispense_own.h"
#include "dispense/books.h"

#include <stdio.h>
#include <string.h>

#include "base/date.h"

/* --- which vaults -------------------------------------------------------------- */

/* Are these the ones that are open? */
static bool
is_open(const struct dispense *d, const struct vault_choice *v, size_t count)
{
	if (d->pool.count != count)
		return false;
	for (size_t i = 0; i < count; i++)
		if (d->pool.member[i].uri != v[i].uri)
			return false;
	return true;
}

static bool
open_pool(struct dispense *d, const struct queue_settings *q, struct err *e)
{
	const struct settings *s = d->settings;
	struct vault_choice choice[POOL_MAX];
	struct pool_setup setup = {.order = s->order,
	    .wait_ms = s->wait_s * 1000,
	    .certificates = s->certificates};

	setup.count = settings_vaults(s, q, choice);
	if (is_open(d, choice, setup.count))
		return true;
	pool_close(&d->pool);
	for (size_t i = 0; i < setup.count; i++) {
		setup.uri[i] = choice[i].uri;
		d->pin_file[i] = choice[i].pin_file;
	}
	return pool_open(&setup, &d->pool, e);
}

/* A vault that knows less than it has signed would sign the same registers
 * again.  Read in this order what another process spends meanwhile harms not:
 * its vault is always ahead of its journal. */
static bool
check_register(struct dispense *d, struct pool_member *m, struct err *e)
{
	char said[MILS_TEXT], knows[MILS_TEXT];
	mils highest;

	if (!journal_psd_highest(d->journal, m->id, &highest, e))
		return false;
	if (m->status.ascending >= highest)
		return true;
	if (!vault_status(m->vault, &m->status, e))
		return false;
	if (m->status.ascending >= highest)
		return true;
	return err_set(e, ERR_CORRUPT,
	    "%s says that it has spent %s in all, the journal has stamps of it "
	    "up to %s: its storage is damaged, or an old copy was put back. "
	    "Nothing is printed from it until the newest copy is there; "
	    "\"postage journal check\" compares them",
	    m->id, mils_format(m->status.ascending, said),
	    mils_format(highest, knows));
}

/* Round robin goes on behind the one that issued last, whoever asked it to. */
static bool
find_last(struct dispense *d, struct err *e)
{
	char id[32];

	if (d->pool.order != POOL_ROUND_ROBIN || d->pool.count < 2)
		return true;
	if (!journal_last_psd(d->journal, id, e))
		return false;
	for (size_t i = 0; i < d->pool.count; i++)
		if (d->pool.member[i].there &&
		    strcmp(d->pool.member[i].id, id) == 0)
			d->pool.last = i;
	return true;
}

/* --- which may spend ------------------------------------------------------------ */

static bool
check_life(const struct dispense *d, const struct pool_member *m, struct err *e)
{
	const struct psd_status *psd = &m->status;
	char date[DATE_TEXT];

	if (psd->audit_due != 0 && psd->audit_due < dispense_today(d))
		return err_set(e, ERR_DENIED,
		    "%s: its audit was due on %s: postage vault audit", m->id,
		    date_format(psd->audit_due, date));
	if (psd->life == PSD_LOCKED && psd->pooled)
		return err_set(e, ERR_DENIED,
		    "%s is locked by its provider%s%s", m->id,
		    vault_reason(m->vault)[0] != '\0' ? ": " : "",
		    vault_reason(m->vault));
	if (psd->life == PSD_LOCKED)
		return err_set(
		    e, ERR_DENIED, "%s is locked: postage vault audit", m->id);
	if (psd->life != PSD_OPERATIONAL)
		return err_set(e, ERR_DENIED, "%s is not in operation", m->id);
	if (psd->expires < dispense_today(d))
		return err_set(e, ERR_DENIED, "%s has expired on %s", m->id,
		    date_format(psd->expires, date));
	if (psd->pin_required && psd->pin_tries_left == 0)
		return err_set(e, ERR_DENIED, "%s: its PIN is blocked", m->id);
	return true;
}

bool
dispense_look(struct dispense *d, const struct queue_settings *q, struct err *e)
{
	if (!open_pool(d, q, e) || !pool_look(&d->pool, e))
		return false;
	for (size_t i = 0; i < d->pool.count; i++) {
		struct pool_member *m = &d->pool.member[i];

		if (!m->there)
			continue;
		if (d->locks > 0 && !dispense_has_lock(d, m->id)) {
			m->there = m->may_spend = false;
			err_set(&m->why, ERR_BUSY, "%s has just come", m->id);
			continue;
		}
		if (!check_register(d, m, e))
			return false;
		m->why = (struct err)ERR_INIT;
		m->may_spend = check_life(d, m, &m->why);
	}
	return find_last(d, e);
}

bool
dispense_need_spender(const struct dispense *d, struct err *e)
{
	const struct pool_member *first = NULL;

	for (size_t i = 0; i < d->pool.count; i++) {
		const struct pool_member *m = &d->pool.member[i];

		if (m->may_spend)
			return true;
		/* One that is here and says no tells more than one away. */
		if (first == NULL || (m->there && !first->there))
			first = m;
	}
	if (first == NULL)
		return err_set(e, ERR_CONFIG, "no vault is named");
	*e = first->why;
	return false;
}

/* --- journal and vaults ------------------------------------------------------------ */

/* An intent is on the medium before its debit, and gone with the commit that
 * has the stamp; so where none is left, read after the vault, the journal has
 * all that the vault had. */
static bool
check_ahead(struct dispense *d, const struct pool_member *m, struct err *e)
{
	char said[MILS_TEXT], knows[MILS_TEXT];
	struct journal_stamp one;
	size_t intents;
	mils highest;
	bool known;

	if (!journal_intents(d->journal, m->id, &one, 1, &intents, e) ||
	    !journal_psd_highest(d->journal, m->id, &highest, e) ||
	    !books_psd_known(d->journal, m->id, &known, e))
		return false;
	if (!known || intents > 0 || m->status.ascending <= highest)
		return true;
	return err_set(e, ERR_CORRUPT,
	    "%s says that it has spent %s in all, the journal knows of %s: an "
	    "old journal was put back, or another one was in use. Nothing is "
	    "printed until \"postage journal adopt\" has booked what the vault "
	    "remembers",
	    m->id, mils_format(m->status.ascending, said),
	    mils_format(highest, knows));
}

bool
dispense_check_ahead(struct dispense *d, struct err *e)
{
	for (size_t i = 0; i < d->pool.count; i++)
		if (d->pool.member[i].there &&
		    !check_ahead(d, &d->pool.member[i], e))
			return false;
	return true;
}

static bool
adopt(struct dispense *d, struct pool_member *m, const struct books_by *by,
    struct books_adopted *sum, struct err *e)
{
	static struct psd_stamp recent[PSD_RING];
	struct books_adopted one;
	size_t count;
	bool done =
	    vault_recent(m->vault, recent, &count, e) &&
	    journal_begin(d->journal, e) &&
	    books_adopt(d->journal, &m->status, recent, count, by, &one, e) &&
	    journal_commit(d->journal, e);

	journal_abort(d->journal);
	if (!done)
		return false;
	sum->count += one.count;
	sum->sum += one.sum;
	sum->lost += one.lost;
	sum->doubtful += one.doubtful;
	if (one.document != 0)
		sum->document = one.document;
	return true;
}

/* Where some of several vaults are ahead of the journal, the others need
 * nothing. */
static bool
adopt_all(struct dispense *d, const struct books_by *by,
    struct books_adopted *out, struct err *e)
{
	struct err why = ERR_INIT;
	bool any = false;

	for (size_t i = 0; i < d->pool.count; i++) {
		struct pool_member *m = &d->pool.member[i];

		if (!m->there)
			continue;
		why = (struct err)ERR_INIT;
		if (adopt(d, m, by, out, &why))
			any = true;
		else if (why.kind != ERR_REQUEST)
			break;
	}
	if (why.kind == ERR_NONE || (any && why.kind == ERR_REQUEST))
		return true;
	*e = why;
	return false;
}

bool
dispense_adopt(struct dispense *d, const struct books_by *by,
    struct books_adopted *out, struct err *e)
{
	const struct queue_settings all = {.vaults = ""};
	bool done;

	*out = (struct books_adopted){0};
	if (!dispense_look(d, &all, e) || !dispense_recover(d, &all, e) ||
	    !dispense_lock(d, e))
		return false;
	done = dispense_look(d, &all, e) && adopt_all(d, by, out, e);
	dispense_unlock_money(d);
	return done;
}
