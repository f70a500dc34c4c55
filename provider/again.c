/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/again.h"

#include "base/clock.h"

void
again_begin(struct again *a, int tries)
{
	*a = (struct again){.left = tries, .until = clock_ms() + AGAIN_MS};
}

bool
again_doubt(struct again *a, const struct worker *w)
{
	bool doubt = store_in_doubt(w->store);

	if (doubt)
		worker_count_doubt(w);
	a->doubted = a->doubted || doubt;
	return doubt;
}

bool
again_left(struct again *a, struct err *e)
{
	if (--a->left > 0 && clock_ms() < a->until) {
		*e = (struct err)ERR_INIT;
		return true;
	}
	if (a->doubted)
		e->kind = ERR_ABSENT;
	return false;
}

bool
again(struct again *a, const struct worker *w, struct err *e)
{
	return (again_doubt(a, w) || e->kind == ERR_BUSY) && again_left(a, e);
}
