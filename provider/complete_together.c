/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures of several stamps that were made at one time are written by one
 * transaction.  Unless all of them are new, each group is written alone
 * (complete.c), which finds out whose signature counts.
 */
#include "provider/combine.h"
#include "provider/complete_own.h"

#define LINE_MS 1000 /* as in issue_together.c */

static bool
fits(void *const *list, size_t count, const void *next)
{
	size_t stamps = ((const struct group *)next)->count;

	for (size_t i = 0; i < count; i++)
		stamps += ((const struct group *)list[i])->count;
	return stamps <= SIGNER_BATCH;
}

static void
put(struct store *s, const struct group *g)
{
	for (size_t i = 0; i < g->count; i++)
		store_signature_put(s, g->row[i], g->message[i].sig);
}

static void
run(void *context, void *const *list, size_t count)
{
	struct worker *w = context;
	struct store *s = w->store;
	struct err e = ERR_INIT;
	int64_t stamps = 0;
	bool done;

	if (!store_begin(s, STORE_WRITE, &e))
		return;
	for (size_t i = 0; i < count; i++) {
		put(s, list[i]);
		stamps += (int64_t)((const struct group *)list[i])->count;
	}
	store_signature_send(s);
	done = store_commit(s, &e) && store_changed_all(s) == stamps;
	if (store_in_doubt(s))
		worker_count_doubt(w);
	for (size_t i = 0; i < count; i++)
		((struct group *)list[i])->written = done;
}

const struct combine_kind complete_combined = {
    .fits = fits, .run = run, .wait_ms = LINE_MS};

bool
complete_together(struct worker *w, struct group *g)
{
	struct combine *c = w->provider->signatures;

	g->written = false;
	return c != NULL && g->complete == 0 && combine_do(c, g, w) &&
	       g->written;
}
