/* SPDX-License-Identifier: Apache-2.0 */
/*
 * again: a transaction that others held up, or whose commit is in doubt, is done
 * again; not for ever, as who asked has given up by then.
 *
 *	again_begin(&a, TRIES);
 *	do
 *		done = ... && store_commit(s, e);
 *		store_rollback(s);
 *	while (!done && again(&a, w, e));
 */
#ifndef PROVIDER_AGAIN_H
#define PROVIDER_AGAIN_H

#include "provider/worker.h"

#define AGAIN_MS 10000 /* no more is begun after that */

struct again {
	int left;
	int64_t until;
	bool doubted; /* one of them may have been done */
};

/* `tries`: the first is one. */
void again_begin(struct again *a, int tries);

/* It failed with *e.  True: it was held up or is in doubt, and there is time for
 * one more; *e is cleared.  False: that is its end.  What held it up then may be
 * what it did itself: after a doubt ERR_BUSY is ERR_ABSENT, not known. */
MUST_CHECK bool again(struct again *a, const struct worker *w, struct err *e);

/* The same in parts: is its commit in doubt?  Counts that. */
bool again_doubt(struct again *a, const struct worker *w);
/* Is there time for one more?  Else *e is its end. */
MUST_CHECK bool again_left(struct again *a, struct err *e);

#endif
