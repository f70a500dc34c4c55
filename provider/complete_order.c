/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stamps whose module follows the books: a card, which debits as they did.
 */
#include "provider/complete_own.h"

#include <stdlib.h>
#include <string.h>

#include "provider/again.h"
#include "provider/store_admin.h"

#define TRIES 8 /* each is somebody else's progress */

/* --- the books ------------------------------------------------------------------- */

/* What is to be signed next: `row` of the group. */
struct part {
	struct group group;
	struct stamp_row rows[FOLLOW_MAX];
	struct follow_piece piece[FOLLOW_MAX];
};

static bool
gather(struct part *p, size_t count, uint32_t last, struct err *e)
{
	struct group *g = &p->group;

	g->count = 0;
	for (size_t i = 0; i < count && p->rows[i].piece <= last; i++) {
		struct stamp_row *row = &p->rows[i];

		if (row->piece != p->rows[0].piece + i)
			return err_set(e, ERR_CORRUPT,
			    "piece %lu has no signature, and one behind it "
			    "has: postaged audit",
			    (unsigned long)p->rows[0].piece + i);
		if (!complete_add(g, row, e))
			return false;
		p->piece[i] = (struct follow_piece){.piece = row->piece,
		    .message = g->message[i].ptr,
		    .len = g->message[i].len};
		g->complete = row->piece;
	}
	return true;
}

/* What a card debits cannot be taken back: it waits until these pieces are durable
 * wherever they have to be (store_commit()). */
static bool
read_once(struct worker *w, uint32_t psd, struct part *p, uint32_t last,
    struct err *e)
{
	struct psd_row row;
	size_t count;
	bool found;

	if (!store_begin(w->store, STORE_WRITE, e))
		return false;
	store_psd_row_ask(w->store, psd, STORE_LOOK);
	if (!store_psd_row_get(w->store, &row, &found, e))
		return false;
	if (!found)
		return err_set(
		    e, ERR_CORRUPT, "PSD %lu has no state", (unsigned long)psd);
	return store_stamp_pending(w->store, psd, row.complete, p->rows,
		   FOLLOW_MAX, &count, e) &&
	       store_commit(w->store, e) && gather(p, count, last, e);
}

static bool
read_part(struct worker *w, uint32_t psd, struct part *p, uint32_t last,
    struct err *e)
{
	struct again a;
	bool done;

	again_begin(&a, TRIES);
	do {
		done = read_once(w, psd, p, last, e);
		store_rollback(w->store);
	} while (!done && again(&a, w, e));
	return done;
}

/* --- value ------------------------------------------------------------------------- */

struct shelf {
	struct worker *w;
	uint32_t psd;
};

static bool
give_answer(void *context, uint32_t sequence, uint8_t out[PSD_MESSAGE_MAX],
    size_t *len, struct err *e)
{
	const struct shelf *s = context;
	struct download d;
	bool found, done;

	if (!store_begin(s->w->store, STORE_READ, e))
		return false;
	done =
	    store_download_find(s->w->store, s->psd, sequence, &d, &found, e);
	store_rollback(s->w->store);
	if (!done)
		return false;
	if (!found || !d.applied)
		return err_set(e, ERR_CORRUPT,
		    "the card waits for value download %lu, which the books "
		    "did not make",
		    (unsigned long)sequence);
	memcpy(out, d.answer, d.answer_len);
	*len = d.answer_len;
	return true;
}

/* --- one that does as it pleases --------------------------------------------------- */

static void
withhold(struct worker *w, uint32_t psd, struct err *e)
{
	struct err ignored = ERR_INIT;

	if (store_begin(w->store, STORE_WRITE, &ignored) &&
	    store_psd_state_set(w->store, psd, "withheld", &ignored) &&
	    store_commit(w->store, &ignored))
		err_prefix(e, "it is withheld from now on");
	store_rollback(w->store);
}

/* It may only be that others were faster: then the books have got on. */
static bool
others_did(struct worker *w, const struct psd_here *psd, struct part *p,
    uint32_t last, struct err *e)
{
	struct err why = *e;
	uint32_t piece = p->rows[0].piece;

	*e = (struct err)ERR_INIT;
	if (!read_part(w, psd->serial, p, last, e))
		return false;
	if (p->group.count == 0 || p->rows[0].piece != piece)
		return true;
	*e = why;
	withhold(w, psd->serial, e);
	return false;
}

/* --- signing ------------------------------------------------------------------------- */

static bool
sign(
    struct worker *w, const struct psd_here *psd, struct part *p, struct err *e)
{
	struct shelf shelf = {w, psd->serial};
	struct follow_books books = {give_answer, &shelf};
	struct group *g = &p->group;
	char id[PSD_ID];

	if (!signer_follow(worker_signer(w, psd->module),
		worker_psd_id(w, psd->serial, id), &psd->key, &books, p->piece,
		g->count, e))
		return false;
	for (size_t i = 0; i < g->count; i++)
		memcpy(g->message[i].sig, p->piece[i].sig, SIG_BYTES);
	return complete_write(w, g, e);
}

static bool
sign_all(struct worker *w, const struct psd_here *psd, struct part *p,
    uint32_t last, struct err *e)
{
	int lost = 0;

	for (;;) {
		if (!read_part(w, psd->serial, p, last, e))
			return false;
		if (p->group.count == 0)
			return true;
		if (sign(w, psd, p, e))
			continue;
		if (e->kind != ERR_CORRUPT || ++lost == TRIES ||
		    !others_did(w, psd, p, last, e))
			return false;
	}
}

bool
complete_in_order(
    struct worker *w, const struct psd_here *psd, uint32_t last, struct err *e)
{
	struct psd_here here = *psd; /* psds_find() gives it until the next */
	struct part *p = malloc(sizeof(*p));
	bool done;

	if (p == NULL)
		return err_system(e, "memory");
	done = sign_all(w, &here, p, last, e);
	free(p);
	return done;
}
