/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/load.h"

void
load_begin(struct load *l, uint32_t psd, size_t stamps)
{
	if (l != NULL)
		l->stamps[psd % LOAD_PLACES] += (int64_t)stamps;
}

void
load_end(struct load *l, uint32_t psd, size_t stamps)
{
	if (l != NULL)
		l->stamps[psd % LOAD_PLACES] -= (int64_t)stamps;
}

int64_t
load_of(struct load *l, uint32_t psd)
{
	return l != NULL ? l->stamps[psd % LOAD_PLACES] : 0;
}
