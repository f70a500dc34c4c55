/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/psds.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define ACCOUNTS 64 /* remembered at a time */
#define KEEP_MS	 5000

struct known {
	int64_t account; /* 0 = free */
	int64_t read_ms;
	size_t here, all; /* those of this server come first */
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

/* Those of other servers behind those of this one; else they stay as they are. */
static void
put_own_first(const struct worker *w, struct known *k)
{
	k->here = 0;
	for (size_t i = 0; i < k->all; i++) {
		struct psd_here one = k->list[i];

		if (worker_signer(w, one.module) == NULL)
			continue;
		memmove(&k->list[k->here + 1], &k->list[k->here],
		    (i - k->here) * sizeof(one));
		k->list[k->here++] = one;
	}
}

static bool
read_account(struct worker *w, int64_t account, struct known *k, struct err *e)
{
	bool done;

	k->account = 0;
	k->read_ms = clock_ms();
	if (!store_begin(w->store, STORE_READ, e))
		return false;
	done = store_psd_list(w->store, account, k->list, PSDS_MAX, &k->all, e);
	store_rollback(w->store);
	if (!done)
		return false;
	put_own_first(w, k);
	k->account = account;
	return true;
}

/* NULL after an error. */
static struct known *
look(struct worker *w, int64_t account, struct err *e)
{
	struct known **slot = &w->psds->known[account % ACCOUNTS];

	if (*slot == NULL && (*slot = calloc(1, sizeof(**slot))) == NULL) {
		err_system(e, "memory");
		return NULL;
	}
	if ((*slot)->account == account &&
	    clock_ms() - (*slot)->read_ms <= KEEP_MS)
		return *slot;
	return read_account(w, account, *slot, e) ? *slot : NULL;
}

/* --- of an account --------------------------------------------------------------- */

static size_t
good_until(const struct psd_here *list, size_t count, uint32_t date)
{
	while (count > 0 && list[count - 1].expires < date)
		count--;
	return count;
}

static void
pick(const struct known *k, uint32_t date, struct psds_found *out)
{
	*out = (struct psds_found){
	    .here = k->list, .elsewhere = k->list + k->here};
	out->here_count = good_until(out->here, k->here, date);
	out->elsewhere_count =
	    good_until(out->elsewhere, k->all - k->here, date);
}

static bool
none_issues(const struct known *k, struct err *e)
{
	return k->all == 0
		   ? err_set(e, ERR_DENIED,
			 "the account has no PSD that signs: `postaged psd "
			 "list ACCOUNT` shows them, `psd release` or `psd add`")
		   : err_set(e, ERR_DENIED,
			 "all PSDs of the account have expired: `postaged psd "
			 "add` makes another, `psd withdraw` gives back what "
			 "is left in them");
}

bool
psds_of(struct worker *w, int64_t account, uint32_t mail_date,
    struct psds_found *out, struct err *e)
{
	uint32_t today = worker_today(w);
	struct known *k = look(w, account, e);

	if (k == NULL)
		return false;
	pick(k, mail_date > today ? mail_date : today, out);
	if (out->here_count == 0 && out->elsewhere_count == 0)
		pick(k, today, out);
	if (out->here_count > 0)
		return true;
	k->account = 0; /* another may be added now */
	return out->elsewhere_count == 0
		   ? none_issues(k, e)
		   : err_set(e, ERR_ABSENT,
			 "the keys of the account's PSDs are in module %s, "
			 "which this server has not",
			 out->elsewhere[0].module);
}

/* --- by serial ------------------------------------------------------------------- */

static const struct psd_here *
remembered(const struct psds *p, uint32_t serial)
{
	for (size_t i = 0; i < ACCOUNTS; i++)
		for (size_t j = 0;
		     p->known[i] != NULL && p->known[i]->account != 0 &&
		     j < p->known[i]->here;
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
