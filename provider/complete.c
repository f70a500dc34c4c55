/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/complete_own.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vault/crypto.h"

#define COMMIT_TRIES 3
#define PSDS	     64 /* of one round */
#define MODULES_TEXT (MODULES_MAX * (SIGNER_NAME_MAX + 1) + 2)

static bool
sign_later(void *context, const uint8_t *msg, size_t len,
    uint8_t sig[INDICIUM_SIGNATURE], struct err *e)
{
	(void)context;
	(void)msg;
	(void)len;
	(void)e;
	memset(sig, 0, INDICIUM_SIGNATURE);
	return true;
}

void
complete_later(struct psd_crypto *out)
{
	crypto_init(out, NULL);
	out->sign = sign_later;
}

/* --- signing ------------------------------------------------------------------- */

bool
complete_add(struct group *g, struct stamp_row *row, struct err *e)
{
	struct signer_message *m = &g->message[g->count];

	if (!stamp_row_message(row, g->bytes[g->count], &m->len, e))
		return false;
	m->ptr = g->bytes[g->count];
	g->row[g->count++] = row;
	return true;
}

/* The PSD of the first that has no signature, and all others of it. */
static bool
gather(struct group *g, struct stamp_row *rows, size_t count, struct err *e)
{
	g->count = 0;
	g->complete = 0;
	for (size_t i = 0; i < count && g->count < SIGNER_BATCH; i++) {
		if (rows[i].is_signed)
			continue;
		if ((g->count == 0 || rows[i].psd == g->row[0]->psd) &&
		    !complete_add(g, &rows[i], e))
			return false;
	}
	return true;
}

static bool
sign(struct worker *w, const struct psd_here *psd, struct group *g,
    struct err *e)
{
	char id[PSD_ID];

	return signer_sign(worker_signer(w, psd->module),
	    worker_psd_id(w, psd->serial, id), &psd->key, g->message, g->count,
	    e);
}

/* --- writing ------------------------------------------------------------------- */

/* Somebody else was first with some: his signature is the stamp's. */
static bool
read_signatures(struct worker *w, struct group *g, struct err *e)
{
	bool found;

	if (!store_begin(w->store, STORE_WRITE, e))
		return false;
	for (size_t i = 0; i < g->count; i++)
		store_stamp_piece_ask(
		    w->store, g->row[i]->psd, g->row[i]->piece);
	for (size_t i = 0; i < g->count; i++) {
		if (!store_stamp_get(w->store, g->row[i], &found, e))
			return false;
		if (!found || !g->row[i]->is_signed)
			return err_set(e, ERR_CORRUPT, "a stamp has gone");
	}
	return store_commit(w->store, e);
}

static bool
give_signatures(struct group *g, struct err *e)
{
	for (size_t i = 0; i < g->count; i++)
		if (!stamp_row_sign(g->row[i], g->message[i].sig, e))
			return false;
	return true;
}

static bool
write_once(struct worker *w, struct group *g, struct err *e)
{
	int64_t other = 0;

	if (!store_begin(w->store, STORE_WRITE, e))
		return false;
	for (size_t i = 0; i < g->count; i++)
		store_signature_put(w->store, g->row[i], g->message[i].sig);
	store_signature_send(w->store);
	if (g->complete != 0) {
		if (!store_psd_complete(
			w->store, g->row[0]->psd, g->complete, e))
			return false;
		other = store_changed(w->store);
	}
	if (!store_commit(w->store, e))
		return false;
	if (store_changed_all(w->store) - other != (int64_t)g->count)
		return read_signatures(w, g, e);
	return give_signatures(g, e);
}

/* A commit in doubt is asked again: what it wrote is found then. */
bool
complete_write(struct worker *w, struct group *g, struct err *e)
{
	if (complete_together(w, g))
		return give_signatures(g, e);
	for (int i = 0; i < COMMIT_TRIES; i++) {
		if (write_once(w, g, e))
			return true;
		store_rollback(w->store);
		if (store_in_doubt(w->store))
			worker_count_doubt(w);
		else if (e->kind != ERR_BUSY)
			return false;
	}
	e->kind = ERR_ABSENT;
	return false;
}

/* --- in order ------------------------------------------------------------------ */

static uint32_t
last_of(const struct group *g)
{
	uint32_t last = 0;

	for (size_t i = 0; i < g->count; i++)
		if (g->row[i]->piece > last)
			last = g->row[i]->piece;
	return last;
}

/* All before them are signed too; then these are read. */
static bool
sign_in_order(struct worker *w, const struct psd_here *psd, struct group *g,
    struct err *e)
{
	bool done = complete_in_order(w, psd, last_of(g), e) &&
		    read_signatures(w, g, e);

