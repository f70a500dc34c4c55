/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stamps that were issued, looked for by their keys; and the fence.
 */
#include "provider/issue_own.h"

#include <sys/random.h>

#include "provider/complete.h"

/* By a step that nobody foresees: a database that fell back, to a standby or a
 * backup, must not come to a fence again that a request under way bears. */
static bool
move_fence(int64_t *fence, struct err *e)
{
	uint32_t step;

	if (getrandom(&step, sizeof(step), 0) != sizeof(step))
		return err_system(e, "getrandom");
	*fence += 1 + (int64_t)(step >> 1);
	return true;
}

static bool
find(struct worker *w, int64_t system, const uint8_t (*keys)[PSD_KEY_BYTES],
    size_t count, struct issue_result *out, struct err *e)
{
	bool found;

	if (!store_begin(w->store, STORE_WRITE, e))
		return false;
	store_system_ask(w->store, system, STORE_LOCK);
	for (size_t i = 0; i < count; i++)
		store_stamp_ask(w->store, system, keys[i]);
	if (!store_system_get(w->store, &out->system, &found, e))
		return false;
	if (!found)
		return err_set(e, ERR_DENIED, "there is no such user system");
	for (size_t i = 0; i < count; i++)
		if (!store_stamp_get(
			w->store, &out->stamp[i], &out->replayed[i], e))
			return false;
	if (!move_fence(&out->system.fence, e))
		return false;
	store_system_put(w->store, &out->system);
	store_system_send(w->store);
	return store_commit(w->store, e);
}

static bool
complete_found(struct worker *w, struct issue_result *out, struct err *e)
{
	for (size_t i = 0; i < out->count; i++)
		if (out->replayed[i] && !out->stamp[i].is_signed &&
		    !complete_stamps(w, &out->stamp[i], 1, e))
			return false;
	return true;
}

bool
issue_find(struct worker *w, int64_t system,
    const uint8_t (*keys)[PSD_KEY_BYTES], size_t count,
    struct issue_result *out, struct err *e)
{
	struct again a;
	bool done;

	out->count = count;
	again_begin(&a, ISSUE_TRIES);
	do {
		done = find(w, system, keys, count, out, e);
		store_rollback(w->store);
	} while (!done && again(&a, w, e));
	return done && complete_found(w, out, e);
}

/* As one that writes, which a replay does: a row that is here alone, as the wait
 * for the standby was broken off, is shown when it is there too.  Nothing is locked
 * and nothing written: no debit waits for it longer than an index takes. */
static bool
read_recent(struct worker *w, int64_t system, size_t max,
    struct issue_result *out, struct err *e)
{
	return store_begin(w->store, STORE_WRITE, e) &&
	       store_stamp_recent(
		   w->store, system, out->stamp, max, &out->count, e) &&
	       store_commit(w->store, e);
}

bool
issue_recent(struct worker *w, int64_t system, size_t max,
    struct issue_result *out, struct err *e)
{
	bool done = read_recent(w, system, max, out, e);

	store_rollback(w->store);
	return done && complete_stamps(w, out->stamp, out->count, e);
}
