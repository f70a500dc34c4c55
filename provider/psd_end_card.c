/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The card's part in the end of its PSD.
 */
#include "provider/psd_end.h"

#include <string.h>

#include "provider/complete_own.h"
#include "vault/crypto.h"
#include "vault/download.h"

#define PENDING 16 /* of one round */

/* --- its word ----------------------------------------------------------------------- */

static const char *
fault_of(const struct psd *p, const struct psd_report *r)
{
	char of_row[PSD_ID], of_card[PSD_ID];

	if (r->type != MESSAGE_RECEIPT || r->life != PSD_WITHDRAWN ||
	    r->sequence != p->download_sequence)
		return "it does not say that it is at its end";
	if (strcmp(message_psd_id(&r->psd, of_card), psd_id(p, of_row)) != 0 ||
	    r->cert_serial != p->cert_serial)
		return "it is another PSD's";
	if (r->piece_count != p->piece_count || r->ascending != p->ascending)
		return "it has issued something else than the books";
	if (r->control_total != p->control_total)
		return "it was given something else than the books gave";
	return NULL;
}

bool
psd_end_proves(const struct psd *row, const uint8_t point[PSD_POINT],
    const uint8_t *receipt, size_t len, struct err *e)
{
	struct sig_key *key = NULL;
	const char *fault = NULL;
	struct psd_report r;
	bool good = crypto_from_point(point, &key, e) &&
		    download_check_report(receipt, len, key, &r, e);

	sig_free(key);
	if (good)
		fault = fault_of(row, &r);
	else
		e->kind = ERR_CORRUPT;
	if (fault != NULL)
		good = err_set(e, ERR_CORRUPT, "%s", fault);
	return good || err_prefix(e, "the last word of PSD %lu's card",
			   (unsigned long)row->serial);
}

/* --- the end ------------------------------------------------------------------------- */

static bool
read_row(struct worker *w, uint32_t serial, struct psd_row *row, struct err *e)
{
	bool found = false, done = store_begin(w->store, STORE_READ, e);

	if (done) {
		store_psd_row_ask(w->store, serial, STORE_LOOK);
		done = store_psd_row_get(w->store, row, &found, e);
	}
	store_rollback(w->store);
	return done && (found || err_set(e, ERR_CORRUPT, "PSD %lu has no state",
				     (unsigned long)serial));
}

/* All that the books debited, then all that they gave and ordered. */
static bool
ask_card(struct worker *w, const struct psd_here *psd, const struct psd *row,
    uint8_t receipt[PSD_MESSAGE_MAX], size_t *len, struct err *e)
{
	struct complete_shelf shelf = {w, psd->serial};
	struct follow_books books = {complete_answer, &shelf};
	char id[PSD_ID];

	return complete_in_order(w, psd, row->piece_count, e) &&
	       signer_value(worker_signer(w, psd->module),
		   worker_psd_id(w, psd->serial, id), &psd->key, &books,
		   row->download_sequence, receipt, len, e) &&
	       psd_end_proves(row, psd->key.point, receipt, *len, e);
}

/* Another server may have been first, or a person. */
static bool
give_back(struct worker *w, const struct psd_here *psd, const uint8_t *receipt,
    size_t len, mils *back, struct err *e)
{
	struct psd_row row;
	bool found;

	store_psd_row_ask(w->store, psd->serial, STORE_LOCK);
	if (!store_psd_row_get(w->store, &row, &found, e))
		return false;
	if (!found || !row.ending)
		return true;
	*back = psd_descending(&row.psd);
	return store_psd_end(w->store, psd->serial, receipt, len, e) &&
	       psd_end_give_back(w, psd->serial, psd->account, *back, e);
}

bool
psd_end_card(struct worker *w, uint32_t serial, mils *back, struct err *e)
{
	const struct psd_here *found;
	uint8_t receipt[PSD_MESSAGE_MAX];
	struct psd_here psd;
	struct psd_row row;
	size_t len;
	bool done;

	*back = 0;
	if (!psds_find(w, serial, &found, e) || !read_row(w, serial, &row, e))
		return false;
	if (!row.ending)
		return true;
	psd = *found; /* until the next */
	if (!ask_card(w, &psd, &row.psd, receipt, &len, e))
		return false;
	done = store_begin(w->store, STORE_WRITE, e) &&
	       give_back(w, &psd, receipt, len, back, e) &&
	       store_commit(w->store, e);
	store_rollback(w->store);
	if (!done)
		*back = 0;
	return done;
}

/* --- those that wait ------------------------------------------------------------------ */

bool
psd_end_pending(struct worker *w, size_t *count, struct err *e)
{
	struct psd_here list[PENDING];
	size_t found = 0;
	mils back;
	bool good =
	    store_begin(w->store, STORE_READ, e) &&
	    store_psd_ending(w->store, w->ending, 0, list, PENDING, &found, e);

	store_rollback(w->store);
	*count = 0;
	/* round and round: those that wait for long keep nobody out */
	w->ending = good && found == PENDING ? list[found - 1].serial : 0;
	for (size_t i = 0; good && i < found; i++) {
		struct err wrong = ERR_INIT;

		struct signer *signer = worker_signer(w, list[i].module);

		/* who looks for cards that are away finds it (keeper.c) */
		if (signer == NULL || signer_is_away(signer))
			continue;
		if (psd_end_card(w, list[i].serial, &back, &wrong))
			++*count;
		else if (wrong.kind != ERR_ABSENT && wrong.kind != ERR_BUSY)
			*e = wrong;
	}
	return good && e->kind == ERR_NONE;
}