	store_rollback(w->store);
	return done;
}

static bool
follow(struct worker *w, const struct psd_here *psd, struct group *g,
    struct err *e)
{
	bool done;

	if (w->may_wait)
		return sign_in_order(w, psd, g, e);
	if (!places_take(w->provider->turns))
		return err_set(e, ERR_ABSENT,
		    "many wait for the card of PSD %lu: ask again",
		    (unsigned long)psd->serial);
	done = sign_in_order(w, psd, g, e);
	places_give(w->provider->turns);
	return done;
}

/* --- a group after the other ----------------------------------------------------- */

static bool
complete_one(struct worker *w, struct group *g, struct err *e)
{
	const struct psd_here *psd;

	if (!psds_find(w, g->row[0]->psd, &psd, e))
		return false;
	return signer_follows(worker_signer(w, psd->module))
		   ? follow(w, psd, g, e)
		   : sign(w, psd, g, e) && complete_write(w, g, e);
}

static bool
complete_group(struct worker *w, struct group *g, struct stamp_row *rows,
    size_t count, struct err *e)
{
	for (;;) {
		if (!gather(g, rows, count, e))
			return false;
		if (g->count == 0)
			return true;
		if (!complete_one(w, g, e))
			return false;
	}
}

bool
complete_stamps(
    struct worker *w, struct stamp_row *rows, size_t count, struct err *e)
{
	struct group *g = malloc(sizeof(*g));
	bool done;

	if (g == NULL)
		return err_system(e, "memory");
	done = complete_group(w, g, rows, count, e);
	free(g);
	return done;
}

/* --- what was left ---------------------------------------------------------------- */

/* Up to the first that is still too young, all are signed then. */
static bool
complete_psd(struct worker *w, const struct psd_unsigned *psd, int64_t before,
    struct stamp_row *rows, size_t *done, struct err *e)
{
	size_t count, old = 0;
	bool good;

	if (!store_begin(w->store, STORE_READ, e))
		return false;
	good = store_stamp_pending(w->store, psd->serial, psd->complete, rows,
	    SIGNER_BATCH, &count, e);
	store_rollback(w->store);
	if (!good)
		return false;
	while (old < count && rows[old].made < before)
		old++;
	if (!complete_stamps(w, rows, old, e))
		return false;
	*done += old;
	if (!store_begin(w->store, STORE_WRITE, e))
		return false;
	good = store_psd_complete(w->store, psd->serial,
		   old < count		   ? (int64_t)rows[old].piece - 1
		   : count == SIGNER_BATCH ? (int64_t)rows[count - 1].piece
					   : psd->pieces,
		   e) &&
	       store_commit(w->store, e);
	store_rollback(w->store);
	return good;
}

/* As store_psd_unsigned() wants them. */
static void
list_modules(const struct worker *w, bool that_follow, char out[MODULES_TEXT])
{
	size_t len = 0;

	snprintf(out, MODULES_TEXT, " ");
	for (size_t i = 0; i < w->signers; i++) {
		if (signer_follows(w->signer[i]) != that_follow)
			continue;
		len = strlen(out);
		snprintf(out + len, MODULES_TEXT - len, "%s ",
		    signer_name(w->signer[i]));
	}
}

/* The next ones, round and round: those that stay unsigned do not keep the others
 * out. */
static bool
next_psds(struct worker *w, bool that_follow, struct psd_unsigned *list,
    size_t *count, struct err *e)
{
	char modules[MODULES_TEXT];
	bool done;

	list_modules(w, that_follow, modules);
	done = store_begin(w->store, STORE_READ, e) &&
	       store_psd_unsigned(
		   w->store, w->completed, modules, list, PSDS, count, e);
	store_rollback(w->store);
	if (done)
		w->completed = *count == PSDS ? list[PSDS - 1].serial : 0;
	return done;
}

bool
complete_pending(struct worker *w, int64_t age_ms, bool that_follow,
    size_t *count, struct err *e)
{
	struct psd_unsigned list[PSDS];
	struct stamp_row *rows = calloc(SIGNER_BATCH, sizeof(*rows));
	size_t psds;
	bool good;

	*count = 0;
	if (rows == NULL)
		return err_system(e, "memory");
	good = next_psds(w, that_follow, list, &psds, e);
	/* one that cannot be signed does not hold up the others */
	for (size_t i = 0; good && i < psds; i++) {
		struct err wrong = ERR_INIT;

		if (!complete_psd(w, &list[i], worker_ms(w) - age_ms, rows,
			count, &wrong) &&
		    wrong.kind != ERR_ABSENT && wrong.kind != ERR_BUSY)
			*e = wrong;
	}
	free(rows);
	return good && e->kind == ERR_NONE;
}
