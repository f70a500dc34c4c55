/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/spread.h"

/* One has enough; else the fullest with room, the first of its like. */
static struct spread *
find(struct spread *psd, size_t psds, size_t first, mils amount)
{
	struct spread *best = NULL;

	for (size_t n = 0; n < psds; n++) {
		struct spread *p = &psd[(first + n) % psds];

		if (p->left >= amount)
			return p;
		if (p->room >= amount - p->left &&
		    (best == NULL || p->left > best->left))
			best = p;
	}
	return best;
}

bool
spread_stamps(const mils *amount, size_t count, struct spread *psd, size_t psds,
    size_t first, size_t *of, mils *lack)
{
	*lack = 0;
	for (size_t i = 0; i < psds; i++)
		psd[i].lack = 0;
	for (size_t i = 0; i < count; i++) {
		struct spread *p = find(psd, psds, first, amount[i]);
		mils more;

		if (p == NULL)
			return false;
		of[i] = (size_t)(p - psd);
		more = amount[i] > p->left ? amount[i] - p->left : 0;
		p->left += more - amount[i];
		p->room -= more;
		p->lack += more;
		*lack += more;
	}
	return true;
}
