/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/signer_keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Keys that were asked for so often get a table (sig.h): a thread has some. */
#define OFTEN  200
#define TABLES 8

struct place {
	char id[PSD_ID];
	struct signer_key key;
	struct sig_key *ready; /* NULL: free */
	uint64_t used;
	unsigned times;
	bool table;
};

struct signer_keys {
	struct place places[SIGNER_KEYS_MAX];
	uint64_t clock;
	bool verify;
	size_t tables;
};

bool
signer_keys_new(bool verify, struct signer_keys **out, struct err *e)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return err_system(e, "memory for keys");
	(*out)->verify = verify;
	return true;
}

void
signer_keys_free(struct signer_keys *k)
{
	if (k == NULL)
		return;
	for (size_t i = 0; i < SIGNER_KEYS_MAX; i++)
		sig_free(k->places[i].ready);
	free(k);
}

static bool
same_key(const struct signer_key *a, const struct signer_key *b)
{
	return a->ref_len == b->ref_len &&
	       memcmp(a->ref, b->ref, a->ref_len) == 0 &&
	       memcmp(a->point, b->point, PSD_POINT) == 0;
}

/* Of this PSD, else a free one, else the one used least lately. */
static struct place *
place_for(struct signer_keys *k, const char *id)
{
	struct place *best = &k->places[0];

	for (size_t i = 0; i < SIGNER_KEYS_MAX; i++) {
		struct place *p = &k->places[i];

		if (p->ready != NULL && strcmp(p->id, id) == 0)
			return p;
		if (p->used < best->used)
			best = p;
	}
	return best;
}

static void
expect_many(struct signer_keys *k, struct place *p)
{
	if (!k->verify || p->table || ++p->times < OFTEN || k->tables == TABLES)
		return;
	sig_expect_many(p->ready);
	p->table = true;
	k->tables++;
}

const struct sig_key *
signer_keys_find(
    struct signer_keys *k, const char *id, const struct signer_key *key)
{
	struct place *p = place_for(k, id);

	if (p->ready == NULL || strcmp(p->id, id) != 0 ||
	    !same_key(&p->key, key))
		return NULL;
	p->used = ++k->clock;
	expect_many(k, p);
	return p->ready;
}

void
signer_keys_keep(struct signer_keys *k, const char *id,
    const struct signer_key *key, struct sig_key *ready)
{
	struct place *p = place_for(k, id);

	if (p->table)
		k->tables--;
	sig_free(p->ready);
	*p = (struct place){.ready = ready};
	p->key = *key;
	p->used = ++k->clock;
	(void)text_copy(p->id, sizeof(p->id), id);
}
