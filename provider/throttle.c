/* SPDX-License-Identifier: Apache-2.0 */
#include "provider/throttle.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "stamp/sig.h"

#define SALT	16
#define KEY_MAX 256
#define WAYS	8 /* entries that one key can be in */

/* A bucket as one number: it loses nothing until then.  Each thing done puts
 * that each_ms later (GCRA, the leaky bucket as a meter). */
struct entry {
	uint64_t tag;	 /* of the key; 0 = free */
	int64_t full_ms; /* when it is full again */
};

struct throttle {
	struct throttle_setup setup;
	uint8_t salt[SALT];
	pthread_mutex_t lock;
	size_t sets;
	struct entry entry[]; /* sets of WAYS */
};

bool
throttle_new(
    const struct throttle_setup *setup, struct throttle **out, struct err *e)
{
	size_t sets = ((size_t)setup->keys + WAYS - 1) / WAYS;
	struct throttle *t =
	    calloc(1, sizeof(*t) + sets * WAYS * sizeof(t->entry[0]));

	*out = NULL;
	if (t == NULL)
		return err_set(e, ERR_SYSTEM, "no memory for throttling");
	if (getrandom(t->salt, sizeof(t->salt), 0) !=
	    (ssize_t)sizeof(t->salt)) {
		free(t);
		return err_system(e, "getrandom");
	}
	t->setup = *setup;
	t->sets = sets;
	pthread_mutex_init(&t->lock, NULL);
	*out = t;
	return true;
}

void
throttle_free(struct throttle *t)
{
	if (t == NULL)
		return;
	pthread_mutex_destroy(&t->lock);
	free(t);
}

/* Never 0.  A key is told apart by its first KEY_MAX bytes. */
static uint64_t
tag_of(const struct throttle *t, const char *key)
{
	uint8_t text[SALT + KEY_MAX], hash[SIG_SHA256];
	size_t len = strnlen(key, KEY_MAX);
	uint64_t tag;

	memcpy(text, t->salt, SALT);
	memcpy(text + SALT, key, len);
	sig_sha256(text, SALT + len, hash);
	memcpy(&tag, hash, sizeof(tag));
	return tag ? tag : 1;
}

/* The entry with this tag; else one for it: a free one, or the fullest. */
static struct entry *
entry_for(struct throttle *t, uint64_t tag)
{
	struct entry *set = &t->entry[tag % t->sets * WAYS];
	struct entry *fullest = set;

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].tag == tag)
			return &set[i];
		if (set[i].tag == 0 ? fullest->tag != 0
				    : fullest->tag != 0 &&
					  set[i].full_ms < fullest->full_ms)
			fullest = &set[i];
	}
	*fullest = (struct entry){.tag = tag, .full_ms = INT64_MIN};
	return fullest;
}

bool
throttle_take(
    struct throttle *t, const char *key, int64_t now_ms, int64_t *wait_ms)
{
	int64_t most = (int64_t)t->setup.burst * t->setup.each_ms, then;
	uint64_t tag = tag_of(t, key);
	struct entry *mine;
	bool may;

	pthread_mutex_lock(&t->lock);
	mine = entry_for(t, tag);
	then = (mine->full_ms > now_ms ? mine->full_ms : now_ms) +
	       t->setup.each_ms;
	may = then - now_ms <= most;
	if (may)
		mine->full_ms = then;
	pthread_mutex_unlock(&t->lock);
	if (wait_ms != NULL)
		*wait_ms = may ? 0 : then - now_ms - most;
	return may;
}
