/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/psds.h"

#include <stdlib.h>

#include "base/clock.h"

#define ACCOUNTS 64 /* remembered at a time */
#define KEEP_MS	 5000

struct known {
	int64_t account; /* 0 = free */
	int64_t read_ms;
	size_t count;
	struct psd_here list[PSDS_MAX];
};

struct psds {
	struct known *known[ACCOUNTS];
	struct psd_record one;
};

bool
psds_new(struct psds **out, struct err *e)
{
	*out = calloc(1, sizeof(**out));
	return *out != NULL || err_system(e, "memory");
}

void
psds_free(struct psds *p)
{
	for (size_t i = 0; p != NULL && i < ACCOUNTS; i++)
		free(p->known[i]);
	free(p);
}

static bool
read_account(struct worker *w, int64_t account, struct known *k, struct err *e)
{
	size_t all, mine = 0;

	k->account = 0;
	if (!store_begin(w->store, STORE_READ, e))
		return false;
	if (!store_psd_list(w->store, account, k->list, PSDS_MAX, &all, e)) {
		store_rollback(w->store);
		return false;
	}
	store_rollback(w->store);
	for (size_t i = 0; i < all; i++)
		if (worker_signer(w, k->list[i].module) != NULL)
			k->list[mine++] = k->list[i];
	k->count = mine;
	if (mine > 0)
		return true;
	return all == 0
		   ? err_set(e, ERR_CONFIG,
			 "the account has no PSD that signs: `postaged psd "
			 "list "
			 "ACCOUNT` shows them, `psd release` or `psd add`")
		   : err_set(e, ERR_ABSENT,
			 "the keys of the account's PSDs are in module %s, "
			 "which this server has not",
			 k->list[0].module);
}

bool
psds_of(struct worker *w, int64_t account, const struct psd_here **list,
    size_t *count, struct err *e)
{
	struct known **slot = &w->psds->known[account % ACCOUNTS];
	int64_t now = clock_ms();

	if (*slot == NULL && (*slot = calloc(1, sizeof(**slot))) == NULL)
		return err_system(e, "memory");
	if ((*slot)->account != account || now - (*slot)->read_ms > KEEP_MS) {
		if (!read_account(w, account, *slot, e))
			return false;
		(*slot)->account = account;
		(*slot)->read_ms = now;
	}
	*list = (*slot)->list;
	*count = (*slot)->count;
	return true;
}

static const struct psd_here *
remembered(const struct psds *p, uint32_t serial)
{
	for (size_t i = 0; i < ACCOUNTS; i++)
		for (size_t j = 0;
		     p->known[i] != NULL && p->known[i]->account != 0 &&
		     j < p->known[i]->count;
		     j++)
			if (p->known[i]->list[j].serial == serial)
				return &p->known[i]->list[j];
	return NULL;
}

bool
psds_find(struct worker *w, uint32_t serial, const struct psd_here **out,
    struct err *e)
{
	struct psd_record *one = &w->psds->one;
	bool found;

	if ((*out = remembered(w->psds, serial)) != NULL)
		return true;
	if (!store_begin(w->store, STORE_READ, e))
		return false;
	if (!store_psd_find(w->store, serial, one, &found, e)) {
		store_rollback(w->store);
		return false;
	}
	store_rollback(w->store);
	if (!found || one->field)
		return err_set(e, ERR_CORRUPT, "PSD %lu is not here",
		    (unsigned long)serial);
	if (worker_signer(w, one->here.module) == NULL)
		return err_set(e, ERR_ABSENT,
		    "the key of PSD %lu is in module %s, which this server "
		    "has not",
		    (unsigned long)serial, one->here.module);
	*out = &one->here;
	return true;
}
