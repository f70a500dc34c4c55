/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers of cards, beside those of the books.
 */
#include "provider/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provider/psds.h"

struct view {
	struct worker *w;
	struct psd_record psd;
	struct psd_row before, after; /* of looking at the card */
	struct audit_card card;
};

/* --- the books ----------------------------------------------------------------------- */

static bool
read_row(struct view *v, struct psd_row *out, struct err *e)
{
	bool found = false, done;

	if (!store_begin(v->w->store, STORE_READ, e))
		return false;
	store_psd_row_ask(v->w->store, v->psd.here.serial, STORE_LOOK);
	done = store_psd_row_get(v->w->store, out, &found, e);
	store_rollback(v->w->store);
	return done && (found || err_set(e, ERR_CORRUPT, "PSD %lu has no state",
				     (unsigned long)v->psd.here.serial));
}

/* What the registers were behind a piece; the piece was issued. */
static bool
registers_at(struct view *v, uint32_t piece, mils *ascending,
    mils *control_total, struct err *e)
{
	struct indicium in = {.ascending = 0};
	struct stamp_row row;
	bool found = false, done;

	*ascending = *control_total = 0;
	if (piece == 0)
		return true;
	if (!store_begin(v->w->store, STORE_READ, e))
		return false;
	store_stamp_piece_ask(v->w->store, v->psd.here.serial, piece);
	done = store_stamp_get(v->w->store, &row, &found, e) && found &&
	       indicium_decode(row.indicium, row.len, &in, e);
	store_rollback(v->w->store);
	*ascending = (mils)in.ascending;
	*control_total = (mils)in.ascending + in.descending;
	return done ||
	       err_set(e, ERR_CORRUPT,
		   "piece %lu of PSD %lu is not in the books",
		   (unsigned long)piece, (unsigned long)v->psd.here.serial);
}

/* --- the rules ------------------------------------------------------------------------ */

/* A card comes behind the books: what is signed it has issued, and no more than
 * they have. */
static bool
find_fault(struct view *v, const char **fault, struct err *e)
{
	const struct psd_status *s = &v->card.status;
	const struct psd *books = &v->after.psd;
	mils ascending, control_total;

	*fault = NULL;
	if (s->piece_count > books->piece_count)
		*fault = "the card has issued stamps that are not in the books";
	else if (s->piece_count < v->before.complete)
		*fault = "the card does not know of stamps that it signed";
	else if (!registers_at(
		     v, s->piece_count, &ascending, &control_total, e))
		return false;
	else if (s->ascending != ascending)
		*fault = "the card has spent something else";
	else if (s->control_total < control_total ||
		 s->control_total > books->control_total ||
		 s->download_sequence > books->download_sequence)
		*fault = "the card was given something else";
	return true;
}

static bool
look(struct view *v, struct err *e)
{
	struct signer *s = worker_signer(v->w, v->psd.here.module);
	char id[PSD_ID];

	v->card = (struct audit_card){.serial = v->psd.here.serial};
	memcpy(v->card.module, v->psd.here.module, sizeof(v->card.module));
	if (!read_row(v, &v->before, e))
		return false;
	v->card.away =
	    !signer_look(s, worker_psd_id(v->w, v->psd.here.serial, id),
		&v->card.status, &v->card.why);
	if (!read_row(v, &v->after, e))
		return false;
	v->card.behind =
	    (int64_t)v->after.psd.piece_count - v->card.status.piece_count;
	return true;
}

/* --- one after the other ----------------------------------------------------------------- */

/* The next PSD here behind `after`; its module is not said. */
static bool
next_psd(struct view *v, uint32_t after, bool *found, struct err *e)
{
	struct audit_psd next;
	bool done;

	if (!store_begin(v->w->store, STORE_READ, e))
		return false;
	done = store_audit_psd(v->w->store, after, &next, found, e) &&
	       (!*found ||
		   store_psd_find(v->w->store, next.serial, &v->psd, found, e));
	store_rollback(v->w->store);
	return done;
}

static bool
follows(const struct view *v)
{
	const struct signer *s = worker_signer(v->w, v->psd.here.module);

	return s != NULL && signer_follows(s);
}

static bool
audit_one(struct view *v, audit_card_fn *card, audit_fault_fn *each,
    void *context, size_t *faults, struct err *e)
{
	const char *fault = NULL;
	char what[32];

	if (!look(v, e) || (!v->card.away && !find_fault(v, &fault, e)))
		return false;
	card(context, &v->card);
	if (fault == NULL)
		return true;
	snprintf(what, sizeof(what), "PSD %lu", (unsigned long)v->card.serial);
	++*faults;
	each(context, fault, what);
	return true;
}

bool
audit_cards(struct worker *w, audit_card_fn *card, audit_fault_fn *each,
    void *context, size_t *faults, struct err *e)
{
	struct view *v = calloc(1, sizeof(*v));
	bool found = true, good = v != NULL || err_system(e, "memory");
	uint32_t after = 0;

	while (good && found) {
		v->w = w;
		good = next_psd(v, after, &found, e);
		if (!good || !found)
			break;
		after = v->psd.here.serial;
		if (follows(v))
			good = audit_one(v, card, each, context, faults, e);
	}
	free(v);
	return good;
}
